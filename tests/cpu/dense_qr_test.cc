// SPDX-License-Identifier: Apache-2.0
//
// QR of dense matrices of sizes about the blocks' edges, against LAPACK's ratios, and
// numbers near the ends of the range.

#include "backends/cpu/dense_qr.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

#include "backends/cpu/reflectors.h"
#include "backends/cpu/scalar.h"
#include "gtest/gtest.h"

namespace otium::cpu {
namespace {

template <class T>
class DenseQr : public testing::Test {
 protected:
  using Real = decltype(std::abs(T()));
  // What results are judged in.
  using Wide = std::conditional_t<kIsComplex<T>, std::complex<double>, double>;
  static constexpr double kEpsilon = std::numeric_limits<Real>::epsilon();
  std::mt19937 random{5};

  // Of a complex T also with that imaginary part.
  static T Number(double re, double im) {
    if constexpr (kIsComplex<T>) return T(static_cast<Real>(re), static_cast<Real>(im));
    else return static_cast<T>(re);
  }

  // |A - Q R| / (max(m, n) |A| eps) and |I - Q.H Q| / (m eps), in the largest elements,
  // below 30; R with its signs as LAPACK's, which make the first element of Q R's columns,
  // and a real diagonal.
  void Check(int64_t m, int64_t n, double scale) {
    std::normal_distribution<double> normal;
    std::vector<T> a(m * (n + 2));
    for (T& x : a) {
      const double re = scale * normal(random);
      x = Number(re, kIsComplex<T> ? scale * normal(random) : 0);
    }
    std::vector<T> f = a;
    const int64_t k = std::min(m, n);
    std::vector<T> tau(k), q(m * m);
    const Matrix<T> F{f.data(), m, n, n + 2, 1}, Q{q.data(), m, m, m, 1};
    std::vector<T> memory(QrMemory(m, std::max(m, n), k));
    FactorQr(F, k, tau.data(), memory.data());
    FormReflectors<T>(F.Block(0, 0, m, k), tau.data(), Q, memory.data());
    const double allowed = 30 * static_cast<double>(std::max(m, n)) * kEpsilon;
    // Sums of rows, along which numbers lie side by side.
    std::vector<Wide> sums;
    for (int64_t i = 0; i < m; ++i) {
      sums.assign(n, 0);
      for (int64_t p = 0; p < k; ++p) {
        for (int64_t j = p; j < n; ++j) sums[j] += Multiply(Wide(Q(i, p)), Wide(F(p, j)) / scale);
      }
      for (int64_t j = 0; j < n; ++j) {
        ASSERT_LE(std::abs(sums[j] - Wide(a[i * (n + 2) + j]) / scale), allowed) << m << " x " << n;
      }
    }
    sums.assign(m * m, 0);
    for (int64_t p = 0; p < m; ++p) {
      for (int64_t i = 0; i < m; ++i) {
        for (int64_t j = 0; j < m; ++j) {
          sums[i * m + j] += Multiply(Conjugate(Wide(Q(p, i))), Wide(Q(p, j)));
        }
      }
    }
    for (int64_t i = 0; i < m * m; ++i) {
      ASSERT_LE(std::abs(sums[i] - Wide(i % (m + 1) == 0)), allowed) << m << " x " << n;
    }
    // The sign that avoids cancellation: R(0, 0) is opposite to A(0, 0).
    if (m > 1) {
      EXPECT_NE(std::signbit(std::real(F(0, 0))), std::signbit(std::real(a[0])));
    }
    for (int64_t i = 0; i < k; ++i) EXPECT_EQ(std::imag(F(i, i)), 0);
  }
};

using Types = testing::Types<float, double, std::complex<float>, std::complex<double>>;
TYPED_TEST_SUITE(DenseQr, Types);

TYPED_TEST(DenseQr, FactorsGiveTheMatrix) {
  for (const int64_t m : {1, 2, 17, 32, 33, 64, 65, 128, 129, 200}) {
    for (const int64_t n : {m, m / 2 + 1, m + 40}) this->Check(m, n, 1);
  }
  this->Check(800, 780, 1);  // Wider blocks.
}

TYPED_TEST(DenseQr, NumbersNearTheEndsOfTheRange) {
  const bool is_float = std::is_same_v<typename TestFixture::Real, float>;
  this->Check(50, 40, is_float ? 1e30 : 1e290);
  this->Check(50, 40, is_float ? 1e-30 : 1e-290);
}

// The two ways to apply reflectors, one by one to few rows and columns and by blocks, give the
// Q that FormReflectors gives.
TYPED_TEST(DenseQr, AppliesWhatItForms) {
  std::normal_distribution<double> normal;
  for (const int64_t m : {3, 16, 17, 100}) {
    const int64_t n = m - 1;
    std::vector<TypeParam> a(m * n), tau(n), q(m * m), memory(QrMemory(m, m, n));
    for (TypeParam& x : a) x = this->Number(normal(this->random), normal(this->random));
    const Matrix<TypeParam> A{a.data(), m, n, n, 1}, Q{q.data(), m, m, m, 1};
    FactorQr(A, n, tau.data(), memory.data());
    FormReflectors<TypeParam>(A, tau.data(), Q, memory.data());
    for (const int64_t columns : {m, 5 * m}) {
      memory.resize(ReflectorMemory(m, columns, n));
      for (const bool adjoint : {false, true}) {
        std::vector<TypeParam> c(m * columns);
        const Matrix<TypeParam> C{c.data(), m, columns, columns, 1};
        for (int64_t j = 0; j < columns; ++j) C(j % m, j) = 1;
        ApplyReflectors<TypeParam>(A, tau.data(), adjoint, C, memory.data());
        for (int64_t i = 0; i < m; ++i) {
          for (int64_t j = 0; j < columns; ++j) {
            const TypeParam expected = adjoint ? Conjugate(Q(j % m, i)) : Q(i, j % m);
            ASSERT_LE(std::abs(C(i, j) - expected), 30 * static_cast<double>(m) * this->kEpsilon)
                << m;
          }
        }
      }
    }
  }
}

TYPED_TEST(DenseQr, NothingToReflect) {
  // Upper already, and zero.
  std::vector<TypeParam> a = {3, 1, 0, 2, 0, 0}, tau(2), q(9);
  const Matrix<TypeParam> A{a.data(), 3, 2, 2, 1}, Q{q.data(), 3, 3, 3, 1};
  std::vector<TypeParam> memory(QrMemory(3, 3, 2));
  FactorQr(A, 2, tau.data(), memory.data());
  EXPECT_EQ(tau, (std::vector<TypeParam>{0, 0}));
  EXPECT_EQ(a, (std::vector<TypeParam>{3, 1, 0, 2, 0, 0}));
  FormReflectors<TypeParam>(A, tau.data(), Q, memory.data());
  EXPECT_EQ(q, (std::vector<TypeParam>{1, 0, 0, 0, 1, 0, 0, 0, 1}));
}

}  // namespace
}  // namespace otium::cpu
