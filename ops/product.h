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

}  // namespace otium

#endif  // OTIUM_OPS_PRODUCT_H_
