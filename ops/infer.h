// SPDX-License-Identifier: Apache-2.0
//
// What several families' type and structure rules share.

#ifndef OTIUM_OPS_INFER_H_
#define OTIUM_OPS_INFER_H_

#include <optional>
#include <string>
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

// The dimensions that a reduction reduces, by its attribute dim: all when it is
// none, and also when it is an empty list, except for all and any (as PyTorch).
absl::StatusOr<std::vector<int>> ReducedDims(const OpDef& op, const Attributes& attributes,
                                             int rank);
// The shape of operand 0 after that, as keepdim says.
absl::StatusOr<Shape> ReducedShape(const OpCall& call);
// Fails when one of those dimensions is known to be empty: amax has no identity.
absl::Status RequireNonemptyReduction(const OpCall& call);

// Fails unless operand `i` has exactly / at least that many dimensions.
absl::Status RequireRank(const OpCall& call, int i, int rank);
absl::Status RequireRankAtLeast(const OpCall& call, int i, int rank);
// Fails unless the last two sizes are equal.
absl::Status RequireSquare(const OpCall& call, int i);
// Fails unless the dtype of operand `i` is of one of the categories.
constexpr uint32_t CategoryBit(DTypeCategory c) { return 1u << static_cast<int>(c); }
inline constexpr uint32_t kNumericCategories = CategoryBit(DTypeCategory::kInteger) |
                                               CategoryBit(DTypeCategory::kFloat) |
                                               CategoryBit(DTypeCategory::kComplex);
inline constexpr uint32_t kRealCategories = CategoryBit(DTypeCategory::kBool) |
                                            CategoryBit(DTypeCategory::kInteger) |
                                            CategoryBit(DTypeCategory::kFloat);
inline constexpr uint32_t kRealNumberCategories = kNumericCategories & kRealCategories;
inline constexpr uint32_t kFloatCategory = CategoryBit(DTypeCategory::kFloat);
inline constexpr uint32_t kInexactCategories =
    kFloatCategory | CategoryBit(DTypeCategory::kComplex);
inline constexpr uint32_t kAllCategories = kRealCategories | kNumericCategories;
absl::Status RequireCategory(const OpCall& call, int i, uint32_t categories);
// Fails unless operand `i` is of a floating or complex dtype.
inline absl::Status RequireInexact(const OpCall& call, int i) {
  return RequireCategory(call, i, kInexactCategories);
}
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
// The number that a value is, when it is a real 0-D constant; also one that was
// cast to a floating dtype, before rounding, unless it could round to 0 or
// infinity there.
std::optional<double> ScalarConstant(const Graph& graph, ValueId value);
// Whether values `a` and `b` are each other's transpose (of the last two
// dimensions), or conjugate transpose.
bool IsTransposeOf(const Graph& graph, ValueId a, ValueId b);
bool IsAdjointOf(const Graph& graph, ValueId a, ValueId b);
// Whether `attributes` of a transpose exchange just the last two dimensions.
bool SwapsLastTwo(const Attributes& attributes, int rank);

}  // namespace otium

#endif  // OTIUM_OPS_INFER_H_
