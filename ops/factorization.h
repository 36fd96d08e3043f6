// SPDX-License-Identifier: Apache-2.0
//
// Builders of triangular factorizations, over batches of matrices in the last two
// dimensions, of f32, f64, c64 or c128. When a matrix has no such factor the run
// fails: kFailedPrecondition with op, batch element and pivot. The _ex forms never
// fail: `info` is i32, of the batch's shape, 0 where all is well, else the number that
// the failure would have named.

#ifndef OTIUM_OPS_FACTORIZATION_H_
#define OTIUM_OPS_FACTORIZATION_H_

#include "engine/graph/expr.h"

namespace otium {

// ---- Cholesky

// A is [..., n, n], hermitian and positive definite: L (lower) with A = L @ L.H, or
// U with A = U.H @ U, [..., n, n]. Only that triangle is read.
OTIUM_EXPORT Expr cholesky(Arg A, bool upper = false);
struct CholeskyExResults {
  Expr L, info;
};
// `info` k: the leading minor of order k is not positive definite; L is NaN there.
OTIUM_EXPORT CholeskyExResults cholesky_ex(Arg A, bool upper = false);
// X with A @ X = B of the A that L, or U, is the factor of; B and X are [..., n, k],
// batches broadcast. Never fails: a zero on the diagonal gives infinities.
OTIUM_EXPORT Expr cholesky_solve(Arg B, Arg L, bool upper = false);
// The inverse of that A, [..., n, n]. Fails when a diagonal element is zero.
OTIUM_EXPORT Expr cholesky_inverse(Arg L, bool upper = false);

// ---- LU: P.T @ A = L @ U, of A [..., m, n], by partial pivoting

struct LuFactorResults {
  Expr LU, pivots;
};
// LU [..., m, n] holds U and, below the diagonal, L, whose diagonal is 1. Row k of A
// was exchanged with row pivots[k], i32 [..., min(m, n)], both from 1, in turn. Without
// pivoting each is its own row. Fails when a diagonal element of U is zero.
OTIUM_EXPORT LuFactorResults lu_factor(Arg A, bool pivot = true);
struct LuFactorExResults {
  Expr LU, pivots, info;
};
// `info` k: the k-th diagonal element of U is zero; the factors are good all the same.
OTIUM_EXPORT LuFactorExResults lu_factor_ex(Arg A, bool pivot = true);
struct LuResults {
  Expr P, L, U;
};
// A = P @ L @ U: P [..., m, m], L [..., m, min(m, n)], U [..., min(m, n), n]. Without
// `pivot` A = L @ U, and P is of shape [0]. Never fails.
OTIUM_EXPORT LuResults lu(Arg A, bool pivot = true);
// The same of what lu_factor gave. Without its data L and U, without its pivots P, are
// of shape [0].
OTIUM_EXPORT LuResults lu_unpack(Arg LU, Arg pivots, bool unpack_data = true,
                                 bool unpack_pivots = true);
// X with A @ X = B (X @ A = B when not `left`, A.H in place of A when `adjoint`) of the
// square A that was factored; B and X are [..., n, k] ([..., k, n]), batches broadcast.
// Never fails: a zero on the diagonal of U gives infinities.
OTIUM_EXPORT Expr lu_solve(Arg LU, Arg pivots, Arg B, bool left = true, bool adjoint = false);

// ---- LDL, of symmetric (A = L @ D @ L.T), or hermitian (A = L @ D @ L.H) matrices,
// which need not be definite: Bunch and Kaufman's pivoting

struct LdlFactorResults {
  Expr LD, pivots;
};
// As LAPACK's sytrf or hetrf of the lower triangle, which alone is read: D has blocks
// of 1 and, where pivots [..., n] (i32) are negative, 2. Fails when D is singular.
OTIUM_EXPORT LdlFactorResults ldl_factor(Arg A, bool hermitian = false);
struct LdlFactorExResults {
  Expr LD, pivots, info;
};
// `info` k: the k-th diagonal element of D is zero; the factors are good all the same.
OTIUM_EXPORT LdlFactorExResults ldl_factor_ex(Arg A, bool hermitian = false);
// X with A @ X = B; B and X are [..., n, k], batches broadcast. Never fails.
OTIUM_EXPORT Expr ldl_solve(Arg LD, Arg pivots, Arg B, bool hermitian = false);

}  // namespace otium

#endif  // OTIUM_OPS_FACTORIZATION_H_
