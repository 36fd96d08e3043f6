// SPDX-License-Identifier: Apache-2.0
//
// What einsum and tensordot sum over, read once for the type rule, the kernel and
// the planner. Equations: "ij,jk->ik", "...ij,jk" (the rest implied), "ii" (a trace).

#ifndef OTIUM_OPS_EINSUM_H_
#define OTIUM_OPS_EINSUM_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/base/shape.h"
#include "engine/graph/attributes.h"

namespace otium {

struct EinsumSpec {
  // What each dimension of each operand is called: an index into `names`.
  std::vector<std::vector<int>> operands;
  std::vector<int> result;
  // "i", or "..." with the place of a dimension that the ellipsis stands for,
  // counted from the end.
  std::vector<std::string> names;
};

// `shapes` are those of the operands. Errors: a character that is no letter, a
// wrong number of operands or letters, a result letter that no operand has.
absl::StatusOr<EinsumSpec> ParseEinsum(absl::string_view equation, absl::Span<const Shape> shapes);
// The size of each name. Sizes of 1 stretch between operands, not within one.
absl::StatusOr<Dims> EinsumSizes(const EinsumSpec& spec, absl::Span<const Shape> shapes);

// tensordot sums over dimension a[i] of one operand and b[i] of the other.
struct ContractedDims {
  std::vector<int> a;
  std::vector<int> b;
};
absl::StatusOr<ContractedDims> TensordotDims(const Attributes& attributes, int rank_a, int rank_b);

}  // namespace otium

#endif  // OTIUM_OPS_EINSUM_H_
