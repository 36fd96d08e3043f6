// SPDX-License-Identifier: Apache-2.0
//
// Groups of small least squares: LAPACK's ratios for all sizes, also near the ends of the range
// that is not scaled; what is left to others; that a system has the same bits in any lane
// and any company.

#include "backends/cpu/small_least_squares.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <type_traits>
#include <utility>
#include <vector>

#include "backends/cpu/power_scale.h"
#include "backends/cpu/scratch.h"
#include "gtest/gtest.h"

namespace otium::cpu {
namespace {

// One system after the other, with a group over the first of them.
template <class T>
struct Batch {
  Batch(int64_t count, int64_t m, int64_t n, int64_t columns)
      : a(count * m * n),
        b(count * m * columns),
        x(count * n * columns),
        residuals(count * columns),
        memory(SmallLeastSquaresElements(m, n, columns)) {
    group.count = count;
    group.m = m;
    group.n = n;
    group.columns = columns;
    group.most_condition = std::numeric_limits<double>::infinity();
    group.has_residuals = true;
    group.memory = memory.data();
    for (int64_t l = 0; l < count; ++l) {
      group.a[l] = a.data() + l * m * n;
      group.b[l] = b.data() + l * m * columns;
      group.x[l] = x.data() + l * n * columns;
      group.residuals[l] = residuals.data() + l * columns;
    }
  }

  std::vector<T> a, b, x, residuals;
  Scratch<T> memory;
  SmallLeastSquaresGroup<T> group;
};

template <class T>
class SmallLeastSquares : public testing::Test {
 protected:
  static constexpr double kEpsilon = std::numeric_limits<T>::epsilon();
  const SmallLeastSquaresKernels<T>& kernels = BestSmallLeastSquaresKernels<T>();
  std::mt19937 random{3};

  void FillRandom(double scale, std::vector<T>* values) {
    std::normal_distribution<double> normal;
    for (T& v : *values) v = static_cast<T>(scale * normal(random));
  }

