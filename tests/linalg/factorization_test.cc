// SPDX-License-Identifier: Apache-2.0
//
// Cholesky, LU and LDL factors of matrices of prescribed spectra, judged by what they
// multiply to; what the _ex forms report, and what failures say.

#include <cmath>
#include <limits>

#include "engine/otium.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/linalg/ratios.h"
#include "tests/linalg/spectra.h"
#include "tests/linalg/ways.h"

namespace otium {
namespace {

using testing::ElementsAre;

constexpr int64_t kSizes[] = {1, 2, 7, 40};

// What products of two numbers lose below the smallest normal number is no fault.
double RatioOf(const CMatrix& difference, const CMatrix& A, DType dtype) {
  const double lost = (IsSingle(dtype) ? std::numeric_limits<float>::denorm_min()
                                       : std::numeric_limits<double>::denorm_min()) *
                      static_cast<double>(A.rows() * A.rows());
  const auto n = static_cast<double>(std::max(A.rows(), A.columns()));
  const double error = Norm1(difference);
  return error <= lost ? 0 : error / (n * Norm1(A) * Epsilon(dtype));
}

// Calls check(A, dtype) for matrices of all spectra that a factorization must take.
template <class Make, class Check>
void ForSpectra(bool also_singular, Make&& make, Check&& check) {
  std::mt19937 random(5);
  for (const DType dtype : kLinalgDTypes) {
    for (const int64_t n : kSizes) {
      std::vector<Spectrum> spectra = RegularSpectra(dtype, n);
      spectra.push_back(Subnormal(dtype, n));
      if (also_singular) spectra.push_back(RankDeficient(n));
      for (const Spectrum& s : spectra) {
        SCOPED_TRACE(absl::StrCat(s.name, " ", DTypeName(dtype), " n = ", n));
        check(Rounded(make(s.values, dtype, &random), dtype), dtype);
      }
    }
  }
}

TEST(Factorization, CholeskyMultipliesToTheMatrix) {
  ForSpectra(/*also_singular=*/false, WithEigenvalues, [](const CMatrix& A, DType dtype) {
    const Expr a = constant(TensorOf(A, dtype));
    const auto r = Values({cholesky(a), cholesky(a, true)});
    ASSERT_EQ(r.size(), 2u);
    const CMatrix L = Matrices(r[0])[0], U = Matrices(r[1])[0];
    EXPECT_LT(RatioOf(L * Adjoint(L) - A, A, dtype), kMostRatio);
    EXPECT_LT(RatioOf(Adjoint(U) * U - A, A, dtype), kMostRatio);
    for (int64_t i = 0; i < A.rows(); ++i) {
      for (int64_t j = 0; j < i; ++j) EXPECT_TRUE(L(j, i) == 0.0 && U(i, j) == 0.0);
    }
  });
}

TEST(Factorization, LuMultipliesToTheMatrix) {
  auto make = [](const std::vector<double>& values, DType dtype, std::mt19937* random) {
    return WithSingularValues(values, dtype, random);
  };
  ForSpectra(/*also_singular=*/true, make, [](const CMatrix& A, DType dtype) {
    const LuResults f = lu(constant(TensorOf(A, dtype)));
    const auto r = Values({f.P, f.L, f.U});
    ASSERT_EQ(r.size(), 3u);
    const CMatrix P = Matrices(r[0])[0], L = Matrices(r[1])[0], U = Matrices(r[2])[0];
    EXPECT_LT(RatioOf(P * L * U - A, A, dtype), kMostRatio);
    for (int64_t i = 0; i < A.rows(); ++i) {
      EXPECT_EQ(L(i, i), 1.0);
      for (int64_t j = 0; j < i; ++j) {
        EXPECT_TRUE(L(j, i) == 0.0 && U(i, j) == 0.0);
        EXPECT_LE(std::abs(L(i, j)), 2.0);  // |re| + |im| chooses: sqrt(2), and rounding.
      }
    }
  });
}

TEST(Factorization, LuOfRectanglesAndOfNothing) {
  std::mt19937 random(6);
  const CMatrix Q = RandomUnitary(9, DType::kF64, &random);
  for (const auto& [m, n] : std::vector<std::pair<int64_t, int64_t>>{
           {9, 4}, {4, 9}, {9, 1}, {1, 9}, {0, 4}, {4, 0}, {0, 0}}) {
    CMatrix A(m, n);
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) A(i, j) = Q(i, j);
    }
    const LuResults f = lu(constant(TensorOf(A, DType::kF64)));
    const auto r = Values({f.P, f.L, f.U});
    ASSERT_EQ(r.size(), 3u);
    EXPECT_THAT(r[0].sizes(), ElementsAre(m, m));
    EXPECT_THAT(r[1].sizes(), ElementsAre(m, std::min(m, n)));
    EXPECT_THAT(r[2].sizes(), ElementsAre(std::min(m, n), n));
    EXPECT_LT(
        RatioOf(Matrices(r[0])[0] * Matrices(r[1])[0] * Matrices(r[2])[0] - A, A, DType::kF64),
        kMostRatio);
  }
}

