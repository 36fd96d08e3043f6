// SPDX-License-Identifier: Apache-2.0
//
// Factors of dense matrices of all sizes about the blocks' edges: what they promise,
// leading dimensions, failures, and the same bits for any number of threads.

#include "backends/cpu/dense_factor.h"

#include <cmath>
#include <complex>
#include <cstring>
#include <limits>
#include <new>
#include <random>
#include <type_traits>
#include <vector>

#include "backends/cpu/parallel.h"
#include "backends/cpu/pivots.h"
#include "backends/cpu/scalar.h"
#include "gtest/gtest.h"

namespace otium::cpu {
namespace {

constexpr int64_t kSizes[] = {1,  2,   15,  31,  32,  33,  63,  64,  65,
                              96, 127, 128, 129, 160, 192, 193, 257, 385};

template <class T>
class DenseFactor : public testing::Test {
 protected:
  using Real = decltype(std::abs(T()));
  // What results are judged in.
  using Wide = std::conditional_t<kIsComplex<T>, std::complex<double>, double>;
  static constexpr int kParts = kIsComplex<T> ? 2 : 1;
  // A complex product has twice as many roundings.
  static constexpr double kEpsilon = kParts * double{std::numeric_limits<Real>::epsilon()};
  std::mt19937 random{3};

  // Of a complex T also with that imaginary part.
  static T Number(Real re, Real im) {
    if constexpr (kIsComplex<T>) return T(re, im);
    else return re;
  }
  // With a gap after each row.
  std::vector<T> Random(int64_t rows, int64_t columns) {
    std::uniform_real_distribution<Real> uniform(-1, 1);
    std::vector<T> a(rows * (columns + 3));
    for (T& x : a) {
      const Real re = uniform(random);
      x = kIsComplex<T> ? Number(re, uniform(random)) : T(re);
    }
    return a;
  }
  static Matrix<T> Of(std::vector<T>& a, int64_t rows, int64_t columns) {
    return {a.data(), rows, columns, columns + 3, 1};
  }
  std::vector<T> Definite(int64_t n) {
    std::vector<T> a = Random(n, n);
    const Matrix<T> A = Of(a, n, n);
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t j = 0; j < i; ++j) A(j, i) = Conjugate(A(i, j));
      A(i, i) = std::real(A(i, i)) + static_cast<Real>(kParts * n);
    }
    return a;
  }
  // As much as is asked for, to the element, which AddressSanitizer sees.
  struct Memory {
    explicit Memory(int64_t count)
        : data(static_cast<T*>(::operator new(count * sizeof(T), std::align_val_t(64)))) {}
    ~Memory() { ::operator delete(data, std::align_val_t(64)); }
    T* const data;
  };
  static int64_t Cholesky(const Matrix<T>& A) {
    const Memory memory(CholeskyMemory(A.rows));
    return FactorCholesky(A, memory.data);
  }
  static int64_t Lu(const Matrix<T>& A, int32_t* pivots) {
    const Memory memory(LuMemory<T>(A.rows, A.columns));
    return FactorLu(A, pivots, memory.data);
  }
};

using Types = testing::Types<float, double, std::complex<float>, std::complex<double>>;
TYPED_TEST_SUITE(DenseFactor, Types);

// |A - L L.H| <= (n + 1) eps |L| |L|.T, whose elements are at most the largest of the
// diagonal (Higham, Accuracy and Stability of Numerical Algorithms, theorem 10.3).
TYPED_TEST(DenseFactor, CholeskyFactorsGiveTheMatrix) {
  using Wide = typename TestFixture::Wide;
  for (const int64_t n : kSizes) {
    std::vector<TypeParam> a = this->Definite(n), f = a;
    const auto A = this->Of(a, n, n), L = this->Of(f, n, n);
    // The other triangle is not read, nor imaginary parts of the diagonal.
    for (int64_t i = 0; i < n; ++i) {
      L(i, i) = this->Number(std::real(L(i, i)), NAN);
      for (int64_t j = i + 1; j < n; ++j) L(i, j) = NAN;
    }
    ASSERT_EQ(this->Cholesky(L), 0);
    for (int64_t i = 0; i < n; ++i) {
      ASSERT_EQ(std::imag(L(i, i)), 0);
      for (int64_t j = 0; j <= i; ++j) {
        Wide sum = 0;
        for (int64_t k = 0; k <= j; ++k) sum += Multiply(Wide(L(i, k)), Conjugate(Wide(L(j, k))));
        const double allowed = (n + 1) * this->kEpsilon * (this->kParts * n + 1);
        ASSERT_LE(std::abs(sum - Wide(A(i, j))), allowed) << n;
      }
    }
  }
}

