// SPDX-License-Identifier: Apache-2.0
//
// Builders of products of tensors of any rank, with PyTorch's names and meaning.
// The planner turns each into the products of product.h and views.

#ifndef OTIUM_OPS_CONTRACTION_H_
#define OTIUM_OPS_CONTRACTION_H_

#include <source_location>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/graph/expr.h"

namespace otium {

// A @ B by NumPy's rules: a vector is a row on the left and a column on the right,
// the dimensions before the last two are batch and broadcast; scalars are errors.
OTIUM_EXPORT Expr matmul(Arg A, Arg B);
// Sums of products over the last dimensions: shape a.shape[:-1] + b.shape[:-1]. A
// scalar operand multiplies.
OTIUM_EXPORT Expr inner(Arg a, Arg b);
// x[i] * y[j] of two vectors. Dtypes promote as in arithmetic.
OTIUM_EXPORT Expr outer(Arg x, Arg y);
// The Kronecker product: every element of a times all of b. Dtypes promote.
OTIUM_EXPORT Expr kron(Arg a, Arg b);
// Sums of products over the last `dims` dimensions of a and the first of b.
OTIUM_EXPORT Expr tensordot(Arg a, Arg b, int64_t dims = 2);
// Over dimensions dims_a[i] of a and dims_b[i] of b.
OTIUM_EXPORT Expr tensordot(Arg a, Arg b, Ints dims_a, const Ints& dims_b);
// Sums of products as the equation says: einsum("bij,bjk->bik", {A, B}).
OTIUM_EXPORT Expr einsum(absl::string_view equation, absl::Span<const Expr> operands,
                         std::source_location location = std::source_location::current());

}  // namespace otium

#endif  // OTIUM_OPS_CONTRACTION_H_
