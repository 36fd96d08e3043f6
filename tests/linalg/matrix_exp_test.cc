// SPDX-License-Identifier: Apache-2.0
//
// matrix_exp: exponentials that are known otherwise, over all degrees of the
// approximant and many squarings; what is promised of triangles; what is not finite.

#include <numbers>

#include "gtest/gtest.h"
#include "ops/ops.h"
#include "tests/linalg/ratios.h"
#include "tests/linalg/spectra.h"
#include "tests/linalg/ways.h"

namespace otium {
namespace {

CMatrix Exp(Way way, const CMatrix& A, DType dtype) {
  const auto values = ValuesBy(way, {matrix_exp(constant(TensorOf(A, dtype)))});
  return values.empty() ? CMatrix(0, 0) : Matrices(values[0])[0];
}

CMatrix Times(CMatrix a, double factor) {
  for (int64_t i = 0; i < a.rows(); ++i) {
    for (int64_t j = 0; j < a.columns(); ++j) a(i, j) *= factor;
  }
  return a;
}

// Errors of the exponential grow with the norm of A: that is its condition number, at
// least, and of normal matrices exactly.
double ExpRatio(const CMatrix& actual, const CMatrix& expected, double norm, DType dtype) {
  return Ratio(NormOf(actual - expected), NormOf(expected) * std::max(1.0, norm), actual.rows(),
               dtype);
}

// Of all degrees, and with 0 to 7 squarings.
constexpr double kNorms[] = {0, 1e-20, 1e-3, 0.02, 0.2, 0.4, 0.9, 1.8, 2, 3.9, 5, 6, 30, 80};

TEST(MatrixExp, OfHermitianMatrices) {
  std::mt19937 random(1);
  for (const DType dtype : kLinalgDTypes) {
    for (const int64_t n : {1, 2, 7, 33}) {
      for (const double norm : kNorms) {
        std::vector<double> values;
        CMatrix exponentials(n, 1);
        for (int64_t i = 0; i < n; ++i) {
          values.push_back(
              norm * (n == 1 ? 1 : 1 - 2 * static_cast<double>(i) / static_cast<double>(n - 1)));
          exponentials(i, 0) = std::exp(values[i]);
        }
        const CMatrix V = RandomUnitary(n, dtype, &random);
        CMatrix lambda(n, 1);
        for (int64_t i = 0; i < n; ++i) lambda(i, 0) = values[i];
        const CMatrix A = TimesDiagonal(V, lambda) * Adjoint(V);
        const CMatrix expected = TimesDiagonal(V, exponentials) * Adjoint(V);
        for (const Way way : kWays) {
          SCOPED_TRACE(testing::Message() << DTypeName(dtype) << " " << n << " norm " << norm);
          EXPECT_LT(ExpRatio(Exp(way, A, dtype), expected, norm, dtype), kMostRatio);
        }
      }
    }
  }
}

// exp(i H) is unitary, and exp(-A) its inverse.
TEST(MatrixExp, OfSkewMatricesIsUnitary) {
  std::mt19937 random(2);
  for (const DType dtype : kLinalgDTypes) {
    for (const double norm : {0.1, 3.0, 40.0}) {
      const CMatrix G = RandomMatrix(12, 12, dtype, &random);
      const CMatrix skew = G - Adjoint(G);
      const CMatrix A = Times(skew, norm / NormOf(skew));
      const CMatrix U = Exp(Way::kCpu, A, dtype);
      EXPECT_LT(OrthogonalityRatio(U, dtype), kMostRatio * std::max(1.0, norm));
      EXPECT_LT(ExpRatio(Exp(Way::kCpu, Times(A, -1), dtype), Adjoint(U), norm, dtype),
                kMostRatio);
    }
  }
  // A rotation.
  const double t = 100;
  CMatrix A(2, 2);
  A(0, 1) = -t;
  A(1, 0) = t;
  const CMatrix R = Exp(Way::kCpu, A, DType::kF64);
  EXPECT_NEAR(R(0, 0).real(), std::cos(t), 1e-13 * t);
  EXPECT_NEAR(R(1, 0).real(), std::sin(t), 1e-13 * t);
}

TEST(MatrixExp, OfGeneralMatricesAsTheReference) {
  std::mt19937 random(3);
  for (const DType dtype : kLinalgDTypes) {
    for (const double norm : kNorms) {
      const CMatrix G = RandomMatrix(20, 20, dtype, &random);
      const CMatrix A = Matrices(TensorOf(Times(G, norm / NormOf(G)), dtype))[0];
      EXPECT_LT(ExpRatio(Exp(Way::kCpu, A, dtype), Exp(Way::kReference, A, dtype), norm, dtype),
                kMostRatio)
          << DTypeName(dtype) << " norm " << norm;
    }
  }
}

TEST(MatrixExp, NilpotentIsAPolynomial) {
  CMatrix A(3, 3);
  A(0, 1) = 3;
  A(1, 2) = 5;
  A(0, 2) = -1;
  const CMatrix E = Exp(Way::kCpu, A, DType::kF64);
  EXPECT_EQ(E(0, 0), 1.0);
  EXPECT_NEAR(E(0, 1).real(), 3, 1e-14);
  EXPECT_NEAR(E(0, 2).real(), -1 + 7.5, 1e-14);
  EXPECT_EQ(E(2, 0), 0.0);
}

TEST(MatrixExp, DiagonalAndTriangles) {
  std::mt19937 random(4);
  for (const DType dtype : kLinalgDTypes) {
    for (const double scale : {0.1, 1.0, 8.0}) {
      const CMatrix G =
          Matrices(TensorOf(Times(RandomMatrix(9, 9, dtype, &random), scale), dtype))[0];
      for (const bool lower : {false, true}) {
        for (const bool upper : {false, true}) {
          if (lower && upper) continue;
          CMatrix A = G;
          for (int64_t i = 0; i < 9; ++i) {
            for (int64_t j = 0; j < 9; ++j) {
              if ((i > j && !lower) || (i < j && !upper)) A(i, j) = 0;
            }
          }
          const CMatrix E = Exp(Way::kCpu, A, dtype);
          for (int64_t i = 0; i < 9; ++i) {
            const C128 d = std::exp(A(i, i));
            EXPECT_LE(std::abs(E(i, i) - d),
                      4 * Epsilon(dtype) * std::max(1.0, std::abs(A(i, i))) * std::abs(d));
            for (int64_t j = 0; j < 9; ++j) {
              if ((i > j && !lower) || (i < j && !upper)) {
                EXPECT_EQ(E(i, j), 0.0);
              }
            }
          }
          EXPECT_LT(ExpRatio(E, Exp(Way::kReference, A, dtype), NormOf(A), dtype), kMostRatio);
        }
      }
    }
  }
}

// The largest elements that there are: hundreds of squarings, and no more.
TEST(MatrixExp, HugeAndTinyElements) {
  CMatrix A(2, 2);
  A(0, 0) = -1e300;
  A(0, 1) = A(1, 0) = 1e299;
  A(1, 1) = -1e300;
  const CMatrix E = Exp(Way::kCpu, A, DType::kF64);
  // Of definite matrices that large it is 0 to any precision.
  EXPECT_EQ(NormOf(E), 0);
  CMatrix B(2, 2);
  for (int64_t i = 0; i < 4; ++i) B(i / 2, i % 2) = 1.7e308;
  EXPECT_FALSE(AllFinite(Exp(Way::kCpu, B, DType::kF64)));
  for (int64_t i = 0; i < 4; ++i) B(i / 2, i % 2) = 3e38;
  EXPECT_FALSE(AllFinite(Exp(Way::kCpu, B, DType::kF32)));
  for (int64_t i = 0; i < 4; ++i) B(i / 2, i % 2) = 5e-324;
  EXPECT_LE(NormOf(Exp(Way::kCpu, B, DType::kF64) - CMatrix::Identity(2)), 1e-323);
}

TEST(MatrixExp, WhatIsNotFiniteStaysSo) {
  for (const DType dtype : kLinalgDTypes) {
    for (const double bad : {static_cast<double>(NAN), static_cast<double>(INFINITY)}) {
      for (int64_t at = 0; at < 4; ++at) {
        CMatrix A = CMatrix::Identity(2);
        A(at / 2, at % 2) = bad;
        for (const Way way : kWays) EXPECT_FALSE(AllFinite(Exp(way, A, dtype)));
      }
    }
  }
}

TEST(MatrixExp, BatchesAreLoops) {
  std::mt19937 random(5);
  std::vector<CMatrix> batch;
  for (int i = 0; i < 40; ++i)
    batch.push_back(Times(RandomMatrix(13, 13, DType::kC64, &random), 0.1 * i));
  const Tensor all =
      ValuesBy(Way::kCpu, {matrix_exp(constant(TensorOf(batch, DType::kC64)))})[0];
  for (size_t i = 0; i < batch.size(); ++i) {
    const CMatrix one = Exp(Way::kCpu, batch[i], DType::kC64);
    EXPECT_EQ(NormOf(Matrices(all)[i] - one), 0);
  }
  const Tensor none = ValuesBy(Way::kCpu, {matrix_exp(zeros({3, 0, 0}, DType::kF64))})[0];
  EXPECT_EQ(none.NumElements(), 0);
}

}  // namespace
}  // namespace otium
