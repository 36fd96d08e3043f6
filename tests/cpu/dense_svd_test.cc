// SPDX-License-Identifier: Apache-2.0
//
// Singular value decompositions by our own blocks: of sizes about the edges of what is
// divided, of matrices tall, wide, graded, clustered, of low rank, huge and subnormal, by
// LAPACK's ratios; the same bits by any number of threads.

#include "backends/cpu/dense_svd.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "backends/cpu/dense_qr.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/reflectors.h"
#include "backends/cpu/scalar.h"
#include "backends/cpu/scratch.h"
#include "gtest/gtest.h"
#include "tests/cpu/numbers.h"

namespace otium::cpu {
namespace {

template <class T>
struct Decomposition {
  std::vector<T> U, Vh;
  std::vector<Real<T>> S;
  int64_t left, right;  // Columns of U, rows of Vh.
};

template <class T>
Decomposition<T> Decompose(const Matrix<const T>& A, SvdVectors vectors) {
  const int64_t m = A.rows, n = A.columns, k = std::min(m, n);
  const bool is_full = vectors == SvdVectors::kFull;
  Decomposition<T> d;
  d.left = vectors == SvdVectors::kNone ? 0 : is_full ? m : k;
  d.right = vectors == SvdVectors::kNone ? 0 : is_full ? n : k;
  d.U.resize(m * d.left);
  d.S.resize(k);
  d.Vh.resize(d.right * n);
  Workspace count(nullptr);
  DenseSvd<T>(count, m, n, vectors);
  const Scratch<char> memory(count.used());
  Workspace workspace(memory.data());
  EXPECT_TRUE(DenseSvd<T>(workspace, m, n, vectors)
                  .Decompose(A, d.S.data(), RowMajor(d.U.data(), m, d.left),
                             RowMajor(d.Vh.data(), d.right, n)));
  return d;
}

template <class T>
class DenseSvdTest : public testing::Test {
 protected:
  ~DenseSvdTest() override { SetThreads(before_); }

  using E = Exact<T>;
  static constexpr double kEpsilon = std::numeric_limits<Real<T>>::epsilon();
  std::mt19937 random{11};

  std::vector<T> Normal(int64_t size, double scale) {
    std::vector<T> a(size);
    for (T& x : a) x = NormalNumber<T>(random, scale);
    return a;
  }
  // The first k columns of a unitary matrix.
  std::vector<T> Orthonormal(int64_t m, int64_t k) {
    std::vector<T> a = Normal(m * k, 1), q(m * k), tau(k);
    std::vector<T> memory(QrMemory(m, k, k));
    FactorQr(RowMajor(a.data(), m, k), k, tau.data(), memory.data());
    FormReflectors<T>(RowMajor(a.data(), m, k), tau.data(), RowMajor(q.data(), m, k),
                      memory.data());
    return q;
  }
  // U diag(values) Vh, in steps that no number leaves the range in.
  std::vector<T> WithValues(int64_t m, int64_t n, const std::vector<double>& values) {
    const int64_t k = std::min(m, n);
    const std::vector<T> u = Orthonormal(m, k), v = Orthonormal(n, k);
    std::vector<T> a(m * n);
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        E sum = 0;
        for (int64_t p = 0; p < k; ++p) {
          sum += Multiply(E(u[i * k + p]) * values[p], Conjugate(E(v[j * k + p])));
        }
        a[i * n + j] = static_cast<T>(sum);
      }
    }
    return a;
  }

  // `rows` vectors of length n: |I - V V.H| below 30 n eps.
  static void ExpectOrthonormal(int64_t rows, int64_t n,
                                const std::function<E(int64_t, int64_t)>& v) {
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j <= i; ++j) {
        E sum = 0;
        for (int64_t p = 0; p < n; ++p) sum += Multiply(v(i, p), Conjugate(v(j, p)));
        ASSERT_LE(std::abs(sum - E(i == j)), 30 * static_cast<double>(n) * kEpsilon)
            << i << ", " << j;
      }
    }
  }

  // |A - U S Vh| / (max(m, n) |A| eps) below 30, in the largest elements, where |A| is
  // the first of the values.
  void Check(int64_t m, int64_t n, const std::vector<T>& a) {
    const int64_t k = std::min(m, n);
    const Matrix<const T> A{a.data(), m, n, n, 1};
    const std::vector<Real<T>> alone = Decompose(A, SvdVectors::kNone).S;
    for (const SvdVectors vectors : {SvdVectors::kReduced, SvdVectors::kFull}) {
      SCOPED_TRACE(testing::Message() << m << " x " << n << (vectors == SvdVectors::kFull));
      const Decomposition<T> d = Decompose(A, vectors);
      ExpectOrthonormal(d.left, m, [&](int64_t i, int64_t p) { return d.U[p * d.left + i]; });
      ExpectOrthonormal(d.right, n, [&](int64_t i, int64_t p) { return d.Vh[i * n + p]; });
      // The least that numbers about as small as these can be off.
      const double norm = d.S[0],
                   allowed = 30 * static_cast<double>(std::max(m, n)) *
                             std::max<double>(norm * kEpsilon,
                                              std::numeric_limits<Real<T>>::denorm_min());
      for (int64_t i = 0; i < k; ++i) {
        ASSERT_GE(d.S[i], i + 1 < k ? d.S[i + 1] : Real<T>(0));
        ASSERT_NEAR(d.S[i], alone[i], allowed) << i;
      }
      for (int64_t i = 0; i < m; ++i) {
        for (int64_t j = 0; j < n; ++j) {
          E sum = 0;
          for (int64_t p = 0; p < k; ++p) {
            sum += Multiply(E(d.U[i * d.left + p]) * double(d.S[p]), E(d.Vh[p * n + j]));
          }
          ASSERT_LE(std::abs(sum - E(a[i * n + j])), allowed) << i << ", " << j;
        }
      }
    }
  }

 private:
  const int before_ = Threads();
};

