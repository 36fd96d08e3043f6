// SPDX-License-Identifier: Apache-2.0
//
// A pass: a function from Graph to Graph in a file of its own. passes.inc lists
// them in order; the runner (optimize.h) names, times, dumps and verifies each
// and can switch it off. A pass that changes nothing returns the pointer it got,
// because copying costs about 200 ns a node.

#ifndef OTIUM_ENGINE_OPTIMIZE_PASS_H_
#define OTIUM_ENGINE_OPTIMIZE_PASS_H_

#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "engine/graph/graph.h"
#include "engine/graph/graph_builder.h"
#include "engine/optimize/cost.h"
#include "engine/optimize/rule.h"

namespace otium {

struct PassContext {
  const Machine& machine;
  MathMode math = MathMode::kStandard;
  // Computes the outputs of a small graph without inputs, for constant folding.
  // Handed in by engine.cc: the executor is a later stage.
  absl::FunctionRef<absl::StatusOr<std::vector<Tensor>>(const Graph&)> evaluate;
  std::vector<Reason>* reasons;

  bool Admits(const Rule& rule) const {
    return rule.error == ErrorClass::kExact ||
           (rule.error == ErrorClass::kPreserves && math != MathMode::kStrict) ||
           math == MathMode::kFast;
  }
  void Note(const Rule& rule, uint8_t outcome, const Graph& graph, NodeId a,
            std::optional<NodeId> b = std::nullopt, double x = 0, double y = 0,
            const OpDef* became = nullptr) {
    Reason reason = ReasonAt(rule, graph, a, b);
    reason.outcome = outcome;
    reason.numbers[0] = x;
    reason.numbers[1] = y;
    reason.became = became;
    reasons->push_back(std::move(reason));
  }
};

using PassFn = absl::StatusOr<GraphPtr> (*)(const GraphPtr& graph, PassContext& context);

// Rebuilds `graph` node by node in topological order. `rewrite` gets the node and
// its operands in the new graph and returns the new values of its results (as
// many as it has), or nothing to copy the node. Returns `graph` itself when
// `rewrite` never returned anything, and then has built nothing. Origins, pins and
// names carry over; nodes that `rewrite` adds have the origins of the node (SetOrigins
// for more).
using RewriteFn = absl::FunctionRef<std::optional<std::vector<ValueId>>(
    NodeId node, absl::Span<const ValueId> operands, GraphBuilder& builder)>;
// `new_values`, when given, holds the new value of every old one made so far, for
// rules that reach past the operands of a node; `sources`, which begin with those of
// `graph`, are for nodes that come from elsewhere.
absl::StatusOr<GraphPtr> RewriteNodes(const GraphPtr& graph, RewriteFn rewrite,
                                      std::vector<ValueId>* new_values = nullptr,
                                      std::shared_ptr<const SourceTable> sources = nullptr);

// The origins of one node that is made of several: ops in the order of the source, then
// the calls that they lie in.
std::vector<SourceId> UnionOfOrigins(const Graph& graph, absl::Span<const NodeId> nodes);

// Whether `wanted` holds for the op of any node: passes that look for certain ops
// spare graphs without them the walk.
inline bool AnyNode(const Graph& graph, bool (*wanted)(Op)) {
  for (NodeId n = 0; n < graph.num_nodes(); ++n) {
    if (wanted(graph.op(n).id)) return true;
  }
  return false;
}

}  // namespace otium

#endif  // OTIUM_ENGINE_OPTIMIZE_PASS_H_
