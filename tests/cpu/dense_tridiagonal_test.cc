// SPDX-License-Identifier: Apache-2.0
//
// The reduction to tridiagonal matrices, of sizes about the edges of its blocks, by
// LAPACK's ratios; numbers near the ends of the range; the same bits by any threads.

#include "backends/cpu/dense_tridiagonal.h"

#include <cmath>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

#include "backends/cpu/parallel.h"
#include "backends/cpu/reflectors.h"
#include "backends/cpu/scratch.h"
#include "backends/cpu/symmetric_kernel.h"
#include "gtest/gtest.h"

namespace otium::cpu {
namespace {

template <class T>
struct Reduced {
  explicit Reduced(int64_t n) : diagonal(n), beside(n), tau(n) {}
  std::vector<T> a, diagonal, beside, tau;
};

template <class T>
class DenseTridiagonal : public testing::Test {
 protected:
  static constexpr double kEpsilon = std::numeric_limits<T>::epsilon();
  std::mt19937 random{7};

  // Rows of a symmetric matrix, ld apart; above the diagonal is what must not be read.
  std::vector<T> Lower(int64_t n, int64_t ld, double scale) {
    std::normal_distribution<double> normal;
    std::vector<T> a(n * ld, std::numeric_limits<T>::quiet_NaN());
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t j = 0; j <= i; ++j) a[i * ld + j] = static_cast<T>(scale * normal(random));
    }
    return a;
  }

  Reduced<T> Reduce(const std::vector<T>& a, int64_t n, int64_t ld) {
    Workspace counted(nullptr);
    const TridiagonalArrays<T> sizes(counted, n);
    const Scratch<char> memory(counted.used());
    Workspace workspace(memory.data());
    Reduced<T> r(n);
    r.a = a;
    ReduceToTridiagonal<T>({r.a.data(), n, n, ld, 1}, TridiagonalArrays<T>(workspace, n),
                           r.diagonal.data(), r.beside.data(), r.tau.data());
    return r;
  }

  // |A - Q T Q.T| / (n |A| eps), |A| at least its elements' size, and |I - Q.T Q| / (n eps),
  // in the largest elements, below 30.
  void Check(const std::vector<T>& a, int64_t n, int64_t ld, double scale) {
    Reduced<T> r = Reduce(a, n, ld);
    const Matrix<T> A{r.a.data(), n, n, ld, 1};
    std::vector<T> q(n * n);
    const Matrix<T> Q = RowMajor(q.data(), n, n);
    for (int64_t i = 0; i < n; ++i) Q(i, i) = 1;
    std::vector<T> memory(ReflectorMemory(n - 1, n - 1, n - 1));
    ApplyReflectors<T>(ReflectorsOf(A), r.tau.data(), /*adjoint=*/false,
                       Q.Block(1, 1, n - 1, n - 1), memory.data());
    const double allowed = 30 * static_cast<double>(n) * kEpsilon;
    // Q T, in double.
    std::vector<double> qt(n * n);
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        double sum = double(Q(i, j)) * r.diagonal[j];
        if (j > 0) sum += double(Q(i, j - 1)) * r.beside[j - 1];
        if (j + 1 < n) sum += double(Q(i, j + 1)) * r.beside[j];
        qt[i * n + j] = sum / scale;
      }
    }
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t j = 0; j <= i; ++j) {
        double product = 0, gram = 0;
        for (int64_t k = 0; k < n; ++k) {
          product += qt[i * n + k] * Q(j, k);
          gram += double(Q(i, k)) * Q(j, k);
        }
        // In reverse order.
        const double expected = a[(n - 1 - j) * ld + n - 1 - i] / scale;
        ASSERT_NEAR(product, expected, allowed) << n << " at " << i << " " << j;
        ASSERT_NEAR(gram, i == j, allowed) << n << " at " << i << " " << j;
      }
    }
  }
};

using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(DenseTridiagonal, Types);

TYPED_TEST(DenseTridiagonal, GivesTheMatrix) {
  for (int64_t n = kSymmetricSquare; n <= 70; ++n) this->Check(this->Lower(n, n, 1), n, n, 1);
  for (const int64_t n : {95, 96, 97, 128, 129, 161, 290}) {
    this->Check(this->Lower(n, n + 3, 1), n, n + 3, 1);
  }
}

TYPED_TEST(DenseTridiagonal, NumbersNearTheEndsOfTheRange) {
  const double huge = std::is_same_v<TypeParam, float> ? 1e18 : 1e150;
  for (const double scale : {huge, 1 / huge}) {
    this->Check(this->Lower(75, 75, scale), 75, 75, scale);
  }
}

TYPED_TEST(DenseTridiagonal, GradedRows) {
  const int64_t n = 80;
  for (const bool last_is_largest : {false, true}) {
    std::vector<TypeParam> a = this->Lower(n, n, 1);
    const auto factor = [&](int64_t i) {
      return std::pow(10, -10 * double(last_is_largest ? n - 1 - i : i) / n);
    };
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t j = 0; j <= i; ++j) a[i * n + j] *= TypeParam(factor(i) * factor(j));
    }
    this->Check(a, n, n, 1);
  }
}

TYPED_TEST(DenseTridiagonal, NothingToReflect) {
  // Tridiagonal already: itself, in reverse order.
  const int64_t n = 40;
  std::vector<TypeParam> a(n * n);
  for (int64_t i = 0; i < n; ++i) {
    a[i * n + i] = TypeParam(i);
    if (i > 0) a[i * n + i - 1] = TypeParam(0.5);
  }
  const Reduced<TypeParam> r = this->Reduce(a, n, n);
  for (int64_t i = 0; i < n; ++i) {
    EXPECT_EQ(r.diagonal[i], n - 1 - i);
    if (i + 1 == n) continue;
    EXPECT_EQ(r.beside[i], TypeParam(0.5));
    EXPECT_EQ(r.tau[i], 0);
  }
}

TYPED_TEST(DenseTridiagonal, SameBitsForAnyThreads) {
  const int before = Threads();
  const int64_t n = std::is_same_v<TypeParam, float> ? 640 : 450;  // Three tasks.
  const std::vector<TypeParam> a = this->Lower(n, n, 1);
  SetThreads(1);
  const Reduced<TypeParam> one = this->Reduce(a, n, n);
  for (const int threads : {2, 3}) {
    SetThreads(threads);
    const Reduced<TypeParam> r = this->Reduce(a, n, n);
    EXPECT_EQ(r.diagonal, one.diagonal);
    EXPECT_EQ(r.beside, one.beside);
    EXPECT_EQ(r.tau, one.tau);
  }
  SetThreads(before);
}

}  // namespace
}  // namespace otium::cpu
