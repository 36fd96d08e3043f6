// SPDX-License-Identifier: Apache-2.0
//
// eig, eigvals, eigh, eigvalsh, svd and svdvals: LAPACK's ratios over prescribed
// spectra, by the CPU's kernels and by the reference; what is not finite; batches.

#include <algorithm>
#include <atomic>
#include <utility>

#include "gtest/gtest.h"
#include "ops/ops.h"
#include "tests/linalg/ratios.h"
#include "tests/linalg/spectra.h"
#include "tests/linalg/ways.h"

// LAPACK's search for the roots of secular equations, which the linker puts these before
// (tests/CMakeLists.txt).
namespace {
std::atomic<bool> roots_fail = false;
std::atomic<int> failed_roots = 0;

void FailRoot(int n, int i, int* info) {
  if (!roots_fail || i != n) return;
  *info = 1;
  ++failed_roots;
}
}  // namespace

extern "C" {
#define OTIUM_WRAP(T, lasd4)                                                                      \
  void __real_##lasd4(const int* n, const int* i, const T* d, const T* z, T* delta, const T* rho, \
                      T* sigma, T* work, int* info);                                              \
  void __wrap_##lasd4(const int* n, const int* i, const T* d, const T* z, T* delta, const T* rho, \
                      T* sigma, T* work, int* info) {                                             \
    __real_##lasd4(n, i, d, z, delta, rho, sigma, work, info);                                    \
    FailRoot(*n, *i, info);                                                                       \
  }
OTIUM_WRAP(float, slasd4_)
OTIUM_WRAP(double, dlasd4_)
#undef OTIUM_WRAP
}

