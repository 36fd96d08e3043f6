// SPDX-License-Identifier: Apache-2.0
#include "engine/place/lifetime.h"

#include <utility>

namespace otium {
namespace {

// Whether `part` has at least half as many elements as `whole`.
bool ShowsMost(const TensorType& part, const TensorType& whole) {
  // A size that is data is only in what nothing is a view of.
  if (!part.shape.IsStatic() || !whole.shape.IsStatic()) return true;
  return 2 * part.shape.NumElements() >= whole.shape.NumElements();
}

}  // namespace

bool IsAlias(const Graph& graph, NodeId n) {
  const OpDef& op = graph.op(n);
  return op.id == Op::conj || op.Is(kViewOp);
}

std::vector<ValueId> FindRoots(const Graph& graph) {
  std::vector<ValueId> roots(graph.num_values());
  for (NodeId n = 0; n < graph.num_nodes(); ++n) {
    const bool alias = IsAlias(graph, n);
    for (int i = 0; i < graph.num_results(n); ++i) {
      const ValueId v = graph.result(n, i);
      roots[v] = alias ? roots[graph.operands(n)[0]] : v;
    }
  }
  return roots;
}

Lifetimes FindLifetimes(const Graph& graph, std::vector<ValueId> roots,
                        absl::FunctionRef<bool(ValueId root)> may_leave) {
  Lifetimes l;
  l.root = std::move(roots);
  l.last_use.assign(graph.num_values(), 0);
  l.leaves.assign(graph.num_values(), false);
  for (NodeId n = 0; n < graph.num_nodes(); ++n) {
    for (int i = 0; i < graph.num_results(n); ++i) l.last_use[graph.result(n, i)] = n;
    for (ValueId v : graph.operands(n)) {
      if (v != kNoValue) l.last_use[l.root[v]] = n;
    }
  }
  // Per value: whether its root holds the conjugates of its elements.
  std::vector<bool> conjugated(graph.num_values(), false);
  for (NodeId n = 0; n < graph.num_nodes(); ++n) {
    if (!IsAlias(graph, n)) continue;
    const ValueId operand = graph.operands(n)[0];
    const bool conjugates = graph.Is(n, Op::conj) && IsComplex(graph.type(operand).dtype);
    for (int i = 0; i < graph.num_results(n); ++i) {
      conjugated[graph.result(n, i)] = conjugated[operand] != conjugates;
    }
  }
  // A result that shows at least half of the memory it lies in is returned where
  // it is; a smaller one is copied, so as not to keep the rest alive. So is one
  // that memory holds conjugated. Copies are made as soon as the value is there,
  // so an output is no later use.
  for (const GraphOutput& out : graph.outputs()) {
    const ValueId root = l.root[out.value];
    if (!conjugated[out.value] && ShowsMost(graph.type(out.value), graph.type(root)) &&
        may_leave(root)) {
      l.leaves[root] = true;
    }
  }
  return l;
}

ValueId TransferUnit(const Graph& graph, const std::vector<ValueId>& roots, ValueId value) {
  const ValueId root = roots[value];
  return ShowsMost(graph.type(value), graph.type(root)) ? root : value;
}

}  // namespace otium
