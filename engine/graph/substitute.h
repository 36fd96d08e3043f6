// SPDX-License-Identifier: Apache-2.0
//
// Sizes of a graph: replaced by other sizes, and bound by the shapes of inputs.

#ifndef OTIUM_ENGINE_GRAPH_SUBSTITUTE_H_
#define OTIUM_ENGINE_GRAPH_SUBSTITUTE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engine/base/dim.h"
#include "engine/base/export.h"
#include "engine/graph/graph.h"

namespace otium {

using SizeReplacement = absl::FunctionRef<std::optional<Dim>(absl::string_view)>;

// `attributes` with every size in them replaced; the same object when none is.
Attributes SubstituteSizes(const OpDef& op, const Attributes& attributes, SizeReplacement replace);

// The size names in `attributes`, first mention first.
std::vector<std::string> SizesIn(const Attributes& attributes);

// Sizes that nonzero and its kin make are called "?7" until capture names them.
Dim FreshSize();
bool IsFreshSize(absl::string_view name);

// The callee's size names, as the operands of a call (whose sizes may be symbols)
// bind them. Errors name the operand that does not fit.
absl::StatusOr<std::vector<std::pair<std::string, Dim>>> BindCallee(
    const Graph& callee, absl::Span<const TensorType* const> operands);

// What the sizes are when input i has shape `shapes[i]` (null: not given, takes
// its default), starting from `given`, whose names the graph must have. Errors
// (kInvalidArgument) name the input, both shapes, and the other input that disagrees.
OTIUM_EXPORT absl::StatusOr<SizeBindings> BindSizes(
    const Graph& graph, absl::Span<const absl::Span<const int64_t>* const> shapes,
    SizeBindings given);

// `graph` with the bound names replaced by integers everywhere; types and
// structure are inferred anew. `graph` itself when there are no names. Fails when a
// shape that was plausible with names is wrong with numbers, with the position of
// the node that says so.
OTIUM_EXPORT absl::StatusOr<GraphPtr> BindGraph(const GraphPtr& graph, const SizeBindings& sizes);

}  // namespace otium

#endif  // OTIUM_ENGINE_GRAPH_SUBSTITUTE_H_
