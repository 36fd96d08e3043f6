// SPDX-License-Identifier: Apache-2.0
//
// What is made of spectra and inverses, from end to end: pinv, matrix_rank, cond, norms
// of singular values, matrix_power, tensorinv, tensorsolve, low-rank factors; and their
// failures, which are told under their own names.

#include "engine/engine.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/ops.h"
#include "tests/linalg/ratios.h"
#include "tests/linalg/spectra.h"
#include "tests/linalg/ways.h"

namespace otium {
namespace {

// A test failure, and whatever, when there is no value.
Tensor One(Way way, const Expr& e) {
  const auto values = ValuesBy(way, {e});
  return values.empty() ? *Tensor::Allocate(e.dtype(), e.shape().sizes()) : values[0];
}
double Number(Way way, const Expr& e) { return Matrices(One(way, e), 0)[0](0, 0).real(); }

Tensor Batch(std::vector<CMatrix> matrices, DType dtype = DType::kF64) {
  return TensorOf(matrices, dtype);
}

// The four equations of Penrose, of those singular values that count.
TEST(Pinv, PenroseEquations) {
  struct {
    int64_t m, n;
  } constexpr kSizes[] = {{1, 1}, {9, 9}, {14, 6}, {6, 14}};
  std::mt19937 random(1);
  for (const DType dtype : kLinalgDTypes) {
    for (const auto& [m, n] : kSizes) {
      for (const Spectrum& s : Spectra(dtype, std::min(m, n))) {
        // Of subnormal numbers there are no inverses, and of clusters at eps it is noise
        // what counts.
        if (s.name == "subnormal" || s.name == "clustered at eps" || s.name == "nearly overflowing")
          continue;
        const Tensor a = TensorOf(WithSingularValues(m, n, s.values, dtype, &random), dtype);
        const CMatrix A = Matrices(a)[0];
        for (const Way way : kWays) {
          SCOPED_TRACE(testing::Message()
                       << DTypeName(dtype) << " " << m << " " << n << " " << s.name);
          const double rtol = 1e-3;
          const CMatrix P = Matrices(One(way, pinv(constant(a), std::nullopt, rtol)))[0];
          double smallest = s.values[0];
          for (double v : s.values) smallest = v > rtol * s.values[0] ? v : smallest;
          const double condition = smallest == 0 ? 1 : s.values[0] / smallest;
          const CMatrix AP = A * P, PA = P * A;
          EXPECT_LT(Ratio(NormOf(AP - Adjoint(AP)), condition, m, dtype), kMostRatio);
          EXPECT_LT(Ratio(NormOf(PA - Adjoint(PA)), condition, n, dtype), kMostRatio);
          EXPECT_LT(Ratio(NormOf(PA * P - P), condition * NormOf(P), m, dtype), kMostRatio);
          // But for the part that does not count.
          EXPECT_LE(NormOf(AP * A - A),
                    (2 * rtol + kMostRatio * 14 * condition * Epsilon(dtype)) * NormOf(A));
        }
      }
    }
  }
}

TEST(Pinv, HermitianReadsTheLowerTriangle) {
  std::mt19937 random(2);
  for (const DType dtype : kLinalgDTypes) {
    const CMatrix A = WithEigenvalues({-2, 0.5, 0, 3}, dtype, &random);
    CMatrix half = A;
    for (int64_t i = 0; i < 4; ++i) {
      for (int64_t j = i + 1; j < 4; ++j) half(i, j) = NAN;
    }
    for (const Way way : kWays) {
      const CMatrix P = Matrices(
          One(way, pinv(constant(TensorOf(half, dtype)), std::nullopt, std::nullopt, true)))[0];
      EXPECT_LT(DifferenceRatio(A, A * (P * A), dtype), kMostRatio);
      EXPECT_EQ(Number(way, matrix_rank(constant(TensorOf(half, dtype)), std::nullopt, std::nullopt,
                                        true)),
                3);
    }
  }
}

TEST(MatrixRank, Tolerances) {
  std::mt19937 random(3);
  const std::optional<double> none;
  for (const DType dtype : kLinalgDTypes) {
    for (const double scale : {1.0, 1e-30, 1e30}) {
      const Expr A = constant(TensorOf(
          WithSingularValues(6, 5, {scale, 1e-2 * scale, 1e-4 * scale, 0, 0}, dtype, &random),
          dtype));
      for (const Way way : kWays) {
        EXPECT_EQ(Number(way, matrix_rank(A)), 3);
        EXPECT_EQ(Number(way, matrix_rank(A, none, 1e-3)), 2);
        EXPECT_EQ(Number(way, matrix_rank(A, 1e-3 * scale)), 2);
        EXPECT_EQ(Number(way, matrix_rank(A, 1e-3 * scale, 0.1)), 1);
        EXPECT_EQ(Number(way, matrix_rank(A, 0.1 * scale, 1e-3)), 1);
        // 0 is no tolerance, so that the usual one holds.
        EXPECT_EQ(Number(way, matrix_rank(A, 0.0)), 3);
      }
    }
    const Expr zero = zeros({4, 4}, dtype), none_at_all = zeros({0, 4}, dtype);
    EXPECT_EQ(Number(Way::kCpu, matrix_rank(zero)), 0);
    EXPECT_EQ(Number(Way::kCpu, matrix_rank(none_at_all)), 0);
  }
}

TEST(Cond, OfKnownMatrices) {
  std::mt19937 random(4);
  for (const DType dtype : kLinalgDTypes) {
    const double exact = 200 * Epsilon(dtype);
    const Expr A =
        constant(TensorOf(WithSingularValues(5, 5, {8, 4, 2, 1, 0.5}, dtype, &random), dtype));
    CMatrix t = CMatrix::Identity(2);  // Inverse [[1, -3], [0, 1]].
    t(0, 1) = 3;
    const Expr T = constant(TensorOf(t, dtype));
    for (const Way way : kWays) {
      EXPECT_NEAR(Number(way, cond(A)), 16, 16 * exact);
      EXPECT_NEAR(Number(way, cond(A, 2)), 16, 16 * exact);
      EXPECT_NEAR(Number(way, cond(A, -2)), 1.0 / 16, exact);
      EXPECT_NEAR(Number(way, cond(A, "nuc")), 15.5 * 3.875, 60 * exact);
      EXPECT_NEAR(Number(way, cond(T, 1)), 16, 16 * exact);
      EXPECT_NEAR(Number(way, cond(T, -1)), 1, exact);
      EXPECT_NEAR(Number(way, cond(T, INFINITY)), 16, 16 * exact);
      EXPECT_NEAR(Number(way, cond(T, -INFINITY)), 1, exact);
      EXPECT_NEAR(Number(way, cond(T, "fro")), 11, 11 * exact);
    }
  }
}

TEST(Cond, OfSingularMatricesIsInfinite) {
  const NormOrder orders[] = {"fro", "nuc", 1, -1, INFINITY, -INFINITY, 2};
  CMatrix rank_one(2, 2);
  rank_one(0, 0) = rank_one(0, 1) = 1;
  const Expr A = constant(Batch({rank_one, CMatrix::Identity(2), CMatrix(2, 2)}));
  for (const NormOrder& order : orders) {
    const CMatrix c = Matrices(One(Way::kCpu, cond(A, order)), 1)[0];
    EXPECT_EQ(c(0, 0).real(), INFINITY);
    EXPECT_TRUE(std::isfinite(c(1, 0).real()));
    EXPECT_EQ(c(2, 0).real(), INFINITY);
  }
  EXPECT_EQ(Number(Way::kCpu, cond(constant(TensorOf(rank_one, DType::kF64)), -2)), 0);
}

TEST(SpectralNorms, OfPrescribedSpectra) {
  std::mt19937 random(5);
  for (const DType dtype : kLinalgDTypes) {
    for (const Spectrum& s : Spectra(dtype, 8)) {
      const Expr A = constant(TensorOf(WithSingularValues(11, 8, s.values, dtype, &random), dtype));
      const double sum = std::accumulate(s.values.begin(), s.values.end(), 0.0);
      for (const Way way : kWays) {
        SCOPED_TRACE(testing::Message() << DTypeName(dtype) << " " << s.name);
        auto ratio = [&](const Expr& e, double expected) {
          return Ratio(std::abs(Number(way, e) - expected), s.values[0], 11, dtype);
        };
        EXPECT_LT(ratio(matrix_norm(A, 2), s.values[0]), kMostRatio);
        EXPECT_LT(ratio(norm(A, -2), s.values[7]), kMostRatio);
        if (std::isfinite(static_cast<float>(sum)) || dtype == DType::kF64 ||
            dtype == DType::kC128) {
          EXPECT_LT(ratio(norm(A, "nuc"), sum), kMostRatio);
        }
      }
    }
  }
}

// ---- by inverses

TEST(MatrixPower, OfNegativeNumbers) {
  std::mt19937 random(6);
  for (const DType dtype : kLinalgDTypes) {
    const Tensor a =
        TensorOf(WithSingularValues(6, 6, {3, 2.5, 2, 1.5, 1.2, 1}, dtype, &random), dtype);
    const CMatrix A = Matrices(a)[0];
    for (const Way way : kWays) {
      CMatrix power = CMatrix::Identity(6);
      for (int64_t n = 1; n <= 7; ++n) {
        power = power * A;
        const CMatrix inverse = Matrices(One(way, matrix_power(constant(a), -n)))[0];
        const double condition = std::pow(3, n);
        EXPECT_LT(Ratio(NormOf(power * inverse - CMatrix::Identity(6)), condition, 6 * n, dtype),
                  kMostRatio);
      }
    }
  }
}

TEST(Tensors, InverseAndSolution) {
  std::mt19937 random(7);
  for (const DType dtype : kLinalgDTypes) {
    const CMatrix A = WithSingularValues(12, 12, std::vector<double>(12, 1.5), dtype, &random);
    const Expr T = reshape(constant(TensorOf(A, dtype)), {3, 4, 2, 6});
    const Expr b = constant(
        Tensor::Copy(TensorOf(RandomMatrix(3, 4, dtype, &random), dtype).data(), dtype, {3, 4}));
    for (const Way way : kWays) {
      const auto values = ValuesBy(way, {reshape(tensordot(tensorinv(T), T, 2), {12, 12}),
                                         tensordot(T, tensorsolve(T, b), 2) - b});
      ASSERT_EQ(values.size(), 2);
      EXPECT_LT(OrthogonalityRatio(Matrices(values[0])[0], dtype), kMostRatio);
      EXPECT_LT(Ratio(NormOf(Matrices(values[1])[0]), 5, 12, dtype), kMostRatio);
    }
  }
}

// ---- of random subspaces

TEST(LowRank, FindsWhatThereIs) {
  struct {
    int64_t m, n;
  } constexpr kSizes[] = {{30, 30}, {50, 20}, {20, 50}};
  std::mt19937 random(8);
  for (const DType dtype : kLinalgDTypes) {
    for (const auto& [m, n] : kSizes) {
      std::vector<double> values(std::min(m, n), 0.0);
      for (int i = 0; i < 4; ++i) values[i] = 5 - i;
      const Tensor a = TensorOf(WithSingularValues(m, n, values, dtype, &random), dtype);
      const auto [U, S, V] = svd_lowrank(constant(a));
      for (const Way way : kWays) {
        const auto r = ValuesBy(way, {U, S, V});
        ASSERT_EQ(r.size(), 3);
        const CMatrix u = Matrices(r[0])[0], s = Matrices(r[1], 1)[0], v = Matrices(r[2])[0];
        EXPECT_EQ(u.columns(), 6);
        EXPECT_LT(OrthogonalityRatio(u, dtype), kMostRatio);
        EXPECT_LT(OrthogonalityRatio(v, dtype), kMostRatio);
        EXPECT_LT(DifferenceRatio(Matrices(a)[0], TimesDiagonal(u, s) * Adjoint(v), dtype),
                  kMostRatio);
        for (int64_t i = 0; i < 6; ++i) {
          EXPECT_LT(Ratio(std::abs(s(i, 0) - values[i]), 5, std::max(m, n), dtype), kMostRatio);
        }
      }
    }
  }
}

// Of a slowly falling spectrum iterations find what one product misses.
TEST(LowRank, IterationsSharpen) {
  std::mt19937 random(9);
  std::vector<double> values;
  for (int i = 0; i < 80; ++i) values.push_back(std::pow(0.93, i));
  const Expr A =
      constant(TensorOf(WithSingularValues(90, 80, values, DType::kF64, &random), DType::kF64));
  auto error = [&](int64_t niter) {
    const CMatrix s = Matrices(One(Way::kCpu, svd_lowrank(A, 6, niter).S), 1)[0];
    double largest = 0;
    for (int64_t i = 0; i < 3; ++i) largest = Larger(largest, std::abs(s(i, 0) - values[i]));
    return largest;
  };
  EXPECT_GT(error(0), 0.05);
  EXPECT_LT(error(8), 0.005);
}

TEST(LowRank, LessM) {
  std::mt19937 random(10);
  const DType dtype = DType::kC128;
  const CMatrix low = WithSingularValues(9, 7, {2, 1, 0, 0, 0, 0, 0}, dtype, &random);
  const CMatrix row = RandomMatrix(1, 7, dtype, &random);
  CMatrix A = low;
  for (int64_t i = 0; i < 9; ++i) {
    for (int64_t j = 0; j < 7; ++j) A(i, j) += row(0, j);
  }
  const Expr S = svd_lowrank(constant(TensorOf(A, dtype)), 3, 2, constant(TensorOf(row, dtype))).S;
  const CMatrix s = Matrices(One(Way::kCpu, S), 1)[0];
  EXPECT_NEAR(s(0, 0).real(), 2, 1e-13);
  EXPECT_NEAR(s(1, 0).real(), 1, 1e-13);
  EXPECT_NEAR(s(2, 0).real(), 0, 1e-13);
}

// Points on a line, not through 0: one component, along it.
TEST(LowRank, PrincipalComponents) {
  CMatrix points(20, 3);
  for (int64_t i = 0; i < 20; ++i) {
    const auto t = static_cast<double>(i);
    points(i, 0) = 100 + 3 * t;
    points(i, 1) = -50 + 4 * t;
    points(i, 2) = 7;
  }
  const auto [U, S, V] = pca_lowrank(constant(TensorOf(points, DType::kF64)));
  const auto r = ValuesBy(Way::kCpu, {U, S, V});
  ASSERT_EQ(r.size(), 3);
  const CMatrix s = Matrices(r[1], 1)[0], v = Matrices(r[2])[0];
  EXPECT_EQ(s.rows(), 3);
  EXPECT_NEAR(s(0, 0).real(), 5 * std::sqrt(20 * (400 - 1) / 12.0), 1e-10);
  EXPECT_NEAR(s(1, 0).real(), 0, 1e-10);
  EXPECT_NEAR(std::abs(v(0, 0)), 0.6, 1e-12);
  EXPECT_NEAR(std::abs(v(1, 0)), 0.8, 1e-12);
  // Without centering the mean is the largest.
  const Expr raw = pca_lowrank(constant(TensorOf(points, DType::kF64)), 2, /*center=*/false).S;
  EXPECT_GT(Matrices(One(Way::kCpu, raw), 1)[0](0, 0).real(), 500);
}

TEST(LowRank, IsPureInSeedAndStream) {
  std::mt19937 random(11);
  const Expr A = constant(TensorOf(RandomMatrix(30, 20, DType::kF64, &random), DType::kF64));
  auto values = [&](uint64_t seed) {
    Function::Builder b("f");
    b.Output("x", svd_lowrank(A, 3, 0).S);
    b.Output("y", pca_lowrank(A, 3, false, 0).S);
    b.Output("z", randn({20, 3}, DType::kF64));
    RunOptions options;
    options.seed = seed;
    const auto results = Compile(*b.Build())->Run({}, options);
    EXPECT_TRUE(results.ok()) << results.status();
    std::vector<CMatrix> all;
    for (const auto& [name, tensor] : *results)
      all.push_back(Matrices(tensor, name == "z" ? 2 : 1)[0]);
    return all;
  };
  const auto first = values(1), again = values(1), other = values(2);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(NormOf(first[i] - again[i]), 0);
  EXPECT_GT(NormOf(first[0] - other[0]), 1e-6);
  EXPECT_GT(NormOf(first[0] - first[1]), 1e-6);
}

// ---- failures: the name is that of what was written, the element that of the batch

TEST(Failures, UnderTheirOwnNames) {
  CMatrix nan(3, 3), singular = CMatrix::Identity(3);
  nan(1, 2) = NAN;
  singular(2, 2) = 0;
  const CMatrix good = CMatrix::Identity(3);
  const Expr bad = constant(Batch({good, nan})), flat = constant(Batch({good, good, singular}));
  const Expr one = constant(TensorOf(nan, DType::kF64));
  const std::string not_finite = "batch element 1: the matrix has elements that are not finite";
  const std::pair<Expr, std::string> cases[] = {
      {pinv(bad), "pinv: " + not_finite},
      {matrix_rank(bad), "matrix_rank: " + not_finite},
      {cond(bad), "cond: " + not_finite},
      {norm(one, 2), "norm: the matrix has elements that are not finite"},
      {matrix_norm(bad, "nuc"), "matrix_norm: " + not_finite},
      {matrix_power(flat, -3),
       "matrix_power: batch element 2: the diagonal element 3 of U is zero, the matrix is singular"},
      {tensorinv(constant(TensorOf(singular, DType::kF64)), 1),
       "tensorinv: the diagonal element 3 of U is zero, the matrix is singular"},
      {tensorsolve(constant(TensorOf(singular, DType::kF64)), ones({3}, DType::kF64)),
       "tensorsolve: the diagonal element 3 of U is zero, the matrix is singular"},
      {svd_lowrank(bad, 2).S, "svd_lowrank: " + not_finite},
      {pca_lowrank(bad, 2).S, "pca_lowrank: " + not_finite},
  };
  for (const auto& [expr, words] : cases) EXPECT_EQ(FailureBy(Way::kCpu, {expr}), words);
}

TEST(Failures, WhereTheyWereWritten) {
  const int line = __LINE__ + 1;
  const Expr x = matrix_power(zeros({2, 2}, DType::kF64), -1) * 2;
  const absl::Status status = RunBy(Way::kCpu, {x}).status();
  EXPECT_EQ(status.message(),
            "matrix_power: the diagonal element 1 of U is zero, the matrix is singular");
  EXPECT_EQ(PositionOf(status).line, line);
  EXPECT_THAT(std::string(PositionOf(status).file), testing::HasSubstr("matrix_functions_test.cc"));
}

}  // namespace
}  // namespace otium
