// SPDX-License-Identifier: Apache-2.0
//
// Arithmetic: ops on several operands, element by element, with broadcasting and
// PyTorch's promotion. Integers wrap around; bools add as `or` and multiply as
// `and`. Integer division by zero has no answer in any dtype of its own: the ops
// that divide integers without making floats of them (floor_divide, remainder,
// fmod) give 0 there, as NumPy does, where PyTorch's CPU build stops the program.

#include "ops/pointwise.h"

#include "engine/base/status.h"
#include "ops/infer.h"
#include "ops/op.h"
#include "ops/pointwise_rules.h"

namespace otium {
namespace {

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
  s.flags |= ElementwiseSymmetry(call, type);
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
  const bool square = call.values[0] == call.values[1];
  if (square && type.rank() == 0 && IsFloat(type.dtype)) s.flags |= kNonnegative;
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

// x**c with a constant c > 0 maps zero to zero; c = 2 makes every scalar
// nonnegative; a positive scalar stays positive whatever the exponent.
void PowStructure(const StructureCall& call, ResultTypes* results) {
  TensorType& type = (*results)[0];
  const std::optional<double> exponent = ScalarConstant(call.graph, call.values[1]);
  uint32_t facts = kKeepsPositive | kKeepsNonnegative;
  if (exponent.has_value() && *exponent > 0) facts |= kMapsZeroToZero;
  if (exponent == 2.0) facts |= kIsNonnegative;
  ApplyFunctionFacts(facts, call.operand(0), &type);
  if (!IsScalar(call, 1) || !(call.operand(0).shape == type.shape)) {
    type.structure = {};
    SymmetryStructure(call, results);
  }
}

// Zero where both are, symmetric where both are; signs of scalars.
template <bool kMaximum>
void ExtremumStructure(const StructureCall& call, ResultTypes* results) {
  TensorType& type = (*results)[0];
  const Structure a = OperandStructure(call, 0, type), b = OperandStructure(call, 1, type);
  Structure s = Meet(a, b);
  const uint32_t signs = kNonnegative | kPositive;
  s.flags &= kZero | signs;
  if (kMaximum) s.flags |= (a.flags | b.flags) & signs;
  s.flags |= ElementwiseSymmetry(call, type);
  type.structure = s;
}

// min(max(x, lower), upper): a positive lower bound, or x itself, makes it
// positive, unless the upper bound is not.
void ClampStructure(const StructureCall& call, ResultTypes* results) {
  TensorType& type = (*results)[0];
  if (type.rank() == 0) {
    uint32_t signs = call.operand(0).structure.flags;
    if (call.Has(1)) signs |= call.operand(1).structure.flags;
    if (call.Has(2)) signs &= call.operand(2).structure.flags;
    type.structure.flags |= signs & (kNonnegative | kPositive);
  }
  SymmetryStructure(call, results);
}

// With one condition for all elements the result is one of the two, with all that
// is true of both; else zeros are zeros where both are.
void WhereStructure(const StructureCall& call, ResultTypes* results) {
  TensorType& type = (*results)[0];
  Structure s = Meet(OperandStructure(call, 1, type), OperandStructure(call, 2, type));
  if (!IsScalar(call, 0)) s.flags &= kZero;
  type.structure = s;
  SymmetryStructure(call, results);
}

// Zero where start and end are.
void LerpStructure(const StructureCall& call, ResultTypes* results) {
  TensorType& type = (*results)[0];
  Structure s = Meet(OperandStructure(call, 0, type), OperandStructure(call, 1, type));
  s.flags &= kZero;
  type.structure = s;
  SymmetryStructure(call, results);
}

// The band of input, or that of both factors, whichever is wider.
void AddcmulStructure(const StructureCall& call, ResultTypes* results) {
  TensorType& type = (*results)[0];
  Structure s = Meet(OperandStructure(call, 0, type),
                     Join(OperandStructure(call, 1, type), OperandStructure(call, 2, type)));
  s.flags &= kZero;
  type.structure = s;
  SymmetryStructure(call, results);
}

constexpr ParamDef kPowParams[] = {TensorParam("x"), TensorParam("exponent")};
// As PyTorch: a number that is written down is refused, since the power is almost
// always a fraction; a tensor of exponents is taken as it comes.
absl::Status CheckIntegerExponent(const OpCall& call, int i, const Tensor& number) {
  if (i != 1 || IsInexact(call.operand(0).dtype) || number.dtype() != DType::kI64) {
    return absl::OkStatus();
  }
  const int64_t exponent = *number.data<int64_t>();
  if (exponent >= 0) return absl::OkStatus();
  return InvalidArgument("x is ", ShortType(call.operand(0)), " and exponent is ", exponent,
                         ": a negative power of an integer is no integer, cast x to a floating "
                         "dtype or write ", exponent, ".0");
}

constexpr ParamDef kClampParams[] = {TensorParam("x"), OptionalParam("min"), OptionalParam("max")};
constexpr ParamDef kWhereParams[] = {OwnTypeParam("condition"), TensorParam("a"), TensorParam("b")};
constexpr ParamDef kLerpParams[] = {TensorParam("start"), TensorParam("end"),
                                    TensorParam("weight")};
constexpr ParamDef kAddcParams[] = {TensorParam("input"), TensorParam("tensor1"),
                                    TensorParam("tensor2"), ScaleParam("value")};
constexpr ParamDef kAtan2Params[] = {TensorParam("y"), TensorParam("x")};

absl::Status InferClamp(const OpCall& call, ResultTypes* results) {
  if (!call.Has(1) && !call.Has(2)) return InvalidArgument("needs min or max");
  return InferElementwise<kRealNumberCategories>(call, results);
}

absl::Status InferWhere(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireCategory(call, 0, CategoryBit(DTypeCategory::kBool)));
  OTIUM_ASSIGN_OR_RETURN(Shape shape, BroadcastOperands(call));
  results->push_back(TensorType(call.operand(1).dtype, std::move(shape)));
  return absl::OkStatus();
}

}  // namespace

