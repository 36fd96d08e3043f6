// SPDX-License-Identifier: Apache-2.0
//
// Decompositions of factorizations and determinants: the decomposed graph computes what
// the reference kernels of the ops themselves do, up to rounding, and keeps types and
// facts.

#include <complex>
#include <random>

#include "engine/graph/capture.h"
#include "engine/optimize/pass.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/ops.h"
#include "tests/ops/reference_run.h"

namespace otium {

absl::StatusOr<GraphPtr> Decompose(const GraphPtr& graph, PassContext& context);

namespace {

using testing_ops::RunByReference;

GraphPtr Decomposed(const GraphPtr& graph) {
  static const Machine machine{{DeviceModel{}}};
  std::vector<Reason> reasons;
  auto evaluate = [](const Graph&) -> absl::StatusOr<std::vector<Tensor>> {
    return absl::UnimplementedError("not needed");
  };
  PassContext context{machine, MathMode::kStrict, evaluate, &reasons};
  return *Decompose(graph, context);
}

// Numbers in [-1, 1], with 3 on the diagonals of matrices: no sums of large terms.
Tensor RandomMatrix(DType dtype, const Sizes& sizes, std::mt19937* random) {
  std::uniform_real_distribution<double> uniform(-1, 1);
  std::vector<std::complex<double>> values;
  testing_ops::ForEach(sizes, [&](const Sizes& i) {
    const size_t r = i.size();
    const double diagonal = i[r - 2] == i[r - 1] ? 3 : 0;
    values.push_back({uniform(*random) + diagonal, uniform(*random)});
  });
  const Tensor wide = Tensor::Copy(values.data(), DType::kC128, sizes);
  const Expr c = constant(wide);
  return *testing_ops::ReferenceValue(cast(IsComplex(dtype) ? c : real(c), dtype));
}

void ExpectSame(absl::Span<const Expr> outputs, const std::vector<Expr>& inputs) {
  CaptureRequest request;
  for (const Expr& in : inputs) request.inputs.push_back({in, Expr()});
  for (size_t i = 0; i < outputs.size(); ++i) {
    request.outputs.emplace_back(absl::StrCat("y", i), outputs[i]);
  }
  const auto graph = std::make_shared<const Graph>(*Capture(request));
  const GraphPtr decomposed = Decomposed(graph);
  for (NodeId n = 0; n < decomposed->num_nodes(); ++n) {
    const Op op = decomposed->op(n).id;
    EXPECT_TRUE(op != Op::lu && op != Op::cholesky_solve && op != Op::logdet);
  }
  std::mt19937 random(4);
  std::vector<Tensor> values;
  for (const Expr& in : inputs) {
    values.push_back(RandomMatrix(in.dtype(), Sizes(in.shape().sizes()), &random));
  }
  const auto want = RunByReference(*graph, values), got = RunByReference(*decomposed, values);
  ASSERT_TRUE(want.ok()) << want.status();
  ASSERT_TRUE(got.ok()) << got.status();
  for (size_t o = 0; o < outputs.size(); ++o) {
    const TensorType& before = graph->type(graph->outputs()[o].value);
    const TensorType& after = decomposed->type(decomposed->outputs()[o].value);
    EXPECT_EQ(before.dtype, after.dtype);
    EXPECT_EQ(before.shape, after.shape);
    EXPECT_TRUE(after.structure.Implies(before.structure))
        << after.ToString() << " does not say all of " << before.ToString();
    testing_ops::ForEach((*want)[o].sizes(), [&](const Sizes& i) {
      const std::complex<double> w = testing_ops::At((*want)[o], i),
                                 g = testing_ops::At((*got)[o], i);
      const bool same = w == g || (std::isnan(w.real()) && std::isnan(g.real()));
      if (same) return;
      EXPECT_LE(std::abs(w - g), 64 * Epsilon(before.dtype) * std::max(1.0, std::abs(w)));
    });
  }
}

Expr In(const char* name, DType dtype, const Sizes& sizes) {
  return InputExpr(name, TensorType(dtype, Shape(absl::Span<const int64_t>(sizes))), {});
}

constexpr DType kDTypes[] = {DType::kF32, DType::kF64, DType::kC64, DType::kC128};

TEST(DecomposeFactorization, Lu) {
  for (const DType dtype : kDTypes) {
    for (const Sizes& sizes : {Sizes{4, 4}, Sizes{2, 5, 3}, Sizes{3, 5}, Sizes{0, 3}}) {
      const Expr A = In("A", dtype, sizes);
      for (const bool pivot : {true, false}) {
        const LuResults f = lu(A, pivot);
        ExpectSame({f.P, f.L, f.U}, {A});
      }
    }
  }
}

TEST(DecomposeFactorization, CholeskySolve) {
  for (const DType dtype : kDTypes) {
    for (const bool upper : {false, true}) {
      const Expr L = In("L", dtype, {4, 4}), Ls = In("Ls", dtype, {3, 4, 4});
      const Expr B = In("B", dtype, {4, 2}), Bs = In("Bs", dtype, {3, 4, 2});
      ExpectSame(
          {cholesky_solve(B, L, upper), cholesky_solve(Bs, L, upper), cholesky_solve(B, Ls, upper)},
          {B, L, Bs, Ls});
    }
  }
}

TEST(DecomposeFactorization, Logdet) {
  for (const DType dtype : kDTypes) {
    const Expr A = In("A", dtype, {3, 3}), B = In("B", dtype, {2, 3, 4, 4});
    // Of negative and of no sign.
    ExpectSame({logdet(A), logdet(B), logdet(-A), logdet(A * 0), logdet(zeros({0, 0}, dtype))},
               {A, B});
  }
}

}  // namespace
}  // namespace otium
