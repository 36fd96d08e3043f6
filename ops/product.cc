// SPDX-License-Identifier: Apache-2.0
//
// Products of vectors and matrices, and their fused forms with PyTorch's alpha
// and beta, which are optional 0-D operands.

#include "ops/product.h"

#include <utility>

#include "engine/base/status.h"
#include "engine/graph/graph.h"
#include "ops/infer.h"
#include "ops/op.h"
#include "ops/product_rules.h"

namespace otium {
namespace {

constexpr ParamDef kVectorsParams[] = {TensorParam("x"), TensorParam("y")};
constexpr ParamDef kMvParams[] = {TensorParam("A"), TensorParam("x")};
constexpr ParamDef kMmParams[] = {TensorParam("A"), TensorParam("B")};
constexpr ParamDef kAddrParams[] = {TensorParam("input"), TensorParam("x"), TensorParam("y"),
                                    ScaleParam("beta"), ScaleParam("alpha")};
constexpr ParamDef kAddmvParams[] = {TensorParam("input"), TensorParam("A"), TensorParam("x"),
                                     ScaleParam("beta"), ScaleParam("alpha")};
constexpr ParamDef kAddmmParams[] = {TensorParam("input"), TensorParam("A"), TensorParam("B"),
                                     ScaleParam("beta"), ScaleParam("alpha")};
// Where beta and alpha stand.
constexpr int kBeta = 3, kAlpha = 4;

// ---- shapes; the factors are operands `a` and `a + 1`

absl::Status RequireRanks(const OpCall& call, int a, int rank_a, int rank_b) {
  OTIUM_RETURN_IF_ERROR(RequireNumbers(call));
  OTIUM_RETURN_IF_ERROR(RequireRank(call, a, rank_a));
  return RequireRank(call, a + 1, rank_b);
}

absl::StatusOr<Shape> DotShape(const OpCall& call, int a) {
  OTIUM_RETURN_IF_ERROR(RequireRanks(call, a, 1, 1));
  OTIUM_RETURN_IF_ERROR(
      RequireSameSize(call, a, call.operand(a).shape[0], a + 1, call.operand(a + 1).shape[0]));
  return Shape();
}

absl::StatusOr<Shape> OuterShape(const OpCall& call, int a) {
  OTIUM_RETURN_IF_ERROR(RequireRanks(call, a, 1, 1));
  return Shape({call.operand(a).shape[0], call.operand(a + 1).shape[0]});
}

absl::StatusOr<Shape> MvShape(const OpCall& call, int a) {
  OTIUM_RETURN_IF_ERROR(RequireRanks(call, a, 2, 1));
  const Shape& A = call.operand(a).shape;
  OTIUM_RETURN_IF_ERROR(RequireSameSize(call, a, A[1], a + 1, call.operand(a + 1).shape[0]));
  return Shape({A[0]});
}

absl::StatusOr<Shape> MmShape(const OpCall& call, int a) {
  OTIUM_RETURN_IF_ERROR(RequireRanks(call, a, 2, 2));
  const Shape& A = call.operand(a).shape;
  const Shape& B = call.operand(a + 1).shape;
  OTIUM_RETURN_IF_ERROR(RequireSameSize(call, a, A[1], a + 1, B[0]));
  return Shape({A[0], B[1]});
}

absl::StatusOr<Shape> BmmShape(const OpCall& call, int a) {
  OTIUM_RETURN_IF_ERROR(RequireRanks(call, a, 3, 3));
  const Shape& A = call.operand(a).shape;
  const Shape& B = call.operand(a + 1).shape;
  OTIUM_RETURN_IF_ERROR(RequireSameSize(call, a, A[0], a + 1, B[0]));
  OTIUM_RETURN_IF_ERROR(RequireSameSize(call, a, A[2], a + 1, B[1]));
  return Shape({A[0], A[1], B[2]});
}

absl::StatusOr<Shape> SummedBmmShape(const OpCall& call, int a) {
  OTIUM_ASSIGN_OR_RETURN(const Shape shape, BmmShape(call, a));
  return Shape({shape[1], shape[2]});
}

using ShapeRule = absl::StatusOr<Shape> (*)(const OpCall& call, int a);

template <ShapeRule kShape>
absl::Status InferProduct(const OpCall& call, ResultTypes* results) {
  OTIUM_ASSIGN_OR_RETURN(Shape shape, kShape(call, 0));
  results->push_back(TensorType(call.operand(0).dtype, std::move(shape)));
  return absl::OkStatus();
}

// `input` broadcasts to the product, never the other way.
template <ShapeRule kShape>
absl::Status InferAdded(const OpCall& call, ResultTypes* results) {
  OTIUM_ASSIGN_OR_RETURN(Shape product, kShape(call, 1));
  const absl::StatusOr<Shape> sum = BroadcastShapes(product, call.operand(0).shape);
  if (!sum.ok() || !(*sum == product)) {
    return InvalidArgument(Describe("input", call.operand(0)), ", it does not broadcast to ",
                           product.ToString());
  }
  results->push_back(TensorType(call.operand(0).dtype, std::move(product)));
  return absl::OkStatus();
}

// ---- structure

void ZeroStructure(const StructureCall& call, ResultTypes* results) {
  if (call.operand(0).structure.Has(kZero) || call.operand(1).structure.Has(kZero)) {
    (*results)[0].structure.flags |= kZero;
  }
}

// x.x of reals, and x.H x, is not negative.
void DotStructure(const StructureCall& call, ResultTypes* results) {
  ZeroStructure(call, results);
  if (call.values[0] == call.values[1] && !IsComplex(call.operand(0).dtype)) {
    (*results)[0].structure.flags |= kNonnegative;
  }
}

void MatrixStructure(const StructureCall& call, ResultTypes* results) {
  (*results)[0].structure = ProductStructure(call.graph, call.values[0], call.values[1]);
}

// beta * input + alpha * product. An input that is broadcast within matrices has
// none of its facts there.
void AddToInput(const StructureCall& call, const Structure& product, ResultTypes* results) {
  TensorType& type = (*results)[0];
  const TensorType& input = call.operand(0);
  const TensorType* beta = call.Has(kBeta) ? &call.operand(kBeta) : nullptr;
  const TensorType* alpha = call.Has(kAlpha) ? &call.operand(kAlpha) : nullptr;
  const bool same_matrices = type.rank() >= 2 && input.rank() >= 2 &&
                             input.shape.back(1) == type.shape.back(1) &&
                             input.shape.back(2) == type.shape.back(2);
  Structure in = input.structure;
  if (!same_matrices) in = {kFullBand, kFullBand, in.flags & kZero};
  type.structure = SumStructure(ScaledStructure(in, beta, type.dtype),
                                ScaledStructure(product, alpha, type.dtype));
}

void AddedVectorStructure(const StructureCall& call, ResultTypes* results) {
  Structure product;
  if (call.operand(1).structure.Has(kZero) || call.operand(2).structure.Has(kZero)) {
    product.flags = kZero;
  }
  AddToInput(call, product, results);
}
void AddedMatrixStructure(const StructureCall& call, ResultTypes* results) {
  AddToInput(call, ProductStructure(call.graph, call.values[1], call.values[2]), results);
}
void AddedOuterStructure(const StructureCall& call, ResultTypes* results) {
  AddToInput(call, OuterStructure(call.graph, call.values[1], call.values[2]), results);
}

// A sum over the batch keeps what sums keep; an empty one is zero, so definite
// terms are definite only when there is one.
void SummedStructure(const StructureCall& call, ResultTypes* results) {
  const Structure each = ProductStructure(call.graph, call.values[1], call.values[2]);
  const Dim& batch = call.operand(1).shape[0];
  uint32_t keep = kSymmetric | kHermitian | kPsd | kZero;
  if (batch.IsStatic() && batch.value() > 0) keep |= kPd;
  AddToInput(call, {each.lower, each.upper, each.flags & keep}, results);
}

// ---- cost: a multiply and an add for each product of elements

// Elements of A times columns of B.
template <int kA>
double ProductFlops(const OpCall& call, absl::Span<const TensorType>) {
  const Shape& B = call.operand(kA + 1).shape;
  const double columns = B.rank() >= 2 ? static_cast<double>(B.back(1).value()) : 1;
  return 2.0 * static_cast<double>(call.operand(kA).shape.NumElements()) * columns;
}
double AddrFlops(const OpCall&, absl::Span<const TensorType> results) {
  return 2.0 * static_cast<double>(results[0].shape.NumElements());
}

}  // namespace

OTIUM_DEFINE_OP(dot) = {
    .doc = "The sum of x[i] * y[i] of two vectors of equal length.",
    .params = kVectorsParams,
    .promotion = Promotion::kEqual,
    .infer = InferProduct<DotShape>,
    .structure = DotStructure,
    .flops = ProductFlops<0>,
};
OTIUM_DEFINE_OP(vdot) = {
    .doc = "The sum of conj(x[i]) * y[i] of two vectors of equal length.",
    .params = kVectorsParams,
    .promotion = Promotion::kEqual,
    .infer = InferProduct<DotShape>,
    .structure = DotStructure,
    .flops = ProductFlops<0>,
};
OTIUM_DEFINE_OP(mv) = {
    .doc = "Matrix-vector product: A is [n, m], x is [m], the result [n].",
    .params = kMvParams,
    .promotion = Promotion::kEqual,
    .infer = InferProduct<MvShape>,
    .structure = ZeroStructure,
    .flops = ProductFlops<0>,
};
OTIUM_DEFINE_OP(addmv) = {
    .doc = "beta * input + alpha * (A @ x). When beta is 0, input is not read.",
    .params = kAddmvParams,
    .promotion = Promotion::kEqual,
    .infer = InferAdded<MvShape>,
    .structure = AddedVectorStructure,
    .flops = ProductFlops<1>,
};
OTIUM_DEFINE_OP(mm) = {
    .doc = "Matrix product of two matrices: [n, m] times [m, p] is [n, p].",
    .params = kMmParams,
    .promotion = Promotion::kEqual,
    .infer = InferProduct<MmShape>,
    .structure = MatrixStructure,
    .flops = ProductFlops<0>,
};
OTIUM_DEFINE_OP(addmm) = {
    .doc = "beta * input + alpha * (A @ B). When beta is 0, input is not read.",
    .params = kAddmmParams,
    .promotion = Promotion::kEqual,
    .infer = InferAdded<MmShape>,
    .structure = AddedMatrixStructure,
    .flops = ProductFlops<1>,
};
OTIUM_DEFINE_OP(bmm) = {
    .doc = "The products of two batches of matrices: [b, n, m] times [b, m, p] is [b, n, p].",
    .params = kMmParams,
    .promotion = Promotion::kEqual,
    .infer = InferProduct<BmmShape>,
    .structure = MatrixStructure,
    .flops = ProductFlops<0>,
};
OTIUM_DEFINE_OP(baddbmm) = {
    .doc = "beta * input + alpha * bmm(A, B). When beta is 0, input is not read.",
    .params = kAddmmParams,
    .promotion = Promotion::kEqual,
    .infer = InferAdded<BmmShape>,
    .structure = AddedMatrixStructure,
    .flops = ProductFlops<1>,
};
OTIUM_DEFINE_OP(addbmm) = {
    .doc =
        "beta * input + alpha * (the sum over the batch of bmm(A, B)). When beta is 0, input is "
        "not read.",
    .params = kAddmmParams,
    .promotion = Promotion::kEqual,
    .infer = InferAdded<SummedBmmShape>,
    .structure = SummedStructure,
    .flops = ProductFlops<1>,
};
OTIUM_DEFINE_OP(addr) = {
    .doc = "beta * input + alpha * outer(x, y). When beta is 0, input is not read.",
    .params = kAddrParams,
    .promotion = Promotion::kEqual,
    .infer = InferAdded<OuterShape>,
    .structure = AddedOuterStructure,
    .flops = AddrFlops,
};

namespace {
Expr AddForm(Op op, Arg input, Arg a, Arg b, std::optional<Arg> beta, std::optional<Arg> alpha) {
  Operands operands{input.expr(), a.expr(), b.expr(), beta ? beta->expr() : Expr(),
                    alpha ? alpha->expr() : Expr()};
  return MakeExpr(op, std::move(operands), {}, input.position());
}
}  // namespace

Expr dot(Arg x, Arg y) { return MakeExpr(Op::dot, {x, y}); }
Expr vdot(Arg x, Arg y) { return MakeExpr(Op::vdot, {x, y}); }
Expr mv(Arg A, Arg x) { return MakeExpr(Op::mv, {A, x}); }
Expr mm(Arg A, Arg B) { return MakeExpr(Op::mm, {A, B}); }
Expr bmm(Arg A, Arg B) { return MakeExpr(Op::bmm, {A, B}); }
Expr addmv(Arg input, Arg A, Arg x, std::optional<Arg> beta, std::optional<Arg> alpha) {
  return AddForm(Op::addmv, input, A, x, beta, alpha);
}
Expr addmm(Arg input, Arg A, Arg B, std::optional<Arg> beta, std::optional<Arg> alpha) {
  return AddForm(Op::addmm, input, A, B, beta, alpha);
}
Expr baddbmm(Arg input, Arg A, Arg B, std::optional<Arg> beta, std::optional<Arg> alpha) {
  return AddForm(Op::baddbmm, input, A, B, beta, alpha);
}
Expr addbmm(Arg input, Arg A, Arg B, std::optional<Arg> beta, std::optional<Arg> alpha) {
  return AddForm(Op::addbmm, input, A, B, beta, alpha);
}
Expr addr(Arg input, Arg x, Arg y, std::optional<Arg> beta, std::optional<Arg> alpha) {
  return AddForm(Op::addr, input, x, y, beta, alpha);
}

}  // namespace otium