OTIUM_DEFINE_OP(add) = {
    .doc = "a + b.",
    .params = kBinaryParams,
    .traits = kPointwiseOp | kCommutative,
    .promotion = Promotion::kPointwise,
    .infer = InferElementwise<kAllCategories>,
    .structure = AddStructure,
};
OTIUM_DEFINE_OP(sub) = {
    .doc = "a - b; bools have no difference, use logical_xor.",
    .params = kBinaryParams,
    .traits = kPointwiseOp,
    .promotion = Promotion::kPointwise,
    .infer = InferElementwise<kNumericCategories>,
    .structure = SubStructure,
};
OTIUM_DEFINE_OP(mul) = {
    .doc = "a * b, element by element.",
    .params = kBinaryParams,
    .traits = kPointwiseOp | kCommutative,
    .promotion = Promotion::kPointwise,
    .infer = InferElementwise<kAllCategories>,
    .structure = MulStructure,
};
OTIUM_DEFINE_OP(div) = {
    .doc = "a / b, element by element; integers give f32.",
    .params = kBinaryParams,
    .traits = kPointwiseOp,
    .promotion = Promotion::kFloat,
    .infer = InferElementwise<kAllCategories>,
    .structure = DivStructure,
};
OTIUM_DEFINE_OP(pow) = {
    .doc = "x to the power of exponent. An integer to the power of a negative integer is an error "
           "when that is a number; when it is a tensor the power is 0, but for 1 and -1, whose "
           "powers are 1 and -1.",
    .params = kPowParams,
    .traits = kPointwiseOp,
    .promotion = Promotion::kPointwise,
    .infer = InferElementwise<kNumericCategories>,
    .check_number = CheckIntegerExponent,
    .structure = PowStructure,
    .flops = ElementFlops<kTranscendental>,
};
OTIUM_DEFINE_OP(minimum) = {
    .doc = "The smaller of a and b; NaN when either is.",
    .params = kBinaryParams,
    .traits = kPointwiseOp,
    .promotion = Promotion::kPointwise,
    .infer = InferElementwise<kRealCategories>,
    .structure = ExtremumStructure</*kMaximum=*/false>,
};
OTIUM_DEFINE_OP(maximum) = {
    .doc = "The larger of a and b; NaN when either is.",
    .params = kBinaryParams,
    .traits = kPointwiseOp,
    .promotion = Promotion::kPointwise,
    .infer = InferElementwise<kRealCategories>,
    .structure = ExtremumStructure</*kMaximum=*/true>,
};
OTIUM_DEFINE_OP(clamp) = {
    .doc =
        "min(max(x, min), max): max wins when it is less than min; NaN when any of them "
        "is. One of the bounds may be missing.",
    .params = kClampParams,
    .traits = kPointwiseOp,
    .promotion = Promotion::kPointwise,
    .infer = InferClamp,
    .structure = ClampStructure,
};
OTIUM_DEFINE_OP(where) = {
    .doc = "a where the condition (bool) is true, else b.",
    .params = kWhereParams,
    .traits = kPointwiseOp,
    .promotion = Promotion::kPointwise,
    .infer = InferWhere,
    .structure = WhereStructure,
};
OTIUM_DEFINE_OP(floor_divide) = {
    .doc = "floor(a / b); of integers by 0 it is 0.",
    .params = kBinaryParams,
    .traits = kPointwiseOp,
    .promotion = Promotion::kPointwise,
    .infer = InferElementwise<kRealNumberCategories>,
    .structure = SymmetryStructure,
    .flops = ElementFlops<8>,
};
OTIUM_DEFINE_OP(remainder) = {
    .doc = "a - b * floor(a / b), of the sign of b; of integers by 0 it is 0.",
    .params = kBinaryParams,
    .traits = kPointwiseOp,
    .promotion = Promotion::kPointwise,
    .infer = InferElementwise<kRealNumberCategories>,
    .structure = SymmetryStructure,
    .flops = ElementFlops<8>,
};
OTIUM_DEFINE_OP(fmod) = {
    .doc = "a - b * trunc(a / b), of the sign of a; of integers by 0 it is 0.",
    .params = kBinaryParams,
    .traits = kPointwiseOp,
    .promotion = Promotion::kPointwise,
    .infer = InferElementwise<kRealNumberCategories>,
    .structure = SymmetryStructure,
    .flops = ElementFlops<8>,
};
OTIUM_DEFINE_OP(lerp) = {
    .doc = "start + weight * (end - start).",
    .params = kLerpParams,
    .traits = kPointwiseOp,
    .promotion = Promotion::kPointwise,
    .infer = InferElementwise<kInexactCategories>,
    .structure = LerpStructure,
    .flops = ElementFlops<3>,
};
OTIUM_DEFINE_OP(addcmul) = {
    .doc = "input + value * tensor1 * tensor2; value (0-D) is 1 when not given.",
    .params = kAddcParams,
    .traits = kPointwiseOp,
    .promotion = Promotion::kPointwise,
    .infer = InferElementwise<kNumericCategories>,
    .structure = AddcmulStructure,
    .flops = ElementFlops<3>,
};
OTIUM_DEFINE_OP(addcdiv) = {
    .doc = "input + value * tensor1 / tensor2; value (0-D) is 1 when not given.",
    .params = kAddcParams,
    .traits = kPointwiseOp,
    .promotion = Promotion::kPointwise,
    .infer = InferElementwise<kInexactCategories>,
    .structure = SymmetryStructure,
    .flops = ElementFlops<3>,
};
OTIUM_DEFINE_OP(atan2) = {
    .doc = "The angle of the point (x, y) from the first axis, in radians within [-pi, pi].",
    .params = kAtan2Params,
    .traits = kPointwiseOp,
    .promotion = Promotion::kFloat,
    .infer = InferElementwise<kRealCategories>,
    .structure = SymmetryStructure,
    .flops = ElementFlops<kTranscendental>,
};