namespace otium {
namespace {

// While it lives, last roots are not found.
class RootsFail {
 public:
  RootsFail() {
    failed_roots = 0;
    roots_fail = true;
  }
  ~RootsFail() { roots_fail = false; }
  RootsFail(const RootsFail&) = delete;
  RootsFail& operator=(const RootsFail&) = delete;
  int count() const { return failed_roots; }
};

// Largest difference of real values, over n eps and the largest expected one.
double ValuesRatio(const Tensor& actual, const std::vector<double>& expected, DType dtype) {
  const CMatrix values = Matrices(actual, 1)[0];
  double error = 0, largest = 0;
  for (int64_t i = 0; i < values.rows(); ++i) {
    error = Larger(error, std::abs(values(i, 0) - expected[i]));
    largest = std::max(largest, std::abs(expected[i]));
  }
  return Ratio(error, largest, values.rows(), dtype);
}

// What svd and svdvals promise of a matrix whose singular values are `expected`.
void ExpectSvd(Way way, const Tensor& a, const std::vector<double>& expected) {
  const DType dtype = a.dtype();
  const CMatrix A = Matrices(a)[0];
  const int64_t m = A.rows(), n = A.columns(), k = std::min(m, n);
  for (const bool full : {false, true}) {
    const auto [U, S, Vh] = svd(constant(a), full);
    const auto values = ValuesBy(way, {U, S, Vh, svdvals(constant(a))});
    ASSERT_EQ(values.size(), 4);
    const CMatrix u = Matrices(values[0])[0], sigma = Matrices(values[1], 1)[0],
                  vh = Matrices(values[2])[0];
    EXPECT_EQ(u.columns(), full ? m : k);
    EXPECT_EQ(vh.rows(), full ? n : k);
    EXPECT_LT(OrthogonalityRatio(u, dtype), kMostRatio);
    EXPECT_LT(OrthogonalityRatio(Adjoint(vh), dtype), kMostRatio);
    const CMatrix left = TimesDiagonal(FirstColumns(u, k), sigma);
    EXPECT_LT(DifferenceRatio(A, left * FirstRows(vh, k), dtype), kMostRatio);
    EXPECT_LT(ValuesRatio(values[1], expected, dtype), kMostRatio);
    EXPECT_LT(ValuesRatio(values[3], expected, dtype), kMostRatio);
    for (int64_t i = 0; i + 1 < k; ++i) EXPECT_GE(sigma(i, 0).real(), sigma(i + 1, 0).real());
  }
}

TEST(Svd, Ratios) {
  struct {
    int64_t m, n;
  } constexpr kSizes[] = {{1, 1}, {8, 8}, {31, 12}, {12, 31}, {60, 60}};
  std::mt19937 random(1);
  for (const DType dtype : kLinalgDTypes) {
    for (const auto& [m, n] : kSizes) {
      for (const Spectrum& s : Spectra(dtype, std::min(m, n))) {
        const Tensor a = TensorOf(WithSingularValues(m, n, s.values, dtype, &random), dtype);
        for (const Way way : kWays) {
          SCOPED_TRACE(testing::Message() << DTypeName(dtype) << " " << m << " " << n << " "
                                          << s.name << (way == Way::kCpu ? "" : " reference"));
          ExpectSvd(way, a, s.values);
        }
      }
    }
  }
}

// Sizes at which blocks, panels and halves end, and one more; a spectrum and a dtype each.
constexpr int64_t kAroundBlocks[] = {64, 65, 128, 129, 192, 193, 257};

TEST(Svd, AroundBlocks) {
  std::mt19937 random(6);
  size_t turn = 0;
  for (const int64_t n : kAroundBlocks) {
    // Square, and in turn tall and wide.
    for (const int64_t m : {n, turn % 2 == 0 ? n + 13 : n - 13}) {
      const DType dtype = kLinalgDTypes[turn % 4];
      const std::vector<Spectrum> spectra = Spectra(dtype, std::min(m, n));
      const Spectrum& s = spectra[turn++ % spectra.size()];
      SCOPED_TRACE(testing::Message() << DTypeName(dtype) << " " << m << " " << n << " " << s.name);
      ExpectSvd(Way::kCpu, TensorOf(WithSingularValues(m, n, s.values, dtype, &random), dtype),
                s.values);
    }
  }
}

// No matrix is known whose roots LAPACK does not find, nor is it proved that there is none:
// here the last one is said not to be. Values alone have no roots.
TEST(Svd, WhereRootsAreNotFound) {
  std::mt19937 random(7);
  for (const DType dtype : kLinalgDTypes) {
    for (const auto& [m, n] : {std::pair<int64_t, int64_t>{60, 60}, {70, 40}, {40, 70}}) {
      const Spectrum s = Spectra(dtype, std::min(m, n))[0];
      SCOPED_TRACE(testing::Message() << DTypeName(dtype) << " " << m << " " << n);
      const Tensor a = TensorOf(WithSingularValues(m, n, s.values, dtype, &random), dtype);
      const RootsFail fail;
      ExpectSvd(Way::kCpu, a, s.values);
      EXPECT_GT(fail.count(), 0);
    }
  }
}

TEST(Svd, NoRowsNoColumns) {
  for (const Way way : kWays) {
    const auto [U, S, Vh] = svd(zeros({2, 3, 0}, DType::kC64));
    const auto values = ValuesBy(way, {U, S, Vh});
    ASSERT_EQ(values.size(), 3);
    EXPECT_EQ(NormOf(Matrices(values[0])[1] - CMatrix::Identity(3)), 0);
    EXPECT_EQ(values[1].NumElements() + values[2].NumElements(), 0);
  }
}

// What eigh and eigvalsh promise of a matrix whose eigenvalues are `expected`.
void ExpectEigh(Way way, const Tensor& a, const char* uplo, const std::vector<double>& expected) {
  const DType dtype = a.dtype();
  const auto [w, V] = eigh(constant(a), uplo);
  const auto values = ValuesBy(way, {w, V, eigvalsh(constant(a), uplo)});
  ASSERT_EQ(values.size(), 3);
  const CMatrix A = Matrices(a)[0], v = Matrices(values[1])[0], lambda = Matrices(values[0], 1)[0];
  EXPECT_LT(OrthogonalityRatio(v, dtype), kMostRatio);
  EXPECT_LT(DifferenceRatio(A, TimesDiagonal(v, lambda) * Adjoint(v), dtype), kMostRatio);
  EXPECT_LT(ValuesRatio(values[0], expected, dtype), kMostRatio);
  EXPECT_LT(ValuesRatio(values[2], expected, dtype), kMostRatio);
}

// Signs that take turns, and then the order of real numbers.
std::vector<double> RealEigenvalues(const Spectrum& s) {
  std::vector<double> values = s.values;
  for (size_t i = 1; i < values.size(); i += 2) values[i] = -values[i];
  std::sort(values.begin(), values.end());
  return values;
}

TEST(Eigh, Ratios) {
  std::mt19937 random(2);
  for (const DType dtype : kLinalgDTypes) {
    for (const int64_t n : {1, 2, 3, 9, 16, 40}) {
      for (const Spectrum& s : Spectra(dtype, n)) {
        const std::vector<double> expected = RealEigenvalues(s);
        const Tensor a = TensorOf(WithEigenvalues(expected, dtype, &random), dtype);
        for (const Way way : kWays) {
          for (const char* uplo : {"L", "U"}) {
            SCOPED_TRACE(testing::Message() << DTypeName(dtype) << " " << n << " " << s.name << uplo
                                            << (way == Way::kCpu ? "" : " reference"));
            ExpectEigh(way, a, uplo, expected);
          }
        }
      }
    }
  }
}

TEST(Eigh, AroundBlocks) {
  std::mt19937 random(8);
  size_t turn = 0;
  for (const int64_t n : kAroundBlocks) {
    for (const char* uplo : {"L", "U"}) {
      const DType dtype = kLinalgDTypes[turn % 4];
      const std::vector<Spectrum> spectra = Spectra(dtype, n);
      const Spectrum& s = spectra[turn++ % spectra.size()];
      SCOPED_TRACE(testing::Message() << DTypeName(dtype) << " " << n << " " << s.name << uplo);
      const std::vector<double> expected = RealEigenvalues(s);
      ExpectEigh(Way::kCpu, TensorOf(WithEigenvalues(expected, dtype, &random), dtype), uplo,
                 expected);
    }
  }
}

// Neither the other triangle nor what is imaginary on the diagonal.
TEST(Eigh, ReadsOneTriangle) {
  std::mt19937 random(3);
  for (const DType dtype : kLinalgDTypes) {
    for (const int64_t n : {3, 37}) {
      std::vector<double> expected;
      for (int64_t i = 0; i < n; ++i) expected.push_back(static_cast<double>(i) - 1.5);
      const CMatrix A = WithEigenvalues(expected, dtype, &random);
      for (const bool upper : {false, true}) {
        CMatrix half = A;
        for (int64_t i = 0; i < n; ++i) {
          half(i, i).imag(NAN);
          for (int64_t j = 0; j < i; ++j) (upper ? half(i, j) : half(j, i)) = NAN;
        }
        const Expr a = constant(TensorOf(half, dtype));
        for (const Way way : kWays) {
          const auto [w, V] = eigh(a, upper ? "U" : "L");
          const auto values = ValuesBy(way, {eigvalsh(a, upper ? "U" : "L"), w, V});
          ASSERT_EQ(values.size(), 3);
          EXPECT_LT(ValuesRatio(values[0], expected, dtype), kMostRatio);
          EXPECT_LT(ValuesRatio(values[1], expected, dtype), kMostRatio);
          EXPECT_LT(OrthogonalityRatio(Matrices(values[2])[0], dtype), kMostRatio);
        }
      }
    }
  }
}

// ---- general

void ExpectEigen(Way way, const Tensor& a) {
  const DType dtype = a.dtype();
  const CMatrix A = Matrices(a)[0];
  const auto [w, V] = eig(constant(a));
  const auto values = ValuesBy(way, {w, V, eigvals(constant(a))});
  ASSERT_EQ(values.size(), 3);
  const CMatrix lambda = Matrices(values[0], 1)[0], v = Matrices(values[1])[0];
  const double error = NormOf(A * v - TimesDiagonal(v, lambda));
  EXPECT_LT(Ratio(error, NormOf(A), A.rows(), dtype), kMostRatio);
  C128 trace = 0, other_trace = 0;
  const CMatrix alone = Matrices(values[2], 1)[0];
  for (int64_t j = 0; j < A.rows(); ++j) {
    EXPECT_LT(Ratio(std::abs(ColumnNorm(v, j) - 1), 1, A.rows(), dtype), kMostRatio);
    trace += A(j, j) - lambda(j, 0);
    other_trace += A(j, j) - alone(j, 0);
  }
  EXPECT_LT(Ratio(std::abs(trace), NormOf(A), A.rows(), dtype), kMostRatio);
  EXPECT_LT(Ratio(std::abs(other_trace), NormOf(A), A.rows(), dtype), kMostRatio);
}

TEST(Eig, Ratios) {
  std::mt19937 random(4);
  for (const DType dtype : kLinalgDTypes) {
    const bool is_single = ItemSize(RealDType(dtype)) == 4;
    for (const int64_t n : {1, 2, 3, 10, 45}) {
      const CMatrix normal = RandomMatrix(n, n, dtype, &random);
      CMatrix jordan(n, n), cycle(n, n), zero(n, n), triangle = normal;
      for (int64_t i = 0; i < n; ++i) {
        jordan(i, i) = 2;
        if (i + 1 < n) jordan(i, i + 1) = 1;
        cycle(i, (i + 1) % n) = 1;  // The roots of unity, for which a shift of 0 does nothing.
        for (int64_t j = 0; j < i; ++j) triangle(i, j) = 0;
      }
      const CMatrix matrices[] = {normal, jordan, cycle, zero, triangle};
      for (int kind = 0; kind < 5; ++kind) {
        for (const double scale : {1.0, is_single ? 1e18 : 1e150, is_single ? 1e-18 : 1e-150,
                                   is_single ? 1e-40 : 1e-312, is_single ? 1e36 : 1e305}) {
          const CMatrix A = TimesDiagonal(matrices[kind], [&] {
            CMatrix d(n, 1);
            d.Fill(scale);
            return d;
          }());
          for (const Way way : kWays) {
            SCOPED_TRACE(testing::Message() << DTypeName(dtype) << " " << n << " " << kind << " "
                                            << scale << (way == Way::kCpu ? "" : " reference"));
            ExpectEigen(way, TensorOf(A, dtype));
          }
        }
      }
    }
  }
}

// Pairs of a real matrix are conjugate, values and vectors.
TEST(Eig, RealMatrixGivesPairs) {
  const Tensor a = Tensor::Of<double>({{0, -2, 0}, {2, 0, 0}, {0, 0, 5}});
  const auto [w, V] = eig(constant(a));
  const auto values = ValuesBy(Way::kCpu, {w, V});
  const CMatrix lambda = Matrices(values[0], 1)[0], v = Matrices(values[1])[0];
  EXPECT_EQ(lambda(0, 0), std::conj(lambda(1, 0)));
  EXPECT_NEAR(std::abs(lambda(0, 0).imag()), 2, 1e-14);
  EXPECT_EQ(lambda(2, 0), 5.0);
  for (int64_t i = 0; i < 3; ++i) EXPECT_EQ(v(i, 0), std::conj(v(i, 1)));
}

// ---- failures

TEST(Spectral, NotFiniteIsRefused) {
  std::mt19937 random(5);
  const std::string words = "batch element 1: the matrix has elements that are not finite";
  for (const DType dtype : kLinalgDTypes) {
    for (const double bad : {double{NAN}, double{INFINITY}, -double{INFINITY}}) {
      for (const int64_t at : {0, 3, 5}) {
        // Small, or not.
        const int64_t n = at == 3 ? 6 : 30;
        std::vector<CMatrix> batch(3, RandomMatrix(n, n, dtype, &random));
        batch[1](at, std::min<int64_t>(at, 3)) = bad;
        const Expr A = constant(TensorOf(batch, dtype));
        for (const Way way : kWays) {
          EXPECT_EQ(FailureBy(way, {eig(A).eigenvectors}), "eig: " + words);
          EXPECT_EQ(FailureBy(way, {eigvals(A)}), "eigvals: " + words);
          EXPECT_EQ(FailureBy(way, {eigh(A).eigenvectors}), "eigh: " + words);
          EXPECT_EQ(FailureBy(way, {eigvalsh(A)}), "eigvalsh: " + words);
          EXPECT_EQ(FailureBy(way, {svd(A).U}), "svd: " + words);
          EXPECT_EQ(FailureBy(way, {svdvals(A)}), "svdvals: " + words);
        }
      }
    }
  }
}

// ---- batches

TEST(Spectral, BatchIsALoop) {
  std::mt19937 random(6);
  for (const DType dtype : kLinalgDTypes) {
    // One at a time, and more than there are lanes.
    for (const auto& [count, n] : {std::pair{5, 29}, {19, 4}}) {
      std::vector<CMatrix> batch;
      for (int i = 0; i < count; ++i) batch.push_back(RandomMatrix(n, n, dtype, &random));
      auto results = [](const Expr& A) {
        const auto [w, V] = eig(A);
        const auto [h, H] = eigh(A);
        const auto [U, S, Vh] = svd(A);
        return std::vector<Expr>{w, V, eigvals(A), h, H, eigvalsh(A), U, S, Vh, svdvals(A)};
      };
      const auto all = ValuesBy(Way::kCpu, results(constant(TensorOf(batch, dtype))));
      for (int i = 0; i < count; ++i) {
        const auto one = ValuesBy(Way::kCpu, results(constant(TensorOf(batch[i], dtype))));
        ASSERT_EQ(one.size(), all.size());
        for (size_t k = 0; k < one.size(); ++k) {
          const Tensor part = *Evaluate(select(constant(all[k]), 0, i));
          EXPECT_TRUE(Tensor::BitwiseEqual(part, one[k])) << k << " of " << DTypeName(dtype);
        }
      }
    }
  }
}

}  // namespace
}  // namespace otium