using Types = testing::Types<float, double, std::complex<float>, std::complex<double>>;
TYPED_TEST_SUITE(DenseSvdTest, Types);

TYPED_TEST(DenseSvdTest, Sizes) {
  for (const int64_t n : {1, 2, 12, 13, 14, 26, 27, 52}) {
    for (const int64_t m : {n, n + 7, 2 * n + 1}) {
      const std::vector<TypeParam> a = this->Normal(m * n, 1);
      this->Check(m, n, a);
      this->Check(n, m, a);
    }
  }
  // Divided four times, and of more than one block of reflectors.
  this->Check(140, 131, this->Normal(140 * 131, 1));
}

// Among them those whose equations are deflated, nearly all or all.
TYPED_TEST(DenseSvdTest, Spectra) {
  using T = TypeParam;
  constexpr int64_t n = 42;
  const double least = std::numeric_limits<Real<T>>::min();
  const struct {
    std::string name;
    std::function<double(int64_t)> value;
  } kSpectra[] = {
      {"zero", [](int64_t) { return 0.0; }},
      {"one", [](int64_t) { return 1.0; }},
      {"clusters", [](int64_t i) { return i < 30   ? 1.0
                                          : i < 60 ? 0.5
                                                   : 1e-3; }},
      {"near", [&](int64_t i) { return 1 - this->kEpsilon * static_cast<double>(i); }},
      {"graded", [](int64_t i) { return std::pow(10.0, -0.2 * static_cast<double>(i)); }},
      {"low rank", [](int64_t i) { return i < 3 ? 5.0 - static_cast<double>(i) : 0.0; }},
      {"rank 1", [](int64_t i) { return i == 0 ? 1.0 : 0.0; }},
      {"huge", [&](int64_t i) { return 0.01 / least / static_cast<double>(i + 1); }},
      {"tiny", [&](int64_t i) { return 100 * least / static_cast<double>(i + 1); }},
      {"subnormal", [&](int64_t i) { return 1e-3 * least / static_cast<double>(i + 1); }},
  };
  for (const auto& spectrum : kSpectra) {
    SCOPED_TRACE(spectrum.name);
    std::vector<double> values(n);
    for (int64_t i = 0; i < n; ++i) values[i] = spectrum.value(i);
    for (const int64_t m : {n, n + 10, 2 * n}) this->Check(m, n, this->WithValues(m, n, values));
  }
}

// No rotations, and values that are equal to the last bit.
TYPED_TEST(DenseSvdTest, DiagonalsAndBidiagonals) {
  using T = TypeParam;
  constexpr int64_t n = 60;
  for (const double above : {0.0, 1.0, 1e-30}) {
    for (const double last : {2.0, 0.0}) {
      std::vector<T> a(n * n);
      for (int64_t i = 0; i < n; ++i) {
        a[i * (n + 1)] = i < n / 2 ? T(1) : T(last);
        if (i + 1 < n) a[i * (n + 1) + 1] = T(above);
      }
      this->Check(n, n, a);
    }
  }
}

TYPED_TEST(DenseSvdTest, ThreadsDoNotChangeBits) {
  using T = TypeParam;
  constexpr int64_t m = 190, n = 180;
  const std::vector<T> a = this->Normal(m * n, 1);
  const Matrix<const T> A{a.data(), m, n, n, 1};
  SetThreads(1);
  const Decomposition<T> first = Decompose(A, SvdVectors::kReduced);
  SetThreads(3);
  const Decomposition<T> second = Decompose(A, SvdVectors::kReduced);
  EXPECT_EQ(first.U, second.U);
  EXPECT_EQ(first.S, second.S);
  EXPECT_EQ(first.Vh, second.Vh);
}

}  // namespace
}  // namespace otium::cpu