TYPED_TEST(DenseFactor, CholeskyTellsTheMinorThatFails) {
  for (const int64_t bad : {1, 5, 64, 65, 100, 200, 450}) {
    std::vector<TypeParam> a = this->Definite(450);
    const auto A = this->Of(a, 450, 450);
    A(bad - 1, bad - 1) = bad % 2 == 0 ? TypeParam(NAN) : TypeParam(-1);
    EXPECT_EQ(this->Cholesky(A), bad);
  }
}

// Pivots are the largest by the sum of their parts, which no quotient has larger than 1 but
// by sqrt(2) in magnitude.
TYPED_TEST(DenseFactor, LuFactorsGiveTheRowsInTheirOrder) {
  using Wide = typename TestFixture::Wide;
  for (const int64_t m : kSizes) {
    for (const int64_t n : {m, m / 2 + 1, 2 * m}) {
      std::vector<TypeParam> a = this->Random(m, n), f = a;
      const auto A = this->Of(a, m, n), LU = this->Of(f, m, n);
      const int64_t k = std::min(m, n);
      std::vector<int32_t> pivots(k);
      ASSERT_EQ(this->Lu(LU, pivots.data()), 0);
      ExchangeRows(PivotsAt(pivots.data(), k), A);
      for (int64_t i = 0; i < m; ++i) {
        for (int64_t j = 0; j < n; ++j) {
          if (j < i && j < k) {
            ASSERT_LE(std::abs(LU(i, j)), std::sqrt(this->kParts) * (1 + this->kEpsilon));
          }
          Wide sum = 0;
          double size = 1;
          for (int64_t p = 0; p <= std::min({i, j, k - 1}); ++p) {
            const Wide term = Multiply(i == p ? Wide(1) : Wide(LU(i, p)), Wide(LU(p, j)));
            sum += term;
            size += std::abs(term);
          }
          ASSERT_LE(std::abs(sum - Wide(A(i, j))), 2 * size * this->kEpsilon * std::sqrt(k + 30))
              << m << " " << n;
        }
      }
      // The rest of the rows is as it was.
      for (int64_t i = 0; i + 1 < m; ++i) ASSERT_EQ(f[i * (n + 3) + n], a[i * (n + 3) + n]);
    }
  }
}

TYPED_TEST(DenseFactor, LuTellsTheFirstZeroPivot) {
  for (const int64_t bad : {1, 33, 64, 150, 193, 384, 385, 450}) {
    std::vector<TypeParam> a = this->Random(450, 450);
    const auto A = this->Of(a, 450, 450);
    // A triangle of small numbers under a diagonal that is taken as it is.
    for (int64_t i = 0; i < 450; ++i) {
      for (int64_t j = 0; j < 450; ++j) A(i, j) = TypeParam(i == j ? 2 : j > i ? 0.25 : 0);
    }
    A(bad - 1, bad - 1) = 0;
    std::vector<int32_t> pivots(450);
    EXPECT_EQ(this->Lu(A, pivots.data()), bad);
    for (int64_t k = 0; k < 450; ++k) EXPECT_EQ(pivots[k], k + 1);
  }
}

// A pivot is the first of the largest, whatever lies about it; NaN is none. To LAPACK
// complex ones are as large as the sum of their parts.
TYPED_TEST(DenseFactor, LuTakesTheFirstOfTheLargest) {
  const TypeParam pivot = this->kParts == 2 ? this->Number(-1, 1.5) : TypeParam(-2.5);
  for (const int64_t m : {5, 16, 40, 64, 100}) {
    for (int64_t row = 0; row + 1 < m; ++row) {
      std::vector<TypeParam> a = this->Random(m, 3);
      const auto A = this->Of(a, m, 3);
      A(row, 0) = pivot;
      A(m - 1, 0) = 2.5;
      A((row + 1) % (m - 1), 0) = row % 2 == 0 ? TypeParam(NAN) : TypeParam(0);
      int32_t pivots[3];
      this->Lu(A, pivots);
      ASSERT_EQ(pivots[0], row + 1) << m;
      ASSERT_EQ(A(0, 0), pivot) << m;
    }
  }
}

