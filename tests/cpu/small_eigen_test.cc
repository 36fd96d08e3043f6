// SPDX-License-Identifier: Apache-2.0
//
// Groups of small symmetric matrices: LAPACK's ratios for all sizes, spectra that are known,
// also near the ends of the range; that a matrix has the same bits in any lane and any company,
// and that what is not finite is told of its lane.

#include "backends/cpu/small_eigen.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

#include "backends/cpu/scratch.h"
#include "gtest/gtest.h"

namespace otium::cpu {
namespace {

// One matrix after the other, with a group over them.
template <class T>
struct Batch {
  Batch(int64_t count, int64_t n)
      : n(n),
        a(count * n * n),
        values(count * n),
        vectors(count * n * n),
        memory(SmallEigenElements(n)) {
    group.count = count;
    group.n = n;
    group.has_vectors = true;
    group.memory = memory.data();
    for (int64_t l = 0; l < count; ++l) {
      group.a[l] = a.data() + l * n * n;
      group.values[l] = values.data() + l * n;
      group.vectors[l] = vectors.data() + l * n * n;
    }
  }
  double A(int64_t l, int64_t i, int64_t j) const { return a[(l * n + i) * n + j]; }
  double V(int64_t l, int64_t i, int64_t j) const { return vectors[(l * n + i) * n + j]; }

  int64_t n;
  std::vector<T> a, values, vectors;
  Scratch<T> memory;
  SmallEigenGroup<T> group;
};

template <class T>
class SmallEigen : public testing::Test {
 protected:
  static constexpr bool kIsFloat = std::is_same_v<T, float>;
  static constexpr double kEpsilon = std::numeric_limits<T>::epsilon();
  const SmallEigenKernels<T>& kernels = BestSmallEigenKernels<T>();
  std::mt19937 random{7};

  void FillSymmetric(double scale, Batch<T>* batch) {
    std::normal_distribution<double> normal;
    const int64_t n = batch->n;
    for (int64_t l = 0; l < batch->group.count; ++l) {
      T* const a = batch->a.data() + l * n * n;
      for (int64_t i = 0; i < n; ++i) {
        for (int64_t j = 0; j <= i; ++j) {
          a[i * n + j] = a[j * n + i] = static_cast<T>(scale * normal(random));
        }
      }
    }
  }

  // |A - V w V.T| / (n |A| eps) and |I - V.T V| / (n eps), in the largest elements, below 30;
  // ascending.
  void ExpectEigen(const Batch<T>& batch, double scale) {
    const int64_t n = batch.n;
    const double allowed = 30 * static_cast<double>(n) * kEpsilon;
    for (int64_t l = 0; l < batch.group.count; ++l) {
      ASSERT_TRUE(batch.group.is_finite[l]);
      const T* const w = batch.group.values[l];
      EXPECT_TRUE(std::is_sorted(w, w + n));
      for (int64_t i = 0; i < n; ++i) {
        for (int64_t j = 0; j < n; ++j) {
          double product = 0, gram = 0;
          for (int64_t k = 0; k < n; ++k) {
            product += batch.V(l, i, k) * (w[k] / scale) * batch.V(l, j, k);
            gram += batch.V(l, k, i) * batch.V(l, k, j);
          }
          ASSERT_NEAR(product, batch.A(l, i, j) / scale, allowed) << n;
          ASSERT_NEAR(gram, i == j, allowed) << n;
        }
      }
    }
  }
};

using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(SmallEigen, Types);

TYPED_TEST(SmallEigen, VectorsGiveTheMatrix) {
  for (int64_t n = 1; n <= kSmallMatrix; ++n) {
    Batch<TypeParam> batch(this->kernels.lanes, n);
    this->FillSymmetric(1, &batch);
    this->kernels.symmetric(batch.group);
    this->ExpectEigen(batch, 1);
    // The values alone are the same.
    const std::vector<TypeParam> values = batch.values;
    batch.group.has_vectors = false;
    this->kernels.symmetric(batch.group);
    EXPECT_EQ(batch.values, values);
  }
}

TYPED_TEST(SmallEigen, NumbersNearTheEndsOfTheRange) {
  const double normal = std::numeric_limits<TypeParam>::min() / this->kEpsilon;
  for (const double scale : this->kIsFloat ? std::vector{1e-30, 1e30, 1e36, normal}
                                           : std::vector{1e-150, 1e150, 1e300, normal}) {
    for (const int64_t n : {1, 2, 3, 8, 16}) {
      Batch<TypeParam> batch(this->kernels.lanes, n);
      this->FillSymmetric(scale, &batch);
      this->kernels.symmetric(batch.group);
      this->ExpectEigen(batch, scale);
    }
  }
}

// Of the second difference: 2 - 2 cos(k pi / (n + 1)).
TYPED_TEST(SmallEigen, ValuesOfTheSecondDifference) {
  for (int64_t n = 1; n <= kSmallMatrix; ++n) {
    Batch<TypeParam> batch(1, n);
    for (int64_t i = 0; i < n; ++i) {
      batch.a[i * n + i] = 2;
      if (i > 0) batch.a[i * n + i - 1] = batch.a[(i - 1) * n + i] = -1;
    }
    this->kernels.symmetric(batch.group);
    for (int64_t k = 0; k < n; ++k) {
      const double angle = M_PI * static_cast<double>(k + 1) / static_cast<double>(n + 1);
      EXPECT_NEAR(batch.values[k], 2 - 2 * std::cos(angle), 4 * n * this->kEpsilon) << n;
    }
  }
}

// What may be left beside the diagonal: n (n - 1) elements of eps |A| / n together come to a
// rounding error of A, in Frobenius' norm. Twice that is rotated. To the first order then the
// vectors of a diagonal d with x beside it are those of the identity with x / (d_j - d_i).
TYPED_TEST(SmallEigen, WhatIsNotNegligibleIsRotated) {
  for (int64_t n = 2; n <= kSmallMatrix; ++n) {
    Batch<TypeParam> batch(1, n);
    double squares = 0;
    for (int64_t i = 1; i <= n; ++i) squares += static_cast<double>(i * i);
    const double beside = 2 * this->kEpsilon * std::sqrt(squares) / static_cast<double>(n);
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        batch.a[i * n + j] = static_cast<TypeParam>(i == j ? i + 1 : beside);
      }
    }
    this->kernels.symmetric(batch.group);
    // Of the second order, and what rotations of zeros and of such small angles round.
    const double allowed = 4 * n * this->kEpsilon * beside;
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        const double expected = i == j ? 1 : beside / static_cast<double>(j - i);
        const double sign = batch.V(0, j, j) < 0 ? -1 : 1;
        ASSERT_NEAR(sign * batch.V(0, i, j), expected, i == j ? this->kEpsilon : allowed)
            << n << ": " << i << ", " << j;
      }
    }
  }
}

