// SPDX-License-Identifier: Apache-2.0

#include "backends/cpu/gemv.h"

#include <complex>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "backends/cpu/parallel.h"
#include "backends/cpu/scalar.h"
#include "gtest/gtest.h"
#include "tests/cpu/product_test_util.h"

namespace otium::cpu {
namespace {

template <class T>
class GemvTest : public ::testing::Test {
 protected:
  ~GemvTest() override { SetThreads(before_); }
  const int before_ = Threads();
};
using AllTypes = ::testing::Types<float, double, std::complex<float>, std::complex<double>, int32_t,
                                  int64_t, Float16, BFloat16>;
TYPED_TEST_SUITE(GemvTest, AllTypes);

// A vector is a matrix of one column.
template <class T>
VectorIn<T> In(Matrices<T>& x, bool conjugate) {
  return {x.data(), x.row(), conjugate};
}

template <class T>
struct Case {
  Case(Random& random, int64_t rows, int64_t columns)
      : m(rows),
        n(columns),
        a(random, 1, m, n, Matrices<T>::Use::kRead),
        x(random, 1, n, 1, Matrices<T>::Use::kRead),
        y0(random, 1, m, 1, Matrices<T>::Use::kRead),
        y(random, 1, m, 1, Matrices<T>::Use::kWrite),
        in_place(random.Coin()),
        conj_a(random.Coin()),
        conj_x(random.Coin()),
        alpha(random.Factor<AccumulatorOf<T>>()),
        beta(random.Factor<AccumulatorOf<T>>()) {}

  GemvArgs<T> Args() {
    GemvArgs<T> args;
    args.m = m;
    args.n = n;
    args.a = a.in(conj_a);
    args.x = In(x, conj_x);
    args.y0 = In(in_place ? y : y0, false);
    args.y = {y.data(), y.row()};
    args.alpha = alpha;
    args.beta = beta;
    return args;
  }

  int64_t Wrong(const std::vector<T>& before) const {
    int64_t wrong = y.ChangedOutside(before);
    for (int64_t i = 0; i < m; ++i) {
      Exact<T> sum(0);
      long double magnitude = 0;
      for (int64_t j = 0; j < n; ++j) {
        const Exact<T> p = ToExact(a.At(0, i, j)), q = ToExact(x.At(0, j, 0));
        sum = Add(sum, Multiply(conj_a ? Conjugate(p) : p, conj_x ? Conjugate(q) : q));
        magnitude += Magnitude<T>(p) * Magnitude<T>(q);
      }
      const T old = in_place ? before[y.Offset(0, i, 0)] : y0.At(0, i, 0);
      if (!IsClose<T>(y.At(0, i, 0), alpha, sum, magnitude, beta, ToExact(old), n)) ++wrong;
    }
    return wrong;
  }

  std::string Describe() const {
    return std::to_string(m) + "x" + std::to_string(n) + " a " + std::to_string(a.row()) + "," +
           std::to_string(a.col()) + " x " + std::to_string(x.row()) + " y " +
           std::to_string(y.row()) + (in_place ? " in place" : "") + (conj_a ? " conj(a)" : "") +
           (conj_x ? " conj(x)" : "");
  }

