// SPDX-License-Identifier: Apache-2.0
//
// lobpcg: the eigenvalues that are known, with and without B, from both ends; what a
// preconditioner and a good start are worth; failures; what is not finite.

#include <numbers>

#include "engine/engine.h"
#include "gtest/gtest.h"
#include "ops/ops.h"
#include "tests/linalg/ratios.h"
#include "tests/linalg/spectra.h"
#include "tests/linalg/ways.h"

namespace otium {
namespace {

double Tolerance(DType dtype) { return std::sqrt(Epsilon(dtype)); }

// A hermitian matrix of the eigenvalues 1, 2, ... n, times `scale`.
CMatrix Counting(int64_t n, double scale, DType dtype, std::mt19937* random) {
  std::vector<double> values;
  for (int64_t i = 1; i <= n; ++i) values.push_back(scale * static_cast<double>(i));
  return WithEigenvalues(values, dtype, random);
}

TEST(Lobpcg, BothEnds) {
  std::mt19937 random(1);
  for (const DType dtype : kLinalgDTypes) {
    const bool is_single = ItemSize(RealDType(dtype)) == 4;
    for (const int64_t n : {3, 12, 70}) {
      for (const double scale : {1.0, -2.0, is_single ? 1e18 : 1e150, is_single ? 1e-18 : 1e-150}) {
        const Tensor a = TensorOf(Counting(n, scale, dtype, &random), dtype);
        const CMatrix A = Matrices(a)[0];
        const int64_t k = std::min<int64_t>(n / 3, 4);
        for (const bool largest : {true, false}) {
          SCOPED_TRACE(testing::Message() << DTypeName(dtype) << " " << n << " times " << scale);
          const auto [w, X] = lobpcg(constant(a), k, Expr(), Expr(), std::nullopt, Expr(),
                                     std::nullopt, std::nullopt, largest);
          const auto values = ValuesBy(Way::kCpu, {w, X});
          ASSERT_EQ(values.size(), 2);
          const CMatrix lambda = Matrices(values[0], 1)[0], x = Matrices(values[1])[0];
          EXPECT_LT(OrthogonalityRatio(x, dtype), kMostRatio);
          const double norm = std::abs(scale) * static_cast<double>(n);
          const CMatrix R = A * x - TimesDiagonal(x, lambda);
          for (int64_t j = 0; j < k; ++j) {
            const bool from_above = largest == (scale > 0);
            const double expected = scale * static_cast<double>(from_above ? n - j : 1 + j);
            EXPECT_NEAR(lambda(j, 0).real(), expected, Tolerance(dtype) * norm);
            EXPECT_LE(ColumnNorm(R, j), 2 * Tolerance(dtype) * norm);
          }
        }
      }
    }
  }
}

TEST(Lobpcg, EqualEigenvalues) {
  std::mt19937 random(2);
  std::vector<double> values(30, 1.0);
  for (int i = 0; i < 6; ++i) values[i] = 4;
  const Tensor a = TensorOf(WithEigenvalues(values, DType::kC128, &random), DType::kC128);
  const auto [w, X] = lobpcg(constant(a), 8);
  const auto results = ValuesBy(Way::kCpu, {w, X});
  ASSERT_EQ(results.size(), 2);
  for (int64_t j = 0; j < 8; ++j) {
    EXPECT_NEAR(Matrices(results[0], 1)[0](j, 0).real(), j < 6 ? 4 : 1, 1e-7);
  }
  EXPECT_LT(OrthogonalityRatio(Matrices(results[1])[0], DType::kC128), kMostRatio);
}

TEST(Lobpcg, TheZeroMatrix) {
  const auto [w, X] = lobpcg(zeros({9, 9}, DType::kF32), 2);
  const auto results = ValuesBy(Way::kCpu, {w, X});
  ASSERT_EQ(results.size(), 2);
  EXPECT_EQ(NormOf(Matrices(results[0], 1)[0]), 0);
  EXPECT_LT(OrthogonalityRatio(Matrices(results[1])[0], DType::kF32), kMostRatio);
}

// A = B S with known S: A x = lambda B x has the eigenvalues of B^(1/2) S B^(-1/2).
TEST(Lobpcg, TheGeneralizedProblem) {
  std::mt19937 random(3);
  for (const DType dtype : kLinalgDTypes) {
    const bool is_single = ItemSize(RealDType(dtype)) == 4;
    for (const double scale : {1.0, is_single ? 1e15 : 1e140}) {
      const int64_t n = 40, k = 3;
      // With W.H W = 1: A = R.H W lambda W.H R and B = R.H R.
      CMatrix R = CMatrix::Identity(n) - CMatrix(n, n);
      const CMatrix G = RandomMatrix(n, n, dtype, &random);
      for (int64_t i = 0; i < n; ++i) {
        for (int64_t j = 0; j < n; ++j) R(i, j) += 0.02 * G(i, j);
      }
      const CMatrix A = Adjoint(R) * (Counting(n, 1, dtype, &random) * R);
      CMatrix B = Adjoint(R) * R;
      for (int64_t i = 0; i < n; ++i) {
        for (int64_t j = 0; j < n; ++j) B(i, j) *= scale;
      }
      for (const bool largest : {true, false}) {
        const auto [w, X] =
            lobpcg(constant(TensorOf(A, dtype)), k, constant(TensorOf(B, dtype)), Expr(),
                   std::nullopt, Expr(), std::nullopt, std::nullopt, largest);
        for (const Way way : kWays) {
          const auto values = ValuesBy(way, {w, X});
          ASSERT_EQ(values.size(), 2);
          const CMatrix lambda = Matrices(values[0], 1)[0], x = Matrices(values[1])[0];
          const CMatrix gram = Adjoint(x) * (B * x);
          EXPECT_LT(Ratio(NormOf(gram - CMatrix::Identity(k)), 1, n, dtype), kMostRatio);
          for (int64_t j = 0; j < k; ++j) {
            const double expected = static_cast<double>(largest ? n - j : 1 + j) / scale;
            EXPECT_NEAR(lambda(j, 0).real(), expected,
                        10 * Tolerance(dtype) * static_cast<double>(n) / scale);
          }
        }
      }
    }
  }
}

// -1 2 -1: what a preconditioner is for.
CMatrix Laplacian(int64_t n) {
  CMatrix A(n, n);
  for (int64_t i = 0; i < n; ++i) {
    A(i, i) = 2;
    if (i > 0) A(i, i - 1) = A(i - 1, i) = -1;
  }
  return A;
}

// How far the smallest eigenvalue is from its own after so many iterations.
double ErrorAfter(int64_t niter, const CMatrix& A, const Expr& iK, const Expr& X = Expr()) {
  const auto n = static_cast<double>(A.rows());
  const auto [w, x] = lobpcg(constant(TensorOf(A, DType::kF64)), 2, Expr(), X, std::nullopt, iK,
                             niter, std::nullopt, /*largest=*/false);
  const double exact = 2 - 2 * std::cos(std::numbers::pi / (n + 1));
  return std::abs(Matrices(ValuesBy(Way::kCpu, {w, x})[0], 1)[0](0, 0).real() - exact) / exact;
}

TEST(Lobpcg, APreconditionerSavesIterations) {
  const CMatrix A = Laplacian(200);
  CMatrix inverse(200, 200);
  for (int64_t i = 0; i < 200; ++i) {
    for (int64_t j = 0; j < 200; ++j) {
      const auto low = static_cast<double>(std::min(i, j) + 1),
                 high = static_cast<double>(std::max(i, j) + 1);
      inverse(i, j) = low * (201 - high) / 201;
    }
  }
  EXPECT_GT(ErrorAfter(8, A, Expr()), 1);
  EXPECT_LT(ErrorAfter(8, A, constant(TensorOf(inverse, DType::kF64))), 1e-8);
}

TEST(Lobpcg, StartsFromX) {
  const int64_t n = 60;
  const CMatrix A = Laplacian(n);
  CMatrix X(n, 2);
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < 2; ++j) {
      X(i, j) = std::sin(std::numbers::pi * static_cast<double>((i + 1) * (j + 1)) /
                         static_cast<double>(n + 1));
    }
  }
  // Eigenvectors need no iteration, whatever their length and order.
  EXPECT_LT(ErrorAfter(0, A, Expr(), constant(TensorOf(X, DType::kF64))), 1e-10);
  EXPECT_GT(ErrorAfter(0, A, Expr()), 1);
}

