// SPDX-License-Identifier: Apache-2.0
//
// Builders of factorizations and solvers, over batches of matrices in the last
// two dimensions, of f32, f64, c64 or c128. When a matrix has no such factor or
// solution the run fails: kFailedPrecondition with op, batch element and pivot.

#ifndef OTIUM_OPS_LINALG_H_
#define OTIUM_OPS_LINALG_H_

#include "engine/graph/expr.h"

namespace otium {

// A is [..., n, n], hermitian and positive definite: L (lower) with A = L @ L.H, or
// U with A = U.H @ U, [..., n, n]. Only that triangle is read.
OTIUM_EXPORT Expr cholesky(Arg A, bool upper = false);
// X with A @ X = B; A is [..., n, n], B and X are [..., n] or [..., n, k], batches
// broadcast (LAPACK *gesv and its kin, by the structure of A).
OTIUM_EXPORT Expr solve(Arg A, Arg B);

}  // namespace otium

#endif  // OTIUM_OPS_LINALG_H_
