// SPDX-License-Identifier: Apache-2.0
//
// Ops that work element by element, with broadcasting and PyTorch's promotion.
// Arithmetic first, then functions of one argument.

#include "ops/pointwise.h"

#include "engine/base/status.h"
#include "ops/infer.h"
#include "ops/op.h"

namespace otium {
namespace {

constexpr ParamDef kUnaryParams[] = {TensorParam("x")};
constexpr ParamDef kBinaryParams[] = {TensorParam("a"), TensorParam("b")};

absl::Status InferUnary(const OpCall& call, ResultTypes* results) {
  results->push_back(TensorType(call.operand(0).dtype, call.operand(0).shape));
  return absl::OkStatus();
}

absl::Status InferArithmetic(const OpCall& call, ResultTypes* results) {
  OTIUM_ASSIGN_OR_RETURN(Shape shape, BroadcastOperands(call));
  results->push_back(TensorType(call.operand(0).dtype, std::move(shape)));
  return absl::OkStatus();
}

// Whether operand `i` is a scalar that the other operand's structure survives.
bool IsScalar(const StructureCall& call, int i) { return call.operand(i).rank() == 0; }

// A broadcast operand keeps none of its facts.
Structure OperandStructure(const StructureCall& call, int i, const TensorType& result) {
  return call.operand(i).shape == result.shape ? call.operand(i).structure : Structure();
}

// Sums take the wider band; symmetry survives; PSD + PD is PD.
void AddStructure(const StructureCall& call, ResultTypes* results) {
  TensorType& type = (*results)[0];
  const Structure a = OperandStructure(call, 0, type), b = OperandStructure(call, 1, type);
  Structure s = Meet(a, b);
  s.flags &= kSymmetric | kHermitian | kPsd | kZero | kNonnegative | kPositive;
  if ((a.Has(kPsd) && b.Has(kPd)) || (a.Has(kPd) && b.Has(kPsd))) s.flags |= kPd;
  if ((a.Has(kNonnegative) && b.Has(kPositive)) || (a.Has(kPositive) && b.Has(kNonnegative))) {
    s.flags |= kPositive;
  }
  // a + a.T is symmetric, whatever a is.
  if (IsTransposeOf(call.graph, call.values[0], call.values[1])) s.flags |= kSymmetric;
  if (IsAdjointOf(call.graph, call.values[0], call.values[1])) s.flags |= kHermitian;
  type.structure = s;
}

void SubStructure(const StructureCall& call, ResultTypes* results) {
  TensorType& type = (*results)[0];
  Structure s = Meet(OperandStructure(call, 0, type), OperandStructure(call, 1, type));
  s.flags &= kSymmetric | kHermitian | kZero;
  type.structure = s;
}

// Elementwise products take the narrower band; a scalar factor keeps what its
// sign allows.
void MulStructure(const StructureCall& call, ResultTypes* results) {
  TensorType& type = (*results)[0];
  for (int i = 0; i < 2; ++i) {
    if (!IsScalar(call, i) || type.rank() == 0) continue;
    const Structure factor = call.operand(i).structure;
    Structure s = call.operand(1 - i).structure;
    uint32_t keep = kSymmetric | kZero;
    if (factor.Has(kPositive)) keep |= kPd | kPsd | kNonsingular | kFullColumnRank;
    if (factor.Has(kNonnegative)) keep |= kPsd;
    if (!IsComplex(type.dtype)) keep |= kHermitian;
    s.flags &= keep;
    type.structure = s;
    return;
  }
  const Structure a = OperandStructure(call, 0, type), b = OperandStructure(call, 1, type);
  Structure s = Join(a, b);
  s.flags = a.flags & b.flags &
            (kSymmetric | kHermitian | kPsd | kPd | kUnitDiagonal | kNonnegative | kPositive);
  if (a.Has(kZero) || b.Has(kZero)) s.flags |= kZero;
  type.structure = s;
}

// Only a scalar divisor says anything: zeros of the structure stay zero.
void DivStructure(const StructureCall& call, ResultTypes* results) {
  TensorType& type = (*results)[0];
  if (type.rank() == 0) {
    const uint32_t a = call.operand(0).structure.flags, b = call.operand(1).structure.flags;
    if ((b & kPositive) != 0) type.structure.flags |= a & (kPositive | kNonnegative);
    return;
  }
  if (!IsScalar(call, 1)) return;
  Structure s = call.operand(0).structure;
  uint32_t keep = kSymmetric | kZero;
  if (call.operand(1).structure.Has(kPositive)) keep |= kPd | kPsd | kNonsingular | kFullColumnRank;
  if (!IsComplex(type.dtype)) keep |= kHermitian;
  s.flags &= keep;
  type.structure = s;
}

void NegStructure(const StructureCall& call, ResultTypes* results) {
  Structure s = call.operand(0).structure;
  s.flags &= kSymmetric | kHermitian | kNonsingular | kFullColumnRank | kOrthonormalColumns |
             kOrthogonal | kZero;
  (*results)[0].structure = s;
}

// f(0) = 0: the band stays, and symmetry.
void ZeroPreservingStructure(const StructureCall& call, ResultTypes* results) {
  Structure s = call.operand(0).structure;
  s.flags &= kSymmetric | kZero | kNonnegative | kPositive;
  (*results)[0].structure = s;
}

void ConjStructure(const StructureCall& call, ResultTypes* results) {
  (*results)[0].structure = call.operand(0).structure;
}

double ElementFlops(absl::Span<const TensorType> results, double each) {
  return each * static_cast<double>(results[0].shape.NumElements());
}
// What a vectorized transcendental costs, in multiply-adds.
double TranscendentalFlops(const OpCall&, absl::Span<const TensorType> results) {
  return ElementFlops(results, 20);
}

}  // namespace

OTIUM_DEFINE_OP(add) = {
    .doc = "a + b.",
    .params = kBinaryParams,
    .traits = kPointwiseOp | kCommutative,
    .promotion = Promotion::kPointwise,
    .infer = InferArithmetic,
    .structure = AddStructure,
};
OTIUM_DEFINE_OP(sub) = {
    .doc = "a - b.",
    .params = kBinaryParams,
    .traits = kPointwiseOp,
    .promotion = Promotion::kPointwise,
    .infer = InferArithmetic,
    .structure = SubStructure,
};
OTIUM_DEFINE_OP(mul) = {
    .doc = "a * b, element by element.",
    .params = kBinaryParams,
    .traits = kPointwiseOp | kCommutative,
    .promotion = Promotion::kPointwise,
    .infer = InferArithmetic,
    .structure = MulStructure,
};
OTIUM_DEFINE_OP(div) = {
    .doc = "a / b, element by element; integers give f32.",
    .params = kBinaryParams,
    .traits = kPointwiseOp,
    .promotion = Promotion::kFloat,
    .infer = InferArithmetic,
    .structure = DivStructure,
};
OTIUM_DEFINE_OP(neg) = {
    .doc = "-x.",
    .params = kUnaryParams,
    .traits = kPointwiseOp | kZeroPreserving,
    .promotion = Promotion::kPointwise,
    .infer = InferUnary,
    .structure = NegStructure,
};
OTIUM_DEFINE_OP(exp) = {
    .doc = "e to the power x.",
    .params = kUnaryParams,
    .traits = kPointwiseOp,
    .promotion = Promotion::kFloat,
    .infer = InferUnary,
    .flops = TranscendentalFlops,
};
OTIUM_DEFINE_OP(relu) = {
    .doc = "max(x, 0); NaN stays NaN.",
    .params = kUnaryParams,
    .traits = kPointwiseOp | kZeroPreserving,
    .promotion = Promotion::kPointwise,
    .infer = InferUnary,
    .structure = ZeroPreservingStructure,
};
OTIUM_DEFINE_OP(conj) = {
    .doc = "The complex conjugate; real tensors are themselves.",
    .params = kUnaryParams,
    .traits = kPointwiseOp | kZeroPreserving,
    .promotion = Promotion::kPointwise,
    .infer = InferUnary,
    .structure = ConjStructure,
};

Expr exp(Arg x) { return MakeExpr(Op::exp, {x}); }
Expr relu(Arg x) { return MakeExpr(Op::relu, {x}); }
Expr conj(Arg x) { return MakeExpr(Op::conj, {x}); }
Expr cast(Arg x, DType dtype) { return MakeExpr(Op::cast, {x}, {{"dtype", dtype}}); }

}  // namespace otium
