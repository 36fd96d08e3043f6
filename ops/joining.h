// SPDX-License-Identifier: Apache-2.0
//
// Builders of ops that put tensors together and take them apart. Dtypes promote
// as in arithmetic.

#ifndef OTIUM_OPS_JOINING_H_
#define OTIUM_OPS_JOINING_H_

#include <source_location>
#include <vector>

#include "absl/types/span.h"
#include "engine/graph/expr.h"

namespace otium {

// At least one tensor, one after the other along an existing dimension; other sizes must be equal.
OTIUM_EXPORT Expr cat(absl::Span<const Expr> tensors, int64_t dim = 0,
                      std::source_location location = std::source_location::current());
// Along a new dimension at position `dim`; all of one shape.
OTIUM_EXPORT Expr stack(absl::Span<const Expr> tensors, int64_t dim = 0,
                        std::source_location location = std::source_location::current());
// The matrices along the diagonal of a matrix of zeros; a vector counts as one
// row, a scalar as a 1 by 1 matrix.
OTIUM_EXPORT Expr block_diag(absl::Span<const Expr> tensors,
                             std::source_location location = std::source_location::current());

// The pieces of a split tensor.
class OTIUM_EXPORT Pieces {
 public:
  explicit Pieces(Expr first) : first_(std::move(first)) {}
  // 1 when the split went wrong.
  int64_t size() const;
  // Poisoned when the split is, or when there is no such piece.
  Expr operator[](int64_t i) const;

 private:
  Expr first_;
};

// Views of consecutive pieces of dimension `dim`: of the listed sizes, or, when
// one size is listed, as many of that size as fit and a smaller last one.
OTIUM_EXPORT Pieces split(Arg x, Dims sizes, int64_t dim = 0);

}  // namespace otium

#endif  // OTIUM_OPS_JOINING_H_
