// SPDX-License-Identifier: Apache-2.0
//
// Builders of arithmetic, element by element. Operands broadcast as in NumPy and
// promote as in PyTorch; results have the broadcast shape. add, sub, mul, div and
// neg are the operators + - * / and unary -. Integers wrap around.

#ifndef OTIUM_OPS_POINTWISE_H_
#define OTIUM_OPS_POINTWISE_H_

#include <optional>

#include "engine/graph/expr.h"

namespace otium {

// x in another dtype. Complex to real is an error: use real(x). Of bools, whether x is
// not 0.
OTIUM_EXPORT Expr cast(Arg x, DType dtype);
// x to the power of exponent. Integers to the power of a negative integer that is a
// number (-1, not a tensor) are an error; with a tensor of exponents such powers are
// 0 unless x is 1 or -1. Bools have no powers.
OTIUM_EXPORT Expr pow(Arg x, Arg exponent);
// NaN when either is NaN; not for complex operands.
OTIUM_EXPORT Expr minimum(Arg a, Arg b);
OTIUM_EXPORT Expr maximum(Arg a, Arg b);
// min(max(x, min), max), so max wins when it is less than min; NaN when any of
// them is. Either bound may be missing, not both; real numbers only.
OTIUM_EXPORT Expr clamp(Arg x, std::optional<Arg> min, std::optional<Arg> max = std::nullopt);
// a where condition (bool) is true, else b. What is not chosen spreads no NaN.
OTIUM_EXPORT Expr where(Arg condition, Arg a, Arg b);
// floor(a / b), and a - b * floor(a / b), which has the sign of b. Dividing
// integers by 0 gives 0; real numbers only.
OTIUM_EXPORT Expr floor_divide(Arg a, Arg b);
OTIUM_EXPORT Expr remainder(Arg a, Arg b);
// a - b * trunc(a / b), which has the sign of a.
OTIUM_EXPORT Expr fmod(Arg a, Arg b);
// start + weight * (end - start), floating or complex.
OTIUM_EXPORT Expr lerp(Arg start, Arg end, Arg weight);
// input + value * tensor1 * tensor2, and / tensor2 (floating or complex). value
// is 0-D, and an integer when the others are.
OTIUM_EXPORT Expr addcmul(Arg input, Arg tensor1, Arg tensor2,
                          std::optional<Arg> value = std::nullopt);
OTIUM_EXPORT Expr addcdiv(Arg input, Arg tensor1, Arg tensor2,
                          std::optional<Arg> value = std::nullopt);
// The angle of the point (x, y), in radians within [-pi, pi]; integers give f32.
OTIUM_EXPORT Expr atan2(Arg y, Arg x);

}  // namespace otium

#endif  // OTIUM_OPS_POINTWISE_H_
