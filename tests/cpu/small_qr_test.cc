// SPDX-License-Identifier: Apache-2.0
//
// Groups of small QR factorizations: LAPACK's ratios and signs for all sizes, also near the
// ends of the range; that a matrix has the same bits in any lane and any company, and that
// what is not finite stays in its lane.

#include "backends/cpu/small_qr.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstring>
#include <limits>
#include <random>
#include <type_traits>
#include <utility>
#include <vector>

#include "backends/cpu/matrix_batch.h"
#include "backends/cpu/scratch.h"
#include "gtest/gtest.h"
#include "tests/cpu/element_types.h"

namespace otium::cpu {
namespace {

// One matrix after the other, with a group over the first of them.
template <class T>
struct Batch {
  Batch(int64_t count, int64_t m, int64_t n, int64_t columns)
      : m(m),
        n(n),
        columns(columns),
        a(count * m * n),
        q(count * m * columns),
        r(count * m * n),
        tau(count * std::min(m, n)),
        memory(SmallQrElements(m, n, columns)) {
    group.count = count;
    group.m = m;
    group.n = n;
    group.columns = columns;
    group.has_Q = true;
    group.memory = memory.data();
    for (int64_t l = 0; l < count; ++l) {
      group.a[l] = a.data() + l * m * n;
      group.q[l] = q.data() + l * m * columns;
      group.r[l] = r.data() + l * m * n;
      group.tau[l] = tau.data() + l * std::min(m, n);
    }
  }
  Wide<T> A(int64_t l, int64_t i, int64_t j) const { return a[(l * m + i) * n + j]; }
  Wide<T> Q(int64_t l, int64_t i, int64_t j) const { return group.q[l][i * columns + j]; }
  Wide<T> R(int64_t l, int64_t i, int64_t j) const { return group.r[l][i * n + j]; }

  int64_t m, n, columns;
  std::vector<T> a, q, r, tau;
  Scratch<T> memory;
  SmallQrGroup<T> group;
};

template <class T>
class SmallQr : public testing::Test {
 protected:
  static constexpr bool kIsFloat = std::is_same_v<RealType<T>, float>;
  static constexpr double kEpsilon = std::numeric_limits<RealType<T>>::epsilon();
  const SmallQrKernels<T>& kernels = BestSmallQrKernels<T>();
  std::mt19937 random{3};

  void FillRandom(double scale, std::vector<T>* values) {
    std::normal_distribution<double> normal;
    for (T& v : *values) {
      v = static_cast<T>(scale * normal(random));
      if constexpr (kIsComplex<T>) v.imag(static_cast<RealType<T>>(scale * normal(random)));
    }
  }

