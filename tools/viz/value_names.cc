// SPDX-License-Identifier: Apache-2.0
#include "tools/viz/value_names.h"

#include "engine/graph/text/printer.h"

namespace otium::viz {
namespace {

// What the made nodes stand for: of those that went, the one that others read.
absl::flat_hash_map<Index, Index> Predecessors(const Segment& segment) {
  absl::flat_hash_map<Index, Index> predecessor;
  const Index before = segment.last_stage() - 1;
  for (const Edge& edge : segment.edges) {
    const Node& node = segment.nodes[edge.from];
    if (edge.last != before || node.last != before || node.became.size() != 1) continue;
    const Node& reader = segment.nodes[edge.to];
    const bool inside = reader.last == before && reader.became == node.became;
    if (!inside && segment.nodes[node.became[0]].type == node.type) {
      predecessor[node.became[0]] = edge.from;
    }
  }
  return predecessor;
}

}  // namespace

std::vector<std::string> ValueNames::Next(const Graph& graph, const Segment& segment,
                                          const std::vector<Index>& nodes) {
  const absl::flat_hash_map<Index, Index> predecessor = Predecessors(segment);
  std::vector<std::string> wanted(graph.num_values());
  for (ValueId v = 0; v < graph.num_values(); ++v) {
    const Index node = nodes[graph.producer(v)];
    auto name = name_of_.find({node, graph.result_index(v)});
    if (name == name_of_.end() && graph.value_name(v).empty()) {
      const auto before = predecessor.find(node);
      if (before != predecessor.end()) {
        name = name_of_.find({before->second, graph.result_index(v)});
      }
    }
    if (name != name_of_.end()) wanted[v] = name->second;
  }
  std::vector<std::string> names = ChooseValueNames(graph, wanted, &next_number_);
  for (ValueId v = 0; v < graph.num_values(); ++v) {
    if (names[v] != "_") name_of_[{nodes[graph.producer(v)], graph.result_index(v)}] = names[v];
  }
  return names;
}

}  // namespace otium::viz
