// SPDX-License-Identifier: Apache-2.0
//
// One thing of each kind, end to end: built lazily, planned, run.

#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "engine/graph/status_notes.h"
#include "engine/otium.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/rounds.h"

namespace otium {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Slice, AddOfMatrixVectorProduct) {
  const Expr A = constant(Tensor::Of<double>({{1, 2}, {3, 4}}));
  const Expr x = constant(Tensor::Of<double>({10, 100}));
  const Expr y = constant(Tensor::Of<double>({1, 2}));
  const absl::StatusOr<Tensor> z = Evaluate(y + mv(A, x));
  ASSERT_TRUE(z.ok()) << z.status();
  EXPECT_THAT(z->ToVector<double>(), ElementsAre(211, 432));
}

TEST(Slice, TransposeIsAView) {
  const Expr A = constant(Tensor::Of<float>({{1, 2, 3}, {4, 5, 6}}));
  const Expr x = constant(Tensor::Of<float>({1, 10}));
  const absl::StatusOr<Tensor> z = Evaluate(mv(A.T(), x));
  ASSERT_TRUE(z.ok()) << z.status();
  EXPECT_THAT(z->ToVector<float>(), ElementsAre(41, 52, 63));
  const absl::StatusOr<Tensor> t = Evaluate(A.T());
  ASSERT_TRUE(t.ok()) << t.status();
  EXPECT_THAT(t->ToVector<float>(), ElementsAre(1, 4, 2, 5, 3, 6));
}

TEST(Slice, TwoResults) {
  const auto [var, mean] = var_mean(constant(Tensor::Of<double>({1, 2, 3, 4})));
  const absl::StatusOr<std::vector<Tensor>> r = Evaluate({var, mean});
  ASSERT_TRUE(r.ok()) << r.status();
  EXPECT_DOUBLE_EQ((*r)[0].ToVector<double>()[0], 5.0 / 3);
  EXPECT_DOUBLE_EQ((*r)[1].ToVector<double>()[0], 2.5);
}

TEST(Slice, WeakNumbersTakeTheDTypeTheyMeet) {
  const Expr x = constant(Tensor::Of<double>({1, 2}));
  const absl::StatusOr<Tensor> z = Evaluate(x * 0.1 + 1);
  ASSERT_TRUE(z.ok()) << z.status();
  EXPECT_THAT(z->ToVector<double>(), ElementsAre(0.1 * 1 + 1, 0.1 * 2 + 1));
  EXPECT_EQ((x * std::complex<double>(0, 1)).dtype(), DType::kC128);
  EXPECT_EQ((constant(Tensor::Of<float>({1})) * 2.5).dtype(), DType::kF32);
  EXPECT_EQ((constant(Tensor::Of<int32_t>({1})) * 2).dtype(), DType::kI32);
}

