// SPDX-License-Identifier: Apache-2.0
//
// Comparisons, logic and predicates. Results are bool; operands are promoted
// first, so an i64 tensor is compared with an f32 one in f32, as in PyTorch.

#include "ops/comparison.h"

#include "ops/op.h"
#include "ops/pointwise_rules.h"

namespace otium {

OTIUM_DEFINE_OP(lt) = {
    .doc = "a < b.",
    .params = kBinaryParams,
    .traits = kPointwiseOp,
    .promotion = Promotion::kPointwise,
    .infer = InferPredicate<kRealCategories>,
    .structure = SymmetryStructure,
};
OTIUM_DEFINE_OP(le) = {
    .doc = "a <= b.",
    .params = kBinaryParams,
    .traits = kPointwiseOp,
    .promotion = Promotion::kPointwise,
    .infer = InferPredicate<kRealCategories>,
    .structure = SymmetryStructure,
};
OTIUM_DEFINE_OP(gt) = {
    .doc = "a > b.",
    .params = kBinaryParams,
    .traits = kPointwiseOp,
    .promotion = Promotion::kPointwise,
    .infer = InferPredicate<kRealCategories>,
    .structure = SymmetryStructure,
};
OTIUM_DEFINE_OP(ge) = {
    .doc = "a >= b.",
    .params = kBinaryParams,
    .traits = kPointwiseOp,
    .promotion = Promotion::kPointwise,
    .infer = InferPredicate<kRealCategories>,
    .structure = SymmetryStructure,
};
OTIUM_DEFINE_OP(eq) = {
    .doc = "a == b; NaN equals nothing.",
    .params = kBinaryParams,
    .traits = kPointwiseOp | kCommutative,
    .promotion = Promotion::kPointwise,
    .infer = InferPredicate<kAllCategories>,
    .structure = SymmetryStructure,
};
OTIUM_DEFINE_OP(ne) = {
    .doc = "a != b; NaN differs from everything.",
    .params = kBinaryParams,
    .traits = kPointwiseOp | kCommutative,
    .promotion = Promotion::kPointwise,
    .infer = InferPredicate<kAllCategories>,
    .structure = SymmetryStructure,
};
OTIUM_DEFINE_OP(logical_and) = {
    .doc = "Whether both are not 0; NaN is not 0.",
    .params = kBinaryParams,
    .traits = kPointwiseOp | kCommutative,
    .promotion = Promotion::kPointwise,
    .infer = InferPredicate<kAllCategories>,
    .structure = SymmetryStructure,
};
OTIUM_DEFINE_OP(logical_or) = {
    .doc = "Whether one of them is not 0.",
    .params = kBinaryParams,
    .traits = kPointwiseOp | kCommutative,
    .promotion = Promotion::kPointwise,
    .infer = InferPredicate<kAllCategories>,
    .structure = SymmetryStructure,
};
OTIUM_DEFINE_OP(logical_xor) = {
    .doc = "Whether just one of them is not 0.",
    .params = kBinaryParams,
    .traits = kPointwiseOp | kCommutative,
    .promotion = Promotion::kPointwise,
    .infer = InferPredicate<kAllCategories>,
    .structure = SymmetryStructure,
};
OTIUM_DEFINE_OP(logical_not) = {
    .doc = "Whether x is 0.",
    .params = kUnaryParams,
    .traits = kPointwiseOp,
    .promotion = Promotion::kPointwise,
    .infer = InferPredicate<kAllCategories>,
    .structure = FunctionStructure<0>,
};
OTIUM_DEFINE_OP(isnan) = {
    .doc = "Whether x is NaN; of a complex number, either part.",
    .params = kUnaryParams,
    .traits = kPointwiseOp | kZeroPreserving,
    .promotion = Promotion::kPointwise,
    .infer = InferPredicate<kAllCategories>,
    .structure = FunctionStructure<kMapsZeroToZero>,
};
OTIUM_DEFINE_OP(isinf) = {
    .doc = "Whether x is infinite; of a complex number, either part.",
    .params = kUnaryParams,
    .traits = kPointwiseOp | kZeroPreserving,
    .promotion = Promotion::kPointwise,
    .infer = InferPredicate<kAllCategories>,
    .structure = FunctionStructure<kMapsZeroToZero>,
};
OTIUM_DEFINE_OP(isfinite) = {
    .doc = "Whether x is neither infinite nor NaN.",
    .params = kUnaryParams,
    .traits = kPointwiseOp,
    .promotion = Promotion::kPointwise,
    .infer = InferPredicate<kAllCategories>,
    .structure = FunctionStructure<0>,
};

Expr lt(Arg a, Arg b) { return MakeExpr(Op::lt, {a, b}); }
Expr le(Arg a, Arg b) { return MakeExpr(Op::le, {a, b}); }
Expr gt(Arg a, Arg b) { return MakeExpr(Op::gt, {a, b}); }
Expr ge(Arg a, Arg b) { return MakeExpr(Op::ge, {a, b}); }
Expr eq(Arg a, Arg b) { return MakeExpr(Op::eq, {a, b}); }
Expr ne(Arg a, Arg b) { return MakeExpr(Op::ne, {a, b}); }
Expr logical_and(Arg a, Arg b) { return MakeExpr(Op::logical_and, {a, b}); }
Expr logical_or(Arg a, Arg b) { return MakeExpr(Op::logical_or, {a, b}); }
Expr logical_xor(Arg a, Arg b) { return MakeExpr(Op::logical_xor, {a, b}); }
Expr logical_not(Arg x) { return MakeExpr(Op::logical_not, {x}); }
Expr isnan(Arg x) { return MakeExpr(Op::isnan, {x}); }
Expr isinf(Arg x) { return MakeExpr(Op::isinf, {x}); }
Expr isfinite(Arg x) { return MakeExpr(Op::isfinite, {x}); }

}  // namespace otium