  // |A.T (B - A X)| / (|A| (|A| |X| + |B|) m eps) below 30, and the squares of the residuals to
  // 30 m eps (|A| |X| + |B|)^2, for A and B brought to order 1.
  void ExpectLeast(const Batch<T>& batch, double scale_of_A, double scale_of_B) {
    const int64_t m = batch.group.m, n = batch.group.n, columns = batch.group.columns;
    for (int64_t l = 0; l < batch.group.count; ++l) {
      ASSERT_TRUE(batch.group.is_solved[l]);
      auto A = [&](int64_t i, int64_t j) { return batch.group.a[l][i * n + j] / scale_of_A; };
      auto X = [&](int64_t i, int64_t j) {
        return batch.group.x[l][i * columns + j] / (scale_of_B / scale_of_A);
      };
      double of_A = 0;
      for (int64_t i = 0; i < m; ++i) {
        for (int64_t j = 0; j < n; ++j) of_A = std::hypot(of_A, A(i, j));
      }
      for (int64_t c = 0; c < columns; ++c) {
        double of_B = 0, of_X = 0, square = 0;
        std::vector<double> left(m);
        for (int64_t j = 0; j < n; ++j) of_X = std::hypot(of_X, X(j, c));
        for (int64_t i = 0; i < m; ++i) {
          left[i] = batch.group.b[l][i * columns + c] / scale_of_B;
          of_B = std::hypot(of_B, left[i]);
          for (int64_t j = 0; j < n; ++j) left[i] -= A(i, j) * X(j, c);
          square += left[i] * left[i];
        }
        const double size = of_A * of_X + of_B;
        const double allowed = 30 * static_cast<double>(m) * kEpsilon;
        for (int64_t j = 0; j < n; ++j) {
          double sum = 0;
          for (int64_t i = 0; i < m; ++i) sum += A(i, j) * left[i];
          ASSERT_LE(std::abs(sum), allowed * of_A * size) << m << " x " << n;
        }
        ASSERT_NEAR(batch.group.residuals[l][c] / scale_of_B / scale_of_B, square,
                    allowed * size * size)
            << m << " x " << n;
      }
    }
  }
};

using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(SmallLeastSquares, Types);

TYPED_TEST(SmallLeastSquares, AllSizes) {
  for (int64_t n = 1; n <= kSmallMatrix; ++n) {
    for (const int64_t more : {0, 1, 2, 5, 16}) {
      for (const int64_t columns : {1, 3, 16}) {
        Batch<TypeParam> batch(this->kernels.lanes, n + more, n, columns);
        this->FillRandom(1, &batch.a);
        this->FillRandom(1, &batch.b);
        this->kernels.solve(batch.group);
        this->ExpectLeast(batch, 1, 1);
      }
    }
  }
}

TYPED_TEST(SmallLeastSquares, NumbersNearTheEndsOfTheRange) {
  const double least = LeastUnscaled<TypeParam>();
  for (const double of_A : {1.0, 4 * least, 0.1 / least}) {
    for (const double of_B : {1.0, 4 * least, 0.1 / least}) {
      Batch<TypeParam> batch(this->kernels.lanes, 7, 3, 2);
      this->FillRandom(of_A, &batch.a);
      this->FillRandom(of_B, &batch.b);
      this->kernels.solve(batch.group);
      this->ExpectLeast(batch, of_A, of_B);
    }
  }
}

// Zero is in the range as a right-hand side, but as a matrix singular.
TYPED_TEST(SmallLeastSquares, Zeros) {
  Batch<TypeParam> batch(2, 5, 3, 2);
  this->FillRandom(1, &batch.a);
  this->FillRandom(1, &batch.b);
  std::fill_n(batch.b.begin(), 10, 0);
  std::fill_n(batch.a.begin() + 15, 15, 0);
  this->kernels.solve(batch.group);
  EXPECT_TRUE(batch.group.is_solved[0]);
  for (int64_t i = 0; i < 6; ++i) EXPECT_EQ(batch.x[i], 0);
  EXPECT_FALSE(batch.group.is_solved[1]);
}

// A diagonal of five 1 and 1/k is of the condition sqrt(5 + 1/k^2) sqrt(5 + k^2); k is in one
// block of columns of the inverse or the other.
TYPED_TEST(SmallLeastSquares, ConditionOnEitherSide) {
  for (const double k : {1.0, 10.0, 1000.0}) {
    const double condition = std::sqrt(5 + 1 / (k * k)) * std::sqrt(5 + k * k);
    for (const int64_t place : {0, 5}) {
      for (const double factor : {0.999, 1.001}) {
        Batch<TypeParam> batch(1, 7, 6, 1);
        for (int64_t i = 0; i < 6; ++i) {
          batch.a[i * 6 + i] = static_cast<TypeParam>(i == place ? 1 / k : 1);
        }
        batch.group.most_condition = factor * condition;
        this->kernels.solve(batch.group);
        EXPECT_EQ(batch.group.is_solved[0], factor > 1) << k << " " << place;
      }
    }
  }
}

// In one lane what is to be left alone: the others have the bits that they have alone.
TYPED_TEST(SmallLeastSquares, CompanyChangesNoBit) {
  const double least = LeastUnscaled<TypeParam>();
  const int64_t lanes = this->kernels.lanes;
  for (const auto& [m, n] : {std::pair{1, 1}, {3, 3}, {6, 3}, {32, 16}}) {
    for (const double bad : {double{NAN}, HUGE_VAL, -HUGE_VAL, 4 / least, least / 4, 0.0}) {
      for (const bool is_in_A : {true, false}) {
        Batch<TypeParam> many(lanes, m, n, 2);
        this->FillRandom(1, &many.a);
        this->FillRandom(1, &many.b);
        const int64_t lane = lanes / 2;
        std::vector<TypeParam>& values = is_in_A ? many.a : many.b;
        const int64_t size = static_cast<int64_t>(values.size()) / lanes;
        // What is small must be so everywhere, else one is enough.
        const int64_t first = std::abs(bad) < 1 ? 0 : size - 1;
        for (int64_t e = first; e < size; ++e) {
          values[lane * size + e] = static_cast<TypeParam>(bad);
        }
        this->kernels.solve(many.group);
        for (int64_t l = 0; l < lanes; ++l) {
          const bool is_bad = l == lane && (is_in_A || bad != 0);
          ASSERT_EQ(many.group.is_solved[l], !is_bad) << bad << " " << is_in_A;
          if (is_bad) continue;
          Batch<TypeParam> one(1, m, n, 2);
          std::copy_n(many.group.a[l], m * n, one.a.begin());
          std::copy_n(many.group.b[l], m * 2, one.b.begin());
          this->kernels.solve(one.group);
          auto expect_same = [](const std::vector<TypeParam>& x, const TypeParam* y) {
            ASSERT_EQ(std::memcmp(x.data(), y, x.size() * sizeof(TypeParam)), 0);
          };
          expect_same(one.x, many.group.x[l]);
          expect_same(one.residuals, many.group.residuals[l]);
        }
      }
    }
  }
}

}  // namespace
}  // namespace otium::cpu