// Equal values, of rank one and of the identity; zero.
TYPED_TEST(SmallEigen, EqualValues) {
  for (const int64_t n : {2, 3, 8, 16}) {
    Batch<TypeParam> batch(std::min<int64_t>(this->kernels.lanes, 3), n);
    for (int64_t l = 0; l < batch.group.count; ++l) {
      for (int64_t e = 0; e < n * n; ++e) {
        batch.a[l * n * n + e] = static_cast<TypeParam>(l == 0 ? 1 : l == 1 ? e % (n + 1) == 0 : 0);
      }
    }
    this->kernels.symmetric(batch.group);
    this->ExpectEigen(batch, 1);
    EXPECT_NEAR(batch.values[n - 1], n, 4 * n * this->kEpsilon);
  }
}

// A diagonal has its vectors, in the order of its values, exactly.
TYPED_TEST(SmallEigen, DiagonalsAreSorted) {
  Batch<TypeParam> batch(1, 3);
  batch.a = {3, 0, 0, 0, -1, 0, 0, 0, 2};
  this->kernels.symmetric(batch.group);
  EXPECT_EQ(batch.values, (std::vector<TypeParam>{-1, 2, 3}));
  EXPECT_EQ(batch.vectors, (std::vector<TypeParam>{0, 0, 1, 1, 0, 0, 0, 1, 0}));
}

TYPED_TEST(SmallEigen, ReadsOneTriangle) {
  for (const int64_t n : {2, 5, 16}) {
    for (const bool upper : {false, true}) {
      Batch<TypeParam> batch(this->kernels.lanes, n);
      this->FillSymmetric(1, &batch);
      const std::vector<TypeParam> whole = batch.a;
      for (int64_t l = 0; l < batch.group.count; ++l) {
        for (int64_t i = 0; i < n; ++i) {
          for (int64_t j = 0; j < i; ++j) {
            batch.a[(l * n + (upper ? i : j)) * n + (upper ? j : i)] =
                std::numeric_limits<TypeParam>::quiet_NaN();
          }
        }
      }
      batch.group.upper = upper;
      this->kernels.symmetric(batch.group);
      batch.a = whole;
      this->ExpectEigen(batch, 1);
    }
  }
}

// A matrix alone, and as each member of a group in which others want more rotations, other
// scales, or are not finite.
TYPED_TEST(SmallEigen, CompanyChangesNoBit) {
  for (const int64_t n : {1, 2, 3, 4, 7, 16}) {
    Batch<TypeParam> many(this->kernels.lanes, n);
    this->FillSymmetric(1, &many);
    for (int64_t l = 0; l < many.group.count; ++l) {
      TypeParam* const a = many.a.data() + l * n * n;
      for (int64_t i = 0; i < n; ++i) {
        for (int64_t j = 0; j < n; ++j) {
          if (l % 5 == 1 && i != j) a[i * n + j] *= TypeParam(1e-5);
          if (l % 5 == 2 && i != j) a[i * n + j] = -TypeParam(0);
          if (l % 5 == 3) a[i * n + j] *= TypeParam(1e-30);
        }
      }
      if (l % 5 == 2) a[0] = -TypeParam(0);
      if (l % 5 == 4) a[n * n - 1] = std::numeric_limits<TypeParam>::infinity();
      if (l % 8 == 7) a[(n - 1) * n] = std::numeric_limits<TypeParam>::quiet_NaN();
    }
    this->kernels.symmetric(many.group);
    for (int64_t l = 0; l < many.group.count; ++l) {
      ASSERT_EQ(many.group.is_finite[l], l % 5 != 4 && l % 8 != 7);
      if (!many.group.is_finite[l]) continue;
      Batch<TypeParam> one(1, n);
      std::copy_n(many.group.a[l], n * n, one.a.begin());
      this->kernels.symmetric(one.group);
      ASSERT_EQ(std::memcmp(one.values.data(), many.group.values[l], n * sizeof(TypeParam)), 0);
      ASSERT_EQ(std::memcmp(one.vectors.data(), many.group.vectors[l], n * n * sizeof(TypeParam)),
                0);
    }
  }
}

}  // namespace
}  // namespace otium::cpu
