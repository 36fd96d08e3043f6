// SPDX-License-Identifier: Apache-2.0
//
// Builders of factorizations, over batches of matrices in the last two dimensions,
// of f32, f64, c64 or c128. When a matrix has no such factor the run fails:
// kFailedPrecondition with op, batch element and pivot. The _ex forms never fail:
// `info` is i32, of the batch's shape, 0 where all is well and else what the failure
// would have said.

#ifndef OTIUM_OPS_FACTORIZATION_H_
#define OTIUM_OPS_FACTORIZATION_H_

#include "engine/graph/expr.h"

namespace otium {

// A is [..., n, n], hermitian and positive definite: L (lower) with A = L @ L.H, or
// U with A = U.H @ U, [..., n, n]. Only that triangle is read.
OTIUM_EXPORT Expr cholesky(Arg A, bool upper = false);
struct CholeskyExResults {
  Expr L, info;
};
// `info` k: the leading minor of order k is not positive definite; L is NaN there.
OTIUM_EXPORT CholeskyExResults cholesky_ex(Arg A, bool upper = false);

}  // namespace otium

#endif  // OTIUM_OPS_FACTORIZATION_H_
