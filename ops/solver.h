// SPDX-License-Identifier: Apache-2.0
//
// Builders of linear systems, over batches of matrices in the last two dimensions, of
// f32, f64, c64 or c128. When a system has no solution the run fails:
// kFailedPrecondition with op, batch element and pivot.

#ifndef OTIUM_OPS_SOLVER_H_
#define OTIUM_OPS_SOLVER_H_

#include "engine/graph/expr.h"

namespace otium {

// X with A @ X = B; A is [..., n, n], B and X are [..., n] or [..., n, k], batches
// broadcast (LAPACK *gesv and its kin, by the structure of A).
OTIUM_EXPORT Expr solve(Arg A, Arg B);

}  // namespace otium

#endif  // OTIUM_OPS_SOLVER_H_
