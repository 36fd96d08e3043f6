// SPDX-License-Identifier: Apache-2.0
#include "engine/graph/hoist.h"

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/graph/graph_builder.h"

namespace otium {

absl::StatusOr<HoistedGraph> HoistConstants(const GraphPtr& graph) {
  const Graph& g = *graph;
  if (g.large_constants().empty()) return HoistedGraph{graph, {}};
  HoistedGraph hoisted;
  GraphBuilder builder(g.sources());
  builder.SetName(g.name());
  std::vector<ValueId> values(g.num_values(), kNoValue);
  for (const GraphInput& in : g.inputs()) {
    builder.SetOrigins(g.origins(g.producer(in.value)));
    values[in.value] = builder.AddInput(in.name, g.type(in.value), in.default_value);
  }
  absl::flat_hash_set<std::string> names;
  for (const GraphInput& in : g.inputs()) names.insert(in.name);
  for (NodeId n : g.large_constants()) {
    const ValueId v = g.result(n);
    builder.SetOrigins(g.origins(n));
    std::string name(g.value_name(v));
    if (name.empty()) name = absl::StrCat("constant", hoisted.constants.size());
    while (!names.insert(name).second) name += "_";
    values[v] = builder.AddInput(name, g.type(v));
    hoisted.constants.push_back(g.attributes(n).Get<Tensor>("value"));
  }
  for (NodeId n = 0; n < g.num_nodes(); ++n) {
    if (g.num_results(n) > 0 && values[g.result(n)] != kNoValue) continue;
    builder.Copy(g, n, &values);
  }
  for (const GraphOutput& out : g.outputs()) builder.AddOutput(out.name, values[out.value]);
  OTIUM_ASSIGN_OR_RETURN(Graph result, std::move(builder).Build());
  hoisted.graph = std::make_shared<const Graph>(std::move(result));
  return hoisted;
}

absl::StatusOr<GraphPtr> WithConstants(const GraphPtr& graph, const HoistedGraph& hoisted) {
  if (hoisted.constants.empty()) return graph;
  const absl::Span<const GraphInput> added =
      hoisted.graph->inputs().last(hoisted.constants.size());
  const auto default_of = [&](const GraphInput& in) -> absl::StatusOr<GraphPtr> {
    for (size_t i = 0; i < added.size(); ++i) {
      if (added[i].name != in.name) continue;
      GraphBuilder builder(graph->sources());
      builder.AddOutput(in.name, builder.Add(Op::constant, {}, {{"value", hoisted.constants[i]}}));
      OTIUM_ASSIGN_OR_RETURN(Graph value, std::move(builder).Build());
      return std::make_shared<const Graph>(std::move(value));
    }
    return in.default_value;
  };
  const Graph& g = *graph;
  GraphBuilder builder(g.sources());
  builder.SetName(g.name());
  std::vector<ValueId> values(g.num_values(), kNoValue);
  for (const GraphInput& in : g.inputs()) {
    builder.SetOrigins(g.origins(g.producer(in.value)));
    OTIUM_ASSIGN_OR_RETURN(GraphPtr value, default_of(in));
    values[in.value] = builder.AddInput(in.name, g.type(in.value), std::move(value));
  }
  for (NodeId n = 0; n < g.num_nodes(); ++n) {
    if (g.num_results(n) > 0 && values[g.result(n)] != kNoValue) continue;
    builder.Copy(g, n, &values);
  }
  for (const GraphOutput& out : g.outputs()) builder.AddOutput(out.name, values[out.value]);
  OTIUM_ASSIGN_OR_RETURN(Graph result, std::move(builder).Build());
  return std::make_shared<const Graph>(std::move(result));
}

}  // namespace otium
