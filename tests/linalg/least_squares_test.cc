// SPDX-License-Identifier: Apache-2.0
//
// lstsq by its four drivers, by LAPACK and by the reference: against solutions that are
// known from how the matrices are made; LAPACK's ratios; ranks, residuals, failures, batches;
// where gelsy goes without LAPACK.

#include "gtest/gtest.h"
#include "ops/ops.h"
#include "tests/linalg/ratios.h"
#include "tests/linalg/spectra.h"
#include "tests/linalg/ways.h"

namespace otium {
namespace {

constexpr const char* kDrivers[] = {"gels", "gelsy", "gelsd", "gelss"};

struct Problem {
  CMatrix A, B, X;                // X: of the smallest norm.
  std::vector<double> residuals;  // Of each column, squared.
};

// A of these singular values, those that are not 0 being of the rank; B of as much
// inside as outside of what A reaches.
Problem MakeProblem(int64_t m, int64_t n, const std::vector<double>& values, int64_t columns,
                    DType dtype, std::mt19937* random) {
  const CMatrix U = RandomUnitary(m, dtype, random), V = RandomUnitary(n, dtype, random);
  CMatrix middle(m, n), inverse(n, m);
  for (size_t i = 0; i < values.size(); ++i) {
    middle(i, i) = values[i];
    if (values[i] != 0) inverse(i, i) = 1 / values[i];
  }
  const CMatrix c = RandomMatrix(m, columns, dtype, random);
  Problem p{U * middle * Adjoint(V), U * c, V * (inverse * c), {}};
  for (int64_t j = 0; j < columns; ++j) {
    p.residuals.push_back(std::pow(ColumnNorm(c, j, static_cast<int64_t>(values.size())), 2));
  }
  return p;
}

std::vector<Expr> ResultsOf(const Expr& A, const Expr& B, const char* driver,
                            std::optional<double> rcond = std::nullopt) {
  const auto [solution, residuals, rank, values] = lstsq(A, B, rcond, driver);
  return {solution, residuals, rank, values};
}

class Lstsq : public testing::TestWithParam<const char*> {
 protected:
  const std::string driver = GetParam();
  bool has_rank() const { return driver != "gels"; }
  bool has_residuals() const { return driver != "gelsy"; }
  bool has_values() const { return driver == "gelsd" || driver == "gelss"; }
};
INSTANTIATE_TEST_SUITE_P(Drivers, Lstsq, testing::ValuesIn(kDrivers),
                         [](const auto& info) { return std::string(info.param); });

// Condition 10, at scales where squares overflow and vanish.
TEST_P(Lstsq, FullRank) {
  struct {
    int64_t m, n;
  } constexpr kSizes[] = {{1, 1}, {8, 8}, {40, 9}, {9, 40}, {6, 5}, {20, 20}, {70, 40}};
  std::mt19937 random(1);
  for (const DType dtype : kLinalgDTypes) {
    const double huge = ItemSize(RealDType(dtype)) == 4 ? 1e18 : 1e150;
    for (const auto& [m, n] : kSizes) {
      const int64_t k = std::min(m, n), size = std::max(m, n);
      for (const auto& [of_A, of_B] : std::vector<std::pair<double, double>>{
               {1, 1}, {huge, huge}, {1 / huge, 1 / huge}, {huge, 1}, {1, huge}, {1 / huge, 1}}) {
        std::vector<double> values;
        for (int64_t i = 0; i < k; ++i) values.push_back(std::pow(10, -i / static_cast<double>(k)));
        Problem p = MakeProblem(m, n, values, 3, dtype, &random);
        for (int64_t i = 0; i < m; ++i) {
          for (int64_t j = 0; j < n; ++j) p.A(i, j) *= of_A;
          for (int64_t j = 0; j < 3; ++j) p.B(i, j) *= of_B;
        }
        for (int64_t i = 0; i < n; ++i) {
          for (int64_t j = 0; j < 3; ++j) p.X(i, j) *= of_B / of_A;
        }
        for (const Way way : kWays) {
          SCOPED_TRACE(testing::Message() << DTypeName(dtype) << " " << m << " " << n << " " << of_A
                                          << (way == Way::kCpu ? "" : " reference"));
          const auto results = ValuesBy(way, ResultsOf(constant(TensorOf(p.A, dtype)),
                                                       constant(TensorOf(p.B, dtype)), GetParam()));
          ASSERT_EQ(results.size(), 4);
          const CMatrix X = Matrices(results[0])[0];
          // Condition 10, and its square where B is not reached.
          EXPECT_LT(Ratio(NormOf(X - p.X), 100 * NormOf(p.B) / of_A, size, dtype), kMostRatio);
          if (has_residuals() && m > n) {
            ASSERT_EQ(results[1].NumElements(), 3);
            const CMatrix sums = Matrices(results[1], 1)[0];
            for (int64_t j = 0; j < 3; ++j) {
              const double scale = of_B * of_B;
              EXPECT_LT(Ratio(std::abs(sums(j, 0) - p.residuals[j] * scale),
                              10 * std::pow(ColumnNorm(p.B, j), 2), size, dtype),
                        kMostRatio);
            }
          } else {
            EXPECT_EQ(results[1].NumElements(), 0);
          }
          EXPECT_EQ(results[2].NumElements(), has_rank() ? 1 : 0);
          if (has_rank()) {
            EXPECT_EQ(results[2].data<int64_t>()[0], k);
          }
          EXPECT_EQ(results[3].NumElements(), has_values() ? k : 0);
          if (!has_values()) continue;
          const CMatrix sigma = Matrices(results[3], 1)[0];
          for (int64_t i = 0; i < k; ++i) {
            EXPECT_LT(Ratio(std::abs(sigma(i, 0) - values[i] * of_A), of_A, size, dtype),
                      kMostRatio);
          }
        }
      }
    }
  }
}

// |A.H (B - A X)| / (|A| (|A| |X| + |B|) size eps), whatever the condition number. Where rcond
// takes away a part of A, it is one of the size of the roundoff.
TEST_P(Lstsq, WhatIsLeftIsOrthogonalToA) {
  std::mt19937 random(8);
  for (const DType dtype : kLinalgDTypes) {
    for (const auto& [m, n] : std::vector<std::pair<int64_t, int64_t>>{
             {3, 3}, {6, 3}, {16, 8}, {16, 16}, {30, 16}, {32, 31}, {90, 70}}) {
      for (const Spectrum& spectrum : RegularSpectra(dtype, n)) {
        SCOPED_TRACE(testing::Message()
                     << DTypeName(dtype) << " " << m << " " << n << " " << spectrum.name);
        const Tensor A =
            TensorOf({WithSingularValues(m, n, spectrum.values, dtype, &random)}, dtype);
        const Tensor B = TensorOf({RandomMatrix(m, 2, dtype, &random)}, dtype);
        const auto results = ValuesBy(Way::kCpu, ResultsOf(constant(A), constant(B), GetParam()));
        ASSERT_EQ(results.size(), 4);
        // Brought to norm 1, so that no product leaves the range.
        CMatrix a = Matrices(A)[0], x = Matrices(results[0])[0];
        const CMatrix b = Matrices(B)[0];
        const double norm = spectrum.values[0];
        for (int64_t i = 0; i < n; ++i) {
          for (int64_t j = 0; j < m; ++j) a(j, i) /= norm;
          for (int64_t j = 0; j < 2; ++j) x(i, j) *= norm;
        }
        EXPECT_LT(Ratio(NormOf(Adjoint(a) * (b - a * x)),
                        NormOf(a) * (NormOf(a) * NormOf(x) + NormOf(b)), m, dtype),
                  kMostRatio);
      }
    }
  }
}

TEST_P(Lstsq, RankDeficient) {
  if (!has_rank()) GTEST_SKIP() << "needs full rank";
  std::mt19937 random(2);
  for (const DType dtype : kLinalgDTypes) {
    for (const auto& [m, n] :
         std::vector<std::pair<int64_t, int64_t>>{{30, 8}, {8, 8}, {8, 30}, {40, 20}}) {
      const Problem p = MakeProblem(m, n, {1, 0.5, 0.2, 0, 0, 0, 0, 0}, 2, dtype, &random);
      for (const Way way : kWays) {
        SCOPED_TRACE(testing::Message() << DTypeName(dtype) << " " << m << " " << n
                                        << (way == Way::kCpu ? "" : " reference"));
        const auto results = ValuesBy(way, ResultsOf(constant(TensorOf(p.A, dtype)),
                                                     constant(TensorOf(p.B, dtype)), GetParam()));
        ASSERT_EQ(results.size(), 4);
        EXPECT_EQ(results[2].data<int64_t>()[0], 3);
        EXPECT_LT(
            Ratio(NormOf(Matrices(results[0])[0] - p.X), 25 * NormOf(p.B), std::max(m, n), dtype),
            kMostRatio);
        if (!has_residuals() || m <= n) continue;
        for (const C128& sum :
             {Matrices(results[1], 1)[0](0, 0), Matrices(results[1], 1)[0](1, 0)}) {
          EXPECT_TRUE(std::isnan(sum.real()));
        }
      }
    }
  }
}

TEST_P(Lstsq, RcondDecidesTheRank) {
  if (!has_rank()) GTEST_SKIP() << "has no rank";
  std::mt19937 random(3);
  const Problem p = MakeProblem(9, 4, {1, 1e-3, 1e-6, 1e-9}, 1, DType::kF64, &random);
  for (const Way way : kWays) {
    const struct {
      std::optional<double> rcond;
      int64_t rank;
    } kCases[] = {{std::nullopt, 4}, {0.0, 4}, {1e-7, 3}, {1e-5, 2}, {0.9, 1}};
    for (const auto& [rcond, rank] : kCases) {
      const auto results =
          ValuesBy(way, ResultsOf(constant(TensorOf(p.A, DType::kF64)),
                                  constant(TensorOf(p.B, DType::kF64)), GetParam(), rcond));
      ASSERT_EQ(results.size(), 4);
      EXPECT_EQ(results[2].data<int64_t>()[0], rank) << rcond.value_or(-1);
    }
  }
}

// Singular values 1, 1, ..., and one with which |A| |inv(A)| is `condition` in the Frobenius
// norm, of which the square is (n - 1)^2 + (n - 1) (value^2 + 1 / value^2) + 1.
std::vector<double> OneSmallValue(int64_t n, double condition) {
  const double ones = static_cast<double>(n - 1);
  const double sum = (condition * condition - ones * ones - 1) / ones;
  std::vector<double> values(n, 1);
  values.back() = std::sqrt(2 / (sum + std::sqrt(sum * sum - 4)));
  return values;
}

// Real ones up to 32 x 16 are in lanes; the largest have more columns than are inverted at once.
constexpr std::pair<int64_t, int64_t> kTallSizes[] = {{6, 3},   {16, 8},  {16, 16}, {32, 16},
                                                      {24, 20}, {80, 70}, {200, 66}};

// On either side of its boundary gelsy finds the full rank and the solution. On the one its X has
// the bits of gels, as both substitute, on the other it is LAPACK's.
TEST(Gelsy, SubstitutesWhereTheRankIsSure) {
  std::mt19937 random(9);
  for (const DType dtype : kLinalgDTypes) {
    for (const auto& [m, n] : kTallSizes) {
      for (const double rcond : {0.0, 4e-5}) {
        const double most = 1 / (64 * std::max(rcond, static_cast<double>(m) * Epsilon(dtype)));
        for (const double part : {0.9, 1.1}) {
          SCOPED_TRACE(testing::Message()
                       << DTypeName(dtype) << " " << m << " " << n << " " << rcond << " " << part);
          const std::vector<double> values = OneSmallValue(n, part * most);
          const Problem p = MakeProblem(m, n, values, 2, dtype, &random);
          const Expr A = constant(TensorOf(p.A, dtype)), B = constant(TensorOf(p.B, dtype));
          const auto gelsy = ValuesBy(Way::kCpu, ResultsOf(A, B, "gelsy", rcond));
          const auto gels = ValuesBy(Way::kCpu, ResultsOf(A, B, "gels"));
          EXPECT_EQ(gelsy[2].data<int64_t>()[0], n);
          EXPECT_EQ(Tensor::BitwiseEqual(gelsy[0], gels[0]), part < 1);
          EXPECT_LT(Ratio(NormOf(Matrices(gelsy[0])[0] - p.X),
                          NormOf(p.B) / (values.back() * values.back()), m, dtype),
                    kMostRatio);
        }
      }
    }
  }
}

// Each as alone, whichever way its neighbours go, also those out of the range that lanes take.
TEST(Gelsy, BothKindsInOneBatch) {
  constexpr int64_t kCount = 37, m = 6, n = 3;
  std::mt19937 random(11);
  for (const DType dtype : kLinalgDTypes) {
    std::vector<CMatrix> A, B;
    for (int64_t p = 0; p < kCount; ++p) {
      A.push_back(RandomMatrix(m, n, dtype, &random));
      B.push_back(RandomMatrix(m, 2, dtype, &random));
      for (int64_t i = 0; i < m; ++i) {
        if (p % 3 == 1) A[p](i, 2) = A[p](i, 0);
        for (int64_t j = 0; j < n; ++j) A[p](i, j) *= p % 5 == 2 ? 1e30 : 1;
      }
    }
    const Expr As = constant(TensorOf(A, dtype)), Bs = constant(TensorOf(B, dtype));
    const auto all = ValuesBy(Way::kCpu, ResultsOf(As, Bs, "gelsy"));
    for (int64_t p = 0; p < kCount; ++p) {
      EXPECT_EQ(all[2].data<int64_t>()[p], p % 3 == 1 ? n - 1 : n);
      const auto alone =
          ValuesBy(Way::kCpu, ResultsOf(select(As, 0, p), select(Bs, 0, p), "gelsy"));
      EXPECT_TRUE(Tensor::BitwiseEqual(*Evaluate(select(constant(all[0]), 0, p)), alone[0])) << p;
    }
  }
}

// The rank changes where 1 / rcond is, far behind that boundary.
TEST(Gelsy, RankOnEitherSideOfRcond) {
  std::mt19937 random(10);
  const double rcond = 1e-4;
  for (const DType dtype : kLinalgDTypes) {
    for (const auto& [m, n] : kTallSizes) {
      for (const double factor : {2.0, 0.5}) {
        SCOPED_TRACE(testing::Message() << DTypeName(dtype) << " " << m << " " << n);
        std::vector<double> values(n, 1);
        values.back() = factor * rcond;
        const Problem p = MakeProblem(m, n, values, 1, dtype, &random);
        for (const Way way : kWays) {
          const auto results =
              ValuesBy(way, ResultsOf(constant(TensorOf(p.A, dtype)),
                                      constant(TensorOf(p.B, dtype)), "gelsy", rcond));
          EXPECT_EQ(results[2].data<int64_t>()[0], factor > 1 ? n : n - 1);
        }
      }
    }
  }
}

// Zero has no rank, and X = 0 is the shortest; a column of zeros is found out by gels.
TEST_P(Lstsq, Zeros) {
  std::mt19937 random(4);
  for (const auto& [dtype, m, n] :
       std::vector<std::tuple<DType, int64_t, int64_t>>{{DType::kF32, 6, 4},
                                                        {DType::kF64, 6, 4},
                                                        {DType::kC64, 6, 4},
                                                        {DType::kC128, 6, 4},
                                                        {DType::kF32, 40, 18},
                                                        {DType::kF64, 40, 18}}) {
    CMatrix A = RandomMatrix(m, n, dtype, &random);
    for (int64_t i = 0; i < m; ++i) A(i, 2) = 0;
    const Expr B = constant(TensorOf(RandomMatrix(m, 1, dtype, &random), dtype));
    for (const Way way : kWays) {
      const Expr zero = zeros({m, n}, dtype), gap = constant(TensorOf(A, dtype));
      if (driver == "gels") {
        const std::string words =
            " of the triangular factor is zero, the matrix has not full rank, which driver = "
            "'gels' needs";
        EXPECT_EQ(FailureBy(way, ResultsOf(gap, B, "gels")),
                  "lstsq: the diagonal element 3" + words);
        EXPECT_EQ(FailureBy(way, ResultsOf(zero, B, "gels")),
                  "lstsq: the diagonal element 1" + words);
        continue;
      }
      const auto of_zero = ValuesBy(way, ResultsOf(zero, B, GetParam()));
      EXPECT_EQ(of_zero[2].data<int64_t>()[0], 0);
      EXPECT_EQ(NormOf(Matrices(of_zero[0])[0]), 0);
      const auto of_gap = ValuesBy(way, ResultsOf(gap, B, GetParam()));
      EXPECT_EQ(of_gap[2].data<int64_t>()[0], n - 1);
      EXPECT_LT(std::abs(Matrices(of_gap[0])[0](2, 0)), 1e-5);
    }
  }
}

TEST_P(Lstsq, NotFiniteIsRefused) {
  std::mt19937 random(5);
  const std::string words = "lstsq: batch element 1: A or B has elements that are not finite";
  for (const DType dtype : kLinalgDTypes) {
    for (const double bad : {double{NAN}, double{INFINITY}}) {
      std::vector<CMatrix> A(3, RandomMatrix(6, 4, dtype, &random));
      std::vector<CMatrix> B(3, RandomMatrix(6, 2, dtype, &random));
      const Expr good_A = constant(TensorOf(A, dtype)), good_B = constant(TensorOf(B, dtype));
      A[1](5, 3) = B[1](0, 0) = bad;
      for (const Way way : kWays) {
        EXPECT_EQ(FailureBy(way, ResultsOf(constant(TensorOf(A, dtype)), good_B, GetParam())),
                  words);
        EXPECT_EQ(FailureBy(way, ResultsOf(good_A, constant(TensorOf(B, dtype)), GetParam())),
                  words);
      }
    }
  }
}

// Vectors, batches that broadcast both ways, none at all: the same as one by one.
TEST_P(Lstsq, Batches) {
  std::mt19937 random(6);
  for (const DType dtype : kLinalgDTypes) {
    std::vector<CMatrix> A, B;
    for (int i = 0; i < 3; ++i) {
      A.push_back(RandomMatrix(7, 4, dtype, &random));
      B.push_back(RandomMatrix(7, 2, dtype, &random));
    }
    const Expr As = constant(TensorOf(A, dtype)), Bs = constant(TensorOf(B, dtype));
    const Expr A0 = select(As, 0, 0), B0 = select(Bs, 0, 0);
    const auto both = ValuesBy(Way::kCpu, ResultsOf(As, Bs, GetParam()));
    const auto one_A = ValuesBy(Way::kCpu, ResultsOf(slice(As, 0, 0, 1), Bs, GetParam()));
    const auto one_B = ValuesBy(Way::kCpu, ResultsOf(As, B0, GetParam()));
    const auto vectors = ValuesBy(Way::kCpu, ResultsOf(As, select(Bs, 2, 1), GetParam()));
    ASSERT_EQ(one_A[0].sizes(), both[0].sizes());
    // Ranks and singular values are those of the A there are.
    EXPECT_EQ(one_A[2].NumElements(), has_rank() ? 1 : 0);
    EXPECT_EQ(one_A[3].NumElements(), has_values() ? 4 : 0);
    EXPECT_EQ(both[2].NumElements(), has_rank() ? 3 : 0);
    auto part = [](const Tensor& t, int64_t i) { return *Evaluate(select(constant(t), 0, i)); };
    for (int i = 0; i < 3; ++i) {
      const Expr a = select(As, 0, i), b = select(Bs, 0, i);
      const auto alone = ValuesBy(Way::kCpu, ResultsOf(a, b, GetParam()));
      for (int r = 0; r < 4; ++r) {
        if (alone[r].sizes() == absl::Span<const int64_t>{0}) continue;
        EXPECT_TRUE(Tensor::BitwiseEqual(part(both[r], i), alone[r])) << r;
      }
      const auto with_A0 = ValuesBy(Way::kCpu, ResultsOf(A0, b, GetParam()));
      EXPECT_TRUE(Tensor::BitwiseEqual(part(one_A[0], i), with_A0[0]));
      const auto with_B0 = ValuesBy(Way::kCpu, ResultsOf(a, B0, GetParam()));
      EXPECT_TRUE(Tensor::BitwiseEqual(part(one_B[0], i), with_B0[0]));
      const auto vector = ValuesBy(Way::kCpu, ResultsOf(a, select(b, 1, 1), GetParam()));
      EXPECT_TRUE(Tensor::BitwiseEqual(part(vectors[0], i), vector[0]));
      if (has_residuals()) {
        EXPECT_TRUE(Tensor::BitwiseEqual(part(vectors[1], i), vector[1]));
      }
    }
  }
}

TEST_P(Lstsq, NothingToSolve) {
  std::mt19937 random(7);
  const Expr A = constant(TensorOf({RandomMatrix(7, 4, DType::kF64, &random)}, DType::kF64));
  for (const Way way : kWays) {
    // No right-hand sides at all; the rank of A is still 4.
    const Expr none = zeros({0, 7, 2}, DType::kF64), no_columns = zeros({7, 0}, DType::kF64);
    for (const Expr& B : {none, no_columns}) {
      const auto results = ValuesBy(way, ResultsOf(A, B, GetParam()));
      ASSERT_EQ(results.size(), 4);
      EXPECT_EQ(results[0].NumElements(), 0);
      if (has_rank()) {
        EXPECT_EQ(results[2].data<int64_t>()[0], 4);
      }
      if (has_values()) {
        EXPECT_GT(results[3].data<double>()[3], 0);
      }
    }
    // No equations: zero is the shortest of all.
    const auto results = ValuesBy(
        way, ResultsOf(zeros({0, 3}, DType::kF64), zeros({0, 2}, DType::kF64), GetParam()));
    EXPECT_EQ(results[0].sizes(), (absl::Span<const int64_t>{3, 2}));
    EXPECT_EQ(NormOf(Matrices(results[0])[0]), 0);
    // No unknowns: all of B is left.
    const Expr B = constant(Tensor::Of<double>({{3}, {4}}));
    const auto left = ValuesBy(way, ResultsOf(zeros({2, 0}, DType::kF64), B, GetParam()));
    if (has_residuals()) {
      EXPECT_EQ(left[1].data<double>()[0], 25);
    }
  }
}

}  // namespace
}  // namespace otium
