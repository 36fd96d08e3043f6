// SPDX-License-Identifier: Apache-2.0
//
// What several families' type and structure rules share.

#ifndef OTIUM_OPS_INFER_H_
#define OTIUM_OPS_INFER_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "ops/op.h"

namespace otium {

// kInvalidArgument from pieces.
template <class... Args>
absl::Status InvalidArgument(const Args&... args) {
  return absl::InvalidArgumentError(absl::StrCat(args...));
}

// "A is f64[m, n]".
inline std::string Describe(absl::string_view name, const TensorType& type) {
  return absl::StrCat(name, " is ", ShortType(type));
}

// `dim` counted from the front, or an error that says the allowed range. A rank
// of 0 accepts 0 and -1, as PyTorch does.
absl::StatusOr<int> NormalizeDim(int64_t dim, int rank);
// All of them, distinct; all dimensions when `dims` is null.
absl::StatusOr<std::vector<int>> NormalizeDims(const Ints* dims, int rank);

// Fails unless operand `i` has exactly / at least that many dimensions.
absl::Status RequireRank(const OpCall& call, int i, int rank);
absl::Status RequireRankAtLeast(const OpCall& call, int i, int rank);
// Fails unless the last two sizes are equal.
absl::Status RequireSquare(const OpCall& call, int i);
// Fails unless operand `i` is of a floating or complex dtype.
absl::Status RequireInexact(const OpCall& call, int i);
// Fails unless the two sizes are equal; the message names both operands.
absl::Status RequireSameSize(const OpCall& call, int i, const Dim& of_i, int j, const Dim& of_j);

// The shape of all operands together (those present and not own_dtype too).
absl::StatusOr<Shape> BroadcastOperands(const OpCall& call);

// The op and operands of the node that makes operand `i`; null op for inputs and
// constants' lack of operands is fine: `operands` is then empty.
struct Definition {
  const OpDef* op;
  absl::Span<const ValueId> operands;
  const Attributes* attributes;
};
Definition DefinitionOf(const StructureCall& call, int i);
// Whether values `a` and `b` are each other's transpose (of the last two
// dimensions), or conjugate transpose.
bool IsTransposeOf(const Graph& graph, ValueId a, ValueId b);
bool IsAdjointOf(const Graph& graph, ValueId a, ValueId b);
// Whether `attributes` of a transpose exchange just the last two dimensions.
bool SwapsLastTwo(const Attributes& attributes, int rank);

}  // namespace otium

#endif  // OTIUM_OPS_INFER_H_
