// SPDX-License-Identifier: Apache-2.0
//
// Builders of factorizations and solvers, over batches of matrices in the last
// two dimensions. They fail at run time, with op, batch element and pivot.

#ifndef OTIUM_OPS_LINALG_H_
#define OTIUM_OPS_LINALG_H_

#include "engine/graph/expr.h"

namespace otium {

// L (lower) with A = L @ L.H, or U with A = U.H @ U. Only that triangle is read.
OTIUM_EXPORT Expr cholesky(Arg A, bool upper = false);
// X with A @ X = B; B is [..., n] or [..., n, k] (LAPACK *gesv and its kin, by
// the structure of A).
OTIUM_EXPORT Expr solve(Arg A, Arg B);

}  // namespace otium

#endif  // OTIUM_OPS_LINALG_H_
