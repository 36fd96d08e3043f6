// SPDX-License-Identifier: Apache-2.0
#include "engine/place/promise.h"

#include "engine/place/lifetime.h"

namespace otium {
bool IsDeclared(const Graph& graph, NodeId input) {
  const absl::Span<const SourceId> origins = graph.origins(input);
  return !origins.empty() && graph.sources()->entries[origins[0]].op == Op::input;
}

std::vector<Promise> FindPromises(const Graph& graph, NodeId n) {
  std::vector<Promise> promises;
  if (!graph.op(n).Is(kFallible) || graph.operands(n).empty()) return promises;
  NodeId producer = graph.producer(graph.operands(n)[0]);
  for (;; producer = graph.producer(graph.operands(producer)[0])) {
    if (graph.Is(producer, Op::assume) && !graph.attributes(producer).Get<bool>("proved")) {
      promises.push_back({producer, graph.attributes(producer).Get<Structure>("structure")});
    }
    if (!IsAlias(graph, producer)) break;
  }
  if (graph.Is(producer, Op::input) && IsDeclared(graph, producer)) {
    promises.push_back({producer, graph.type(graph.result(producer)).structure});
  }
  return promises;
}

uint32_t PromisedFlags(const Graph& graph, NodeId n) {
  uint32_t flags = 0;
  for (const Promise& p : FindPromises(graph, n)) flags |= p.structure.flags;
  return flags;
}

}  // namespace otium
