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
constexpr ParamDef kVectorParams[] = {TensorParam("a"), TensorParam("b")};
constexpr ParamDef kAddrParams[] = {TensorParam("input"), TensorParam("a"), TensorParam("b"),
                                    ScaleParam("beta"), ScaleParam("alpha")};
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

// Equal batches, no broadcasting.
absl::StatusOr<Shape> BmmShape(const OpCall& call, int a) {
  OTIUM_RETURN_IF_ERROR(RequireRank(call, a, 3));
  OTIUM_RETURN_IF_ERROR(RequireRank(call, a + 1, 3));
  const Shape& A = call.operand(a).shape;
  const Shape& B = call.operand(a + 1).shape;
  OTIUM_RETURN_IF_ERROR(RequireSameSize(call, a, A[0], a + 1, B[0]));
  OTIUM_RETURN_IF_ERROR(RequireSameSize(call, a, A[2], a + 1, B[1]));
  return Shape({A[0], A[1], B[2]});
}

absl::StatusOr<Shape> OuterShape(const OpCall& call, int a) {
  OTIUM_RETURN_IF_ERROR(RequireRank(call, a, 1));
  OTIUM_RETURN_IF_ERROR(RequireRank(call, a + 1, 1));
  return Shape({call.operand(a).shape[0], call.operand(a + 1).shape[0]});
}

