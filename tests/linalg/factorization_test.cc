// SPDX-License-Identifier: Apache-2.0
//
// Cholesky, LU and LDL factors of matrices of prescribed spectra, judged by what they
// multiply to; what the _ex forms report, and what failures say.

#include <cmath>
#include <limits>

#include "engine/otium.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/linalg/square_spectra.h"

namespace otium {
namespace {

using testing::ElementsAre;

constexpr int64_t kSizes[] = {1, 2, 7, 40};

std::vector<Tensor> Values(absl::Span<const Expr> exprs) {
  absl::StatusOr<std::vector<Tensor>> values = Evaluate(exprs);
  if (values.ok()) return *std::move(values);
  ADD_FAILURE() << values.status();
  return {};
}
DenseMatrix Dense(const Tensor& t) { return DenseMatrix::All(t)[0]; }

// What products of two numbers lose below the smallest normal number is no fault.
double RatioOf(const DenseMatrix& difference, const DenseMatrix& A, DType dtype) {
  const double lost = (IsSingle(dtype) ? std::numeric_limits<float>::denorm_min()
                                       : std::numeric_limits<double>::denorm_min()) *
                      static_cast<double>(A.rows() * A.rows());
  return difference.Norm1() <= lost ? 0 : Ratio(difference, A, Epsilon(dtype));
}

// Calls check(A, dtype) for matrices of all spectra that a factorization must take.
template <class Make, class Check>
void ForSpectra(bool also_singular, Make&& make, Check&& check) {
  std::mt19937 random(5);
  for (const DType dtype : kLinalgDTypes) {
    for (const int64_t n : kSizes) {
      std::vector<SquareSpectrum> spectra = RegularSpectra(n, dtype);
      spectra.push_back(Subnormal(n, dtype));
      if (also_singular) spectra.push_back(RankDeficient(n));
      for (const SquareSpectrum& s : spectra) {
        SCOPED_TRACE(absl::StrCat(s.name, " ", DTypeName(dtype), " n = ", n));
        check(Rounded(make(s, dtype, &random), dtype), dtype);
      }
    }
  }
}

TEST(Factorization, CholeskyMultipliesToTheMatrix) {
  auto make = [](const SquareSpectrum& s, DType dtype, std::mt19937* random) {
    return WithEigenvalues(s, dtype, /*indefinite=*/false, random);
  };
  ForSpectra(/*also_singular=*/false, make, [](const DenseMatrix& A, DType dtype) {
    const Expr a = constant(A.ToTensor(dtype));
    const auto r = Values({cholesky(a), cholesky(a, true)});
    ASSERT_EQ(r.size(), 2u);
    const DenseMatrix L = Dense(r[0]), U = Dense(r[1]);
    EXPECT_LT(RatioOf(L * L.Adjoint() - A, A, dtype), kMostOfRatio);
    EXPECT_LT(RatioOf(U.Adjoint() * U - A, A, dtype), kMostOfRatio);
    for (int64_t i = 0; i < A.rows(); ++i) {
      for (int64_t j = 0; j < i; ++j) EXPECT_TRUE(L(j, i) == 0.0 && U(i, j) == 0.0);
    }
  });
}

TEST(Factorization, LuMultipliesToTheMatrix) {
  ForSpectra(/*also_singular=*/true, WithSingularValues, [](const DenseMatrix& A, DType dtype) {
    const LuResults f = lu(constant(A.ToTensor(dtype)));
    const auto r = Values({f.P, f.L, f.U});
    ASSERT_EQ(r.size(), 3u);
    const DenseMatrix P = Dense(r[0]), L = Dense(r[1]), U = Dense(r[2]);
    EXPECT_LT(RatioOf(P * L * U - A, A, dtype), kMostOfRatio);
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
  const DenseMatrix Q = RandomOrthogonal(9, DType::kF64, &random);
  for (const auto& [m, n] : std::vector<std::pair<int64_t, int64_t>>{
           {9, 4}, {4, 9}, {9, 1}, {1, 9}, {0, 4}, {4, 0}, {0, 0}}) {
    DenseMatrix A(m, n);
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) A(i, j) = Q(i, j);
    }
    const LuResults f = lu(constant(A.ToTensor(DType::kF64)));
    const auto r = Values({f.P, f.L, f.U});
    ASSERT_EQ(r.size(), 3u);
    EXPECT_THAT(r[0].sizes(), ElementsAre(m, m));
    EXPECT_THAT(r[1].sizes(), ElementsAre(m, std::min(m, n)));
    EXPECT_THAT(r[2].sizes(), ElementsAre(std::min(m, n), n));
    EXPECT_LT(RatioOf(Dense(r[0]) * Dense(r[1]) * Dense(r[2]) - A, A, DType::kF64), kMostOfRatio);
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

// ldl_factor is judged by its solution of A X = A, which is the identity; the factors
// themselves by tests/backends.
TEST(Factorization, LdlSolvesItsOwnMatrix) {
  for (const bool hermitian : {false, true}) {
    auto make = [&](const SquareSpectrum& s, DType dtype, std::mt19937* random) {
      DenseMatrix a = WithEigenvalues(s, dtype, /*indefinite=*/true, random);
      if (hermitian) return a;
      for (int64_t i = 0; i < a.rows(); ++i) {
        for (int64_t j = 0; j < i; ++j) a(j, i) = a(i, j);
      }
      return a;
    };
    std::mt19937 random(7);
    for (const DType dtype : kLinalgDTypes) {
      for (const int64_t n : kSizes) {
        for (const SquareSpectrum& s : RegularSpectra(n, dtype)) {
          SCOPED_TRACE(absl::StrCat(s.name, " ", DTypeName(dtype), " n = ", n));
          const DenseMatrix A = Rounded(make(s, dtype, &random), dtype);
          const Expr a = constant(A.ToTensor(dtype));
          const LdlFactorResults f = ldl_factor(a, hermitian);
          const DenseMatrix B = DenseMatrix::Identity(n);
          const auto r =
              Values({ldl_solve(f.LD, f.pivots, constant(B.ToTensor(dtype)), hermitian)});
          ASSERT_EQ(r.size(), 1u);
          const DenseMatrix X = Dense(r[0]);
          const double error = (A * X - B).Norm1();
          const double bound = A.Norm1() * X.Norm1() * static_cast<double>(n) * Epsilon(dtype);
          EXPECT_LT(error, kMostOfRatio * bound);
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
                           lu_unpack(LU, pivots, /*unpack_data=*/false).P});
    ASSERT_EQ(r.size(), 3u);
    for (const Tensor& t : r) {
      for (double x : t.ToVector<double>()) EXPECT_TRUE(std::isnan(x)) << p << " " << q;
    }
  }
}

TEST(Factorization, NanInTheMatrixIsNanInTheFactors) {
  std::mt19937 random(8);
  for (const int64_t n : {3, 40}) {
    const SquareSpectrum flat = RegularSpectra(n, DType::kF64)[0];
    const DenseMatrix good = WithEigenvalues(flat, DType::kF64, /*indefinite=*/false, &random);
    for (const double poison : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
      for (const auto& [i, j] : std::vector<std::pair<int64_t, int64_t>>{
               {0, 0}, {n - 1, 0}, {n / 2, n / 2}, {n - 1, n - 1}}) {
        DenseMatrix A = good;
        A(i, j) = A(j, i) = poison;
        const Expr a = constant(A.ToTensor(DType::kF64));
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
          bool finite = true;
          for (double x : value->ToVector<double>()) finite = finite && std::isfinite(x);
          EXPECT_FALSE(finite) << poison << " at " << i << ", " << j << " of " << n;
        }
      }
    }
  }
}

}  // namespace
}  // namespace otium
