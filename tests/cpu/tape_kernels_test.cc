// SPDX-License-Identifier: Apache-2.0
//
// The vector loops of tapes: functions against std:: at ordinary and special
// arguments, every conversion, and that an element does not depend on its
// neighbours, nor on the length of the array.

#include "backends/cpu/tape_kernels.h"

#include <cmath>
#include <complex>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "engine/base/half.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace otium::cpu {
namespace {

using region::ReduceOp;
using region::ScalarOp;

template <class T>
std::vector<T> Arguments() {
  using L = std::numeric_limits<T>;
  std::vector<T> x = {T(0),
                      -T(0),
                      T(1),
                      T(-1),
                      T(0.5),
                      T(-0.5),
                      T(2),
                      T(1e-10),
                      T(-1e-10),
                      L::infinity(),
                      -L::infinity(),
                      L::quiet_NaN(),
                      L::denorm_min(),
                      -L::denorm_min(),
                      L::min(),
                      L::max(),
                      -L::max(),
                      L::epsilon(),
                      T(87),
                      T(89),
                      T(-87),
                      T(-104),
                      T(709),
                      T(711),
                      T(-745),
                      T(-750),
                      T(1e6),
                      T(-1e6),
                      std::nextafter(T(-1), T(0)),
                      std::nextafter(T(-1), T(-2)),
                      T(M_PI),
                      T(M_PI_2),
                      T(-M_PI_2),
                      T(10),
                      T(27),
                      T(-6),
                      T(6)};
  std::mt19937 random(1);
  std::uniform_real_distribution<double> wide(-100, 100), narrow(-2, 2), exponent(-30, 30);
  for (int i = 0; i < 2000; ++i) {
    x.push_back(static_cast<T>(wide(random)));
    x.push_back(static_cast<T>(narrow(random)));
    x.push_back(static_cast<T>(std::exp(exponent(random))));
  }
  return x;
}

// How many representable numbers lie between; NaN equals NaN, and 0 is not -0
// where `signed_zero`.
template <class T>
double UlpError(T actual, long double exact) {
  const T expected = static_cast<T>(exact);
  if (std::isnan(expected)) return std::isnan(actual) ? 0 : INFINITY;
  if (std::isinf(expected) || std::isinf(actual)) {
    // One rounding from overflow.
    if (actual == expected) return 0;
    return std::fabs(static_cast<long double>(std::numeric_limits<T>::max())) * 0.9999L <
                       std::fabs(exact) &&
                   std::signbit(actual) == std::signbit(expected)
               ? 1
               : INFINITY;
  }
  if (expected == 0 && actual == 0) return std::signbit(actual) == std::signbit(expected) ? 0 : 1;
  const T ulp = std::max(
      std::nextafter(std::fabs(expected), std::numeric_limits<T>::infinity()) - std::fabs(expected),
      std::numeric_limits<T>::denorm_min());
  return static_cast<double>(std::fabs(static_cast<long double>(actual) - exact) / ulp);
}

struct Function {
  ScalarOp op;
  long double (*exact)(long double);
};

constexpr Function kFunctions[] = {
    {ScalarOp::exp, std::exp},     {ScalarOp::expm1, std::expm1}, {ScalarOp::log, std::log},
    {ScalarOp::log1p, std::log1p}, {ScalarOp::sin, std::sin},     {ScalarOp::cos, std::cos},
    {ScalarOp::tan, std::tan},     {ScalarOp::tanh, std::tanh},   {ScalarOp::erf, std::erf},
    {ScalarOp::erfc, std::erfc},   {ScalarOp::sqrt, std::sqrt},   {ScalarOp::floor, std::floor},
    {ScalarOp::ceil, std::ceil},   {ScalarOp::abs, std::fabs},    {ScalarOp::round, std::nearbyint},
};

template <class T>
void CheckFunctions(DType dtype) {
  const std::vector<T> x = Arguments<T>();
  std::vector<T> y(x.size());
  for (const Function& f : kFunctions) {
    const MapFn map = FindMap(f.op, dtype);
    ASSERT_NE(map, nullptr);
    const MapOperand in{x.data(), -1};
    map(&in, y.data(), static_cast<int64_t>(x.size()));
    for (size_t i = 0; i < x.size(); ++i) {
      EXPECT_LE(UlpError(y[i], f.exact(x[i])), 4)
          << region::ScalarOpName(f.op) << "(" << x[i] << ") = " << y[i];
    }
  }
}

TEST(TapeKernelsTest, FunctionsAreWithinFourUlp) {
  CheckFunctions<float>(DType::kF32);
  CheckFunctions<double>(DType::kF64);
}

template <class T>
void CheckPower(DType dtype) {
  std::vector<T> bases, exponents;
  using L = std::numeric_limits<T>;
  const T special[] = {T(0),     -T(0),           T(1),           T(-1),
                       T(2),     T(-2),           T(0.5),         T(3),
                       T(-3),    L::infinity(),   -L::infinity(), L::quiet_NaN(),
                       L::max(), L::denorm_min(), T(1e-3),        T(1000)};
  for (T a : special) {
    for (T b : special) {
      bases.push_back(a);
      exponents.push_back(b);
    }
  }
  std::mt19937 random(2);
  std::uniform_real_distribution<double> base(0, 20), exponent(-8, 8);
  for (int i = 0; i < 2000; ++i) {
    bases.push_back(static_cast<T>(base(random)));
    exponents.push_back(static_cast<T>(exponent(random)));
  }
  std::vector<T> y(bases.size());
  for (ScalarOp op : {ScalarOp::pow, ScalarOp::atan2}) {
    const MapOperand in[2] = {{bases.data(), -1}, {exponents.data(), -1}};
    FindMap(op, dtype)(in, y.data(), static_cast<int64_t>(y.size()));
    for (size_t i = 0; i < y.size(); ++i) {
      const long double a = bases[i], b = exponents[i];
      const long double exact = op == ScalarOp::pow ? std::pow(a, b) : std::atan2(a, b);
      EXPECT_LE(UlpError(y[i], exact), 4)
          << region::ScalarOpName(op) << "(" << bases[i] << ", " << exponents[i] << ") = " << y[i];
    }
  }
}

TEST(TapeKernelsTest, FunctionsOfTwoArgumentsAreWithinFourUlp) {
  CheckPower<float>(DType::kF32);
  CheckPower<double>(DType::kF64);
}

TEST(TapeKernelsTest, ExtremaTakeNan) {
  const float nan = NAN;
  const std::vector<float> a = {1, nan, 2, nan, -0.0f, 3, 3, 3, 3, 3};
  const std::vector<float> b = {nan, 1, 3, nan, 1, 2, 2, 2, 2, 2};
  std::vector<float> y(a.size());
  const MapOperand in[2] = {{a.data(), -1}, {b.data(), -1}};
  FindMap(ScalarOp::maximum, DType::kF32)(in, y.data(), 10);
  EXPECT_THAT(y, testing::ElementsAre(testing::IsNan(), testing::IsNan(), 3, testing::IsNan(), 1, 3,
                                      3, 3, 3, 3));
  FindMap(ScalarOp::minimum, DType::kF32)(in, y.data(), 10);
  EXPECT_THAT(y, testing::ElementsAre(testing::IsNan(), testing::IsNan(), 2, testing::IsNan(),
                                      -0.0f, 2, 2, 2, 2, 2));
}

// An element comes out the same alone, in a tail and in the middle, and whether the
// other operand is an array or repeated.
TEST(TapeKernelsTest, ElementsDoNotDependOnTheirNeighbours) {
  for (DType dtype :
       {DType::kF32, DType::kF64, DType::kI32, DType::kI64, DType::kC64, DType::kC128}) {
    const int64_t item = ItemSize(dtype);
    std::vector<char> a(67 * item), b(67 * item);
    std::mt19937 random(3);
    DispatchDType(dtype, [&]<class Tag>(Tag) {
      using T = typename Tag::type;
      for (int64_t i = 0; i < 67; ++i) {
        const float x = 0.1f + static_cast<float>(random() % 1000) / 100;
        const float z = 0.1f + static_cast<float>(random() % 1000) / 100;
        T p{}, q{};
        if constexpr (std::is_integral_v<T>) p = static_cast<T>(x * 100), q = static_cast<T>(z);
        else if constexpr (sizeof(T) > 2) p = T(x), q = T(z);
        std::memcpy(a.data() + i * item, &p, item);
        std::memcpy(b.data() + i * item, &q, item);
      }
    });
    for (int o = 0; o < region::kNumScalarOps; ++o) {
      const auto op = static_cast<ScalarOp>(o);
      const MapFn map = FindMap(op, dtype);
      if (map == nullptr || op == ScalarOp::select) continue;
      std::vector<char> whole(67 * 16), one(16);
      const MapOperand in[2] = {{a.data(), -1}, {b.data(), -1}};
      map(in, whole.data(), 67);
      for (int64_t i = 0; i < 67; ++i) {
        alignas(64) char splat[kSplatBytes];
        for (int64_t c = 0; c < kSplatBytes; c += item) {
          std::memcpy(splat + c, b.data() + i * item, item);
        }
        const MapOperand alone[2] = {{a.data() + i * item, -1}, {splat, 0}};
        map(alone, one.data(), 1);
        // Results are of the operands' dtype, its real part's, or bool.
        const bool is_bool = (op >= ScalarOp::isnan && op <= ScalarOp::isfinite) ||
                             (op >= ScalarOp::eq && op <= ScalarOp::logical_or);
        const bool is_real = op >= ScalarOp::abs && op <= ScalarOp::angle;
        const int64_t out = is_bool ? 1 : is_real ? ItemSize(RealDType(dtype)) : item;
        EXPECT_EQ(std::memcmp(one.data(), whole.data() + i * out, out), 0)
            << region::ScalarOpName(op) << " " << DTypeName(dtype) << " element " << i;
      }
    }
  }
}

TEST(TapeKernelsTest, PairsAreTheirInstructions) {
  std::mt19937 random(4);
  std::uniform_real_distribution<float> uniform(-3, 3);
  std::vector<float> a(101), b(101), c(101), t(101), expected(101), actual(101);
  for (auto* v : {&a, &b, &c}) {
    for (float& x : *v) x = uniform(random);
  }
  const ScalarOp ops[] = {ScalarOp::add, ScalarOp::sub, ScalarOp::mul, ScalarOp::div};
  for (ScalarOp first : ops) {
    for (ScalarOp second : ops) {
      for (bool swapped : {false, true}) {
        const MapOperand in[3] = {{a.data(), -1}, {b.data(), -1}, {c.data(), -1}};
        FindMap(first, DType::kF32)(in, t.data(), 101);
        const MapOperand then[2] = {{swapped ? c.data() : t.data(), -1},
                                    {swapped ? t.data() : c.data(), -1}};
        FindMap(second, DType::kF32)(then, expected.data(), 101);
        FindPair(first, second, swapped, DType::kF32)(in, actual.data(), 101);
        EXPECT_EQ(std::memcmp(actual.data(), expected.data(), 101 * sizeof(float)), 0)
            << region::ScalarOpName(first) << " " << region::ScalarOpName(second) << swapped;
      }
    }
  }
}

TEST(TapeKernelsTest, FloatsBecomeIntegersByTruncation) {
  const std::vector<double> x = {1.9,           -1.9,          2147483647.5, 2147483648.0,
                                 -2147483648.9, -2147483649.0, 1e300,        -INFINITY,
                                 NAN,           9.3e18,        -0x1p63};
  std::vector<int32_t> narrow(x.size());
  std::vector<int64_t> wide(x.size());
  const MapOperand in{x.data(), -1};
  FindCast(DType::kF64, DType::kI32)(&in, narrow.data(), 11);
  FindCast(DType::kF64, DType::kI64)(&in, wide.data(), 11);
  EXPECT_THAT(narrow, testing::ElementsAre(1, -1, INT32_MAX, INT32_MIN, INT32_MIN, INT32_MIN,
                                           INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN));
  EXPECT_THAT(wide, testing::ElementsAre(1, -1, 2147483647, 2147483648, -2147483648, -2147483649,
                                         INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN));
}

// By the instruction as by Float16, for every value of 16 bits and those between.
TEST(TapeKernelsTest, HalfPrecisionRoundsToNearestEven) {
  std::vector<Float16> halves(65536), back(65536);
  for (uint32_t i = 0; i < 65536; ++i) halves[i].bits = static_cast<uint16_t>(i);
  std::vector<float> floats(65536), nudged(65536);
  MapOperand in{halves.data(), -1};
  FindCast(DType::kF16, DType::kF32)(&in, floats.data(), 65536);
  for (uint32_t i = 0; i < 65536; ++i) {
    const float expected = static_cast<float>(halves[i]);
    ASSERT_TRUE(floats[i] == expected || (std::isnan(floats[i]) && std::isnan(expected))) << i;
    // Halfway to the next one, and a little off.
    nudged[i] = floats[i] * (1 + 0x1p-11f * static_cast<float>(i % 5) / 2);
  }
  in.data = nudged.data();
  FindCast(DType::kF32, DType::kF16)(&in, back.data(), 65536);
  for (uint32_t i = 0; i < 65536; ++i) {
    ASSERT_EQ(back[i].bits, Float16(nudged[i]).bits) << nudged[i];
  }
}

TEST(TapeKernelsTest, RowReductions) {
  std::vector<float> x(3 * 37);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 11) - 5;
  x[40] = NAN;
  float sums[3], most[3], best[3];
  int64_t where[3];
  FindRowReduce(ReduceOp::kSum, DType::kF32)(x.data(), 3, 37, sums);
  FindRowReduce(ReduceOp::kMax, DType::kF32)(x.data(), 3, 37, most);
  FindRowArgReduce(ReduceOp::kArgMax, DType::kF32)(x.data(), 3, 37, best, where);
  float expected = 0;
  for (int i = 0; i < 37; ++i) expected += x[i];
  EXPECT_EQ(sums[0], expected);
  EXPECT_THAT(most, testing::ElementsAre(5, testing::IsNan(), 5));
  EXPECT_THAT(where, testing::ElementsAre(10, 3, 2));
  // Of nothing.
  FindRowReduce(ReduceOp::kSum, DType::kF32)(x.data(), 2, 0, sums);
  EXPECT_EQ(sums[0], 0);
  FindRowReduce(ReduceOp::kMin, DType::kF32)(x.data(), 1, 0, most);
  EXPECT_EQ(most[0], std::numeric_limits<float>::infinity());
}

