// SPDX-License-Identifier: Apache-2.0
//
// Builders of products of vectors and matrices. dtypes must be equal; numbers
// adapt; there are no products of bools. In the fused forms `input` broadcasts to
// the product and is not read when beta is 0; alpha and beta are 0-D values, 1
// when not given. A product over no elements is 0.

#ifndef OTIUM_OPS_PRODUCT_H_
#define OTIUM_OPS_PRODUCT_H_

#include <optional>

#include "engine/graph/expr.h"

namespace otium {

// The sum of x[i] * y[i] of two vectors of equal length, 0-D.
OTIUM_EXPORT Expr dot(Arg x, Arg y);
// The sum of conj(x[i]) * y[i].
OTIUM_EXPORT Expr vdot(Arg x, Arg y);
// [n, m] times [m]: [n].
OTIUM_EXPORT Expr mv(Arg A, Arg x);
// [n, m] times [m, p]: [n, p].
OTIUM_EXPORT Expr mm(Arg A, Arg B);
// [b, n, m] times [b, m, p]: [b, n, p]. Batches do not broadcast; see matmul.
OTIUM_EXPORT Expr bmm(Arg A, Arg B);

// beta * input + alpha * (A @ x).
OTIUM_EXPORT Expr addmv(Arg input, Arg A, Arg x, std::optional<Arg> beta = std::nullopt,
                        std::optional<Arg> alpha = std::nullopt);
// beta * input + alpha * (A @ B).
OTIUM_EXPORT Expr addmm(Arg input, Arg A, Arg B, std::optional<Arg> beta = std::nullopt,
                        std::optional<Arg> alpha = std::nullopt);
// beta * input + alpha * bmm(A, B).
OTIUM_EXPORT Expr baddbmm(Arg input, Arg A, Arg B, std::optional<Arg> beta = std::nullopt,
                          std::optional<Arg> alpha = std::nullopt);
// beta * input + alpha * (the sum over the batch of bmm(A, B)): [n, p].
OTIUM_EXPORT Expr addbmm(Arg input, Arg A, Arg B, std::optional<Arg> beta = std::nullopt,
                         std::optional<Arg> alpha = std::nullopt);
// beta * input + alpha * outer(x, y).
OTIUM_EXPORT Expr addr(Arg input, Arg x, Arg y, std::optional<Arg> beta = std::nullopt,
                       std::optional<Arg> alpha = std::nullopt);

}  // namespace otium

#endif  // OTIUM_OPS_PRODUCT_H_
