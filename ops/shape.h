// SPDX-License-Identifier: Apache-2.0
//
// Builders of ops that give a tensor another shape, with PyTorch's names and
// meaning. Dimensions may count from the end. All but `roll` are views: they
// cost nothing (reshape and its kin as long as the strides allow it).

#ifndef OTIUM_OPS_SHAPE_H_
#define OTIUM_OPS_SHAPE_H_

#include <optional>

#include "engine/graph/expr.h"
#include "ops/dims_arg.h"

namespace otium {

// The elements in row-major order in another shape; one size may be -1.
OTIUM_EXPORT Expr reshape(Arg x, Dims shape);
// Dimensions start_dim to end_dim (inclusive) as one; a scalar becomes [1].
OTIUM_EXPORT Expr flatten(Arg x, int64_t start_dim = 0, int64_t end_dim = -1);
// Dimension `dim` as several; one of `sizes` may be -1.
OTIUM_EXPORT Expr unflatten(Arg x, int64_t dim, Dims sizes);

// x with two dimensions exchanged.
OTIUM_EXPORT Expr transpose(Arg x, int64_t dim0, int64_t dim1);
// Dimension i of the result is dimension dims[i] of x.
OTIUM_EXPORT Expr permute(Arg x, Ints dims);
// Dimension source[i] of x becomes dimension destination[i]; the others keep
// their order.
OTIUM_EXPORT Expr movedim(Arg x, Ints source, Ints destination);

// Without the dimensions of size 1, or those of them that `dim` lists. A size
// that is a name is an error where it decides.
OTIUM_EXPORT Expr squeeze(Arg x, DimsArg dim = {});
// With a dimension of size 1 before dimension `dim`.
OTIUM_EXPORT Expr unsqueeze(Arg x, int64_t dim);
// Dimensions of size 1 repeated to `sizes`, where -1 keeps a size; new dimensions
// come in front. No element is copied.
OTIUM_EXPORT Expr expand(Arg x, Dims sizes);
// The same; every size is given.
OTIUM_EXPORT Expr broadcast_to(Arg x, Dims size);

// Reversed along each of `dims`.
OTIUM_EXPORT Expr flip(Arg x, Ints dims);
// Element i goes to i + shift, around the end, along each of `dims`; of the
// flattened tensor when `dims` is none.
OTIUM_EXPORT Expr roll(Arg x, Ints shifts, DimsArg dims = {});

}  // namespace otium

#endif  // OTIUM_OPS_SHAPE_H_
