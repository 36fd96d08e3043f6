// SPDX-License-Identifier: Apache-2.0
//
// Builders of linear systems, inverses and determinants, over batches of matrices in
// the last two dimensions, of f32, f64, c64 or c128. When a system has no solution the
// run fails: kFailedPrecondition with op, batch element and pivot. The _ex forms never
// fail: `info` is i32, of the batch's shape, 0 where all is well, else the number that
// the failure would have named.

#ifndef OTIUM_OPS_SOLVER_H_
#define OTIUM_OPS_SOLVER_H_

#include <optional>

#include "absl/strings/string_view.h"
#include "engine/graph/expr.h"

namespace otium {

// X with A @ X = B; A is [..., n, n], B and X are [..., n] or [..., n, k], batches
// broadcast; or X @ A = B, of [..., k, n], when not `left` (LAPACK *gesv and its kin,
// by the structure of A).
OTIUM_EXPORT Expr solve(Arg A, Arg B, bool left = true);
struct SolveExResults {
  Expr result, info;
};
// `info` k: the k-th diagonal element of U is zero; `result` is NaN there.
OTIUM_EXPORT SolveExResults solve_ex(Arg A, Arg B, bool left = true);
// The same for a triangle of A, of which the other is not read, nor the diagonal when
// `unitriangular`: it is 1. B is [..., n, k], or [..., k, n]. Never fails: a zero on the
// diagonal gives infinities.
OTIUM_EXPORT Expr solve_triangular(Arg A, Arg B, bool upper, bool left = true,
                                   bool unitriangular = false);

// The inverse of A [..., n, n].
OTIUM_EXPORT Expr inv(Arg A);
struct InvExResults {
  Expr inverse, info;
};
// `info` k: the k-th diagonal element of U is zero; the inverse is NaN there.
OTIUM_EXPORT InvExResults inv_ex(Arg A);

// The least-squares solutions of A @ X = B: A is [..., m, n], B [..., m] or [..., m, k],
// batches broadcast. `driver` is LAPACK's: "gelsy" (QR with pivoting), "gels" (QR; of
// full rank only), "gelsd" or "gelss" (SVD). Singular values up to rcond times the
// largest are zero, 0 <= rcond < 1; rcond is eps * max(m, n) when none. Fails when a
// number is not finite, with "gels" when A has not full rank.
struct LstsqResults {
  Expr solution;         // [..., n] or [..., n, k], of the smallest norm
  Expr residuals;        // [..., k] or [...]: squared norms of B - A @ X; NaN where the
                         // rank is less than n. [0] of gelsy and when m <= n.
  Expr rank;             // i64, [...]; [0] of gels
  Expr singular_values;  // real, [..., min(m, n)], of gelsd and gelss; else [0]
};
OTIUM_EXPORT LstsqResults lstsq(Arg A, Arg B, std::optional<double> rcond = std::nullopt,
                                absl::string_view driver = "gelsy");

// Of A [..., n, n]: [...]. 1 of matrices of no rows.
OTIUM_EXPORT Expr det(Arg A);
struct SlogdetResults {
  Expr sign, logabsdet;
};
// det(A) = sign * exp(logabsdet): (0, -inf) of singular matrices; sign is of absolute
// value 1 else, logabsdet is real.
OTIUM_EXPORT SlogdetResults slogdet(Arg A);
// The logarithm of the determinant: NaN where it is negative, -inf where it is 0.
OTIUM_EXPORT Expr logdet(Arg A);

}  // namespace otium

#endif  // OTIUM_OPS_SOLVER_H_
