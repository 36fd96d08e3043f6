// SPDX-License-Identifier: Apache-2.0
//
// What MakeNode and GraphBuilder share: attributes against a schema, operand
// dtypes against a promotion rule, result types.

#ifndef OTIUM_ENGINE_GRAPH_SCHEMA_H_
#define OTIUM_ENGINE_GRAPH_SCHEMA_H_

#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engine/graph/attributes.h"
#include "engine/graph/expr.h"
#include "ops/op.h"

namespace otium {

// The attributes of `op` with the named ones set and defaults for the rest. An
// integer is accepted where a float, a size or a list of them is wanted. Errors:
// unknown, missing and ill-typed attributes.
absl::StatusOr<Attributes> ResolveAttributes(const OpDef& op,
                                             std::vector<NamedAttribute> attributes);

// Wrong number of operands, or a missing one that is required.
absl::Status CheckOperandCount(const OpDef& op, absl::Span<const TensorType* const> operands);

// Whether `op` takes its operands as they are, seen at a glance: strong ones of one
// dtype. False says nothing; PromoteOperands knows. Spares the common node of a
// million half of its checks.
bool ArePlainlyPromoted(const OpDef& op, absl::Span<const TensorType* const> operands);

// The dtype that each operand must be cast to before `op` is applied, empty for
// those that stay as they are. Fails when the op needs equal dtypes.
absl::StatusOr<absl::InlinedVector<std::optional<DType>, 3>> PromoteOperands(
    const OpDef& op, absl::Span<const TensorType* const> operands);

// Optional operands that are left out at the end are kNoValue (an empty Expr) all
// the same, so that operands(n)[i] is the i-th parameter in every graph. How many
// operands a node of `op` has when `given` are given.
size_t NumOperands(const OpDef& op, size_t given);

// The value of an attribute that is not given; requires a default.
AttributeValue DefaultAttribute(const ParamDef& param);

// What a weak type becomes when it stands alone: i64, f32 or c64.
DType StrongDType(const TensorType& type);

// Result types without structure, for operands that are counted and promoted
// already. `results` arrives empty. Messages start with the op's name.
absl::Status InferTypes(const OpCall& call, ResultTypes* results);

// The schema parameter that operand `i` belongs to.
const ParamDef& OperandParam(const OpDef& op, int i);
// What messages call it: "A"; of a list "tensors[1]".
std::string OperandName(const OpDef& op, int i);

}  // namespace otium

#endif  // OTIUM_ENGINE_GRAPH_SCHEMA_H_
