// SPDX-License-Identifier: Apache-2.0
//
// solve, inv and their kin by every kernel that structure picks, over prescribed spectra;
// which kernel that is; info and failures; and what is not finite.

#include <cmath>
#include <limits>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "engine/otium.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/linalg/ratios.h"
#include "tests/linalg/spectra.h"
#include "tests/linalg/ways.h"

namespace otium {
namespace {

using testing::ElementsAre;

constexpr int64_t kSizes[] = {1, 2, 9, 40};

CMatrix RoundedRandom(int64_t m, int64_t n, DType dtype, std::mt19937* random) {
  return Rounded(RandomMatrix(m, n, dtype, random), dtype);
}

// A structure, a matrix of it with that spectrum as far as that can be, and the kernels
// that it gets.
struct Case {
  const char* kernel;          // Of solve with the fact declared.
  const char* inverse_kernel;  // Of inv.
  Structure structure;
  CMatrix (*make)(const Spectrum& s, DType dtype, std::mt19937* random);
};

// Values on the diagonal, and elements beside it that are small against those around.
CMatrix Banded(const Spectrum& s, int64_t lower, int64_t upper, bool hermitian, DType dtype,
               std::mt19937* random) {
  const auto n = static_cast<int64_t>(s.values.size());
  const CMatrix noise = RoundedRandom(n, n, dtype, random);
  CMatrix a(n, n);
  for (int64_t i = 0; i < n; ++i) {
    a(i, i) = s.values[i];
    for (int64_t j = 0; j < n; ++j) {
      if (i == j || i - j > lower || j - i > upper) continue;
      const double size = std::min(s.values[i], s.values[j]) / 16;
      a(i, j) = size * (hermitian && j > i ? std::conj(noise(j, i)) : noise(i, j));
    }
  }
  return a;
}

const Case kCases[] = {
    {"cpu.diagonal_solve",
     "cpu.diagonal_inverse",
     {0, 0, 0},
     [](const Spectrum& s, DType d, std::mt19937* r) { return Banded(s, 0, 0, false, d, r); }},
    {"cpu.trsm",
     "cpu.trtri",
     {kFullBand, 0, 0},
     [](const Spectrum& s, DType d, std::mt19937* r) { return Banded(s, 3, 0, false, d, r); }},
    {"cpu.trsm",
     "cpu.trtri",
     {0, kFullBand, 0},
     [](const Spectrum& s, DType d, std::mt19937* r) { return Banded(s, 0, 3, false, d, r); }},
    {"lapack.ptsv",
     "cpu.potri",
     {1, 1, kPd},
     [](const Spectrum& s, DType d, std::mt19937* r) { return Banded(s, 1, 1, true, d, r); }},
    {"lapack.gtsv",
     "cpu.getri",
     {1, 1, 0},
     [](const Spectrum& s, DType d, std::mt19937* r) { return Banded(s, 1, 1, false, d, r); }},
    {"lapack.pbsv",
     "cpu.potri",
     {3, 3, kPd},
     [](const Spectrum& s, DType d, std::mt19937* r) { return Banded(s, 3, 3, true, d, r); }},
    {"lapack.gbsv",
     "cpu.getri",
     {3, 2, 0},
     [](const Spectrum& s, DType d, std::mt19937* r) { return Banded(s, 3, 2, false, d, r); }},
    {"cpu.posv",
     "cpu.potri",
     {kFullBand, kFullBand, kPd},
     [](const Spectrum& s, DType d, std::mt19937* r) { return WithEigenvalues(s.values, d, r); }},
    {"cpu.sysv",
     "cpu.getri",
     {kFullBand, kFullBand, kSymmetric | kNonsingular},
     [](const Spectrum& s, DType d, std::mt19937* r) {
       CMatrix a = WithEigenvalues(Indefinite(s.values), d, r);
       MirrorLower(&a, /*hermitian=*/false);
       return a;
     }},
    {"cpu.hesv",
     "cpu.getri",
     {kFullBand, kFullBand, kHermitian | kNonsingular},
     [](const Spectrum& s, DType d, std::mt19937* r) {
       return WithEigenvalues(Indefinite(s.values), d, r);
     }},
    {"cpu.gesv",
     "cpu.getri",
     {},
     [](const Spectrum& s, DType d, std::mt19937* r) {
       return WithSingularValues(s.values, d, r);
     }},
};

std::string KernelFor(const Structure& structure, DType dtype, int64_t n, bool inverse) {
  Function::Builder b("f");
  const Expr A = b.Input("A", dtype, {n, n}, structure), B = b.Input("B", dtype, {n, 2});
  b.Output("X", inverse ? inv(A) : solve(A, B));
  const absl::StatusOr<Program> program = Compile(*b.Build());
  if (!program.ok()) return std::string(program.status().message());
  const auto plan = program->PlanFor({});
  if (!plan.ok()) return std::string(plan.status().message());
  std::vector<std::string> names;
  for (const PlanStep& s : (*plan)->steps) {
    if (s.op == nullptr || s.op->id == Op::assume) continue;
    names.emplace_back(s.kernel.name);
    for (const StepKernel& k : s.alternatives) names.push_back("else " + std::string(k.name));
  }
  return absl::StrJoin(names, " ");
}

TEST(Solve, StructurePicksTheKernel) {
  for (const Case& c : kCases) {
    const bool complex = std::string(c.kernel) == "cpu.hesv";
    const DType dtype = complex ? DType::kC128 : DType::kF64;
    EXPECT_EQ(KernelFor(c.structure, dtype, 40, /*inverse=*/false), c.kernel);
    EXPECT_EQ(KernelFor(c.structure, dtype, 40, /*inverse=*/true), c.inverse_kernel);
  }
  for (const uint32_t flag : {kOrthogonal, kPermutation}) {
    EXPECT_EQ(KernelFor({kFullBand, kFullBand, flag}, DType::kF32, 40, false),
              "cpu.orthogonal_solve");
  }
  // Bands that are no less than the matrix are none.
  EXPECT_EQ(KernelFor({9, 9, 0}, DType::kF64, 40, false), "cpu.gesv");
  EXPECT_EQ(KernelFor({9, 9, kPd}, DType::kF64, 40, false), "cpu.posv");
}

TEST(Solve, ResidualsAreSmallAndZerosAreZeros) {
  std::mt19937 random(9);
  for (const Case& c : kCases) {
    for (const DType dtype : kLinalgDTypes) {
      for (const int64_t n : kSizes) {
        for (const Spectrum& s : RegularSpectra(dtype, n)) {
          SCOPED_TRACE(absl::StrCat(c.kernel, " ", s.name, " ", DTypeName(dtype), " n = ", n));
          const CMatrix A = Rounded(c.make(s, dtype, &random), dtype),
                        B = RoundedRandom(n, 3, dtype, &random),
                        C = RoundedRandom(3, n, dtype, &random);
          const Expr a = assume(constant(TensorOf(A, dtype)), c.structure);
          const Expr b = constant(TensorOf(B, dtype)), d = constant(TensorOf(C, dtype));
          const SolveExResults left = solve_ex(a, b), right = solve_ex(a, d, /*left=*/false);
          const InvExResults inverse = inv_ex(a);
          const auto r =
              Values({solve(a, b), solve(a, d, /*left=*/false), inv(a), left.result, right.result,
                      inverse.inverse, left.info, right.info, inverse.info});
          ASSERT_EQ(r.size(), 9u);
          const double unit = static_cast<double>(n) * Epsilon(dtype) * Norm1(A);
          for (const int i : {0, 3}) {
            const CMatrix X = Matrices(r[i])[0];
            EXPECT_LT(Norm1(A * X - B), kMostRatio * unit * Norm1(X)) << i;
          }
          for (const int i : {1, 4}) {
            const CMatrix X = Transposed(Matrices(r[i])[0]);
            const double of_a = unit / Norm1(A) * Norm1(Transposed(A));
            EXPECT_LT(Norm1(Transposed(A) * X - Transposed(C)), kMostRatio * of_a * Norm1(X)) << i;
          }
          for (const int i : {2, 5}) {
            const CMatrix X = Matrices(r[i])[0];
            EXPECT_LT(Norm1(A * X - CMatrix::Identity(n)), kMostRatio * unit * Norm1(X)) << i;
            for (int64_t j = 0; j < n; ++j) {
              for (int64_t k = 0; k < j; ++k) {
                EXPECT_TRUE(!c.structure.IsLower() || X(k, j) == 0.0);
                EXPECT_TRUE(!c.structure.IsUpper() || X(j, k) == 0.0);
              }
            }
          }
          for (const int i : {6, 7, 8}) EXPECT_THAT(r[i].ToVector<int32_t>(), ElementsAre(0));
        }
      }
    }
  }
}

// Sizes at which blocks, panels and halves end, and one more; a dtype each in turn.
TEST(Solve, AroundBlocks) {
  std::mt19937 random(17);
  size_t turn = 0;
  for (const Case& c : kCases) {
    const absl::string_view kernel = c.kernel;
    if (kernel != "cpu.gesv" && kernel != "cpu.posv" && kernel != "cpu.trsm") continue;
    for (const int64_t n : {64, 65, 128, 129, 192, 193, 257}) {
      const DType dtype = kLinalgDTypes[turn++ % 4];
      SCOPED_TRACE(absl::StrCat(c.kernel, " ", DTypeName(dtype), " n = ", n));
      const CMatrix A = Rounded(c.make(RegularSpectra(dtype, n)[0], dtype, &random), dtype),
                    B = RoundedRandom(n, 3, dtype, &random);
      const Expr a = assume(constant(TensorOf(A, dtype)), c.structure);
      const auto r = Values({solve(a, constant(TensorOf(B, dtype))), inv(a)});
      ASSERT_EQ(r.size(), 2u);
      const CMatrix X = Matrices(r[0])[0], inverse = Matrices(r[1])[0];
      const double unit = static_cast<double>(n) * Epsilon(dtype) * Norm1(A);
      EXPECT_LT(Norm1(A * X - B), kMostRatio * unit * Norm1(X));
      EXPECT_LT(Norm1(A * inverse - CMatrix::Identity(n)), kMostRatio * unit * Norm1(inverse));
    }
  }
}

// Larger than what is inverted whole.
TEST(Solve, TrianglesAndDefiniteMatricesAreInvertedByHalves) {
  std::mt19937 random(15);
  for (const Case& c : kCases) {
    const bool definite = absl::StrContains(c.inverse_kernel, "potri");
    if (!definite && !absl::StrContains(c.inverse_kernel, "trtri")) continue;
    for (const DType dtype : {DType::kF32, DType::kF64}) {
      for (const int64_t n : {49, 131}) {
        SCOPED_TRACE(absl::StrCat(c.kernel, " ", DTypeName(dtype), " n = ", n));
        const CMatrix A = Rounded(c.make(RegularSpectra(dtype, n)[0], dtype, &random), dtype);
        const Expr a = assume(constant(TensorOf(A, dtype)), c.structure);
        const bool is_upper = c.structure.IsUpper();
        const auto r = Values({inv(a), cholesky_inverse(a, is_upper)});
        ASSERT_EQ(r.size(), 2u);
        const CMatrix X = Matrices(r[0])[0], Y = Matrices(r[1])[0];
        const double unit = static_cast<double>(n) * Epsilon(dtype);
        EXPECT_LT(Norm1(A * X - CMatrix::Identity(n)), kMostRatio * unit * Norm1(A) * Norm1(X));
        CMatrix factor = A;
        for (int64_t i = 0; i < n; ++i) {
          for (int64_t j = 0; j < i; ++j) factor(is_upper ? i : j, is_upper ? j : i) = 0;
        }
        const CMatrix product =
            is_upper ? Transposed(factor) * factor : factor * Transposed(factor);
        EXPECT_LT(Norm1(product * Y - CMatrix::Identity(n)),
                  kMostRatio * unit * Norm1(product) * Norm1(Y));
        for (int64_t i = 0; i < n; ++i) {
          for (int64_t j = 0; j < i; ++j) {
            EXPECT_EQ(Y(i, j), Y(j, i));
            if (definite) EXPECT_EQ(X(i, j), X(j, i));
            else EXPECT_EQ(is_upper ? X(i, j) : X(j, i), 0.0);
          }
        }
      }
    }
  }
}

TEST(Solve, OrthogonalMatricesAreTransposed) {
  std::mt19937 random(10);
  for (const DType dtype : kLinalgDTypes) {
    for (const int64_t n : kSizes) {
      const CMatrix Q = Rounded(RandomUnitary(n, dtype, &random), dtype),
                    B = RoundedRandom(n, 3, dtype, &random);
      const Expr q = assume(constant(TensorOf(Q, dtype)), {kFullBand, kFullBand, kOrthogonal});
      const SolveExResults x = solve_ex(q, constant(TensorOf(B, dtype)));
      const auto r = Values({solve(q, constant(TensorOf(B, dtype))),
                             solve(q, constant(TensorOf(Transposed(B), dtype)), /*left=*/false),
                             x.result, x.info});
      ASSERT_EQ(r.size(), 4u);
      const double bound = 30 * static_cast<double>(n) * Epsilon(dtype) * Norm1(B);
      EXPECT_LT(Norm1(Matrices(r[0])[0] - Adjoint(Q) * B), bound);
      EXPECT_LT(Norm1(Matrices(r[1])[0] - Transposed(B) * Adjoint(Q)), bound * n);
      EXPECT_TRUE(Tensor::BitwiseEqual(r[0], r[2]));
      EXPECT_THAT(r[3].ToVector<int32_t>(), ElementsAre(0));
    }
  }
}

// X keeps the zeros that the structure of both operands says it has: every bit of them.
TEST(Solve, ZerosOfAProductOfTrianglesAreZeros) {
  std::mt19937 random(11);
  const DType dtype = DType::kC64;
  const int64_t n = 40;
  const Spectrum s = RegularSpectra(dtype, n)[1];
  for (const bool lower : {true, false}) {
    const CMatrix A = Banded(s, lower ? n : 0, lower ? 0 : n, false, dtype, &random);
    const Structure triangle = lower ? Structure{kFullBand, 0, 0} : Structure{0, kFullBand, 0};
    const Expr a = assume(constant(TensorOf(A, dtype)), triangle),
               b = assume(constant(TensorOf(A, dtype)), triangle);
    const auto r = Values(
        {solve(a, b), solve(a, b, /*left=*/false), solve_triangular(a, b, /*upper=*/!lower)});
    ASSERT_EQ(r.size(), 3u);
    for (const Tensor& t : r) {
      const CMatrix X = Matrices(t)[0];
      for (int64_t i = 0; i < n; ++i) {
        for (int64_t j = 0; j < i; ++j) EXPECT_EQ(lower ? X(j, i) : X(i, j), 0.0);
      }
    }
  }
}

TEST(Solve, TrianglesOfWhateverLies) {
  std::mt19937 random(12);
  for (const DType dtype : kLinalgDTypes) {
    for (const int64_t n : kSizes) {
      CMatrix A = RoundedRandom(n, n, dtype, &random);
      for (int64_t i = 0; i < n; ++i) {
        for (int64_t j = 0; j < n; ++j) A(i, j) /= static_cast<double>(4 * n);
        A(i, i) += 1;
      }
      A = Rounded(A, dtype);
      const CMatrix B = RoundedRandom(n, n, dtype, &random);
      for (const bool upper : {false, true}) {
        for (const bool unit : {false, true}) {
          CMatrix T(n, n);
          for (int64_t i = 0; i < n; ++i) {
            for (int64_t j = 0; j < n; ++j) {
              if (i == j) T(i, j) = unit ? 1 : A(i, j);
              else if ((j > i) == upper) T(i, j) = A(i, j);
            }
          }
          const Expr a = constant(TensorOf(A, dtype)), b = constant(TensorOf(B, dtype));
          // Conjugated and transposed views are read as they are; flipped ones are copied.
          const Expr h = conj(constant(TensorOf(Adjoint(A), dtype))).T();
          const Expr f = flip(flip(a, {0, 1}), {0, 1});
          const double bound = kMostRatio * static_cast<double>(n) * Epsilon(dtype);
          const auto r = Values({solve_triangular(a, b, upper, true, unit),
                                 solve_triangular(a, b, upper, false, unit),
                                 solve_triangular(h, b, upper, true, unit),
                                 solve_triangular(f, b, upper, true, unit)});
          ASSERT_EQ(r.size(), 4u);
          const CMatrix X = Matrices(r[0])[0], Y = Transposed(Matrices(r[1])[0]);
          EXPECT_LT(Norm1(T * X - B), bound * Norm1(T) * Norm1(X));
          EXPECT_LT(Norm1(Transposed(T) * Y - Transposed(B)),
                    bound * Norm1(Transposed(T)) * Norm1(Y));
          for (const int i : {2, 3}) {
            const CMatrix Z = Matrices(r[i])[0];
            EXPECT_LT(Norm1(T * Z - B), bound * Norm1(T) * Norm1(Z)) << i;
          }
        }
      }
    }
  }
}

TEST(Solve, AZeroOnTheDiagonalOfATriangleIsInfinite) {
  const Expr A = constant(Tensor::Of<double>({{0, 0}, {1, 2}})),
             b = constant(Tensor::Of<double>({{1}, {1}}));
  const auto r = Values({solve_triangular(A, b, /*upper=*/false)});
  ASSERT_EQ(r.size(), 1u);
  EXPECT_EQ(r[0].data<double>()[0], HUGE_VAL);
  EXPECT_FALSE(std::isfinite(r[0].data<double>()[1]));
}

// ---- info and failures

// Matrices of order 24 whose k-th pivot alone is zero, of each structure.
TEST(Solve, InfoNamesThePivot) {
  constexpr int64_t n = 24, k = 5;
  for (const Case& c : kCases) {
    Spectrum s{"zero", std::vector<double>(n, 1.0)};
    s.values[k - 1] = 0;
    const CMatrix A = Diagonal(s.values);
    Structure structure = c.structure;
    structure.flags &= ~(kNonsingular | kPd);
    for (const DType dtype : kLinalgDTypes) {
      const Expr a = assume(constant(TensorOf(A, dtype)), structure),
                 b = constant(TensorOf(CMatrix::Identity(n), dtype));
      const Expr batch = stack({constant(TensorOf(CMatrix::Identity(n), dtype)), a, a});
      for (const bool left : {true, false}) {
        const SolveExResults x = solve_ex(a, b, left);
        const auto r = Values({x.result, x.info});
        ASSERT_EQ(r.size(), 2u);
        EXPECT_THAT(r[1].ToVector<int32_t>(), ElementsAre(k)) << c.kernel;
        EXPECT_TRUE(std::isnan(Matrices(r[0])[0](0, 0).real()));
        const absl::Status status = Evaluate(solve(a, b, left)).status();
        EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
        EXPECT_EQ(status.message(),
                  "solve: the diagonal element 5 of U is zero, the matrix is singular")
            << c.kernel;
      }
      const InvExResults x = inv_ex(a);
      const auto r = Values({x.inverse, x.info});
      ASSERT_EQ(r.size(), 2u);
      EXPECT_THAT(r[1].ToVector<int32_t>(), ElementsAre(k)) << c.inverse_kernel;
      EXPECT_TRUE(std::isnan(Matrices(r[0])[0](0, 0).real()));
      EXPECT_EQ(Evaluate(inv(a)).status().message(),
                "inv: the diagonal element 5 of U is zero, the matrix is singular");
      EXPECT_EQ(Evaluate(inv(batch)).status().message(),
                "inv: batch element 1: the diagonal element 5 of U is zero, the matrix is "
                "singular");
      EXPECT_EQ(Evaluate(solve(batch, b)).status().message(),
                "solve: batch element 1: the diagonal element 5 of U is zero, the matrix is "
                "singular");
    }
  }
}

TEST(Solve, WhatIsDeclaredDefiniteAndIsNot) {
  for (const Case& c : kCases) {
    if ((c.structure.flags & kPd) == 0) continue;
    std::vector<double> values(24, 1.0);
    values[6] = -1;
    const Expr a = assume(constant(TensorOf(Diagonal(values), DType::kF64)), c.structure);
    for (const Expr& e :
         {solve(a, constant(Tensor::Copy(values.data(), DType::kF64, {24}))), inv(a)}) {
      const absl::Status status = Evaluate(e).status();
      EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.kernel;
      EXPECT_THAT(std::string(status.message()),
                  testing::HasSubstr("the leading minor of order 7 is not positive definite"));
    }
  }
}

// The one info of a matrix that several systems share.
TEST(Solve, InfoOfABroadcastMatrix) {
  const Expr A = constant(Tensor::Of<double>({{1, 2}, {2, 4}}));
  const Expr B = ones({300, 2, 200}, DType::kF64);
  const SolveExResults x = solve_ex(unsqueeze(A, 0), B);
  const SolveExResults none = solve_ex(unsqueeze(A, 0), zeros({0, 2, 3}, DType::kF64));
  const auto r = Values({x.info, sum(cast(isnan(x.result), DType::kI64)), none.info, none.result});
  ASSERT_EQ(r.size(), 4u);
  EXPECT_THAT(r[0].ToVector<int32_t>(), ElementsAre(2));
  EXPECT_THAT(r[1].ToVector<int64_t>(), ElementsAre(300 * 2 * 200));
  EXPECT_THAT(r[2].ToVector<int32_t>(), ElementsAre(0));  // No system has failed.
  EXPECT_THAT(r[3].sizes(), ElementsAre(0, 2, 3));
}

TEST(Solve, NothingToSolve) {
  const Expr none = zeros({3, 0, 0}, DType::kF64);
  const Expr A = constant(Tensor::Of<double>({{1, 2}, {2, 4}}));
  const SolveExResults x = solve_ex(none, zeros({0, 2}, DType::kF64));
  const auto r =
      Values({x.result, x.info, inv(none), solve_ex(A, zeros({2, 0}, DType::kF64)).info});
  ASSERT_EQ(r.size(), 4u);
  EXPECT_THAT(r[0].sizes(), ElementsAre(3, 0, 2));
  EXPECT_THAT(r[1].ToVector<int32_t>(), ElementsAre(0, 0, 0));
  EXPECT_THAT(r[2].sizes(), ElementsAre(3, 0, 0));
  EXPECT_THAT(r[3].ToVector<int32_t>(), ElementsAre(2));  // Singular, asked or not.
}

// ---- condition numbers

// LAPACK's estimates are below the condition number, and by no more than a small factor.
TEST(Solve, ConditionNumbersAreToldWhenAskedFor) {
  constexpr int64_t n = 24;
  std::mt19937 random(16);
  for (const Case& c : kCases) {
    for (const DType dtype : kLinalgDTypes) {
      for (const Spectrum& s : RegularSpectra(dtype, n)) {
        if (s.name == "one small") continue;  // Too near to singular for an inverse to tell.
        const bool graded = s.name == "graded";
        const CMatrix A = Rounded(c.make(s, dtype, &random), dtype);
        Function::Builder b("f");
        const Expr a = b.Input("A", dtype, {n, n}, c.structure), B = b.Input("B", dtype, {n, 2});
        b.Output("X", solve(a, B));
        b.Output("Y", solve(a, B.T(), /*left=*/false));
        b.Output("Z", inv(a));
        const absl::StatusOr<Program> program = Compile(*b.Build());
        ASSERT_TRUE(program.ok()) << program.status();
        for (const bool wanted : {false, true}) {
          Profile profile;
          profile.wants_rcond = wanted;
          const auto r = program->Run({{"A", TensorOf(A, dtype)},
                                       {"B", TensorOf(RoundedRandom(n, 2, dtype, &random), dtype)}},
                                      {.profile = &profile});
          ASSERT_TRUE(r.ok()) << r.status();
          const CMatrix inverse = Matrices((*r)["Z"])[0];
          const double rcond = 1 / (Norm1(A) * Norm1(inverse));
          const double of_rows = 1 / (Norm1(Transposed(A)) * Norm1(Transposed(inverse)));
          int told = 0;
          for (const StepRecord& step : profile.steps) {
            const Op op = profile.plans[0]->steps[step.step].op->id;
            if (op != Op::solve && op != Op::inv) continue;
            SCOPED_TRACE(absl::StrCat(c.kernel, " ", s.name, " ", DTypeName(dtype)));
            if (!wanted) {
              EXPECT_EQ(step.rcond, -1);
              continue;
            }
            ++told;
            EXPECT_GE(step.rcond, std::min(rcond, of_rows) * (graded ? 0.5 : 0.99));
            EXPECT_LE(step.rcond, 5 * std::max(rcond, of_rows));
          }
          EXPECT_EQ(told, wanted ? 3 : 0);
        }
      }
    }
  }
}

// ---- NaN and infinity

// NaN is NaN or a failure. Of infinity what is finite is the limit: x / infinity is 0.
void ExpectNothingWrongOfWhatIsNotFinite(int64_t n) {
  std::mt19937 random(13);
  for (const Case& c : kCases) {
    Function::Builder b("f");
    const Expr a = b.Input("A", DType::kF64, {n, n}, c.structure);
    b.Output("X", solve(a, eye(n)));
    b.Output("Y", inv(a));
    const absl::StatusOr<Program> program = Compile(*b.Build());
    ASSERT_TRUE(program.ok()) << program.status();
    const CMatrix good = c.make({"flat", std::vector<double>(n, 1.0)}, DType::kF64, &random);
    for (const auto& [i, j] : std::vector<std::pair<int64_t, int64_t>>{
             {0, 0}, {n / 2, n / 2}, {n - 1, n - 1}, {1, 0}, {n - 2, n - 1}}) {
      if (good(i, j) == 0.0) continue;
      auto run = [&](double poison) {
        CMatrix A = good;
        A(i, j) = poison;
        if (c.structure.Has(kSymmetric) || c.structure.Has(kHermitian) || c.structure.Has(kPd)) {
          A(j, i) = poison;
        }
        return program->Run({{"A", TensorOf(A, DType::kF64)}});
      };
      const auto nan = run(std::nan("")), infinite = run(HUGE_VAL), large = run(1e18);
      for (const char* name : {"X", "Y"}) {
        SCOPED_TRACE(absl::StrCat(c.kernel, " ", name, " ", i, ", ", j));
        EXPECT_FALSE(nan.ok() && !HasNonFinite((*nan)[name]));
        if (!infinite.ok() || HasNonFinite((*infinite)[name])) continue;
        ASSERT_TRUE(large.ok()) << large.status();
        const CMatrix limit = Matrices((*large)[name])[0];
        EXPECT_LT(Norm1(Matrices((*infinite)[name])[0] - limit), 1e-9 * Norm1(limit));
      }
    }
  }
}

TEST(Solve, WhatIsNotFiniteGivesNothingThatIsWrong) {
  for (const int64_t n : {8, 24}) ExpectNothingWrongOfWhatIsNotFinite(n);
}

// ---- a batch is its matrices one by one, bit for bit

TEST(Solve, ABatchIsALoop) {
  std::mt19937 random(14);
  for (const DType dtype : kLinalgDTypes) {
    for (const int64_t n : {3, 16, 70}) {
      constexpr int64_t kBatch = 5;
      std::vector<Expr> As, Bs;
      for (int64_t p = 0; p < kBatch; ++p) {
        const Spectrum flat = RegularSpectra(dtype, n)[0];
        As.push_back(constant(TensorOf(WithEigenvalues(flat.values, dtype, &random), dtype)));
        Bs.push_back(constant(TensorOf(RoundedRandom(n, 2, dtype, &random), dtype)));
      }
      auto all = [](const Expr& A, const Expr& B) {
        const LuFactorResults l = lu_factor(A);
        const LdlFactorResults d = ldl_factor(A, /*hermitian=*/true);
        const SlogdetResults s = slogdet(A);
        return std::vector<Expr>{cholesky(A),
                                 cholesky_solve(B, A),
                                 cholesky_inverse(A),
                                 l.LU,
                                 l.pivots,
                                 lu_solve(l.LU, l.pivots, B),
                                 d.LD,
                                 d.pivots,
                                 ldl_solve(d.LD, d.pivots, B, /*hermitian=*/true),
                                 solve(A, B),
                                 solve_triangular(A, B, /*upper=*/true),
                                 inv(A),
                                 det(A),
                                 s.sign,
                                 s.logabsdet,
                                 logdet(A)};
      };
      const auto together = Values(all(stack(As), stack(Bs)));
      for (int64_t p = 0; p < kBatch; ++p) {
        const auto alone = Values(all(As[p], Bs[p]));
        ASSERT_EQ(alone.size(), together.size());
        for (size_t i = 0; i < alone.size(); ++i) {
          const auto one = Values({select(constant(together[i]), 0, p)});
          EXPECT_TRUE(Tensor::BitwiseEqual(one[0], alone[i]))
              << "result " << i << " " << DTypeName(dtype) << " n = " << n;
        }
      }
    }
  }
}

}  // namespace
}  // namespace otium