TEST(Factorization, LuWithoutPivotingIsGaussianElimination) {
  const Tensor A = Tensor::Of<double>({{2, 1, 1}, {4, 3, 3}, {8, 7, 9}});
  const LuFactorExResults f = lu_factor_ex(constant(A), /*pivot=*/false);
  const auto r = Values({f.LU, f.pivots, f.info});
  ASSERT_EQ(r.size(), 3u);
  EXPECT_TRUE(Tensor::BitwiseEqual(r[0], Tensor::Of<double>({{2, 1, 1}, {2, 1, 1}, {4, 3, 2}})));
  EXPECT_THAT(r[1].ToVector<int32_t>(), ElementsAre(1, 2, 3));
  EXPECT_THAT(r[2].ToVector<int32_t>(), ElementsAre(0));
  // There is no such factorization: infinite, not wrong.
  const LuFactorExResults none =
      lu_factor_ex(constant(Tensor::Of<double>({{0, 1}, {1, 0}})), /*pivot=*/false);
  const auto s = Values({none.LU, none.info});
  ASSERT_EQ(s.size(), 2u);
  EXPECT_TRUE(std::isinf(s[0].data<double>()[2]));
  EXPECT_THAT(s[1].ToVector<int32_t>(), ElementsAre(1));
}

TEST(Factorization, LuWithoutPivotingByBlocks) {
  std::mt19937 random(11);
  for (const DType dtype : kLinalgDTypes) {
    for (const auto& [m, n] : std::vector<std::pair<int64_t, int64_t>>{
             {32, 32}, {33, 33}, {65, 65}, {130, 130}, {97, 40}, {40, 97}}) {
      SCOPED_TRACE(absl::StrCat(DTypeName(dtype), " ", m, " x ", n));
      CMatrix A = RandomMatrix(m, n, dtype, &random);
      // Of a dominant diagonal, so that no pivot is small.
      for (int64_t i = 0; i < std::min(m, n); ++i) A(i, i) += static_cast<double>(m + n);
      A = Rounded(A, dtype);
      const LuResults f = lu(constant(TensorOf(A, dtype)), /*pivot=*/false);
      const auto r = Values({f.L, f.U});
      ASSERT_EQ(r.size(), 2u);
      EXPECT_LT(RatioOf(Matrices(r[0])[0] * Matrices(r[1])[0] - A, A, dtype), kMostRatio);
      // The first pivot that is zero, of a block that is not the first.
      CMatrix B = A;
      const int64_t zero = std::min(m, n) - 2;
      for (int64_t i = 0; i < m; ++i) B(i, zero) = 0;
      const auto info = Values({lu_factor_ex(constant(TensorOf(B, dtype)), /*pivot=*/false).info});
      ASSERT_EQ(info.size(), 1u);
      EXPECT_THAT(info[0].ToVector<int32_t>(), ElementsAre(zero + 1));
    }
  }
}