// More vectors than are wanted: the gap that counts is that behind the last of them.
TEST(Lobpcg, TheFirstOfMoreVectors) {
  std::mt19937 random(7);
  std::vector<double> values;
  for (int64_t i = 0; i < 75; ++i) values.push_back(static_cast<double>(i) / 75);
  for (int64_t i = 0; i < 5; ++i) values.push_back(2 - 1e-3 * static_cast<double>(i));
  const Expr A = constant(TensorOf(WithEigenvalues(values, DType::kF64, &random), DType::kF64));
  const Expr X = constant(TensorOf(RandomMatrix(80, 5, DType::kF64, &random), DType::kF64));
  constexpr int64_t kIterations = 16;
  auto error_of = [&](const Expr& start, std::optional<int64_t> n) {
    const auto [w, x] = lobpcg(A, 1, Expr(), start, n, Expr(), kIterations);
    const auto results = ValuesBy(Way::kCpu, {w, x});
    EXPECT_EQ(results[0].sizes(), (Sizes{1}));
    EXPECT_EQ(results[1].sizes(), (Sizes{80, 1}));
    EXPECT_LT(OrthogonalityRatio(Matrices(results[1])[0], DType::kF64), kMostRatio);
    return std::abs(Matrices(results[0], 1)[0](0, 0).real() - 2);
  };
  EXPECT_GT(error_of(Expr(), std::nullopt), 1e-6);
  EXPECT_LT(error_of(Expr(), 5), 1e-10);
  EXPECT_LT(error_of(X, std::nullopt), 1e-10);
  EXPECT_LT(error_of(X, 1), 1e-10);  // n is not read with X.
  for (const Way way : kWays) {
    // k is the columns of X when none, or 1.
    EXPECT_EQ(ValuesBy(way, {lobpcg(A, std::nullopt, Expr(), X).eigenvalues})[0].sizes(),
              (Sizes{5}));
    EXPECT_EQ(ValuesBy(way, {lobpcg(A).eigenvalues})[0].sizes(), (Sizes{1}));
    EXPECT_EQ(ValuesBy(way, {lobpcg(A, 2, Expr(), X).eigenvectors})[0].sizes(), (Sizes{80, 2}));
  }
}

