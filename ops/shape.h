// SPDX-License-Identifier: Apache-2.0
//
// Builders of ops that move elements. Most are views: they cost nothing.

#ifndef OTIUM_OPS_SHAPE_H_
#define OTIUM_OPS_SHAPE_H_

#include "engine/graph/expr.h"

namespace otium {

// x with two dimensions exchanged; negative ones count from the end.
OTIUM_EXPORT Expr transpose(Arg x, int64_t dim0, int64_t dim1);
// i64[count, rank]: the indices of the elements that are not zero (NaN is not),
// in row-major order; the count is data.
OTIUM_EXPORT Expr nonzero(Arg x);

}  // namespace otium

#endif  // OTIUM_OPS_SHAPE_H_