// ldl_factor is judged by its solution of A X = A, which is the identity; the factors
// themselves by tests/backends.
TEST(Factorization, LdlSolvesItsOwnMatrix) {
  for (const bool hermitian : {false, true}) {
    std::mt19937 random(7);
    for (const DType dtype : kLinalgDTypes) {
      for (const int64_t n : kSizes) {
        for (const Spectrum& s : RegularSpectra(dtype, n)) {
          SCOPED_TRACE(absl::StrCat(s.name, " ", DTypeName(dtype), " n = ", n));
          CMatrix A = Rounded(WithEigenvalues(Indefinite(s.values), dtype, &random), dtype);
          MirrorLower(&A, hermitian);
          const Expr a = constant(TensorOf(A, dtype));
          const LdlFactorResults f = ldl_factor(a, hermitian);
          const CMatrix B = CMatrix::Identity(n);
          const auto r =
              Values({ldl_solve(f.LD, f.pivots, constant(TensorOf(B, dtype)), hermitian)});
          ASSERT_EQ(r.size(), 1u);
          const CMatrix X = Matrices(r[0])[0];
          const double error = Norm1(A * X - B);
          const double bound = Norm1(A) * Norm1(X) * static_cast<double>(n) * Epsilon(dtype);
          EXPECT_LT(error, kMostRatio * bound);
        }
      }
    }
  }
}

// ---- info

TEST(Factorization, InfoOfTheExForms) {
  const Expr not_definite = constant(Tensor::Of<double>({{4, 2, 0}, {2, 1, 0}, {0, 0, 1}}));
  const CholeskyExResults c = cholesky_ex(not_definite);
  // Column 2 is twice column 1: nothing is left of it.
  const Expr singular = constant(Tensor::Of<double>({{1, 2, 3}, {2, 4, 7}, {4, 8, 1}}));
  const LuFactorExResults l = lu_factor_ex(singular);
  const Expr zero = constant(Tensor::Of<double>({{1, 0, 0}, {0, 0, 0}, {0, 0, 0}}));
  const LdlFactorExResults d = ldl_factor_ex(zero);
  const LdlFactorExResults h = ldl_factor_ex(cast(zero, DType::kC128), /*hermitian=*/true);
  const auto r = Values({c.info, c.L, l.info, l.LU, l.pivots, d.info, h.info, d.LD});
  ASSERT_EQ(r.size(), 8u);
  EXPECT_THAT(r[0].ToVector<int32_t>(), ElementsAre(2));
  for (double x : r[1].ToVector<double>()) EXPECT_TRUE(std::isnan(x));
  EXPECT_THAT(r[2].ToVector<int32_t>(), ElementsAre(2));
  // The factors are kept.
  EXPECT_TRUE(
      Tensor::BitwiseEqual(r[3], Tensor::Of<double>({{4, 8, 1}, {0.5, 0, 6.5}, {0.25, 0, 2.75}})))
      << Tensor(r[3]).ToVector<double>()[5];
  EXPECT_THAT(r[5].ToVector<int32_t>(), ElementsAre(2));
  EXPECT_THAT(r[6].ToVector<int32_t>(), ElementsAre(2));
  EXPECT_TRUE(Tensor::BitwiseEqual(r[7], Tensor::Of<double>({{1, 0, 0}, {0, 0, 0}, {0, 0, 0}})));
}

TEST(Factorization, FailuresNameMatrixAndPivot) {
  const Expr good = constant(Tensor::Of<double>({{2, 0}, {0, 1}})),
             bad = constant(Tensor::Of<double>({{2, 0}, {0, 0}}));
  const Expr batch = stack({good, bad, bad});
  auto message = [](const Expr& e) {
    const absl::Status status = Evaluate(e).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    return std::string(status.message());
  };
  EXPECT_EQ(message(cholesky(batch)),
            "cholesky: batch element 1: the leading minor of order 2 is not positive definite");
  EXPECT_EQ(message(cholesky_inverse(batch)),
            "cholesky_inverse: batch element 1: the diagonal element 2 of the factor is zero, the "
            "matrix is singular");
  EXPECT_EQ(message(lu_factor(batch).LU),
            "lu_factor: batch element 1: the diagonal element 2 of U is zero, the matrix is "
            "singular");
  EXPECT_EQ(message(lu_factor(batch, /*pivot=*/false).LU),
            "lu_factor: batch element 1: the diagonal element 2 of U is zero, the matrix is "
            "singular");
  EXPECT_EQ(message(ldl_factor(batch).LD),
            "ldl_factor: batch element 1: the diagonal element 2 of D is zero, the matrix is "
            "singular");
}

