// SPDX-License-Identifier: Apache-2.0
//
// The decompose pass: on random shapes the decomposed graph computes what the
// reference kernels of the ops themselves do, exactly (small integers), keeps
// types and facts, and leaves none of its ops behind.

#include <map>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/graph/function.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/ops.h"
#include "tests/ops/decomposed.h"
#include "tests/ops/reference_run.h"

namespace otium {

namespace {

using testing_ops::Decomposed;
using testing_ops::RandomIntegers;
using testing_ops::RunByReference;
using testing_ops::RunDecompose;

// Runs both graphs on the same random inputs.
void ExpectSame(const Expr& expr, const std::vector<Expr>& inputs, std::mt19937* random,
                Decomposed* out = nullptr) {
  CaptureRequest request;
  for (const Expr& in : inputs) request.inputs.push_back({in, Expr()});
  request.outputs.emplace_back("z", expr);
  const auto graph = std::make_shared<const Graph>(*Capture(request));
  const Decomposed decomposed = RunDecompose(graph);
  const TensorType& before = graph->type(graph->outputs()[0].value);
  const TensorType& after = decomposed.graph->type(decomposed.graph->outputs()[0].value);
  EXPECT_EQ(before.dtype, after.dtype);
  EXPECT_EQ(before.shape, after.shape) << after.ToString();
  EXPECT_TRUE(after.structure.Implies(before.structure))
      << after.ToString() << " does not say all of " << before.ToString();
  for (NodeId n = 0; n < decomposed.graph->num_nodes(); ++n) {
    const std::string op(decomposed.graph->op(n).name);
    EXPECT_THAT(
        (std::vector<std::string>{"inner", "kron", "tensordot", "einsum", "addbmm", "flatten",
                                  "unflatten", "broadcast_to", "movedim", "narrow"}),
        testing::Not(testing::Contains(op)));
  }
  std::vector<Tensor> values;
  for (const Expr& in : inputs) {
    values.push_back(RandomIntegers(in.dtype(), in.shape().sizes(), random));
  }
  const auto want = RunByReference(*graph, values), got = RunByReference(*decomposed.graph, values);
  ASSERT_TRUE(want.ok()) << want.status();
  ASSERT_TRUE(got.ok()) << got.status();
  // A product with an exact zero may differ in its sign.
  testing_ops::ForEach((*want)[0].sizes(), [&](const Sizes& i) {
    EXPECT_EQ(testing_ops::At((*want)[0], i), testing_ops::At((*got)[0], i));
  });
  if (out != nullptr) *out = decomposed;
}

Expr In(int i, DType dtype, const Sizes& sizes) {
  return InputExpr(absl::StrCat("x", i), TensorType(dtype, Shape(absl::Span<const int64_t>(sizes))),
                   {});
}

int64_t Pick(std::mt19937* random, int64_t low, int64_t high) {
  return low + static_cast<int64_t>((*random)() % static_cast<uint64_t>(high - low + 1));
}

constexpr DType kDTypes[] = {DType::kF64, DType::kC128, DType::kI64, DType::kI32};

TEST(Decompose, MatmulOfEveryRankAndBatch) {
  std::mt19937 random(3);
  std::map<std::string, int> fired;
  for (int round = 0; round < 600; ++round) {
    const DType dtype = kDTypes[round % 4];
    const int64_t k = Pick(&random, 0, 3);
    Sizes batch;
    for (int64_t r = Pick(&random, 0, 3); r > 0; --r) batch.push_back(Pick(&random, 1, 3));
    auto operand = [&](bool left) {
      if (Pick(&random, 0, 4) == 0) return Sizes{k};
      Sizes sizes(batch.begin() + Pick(&random, 0, static_cast<int64_t>(batch.size())),
                  batch.end());
      for (int64_t& s : sizes) s = Pick(&random, 0, 2) == 0 ? 1 : s;
      const int64_t other = Pick(&random, 1, 3);
      sizes.push_back(left ? other : k);
      sizes.push_back(left ? k : other);
      return sizes;
    };
    const Expr a = In(0, dtype, operand(true)), b = In(1, dtype, operand(false));
    Decomposed decomposed;
    ExpectSame(matmul(a, b), {a, b}, &random, &decomposed);
    for (const std::string& rule : decomposed.rules) ++fired[rule];
  }
  // matmul, matmul_rows, matmul_vector.
  EXPECT_EQ(fired.size(), 3) << absl::StrJoin(fired, ", ", absl::PairFormatter(" "));
}

TEST(Decompose, EinsumOfRandomEquations) {
  std::mt19937 random(9);
  int orders = 0;
  for (int round = 0; round < 1000; ++round) {
    const std::string letters = "ijkl";
    int64_t sizes[4];
    for (int64_t& s : sizes) s = Pick(&random, 0, 9) == 0 ? 0 : Pick(&random, 1, 3);
    const int64_t operands = Pick(&random, 1, 3);
    std::string equation, used;
    std::vector<Expr> inputs;
    for (int64_t i = 0; i < operands; ++i) {
      if (i > 0) equation += ",";
      Sizes shape;
      int64_t this_size[4];
      for (int l = 0; l < 4; ++l) this_size[l] = Pick(&random, 0, 5) == 0 ? 1 : sizes[l];
      const bool ellipsis = Pick(&random, 0, 4) == 0;
      if (ellipsis) {
        equation += "...";
        for (int64_t e = Pick(&random, 0, 1); e > 0; --e) shape.push_back(2);
      }
      for (int64_t r = Pick(&random, 0, 3); r > 0; --r) {
        const int64_t l = Pick(&random, 0, 3);
        equation += letters[l];
        used += letters[l];
        shape.push_back(this_size[l]);
      }
      inputs.push_back(In(static_cast<int>(i), kDTypes[round % 4], shape));
    }
    if (Pick(&random, 0, 3) > 0) {
      equation += "->";
      if (Pick(&random, 0, 1) == 0) equation += "...";
      std::string order = letters;
      std::shuffle(order.begin(), order.end(), random);
      for (char c : order) {
        if (used.find(c) != std::string::npos && Pick(&random, 0, 1) == 0) equation += c;
      }
    }
    SCOPED_TRACE(equation);
    const Expr z = einsum(equation, inputs);
    ASSERT_TRUE(z.status().ok()) << z.status();
    Decomposed decomposed;
    ExpectSame(z, inputs, &random, &decomposed);
    orders += decomposed.rules == std::vector<std::string>{"einsum_order"};
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(orders, 100);
}

TEST(Decompose, OtherContractions) {
  std::mt19937 random(21);
  for (DType dtype : kDTypes) {
    const Expr a = In(0, dtype, {2, 3, 4}), b = In(1, dtype, {4, 3, 2}), c = In(2, dtype, {2, 4}),
               x = In(3, dtype, {3}), s = In(4, dtype, {});
    ExpectSame(inner(a, c), {a, c}, &random);
    ExpectSame(inner(x, x), {x}, &random);
    ExpectSame(inner(s, c), {s, c}, &random);
    ExpectSame(tensordot(a, b, 1), {a, b}, &random);
    ExpectSame(tensordot(a, b, {0, 2}, {2, 0}), {a, b}, &random);
    ExpectSame(tensordot(a, b, {1}, {-2}), {a, b}, &random);
    ExpectSame(tensordot(a, b, 0), {a, b}, &random);
    ExpectSame(tensordot(a, a, 3 - 3), {a}, &random);
    ExpectSame(kron(c, b), {c, b}, &random);
    ExpectSame(kron(a, x), {a, x}, &random);
    ExpectSame(kron(s, x), {s, x}, &random);
  }
  const Expr i = In(0, DType::kI32, {3}), f = In(1, DType::kF64, {2});
  ExpectSame(kron(i, f), {i, f}, &random);
}

TEST(Decompose, AddedProducts) {
  std::mt19937 random(22);
  const Expr a = In(0, DType::kF64, {5, 2, 3}), b = In(1, DType::kF64, {5, 3, 4}),
             y = In(2, DType::kF64, {2, 4}), v = In(4, DType::kF64, {4}),
             s = In(5, DType::kF64, {});
  ExpectSame(addbmm(y, a, b), {y, a, b}, &random);
  ExpectSame(addbmm(v, a, b, s, 2.0), {v, a, b, s}, &random);
  ExpectSame(addbmm(y, slice(a, 0, 0, 0), slice(b, 0, 0, 0)), {y, a, b}, &random);
}

TEST(Decompose, ViewsWithTwoNames) {
  std::mt19937 random(23);
  const Expr a = In(0, DType::kF32, {2, 3, 4}), c = In(1, DType::kF32, {3, 4}),
             s = In(2, DType::kF32, {});
  ExpectSame(flatten(a, 1), {a}, &random);
  ExpectSame(flatten(s), {s}, &random);
  ExpectSame(unflatten(a, 2, {2, -1}), {a}, &random);
  ExpectSame(broadcast_to(c, {2, 3, 4}), {c}, &random);
  ExpectSame(movedim(a, {0}, {2}), {a}, &random);
  ExpectSame(movedim(a, {0, 1}, {1, 0}), {a}, &random);
  ExpectSame(narrow(a, 2, -3, 2), {a}, &random);
  ExpectSame(narrow(a, 2, 1, 0), {a}, &random);
  Decomposed decomposed;
  ExpectSame(diag(c, 1), {c}, &random, &decomposed);
  EXPECT_EQ(decomposed.rules, std::vector<std::string>{"diagonal_form"});
  ExpectSame(trace(c), {c}, &random, &decomposed);
  EXPECT_EQ(decomposed.rules, std::vector<std::string>{"trace"});
  ExpectSame(trace(a), {a}, &random);
  const Expr v = In(3, DType::kF32, {2, 4, 3}), tau = In(4, DType::kF32, {2, 2});
  ExpectSame(orgqr(v, tau), {v, tau}, &random, &decomposed);
  EXPECT_EQ(decomposed.rules, std::vector<std::string>{"orgqr_form"});
}

// The text of what is left: op(operand ops), innermost first.
std::vector<std::string> Ops(const Expr& expr, const std::vector<Expr>& inputs) {
  CaptureRequest request;
  for (const Expr& in : inputs) request.inputs.push_back({in, Expr()});
  request.outputs.emplace_back("z", expr);
  const GraphPtr graph = RunDecompose(std::make_shared<const Graph>(*Capture(request))).graph;
  std::vector<std::string> ops;
  for (NodeId n = 0; n < graph->num_nodes(); ++n) {
    if (!graph->Is(n, Op::input)) ops.push_back(std::string(graph->op(n).name));
  }
  return ops;
}

TEST(Decompose, MakesTheProductsThatWereMeant) {
  using testing::ElementsAre;
  const Expr A = In(0, DType::kF32, {3, 4}), B = In(1, DType::kF32, {4, 5}),
             x = In(2, DType::kF32, {4}), T = In(3, DType::kF32, {7, 3, 4}),
             U = In(4, DType::kF32, {7, 4, 5});
  EXPECT_THAT(Ops(matmul(A, B), {A, B}), ElementsAre("mm"));
  EXPECT_THAT(Ops(matmul(A, x), {A, x}), ElementsAre("mv"));
  EXPECT_THAT(Ops(matmul(x, B), {x, B}), ElementsAre("transpose", "mv"));
  EXPECT_THAT(Ops(matmul(T, U), {T, U}), ElementsAre("bmm"));
  EXPECT_THAT(Ops(matmul(T, B), {T, B}), ElementsAre("reshape", "mm", "reshape"));
  EXPECT_THAT(Ops(matmul(A, U), {A, U}), ElementsAre("matmul"));
  EXPECT_THAT(Ops(matmul(x, U), {x, U}), ElementsAre("unsqueeze", "matmul", "reshape"));
  // Rows of transposed matrices do not merge without a copy.
  const Expr R = In(6, DType::kF32, {3, 2});
  EXPECT_THAT(Ops(matmul(T.T(), R), {T, R}), testing::Contains("matmul"));
  const Expr V = In(7, DType::kF32, {2, 7, 3, 4}), W = In(8, DType::kF32, {2, 5, 7, 4});
  EXPECT_THAT(Ops(einsum("bhid,bjhd->bhij", {V, W}), {V, W}), ElementsAre("permute", "matmul"));
  EXPECT_THAT(Ops(einsum("ij,jk", {A, B}), {A, B}), ElementsAre("mm"));
  EXPECT_THAT(Ops(einsum("ji,jk->ik", {A.T(), B}), {A, B}),
              ElementsAre("transpose", "transpose", "mm"));
  EXPECT_THAT(Ops(einsum("bij,bjk->bik", {T, U}), {T, U}), ElementsAre("bmm"));
  EXPECT_THAT(Ops(einsum("i,i", {x, x}), {x}), ElementsAre("dot"));
  EXPECT_THAT(Ops(einsum("ij,j", {A, x}), {A, x}), ElementsAre("mv"));
  EXPECT_THAT(Ops(einsum("ij->j", {A}), {A}), ElementsAre("sum"));
  EXPECT_THAT(Ops(tensordot(A, B, 1), {A, B}), ElementsAre("mm"));
  // From the right: 4 * 5 + 3 * 4 multiply-adds and not 3 * 4 * 5 + 3 * 5.
  const Expr y = In(5, DType::kF32, {5});
  EXPECT_THAT(Ops(einsum("ij,jk,k", {A, B, y}), {A, B, y}), ElementsAre("mv", "mv"));
}

// In strict mode operands are taken from the left.
TEST(Decompose, StrictKeepsTheOrder) {
  const Expr A = In(0, DType::kF32, {3, 4}), B = In(1, DType::kF32, {4, 5}),
             y = In(2, DType::kF32, {5});
  CaptureRequest request;
  for (const Expr& in : {A, B, y}) request.inputs.push_back({in, Expr()});
  request.outputs.emplace_back("z", einsum("ij,jk,k", {A, B, y}));
  const auto graph = std::make_shared<const Graph>(*Capture(request));
  EXPECT_EQ(RunDecompose(graph, MathMode::kStrict).rules, std::vector<std::string>{"einsum_left"});
  EXPECT_EQ(RunDecompose(graph, MathMode::kStandard).rules,
            std::vector<std::string>{"einsum_order"});
}

// What the result was known to be is still known.
TEST(Decompose, CarriesFacts) {
  Structure lower;
  lower.upper = 0;
  auto input = [&](const char* name, Shape shape, Structure s) {
    TensorType type(DType::kF64, std::move(shape));
    type.structure = NormalizeStructure(s, type.dtype, type.shape);
    return InputExpr(name, type, {});
  };
  const Expr L = input("L", {3, 3}, lower), M = input("M", {2, 3, 3}, lower),
             A = input("A", {2, 4, 3}, {});
  for (const Expr& z : {kron(L, L), matmul(M, L), matmul(A.T(), A), einsum("ij,jk", {L, L})}) {
    CaptureRequest request;
    for (const Expr& in : {L, M, A}) request.inputs.push_back({in, Expr()});
    request.outputs.emplace_back("z", z);
    const auto graph = std::make_shared<const Graph>(*Capture(request));
    const GraphPtr after = RunDecompose(graph).graph;
    EXPECT_TRUE(after->type(after->outputs()[0].value)
                    .structure.Implies(graph->type(graph->outputs()[0].value).structure));
  }
}

}  // namespace
}  // namespace otium
