// SPDX-License-Identifier: Apache-2.0
//
// What the tests of elementwise ops and reductions share: inputs without data for
// type rules, and values as doubles.

#ifndef OTIUM_TESTS_OPS_EVALUATE_H_
#define OTIUM_TESTS_OPS_EVALUATE_H_

#include <complex>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "engine/graph/expr.h"

namespace otium {

// An input of that type, for building expressions that are never run.
Expr Typed(DType dtype, Shape shape, absl::string_view name = "x");

// "f32[2, 3]", with " weak" when it is; or the error's message.
std::string TypeOf(const Expr& expr);

// The elements of the value by the reference backend, row-major, whatever the
// dtype: real numbers (true is 1), and complex ones. Empty, and a test failure,
// when there is no value.
std::vector<double> Reals(const Expr& expr);
std::vector<std::complex<double>> Complexes(const Expr& expr);

// f64 vectors, and tensors of other dtypes with the same numbers.
Expr F64(std::initializer_list<double> values);
Expr C128(std::initializer_list<std::complex<double>> values);
Expr Of(DType dtype, const std::vector<double>& values, const std::vector<int64_t>& sizes);

// Empty when every element is the same double (NaN is NaN, 0 is not -0), or within
// `ulps` units of the last place of what is expected; else what differs.
std::string Difference(const std::vector<double>& actual, const std::vector<double>& expected,
                       double ulps = 0);

// Tables of expressions and their values.
struct RealsCase {
  const char* name;
  Expr expr;
  std::vector<double> expected;
  double ulps = 0;
};
// A test failure for each case whose Difference is not empty.
void CheckReals(const std::vector<RealsCase>& cases);

}  // namespace otium

#endif  // OTIUM_TESTS_OPS_EVALUATE_H_