// However its blocks are handed over, a row has one sum, and whole numbers an exact one.
TEST(TapeKernelsTest, LongRowReductions) {
  constexpr int64_t n = 20 * kReduceBlock + 77;
  std::vector<float> whole(n), any(n);
  float expected = 0;
  for (int64_t i = 0; i < n; ++i) {
    whole[i] = static_cast<float>(i * 7 % 13) - 6;
    any[i] = std::sin(static_cast<float>(i));
    expected += whole[i];
  }
  const BlockReduce sum = FindBlockReduce(ReduceOp::kSum, DType::kF32);
  const auto in_steps = [&](const std::vector<float>& x, int64_t blocks) {
    BlockReduceState state;
    for (int64_t b = 0; b * kReduceBlock < n; b += blocks) {
      sum.blocks(x.data() + b * kReduceBlock,
                 std::min(blocks * kReduceBlock, n - b * kReduceBlock), b, &state);
    }
    float result;
    sum.finish(&state, &result);
    return result;
  };
  EXPECT_EQ(in_steps(whole, 1), expected);
  EXPECT_EQ(in_steps(whole, 21), expected);
  for (int64_t blocks : {2, 3, 8, 11, 21}) EXPECT_EQ(in_steps(any, blocks), in_steps(any, 1));
  // Whole rows, here all the same one, alone and four and more by turns.
  const std::vector<float> long_any = [] {
    std::vector<float> x(70 * kReduceBlock + 77);
    for (size_t i = 0; i < x.size(); ++i) x[i] = std::sin(static_cast<float>(i));
    return x;
  }();
  for (const std::vector<float>& x : {any, long_any}) {
    BlockReduceState state;
    float expected;
    sum.blocks(x.data(), static_cast<int64_t>(x.size()), 0, &state);
    sum.finish(&state, &expected);
    for (int64_t rows : {1, 4, 6}) {
      std::vector<float> results(rows);
      sum.rows(x.data(), /*stride=*/0, rows, static_cast<int64_t>(x.size()), results.data());
      EXPECT_THAT(results, testing::Each(expected)) << rows;
    }
  }

  const BlockReduce most = FindBlockReduce(ReduceOp::kMax, DType::kF32);
  whole[n - 1] = 40;
  BlockReduceState state;
  most.blocks(whole.data(), n, 0, &state);
  float result;
  most.finish(&state, &result);
  EXPECT_EQ(result, 40);
}

TEST(TapeKernelsTest, ColumnSums) {
  constexpr int64_t kRows = 21, kColumns = 75, kStride = 80;
  std::vector<float> x(kRows * kStride), sums(kColumns + 1, -1), expected(kColumns);
  for (size_t i = 0; i < x.size(); ++i) x[i] = std::sin(static_cast<float>(i));
  for (int64_t rows : {1, 8, 9, 21}) {
    FindColumnSum(DType::kF32)(x.data(), kStride * 4, rows, kColumns, sums.data());
    for (int64_t j = 0; j < kColumns; ++j) {
      expected[j] = x[j];
      for (int64_t r = 1; r < rows; ++r) expected[j] += x[r * kStride + j];
    }
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), sums.begin())) << rows;
    EXPECT_EQ(sums[kColumns], -1);
  }
}

}  // namespace
}  // namespace otium::cpu
