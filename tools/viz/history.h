// SPDX-License-Identifier: Apache-2.0
//
// The graphs of one segment, stage after stage, as nodes that live from one stage
// to another. See model.h for when two nodes are one.

#ifndef OTIUM_TOOLS_VIZ_HISTORY_H_
#define OTIUM_TOOLS_VIZ_HISTORY_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "tools/viz/model.h"
#include "tools/viz/value_names.h"

namespace otium::viz {

class HistoryBuilder {
 public:
  explicit HistoryBuilder(Segment* segment) : segment_(*segment) {}

  // The next stage. Constants and bodies are looked at; nothing of `graph` is kept
  // but the pointer, which must live until the next call.
  void AddGraph(absl::string_view stage, Stage::Kind kind, const Graph& graph);

  // The node of each node of the last graph.
  const std::vector<Index>& nodes() const { return node_of_; }
  // The names of its values.
  const std::vector<std::string>& names() const { return names_; }
  // Ids of the nodes that the last stage made, and of those that went.
  const std::vector<Index>& made() const { return made_; }
  const std::vector<Index>& removed() const { return removed_; }

 private:
  void Match(const Graph& graph);
  bool SameNode(const Graph& graph, NodeId n, NodeId old) const;
  Index NewNode(const Graph& graph, NodeId n);
  void WriteLines(const Graph& graph);
  void AddEdges(const Graph& graph);
  void FindSuccessors();
  void NoteCallees(const Graph& graph);
  Index Body(const Graph& graph);
  Index ScopeOfCalls(const Node& node);
  Index CommonScope(Index a, Index b) const;

  Segment& segment_;
  const Graph* previous_ = nullptr;
  bool previous_has_calls_ = false;
  Index num_source_entries_ = 0;  // Of the first stage.
  std::vector<Index> node_of_;
  std::vector<Index> made_, removed_;
  ValueNames value_names_;
  std::vector<std::string> names_;
  // Edges of the last stage, by end, operand, beginning and result.
  absl::flat_hash_map<std::tuple<Index, Index, Index, Index>, Index> edge_of_;
  absl::flat_hash_map<const Graph*, Index> body_of_;
  absl::flat_hash_map<std::pair<Index, Index>, Index> scope_of_;  // By parent and call.
  // The name of what is called where, by the position of the call.
  absl::flat_hash_map<std::string, std::string> callee_at_;
  std::vector<int> depth_of_scope_;
};

NodeKind KindOf(const OpDef& op);

}  // namespace otium::viz

#endif  // OTIUM_TOOLS_VIZ_HISTORY_H_