Expr pow(Arg x, Arg exponent) { return MakeExpr(Op::pow, {x, exponent}); }
Expr minimum(Arg a, Arg b) { return MakeExpr(Op::minimum, {a, b}); }
Expr maximum(Arg a, Arg b) { return MakeExpr(Op::maximum, {a, b}); }
Expr clamp(Arg x, std::optional<Arg> min, std::optional<Arg> max) {
  return MakeExpr(Op::clamp, {x, min.value_or(Expr()), max.value_or(Expr())});
}
Expr where(Arg condition, Arg a, Arg b) { return MakeExpr(Op::where, {condition, a, b}); }
Expr floor_divide(Arg a, Arg b) { return MakeExpr(Op::floor_divide, {a, b}); }
Expr remainder(Arg a, Arg b) { return MakeExpr(Op::remainder, {a, b}); }
Expr fmod(Arg a, Arg b) { return MakeExpr(Op::fmod, {a, b}); }
Expr lerp(Arg start, Arg end, Arg weight) { return MakeExpr(Op::lerp, {start, end, weight}); }
Expr addcmul(Arg input, Arg tensor1, Arg tensor2, std::optional<Arg> value) {
  return MakeExpr(Op::addcmul, {input, tensor1, tensor2, value.value_or(Expr())});
}
Expr addcdiv(Arg input, Arg tensor1, Arg tensor2, std::optional<Arg> value) {
  return MakeExpr(Op::addcdiv, {input, tensor1, tensor2, value.value_or(Expr())});
}
Expr atan2(Arg y, Arg x) { return MakeExpr(Op::atan2, {y, x}); }
Expr cast(Arg x, DType dtype) { return MakeExpr(Op::cast, {x}, {{"dtype", dtype}}); }

}  // namespace otium
