// SPDX-License-Identifier: Apache-2.0
//
// Builders of what torch.linalg makes of products, factorizations and spectra. Matrices
// are the last two dimensions. A failure of what they are made of (a singular matrix,
// no convergence) is theirs.

#ifndef OTIUM_OPS_MATRIX_FUNCTIONS_H_
#define OTIUM_OPS_MATRIX_FUNCTIONS_H_

#include <optional>
#include <source_location>

#include "absl/types/span.h"
#include "engine/graph/expr.h"
#include "ops/norm.h"

namespace otium {

// ---- of f32, f64, c64 or c128

// The pseudoinverse [..., n, m] of A [..., m, n], by its SVD, or by eigh of the lower
// triangle when `hermitian`. Singular values (absolute eigenvalues) up to max(atol,
// rtol * largest) are zero; rtol is eps * max(m, n) when none, but 0 when atol > 0.
OTIUM_EXPORT Expr pinv(Arg A, std::optional<double> atol = std::nullopt,
                       std::optional<double> rtol = std::nullopt, bool hermitian = false);
// How many are above that: i64 [...].
OTIUM_EXPORT Expr matrix_rank(Arg A, std::optional<double> atol = std::nullopt,
                              std::optional<double> rtol = std::nullopt, bool hermitian = false);
// norm(A, p) * norm(inv(A), p), infinite of singular matrices: real [...]. None is 2:
// the largest by the smallest singular value, also of matrices that are not square; -2
// the other way round.
OTIUM_EXPORT Expr cond(Arg A, std::optional<NormOrder> p = std::nullopt);
// The power series of A [..., n, n].
OTIUM_EXPORT Expr matrix_exp(Arg A);
// The tensor with tensordot(tensorinv(A, ind), A, ind) = identity; the first `ind` sizes
// of A and the others have the same product, and change places.
OTIUM_EXPORT Expr tensorinv(Arg A, int64_t ind = 2);
// X with tensordot(A, X, X.ndim) = B: A has the sizes of B and then those of X, after
// its dimensions `dims` are moved to the end.
OTIUM_EXPORT Expr tensorsolve(Arg A, Arg B, DimsArg dims = {});

// ---- of any numbers

// A @ A @ ..., n times; of n < 0 the inverse's, of 0 the identity.
OTIUM_EXPORT Expr matrix_power(Arg A, int64_t n);
// The product of two matrices or more in the cheapest order; the first may be a row, the
// last a column, given 1-D.
OTIUM_EXPORT Expr multi_dot(absl::Span<const Expr> tensors,
                            std::source_location location = std::source_location::current());
// Of vectors of 3 elements along `dim`; others broadcast.
OTIUM_EXPORT Expr cross(Arg x, Arg y, int64_t dim = -1);
// sum(conj(x) * y, dim); others broadcast.
OTIUM_EXPORT Expr vecdot(Arg x, Arg y, int64_t dim = -1);
// x [..., n] to the powers 0 to N - 1: [..., n, N]; N is n when none.
OTIUM_EXPORT Expr vander(Arg x, std::optional<int64_t> N = std::nullopt);
// The integral of y along `dim` by the trapezoidal rule, at the points x (of y's shape,
// or 1-D) or dx apart. Integers give f32.
OTIUM_EXPORT Expr trapezoid(Arg y, Arg x = Expr(), double dx = 1, int64_t dim = -1);

}  // namespace otium

#endif  // OTIUM_OPS_MATRIX_FUNCTIONS_H_