TEST(Lobpcg, IsPureInSeedAndStream) {
  std::mt19937 random(4);
  const Expr A = constant(TensorOf(Counting(30, 1, DType::kF64, &random), DType::kF64));
  auto vectors = [&](uint64_t seed) {
    Function::Builder b("f");
    const auto first = lobpcg(A, 2, Expr(), Expr(), std::nullopt, Expr(), 1),
               second = lobpcg(A, 2, Expr(), Expr(), std::nullopt, Expr(), 1);
    b.Output("x", first.eigenvectors);
    b.Output("y", second.eigenvectors);
    RunOptions options;
    options.seed = seed;
    const auto results = Compile(*b.Build())->Run({}, options);
    return std::pair(Matrices(*results->Find("x"))[0], Matrices(*results->Find("y"))[0]);
  };
  const auto [x, y] = vectors(1);
  EXPECT_EQ(NormOf(x - vectors(1).first), 0);
  EXPECT_GT(NormOf(x - vectors(2).first), 0.01);
  EXPECT_GT(NormOf(x - y), 0.01);
}

TEST(Lobpcg, BatchesAreLoops) {
  std::mt19937 random(5);
  std::vector<CMatrix> As, Xs;
  for (int i = 0; i < 7; ++i) {
    As.push_back(Counting(24, i + 1, DType::kC64, &random));
    Xs.push_back(RandomMatrix(24, 3, DType::kC64, &random));
  }
  auto run = [](const Tensor& A, const Tensor& X) {
    const auto [w, x] = lobpcg(constant(A), 3, Expr(), constant(X));
    return Matrices(ValuesBy(Way::kCpu, {w, x})[1]);
  };
  const auto all = run(TensorOf(As, DType::kC64), TensorOf(Xs, DType::kC64));
  for (size_t i = 0; i < As.size(); ++i) {
    const auto one = run(TensorOf(As[i], DType::kC64), TensorOf(Xs[i], DType::kC64));
    EXPECT_EQ(NormOf(all[i] - one[0]), 0);
  }
}