// ---- what users may give

TEST(Factorization, PivotsThatAreNoneGiveNan) {
  const Expr LU = constant(Tensor::Of<double>({{2, 1}, {0.5, 3}})),
             B = constant(Tensor::Of<double>({{1}, {2}}));
  for (const auto& [p, q] : std::vector<std::pair<int32_t, int32_t>>{
           {0, 2}, {3, 2}, {1, -2}, {-1, 2}, {1, std::numeric_limits<int32_t>::min()}}) {
    const Expr pivots = constant(Tensor::Of<int32_t>({p, q}));
    const auto r = Values({lu_solve(LU, pivots, B), ldl_solve(LU, pivots, B),
                           lu_solve(LU, pivots, B, /*left=*/true, /*adjoint=*/true),
                           lu_solve(LU, pivots, transpose(B, 0, 1), /*left=*/false),
                           lu_unpack(LU, pivots, /*unpack_data=*/false).P});
    ASSERT_EQ(r.size(), 5u);
    for (const Tensor& t : r) {
      for (double x : t.ToVector<double>()) EXPECT_TRUE(std::isnan(x)) << p << " " << q;
    }
  }
}

TEST(Factorization, NanInTheMatrixIsNanInTheFactors) {
  std::mt19937 random(8);
  for (const int64_t n : {3, 40}) {
    const Spectrum flat = RegularSpectra(DType::kF64, n)[0];
    const CMatrix good = WithEigenvalues(flat.values, DType::kF64, &random);
    for (const double poison : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
      for (const auto& [i, j] : std::vector<std::pair<int64_t, int64_t>>{
               {0, 0}, {n - 1, 0}, {n / 2, n / 2}, {n - 1, n - 1}}) {
        CMatrix A = good;
        A(i, j) = A(j, i) = poison;
        const Expr a = constant(TensorOf(A, DType::kF64));
        const LuFactorExResults l = lu_factor_ex(a);
        const LdlFactorExResults d = ldl_factor_ex(a);
        std::vector<Expr> exprs = {
            cholesky(a), cholesky_ex(a).L, l.LU, d.LD, lu_factor_ex(a, /*pivot=*/false).LU,
            lu(a).U};
        // The inverse of an infinite factor is 0.
        if (std::isnan(poison)) exprs.push_back(cholesky_inverse(a));
        for (const Expr& e : exprs) {
          const absl::StatusOr<Tensor> value = Evaluate(e);
          if (!value.ok()) {
            EXPECT_EQ(value.status().code(), absl::StatusCode::kFailedPrecondition);
            continue;
          }
          EXPECT_TRUE(HasNonFinite(*value)) << poison << " at " << i << ", " << j << " of " << n;
        }
      }
    }
  }
}

// LAPACK's sytf2 stops at both alike.
TEST(Factorization, NanOnTheDiagonalOfDIsNoZero) {
  for (const DType dtype : kLinalgDTypes) {
    for (const int64_t n : {1, 3, 40}) {
      CMatrix A = CMatrix::Identity(n);
      A(n / 2, n / 2) = std::nan("");
      const Expr a = constant(TensorOf(A, dtype));
      for (const bool hermitian : {false, true}) {
        const LdlFactorExResults f = ldl_factor_ex(a, hermitian);
        for (const Way way : kWays) {
          const auto r = ValuesBy(way, {f.info, f.LD});
          ASSERT_EQ(r.size(), 2u);
          EXPECT_THAT(r[0].ToVector<int32_t>(), ElementsAre(0)) << DTypeName(dtype) << " " << n;
          EXPECT_TRUE(HasNonFinite(r[1])) << DTypeName(dtype) << " " << n;
        }
      }
    }
  }
}

}  // namespace
}  // namespace otium
