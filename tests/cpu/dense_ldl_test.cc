// SPDX-License-Identifier: Apache-2.0
//
// LDL factors of all sizes about the panels' edges: LAPACK's own, what is not read, codes,
// and the same bits for any number of threads.

#include "backends/cpu/dense_ldl.h"

#include <cmath>
#include <complex>
#include <cstring>
#include <iterator>
#include <limits>
#include <memory>
#include <random>
#include <type_traits>
#include <vector>

#include "backends/cpu/lapack.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/power_scale.h"
#include "backends/cpu/scalar.h"
#include "gtest/gtest.h"

namespace otium::cpu {
namespace {

constexpr int64_t kSizes[] = {1, 2, 3, 16, 47, 48, 49, 50, 96, 97, 130, 300};

template <class T>
class DenseLdl : public testing::Test {
 protected:
  using R = Real<T>;
  std::mt19937 random{5};

  // In as much memory as is asked for, to the byte, which AddressSanitizer sees.
  struct Arrays {
    Arrays(int64_t n, bool hermitian)
        : memory(static_cast<char*>(::operator new(Bytes(n, hermitian), std::align_val_t(64)))),
          workspace(memory),
          ldl(workspace, n, hermitian) {}
    ~Arrays() { ::operator delete(memory, std::align_val_t(64)); }
    static size_t Bytes(int64_t n, bool hermitian) {
      Workspace none(nullptr);
      const LdlArrays<T> arrays(none, n, hermitian);
      return static_cast<size_t>(none.used());
    }
    int64_t Factor() const { return FactorLdl(ldl.factors, ldl.panels); }
    T& operator()(int64_t i, int64_t j) const { return ldl.factors.matrix(i, j); }

    char* const memory;
    Workspace workspace;
    const LdlArrays<T> ldl;
  };