TEST(Slice, PoisonNamesOpShapesAndPosition) {
  const Expr A = constant(Tensor::Of<double>({{1, 2}, {3, 4}}));
  const Expr x = constant(Tensor::Of<double>({1, 2, 3}));
  const Expr bad = mv(A, x);
  const absl::StatusOr<Tensor> z = Evaluate(relu(bad) + 1);
  EXPECT_EQ(z.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(z.status().message(), "mv: A is f64[2, 2] and x is f64[3]: 2 is not 3");
  EXPECT_THAT(std::string(PositionOf(z.status()).file), HasSubstr("slice_test.cc"));
}

TEST(Slice, FailureIsAStatusWithPivot) {
  const Expr A = constant(Tensor::Of<double>({{1, 2}, {2, 1}}));
  const absl::StatusOr<Tensor> z = Evaluate(cholesky(A));
  EXPECT_EQ(z.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(z.status().message(),
            "cholesky: the leading minor of order 2 is not positive definite");
}

Function SolveFunction(const Structure& structure) {
  Function::Builder b("solve");
  const Dim n = Dim::Symbol("n");
  const Expr A = b.Input("A", DType::kF64, {n, n}, structure);
  const Expr B = b.Input("B", DType::kF64, {n});
  b.Output("x", solve(A, B));
  return *b.Build();
}

TEST(Slice, SolveGeneralAndDeclared) {
  const Tensor A = Tensor::Of<double>({{4, 1}, {1, 3}});
  const Tensor B = Tensor::Of<double>({1, 2});
  Structure spd;
  spd.flags = kPd;
  for (const Structure& s : {Structure(), spd}) {
    const absl::StatusOr<Program> program = Compile(SolveFunction(s));
    ASSERT_TRUE(program.ok());
    const absl::StatusOr<TensorMap> r = program->Run({{"A", A}, {"B", B}});
    ASSERT_TRUE(r.ok()) << r.status();
    EXPECT_NEAR((*r)["x"].ToVector<double>()[0], 1.0 / 11, 1e-15);
    EXPECT_NEAR((*r)["x"].ToVector<double>()[1], 7.0 / 11, 1e-15);
  }
  const absl::StatusOr<Program> program = Compile(SolveFunction(spd));
  const absl::StatusOr<TensorMap> bad =
      program->Run({{"A", Tensor::Of<double>({{4, 1}, {2, 3}})}, {"B", B}});
  EXPECT_EQ(bad.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(bad.status().message(), "A: declared spd, but element [1, 0] contradicts it");
}

TEST(Slice, AFailureOfWhatWasDeclaredIsBadInput) {
  const Tensor indefinite = Tensor::Of<double>({{1, 2}, {2, 1}});
  Structure spd;
  spd.flags = kPd;
  for (const bool solves : {true, false}) {
    for (const Structure& s : {spd, Structure()}) {
      Function::Builder b("f");
      const Expr A = b.Input("A", DType::kF64, {2, 2}, s);
      // Also through a view.
      b.Output("y", solves ? solve(A.T(), A) : cholesky(A));
      const absl::StatusOr<Program> program = Compile(*b.Build());
      const absl::Status status = program->Run({{"A", indefinite}}).status();
      if (s.IsGeneral()) {
        // Indefinite, but not singular: only cholesky fails, numerically.
        EXPECT_EQ(status.code(), solves ? absl::StatusCode::kOk
                                        : absl::StatusCode::kFailedPrecondition);
        EXPECT_TRUE(NotesOf(status).empty());
        continue;
      }
      EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
      EXPECT_EQ(status.message(), absl::StrCat(solves ? "solve" : "cholesky",
                                               ": A is declared spd, but the leading minor of "
                                               "order 2 is not positive definite"));
      ASSERT_EQ(NotesOf(status).size(), 1u);
      EXPECT_EQ(NotesOf(status)[0].message, "A is declared spd here");
    }
  }
}

// Which kernels a plan runs, in order, "a else b" for guarded steps.
std::vector<std::string> Kernels(const Plan& plan) {
  std::vector<std::string> names;
  for (const PlanStep& s : plan.steps) {
    std::string name(s.kernel.name);
    for (const StepKernel& k : s.alternatives) name += " else " + std::string(k.name);
    names.push_back(name);
  }
  return names;
}

TEST(Slice, GramMatrixFallsBackWhenItsCholeskyFails) {
  Function::Builder b("gram");
  const Dim m = Dim::Symbol("m"), n = Dim::Symbol("n");
  const Expr A = b.Input("A", DType::kF64, {m, n});
  const Expr y = b.Input("y", DType::kF64, {n});
  const Expr G = mm(A.T(), A);
  b.Output("x", solve(G, y));
  b.Output("G", G);
  const absl::StatusOr<Program> program = Compile(*b.Build());
  ASSERT_TRUE(program.ok());
  SizeBindings sizes;
  sizes.Set("m", 2);
  sizes.Set("n", 2);
  const auto plan = program->PlanFor(sizes);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_THAT(Kernels(**plan),
              ElementsAre("cpu.gemm", "cpu.small_cholesky else cpu.small_lu"));
  const Tensor rhs = Tensor::Of<double>({1, 0});
  auto run = [&](const Tensor& a, Profile* profile) {
    return program->Run({{"A", a}, {"y", rhs}}, {.profile = profile});
  };
  Profile profile;
  absl::StatusOr<TensorMap> r = run(Tensor::Of<double>({{1, 2}, {0, 1}}), &profile);
  ASSERT_TRUE(r.ok()) << r.status();
  EXPECT_THAT((*r)["x"].ToVector<double>(),
              ElementsAre(testing::DoubleNear(5, 1e-13), testing::DoubleNear(-2, 1e-13)));
  EXPECT_EQ(profile.steps.back().alternative, 0);
  // Columns that differ by 1e-9 have a Gram matrix that is exactly singular in
  // doubles: every alternative is tried, and the last one reports.
  r = run(Tensor::Of<double>({{1, 1}, {0, 1e-9}}), nullptr);
  EXPECT_EQ(r.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(r.status().message(),
            "solve: the diagonal element 2 of U is zero, the matrix is singular");
  // Second columns that are three times the first: rounding makes some of the Gram
  // matrices indefinite and not singular, which is for LU. Whoever answers, the
  // residual is small.
  int by_lu = 0;
  for (int i = 1; i < 60; ++i) {
    const double u = i / 10.0, v = (60 - i) / 7.0;
    profile = Profile();
    r = run(Tensor::Of<double>({{u, 3 * u}, {v, 3 * v}}), &profile);
    if (!r.ok()) continue;
    by_lu += profile.steps.back().alternative == 1;
    const std::vector<double> g = (*r)["G"].ToVector<double>(), x = (*r)["x"].ToVector<double>();
    const double bound = 1e-14 * std::abs(g[3]) * (std::abs(x[0]) + std::abs(x[1]));
    EXPECT_NEAR(g[0] * x[0] + g[1] * x[1], 1, bound) << i;
    EXPECT_NEAR(g[2] * x[0] + g[3] * x[1], 0, bound) << i;
  }
  EXPECT_GT(by_lu, 0);
}

TEST(Slice, SizesThatDisagreeNameBothInputs) {
  const absl::StatusOr<Program> program = Compile(SolveFunction({}));
  const absl::StatusOr<TensorMap> r =
      program->Run({{"A", Tensor::Of<double>({{4, 1}, {1, 3}})}, {"B", Tensor::Of<double>({1})}});
  EXPECT_EQ(r.status().message(),
            "B is [1], declared f64[n]: n is 2, not 1 (n comes from A, which is [2, 2])");
  EXPECT_TRUE(PositionOf(r.status()).known());
  ASSERT_EQ(NotesOf(r.status()).size(), 1u);
  EXPECT_EQ(NotesOf(r.status())[0].message, "A is declared here as f64[n, n]");
  EXPECT_THAT(std::string(NotesOf(r.status())[0].position.file), HasSubstr("slice_test.cc"));
  EXPECT_TRUE(NotesOf(r.status())[0].position.known());
}

TEST(Slice, SizeThatIsDataStartsASegment) {
  Function::Builder b("pick");
  const Expr x = b.Input("x", DType::kF32, {Dim::Symbol("n")});
  const Expr index = nonzero(x);
  const Expr doubled = index * 2;  // Its size is data.
  b.Output("index", index);
  b.Output("doubled", doubled);
  b.Output("total", sum(doubled));
  b.Output("y", x + 1);
  const absl::StatusOr<Function> f = b.Build();
  ASSERT_TRUE(f.ok()) << f.status();
  const absl::StatusOr<Program> program = Compile(*f);
  ASSERT_TRUE(program.ok());
  for (int round = 0; round < 2; ++round) {
    const absl::StatusOr<TensorMap> r = program->Run({{"x", Tensor::Of<float>({0, 5, 0, 7, 8})}});
    ASSERT_TRUE(r.ok()) << r.status();
    EXPECT_THAT((*r)["index"].ToVector<int64_t>(), ElementsAre(1, 3, 4));
    EXPECT_THAT((*r)["doubled"].ToVector<int64_t>(), ElementsAre(2, 6, 8));
    EXPECT_THAT((*r)["total"].ToVector<int64_t>(), ElementsAre(16));
    EXPECT_THAT((*r)["y"].ToVector<float>(), ElementsAre(1, 6, 1, 8, 9));
  }
  const absl::StatusOr<TensorMap> none = program->Run({{"x", Tensor::Of<float>({0, 0})}});
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_THAT((*none)["index"].sizes(), ElementsAre(0, 1));
  EXPECT_THAT((*none)["total"].ToVector<int64_t>(), ElementsAre(0));
}

TEST(Slice, RandomIsPureInSeedAndStream) {
  const Expr a = rand({3}), b = rand({3});
  const absl::StatusOr<std::vector<Tensor>> once = Evaluate({a, b}, {}, {.seed = 7});
  ASSERT_TRUE(once.ok()) << once.status();
  EXPECT_FALSE(Tensor::BitwiseEqual((*once)[0], (*once)[1]));
  const absl::StatusOr<std::vector<Tensor>> again =
      Evaluate({rand({3}), rand({3})}, {}, {.seed = 7});
  EXPECT_TRUE(Tensor::BitwiseEqual((*once)[0], (*again)[0]));
  EXPECT_TRUE(Tensor::BitwiseEqual((*once)[1], (*again)[1]));
}

TEST(Slice, StridedInputsOfOneSignatureShareAPlan) {
  Function::Builder b("f");
  const Dim m = Dim::Symbol("m"), n = Dim::Symbol("n");
  const Expr A = b.Input("A", DType::kF64, {m, n});
  b.Output("z", A.T() + 1);
  const absl::StatusOr<Program> program = Compile(*b.Build());
  double data[20];
  for (int i = 0; i < 20; ++i) data[i] = i;
  for (int64_t ld : {3, 5, 7}) {
    const Tensor a = Tensor::Borrow(data, DType::kF64, {2, 2}, {ld, 1}, nullptr);
    const absl::StatusOr<TensorMap> r = program->Run({{"A", a}});
    ASSERT_TRUE(r.ok()) << r.status();
    EXPECT_THAT((*r)["z"].ToVector<double>(), ElementsAre(1, 1.0 + ld, 2, 2.0 + ld));
  }
}

TEST(Slice, MillionNodesWithoutRecursion) {
  const int nodes = Rounds(1000000);
  Expr e = constant(Tensor::Scalar(0.0f));
  for (int i = 0; i < nodes; ++i) e = e + 1;
  const absl::StatusOr<Tensor> r = Evaluate(e);
  ASSERT_TRUE(r.ok()) << r.status();
  EXPECT_EQ(r->ToVector<float>()[0], static_cast<float>(nodes));
  // Nodes that are both operands of the next one die without recursion too.
  Expr square = constant(Tensor::Scalar(1.0f));
  for (int i = 0; i < nodes; ++i) square = square * square;
}

}  // namespace
}  // namespace otium
