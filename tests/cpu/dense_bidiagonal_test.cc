// SPDX-License-Identifier: Apache-2.0
//
// Reductions to bidiagonal matrices of sizes about the panels' edges, by LAPACK's ratios;
// numbers near the ends of the range, zeros, and the same bits by any number of threads.

#include "backends/cpu/dense_bidiagonal.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "backends/cpu/parallel.h"
#include "backends/cpu/reflectors.h"
#include "backends/cpu/scalar.h"
#include "backends/cpu/scratch.h"
#include "gtest/gtest.h"
#include "tests/cpu/numbers.h"

namespace otium::cpu {
namespace {

// A, what it is reduced to, and the vectors.
template <class T>
struct Reduction {
  Reduction(int64_t m, int64_t n)
      : stride(ColumnStride<T>(m)),
        memory(stride * n),
        A{memory.data(), m, n, 1, stride},
        bytes(BytesOf(m, n)),
        workspace(bytes.data()),
        B(workspace, n),
        arrays(workspace, m, n) {
    std::fill_n(memory.data(), stride * n, T(0));
  }
  static int64_t BytesOf(int64_t m, int64_t n) {
    Workspace count(nullptr);
    const Bidiagonal<T> B(count, n);
    const BidiagonalArrays<T> arrays(count, m, n);
    return count.used();
  }
  void Reduce() { ReduceToBidiagonal(A, B, arrays); }
  // The first n columns of Q, and P.
  std::vector<T> Vectors(bool left) const {
    const int64_t rows = left ? A.rows : A.columns, n = A.columns;
    std::vector<T> q(rows * n);
    for (int64_t i = 0; i < n; ++i) q[i * n + i] = T(1);
    std::vector<T> work(ReflectorMemory(rows, n, n));
    if (left) ApplyLeft<T>(A, B, RowMajor(q.data(), rows, n), work.data());
    else ApplyRight<T>(A, B, RowMajor(q.data(), rows, n), work.data());
    return q;
  }

  int64_t stride;
  Scratch<T> memory;
  Matrix<T> A;
  Scratch<char> bytes;
  Workspace workspace;
  Bidiagonal<T> B;
  BidiagonalArrays<T> arrays;
};

template <class T>
class DenseBidiagonal : public testing::Test {
 protected:
  ~DenseBidiagonal() override { SetThreads(before_); }

  using E = Exact<T>;
  static constexpr double kEpsilon = std::numeric_limits<Real<T>>::epsilon();
  std::mt19937 random{7};

  void Fill(const Matrix<T>& A, double scale) {
    for (int64_t j = 0; j < A.columns; ++j) {
      for (int64_t i = 0; i < A.rows; ++i) A(i, j) = NormalNumber<T>(random, scale);
    }
  }

  // Columns of an m x n matrix are orthonormal, to 30 m eps.
  static void ExpectOrthonormal(const std::vector<T>& q, int64_t m, int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t j = 0; j <= i; ++j) {
        E sum = 0;
        for (int64_t k = 0; k < m; ++k) {
          sum += Multiply(E(q[k * n + i]), Conjugate(E(q[k * n + j])));
        }
        ASSERT_LE(std::abs(sum - E(i == j)), 30 * static_cast<double>(m) * kEpsilon)
            << m << " x " << n;
      }
    }
  }

  // |A - Q B P.T| / (m |A| eps) below 30, in the largest elements, which are about `scale`.
  void Check(Reduction<T>& r, double scale) {
    const int64_t m = r.A.rows, n = r.A.columns;
    std::vector<E> a(m * n);
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) a[i * n + j] = E(r.A(i, j)) / scale;
    }
    r.Reduce();
    const std::vector<T> q = r.Vectors(/*left=*/true), p = r.Vectors(/*left=*/false);
    ExpectOrthonormal(q, m, n);
    ExpectOrthonormal(p, n, n);
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        E sum = 0;
        for (int64_t k = 0; k < n; ++k) {
          E b = r.B.diagonal[k] / scale * E(p[j * n + k]);
          if (k + 1 < n) b += r.B.above[k] / scale * E(p[j * n + k + 1]);
          sum += Multiply(E(q[i * n + k]), b);
        }
        ASSERT_LE(std::abs(sum - a[i * n + j]), 30 * static_cast<double>(m) * kEpsilon)
            << m << " x " << n;
      }
    }
  }

 private:
  const int before_ = Threads();
};

using Types = testing::Types<float, double, std::complex<float>, std::complex<double>>;
TYPED_TEST_SUITE(DenseBidiagonal, Types);

