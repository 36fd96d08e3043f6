// SPDX-License-Identifier: Apache-2.0
//
// Builders of QR factorizations and of products with Householder reflectors, over
// batches of matrices in the last two dimensions, of f32, f64, c64 or c128. None fails.

#ifndef OTIUM_OPS_ORTHOGONAL_H_
#define OTIUM_OPS_ORTHOGONAL_H_

#include "absl/strings/string_view.h"
#include "engine/graph/expr.h"

namespace otium {

struct QrResults {
  Expr Q, R;
};
// A = Q @ R of A [..., m, n], k = min(m, n): "reduced" Q [..., m, k] with orthonormal
// columns and upper R [..., k, n]; "complete" Q [..., m, m] and R [..., m, n]; "r" that
// R alone, with Q of shape [0].
OTIUM_EXPORT QrResults qr(Arg A, absl::string_view mode = "reduced");

struct GeqrfResults {
  Expr a, tau;
};
// LAPACK's geqrf: R on and above the diagonal of a [..., m, n], below it the vectors of
// k = min(m, n) reflectors, whose factors are tau [..., k].
OTIUM_EXPORT GeqrfResults geqrf(Arg A);
// The first n columns of the product of the k reflectors that A [..., m, n] and tau
// [..., k] hold, m >= n >= k (LAPACK's orgqr, ungqr); orgqr is its older name.
OTIUM_EXPORT Expr householder_product(Arg A, Arg tau);
OTIUM_EXPORT Expr orgqr(Arg A, Arg tau);
// Q @ other, or other @ Q unless `left`, with Q [m, m] the product of the reflectors that
// A [..., m, k] and tau [..., k] hold, or Q.H when `transpose`. `other` is
// [..., m, n], or [..., n, m]; the batches are equal.
OTIUM_EXPORT Expr ormqr(Arg A, Arg tau, Arg other, bool left = true, bool transpose = false);

}  // namespace otium

#endif  // OTIUM_OPS_ORTHOGONAL_H_
