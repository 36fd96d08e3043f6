// SPDX-License-Identifier: Apache-2.0
//
// Builders of functions of one argument, element by element. "Integers give f32"
// includes bools. NaN gives NaN unless said.

#ifndef OTIUM_OPS_FUNCTIONS_H_
#define OTIUM_OPS_FUNCTIONS_H_

#include "absl/strings/string_view.h"
#include "engine/graph/expr.h"

namespace otium {

// The absolute value; real, also of complex numbers. Not of bools.
OTIUM_EXPORT Expr abs(Arg x);
// -1, 0 or 1; 0 for NaN, as in PyTorch. Not of complex numbers.
OTIUM_EXPORT Expr sign(Arg x);
// x * x; bools give i64.
OTIUM_EXPORT Expr square(Arg x);
// Integers give f32; NaN for negative numbers, complex ones have their principal
// root. rsqrt is 1 / sqrt(x), infinite at 0.
OTIUM_EXPORT Expr sqrt(Arg x);
OTIUM_EXPORT Expr rsqrt(Arg x);
// 1 / x; integers give f32.
OTIUM_EXPORT Expr reciprocal(Arg x);
// e to the power x, and that less 1, exact near 0; integers give f32.
OTIUM_EXPORT Expr exp(Arg x);
OTIUM_EXPORT Expr expm1(Arg x);
// The natural logarithm of x, and of 1 + x, exact near 0; integers give f32.
OTIUM_EXPORT Expr log(Arg x);
OTIUM_EXPORT Expr log1p(Arg x);
// x in radians; integers give f32.
OTIUM_EXPORT Expr sin(Arg x);
OTIUM_EXPORT Expr cos(Arg x);
OTIUM_EXPORT Expr tan(Arg x);
OTIUM_EXPORT Expr tanh(Arg x);
// 1 / (1 + exp(-x)); integers give f32.
OTIUM_EXPORT Expr sigmoid(Arg x);
// The error function; integers give f32, not of complex numbers.
OTIUM_EXPORT Expr erf(Arg x);
// To an integer, in the dtype of x: down, up, or to the nearest with halves to
// even. Of real numbers.
OTIUM_EXPORT Expr floor(Arg x);
OTIUM_EXPORT Expr ceil(Arg x);
OTIUM_EXPORT Expr round(Arg x);

// max(x, 0), of real numbers.
OTIUM_EXPORT Expr relu(Arg x);
// x * Phi(x) with the normal distribution function Phi; floating. `approximate`
// is "none", or "tanh" for Hendrycks and Gimpel's formula (arXiv 1606.08415).
OTIUM_EXPORT Expr gelu(Arg x, absl::string_view approximate = "none");
// x * sigmoid(x), floating or complex.
OTIUM_EXPORT Expr silu(Arg x);
// log(1 + exp(beta * x)) / beta, or x where beta * x > threshold; floating.
OTIUM_EXPORT Expr softplus(Arg x, double beta = 1, double threshold = 20);
// x where it is positive, else negative_slope * x; floating.
OTIUM_EXPORT Expr leaky_relu(Arg x, double negative_slope = 0.01);

// Real tensors are their own conjugate and real part; imag needs a complex one.
OTIUM_EXPORT Expr conj(Arg x);
OTIUM_EXPORT Expr real(Arg x);
OTIUM_EXPORT Expr imag(Arg x);
// The angle from the real axis, in radians within [-pi, pi]; of real numbers pi
// when negative, else 0. Integers give f32.
OTIUM_EXPORT Expr angle(Arg x);

}  // namespace otium

#endif  // OTIUM_OPS_FUNCTIONS_H_