// NumPy's rule: a vector is a row at the left and a column at the right, and that
// dimension of 1 is dropped; leading dimensions broadcast.
absl::StatusOr<Shape> MatmulShape(const OpCall& call) {
  OTIUM_RETURN_IF_ERROR(RequireRankAtLeast(call, 0, 1));
  OTIUM_RETURN_IF_ERROR(RequireRankAtLeast(call, 1, 1));
  const Shape& A = call.operand(0).shape;
  const Shape& B = call.operand(1).shape;
  const bool row = A.rank() == 1, column = B.rank() == 1;
  OTIUM_RETURN_IF_ERROR(RequireSameSize(call, 0, A.back(1), 1, B.back(column ? 1 : 2)));
  const absl::StatusOr<Shape> batch =
      BroadcastShapes(BatchShape(A, row ? 1 : 2), BatchShape(B, column ? 1 : 2));
  if (!batch.ok()) {
    return InvalidArgument(Describe("A", call.operand(0)), " and ", Describe("B", call.operand(1)),
                           ": the batch dimensions do not broadcast");
  }
  Dims dims(batch->dims().begin(), batch->dims().end());
  if (!row) dims.push_back(A.back(2));
  if (!column) dims.push_back(B.back(1));
  return Shape(absl::Span<const Dim>(dims));
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

absl::Status InferBmm(const OpCall& call, ResultTypes* results) {
  OTIUM_ASSIGN_OR_RETURN(Shape shape, BmmShape(call, 0));
  results->push_back(TensorType(call.operand(0).dtype, std::move(shape)));
  return absl::OkStatus();
}
absl::Status InferBaddbmm(const OpCall& call, ResultTypes* results) {
  return AddProduct(call, BmmShape(call, 1), results);
}
// The sum over the batch: [b, n, m] times [b, m, p] is [n, p].
absl::Status InferAddbmm(const OpCall& call, ResultTypes* results) {
  absl::StatusOr<Shape> shape = BmmShape(call, 1);
  if (shape.ok()) shape = Shape({(*shape)[1], (*shape)[2]});
  return AddProduct(call, shape, results);
}
absl::Status InferDot(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireRank(call, 0, 1));
  OTIUM_RETURN_IF_ERROR(RequireRank(call, 1, 1));
  OTIUM_RETURN_IF_ERROR(
      RequireSameSize(call, 0, call.operand(0).shape[0], 1, call.operand(1).shape[0]));
  results->push_back(TensorType(call.operand(0).dtype, Shape()));
  return absl::OkStatus();
}
absl::Status InferOuter(const OpCall& call, ResultTypes* results) {
  OTIUM_ASSIGN_OR_RETURN(Shape shape, OuterShape(call, 0));
  results->push_back(TensorType(call.operand(0).dtype, std::move(shape)));
  return absl::OkStatus();
}
absl::Status InferAddr(const OpCall& call, ResultTypes* results) {
  return AddProduct(call, OuterShape(call, 1), results);
}
absl::Status InferMatmul(const OpCall& call, ResultTypes* results) {
  OTIUM_ASSIGN_OR_RETURN(Shape shape, MatmulShape(call));
  results->push_back(TensorType(call.operand(0).dtype, std::move(shape)));
  return absl::OkStatus();
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

// Vectors have no structure.
void MatmulStructure(const StructureCall& call, ResultTypes* results) {
  if (call.operand(0).rank() < 2 || call.operand(1).rank() < 2) return;
  MmStructure(call, results);
}

// A real vector times itself.
void DotStructure(const StructureCall& call, ResultTypes* results) {
  if (call.values[0] == call.values[1] && !IsComplex(call.operand(0).dtype)) {
    (*results)[0].structure.flags |= kNonnegative;
  }
}

// Two flops for each result element and each of the inner size of operand `a`.
double InnerFlops(const OpCall& call, int a, absl::Span<const TensorType> results) {
  return 2.0 * static_cast<double>(call.operand(a).shape.back(1).value()) *
         static_cast<double>(results[0].shape.NumElements());
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

OTIUM_DEFINE_OP(bmm) = {
    .doc = "Products of matrices of equal batches: [b, n, m] times [b, m, p] is [b, n, p].",
    .params = kMmParams,
    .promotion = Promotion::kEqual,
    .infer = InferBmm,
    .structure = MmStructure,
    .flops = [](const OpCall& call,
                absl::Span<const TensorType> results) { return InnerFlops(call, 0, results); },
};
OTIUM_DEFINE_OP(baddbmm) = {
    .doc = "beta * input + alpha * bmm(A, B). When beta is 0, input is not read.",
    .params = kAddmmParams,
    .promotion = Promotion::kEqual,
    .infer = InferBaddbmm,
    .flops = [](const OpCall& call,
                absl::Span<const TensorType> results) { return InnerFlops(call, 1, results); },
};
OTIUM_DEFINE_OP(addbmm) = {
    .doc = "beta * input + alpha * (the sum over the batch of bmm(A, B)). When beta is 0, input is "
           "not read.",
    .params = kAddmmParams,
    .promotion = Promotion::kEqual,
    .infer = InferAddbmm,
    .flops =
        [](const OpCall& call, absl::Span<const TensorType> results) {
          return InnerFlops(call, 1, results) *
                 static_cast<double>(call.operand(1).shape[0].value());
        },
};
OTIUM_DEFINE_OP(dot) = {
    .doc = "The sum of a[i] * b[i]; neither is conjugated.",
    .params = kVectorParams,
    .promotion = Promotion::kEqual,
    .infer = InferDot,
    .structure = DotStructure,
    .flops = [](const OpCall& call,
                absl::Span<const TensorType> results) { return InnerFlops(call, 0, results); },
};
OTIUM_DEFINE_OP(vdot) = {
    .doc = "The sum of conj(a[i]) * b[i].",
    .params = kVectorParams,
    .promotion = Promotion::kEqual,
    .infer = InferDot,
    .structure = DotStructure,
    .flops = [](const OpCall& call,
                absl::Span<const TensorType> results) { return InnerFlops(call, 0, results); },
};
OTIUM_DEFINE_OP(outer) = {
    .doc = "The outer product a[i] * b[j], [n, m].",
    .params = kVectorParams,
    .promotion = Promotion::kEqual,
    .infer = InferOuter,
};
OTIUM_DEFINE_OP(addr) = {
    .doc = "beta * input + alpha * outer(a, b). When beta is 0, input is not read.",
    .params = kAddrParams,
    .promotion = Promotion::kEqual,
    .infer = InferAddr,
};
OTIUM_DEFINE_OP(matmul) = {
    .doc = "A @ B by NumPy's rules: vectors are rows at the left and columns at the right, leading "
           "dimensions broadcast.",
    .params = kMmParams,
    .promotion = Promotion::kEqual,
    .infer = InferMatmul,
    .structure = MatmulStructure,
    .flops = [](const OpCall& call,
                absl::Span<const TensorType> results) { return InnerFlops(call, 0, results); },
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

Expr bmm(Arg A, Arg B) { return MakeExpr(Op::bmm, {A, B}); }
Expr dot(Arg a, Arg b) { return MakeExpr(Op::dot, {a, b}); }
Expr vdot(Arg a, Arg b) { return MakeExpr(Op::vdot, {a, b}); }
Expr outer(Arg a, Arg b) { return MakeExpr(Op::outer, {a, b}); }
Expr matmul(Arg A, Arg B) { return MakeExpr(Op::matmul, {A, B}); }
Expr baddbmm(Arg input, Arg A, Arg B, std::optional<Arg> beta, std::optional<Arg> alpha) {
  return AddForm(Op::baddbmm, input, A, B, beta, alpha);
}
Expr addbmm(Arg input, Arg A, Arg B, std::optional<Arg> beta, std::optional<Arg> alpha) {
  return AddForm(Op::addbmm, input, A, B, beta, alpha);
}
Expr addr(Arg input, Arg a, Arg b, std::optional<Arg> beta, std::optional<Arg> alpha) {
  return AddForm(Op::addr, input, a, b, beta, alpha);
}

}  // namespace otium
