// SPDX-License-Identifier: Apache-2.0
//
// Products of vectors and matrices, and their fused forms with PyTorch's alpha
// and beta, which are optional 0-D operands.

#include "ops/product.h"

#include <algorithm>

#include "engine/base/status.h"
#include "engine/graph/graph.h"
#include "ops/infer.h"
#include "ops/op.h"

namespace otium {
namespace {

constexpr ParamDef kMvParams[] = {TensorParam("A"), TensorParam("x")};
constexpr ParamDef kMmParams[] = {TensorParam("A"), TensorParam("B")};
constexpr ParamDef kAddmvParams[] = {TensorParam("input"), TensorParam("A"), TensorParam("x"),
                                     ScaleParam("beta"), ScaleParam("alpha")};
constexpr ParamDef kAddmmParams[] = {TensorParam("input"), TensorParam("A"), TensorParam("B"),
                                     ScaleParam("beta"), ScaleParam("alpha")};

// [n, m] times [m] with A at operand `a`.
absl::StatusOr<Shape> MvShape(const OpCall& call, int a) {
  OTIUM_RETURN_IF_ERROR(RequireRank(call, a, 2));
  OTIUM_RETURN_IF_ERROR(RequireRank(call, a + 1, 1));
  const Shape& A = call.operand(a).shape;
  const Shape& x = call.operand(a + 1).shape;
  OTIUM_RETURN_IF_ERROR(RequireSameSize(call, a, A[1], a + 1, x[0]));
  return Shape({A[0]});
}

absl::StatusOr<Shape> MmShape(const OpCall& call, int a) {
  OTIUM_RETURN_IF_ERROR(RequireRank(call, a, 2));
  OTIUM_RETURN_IF_ERROR(RequireRank(call, a + 1, 2));
  const Shape& A = call.operand(a).shape;
  const Shape& B = call.operand(a + 1).shape;
  OTIUM_RETURN_IF_ERROR(RequireSameSize(call, a, A[1], a + 1, B[0]));
  return Shape({A[0], B[1]});
}

// `input` broadcasts to the product, never the other way.
absl::Status AddProduct(const OpCall& call, const absl::StatusOr<Shape>& product,
                        ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(product.status());
  const absl::StatusOr<Shape> sum = BroadcastShapes(*product, call.operand(0).shape);
  if (!sum.ok() || !(*sum == *product)) {
    return InvalidArgument(Describe("input", call.operand(0)), ", it does not broadcast to ",
                           product->ToString());
  }
  results->push_back(TensorType(call.operand(0).dtype, *product));
  return absl::OkStatus();
}

absl::Status InferMv(const OpCall& call, ResultTypes* results) {
  OTIUM_ASSIGN_OR_RETURN(Shape shape, MvShape(call, 0));
  results->push_back(TensorType(call.operand(0).dtype, std::move(shape)));
  return absl::OkStatus();
}
absl::Status InferMm(const OpCall& call, ResultTypes* results) {
  OTIUM_ASSIGN_OR_RETURN(Shape shape, MmShape(call, 0));
  results->push_back(TensorType(call.operand(0).dtype, std::move(shape)));
  return absl::OkStatus();
}
absl::Status InferAddmv(const OpCall& call, ResultTypes* results) {
  return AddProduct(call, MvShape(call, 1), results);
}
absl::Status InferAddmm(const OpCall& call, ResultTypes* results) {
  return AddProduct(call, MmShape(call, 1), results);
}

// The structure of the product of values `a` and `b`.
Structure ProductStructure(const Graph& graph, ValueId a, ValueId b) {
  const TensorType& A = graph.type(a);
  const TensorType& B = graph.type(b);
  const Structure& x = A.structure;
  const Structure& y = B.structure;
  Structure s;
  if (x.Has(kIdentity) && A.shape == B.shape) return y;
  if (y.Has(kIdentity) && A.shape == B.shape) return x;
  s.lower = AddBands(x.lower, y.lower);
  s.upper = AddBands(x.upper, y.upper);
  if (x.Has(kZero) || y.Has(kZero)) s.flags |= kZero;
  constexpr uint32_t kBoth = kNonsingular | kFullColumnRank | kOrthonormalColumns | kOrthogonal |
                             kPermutation;
  s.flags |= x.flags & y.flags & kBoth;
  // Unit triangular matrices of one side form a group.
  if ((x.IsLower() && y.IsLower()) || (x.IsUpper() && y.IsUpper())) {
    s.flags |= x.flags & y.flags & kUnitDiagonal;
  }
  // A A.T and A.H A: semidefinite, definite with full rank of the right side.
  if (IsTransposeOf(graph, a, b)) s.flags |= kSymmetric;
  if (IsAdjointOf(graph, a, b)) {
    s.flags |= kPsd;
    if (y.Has(kFullColumnRank)) s.flags |= kPd;
  }
  return s;
}

void MmStructure(const StructureCall& call, ResultTypes* results) {
  (*results)[0].structure = ProductStructure(call.graph, call.values[0], call.values[1]);
}

double MvFlops(const OpCall& call, int a) {
  return 2.0 * static_cast<double>(call.operand(a).shape.NumElements());
}
double MmFlops(const OpCall& call, int a) {
  return MvFlops(call, a) * static_cast<double>(call.operand(a + 1).shape[1].value());
}

}  // namespace

OTIUM_DEFINE_OP(mv) = {
    .doc = "Matrix-vector product: A is [n, m], x is [m], the result [n].",
    .params = kMvParams,
    .promotion = Promotion::kEqual,
    .infer = InferMv,
    .flops = [](const OpCall& call, absl::Span<const TensorType>) { return MvFlops(call, 0); },
};
OTIUM_DEFINE_OP(addmv) = {
    .doc = "beta * input + alpha * (A @ x). When beta is 0, input is not read.",
    .params = kAddmvParams,
    .promotion = Promotion::kEqual,
    .infer = InferAddmv,
    .flops = [](const OpCall& call, absl::Span<const TensorType>) { return MvFlops(call, 1); },
};
OTIUM_DEFINE_OP(mm) = {
    .doc = "Matrix product of two matrices: [n, m] times [m, p] is [n, p].",
    .params = kMmParams,
    .promotion = Promotion::kEqual,
    .infer = InferMm,
    .structure = MmStructure,
    .flops = [](const OpCall& call, absl::Span<const TensorType>) { return MmFlops(call, 0); },
};
OTIUM_DEFINE_OP(addmm) = {
    .doc = "beta * input + alpha * (A @ B). When beta is 0, input is not read.",
    .params = kAddmmParams,
    .promotion = Promotion::kEqual,
    .infer = InferAddmm,
    .flops = [](const OpCall& call, absl::Span<const TensorType>) { return MmFlops(call, 1); },
};

namespace {
Expr AddForm(Op op, Arg input, Arg a, Arg b, std::optional<Arg> beta, std::optional<Arg> alpha) {
  Operands operands{input.expr(), a.expr(), b.expr(), beta ? beta->expr() : Expr(),
                    alpha ? alpha->expr() : Expr()};
  return MakeExpr(op, std::move(operands), {}, input.position());
}
}  // namespace

Expr mv(Arg A, Arg x) { return MakeExpr(Op::mv, {A, x}); }
Expr mm(Arg A, Arg B) { return MakeExpr(Op::mm, {A, B}); }
Expr addmv(Arg input, Arg A, Arg x, std::optional<Arg> beta, std::optional<Arg> alpha) {
  return AddForm(Op::addmv, input, A, x, beta, alpha);
}
Expr addmm(Arg input, Arg A, Arg B, std::optional<Arg> beta, std::optional<Arg> alpha) {
  return AddForm(Op::addmm, input, A, B, beta, alpha);
}

}  // namespace otium
