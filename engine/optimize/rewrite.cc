// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "engine/base/status.h"
#include "engine/optimize/pass.h"

namespace otium {

absl::StatusOr<GraphPtr> RewriteNodes(const GraphPtr& graph, RewriteFn rewrite,
                                      std::vector<ValueId>* new_values,
                                      std::shared_ptr<const SourceTable> sources) {
  const Graph& from = *graph;
  GraphBuilder builder(graph, sources != nullptr ? std::move(sources) : from.sources());
  std::vector<ValueId> own_values;
  std::vector<ValueId>& values = new_values != nullptr ? *new_values : own_values;
  values.assign(from.num_values(), kNoValue);
  std::vector<ValueId> operands;
  bool changed = false;
  for (const GraphInput& in : from.inputs()) values[in.value] = in.value;
  for (NodeId n = 0; n < from.num_nodes(); ++n) {
    if (from.Is(n, Op::input)) continue;
    operands.clear();
    for (ValueId v : from.operands(n)) operands.push_back(v == kNoValue ? kNoValue : values[v]);
    builder.SetOrigins(from.origins(n));
    builder.SetPin(from.pin(n));
    if (auto replaced = rewrite(n, operands, builder); replaced.has_value()) {
      changed = true;
      for (int i = 0; i < from.num_results(n); ++i) {
        const ValueId v = from.result(n, i);
        values[v] = (*replaced)[i];
        builder.SetValueName(values[v], from.value_name(v));
      }
    } else {
      builder.Copy(from, n, &values);
    }
    OTIUM_RETURN_IF_ERROR(builder.status());
  }
  if (!changed) return graph;
  for (const GraphOutput& out : from.outputs()) builder.AddOutput(out.name, values[out.value]);
  OTIUM_ASSIGN_OR_RETURN(Graph result, std::move(builder).Build());
  return std::make_shared<const Graph>(std::move(result));
}

std::vector<SourceId> UnionOfOrigins(const Graph& graph, absl::Span<const NodeId> nodes) {
  std::vector<SourceId> all;
  for (NodeId n : nodes) all.insert(all.end(), graph.origins(n).begin(), graph.origins(n).end());
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  // Calls were written before what they hold: sources of callees are appended.
  std::stable_partition(all.begin(), all.end(),
                        [&](SourceId id) { return graph.sources()->entries[id].op != Op::call; });
  return all;
}

}  // namespace otium
