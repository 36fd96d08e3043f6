// SPDX-License-Identifier: Apache-2.0
//
// Comparing results: with files (--expect), element by element as NumPy's
// allclose does, and with the reference backend (--check), within an error bound
// that is derived from the graph.

#ifndef OTIUM_TOOLS_OTIUM_COMPARE_H_
#define OTIUM_TOOLS_OTIUM_COMPARE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/engine.h"
#include "tools/otium/inputs.h"
#include "tools/otium/session.h"

namespace otium::cli {

struct Comparison {
  int64_t elements = 0;
  int64_t differing = 0;
  // The largest difference of finite elements, absolute and relative to what is
  // expected (of elements that are not expected to be 0), and the most allowed.
  double largest = 0;
  double largest_relative = 0;
  double allowed = 0;
  // "3 of 1000 elements differ, the most at [4, 5]: 1.25, not 1.5 (0.25 apart,
  // 1e-07 allowed); largest difference 0.25 at [4, 5], largest relative one 0.2 at
  // [7, 0]"; empty when they agree.
  std::string difference;

  bool agrees() const { return difference.empty(); }
};

// How far apart an element may be, given its index in row-major order and the
// magnitude of the expected one.
using Tolerance = absl::FunctionRef<double(int64_t index, double expected)>;

// NaN equals NaN, and infinities of one sign are equal. Another dtype or shape is
// a difference. Integers and bools must be equal unless `tolerance` is above 0.
Comparison CompareTensors(const Tensor& actual, const Tensor& expected, Tolerance tolerance);

// The files of --expect. Read before the run, so that a missing one costs none.
struct Expectation {
  std::string result;
  std::string path;
  Tensor tensor;
};
absl::StatusOr<std::vector<Expectation>> ReadExpectations(Session& session, const Graph& graph);
// Exit::kDiffers, after reporting each difference.
absl::Status CheckExpectations(Session& session, const std::vector<Expectation>& expected,
                               const TensorMap& results);

// Runs the graph on the reference backend, unoptimized, and compares all results.
//
// The bound is eps * K * (|y| + s) * 4, where eps is the unit roundoff of the
// coarsest dtype on the way, K the inner sizes summed along the longest path,
// |y| the largest element of the result, and s its sensitivity: how far the
// reference's own result moves, in units of eps, when the inputs are moved by one
// rounding each. That is the conditioning, measured: a solve with a matrix of
// condition 1e6 may err 1e6 eps, a product may not. Where moved inputs change an
// integer or bool, or turn a result to NaN, any value is as good as another.
absl::Status CheckWithReference(Session& session, const Function& function, const Inputs& inputs,
                                const RunOptions& run, const TensorMap& results);

}  // namespace otium::cli

#endif  // OTIUM_TOOLS_OTIUM_COMPARE_H_