TYPED_TEST(DenseBidiagonal, FactorsGiveTheMatrix) {
  for (const int64_t n : {1, 2, 3, 15, 16, 17, 31, 32, 33, 64, 129, 145}) {
    for (const int64_t m : {n, n + 1, 2 * n + 5}) {
      Reduction<TypeParam> r(m, n);
      this->Fill(r.A, 1);
      this->Check(r, 1);
    }
  }
}

TYPED_TEST(DenseBidiagonal, NumbersNearTheEndsOfTheRange) {
  const bool is_float = std::is_same_v<Real<TypeParam>, float>;
  for (const double scale : {is_float ? 1e15 : 1e150, is_float ? 1e-15 : 1e-150}) {
    Reduction<TypeParam> r(50, 40);
    this->Fill(r.A, scale);
    this->Check(r, scale);
  }
}

// Rows whose length has no reciprocal.
TYPED_TEST(DenseBidiagonal, PartsThatAreSubnormal) {
  using T = TypeParam;
  const double tiny = 10 * static_cast<double>(std::numeric_limits<Real<T>>::denorm_min());
  Reduction<T> r(40, 30);
  this->Fill(r.A.Block(0, 0, 20, 15), 1);
  this->Fill(r.A.Block(20, 15, 20, 15), tiny);
  this->Check(r, 1);
}

TYPED_TEST(DenseBidiagonal, NothingToReflect) {
  using T = TypeParam;
  // Bidiagonal and real already, with zeros.
  Reduction<T> r(5, 4);
  for (int64_t i = 0; i < 4; ++i) r.A(i, i) = i == 2 ? T(0) : T(i + 1);
  r.A(0, 1) = T(7);
  r.Reduce();
  using R = Real<T>;
  EXPECT_EQ(std::vector<R>(r.B.diagonal, r.B.diagonal + 4), (std::vector<R>{1, 2, 0, 4}));
  EXPECT_EQ(std::vector<R>(r.B.above, r.B.above + 3), (std::vector<R>{7, 0, 0}));
  EXPECT_EQ(std::vector<T>(r.B.left_tau, r.B.left_tau + 4), (std::vector<T>(4)));
  EXPECT_EQ(std::vector<T>(r.B.right_tau, r.B.right_tau + 3), (std::vector<T>(3)));
}

template <class T>
using ComplexBidiagonal = DenseBidiagonal<T>;
using ComplexTypes = testing::Types<std::complex<float>, std::complex<double>>;
TYPED_TEST_SUITE(ComplexBidiagonal, ComplexTypes);

// Bidiagonal, but not real: phases alone, which leave magnitudes as they are.
TYPED_TEST(ComplexBidiagonal, PhasesAreTaken) {
  using T = TypeParam;
  constexpr int64_t n = 40;
  Reduction<T> r(n, n);
  std::vector<double> diagonal(n), above(n);
  for (int64_t i = 0; i < n; ++i) {
    r.A(i, i) = {Real<T>(i % 3 - 1), Real<T>(i % 2)};
    diagonal[i] = std::abs(r.A(i, i));
    if (i + 1 == n) continue;
    r.A(i, i + 1) = {Real<T>(1), Real<T>(-i % 4)};
    above[i] = std::abs(r.A(i, i + 1));
  }
  this->Check(r, 1);
  for (int64_t i = 0; i < n; ++i) {
    EXPECT_NEAR(std::abs(r.B.diagonal[i]), diagonal[i], 16 * this->kEpsilon);
    if (i + 1 == n) continue;
    EXPECT_NEAR(std::abs(r.B.above[i]), above[i], 16 * this->kEpsilon);
  }
}

// So large that a pass is several tasks.
TYPED_TEST(DenseBidiagonal, ThreadsDoNotChangeBits) {
  using T = TypeParam;
  Reduction<T> first(420, 400), second(420, 400);
  this->Fill(first.A, 1);
  std::copy_n(first.memory.data(), first.stride * 400, second.memory.data());
  SetThreads(1);
  first.Reduce();
  SetThreads(3);
  second.Reduce();
  EXPECT_EQ(std::memcmp(first.memory.data(), second.memory.data(), first.stride * 400 * sizeof(T)),
            0);
  EXPECT_EQ(std::memcmp(first.B.diagonal, second.B.diagonal, 400 * sizeof(Real<T>)), 0);
  EXPECT_EQ(std::memcmp(first.B.above, second.B.above, 399 * sizeof(Real<T>)), 0);
}

}  // namespace
}  // namespace otium::cpu
