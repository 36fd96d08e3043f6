// SPDX-License-Identifier: Apache-2.0
//
// Builders of eigenvalues and singular values, over batches of matrices in the last two
// dimensions, of f32, f64, c64 or c128. When an iteration does not converge, as with
// numbers that are not finite, the run fails: kFailedPrecondition with op and batch
// element. Vectors are of length 1 and determined up to a factor of absolute value 1.

#ifndef OTIUM_OPS_SPECTRAL_H_
#define OTIUM_OPS_SPECTRAL_H_

#include <optional>

#include "absl/strings/string_view.h"
#include "engine/graph/expr.h"

namespace otium {

struct EigResults {
  Expr eigenvalues, eigenvectors;
};
// Of A [..., n, n]: complex [..., n] in no order, and right eigenvectors in the columns
// of [..., n, n].
OTIUM_EXPORT EigResults eig(Arg A);
OTIUM_EXPORT Expr eigvals(Arg A);
// Of hermitian A, of which the triangle `UPLO` ("L" or "U") is read: real and ascending.
OTIUM_EXPORT EigResults eigh(Arg A, absl::string_view UPLO = "L");
OTIUM_EXPORT Expr eigvalsh(Arg A, absl::string_view UPLO = "L");

struct SvdResults {
  Expr U, S, Vh;
};
// A = U[..., :k] @ diag(S) @ Vh[..., :k, :] of [..., m, n], k = min(m, n): real S [..., k],
// descending; unitary U [..., m, m] and Vh [..., n, n], or [..., m, k] and [..., k, n]
// unless `full_matrices`.
OTIUM_EXPORT SvdResults svd(Arg A, bool full_matrices = true);
OTIUM_EXPORT Expr svdvals(Arg A);

struct LowrankResults {
  Expr U, S, V;
};
// About the largest q singular values and their vectors: A (less M, when there is one)
// is near U @ diag(S) @ V.H; U [..., m, q], V [..., n, q], q <= min(m, n). By a random
// start, as randn's, and `niter` >= 0 iterations. N. Halko, P. G. Martinsson, J. A.
// Tropp, "Finding structure with randomness", 2011 (arXiv 0909.4061).
OTIUM_EXPORT LowrankResults svd_lowrank(Arg A, int64_t q = 6, int64_t niter = 2, Arg M = Expr());
// The same of A less the mean of its rows, when `center`: principal components. q is
// min(6, m, n) when none.
OTIUM_EXPORT LowrankResults pca_lowrank(Arg A, std::optional<int64_t> q = std::nullopt,
                                        bool center = true, int64_t niter = 2);

// The k largest (smallest unless `largest`) eigenvalues of A @ x = lambda * B @ x, the
// most extreme one first, and their vectors, of X.H @ B @ X = 1: [..., k], [..., m, k].
// A [..., m, m] is hermitian, B hermitian positive definite or missing, iK an approximate
// inverse of A that preconditions. The iteration starts from X [..., m, n], or from n
// random vectors, and ends with the first k of them, k <= n <= m / 3: more vectors find
// those in fewer iterations, since the gap that counts is that behind the last one. k is
// the columns of X when none, or 1 without X; n is k when none, and not read with X. At most niter
// iterations (none given: 1000), until the residuals are below tol (none given: sqrt(eps)) times
// the norms of A and of the vectors. A. V. Knyazev, "Toward the optimal preconditioned eigensolver:
// LOBPCG", SIAM J. Sci. Comput. 23, 2001.
OTIUM_EXPORT EigResults lobpcg(Arg A, std::optional<int64_t> k = std::nullopt, Arg B = Expr(),
                               Arg X = Expr(), std::optional<int64_t> n = std::nullopt,
                               Arg iK = Expr(), std::optional<int64_t> niter = std::nullopt,
                               std::optional<double> tol = std::nullopt, bool largest = true);

}  // namespace otium

#endif  // OTIUM_OPS_SPECTRAL_H_