TEST(Lobpcg, Failures) {
  std::mt19937 random(6);
  const Expr A = constant(TensorOf(Counting(12, 1, DType::kF64, &random), DType::kF64));
  constexpr char kWords[] =
      "lobpcg: a basis of the iteration is not of full rank, or B is not positive definite";
  CMatrix indefinite = CMatrix::Identity(12);
  indefinite(5, 5) = -1;
  CMatrix zero(12, 2), twice(12, 2);
  for (int64_t i = 0; i < 12; ++i) twice(i, 0) = twice(i, 1) = static_cast<double>(i + 1);
  const Expr bad_B = constant(TensorOf(indefinite, DType::kF64));
  EXPECT_EQ(FailureBy(Way::kCpu, {lobpcg(A, 3, bad_B).eigenvalues}), kWords);
  EXPECT_EQ(FailureBy(Way::kReference, {lobpcg(A, 3, bad_B).eigenvalues}), kWords);
  for (const CMatrix& X : {zero, twice}) {
    const Expr start = constant(TensorOf(X, DType::kF64));
    EXPECT_EQ(FailureBy(Way::kCpu, {lobpcg(A, 2, Expr(), start).eigenvalues}), kWords);
  }
  const Expr batch = constant(TensorOf(std::vector<CMatrix>(2, Laplacian(6)), DType::kF64));
  CMatrix good = CMatrix::Identity(6), bad = good;
  bad(0, 0) = -3;
  const Expr Bs = constant(TensorOf(std::vector<CMatrix>{good, bad}, DType::kF64));
  EXPECT_EQ(FailureBy(Way::kCpu, {lobpcg(batch, 1, Bs).eigenvalues}),
            "lobpcg: batch element 1: a basis of the iteration is not of full rank, or B is not "
            "positive definite");
}

TEST(Lobpcg, WhatIsNotFiniteGivesNan) {
  for (const DType dtype : kLinalgDTypes) {
    for (const double bad : {static_cast<double>(NAN), static_cast<double>(INFINITY)}) {
      CMatrix A = CMatrix::Identity(9), X(9, 2);
      X(0, 0) = X(1, 1) = 1;
      for (const int operand : {0, 1, 2, 3}) {
        std::vector<Expr> in;
        for (int i = 0; i < 4; ++i) {
          CMatrix m = i == 2 ? X : A;
          if (i == operand) m(4, 1) = bad;
          in.push_back(constant(TensorOf(m, dtype)));
        }
        const auto [w, x] = lobpcg(in[0], 2, in[1], in[2], std::nullopt, in[3]);
        const auto values = ValuesBy(Way::kCpu, {w, x});
        ASSERT_EQ(values.size(), 2);
        EXPECT_TRUE(HasNonFinite(values[0]));
        EXPECT_TRUE(HasNonFinite(values[1]));
      }
    }
  }
}

}  // namespace
}  // namespace otium