  int64_t m, n;
  Matrices<T> a, x, y0, y;
  bool in_place, conj_a, conj_x;
  AccumulatorOf<T> alpha, beta;
};

TYPED_TEST(GemvTest, RandomSizesStridesAndFactors) {
  Random random(1);
  for (int round = 0; round < 600; ++round) {
    const int64_t most = round < 500 ? 30 : 200;
    Case<TypeParam> x(random, random.Int(0, most), random.Int(0, most));
    const std::vector<TypeParam> before = x.y.buffer();
    Gemv(x.Args());
    ASSERT_EQ(x.Wrong(before), 0) << x.Describe();
  }
}

TYPED_TEST(GemvTest, SizesThatAreCut) {
  Random random(2);
  const int64_t sizes[][2] = {{700, 600}, {9000, 40}, {40, 9000}, {2, 300000}, {100001, 3}};
  for (const auto& size : sizes) {
    for (int round = 0; round < 4; ++round) {
      Case<TypeParam> x(random, size[0], size[1]);
      const std::vector<TypeParam> before = x.y.buffer();
      Gemv(x.Args());
      ASSERT_EQ(x.Wrong(before), 0) << x.Describe();
    }
  }
}

TYPED_TEST(GemvTest, BetaZeroReadsNothing) {
  using T = TypeParam;
  using S = AccumulatorOf<T>;
  if constexpr (!std::is_integral_v<T>) {
    for (int64_t n : {0, 3, 50}) {
      Random random(3);
      Case<T> x(random, 45, n);
      x.in_place = true;
      x.alpha = S(1);
      x.beta = S(0);
      x.y.FillAll(T(std::numeric_limits<float>::quiet_NaN()));
      const std::vector<T> before = x.y.buffer();
      GemvArgs<T> args = x.Args();
      args.y0.data = nullptr;
      Gemv(args);
      EXPECT_EQ(x.Wrong(before), 0) << x.Describe();
    }
  }
}

TYPED_TEST(GemvTest, SameBitsForAnyNumberOfThreads) {
  using T = TypeParam;
  const int64_t sizes[][2] = {{700, 600}, {9000, 40}, {40, 9000}, {3, 200000}};
  for (const auto& size : sizes) {
    Random random(4);
    Case<T> x(random, size[0], size[1]);
    x.in_place = false;
    std::vector<T> first;
    for (int threads : {1, 2, 3, 8}) {
      SetThreads(threads);
      Gemv(x.Args());
      if (threads == 1) {
        first = x.y.buffer();
      } else {
        EXPECT_EQ(std::memcmp(first.data(), x.y.buffer().data(), first.size() * sizeof(T)), 0)
            << x.Describe() << ", " << threads << " threads";
      }
    }
  }
}

TYPED_TEST(GemvTest, DotOfRandomVectors) {
  using T = TypeParam;
  using S = AccumulatorOf<T>;
  Random random(5);
  for (int round = 0; round < 200; ++round) {
    const int64_t n = round < 190 ? random.Int(0, 100) : random.Int(60000, 200000);
    Matrices<T> x(random, 1, n, 1, Matrices<T>::Use::kRead);
    Matrices<T> y(random, 1, n, 1, Matrices<T>::Use::kRead);
    const bool conj_x = random.Coin(), conj_y = random.Coin();
    Exact<T> sum(0);
    long double magnitude = 0;
    for (int64_t i = 0; i < n; ++i) {
      const Exact<T> p = ToExact(x.At(0, i, 0)), q = ToExact(y.At(0, i, 0));
      sum = Add(sum, Multiply(conj_x ? Conjugate(p) : p, conj_y ? Conjugate(q) : q));
      magnitude += Magnitude<T>(p) * Magnitude<T>(q);
    }
    SetThreads(1);
    const S one = Dot(n, In(x, conj_x), In(y, conj_y));
    EXPECT_TRUE(IsClose<S>(one, S(1), Exact<S>(sum), magnitude, S(0), Exact<S>(0), n)) << n;
    SetThreads(3);
    const S three = Dot(n, In(x, conj_x), In(y, conj_y));
    EXPECT_EQ(std::memcmp(&one, &three, sizeof(S)), 0) << n;
  }
}

// As ConjugateFlagsGiveTheBitsOfConjugates of gemm_test.cc.
TYPED_TEST(GemvTest, DotOfConjugatesEndsInZeroWithoutSign) {
  using T = TypeParam;
  if constexpr (kIsComplex<T>) {
    const std::vector<T> x = {T(1, 0), T(2, 1), T(2, -1)};
    for (int flags = 0; flags < 4; ++flags) {
      for (int64_t stride : {1, -1}) {
        const T* begin = stride == 1 ? x.data() : x.data() + 2;
        const T dot =
            Dot<T>(3, {begin, stride, (flags & 1) != 0}, {begin, stride, (flags & 2) != 0});
        EXPECT_EQ(dot.imag(), 0);
        EXPECT_FALSE(std::signbit(dot.imag())) << flags;
      }
    }
  }
}

TYPED_TEST(GemvTest, Ger) {
  using T = TypeParam;
  using S = AccumulatorOf<T>;
  Random random(6);
  for (int round = 0; round < 200; ++round) {
    const int64_t m = random.Int(0, round < 190 ? 20 : 400), n = random.Int(0, 40);
    Matrices<T> x(random, 1, m, 1, Matrices<T>::Use::kRead);
    Matrices<T> y(random, 1, n, 1, Matrices<T>::Use::kRead);
    Matrices<T> c0(random, 1, m, n, Matrices<T>::Use::kRead);
    Matrices<T> c(random, 1, m, n, Matrices<T>::Use::kWrite);
    const std::vector<T> before = c.buffer();
    const bool conj_x = random.Coin(), conj_y = random.Coin();
    GerArgs<T> args;
    args.m = m;
    args.n = n;
    args.x = In(x, conj_x);
    args.y = In(y, conj_y);
    args.c0 = c0.in(false);
    args.c = c.out();
    args.alpha = random.Factor<S>();
    args.beta = random.Factor<S>();
    if (args.beta == S(0)) args.c0.data = nullptr;
    Ger(args);
    int64_t wrong = c.ChangedOutside(before);
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        const Exact<T> p = ToExact(x.At(0, i, 0)), q = ToExact(y.At(0, j, 0));
        const Exact<T> product = Multiply(conj_x ? Conjugate(p) : p, conj_y ? Conjugate(q) : q);
        const long double magnitude = Magnitude<T>(p) * Magnitude<T>(q);
        if (!IsClose<T>(c.At(0, i, j), args.alpha, product, magnitude, args.beta,
                        ToExact(c0.At(0, i, j)), 1)) {
          ++wrong;
        }
      }
    }
    ASSERT_EQ(wrong, 0) << m << "x" << n;
  }
}

}  // namespace
}  // namespace otium::cpu
