// SPDX-License-Identifier: Apache-2.0
//
// The reduction to tridiagonal matrices, of sizes about the edges of its blocks, by
// LAPACK's ratios; numbers near the ends of the range; the same bits by any threads.

#include "backends/cpu/dense_tridiagonal.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

#include "backends/cpu/parallel.h"
#include "backends/cpu/reflectors.h"
#include "backends/cpu/scalar.h"
#include "backends/cpu/scratch.h"
#include "backends/cpu/symmetric_kernel.h"
#include "gtest/gtest.h"
#include "tests/cpu/numbers.h"

namespace otium::cpu {
namespace {

template <class T>
struct Reduced {
  explicit Reduced(int64_t n) : diagonal(n), beside(n), tau(n) {}
  std::vector<T> a;
  std::vector<Real<T>> diagonal, beside;
  std::vector<T> tau;
};

template <class T>
class DenseTridiagonal : public testing::Test {
 protected:
  static constexpr double kEpsilon = std::numeric_limits<Real<T>>::epsilon();
  std::mt19937 random{7};

  // Columns of a Hermitian matrix, ld apart; NaN is what must not be read: below the
  // diagonal, and what is imaginary on it.
  std::vector<T> Upper(int64_t n, int64_t ld, double scale) {
    constexpr Real<T> kNan = std::numeric_limits<Real<T>>::quiet_NaN();
    std::vector<T> a(n * ld, T(kNan));
    for (int64_t j = 0; j < n; ++j) {
      for (int64_t i = 0; i <= j; ++i) a[j * ld + i] = NormalNumber<T>(random, scale);
      if constexpr (kIsComplex<T>) a[j * ld + j].imag(kNan);
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
    ReduceToTridiagonal<T>({r.a.data(), n, n, 1, ld}, TridiagonalArrays<T>(workspace, n),
                           r.diagonal.data(), r.beside.data(), r.tau.data());
    return r;
  }

  // |A - Q T Q.H| / (n |A| eps), |A| at least its elements' size, and |I - Q.H Q| / (n eps),
  // in the largest elements, below 30.
  void Check(const std::vector<T>& a, int64_t n, int64_t ld, double scale) {
    using E = Exact<T>;
    Reduced<T> r = Reduce(a, n, ld);
    const Matrix<T> A{r.a.data(), n, n, 1, ld};
    std::vector<T> q(n * n);
    const Matrix<T> Q = RowMajor(q.data(), n, n);
    for (int64_t i = 0; i < n; ++i) Q(i, i) = 1;
    std::vector<T> memory(ReflectorMemory(n - 1, n - 1, n - 1));
    ApplyReflectors<T>(ReflectorsOf(A), r.tau.data(), /*adjoint=*/false,
                       Q.Block(1, 1, n - 1, n - 1), memory.data());
    const double allowed = 30 * static_cast<double>(n) * kEpsilon;
    // Q T, in double.
    std::vector<E> qt(n * n);
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        E sum = E(Q(i, j)) * double(r.diagonal[j]);
        if (j > 0) sum += E(Q(i, j - 1)) * double(r.beside[j - 1]);
        if (j + 1 < n) sum += E(Q(i, j + 1)) * double(r.beside[j]);
        qt[i * n + j] = sum / scale;
      }
    }
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t j = 0; j <= i; ++j) {
        E product = 0, gram = 0;
        for (int64_t k = 0; k < n; ++k) {
          product += Multiply(qt[i * n + k], Conjugate(E(Q(j, k))));
          gram += Multiply(E(Q(i, k)), Conjugate(E(Q(j, k))));
        }
        // In reverse order.
        const T given = a[(n - 1 - j) * ld + n - 1 - i];
        const E expected = i == j ? E(std::real(given)) : E(given);
        ASSERT_LE(std::abs(product - expected / scale), allowed) << n << " at " << i << " " << j;
        ASSERT_LE(std::abs(gram - E(i == j)), allowed) << n << " at " << i << " " << j;
      }
    }
  }
};

using Types = testing::Types<float, double, std::complex<float>, std::complex<double>>;
TYPED_TEST_SUITE(DenseTridiagonal, Types);

TYPED_TEST(DenseTridiagonal, GivesTheMatrix) {
  for (int64_t n = 2; n <= 70; ++n) {
    const int64_t ld = std::max(n, kSymmetricSquare);
    this->Check(this->Upper(n, ld, 1), n, ld, 1);
  }
  for (const int64_t n : {95, 96, 97, 128, 129, 161, 290}) {
    this->Check(this->Upper(n, n + 3, 1), n, n + 3, 1);
  }
}

TYPED_TEST(DenseTridiagonal, NumbersNearTheEndsOfTheRange) {
  const double huge = std::is_same_v<Real<TypeParam>, float> ? 1e18 : 1e150;
  for (const double scale : {huge, 1 / huge}) {
    this->Check(this->Upper(75, 75, scale), 75, 75, scale);
  }
}

TYPED_TEST(DenseTridiagonal, GradedColumns) {
  const int64_t n = 80;
  for (const bool last_is_largest : {false, true}) {
    std::vector<TypeParam> a = this->Upper(n, n, 1);
    const auto factor = [&](int64_t i) {
      return std::pow(10, -10 * double(last_is_largest ? n - 1 - i : i) / n);
    };
    for (int64_t j = 0; j < n; ++j) {
      for (int64_t i = 0; i <= j; ++i) a[j * n + i] *= Real<TypeParam>(factor(i) * factor(j));
    }
    this->Check(a, n, n, 1);
  }
}

TYPED_TEST(DenseTridiagonal, NothingToReflect) {
  // Tridiagonal and real already: itself, in reverse order.
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
    EXPECT_EQ(r.beside[i], Real<TypeParam>(0.5));
    EXPECT_EQ(r.tau[i], TypeParam(0));
  }
}

template <class T>
using ComplexTridiagonal = DenseTridiagonal<T>;
using ComplexTypes = testing::Types<std::complex<float>, std::complex<double>>;
TYPED_TEST_SUITE(ComplexTridiagonal, ComplexTypes);

// Tridiagonal, but not real: phases alone, which leave magnitudes as they are.
TYPED_TEST(ComplexTridiagonal, PhasesAreTaken) {
  const int64_t n = 40;
  std::vector<TypeParam> a(n * n);
  for (int64_t i = 0; i < n; ++i) {
    a[i * n + i] = TypeParam(i);
    if (i > 0) a[i * n + i - 1] = {Real<TypeParam>(i % 3 - 1), Real<TypeParam>(i % 2)};
  }
  const Reduced<TypeParam> r = this->Reduce(a, n, n);
  for (int64_t i = 0; i + 1 < n; ++i) {
    const int64_t j = n - 1 - i;
    EXPECT_NEAR(std::abs(r.beside[i]), std::abs(a[j * n + j - 1]), 4 * this->kEpsilon);
  }
  this->Check(a, n, n, 1);
}

TYPED_TEST(DenseTridiagonal, SameBitsForAnyThreads) {
  const int before = Threads();
  const int64_t n = sizeof(TypeParam) == 4 ? 640 : 450;  // Three tasks or more.
  const std::vector<TypeParam> a = this->Upper(n, n, 1);
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
