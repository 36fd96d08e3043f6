// SPDX-License-Identifier: Apache-2.0
//
// Builders of ops that pick elements. Dimensions and indices may count from the
// end. slice, select, narrow and diagonal are views: they cost nothing.

#ifndef OTIUM_OPS_INDEXING_H_
#define OTIUM_OPS_INDEXING_H_

#include <optional>

#include "engine/graph/expr.h"

namespace otium {

// x[start:end:step] along `dim`, as in Python: negative bounds count from the end,
// bounds out of range clamp, none is the end of x in the direction of `step`,
// which may be negative but not 0.
OTIUM_EXPORT Expr slice(Arg x, int64_t dim, std::optional<Dim> start = std::nullopt,
                        std::optional<Dim> end = std::nullopt, int64_t step = 1);
// x[index] along `dim`, without that dimension. Out of range is an error.
OTIUM_EXPORT Expr select(Arg x, int64_t dim, Dim index);
// `length` elements from `start` along `dim`. Out of range is an error.
OTIUM_EXPORT Expr narrow(Arg x, int64_t dim, Dim start, Dim length);

// The elements index[0], index[1], ... along `dim`; `index` is a vector of i32 or
// i64. Fails when one is negative or out of range.
OTIUM_EXPORT Expr index_select(Arg x, int64_t dim, Arg index);
// result[i][j][k] = x[i][index[i][j][k]][k] for dim 1; `index` has the rank of x and
// is not larger than it in the other dimensions. Fails when an index is out of
// range.
OTIUM_EXPORT Expr gather(Arg x, int64_t dim, Arg index);

// A vector to the square matrix that has it on its `diagonal` (above the main one
// when positive); a matrix to the vector of that diagonal.
OTIUM_EXPORT Expr diag(Arg x, int64_t diagonal = 0);
// The diagonal of dimensions dim1 (rows) and dim2 as a last dimension.
OTIUM_EXPORT Expr diagonal(Arg x, int64_t offset = 0, int64_t dim1 = 0, int64_t dim2 = 1);
// Matrices with zeros above, or below, a diagonal.
OTIUM_EXPORT Expr tril(Arg x, int64_t diagonal = 0);
OTIUM_EXPORT Expr triu(Arg x, int64_t diagonal = 0);

// i64[count, rank]: the indices of the elements that are not zero (NaN is not),
// in row-major order; the count is data.
OTIUM_EXPORT Expr nonzero(Arg x);

}  // namespace otium

#endif  // OTIUM_OPS_INDEXING_H_