// The reciprocal of a subnormal pivot would be infinite, and of the sum of the squares, or
// even the parts, of a large one nothing is left: the quotients are exact all the same.
TYPED_TEST(DenseFactor, DividesByNumbersAtTheEndsOfTheRange) {
  using Real = typename TestFixture::Real;
  using Limits = std::numeric_limits<Real>;
  for (const Real size :
       {Limits::min() / 8, 4 * Limits::min(), 1 / Limits::min() / 4, Limits::max() / Real(1.5)}) {
    const TypeParam pivot = this->Number(size, -size);
    for (const int64_t n : {3, 20, 70}) {
      std::vector<TypeParam> a(n * (n + 3));
      const auto A = this->Of(a, n, n);
      for (int64_t i = 0; i < n; ++i) {
        for (int64_t j = 0; j < n; ++j) A(i, j) = i == j ? pivot : j < i ? pivot / Real(2) : 0;
      }
      std::vector<TypeParam> f = a;
      std::vector<int32_t> pivots(n);
      EXPECT_EQ(this->Lu(this->Of(f, n, n), pivots.data()), 0);
      for (const int64_t columns : {int64_t{1}, n}) {
        std::vector<TypeParam> b = a;
        const auto X = this->Of(b, n, n).Block(0, 0, n, columns);
        SolveLower<TypeParam>(A, {}, X);
        for (int64_t i = 0; i < n; ++i) {
          for (int64_t j = 0; j < n; ++j) {
            ASSERT_EQ(this->Of(f, n, n)(i, j), i == j  ? pivot
                                               : j < i ? TypeParam(0.5)
                                                       : TypeParam(0))
                << size << " " << n;
          }
          for (int64_t j = 0; j < columns; ++j) {
            ASSERT_EQ(X(i, j), TypeParam(i == j)) << size << " " << n;
          }
        }
      }
    }
  }
}

// Where the infinity is, and not above: rows of U are not those of zeros times it.
TYPED_TEST(DenseFactor, LuSpreadsNoNanUpwards) {
  for (const int64_t n : {20, 64, 100}) {
    for (const int64_t row : {int64_t{2}, n - 3}) {
      std::vector<TypeParam> a(n * (n + 3));
      const auto A = this->Of(a, n, n);
      for (int64_t i = 0; i < n; ++i) A(i, i) = 1;
      for (int64_t j = row; j < n; ++j) A(row, j) = HUGE_VAL;
      std::vector<int32_t> pivots(n);
      this->Lu(A, pivots.data());
      for (int64_t i = 0; i < row; ++i) {
        for (int64_t j = 0; j < n; ++j) ASSERT_EQ(A(i, j), TypeParam(i == j)) << n;
      }
    }
  }
}

TYPED_TEST(DenseFactor, Substitution) {
  using Wide = typename TestFixture::Wide;
  const TypeParam diagonal = this->Number(2, -1);
  for (const int64_t n : kSizes) {
    for (const int64_t columns : {1, 2, 3, 40, 300}) {
      for (const bool upper : {false, true}) {
        for (const TriangleForm form :
             {TriangleForm{}, {.unit = true}, {.conjugate = true}, {true, true}}) {
          std::vector<TypeParam> t = this->Random(n, n), b = this->Random(n, columns);
          const auto A = this->Of(t, n, n), X = this->Of(b, n, columns);
          for (int64_t i = 0; i < n; ++i) {
            for (int64_t j = 0; j < n; ++j) A(i, j) /= static_cast<float>(n);
            A(i, i) = diagonal;
          }
          const std::vector<TypeParam> right = b;
          // By columns, too; n tells for which of the right-hand sides.
          const Matrix<const TypeParam> by_rows = A, by_columns = by_rows.Transposed();
          const auto& triangle = (n + columns) % 2 == 0 ? by_columns : by_rows;
          if (upper) SolveUpper<TypeParam>(triangle, form, X);
          else SolveLower<TypeParam>(triangle, form, X);
          const auto element = [&](int64_t i, int64_t k) {
            if (i == k && form.unit) return Wide(1);
            return form.conjugate ? Conjugate(Wide(triangle(i, k))) : Wide(triangle(i, k));
          };
          for (int64_t i = 0; i < n; ++i) {
            for (int64_t j = 0; j < columns; ++j) {
              Wide sum = 0;
              for (int64_t k = upper ? i : 0; k < (upper ? n : i + 1); ++k) {
                sum += Multiply(element(i, k), Wide(X(k, j)));
              }
              ASSERT_LE(std::abs(sum - Wide(right[i * (columns + 3) + j])), 64 * this->kEpsilon)
                  << n;
            }
          }
        }
      }
    }
  }
}

TYPED_TEST(DenseFactor, ThreadsChangeNoBit) {
  const std::vector<TypeParam> general = this->Random(600, 600), definite = this->Definite(600);
  std::vector<std::vector<TypeParam>> results;
  for (const int threads : {1, 4}) {
    SetThreads(threads);
    std::vector<TypeParam> lu = general, cholesky = definite;
    std::vector<int32_t> pivots(600);
    EXPECT_EQ(this->Lu(this->Of(lu, 600, 600), pivots.data()), 0);
    EXPECT_EQ(this->Cholesky(this->Of(cholesky, 600, 600)), 0);
    results.push_back(lu);
    results.push_back(cholesky);
  }
  SetThreads(2);
  for (int i : {0, 1}) {
    EXPECT_EQ(std::memcmp(results[i].data(), results[i + 2].data(),
                          results[i].size() * sizeof(TypeParam)),
              0);
  }
}

}  // namespace
}  // namespace otium::cpu
