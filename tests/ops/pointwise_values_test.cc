// SPDX-License-Identifier: Apache-2.0
//
// Values of creation and elementwise ops by the reference loops, at points where
// an independent definition says what they are: closed forms, constants from
// tables, and the special values of IEEE 754 and of PyTorch's documentation.

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "backends/philox.h"
#include "gtest/gtest.h"
#include "ops/ops.h"
#include "tests/ops/evaluate.h"

namespace otium {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kTiny = std::numeric_limits<double>::denorm_min();
constexpr double kPi = std::numbers::pi;
using Complex = std::complex<double>;

Expr I32(const std::vector<double>& v) {
  return Of(DType::kI32, v, {static_cast<int64_t>(v.size())});
}
Expr I64(std::vector<int64_t> v) {
  return constant(Tensor::Copy(v.data(), DType::kI64, {static_cast<int64_t>(v.size())}));
}
Expr Bools(const std::vector<double>& v) {
  return Of(DType::kBool, v, {static_cast<int64_t>(v.size())});
}

TEST(PointwiseValuesTest, Creation) {
  CheckReals({
      {"zeros", zeros({2, 2}), {0, 0, 0, 0}},
      {"zeros of nothing", zeros({0, 2}), {}},
      {"ones", ones({3}, DType::kF16), {1, 1, 1}},
      {"full", full({2}, -0.0), {-0.0, -0.0}},
      {"full f64", full({1}, 0.1, DType::kF64), {0.1}},
      {"full i32", full({2}, -1.7, DType::kI32), {-1, -1}},
      {"full bool", full({1}, 0.5, DType::kBool), {1}},
      {"full_like", full_like(I32({1, 2}), 7), {7, 7}},
      {"eye", eye(2, 3), {1, 0, 0, 0, 1, 0}},
      {"arange", arange(4), {0, 1, 2, 3}},
      {"arange down", arange(5, 0, -2), {5, 3, 1}},
      {"arange floats", arange(0, 1, 0.25, DType::kF64), {0, 0.25, 0.5, 0.75}},
      // The length is that of the floats, start and step are truncated.
      {"arange to i64", arange(0.5, 5.5, 1.5, DType::kI64), {0, 1, 2, 3}},
      {"arange negative to i64", arange(-1.5, 1.5, 1.0, DType::kI64), {-1, 0, 1}},
      {"linspace", linspace(-1, 1, 5, DType::kF64), {-1, -0.5, 0, 0.5, 1}},
      {"linspace ends", linspace(0.1, 0.7, 2, DType::kF64), {0.1, 0.7}},
      {"linspace one", linspace(3, 9, 1), {3}},
      {"linspace i64", linspace(-3, 10, 7, DType::kI64), {-3, 0, 1, 3, 5, 7, 10}},
      {"ones_like", ones_like(F64({kNan, 2})), {1, 1}},
      {"zeros_like", zeros_like(F64({kNan, 2})), {0, 0}},
  });
  EXPECT_EQ(Complexes(full({1}, Complex(1, -2))), std::vector<Complex>({{1, -2}}));
}

TEST(PointwiseValuesTest, Random) {
  // Two nodes are two streams, of the same numbers in every evaluation.
  const std::vector<double> a = Reals(rand({1000}, DType::kF64));
  EXPECT_EQ(a, Reals(rand_like(zeros({1000}, DType::kF64))));
  const std::vector<double> difference = Reals(rand({1000}) - rand({1000}));
  EXPECT_NE(difference[0], 0);
  EXPECT_GE(*std::min_element(a.begin(), a.end()), 0);
  EXPECT_LT(*std::max_element(a.begin(), a.end()), 1);

  // 10^5 normal numbers: mean and mean square within five standard deviations,
  // sqrt(1 / n) and sqrt(2 / n); the complex ones have half the variance a part.
  constexpr int64_t kCount = 100000;
  for (DType dtype : {DType::kF32, DType::kF64}) {
    double sum = 0, squares = 0;
    const std::vector<double> z = Reals(randn({kCount}, dtype));
    for (double v : z) {
      sum += v;
      squares += v * v;
    }
    EXPECT_LT(std::abs(sum / kCount), 5 / std::sqrt(kCount));
    EXPECT_LT(std::abs(squares / kCount - 1), 5 * std::sqrt(2.0 / kCount));
  }
  double squares = 0;
  for (const Complex& v : Complexes(randn({kCount}, DType::kC64))) squares += std::norm(v);
  EXPECT_LT(std::abs(squares / kCount - 1), 5 * std::sqrt(1.0 / kCount));
}

TEST(PointwiseValuesTest, NormalNumbersAreBoxMullersPairs) {
  // cos^2 + sin^2 = 1: the pair's radius is that of its uniform number.
  const double even = NormalDoubleAt(7, 1, 4), odd = NormalDoubleAt(7, 1, 5);
  const auto words = Philox(7, 1, 2);
  const double u = UniformDouble(words[0], words[1]) + 0x1p-53;
  EXPECT_NEAR(even * even + odd * odd, -2 * std::log(u), 1e-12);
}

TEST(PointwiseValuesTest, IntegerArithmetic) {
  constexpr double kMin = -2147483648.0, kMax = 2147483647.0;
  constexpr int64_t kMin64 = std::numeric_limits<int64_t>::min();
  CheckReals({
      {"i32 wraps", I32({kMax, kMin}) + I32({1, -1}), {kMin, kMax}},
      {"i32 mul wraps", I32({65536}) * I32({65536}), {0}},
      {"bool add", Bools({1, 1, 0}) + Bools({1, 0, 0}), {1, 1, 0}},
      {"bool mul", Bools({1, 1, 0}) * Bools({1, 0, 0}), {1, 0, 0}},
      {"div", I32({1, -7, 1}) / I32({2, 2, 0}), {0.5, -3.5, kInf}},
      {"pow", pow(I32({2, -3, 0, 7}), I32({10, 3, 0, 0})), {1024, -27, 1, 1}},
      {"pow negative", pow(I32({2, 1, -1, -1, 0}), I32({-1, -5, -3, -2, -1})), {0, 1, -1, 1, 0}},
      {"pow wraps", pow(I32({3}), I32({21})), {1870418611}},  // 3^21 mod 2^32
      {"floor_divide",
       floor_divide(I32({5, -5, 5, -5, 6}), I32({3, 3, -3, -3, -3})),
       {1, -2, -2, 1, -2}},
      {"remainder", remainder(I32({5, -5, 5, -5, 6}), I32({3, 3, -3, -3, -3})), {2, 1, -1, -2, 0}},
      {"fmod", fmod(I32({5, -5, 5, -5}), I32({3, 3, -3, -3})), {2, -2, 2, -2}},
      {"by zero", floor_divide(I32({5, -5}), I32({0, 0})), {0, 0}},
      {"remainder by zero", remainder(I32({5}), I32({0})), {0}},
      {"fmod by zero", fmod(I32({5}), I32({0})), {0}},
      {"min / -1", floor_divide(I64({kMin64}), I64({-1})), {static_cast<double>(kMin64)}},
      {"min % -1", remainder(I64({kMin64}), I64({-1})), {0}},
      {"abs", abs(I32({-3, 3, kMin})), {3, 3, kMin}},
      {"neg", -I32({kMin, 5}), {kMin, -5}},
      {"sign", sign(I32({-3, 0, 9})), {-1, 0, 1}},
      {"square of bool", square(Bools({1, 0})), {1, 0}},
      {"floor", floor(I32({3})), {3}},
      {"clamp", clamp(I32({-5, 0, 5}), -1, 1), {-1, 0, 1}},
      {"maximum", maximum(I64({kMin64}), I64({kMin64 + 1})), {static_cast<double>(kMin64 + 1)}},
      {"addcmul", addcmul(I32({1}), I32({2}), I32({3}), -2), {-11}},
      {"exp", exp(I32({0})), {1}},
      // 2^53 + 1 and 2^53 differ as integers, not as floats.
      {"eq", eq(I64({9007199254740993}), I64({9007199254740992})), {0}},
      {"lt of promoted", lt(I32({1, 1}), F64({1.5, kNan})), {1, 0}},
  });
}

TEST(PointwiseValuesTest, SpecialValues) {
  CheckReals({
      {"sqrt", sqrt(F64({-0.0, -1, kInf, 2})), {-0.0, kNan, kInf, std::numbers::sqrt2}},
      {"rsqrt", rsqrt(F64({-0.0, 0, -1, kInf, 4})), {-kInf, kInf, kNan, 0, 0.5}},
      {"reciprocal", reciprocal(F64({-0.0, kInf, 4, kNan})), {-kInf, 0, 0.25, kNan}},
      {"exp",
       exp(F64({-kInf, kInf, -0.0, 1, -746, 710, kTiny})),
       {0, kInf, 1, std::numbers::e, 0, kInf, 1},
       1},
      {"expm1", expm1(F64({-kInf, kInf, -0.0, 1e-30, kTiny})), {-1, kInf, -0.0, 1e-30, kTiny}},
      {"log",
       log(F64({0, -0.0, -1, kInf, 1, 2})),
       {-kInf, -kInf, kNan, kInf, 0, std::numbers::ln2},
       1},
      {"log1p",
       log1p(F64({-1, -2, -0.0, 1e-30, 1})),
       {-kInf, kNan, -0.0, 1e-30, std::numbers::ln2},
       1},
      {"sin", sin(F64({-0.0, kInf, kPi / 6, 1e-300})), {-0.0, kNan, 0.5, 1e-300}, 1},
      {"cos", cos(F64({0, -kInf, kPi / 3, kNan})), {1, kNan, 0.5, kNan}, 2},
      {"tan", tan(F64({-0.0, kInf, kPi / 4})), {-0.0, kNan, 1}, 1},
      {"tanh", tanh(F64({-0.0, kInf, -kInf, 1e-30, kNan})), {-0.0, 1, -1, 1e-30, kNan}},
      {"sigmoid", sigmoid(F64({-kInf, kInf, 0, -1000, kNan})), {0, 1, 0.5, 0, kNan}},
      // Abramowitz and Stegun, table 7.1.
      {"erf",
       erf(F64({0.5, -1, kInf, -0.0, kNan})),
       {0.5204998778130465, -0.8427007929497149, 1, -0.0, kNan},
       1},
      {"abs", abs(F64({-0.0, -kInf, kNan, -kTiny})), {0, kInf, kNan, kTiny}},
      {"sign", sign(F64({-2, -0.0, kNan, kInf, kTiny})), {-1, 0, 0, 1, 1}},
      {"neg", -F64({0, -kInf}), {-0.0, kInf}},
      {"square", square(F64({-3, -0.0, 1e200})), {9, 0, kInf}},
      {"floor", floor(F64({-0.5, 2.5, -0.0, kInf, kNan})), {-1, 2, -0.0, kInf, kNan}},
      {"ceil", ceil(F64({-0.5, 2.5, kTiny})), {-0.0, 3, 1}},
      {"round",
       round(F64({0.5, 1.5, 2.5, -0.5, -1.5, 0.49999999999999994})),
       {0, 2, 2, -0.0, -2, 0}},
      {"relu", relu(F64({-1, -0.0, kNan, -kInf, kInf})), {0, -0.0, kNan, 0, kInf}},
      {"leaky_relu", leaky_relu(F64({-2, -0.0, kNan, 3}), 0.5), {-1, -0.0, kNan, 3}},
      // x * Phi(x) at 1: Phi(1) = (1 + erf(1 / sqrt(2))) / 2.
      {"gelu", gelu(F64({1, 0, kInf, -kInf, kNan})), {0.8413447460685429, 0, kInf, kNan, kNan}, 2},
      // In the far tail, Phi(-x) ~ phi(x) / x * (1 - 1/x^2 + 3/x^4 ...): times x.
      {"gelu tail", gelu(F64({-20})), {-5.5072482372124673e-88}, 1e3},
      {"gelu tanh", gelu(F64({0, -20, kInf}), "tanh"), {0, -0.0, kInf}},
      {"silu", silu(F64({0, kInf, -kInf, kNan})), {0, kInf, kNan, kNan}},
      {"softplus",
       softplus(F64({0, 30, kInf, -kInf, kNan})),
       {std::numbers::ln2, 30, kInf, 0, kNan},
       1},
      {"softplus beta", softplus(F64({0}), 2), {std::numbers::ln2 / 2}, 1},
      {"angle", angle(F64({-2, -0.0, 0, 3, kNan})), {kPi, 0, 0, 0, kNan}},
      {"real", real(F64({-2})), {-2}},
      {"conj", conj(F64({-2})), {-2}},
  });
}

TEST(PointwiseValuesTest, SpecialValuesOfTwo) {
  CheckReals({
      {"pow",
       pow(F64({0, -0.0, kInf, kNan, 1, -8, 4, 0}), F64({-1, -1, 0, 0, kNan, 1.0 / 3, 0.5, 0})),
       {kInf, -kInf, 1, 1, 1, kNan, 2, 1}},
      {"minimum",
       minimum(F64({1, kNan, 1, -0.0, 0}), F64({2, 1, kNan, 0, -0.0})),
       {1, kNan, kNan, -0.0, 0}},
      {"maximum", maximum(F64({1, kNan, 1, -kInf}), F64({2, 1, kNan, -1})), {2, kNan, kNan, -1}},
      {"clamp", clamp(F64({kNan, -1, 3, -0.0}), 0, 2), {kNan, 0, 2, -0.0}},
      {"clamp crossed", clamp(F64({1, 9}), 5, 2), {2, 2}},
      {"clamp by NaN", clamp(F64({1}), kNan, 2), {kNan}},
      {"clamp below", clamp(F64({1, 9}), std::nullopt, 2), {1, 2}},
      {"where", where(Bools({1, 0}), F64({1, kNan}), F64({kNan, 2})), {1, 2}},
      {"floor_divide",
       floor_divide(F64({5, -5, 1, kInf, -1, -0.0, 1}), F64({3, 3, 0, 1, kInf, 1, 0.1})),
       {1, -2, kInf, kNan, -1, -0.0, 9}},
      {"remainder",
       remainder(F64({5, -5, 5, 1, kInf, 1, -1}), F64({3, 3, -3, 0, 1, kInf, kInf})),
       {2, 1, -1, kNan, kNan, 1, kInf}},
      {"fmod",
       fmod(F64({5, -5, 5, 1, kInf, -1}), F64({3, 3, -3, 0, 1, kInf})),
       {2, -2, 2, kNan, kNan, -1}},
      {"lerp",
       lerp(F64({1, 2, 0.1, 1}), F64({2, 4, 0.7, kInf}), F64({0, 0.5, 1, 0})),
       {1, 3, 0.7, kNan}},
      {"addcmul", addcmul(F64({1}), F64({2}), F64({3}), 0.5), {4}},
      {"addcdiv", addcdiv(F64({1, 1}), F64({3, 1}), F64({2, 0})), {2.5, kInf}},
      {"atan2",
       atan2(F64({0, -0.0, 0, kInf, 1}), F64({-1, -1, -0.0, -kInf, 1})),
       {kPi, -kPi, kPi, 0.75 * kPi, kPi / 4},
       1},
      {"0 * NaN", F64({0, 0}) * F64({kNan, kInf}), {kNan, kNan}},
  });
}

TEST(PointwiseValuesTest, ComparisonsAndPredicates) {
  const Expr a = F64({1, 2, kNan, -0.0}), b = F64({2, 2, kNan, 0});
  CheckReals({
      {"lt", lt(a, b), {1, 0, 0, 0}},
      {"le", le(a, b), {1, 1, 0, 1}},
      {"gt", gt(a, b), {0, 0, 0, 0}},
      {"ge", ge(a, b), {0, 1, 0, 1}},
      {"eq", eq(a, b), {0, 1, 0, 1}},
      {"ne", ne(a, b), {1, 0, 1, 0}},
      {"and", logical_and(F64({0, 1, kNan, kTiny}), F64({1, 1, 1, 1})), {0, 1, 1, 1}},
      {"or", logical_or(F64({0, -0.0, 2}), F64({0, kNan, 0})), {0, 1, 1}},
      {"xor", logical_xor(Bools({0, 1, 1}), I32({5, 5, 0})), {1, 0, 1}},
      {"not", logical_not(C128({{0, 0}, {0, 1}})), {1, 0}},
      {"isnan", isnan(F64({kNan, kInf, 0})), {1, 0, 0}},
      {"isinf", isinf(F64({kNan, -kInf, 0})), {0, 1, 0}},
      {"isfinite", isfinite(F64({kNan, -kInf, kTiny})), {0, 0, 1}},
      {"isnan complex", isnan(C128({{kInf, kNan}, {1, 2}})), {1, 0}},
      {"isinf complex", isinf(C128({{kNan, -kInf}, {0, kNan}})), {1, 0}},
      {"isfinite complex", isfinite(C128({{1, kInf}, {1, 2}})), {0, 1}},
      {"isnan of integers", isnan(I32({5})), {0}},
      {"isfinite of integers", isfinite(I32({5})), {1}},
      {"eq complex", eq(C128({{1, 2}, {1, 2}}), C128({{1, 2}, {1, 3}})), {1, 0}},
  });
}

TEST(PointwiseValuesTest, ComplexFunctions) {
  struct ComplexCase {
    const char* name;
    Expr expr;
    std::vector<Complex> expected;
  };
  const double h = std::numbers::sqrt2 / 2;
  const ComplexCase cases[] = {
      {"sqrt", sqrt(C128({{0, 1}, {-4, 0}})), {{h, h}, {0, 2}}},
      {"rsqrt", rsqrt(C128({{-4, 0}})), {{0, -0.5}}},
      {"reciprocal", reciprocal(C128({{0, 2}})), {{0, -0.5}}},
      {"exp", exp(C128({{0, kPi}, {1, kPi / 2}})), {{-1, 0}, {0, std::numbers::e}}},
      {"log", log(C128({{-1, 0}})), {{0, kPi}}},
      {"expm1", expm1(C128({{1e-30, 1e-30}, {0, kPi}})), {{1e-30, 1e-30}, {-2, 0}}},
      {"log1p",
       log1p(C128({{1e-30, 1e-30}, {-2, 0}, {1, 0}})),
       {{1e-30, 1e-30}, {0, kPi}, {std::numbers::ln2, 0}}},
      {"sin", sin(C128({{0, 1}})), {{0, 1.1752011936438014}}},  // i sinh(1)
      {"cos", cos(C128({{0, 1}})), {{1.5430806348152437, 0}}},  // cosh(1)
      {"tan", tan(C128({{0, 1}})), {{0, 0.7615941559557649}}},  // i tanh(1)
      {"tanh", tanh(C128({{0, kPi / 4}})), {{0, 1}}},
      {"sigmoid", sigmoid(C128({{0, kPi / 2}})), {{0.5, 0.5}}},  // 1 / (1 - i)
      {"silu", silu(C128({{0, kPi / 2}})), {{-kPi / 4, kPi / 4}}},
      {"square", square(C128({{1, 2}})), {{-3, 4}}},
      {"conj", conj(C128({{1, 2}})), {{1, -2}}},
      {"pow",
       pow(C128({{0, 1}, {0, 0}, {0, 0}, {1, 1}}), C128({{2, 0}, {0, 0}, {2, 1}, {-2, 0}})),
       {{-1, 0}, {1, 0}, {0, 0}, {0, -0.5}}},
      {"i**i", pow(C128({{0, 1}}), C128({{0, 1}})), {{0.20787957635076191, 0}}},  // exp(-pi / 2)
      {"div", C128({{1, 2}}) / C128({{0, 1}}), {{2, -1}}},
      {"addcdiv", addcdiv(C128({{1, 0}}), C128({{1, 0}}), C128({{0, 1}}), Complex(0, 1)), {{2, 0}}},
      {"lerp", lerp(C128({{0, 0}}), C128({{1, 1}}), 0.25), {{0.25, 0.25}}},
  };
  for (const ComplexCase& c : cases) {
    const std::vector<Complex> actual = Complexes(c.expr);
    ASSERT_EQ(actual.size(), c.expected.size()) << c.name;
    for (size_t i = 0; i < actual.size(); ++i) {
      // A few roundings, of each part relative to the number.
      EXPECT_LE(std::abs(actual[i] - c.expected[i]),
                4e-16 * (std::abs(c.expected[i]) > 1e-6 ? std::max(1.0, std::abs(c.expected[i]))
                                                        : std::abs(c.expected[i])))
          << c.name << " " << i << ": " << actual[i];
    }
  }
  CheckReals({
      {"abs", abs(C128({{3, 4}, {kInf, kNan}})), {5, kInf}},
      {"real", real(C128({{3, 4}})), {3}},
      {"imag", imag(C128({{3, 4}})), {4}},
      {"angle", angle(C128({{-1, 0}, {-1, -0.0}, {0, 2}})), {kPi, -kPi, kPi / 2}},
  });
}

// By the textbook, not by Annex G: see backends/complex_math.h.
TEST(PointwiseValuesTest, ComplexExtremes) {
  const Expr infinite = C128({{1000, kInf}});
  const Expr product = infinite * infinite, twice = infinite * C128({{2, 0}});
  const Expr half = infinite / C128({{2, 0}}), turned = infinite / C128({{0, 2}});
  const Expr power = pow(infinite, 1);
  const Expr tiny = C128({{1e-310, 2e-310}, {kTiny, 0}, {0, -kTiny}});
  // Near the ends of the range, where sums of parts leave it; the quotients are exact.
  constexpr double kLarge = 0x1.8p1023;
  const Expr large = C128({{kLarge, kLarge}, {kLarge, -kLarge}, {kLarge, kLarge / 2}, {1, 1}}) /
                     C128({{kLarge, kLarge}, {2, 2}, {kLarge, kLarge / 2}, {kLarge, kLarge}});
  const Expr small = C128({{5 * kTiny, 5 * kTiny}, {11 * kTiny, 13 * kTiny}}) /
                     C128({{3 * kTiny, kTiny}, {3 * 0x1p-660, 0x1p-660}});
  const Expr root = pow(C128({{1e300, 0}, {-1e300, 0}}), 0.5);
  CheckReals({
      {"square", real(product), {-kInf}},
      {"square", imag(product), {kInf}},
      {"inf * 2 - 0 * 1000", imag(twice), {kInf}},
      {"1000 * 2 - 0 * inf", real(twice), {kNan}},
      {"each part by a real number", real(half), {500}},
      {"each part by a real number", imag(half), {kInf}},
      {"each part by an imaginary number", real(turned), {kInf}},
      {"each part by an imaginary number", imag(turned), {-500}},
      {"itself", real(power), {1000}},
      {"itself", imag(power), {kInf}},
      {"by itself", real(tiny / tiny), {1, 1, 1}},
      {"by itself", imag(tiny / tiny), {0, 0, 0}},
      {"large", real(large), {1, 0, 1, 1 / kLarge}},
      {"large", imag(large), {0, -kLarge / 2, 0, 0}},
      {"small", real(small), {2, 4.6 * 0x1p-414}, /*ulps=*/2},
      {"small", imag(small), {1, 2.8 * 0x1p-414}, /*ulps=*/2},
      {"a root", real(root), {1e150, 0}},
      {"a root", imag(root), {0, 1e150}},
  });
}

// f16 and bf16 are computed in f32 and rounded once.
TEST(PointwiseValuesTest, HalfPrecision) {
  auto half = [](std::vector<double> v) {
    return Of(DType::kF16, v, {static_cast<int64_t>(v.size())});
  };
  CheckReals({
      {"sum rounds to even", half({2048}) + half({1}), {2048}},
      {"overflow", half({60000}) * half({2}), {kInf}},
      {"subnormal", half({0x1p-24}) / half({2}), {0}},
      {"sqrt", sqrt(half({2})), {1.4140625}},
      {"bf16", Of(DType::kBF16, {1}, {1}) + Of(DType::kBF16, {0x1p-8}, {1}), {1}},
  });
}

TEST(PointwiseValuesTest, BroadcastsAndEmpty) {
  const Expr column = Of(DType::kF64, {1, 2}, {2, 1});
  CheckReals({
      {"broadcast", column + F64({10, 20, 30}), {11, 21, 31, 12, 22, 32}},
      {"where", where(Of(DType::kBool, {1, 0}, {2, 1}), F64({1, 2}), -column), {1, 2, -2, -2}},
      {"transposed", Of(DType::kF64, {1, 2, 3, 4}, {2, 2}).T() * 2, {2, 6, 4, 8}},
      {"empty", exp(zeros({0, 3}, DType::kF64)) + 1, {}},
      {"empty by broadcast", zeros({0, 1}, DType::kF64) + F64({1, 2}), {}},
  });
}

}  // namespace
}  // namespace otium