  // |A - Q R| / (max(m, n) |A| eps) and |I - Q.H Q| / (m eps), in the largest elements,
  // below 30; zeros below the diagonal of R, which is real.
  void ExpectFactors(const Batch<T>& batch, double scale) {
    using W = Wide<T>;
    const int64_t m = batch.m, n = batch.n;
    const double allowed = 30 * static_cast<double>(std::max(m, n)) * kEpsilon;
    for (int64_t l = 0; l < batch.group.count; ++l) {
      for (int64_t i = 0; i < batch.columns; ++i) {
        for (int64_t j = 0; j < std::min(i, n); ++j) ASSERT_EQ(batch.R(l, i, j), W(0));
        if (i < n) {
          ASSERT_EQ(std::imag(batch.R(l, i, i)), 0);
        }
      }
      for (int64_t i = 0; i < m; ++i) {
        for (int64_t j = 0; j < n; ++j) {
          W sum = 0;
          for (int64_t k = 0; k < batch.columns; ++k) {
            sum += batch.Q(l, i, k) * (batch.R(l, k, j) / scale);
          }
          ASSERT_LE(std::abs(sum - batch.A(l, i, j) / scale), allowed) << m << " x " << n;
        }
      }
      for (int64_t i = 0; i < batch.columns; ++i) {
        for (int64_t j = 0; j < batch.columns; ++j) {
          W sum = 0;
          for (int64_t k = 0; k < m; ++k) sum += Conjugate(batch.Q(l, k, i)) * batch.Q(l, k, j);
          ASSERT_LE(std::abs(sum - W(i == j)), allowed) << m << " x " << n;
        }
      }
    }
  }
};

using Types = testing::Types<float, double, std::complex<float>, std::complex<double>>;
TYPED_TEST_SUITE(SmallQr, Types);

TYPED_TEST(SmallQr, FactorsGiveTheMatrix) {
  for (int64_t m = 1; m <= kSmallMatrix; ++m) {
    for (int64_t n = 1; n <= kSmallMatrix; ++n) {
      for (const int64_t columns : {std::min(m, n), m}) {
        Batch<TypeParam> batch(this->kernels.lanes, m, n, columns);
        this->FillRandom(1, &batch.a);
        this->kernels.qr(batch.group);
        this->ExpectFactors(batch, 1);
      }
    }
  }
}

// Sums of squares, and what divides by them, would leave the range.
TYPED_TEST(SmallQr, NumbersNearTheEndsOfTheRange) {
  const double normal = std::numeric_limits<RealType<TypeParam>>::min() / this->kEpsilon;
  for (const double scale : this->kIsFloat ? std::vector{1e-30, 1e30, 1e36, normal}
                                           : std::vector{1e-150, 1e150, 1e300, normal}) {
    for (const int64_t n : {1, 2, 3, 8, 16}) {
      Batch<TypeParam> batch(this->kernels.lanes, 16, n, 16);
      this->FillRandom(scale, &batch.a);
      this->kernels.qr(batch.group);
      this->ExpectFactors(batch, scale);
    }
  }
}

// Numbers that have lost nearly all digits make as good a Q.
TYPED_TEST(SmallQr, TheSmallestNumbers) {
  Batch<TypeParam> batch(1, 5, 3, 5);
  std::uniform_int_distribution<int> digit(-9, 9);
  const double smallest = std::numeric_limits<RealType<TypeParam>>::denorm_min();
  for (TypeParam& x : batch.a) {
    x = static_cast<TypeParam>(digit(this->random) * smallest);
    x += Unit<TypeParam>() * static_cast<TypeParam>(digit(this->random) * smallest);
  }
  this->kernels.qr(batch.group);
  for (int64_t i = 0; i < 5; ++i) {
    for (int64_t j = 0; j < 5; ++j) {
      Wide<TypeParam> sum = 0;
      for (int64_t k = 0; k < 5; ++k) sum += Conjugate(batch.Q(0, k, i)) * batch.Q(0, k, j);
      ASSERT_LE(std::abs(sum - Wide<TypeParam>(i == j)), 30 * this->kEpsilon);
    }
  }
}

// The reflectors of one column by LAPACK's formulas: beta = -sign(alpha) |a|, tau =
// (beta - alpha) / beta, v = x / (alpha - beta).
TYPED_TEST(SmallQr, ReflectorsAreThoseOfLapack) {
  using T = TypeParam;
  for (const double sign : {1, -1}) {
    Batch<T> batch(1, 3, 1, 1);
    batch.a = {static_cast<T>(3 * sign), 0, 4};
    this->kernels.geqrf(batch.group);
    EXPECT_LE(std::abs(batch.r[0] + static_cast<T>(5 * sign)), 5 * this->kEpsilon);
    EXPECT_EQ(batch.r[1], T(0));
    EXPECT_LE(std::abs(batch.r[2] - static_cast<T>(0.5 * sign)), this->kEpsilon);
    EXPECT_LE(std::abs(batch.tau[0] - static_cast<T>(1.6)), 2 * this->kEpsilon);
  }
  // Of a negligible rest as well.
  constexpr RealType<T> kLeast = std::numeric_limits<RealType<T>>::min();
  Batch<T> batch(1, 2, 1, 1);
  batch.a = {1, kLeast};
  this->kernels.geqrf(batch.group);
  EXPECT_EQ(batch.r[0], T(-1));
  EXPECT_EQ(batch.r[1], T(kLeast / 2));
  EXPECT_EQ(batch.tau[0], T(2));
}

// beta is real, of the sign that the real part of alpha has not, also where nothing is below.
TYPED_TEST(SmallQr, ComplexReflectorsAreThoseOfLapack) {
  using T = TypeParam;
  if constexpr (kIsComplex<T>) {
    Batch<T> high(1, 3, 1, 1), square(1, 1, 1, 1);
    high.a = {T(-1, 2), T(0, 2), 4};
    this->kernels.geqrf(high.group);
    EXPECT_LE(std::abs(high.r[0] - T(5)), 5 * this->kEpsilon);
    EXPECT_LE(std::abs(high.r[1] - T(0, 2) / T(-6, 2)), 2 * this->kEpsilon);
    EXPECT_LE(std::abs(high.r[2] - T(4) / T(-6, 2)), 2 * this->kEpsilon);
    EXPECT_LE(std::abs(high.tau[0] - T(1.2, -0.4)), 2 * this->kEpsilon);
    square.a = {T(3, 4)};
    this->kernels.geqrf(square.group);
    EXPECT_LE(std::abs(square.r[0] - T(-5)), 5 * this->kEpsilon);
    EXPECT_LE(std::abs(square.tau[0] - T(1.6, 0.8)), 2 * this->kEpsilon);
  }
}

TYPED_TEST(SmallQr, NothingToReflect) {
  // Upper already, and zero; the sign of the first element stays.
  Batch<TypeParam> batch(1, 3, 2, 3);
  batch.a = {3, 1, 0, 2, 0, 0};
  this->kernels.geqrf(batch.group);
  EXPECT_EQ(batch.tau, (std::vector<TypeParam>{0, 0}));
  EXPECT_EQ(batch.r, batch.a);
  this->kernels.qr(batch.group);
  EXPECT_EQ(batch.r, batch.a);
  EXPECT_EQ(batch.q, (std::vector<TypeParam>{1, 0, 0, 0, 1, 0, 0, 0, 1}));
  batch.a.assign(6, 0);
  this->kernels.qr(batch.group);
  EXPECT_EQ(batch.r, batch.a);
  EXPECT_EQ(batch.q, (std::vector<TypeParam>{1, 0, 0, 0, 1, 0, 0, 0, 1}));
}

// Not even by a product of zero and infinity.
TYPED_TEST(SmallQr, WhatIsNotReflectedStays) {
  Batch<TypeParam> batch(1, 3, 2, 3);
  batch.a = {3, std::numeric_limits<RealType<TypeParam>>::infinity(), 0, 2, 0, 0};
  this->kernels.geqrf(batch.group);
  EXPECT_EQ(batch.r, batch.a);
}

// Zero columns and rows in some lanes, beside lanes that have none.
TYPED_TEST(SmallQr, ZeroColumnsAndRows) {
  for (int64_t zero = 0; zero < 5; ++zero) {
    Batch<TypeParam> batch(this->kernels.lanes, 6, 5, 6);
    this->FillRandom(1, &batch.a);
    for (int64_t l = 0; l < batch.group.count; l += 2) {
      for (int64_t i = 0; i < 6; ++i) batch.a[(l * 6 + i) * 5 + zero] = 0;
      for (int64_t j = 0; j < 5; ++j) batch.a[(l * 6 + zero) * 5 + j] = 0;
    }
    this->kernels.qr(batch.group);
    this->ExpectFactors(batch, 1);
  }
}

TYPED_TEST(SmallQr, WithoutQ) {
  for (const auto& [m, n] : {std::pair{5, 3}, {3, 5}, {16, 16}}) {
    Batch<TypeParam> with(this->kernels.lanes, m, n, std::min(m, n));
    this->FillRandom(1, &with.a);
    this->kernels.qr(with.group);
    Batch<TypeParam> without(this->kernels.lanes, m, n, std::min(m, n));
    without.a = with.a;
    without.q.assign(without.q.size(), 7);
    without.group.has_Q = false;
    this->kernels.qr(without.group);
    EXPECT_EQ(with.r, without.r);
    EXPECT_EQ(without.q, std::vector<TypeParam>(without.q.size(), 7));
  }
}

// A matrix alone, and as each member of a group in which others want scaling, or have
// nothing to reflect.
TYPED_TEST(SmallQr, CompanyChangesNoBit) {
  for (const auto& [m, n] : {std::pair{1, 1}, {2, 2}, {3, 3}, {5, 8}, {13, 7}, {16, 16}}) {
    Batch<TypeParam> many(this->kernels.lanes, m, n, m);
    this->FillRandom(1, &many.a);
    const TypeParam scales[] = {1, TypeParam(1e-25), TypeParam(1e25), 0};
    for (int64_t l = 0; l < many.group.count; ++l) {
      for (int64_t e = 0; e < m * n; ++e) many.a[l * m * n + e] *= scales[l % 4];
    }
    for (auto kernel : {this->kernels.qr, this->kernels.geqrf}) {
      kernel(many.group);
      for (int64_t l = 0; l < many.group.count; ++l) {
        Batch<TypeParam> one(1, m, n, m);
        std::copy_n(many.group.a[l], m * n, one.a.begin());
        kernel(one.group);
        auto expect_same = [](const std::vector<TypeParam>& x, const TypeParam* y) {
          ASSERT_EQ(std::memcmp(x.data(), y, x.size() * sizeof(TypeParam)), 0);
        };
        expect_same(one.r, many.group.r[l]);
        if (kernel == this->kernels.qr) expect_same(one.q, many.group.q[l]);
        else expect_same(one.tau, many.group.tau[l]);
      }
    }
  }
}

// NaN is in all that comes of it, and in nothing else: neither in the columns before it nor
// in other lanes.
TYPED_TEST(SmallQr, NanStaysInItsLane) {
  for (const double bad : {double{NAN}, HUGE_VAL}) {
    Batch<TypeParam> batch(this->kernels.lanes, 6, 4, 4);
    this->FillRandom(1, &batch.a);
    const int64_t lane = batch.group.count - 1;
    batch.a[lane * 24 + 3 * 4 + 2] = static_cast<TypeParam>(bad) * Unit<TypeParam>();
    this->kernels.qr(batch.group);
    bool any = false;
    for (int64_t l = 0; l < batch.group.count; ++l) {
      for (int64_t j = 0; j < 4; ++j) {
        for (int64_t i = 0; i <= j; ++i) {
          if (l < lane || j < 2) ASSERT_TRUE(IsFinite(batch.R(l, i, j))) << i << j;
          else any = any || !IsFinite(batch.R(l, i, j));
        }
      }
      bool q_is_finite = true;
      for (int64_t e = 0; e < 24; ++e) q_is_finite &= IsFinite(batch.group.q[l][e]);
      EXPECT_EQ(q_is_finite, l < lane);
    }
    EXPECT_EQ(any, true);
  }
  // Also the only one that is not zero.
  Batch<TypeParam> batch(1, 3, 1, 1);
  batch.a = {1, 0, TypeParam(NAN)};
  this->kernels.qr(batch.group);
  EXPECT_FALSE(IsFinite(batch.r[0]));
}

}  // namespace
}  // namespace otium::cpu
