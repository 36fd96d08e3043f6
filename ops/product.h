// SPDX-License-Identifier: Apache-2.0
//
// Builders of products. dtypes must be equal; numbers adapt. In the fused forms
// `input` broadcasts to the product and is not read when beta is 0.

#ifndef OTIUM_OPS_PRODUCT_H_
#define OTIUM_OPS_PRODUCT_H_

#include <optional>

#include "engine/graph/expr.h"

namespace otium {

// [n, m] times [m]: [n].
OTIUM_EXPORT Expr mv(Arg A, Arg x);
// [n, m] times [m, p]: [n, p].
OTIUM_EXPORT Expr mm(Arg A, Arg B);
// beta * input + alpha * (A @ x); alpha and beta are 1 when not given.
OTIUM_EXPORT Expr addmv(Arg input, Arg A, Arg x, std::optional<Arg> beta = std::nullopt,
                        std::optional<Arg> alpha = std::nullopt);
// beta * input + alpha * (A @ B).
OTIUM_EXPORT Expr addmm(Arg input, Arg A, Arg B, std::optional<Arg> beta = std::nullopt,
                        std::optional<Arg> alpha = std::nullopt);

// [b, n, m] times [b, m, p]: [b, n, p].
OTIUM_EXPORT Expr bmm(Arg A, Arg B);
// beta * input + alpha * bmm(A, B).
OTIUM_EXPORT Expr baddbmm(Arg input, Arg A, Arg B, std::optional<Arg> beta = std::nullopt,
                          std::optional<Arg> alpha = std::nullopt);
// beta * input + alpha * (the sum over the batch of A[i] @ B[i]): [n, p].
OTIUM_EXPORT Expr addbmm(Arg input, Arg A, Arg B, std::optional<Arg> beta = std::nullopt,
                         std::optional<Arg> alpha = std::nullopt);
// The sum of a[i] * b[i], and with a conjugated; equal lengths: 0-D.
OTIUM_EXPORT Expr dot(Arg a, Arg b);
OTIUM_EXPORT Expr vdot(Arg a, Arg b);
// a[i] * b[j]: [n, m].
OTIUM_EXPORT Expr outer(Arg a, Arg b);
// beta * input + alpha * outer(a, b).
OTIUM_EXPORT Expr addr(Arg input, Arg a, Arg b, std::optional<Arg> beta = std::nullopt,
                       std::optional<Arg> alpha = std::nullopt);
// A @ B by NumPy's rules, with broadcasting of leading dimensions; 0-D is an error.
OTIUM_EXPORT Expr matmul(Arg A, Arg B);

}  // namespace otium

#endif  // OTIUM_OPS_PRODUCT_H_
