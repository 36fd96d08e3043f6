// SPDX-License-Identifier: Apache-2.0
//
// Builders of ops along one dimension that keep its size. `dim` may count from the
// end; a 0-D x is a line of one element. With `dtype` x is cast to it first, and the
// result has it.

#ifndef OTIUM_OPS_SCAN_H_
#define OTIUM_OPS_SCAN_H_

#include <optional>

#include "engine/graph/expr.h"

namespace otium {

// exp(x) / sum(exp(x)) along dim, and its logarithm, without overflow on the way;
// floating.
OTIUM_EXPORT Expr softmax(Arg x, int64_t dim, std::optional<DType> dtype = std::nullopt);
OTIUM_EXPORT Expr log_softmax(Arg x, int64_t dim, std::optional<DType> dtype = std::nullopt);
// Element i is the sum (the product) of elements 0 to i along dim. Integers and
// bools give i64.
OTIUM_EXPORT Expr cumsum(Arg x, int64_t dim, std::optional<DType> dtype = std::nullopt);
OTIUM_EXPORT Expr cumprod(Arg x, int64_t dim, std::optional<DType> dtype = std::nullopt);

}  // namespace otium

#endif  // OTIUM_OPS_SCAN_H_
