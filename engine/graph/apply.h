// SPDX-License-Identifier: Apache-2.0

#ifndef OTIUM_ENGINE_GRAPH_APPLY_H_
#define OTIUM_ENGINE_GRAPH_APPLY_H_

#include <vector>

#include "absl/types/span.h"
#include "engine/base/export.h"
#include "engine/graph/expr.h"
#include "engine/graph/graph.h"
#include "engine/graph/substitute.h"

namespace otium {

// The outputs of `graph` with `inputs` (one for each input, of its type) for its
// inputs and `replace` for its size names: the graph written out as expressions,
// all made at `position`. Sizes that are data are fresh, and random ops draw
// streams of their own. Iterative: any depth.
std::vector<Expr> ApplyGraph(const Graph& graph, absl::Span<const Expr> inputs,
                             SizeReplacement replace, SourcePosition position);

}  // namespace otium

#endif  // OTIUM_ENGINE_GRAPH_APPLY_H_
