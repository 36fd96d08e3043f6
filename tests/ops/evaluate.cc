// SPDX-License-Identifier: Apache-2.0
#include "tests/ops/evaluate.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/graph/capture.h"
#include "gtest/gtest.h"
#include "ops/pointwise.h"
#include "tests/ops/reference_run.h"

namespace otium {

Expr Typed(DType dtype, Shape shape, absl::string_view name) {
  return InputExpr(name, TensorType(dtype, std::move(shape)), SourcePosition());
}

std::string TypeOf(const Expr& expr) {
  if (const absl::Status s = expr.status(); !s.ok()) return std::string(s.message());
  return absl::StrCat(ShortType(expr.type()), expr.type().weak ? " weak" : "");
}

namespace {
// Row-major elements of type T, to which the value is cast.
template <class T>
std::vector<T> Values(const Expr& expr) {
  const bool is_t = expr.status().ok() && expr.dtype() == DTypeOf<T>() && !expr.type().weak;
  const absl::StatusOr<Tensor> value =
      testing_ops::ReferenceValue(is_t ? expr : cast(expr, DTypeOf<T>()));
  if (value.ok()) return value->ToVector<T>();
  ADD_FAILURE() << value.status();
  return {};
}
}  // namespace

std::vector<double> Reals(const Expr& expr) { return Values<double>(expr); }
std::vector<std::complex<double>> Complexes(const Expr& expr) {
  return Values<std::complex<double>>(expr);
}

Expr F64(std::initializer_list<double> values) { return constant(Tensor::Of<double>(values)); }

Expr C128(std::initializer_list<std::complex<double>> values) {
  return constant(Tensor::Of<std::complex<double>>(values));
}

Expr Of(DType dtype, const std::vector<double>& values, const std::vector<int64_t>& sizes) {
  const Expr wide = constant(Tensor::Copy(values.data(), DType::kF64, sizes));
  return dtype == DType::kF64 ? wide : cast(wide, dtype);
}

std::string Difference(const std::vector<double>& actual, const std::vector<double>& expected,
                       double ulps) {
  if (actual.size() != expected.size()) {
    return absl::StrCat(actual.size(), " elements, not ", expected.size());
  }
  std::string difference;
  for (size_t i = 0; i < actual.size(); ++i) {
    const double a = actual[i], e = expected[i];
    const bool same = std::isnan(e) ? std::isnan(a) : a == e && std::signbit(a) == std::signbit(e);
    const double ulp = std::nextafter(std::abs(e), INFINITY) - std::abs(e);
    if (same || (std::isfinite(e) && std::abs(a - e) <= ulps * ulp)) continue;
    absl::StrAppendFormat(&difference, "[%d] %.17g, not %.17g; ", i, a, e);
  }
  return difference;
}

void CheckReals(const std::vector<RealsCase>& cases) {
  for (const RealsCase& c : cases) {
    EXPECT_EQ(Difference(Reals(c.expr), c.expected, c.ulps), "") << c.name;
  }
}

}  // namespace otium
