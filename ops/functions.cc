// SPDX-License-Identifier: Apache-2.0
//
// Functions of one argument, element by element: elementary functions, rounding,
// activations, and the parts of complex numbers. Integers become f32 where the
// result is not an integer in general. Each definition says which categories of
// dtypes have the function (PyTorch's) and which facts make its structure rule.

#include "ops/functions.h"

#include <string>

#include "engine/base/status.h"
#include "ops/infer.h"
#include "ops/op.h"
#include "ops/pointwise_rules.h"

namespace otium {
namespace {

// Everything but definiteness and unit diagonals survives a change of sign.
void NegStructure(const StructureCall& call, ResultTypes* results) {
  Structure s = call.operand(0).structure;
  s.flags &= kSymmetric | kHermitian | kNonsingular | kFullColumnRank | kOrthonormalColumns |
             kOrthogonal | kZero;
  (*results)[0].structure = s;
}

absl::Status InferSquare(const OpCall& call, ResultTypes* results) {
  const DType x = call.operand(0).dtype;
  results->push_back(TensorType(x == DType::kBool ? DType::kI64 : x, call.operand(0).shape));
  return absl::OkStatus();
}

constexpr ParamDef kGeluParams[] = {TensorParam("x"),
                                    StringAttr("approximate", "none", /*keyword_only=*/true)};
constexpr ParamDef kSoftplusParams[] = {TensorParam("x"), FloatAttr("beta", 1),
                                        FloatAttr("threshold", 20)};
constexpr ParamDef kLeakyReluParams[] = {TensorParam("x"), FloatAttr("negative_slope", 0.01)};

absl::Status InferGelu(const OpCall& call, ResultTypes* results) {
  const auto& approximate = call.attributes.Get<std::string>("approximate");
  if (approximate != "none" && approximate != "tanh") {
    return InvalidArgument("approximate is '", approximate, "', it must be 'none' or 'tanh'");
  }
  return InferElementwise<kFloatCategory>(call, results);
}

// Positive for a positive beta, when the threshold lets only positive x through.
void SoftplusStructure(const StructureCall& call, ResultTypes* results) {
  const bool positive =
      call.attributes.Get<double>("beta") > 0 && call.attributes.Get<double>("threshold") >= 0;
  ApplyFunctionFacts(positive ? uint32_t{kIsPositive} : 0, call.operand(0), &(*results)[0]);
}

void ConjStructure(const StructureCall& call, ResultTypes* results) {
  (*results)[0].structure = call.operand(0).structure;
}

// The real part of a hermitian matrix is symmetric, and definite when the matrix
// is, because x.H A x = x.T real(A) x for real x.
void RealStructure(const StructureCall& call, ResultTypes* results) {
  Structure s = call.operand(0).structure;
  if (s.Has(kHermitian)) s.flags |= kSymmetric;
  if (IsComplex(call.operand(0).dtype)) {
    s.flags &= kSymmetric | kPsd | kPd | kUnitDiagonal | kIdentity | kZero | kPermutation;
  }
  (*results)[0].structure = s;
}

}  // namespace

OTIUM_DEFINE_OP(neg) = {
    .doc = "-x; bools have no negative, use logical_not.",
    .params = kUnaryParams,
    .traits = kPointwiseOp | kZeroPreserving,
    .promotion = Promotion::kPointwise,
    .infer = InferElementwise<kNumericCategories>,
    .structure = NegStructure,
};
OTIUM_DEFINE_OP(abs) = {
    .doc = "The absolute value; real, also of complex numbers.",
    .params = kUnaryParams,
    .traits = kPointwiseOp | kZeroPreserving,
    .promotion = Promotion::kPointwise,
    .infer = InferReal<kNumericCategories>,
    .structure = FunctionStructure<kMapsZeroToZero | kKeepsPositive | kIsNonnegative>,
};
OTIUM_DEFINE_OP(sign) = {
    .doc = "-1, 0 or 1, as x is negative, zero (or NaN) or positive.",
    .params = kUnaryParams,
    .traits = kPointwiseOp | kZeroPreserving,
    .promotion = Promotion::kPointwise,
    .infer = InferElementwise<kRealCategories>,
    .structure = FunctionStructure<kMapsZeroToZero | kKeepsPositive | kKeepsNonnegative>,
};
OTIUM_DEFINE_OP(square) = {
    .doc = "x * x; bools give i64.",
    .params = kUnaryParams,
    .traits = kPointwiseOp | kZeroPreserving,
    .promotion = Promotion::kPointwise,
    .infer = InferSquare,
    .structure = FunctionStructure<kMapsZeroToZero | kKeepsPositive | kIsNonnegative>,
};
OTIUM_DEFINE_OP(sqrt) = {
    .doc = "The square root; NaN for negative numbers, the principal root of complex ones.",
    .params = kUnaryParams,
    .traits = kPointwiseOp | kZeroPreserving,
    .promotion = Promotion::kFloat,
    .infer = InferElementwise<kAllCategories>,
    .structure = FunctionStructure<kMapsZeroToZero | kKeepsPositive | kKeepsNonnegative>,
    .flops = ElementFlops<4>,
};
OTIUM_DEFINE_OP(rsqrt) = {
    .doc = "1 / sqrt(x).",
    .params = kUnaryParams,
    .traits = kPointwiseOp,
    .promotion = Promotion::kFloat,
    .infer = InferElementwise<kAllCategories>,
    .structure = FunctionStructure<kKeepsPositive>,
    .flops = ElementFlops<8>,
};
OTIUM_DEFINE_OP(reciprocal) = {
    .doc = "1 / x.",
    .params = kUnaryParams,
    .traits = kPointwiseOp,
    .promotion = Promotion::kFloat,
    .infer = InferElementwise<kAllCategories>,
    .structure = FunctionStructure<kKeepsPositive>,
    .flops = ElementFlops<4>,
};
OTIUM_DEFINE_OP(exp) = {
    .doc = "e to the power x.",
    .params = kUnaryParams,
    .traits = kPointwiseOp,
    .promotion = Promotion::kFloat,
    .infer = InferElementwise<kAllCategories>,
    .structure = FunctionStructure<kIsPositive>,
    .flops = ElementFlops<kTranscendental>,
};
OTIUM_DEFINE_OP(expm1) = {
    .doc = "exp(x) - 1, exact near 0.",
    .params = kUnaryParams,
    .traits = kPointwiseOp | kZeroPreserving,
    .promotion = Promotion::kFloat,
    .infer = InferElementwise<kAllCategories>,
    .structure = FunctionStructure<kMapsZeroToZero | kKeepsPositive | kKeepsNonnegative>,
    .flops = ElementFlops<kTranscendental>,
};
OTIUM_DEFINE_OP(log) = {
    .doc = "The natural logarithm; NaN for negative numbers.",
    .params = kUnaryParams,
    .traits = kPointwiseOp,
    .promotion = Promotion::kFloat,
    .infer = InferElementwise<kAllCategories>,
    .structure = FunctionStructure<0>,
    .flops = ElementFlops<kTranscendental>,
};
OTIUM_DEFINE_OP(log1p) = {
    .doc = "log(1 + x), exact near 0.",
    .params = kUnaryParams,
    .traits = kPointwiseOp | kZeroPreserving,
    .promotion = Promotion::kFloat,
    .infer = InferElementwise<kAllCategories>,
    .structure = FunctionStructure<kMapsZeroToZero | kKeepsPositive | kKeepsNonnegative>,
    .flops = ElementFlops<kTranscendental>,
};
OTIUM_DEFINE_OP(sin) = {
    .doc = "The sine of x in radians.",
    .params = kUnaryParams,
    .traits = kPointwiseOp | kZeroPreserving,
    .promotion = Promotion::kFloat,
    .infer = InferElementwise<kAllCategories>,
    .structure = FunctionStructure<kMapsZeroToZero>,
    .flops = ElementFlops<kTranscendental>,
};
OTIUM_DEFINE_OP(cos) = {
    .doc = "The cosine of x in radians.",
    .params = kUnaryParams,
    .traits = kPointwiseOp,
    .promotion = Promotion::kFloat,
    .infer = InferElementwise<kAllCategories>,
    .structure = FunctionStructure<0>,
    .flops = ElementFlops<kTranscendental>,
};
OTIUM_DEFINE_OP(tan) = {
    .doc = "The tangent of x in radians.",
    .params = kUnaryParams,
    .traits = kPointwiseOp | kZeroPreserving,
    .promotion = Promotion::kFloat,
    .infer = InferElementwise<kAllCategories>,
    .structure = FunctionStructure<kMapsZeroToZero>,
    .flops = ElementFlops<kTranscendental>,
};
OTIUM_DEFINE_OP(tanh) = {
    .doc = "The hyperbolic tangent.",
    .params = kUnaryParams,
    .traits = kPointwiseOp | kZeroPreserving,
    .promotion = Promotion::kFloat,
    .infer = InferElementwise<kAllCategories>,
    .structure = FunctionStructure<kMapsZeroToZero | kKeepsPositive | kKeepsNonnegative>,
    .flops = ElementFlops<kTranscendental>,
};
OTIUM_DEFINE_OP(sigmoid) = {
    .doc = "1 / (1 + exp(-x)).",
    .params = kUnaryParams,
    .traits = kPointwiseOp,
    .promotion = Promotion::kFloat,
    .infer = InferElementwise<kAllCategories>,
    .structure = FunctionStructure<kIsPositive>,
    .flops = ElementFlops<kTranscendental>,
};
OTIUM_DEFINE_OP(erf) = {
    .doc = "The error function, 2 / sqrt(pi) times the integral of exp(-t * t) from 0 to x.",
    .params = kUnaryParams,
    .traits = kPointwiseOp | kZeroPreserving,
    .promotion = Promotion::kFloat,
    .infer = InferElementwise<kRealCategories>,
    .structure = FunctionStructure<kMapsZeroToZero | kKeepsPositive | kKeepsNonnegative>,
    .flops = ElementFlops<kTranscendental>,
};
OTIUM_DEFINE_OP(floor) = {
    .doc = "The largest integer not above x, in the dtype of x.",
    .params = kUnaryParams,
    .traits = kPointwiseOp | kZeroPreserving,
    .promotion = Promotion::kPointwise,
    .infer = InferElementwise<kRealNumberCategories>,
    .structure = FunctionStructure<kMapsZeroToZero | kKeepsNonnegative>,
};
OTIUM_DEFINE_OP(ceil) = {
    .doc = "The smallest integer not below x, in the dtype of x.",
    .params = kUnaryParams,
    .traits = kPointwiseOp | kZeroPreserving,
    .promotion = Promotion::kPointwise,
    .infer = InferElementwise<kRealNumberCategories>,
    .structure = FunctionStructure<kMapsZeroToZero | kKeepsPositive | kKeepsNonnegative>,
};
OTIUM_DEFINE_OP(round) = {
    .doc = "The nearest integer, halves to the even one, in the dtype of x.",
    .params = kUnaryParams,
    .traits = kPointwiseOp | kZeroPreserving,
    .promotion = Promotion::kPointwise,
    .infer = InferElementwise<kRealNumberCategories>,
    .structure = FunctionStructure<kMapsZeroToZero | kKeepsNonnegative>,
};
OTIUM_DEFINE_OP(relu) = {
    .doc = "max(x, 0); NaN stays NaN.",
    .params = kUnaryParams,
    .traits = kPointwiseOp | kZeroPreserving,
    .promotion = Promotion::kPointwise,
    .infer = InferElementwise<kRealNumberCategories>,
    .structure = FunctionStructure<kMapsZeroToZero | kKeepsPositive | kIsNonnegative>,
};

// Activations.

OTIUM_DEFINE_OP(silu) = {
    .doc = "x * sigmoid(x).",
    .params = kUnaryParams,
    .traits = kPointwiseOp | kZeroPreserving,
    .promotion = Promotion::kPointwise,
    .infer = InferElementwise<kInexactCategories>,
    .structure = FunctionStructure<kMapsZeroToZero | kKeepsPositive | kKeepsNonnegative>,
    .flops = ElementFlops<kTranscendental>,
};
OTIUM_DEFINE_OP(gelu) = {
    .doc =
        "x * Phi(x) with the normal distribution function Phi; approximate='tanh' is 0.5 "
        "* x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))).",
    .params = kGeluParams,
    .traits = kPointwiseOp | kZeroPreserving,
    .promotion = Promotion::kPointwise,
    .infer = InferGelu,
    .structure = FunctionStructure<kMapsZeroToZero | kKeepsPositive | kKeepsNonnegative>,
    .flops = ElementFlops<kTranscendental>,
};
OTIUM_DEFINE_OP(softplus) = {
    .doc = "log(1 + exp(beta * x)) / beta, or x where beta * x exceeds the threshold.",
    .params = kSoftplusParams,
    .traits = kPointwiseOp,
    .promotion = Promotion::kPointwise,
    .infer = InferElementwise<kFloatCategory>,
    .structure = SoftplusStructure,
    .flops = ElementFlops<kTranscendental>,
};
OTIUM_DEFINE_OP(leaky_relu) = {
    .doc = "x where it is positive, else negative_slope * x.",
    .params = kLeakyReluParams,
    .traits = kPointwiseOp | kZeroPreserving,
    .promotion = Promotion::kPointwise,
    .infer = InferElementwise<kFloatCategory>,
    .structure = FunctionStructure<kMapsZeroToZero | kKeepsPositive | kKeepsNonnegative>,
};

// Complex numbers.

OTIUM_DEFINE_OP(conj) = {
    .doc = "The complex conjugate; real tensors are themselves.",
    .params = kUnaryParams,
    .traits = kPointwiseOp | kZeroPreserving,
    .promotion = Promotion::kPointwise,
    .infer = InferElementwise<kAllCategories>,
    .structure = ConjStructure,
};
OTIUM_DEFINE_OP(real) = {
    .doc = "The real part; real tensors are themselves.",
    .params = kUnaryParams,
    .traits = kPointwiseOp | kZeroPreserving,
    .promotion = Promotion::kPointwise,
    .infer = InferReal<kAllCategories>,
    .structure = RealStructure,
};
OTIUM_DEFINE_OP(imag) = {
    .doc = "The imaginary part of a complex tensor.",
    .params = kUnaryParams,
    .traits = kPointwiseOp | kZeroPreserving,
    .promotion = Promotion::kPointwise,
    .infer = InferReal<CategoryBit(DTypeCategory::kComplex)>,
    .structure = FunctionStructure<kMapsZeroToZero>,
};
OTIUM_DEFINE_OP(angle) = {
    .doc =
        "The angle of a complex number from the real axis, in radians within [-pi, pi]; "
        "pi for negative real numbers, 0 for the others.",
    .params = kUnaryParams,
    .traits = kPointwiseOp | kZeroPreserving,
    .promotion = Promotion::kFloat,
    .infer = InferReal<kAllCategories>,
    .structure = FunctionStructure<kMapsZeroToZero | kIsNonnegative>,
};

Expr abs(Arg x) { return MakeExpr(Op::abs, {x}); }
Expr sign(Arg x) { return MakeExpr(Op::sign, {x}); }
Expr square(Arg x) { return MakeExpr(Op::square, {x}); }
Expr sqrt(Arg x) { return MakeExpr(Op::sqrt, {x}); }
Expr rsqrt(Arg x) { return MakeExpr(Op::rsqrt, {x}); }
Expr reciprocal(Arg x) { return MakeExpr(Op::reciprocal, {x}); }
Expr exp(Arg x) { return MakeExpr(Op::exp, {x}); }
Expr expm1(Arg x) { return MakeExpr(Op::expm1, {x}); }
Expr log(Arg x) { return MakeExpr(Op::log, {x}); }
Expr log1p(Arg x) { return MakeExpr(Op::log1p, {x}); }
Expr sin(Arg x) { return MakeExpr(Op::sin, {x}); }
Expr cos(Arg x) { return MakeExpr(Op::cos, {x}); }
Expr tan(Arg x) { return MakeExpr(Op::tan, {x}); }
Expr tanh(Arg x) { return MakeExpr(Op::tanh, {x}); }
Expr sigmoid(Arg x) { return MakeExpr(Op::sigmoid, {x}); }
Expr erf(Arg x) { return MakeExpr(Op::erf, {x}); }
Expr floor(Arg x) { return MakeExpr(Op::floor, {x}); }
Expr ceil(Arg x) { return MakeExpr(Op::ceil, {x}); }
Expr round(Arg x) { return MakeExpr(Op::round, {x}); }
Expr relu(Arg x) { return MakeExpr(Op::relu, {x}); }
Expr conj(Arg x) { return MakeExpr(Op::conj, {x}); }
Expr real(Arg x) { return MakeExpr(Op::real, {x}); }
Expr imag(Arg x) { return MakeExpr(Op::imag, {x}); }
Expr angle(Arg x) { return MakeExpr(Op::angle, {x}); }
Expr silu(Arg x) { return MakeExpr(Op::silu, {x}); }
Expr gelu(Arg x, absl::string_view approximate) {
  return MakeExpr(Op::gelu, {x}, {{"approximate", std::string(approximate)}});
}
Expr softplus(Arg x, double beta, double threshold) {
  return MakeExpr(Op::softplus, {x}, {{"beta", beta}, {"threshold", threshold}});
}
Expr leaky_relu(Arg x, double negative_slope) {
  return MakeExpr(Op::leaky_relu, {x}, {{"negative_slope", negative_slope}});
}

}  // namespace otium
