// SPDX-License-Identifier: Apache-2.0
//
// Runs graphs node by node on the reference kernels, views included: no planner,
// no executor, nothing shared with what these tests judge.

#ifndef OTIUM_TESTS_OPS_REFERENCE_RUN_H_
#define OTIUM_TESTS_OPS_REFERENCE_RUN_H_

#include <random>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/tensor.h"
#include "engine/graph/expr.h"
#include "engine/graph/graph.h"

namespace otium::testing_ops {

// The outputs of `graph`, whose sizes are all integers. Steps that report a
// failure fail with the op's own words.
absl::StatusOr<std::vector<Tensor>> RunByReference(const Graph& graph,
                                                   absl::Span<const Tensor> inputs);
// The value of an expression over constants.
absl::StatusOr<Tensor> ReferenceValue(const Expr& expr);

// 0, 1, 2, ... in row-major order.
Tensor Iota(DType dtype, absl::Span<const int64_t> sizes);
// Small integers, so that sums of products are exact in every dtype.
Tensor RandomIntegers(DType dtype, absl::Span<const int64_t> sizes, std::mt19937* random);

// Element `index` as a complex number.
std::complex<double> At(const Tensor& t, absl::Span<const int64_t> index);
// "[[1, 2], [3, 4]]"; complex elements as (1,2).
std::string Text(const Tensor& t);
// "f64[m, n]", or the message of a poisoned expression.
std::string TypeOrError(const Expr& expr);

// Calls f(index) for every index of `sizes`, row-major.
template <class F>
void ForEach(absl::Span<const int64_t> sizes, F&& f) {
  Sizes index(sizes.size(), 0);
  for (int64_t s : sizes) {
    if (s == 0) return;
  }
  while (true) {
    f(index);
    size_t d = sizes.size();
    while (d > 0 && ++index[d - 1] == sizes[d - 1]) index[--d] = 0;
    if (d == 0) return;
  }
}

}  // namespace otium::testing_ops

#endif  // OTIUM_TESTS_OPS_REFERENCE_RUN_H_
