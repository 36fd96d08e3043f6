// SPDX-License-Identifier: Apache-2.0
//
// Values of reductions, scans and norms by the reference loops: small sums done
// by hand, closed forms, and what PyTorch documents for NaN, infinities and
// nothing at all.

#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "gtest/gtest.h"
#include "ops/ops.h"
#include "tests/ops/evaluate.h"

namespace otium {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kMin64 = -0x1p63;
using Complex = std::complex<double>;

// 1 2 3
// 4 5 6
Expr Matrix(DType dtype = DType::kF64) { return Of(dtype, {1, 2, 3, 4, 5, 6}, {2, 3}); }
// Element [i, j, k] is 12 i + 4 j + k.
Expr Cube() {
  return Of(DType::kF64,
            [] {
              std::vector<double> v(24);
              for (int i = 0; i < 24; ++i) v[i] = i;
              return v;
            }(),
            {2, 3, 4});
}
Expr Empty() { return zeros({0, 3}, DType::kF64); }

TEST(ReductionValuesTest, Dimensions) {
  CheckReals({
      {"all of it", sum(Matrix()), {21}},
      {"columns", sum(Matrix(), Ints{0}), {5, 7, 9}},
      {"rows", sum(Matrix(), Ints{-1}, true), {6, 15}},
      {"of a view", sum(Matrix().T(), Ints{0}), {6, 15}},
      {"middle", sum(Cube(), Ints{1}), {12, 15, 18, 21, 48, 51, 54, 57}},
      {"outer and inner", sum(Cube(), Ints{2, 0}), {60, 92, 124}},
      {"0-D", sum(Of(DType::kF64, {7}, {}), Ints{0}), {7}},
      {"broadcast", sum(Matrix() + ones({2, 2, 3}), Ints{0, 1}), {14, 18, 22}},
  });
}

TEST(ReductionValuesTest, Sums) {
  CheckReals({
      {"prod", prod(Matrix(), Ints{1}), {6, 120}},
      {"mean", mean(Matrix(), Ints{0}), {2.5, 3.5, 4.5}},
      {"bool sum", sum(Of(DType::kBool, {1, 1, 0}, {3})), {2}},
      // i32 sums are i64, and i64 wraps around.
      {"i32 sum", sum(Of(DType::kI32, {2147483647, 2147483647}, {2})), {4294967294}},
      {"i64 wraps", sum(full({2}, Tensor::Scalar(int64_t{1} << 62))), {kMin64}},
      {"cancels", sum(F64({1e16, 1, -1e16})), {0}},
      {"f16 accumulates wide", sum(full({4096}, 1, DType::kF16)), {4096}},
      {"inf - inf", sum(F64({kInf, -kInf})), {kNan}},
      {"count_nonzero", count_nonzero(F64({kNan, 0, -0.0, 3})), {2}},
      {"trace", trace(Matrix()), {6}},
      {"traces", trace(Cube()), {0 + 5 + 10, 12 + 17 + 22}},
      {"trace of nothing", trace(zeros({0, 3})), {0}},
  });
  EXPECT_EQ(Complexes(sum(C128({{1, 2}, {3, -5}}))), std::vector<Complex>({{4, -3}}));
  EXPECT_EQ(Complexes(prod(C128({{0, 1}, {0, 1}}))), std::vector<Complex>({{-1, 0}}));
}

// With a dtype: of x in it, and in it. Integers wrap around in it.
TEST(ReductionValuesTest, InAnotherDType) {
  const auto kAll = std::nullopt;
  const Expr bools = Of(DType::kBool, {1, 0}, {2});
  const Expr large = Of(DType::kI64, {2147483647, 4294967297}, {2});  // 2^31 - 1, 2^32 + 1
  CheckReals({
      {"sum i32", sum(large, kAll, false, DType::kI32), {-2147483648.0}},
      {"prod i32", prod(large, kAll, false, DType::kI32), {2147483647}},
      {"mean of bools", mean(bools, kAll, false, DType::kF64), {0.5}},
      {"cumsum of bools", cumsum(bools, 0, DType::kF32), {1, 1}},
      {"softmax of bools", softmax(bools, 0, DType::kF64), {M_E / (M_E + 1), 1 / (M_E + 1)}, 4},
      {"norm", norm(Of(DType::kI32, {3, 4}, {2}), std::nullopt, kAll, false, DType::kF64), {5}},
  });
  EXPECT_EQ(TypeOf(sum(large, kAll, true, DType::kI32)), "i32[1]");
  EXPECT_EQ(TypeOf(sum(bools, kAll, false, DType::kBool)), "bool[]");
  EXPECT_EQ(TypeOf(vector_norm(C128({{3, 4}}), 2, kAll, false, DType::kC64)), "f32[]");
  EXPECT_EQ(TypeOf(mean(F64({1}), kAll, false, DType::kI64)),
            "mean: x is i64[1], it must be of a floating or complex dtype");
}

TEST(ReductionValuesTest, Variances) {
  const Expr x = F64({1, 2, 4, 9});  // Mean 4, squares 9 + 4 + 0 + 25.
  const auto [v, m] = var_mean(Matrix(), Ints{1});
  CheckReals({
      {"var", var(x), {38.0 / 3}},
      {"population", var(x, std::nullopt, 0), {38.0 / 4}},
      {"std", otium::std(x, std::nullopt, 0), {std::sqrt(38.0 / 4)}},
      {"far from zero", var(x + 1e9), {38.0 / 3}},
      {"var of var_mean", v, {1, 1}},
      {"mean of var_mean", m, {2, 5}},
      {"of one", var(F64({3})), {kNan}},
      {"of too few", var(F64({1, 2}), std::nullopt, 3), {kInf}},
      {"with NaN", var(F64({1, kNan})), {kNan}},
      {"complex", var(C128({{1, 1}, {-1, -1}}), std::nullopt, 0), {2}},
  });
}

TEST(ReductionValuesTest, Extrema) {
  const Expr x = F64({1, 3, -2, 3});
  CheckReals({
      {"amax", amax(Matrix(), Ints{0}), {4, 5, 6}},
      {"amin", amin(x), {-2}},
      {"NaN", amax(F64({1, kNan, 3})), {kNan}},
      {"NaN first", amin(F64({kNan, -kInf})), {kNan}},
      {"bool", amax(Of(DType::kBool, {0, 1}, {2})), {1}},
      {"-inf", amax(F64({-kInf, -kInf})), {-kInf}},
      {"argmax", argmax(x), {1}},
      {"argmin", argmin(x), {2}},
      {"argmax of NaN", argmax(F64({1, kNan, 3, kNan})), {1}},
      {"argmin of NaN", argmin(F64({1, kNan, -kInf})), {1}},
      {"argmax flat", argmax(Matrix()), {5}},
      {"argmax along", argmax(Matrix(), 0), {1, 1, 1}},
      {"argmax keepdim", argmax(-Matrix(), 1, true), {0, 0}},
      {"argmax 0-D", argmax(Of(DType::kF64, {3}, {})), {0}},
      {"no columns", amax(Empty(), Ints{1}), {}},
  });
}

TEST(ReductionValuesTest, Truth) {
  CheckReals({
      {"all", all(Of(DType::kF64, {1, 0, kNan, 2}, {2, 2}), Ints{1}), {0, 1}},
      {"any", any(Of(DType::kF64, {0, -0.0, 0, kNan}, {2, 2}), Ints{1}), {0, 1}},
      {"over no dimension", any(F64({0, 2}), Ints{}), {0, 1}},
      {"complex", all(C128({{0, 1}})), {1}},
  });
}

TEST(ReductionValuesTest, OfNothing) {
  CheckReals({
      {"sum", sum(Empty()), {0}},
      {"sum of columns", sum(Empty(), Ints{0}), {0, 0, 0}},
      {"prod", prod(Empty(), Ints{0}), {1, 1, 1}},
      {"mean", mean(Empty()), {kNan}},
      {"var", var(Empty()), {kNan}},
      {"mean of var_mean", var_mean(Empty()).second, {kNan}},
      {"all", all(Empty()), {1}},
      {"any", any(Empty()), {0}},
      {"count_nonzero", count_nonzero(Empty()), {0}},
      {"logsumexp", logsumexp(Empty(), {0}), {-kInf, -kInf, -kInf}},
      {"vector_norm", vector_norm(Empty()), {0}},
      {"vector_norm 0", vector_norm(Empty(), 0), {0}},
      {"norm 1", norm(Empty(), 1), {0}},
      {"norm inf", norm(Empty(), kInf), {0}},
      {"norm fro", norm(Empty(), "fro"), {0}},
      {"softmax", softmax(Empty(), 0), {}},
      {"cumsum", cumsum(Empty(), 1), {}},
  });
}

TEST(ReductionValuesTest, LogSumExp) {
  const double ln2 = std::numbers::ln2;
  CheckReals({
      {"log 2", logsumexp(F64({0, 0}), {0}), {ln2}, 1},
      {"large", logsumexp(F64({1000, 1000}), {0}), {1000 + ln2}, 1},
      {"small", logsumexp(F64({-1000, -1000}), {0}), {-1000 + ln2}, 1},
      {"infinite", logsumexp(F64({kInf, -kInf}), {0}), {kInf}},
      {"minus infinite", logsumexp(F64({-kInf, -kInf}), {0}), {-kInf}},
      {"NaN", logsumexp(F64({kInf, kNan}), {0}), {kNan}},
      {"two dimensions", logsumexp(zeros({2, 4}, DType::kF64), {0, 1}), {3 * ln2}, 1},
  });
  // Integers are computed exactly and rounded to f32 once.
  EXPECT_EQ(Reals(logsumexp(Of(DType::kI32, {5, 5}, {2}), {0}))[0], static_cast<float>(5 + ln2));
  // exp(i pi) + exp(0) + exp(0) = 1.
  const Complex z = Complexes(logsumexp(C128({{0, std::numbers::pi}, {0, 0}, {0, 0}}), {0}))[0];
  EXPECT_LT(std::abs(z), 1e-15);
}

TEST(ReductionValuesTest, Softmax) {
  // exp(log k) = k.
  const Expr x = F64({0, std::log(2.0), std::log(5.0)});
  CheckReals({
      {"softmax", softmax(x, 0), {1.0 / 8, 2.0 / 8, 5.0 / 8}, 4},
      {"shifted", softmax(x - 1e4, -1), {1.0 / 8, 2.0 / 8, 5.0 / 8}, 1e5},
      {"log_softmax", log_softmax(F64({0, 0, 0, 0}), 0), std::vector<double>(4, -std::log(4.0)), 1},
      {"overflow", softmax(F64({1e308, 0}), 0), {1, 0}},
      {"-inf", softmax(F64({-kInf, 1}), 0), {0, 1}},
      {"log of -inf", log_softmax(F64({-kInf, 1}), 0), {-kInf, 0}},
      {"inf", softmax(F64({kInf, 1}), 0), {kNan, kNan}},
      {"only -inf", softmax(F64({-kInf, -kInf}), 0), {kNan, kNan}},
      {"NaN", softmax(F64({kNan, 1}), 0), {kNan, kNan}},
      {"0-D", softmax(Of(DType::kF64, {3}, {}), 0), {1}},
      {"first dimension", softmax(zeros({2, 3}, DType::kF64), 0), std::vector<double>(6, 0.5)},
  });
}

TEST(ReductionValuesTest, Cumulative) {
  CheckReals({
      {"rows", cumsum(Matrix(), 1), {1, 3, 6, 4, 9, 15}},
      {"columns", cumsum(Matrix(), 0), {1, 2, 3, 5, 7, 9}},
      {"of a view", cumsum(Matrix().T(), 1), {1, 5, 2, 7, 3, 9}},
      {"cumprod", cumprod(Matrix(DType::kI32), -1), {1, 2, 6, 4, 20, 120}},
      {"bool", cumsum(Of(DType::kBool, {1, 1, 0, 1}, {4}), 0), {1, 2, 2, 3}},
      {"NaN stays", cumsum(F64({1, kNan, 1}), 0), {1, kNan, kNan}},
      {"inf - inf", cumsum(F64({kInf, -kInf, 1}), 0), {kInf, kNan, kNan}},
      {"0-D", cumsum(Of(DType::kF64, {3}, {}), 0), {3}},
  });
}

TEST(ReductionValuesTest, VectorNorms) {
  const Expr x = F64({3, -4, 0});
  CheckReals({
      {"2", vector_norm(x), {5}},
      {"1", vector_norm(x, 1), {7}},
      {"0", vector_norm(x, 0), {2}},
      {"inf", vector_norm(x, kInf), {4}},
      {"-inf", vector_norm(x, -kInf), {0}},
      {"3", vector_norm(F64({3, 4, 5}), 3), {6}, 2},  // 27 + 64 + 125 = 216
      {"-1", vector_norm(F64({1, 0.5, 0.25}), -1), {1.0 / 7}, 1},
      {"-1 with 0", vector_norm(F64({0, 2}), -1), {0}},
      {"huge", vector_norm(F64({3e200, 4e200})), {5e200}, 1},
      {"tiny", vector_norm(F64({3e-200, 4e-200})), {5e-200}, 1},
      {"infinite", vector_norm(F64({kInf, 1})), {kInf}},
      {"NaN", vector_norm(F64({kInf, kNan})), {kNan}},
      {"inf of NaN", vector_norm(F64({kNan, kInf}), kInf), {kNan}},
      {"-inf of NaN", vector_norm(F64({0, kNan}), -kInf), {kNan}},
      {"0 of NaN", vector_norm(F64({kNan, 0}), 0), {1}},
      {"complex", vector_norm(C128({{3, 4}, {0, 12}})), {13}},
      {"along", vector_norm(Matrix(), 1, Ints{0}), {5, 7, 9}},
      {"all dimensions", vector_norm(Cube(), kInf), {23}},
  });
}

TEST(ReductionValuesTest, Norms) {
  const Expr a = Of(DType::kF64, {1, -2, 3, -4, 5, 6}, {2, 3});
  CheckReals({
      {"none", norm(a), {std::sqrt(91.0)}, 2},
      {"none, three dimensions", norm(Cube()), {std::sqrt(4324.0)}, 2},  // sum of k^2 to 23
      {"fro", norm(a, "fro"), {std::sqrt(91.0)}, 2},
      {"1", norm(a, 1), {9}},
      {"-1", norm(a, -1), {5}},
      {"inf", norm(a, kInf), {15}},
      {"-inf", norm(a, -kInf), {6}},
      {"exchanged 1", norm(a, 1, Ints{1, 0}), {15}},
      {"exchanged -inf", norm(a, -kInf, Ints{1, 0}), {5}},
      {"batch", norm(Cube(), 1, Ints{1, 2}), {21, 57}},
      {"batch, not adjacent", norm(Cube(), kInf, Ints{0, 2}), {54, 70, 86}},
      {"keepdim", norm(Cube(), 1, Ints{0, 1}, true), {28, 30, 32, 34}},
      {"vector", norm(F64({3, 4}), 1), {7}},
      {"along", norm(a, 1, Ints{1}), {6, 15}},
      {"NaN", norm(Of(DType::kF64, {1, kNan, 3, 4}, {2, 2}), 1), {kNan}},
  });
}

}  // namespace
}  // namespace otium