  static T Mirrored(T x, bool hermitian) { return hermitian ? Conjugate(x) : x; }
  T Number() {
    std::uniform_real_distribution<R> uniform(-1, 1);
    const R re = uniform(random);
    if constexpr (kIsComplex<T>) return T(re, uniform(random));
    else return re;
  }
  // Its lower triangle, by columns.
  std::vector<T> Indefinite(int64_t n) {
    std::vector<T> a(n * n);
    for (T& x : a) x = Number();
    return a;
  }
};

using Types = testing::Types<float, double, std::complex<float>, std::complex<double>>;
TYPED_TEST_SUITE(DenseLdl, Types);

// Pivots and all: no two candidates of random matrices are so close that roundings decide.
TYPED_TEST(DenseLdl, FactorsAreLapacks) {
  using T = TypeParam;
  for (const bool hermitian : {false, true}) {
    for (const int64_t n : kSizes) {
      std::vector<T> a = this->Indefinite(n);
      const typename TestFixture::Arrays arrays(n, hermitian);
      for (int64_t j = 0; j < n; ++j) {
        for (int64_t i = 0; i < n; ++i) {
          // The other triangle is not read, nor imaginary parts of a hermitian diagonal.
          arrays(i, j) = i < j ? T(NAN) : a[i + j * n];
          if constexpr (kIsComplex<T>) {
            if (i == j && hermitian) arrays(i, j) = T(a[i + j * n].real(), NAN);
          }
        }
      }
      ASSERT_EQ(arrays.Factor(), 0);
      std::vector<int32_t> pivots(n), expected(n);
      ToLapack(arrays.ldl.factors, pivots.data());
      const char uplo = 'L';
      const auto size = static_cast<lapack_int>(n), work_size = 64 * size;
      std::vector<T> work(work_size);
      lapack_int code = 0;
      bool done = false;
      if constexpr (kIsComplex<T>) {
        if (hermitian) {
          OTIUM_LAPACK_COMPLEX(T, hetrf, &uplo, &size, a.data(), &size, expected.data(),
                               work.data(), &work_size, &code);
          done = true;
        }
      }
      if (!done) {
        OTIUM_LAPACK(T, sytrf, &uplo, &size, a.data(), &size, expected.data(), work.data(),
                     &work_size, &code);
      }
      ASSERT_EQ(pivots, expected) << n;
      for (int64_t j = 0; j < n; ++j) {
        for (int64_t i = j; i < n; ++i) {
          // Elements of L are about 1, and a step may double the error.
          ASSERT_LE(std::abs(arrays(i, j) - a[i + j * n]),
                    2000 * n * std::numeric_limits<Real<T>>::epsilon())
              << n << ": " << i << ", " << j;
        }
      }
    }
  }
}

TYPED_TEST(DenseLdl, SolutionsSolve) {
  using T = TypeParam;
  using Wide = std::conditional_t<kIsComplex<T>, std::complex<double>, double>;
  for (const bool hermitian : {false, true}) {
    for (const int64_t n : kSizes) {
      for (const int64_t columns : {1, 5, 200}) {
        const std::vector<T> a = this->Indefinite(n);
        const auto element = [&](int64_t i, int64_t j) {
          if (i == j) return hermitian ? T(std::real(a[i + j * n])) : a[i + j * n];
          return i > j ? a[i + j * n] : this->Mirrored(a[j + i * n], hermitian);
        };
        const typename TestFixture::Arrays arrays(n, hermitian);
        std::copy(a.begin(), a.end(), arrays.ldl.factors.matrix.data);
        ASSERT_EQ(arrays.Factor(), 0);
        std::vector<T> b(n * columns);
        for (T& x : b) x = this->Number();
        std::vector<T> x = b, y = b;
        SolveByLdl(arrays.ldl.factors, RowMajor(x.data(), n, columns));
        for (int64_t j = 0; j < columns; ++j) {
          double norm = 0;
          for (int64_t i = 0; i < n; ++i) norm += std::abs(x[i * columns + j]);
          for (int64_t i = 0; i < n; ++i) {
            Wide sum = -Wide(b[i * columns + j]);
            for (int64_t k = 0; k < n; ++k) {
              sum += Multiply(Wide(element(i, k)), Wide(x[k * columns + j]));
            }
            ASSERT_LE(std::abs(sum),
                      30 * n * std::numeric_limits<Real<T>>::epsilon() * (2 * norm + 1))
                << n << ": " << i << ", " << j;
          }
        }
        // To LAPACK's form and back: the same bits.
        std::vector<int32_t> pivots(n);
        ToLapack(arrays.ldl.factors, pivots.data());
        const Matrix<const int32_t> of_pivots{pivots.data(), n, 1, 1, 1};
        ASSERT_TRUE(ArePivotsOfLdl(of_pivots));
        FromLapack(of_pivots, arrays.ldl.factors);
        SolveByLdl(arrays.ldl.factors, RowMajor(y.data(), n, columns));
        ASSERT_EQ(std::memcmp(x.data(), y.data(), x.size() * sizeof(T)), 0) << n;
      }
    }
  }
}

// D is diag(2, 4, 5), L(2, 0) and L(2, 1) are 7 and 9, and rows 1 and 2 were exchanged.
TYPED_TEST(DenseLdl, ABlockOfTwoMayBeDiagonal) {
  using T = TypeParam;
  const typename TestFixture::Arrays arrays(3, false);
  const T factors[] = {2, 0, 7, 0, 4, 9, 0, 0, 5};
  std::copy(std::begin(factors), std::end(factors), arrays.ldl.factors.matrix.data);
  const int32_t pivots[] = {-3, -3, 3};
  FromLapack({pivots, 3, 1, 1, 1}, arrays.ldl.factors);
  // b = A x for x = 1, 2, 3 and A of L D L.T, where rows and columns 1 and 2 are exchanged too.
  const double A[3][3] = {{2, 14, 0}, {14, 2 * 49 + 4 * 81 + 5, 36}, {0, 36, 4}};
  T x[3];
  for (int i = 0; i < 3; ++i) x[i] = static_cast<Real<T>>(A[i][0] + 2 * A[i][1] + 3 * A[i][2]);
  SolveByLdl(arrays.ldl.factors, RowMajor(x, 3, 1));
  constexpr int kCondition = 473 * 31;  // norm(A) norm(inv(A)), by rows.
  for (int i = 0; i < 3; ++i) {
    EXPECT_LE(std::abs(x[i] - T(i + 1)), 30 * kCondition * std::numeric_limits<Real<T>>::epsilon());
  }
}

// Elements are subnormal, of 4 bits less than others; the reciprocals of blocks overflow.
TYPED_TEST(DenseLdl, SubnormalMatrices) {
  using T = TypeParam;
  constexpr int kLost = 4, kExponent = std::numeric_limits<Real<T>>::min_exponent - 1 - kLost;
  for (const bool hermitian : {false, true}) {
    for (const int64_t n : {2, 7, 60}) {
      std::vector<T> a = this->Indefinite(n), x(n), b(n);
      for (int64_t j = 0; j < n; ++j) {
        a[j + j * n] = T(0);  // Blocks of two.
        b[j] = x[j] = TimesPower(this->Number(), kExponent);
      }
      const typename TestFixture::Arrays arrays(n, hermitian);
      for (int64_t i = 0; i < n * n; ++i) {
        arrays.ldl.factors.matrix.data[i] = TimesPower(a[i], kExponent);
        a[i] = TimesPower(arrays.ldl.factors.matrix.data[i], -kExponent);
      }
      ASSERT_EQ(arrays.Factor(), 0);
      SolveByLdl(arrays.ldl.factors, RowMajor(x.data(), n, 1));
      double norm = 0;
      for (const T& value : x) norm += std::abs(value);
      for (int64_t i = 0; i < n; ++i) {
        T sum = -TimesPower(b[i], -kExponent);
        for (int64_t k = 0; k < n; ++k) {
          const T element = i > k ? a[i + k * n] : this->Mirrored(a[k + i * n], hermitian);
          sum += Multiply(element, x[k]);
        }
        ASSERT_LE(
            std::abs(sum),
            std::ldexp(30 * n * std::numeric_limits<Real<T>>::epsilon(), kLost) * (2 * norm + 1))
            << n;
      }
    }
  }
}

// Zeros at the end of a diagonal whose other elements are their own pivots.
TYPED_TEST(DenseLdl, TellsTheFirstZero) {
  for (const int64_t bad : {1, 47, 48, 49, 100, 120}) {
    const typename TestFixture::Arrays arrays(120, false);
    std::fill_n(arrays.ldl.factors.matrix.data, 120 * 120, TypeParam(0));
    for (int64_t k = 0; k + 1 < bad; ++k) arrays(k, k) = 2;
    EXPECT_EQ(arrays.Factor(), bad);
  }
}

TYPED_TEST(DenseLdl, ThreadsChangeNoBit) {
  const int64_t n = 500;
  const std::vector<TypeParam> a = this->Indefinite(n);
  std::vector<std::unique_ptr<typename TestFixture::Arrays>> results;
  for (const int threads : {1, 3}) {
    SetThreads(threads);
    results.push_back(std::make_unique<typename TestFixture::Arrays>(n, true));
    std::copy(a.begin(), a.end(), results.back()->ldl.factors.matrix.data);
    EXPECT_EQ(results.back()->Factor(), 0);
  }
  SetThreads(2);
  for (int64_t j = 0; j < n; ++j) {
    EXPECT_EQ(std::memcmp(&(*results[0])(j, j), &(*results[1])(j, j), (n - j) * sizeof(TypeParam)),
              0);
  }
}

}  // namespace
}  // namespace otium::cpu
