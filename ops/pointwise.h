// SPDX-License-Identifier: Apache-2.0
//
// Builders of elementwise ops. Operands broadcast as in NumPy and promote as in
// PyTorch; results have the broadcast shape. + - * / and unary - are operators.

#ifndef OTIUM_OPS_POINTWISE_H_
#define OTIUM_OPS_POINTWISE_H_

#include "engine/graph/expr.h"

namespace otium {

// x in another dtype. Complex to real is an error: use real(x).
OTIUM_EXPORT Expr cast(Arg x, DType dtype);
// e to the power x; integers give f32.
OTIUM_EXPORT Expr exp(Arg x);
// max(x, 0); NaN stays NaN.
OTIUM_EXPORT Expr relu(Arg x);
// The complex conjugate; real tensors are themselves.
OTIUM_EXPORT Expr conj(Arg x);

}  // namespace otium

#endif  // OTIUM_OPS_POINTWISE_H_
