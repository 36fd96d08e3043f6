// SPDX-License-Identifier: Apache-2.0
#include "tools/viz/history.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "engine/base/hash.h"
#include "engine/graph/text/printer.h"

namespace otium::viz {
namespace {

// The lines of the nodes in the canonical text of `graph`: one for each that is no
// input, in order (printer.h). The graph itself is the last one in its text.
std::vector<std::string> NodeLines(const Graph& graph, absl::Span<const std::string> names) {
  PrintOptions options;
  options.names = names;
  const std::string text = PrintGraph(graph, options);
  size_t begin = text.rfind("\n}\n\ngraph ");
  begin = begin == std::string::npos ? 0 : begin + 4;
  const size_t body = text.find(" {\n", begin);
  std::vector<std::string> lines(graph.num_nodes());
  if (body == std::string::npos) return lines;
  size_t at = body + 3;
  for (NodeId n = 0; n < graph.num_nodes(); ++n) {
    if (graph.Is(n, Op::input)) continue;
    const size_t end = text.find('\n', at);
    lines[n] = text.substr(at + 2, end - at - 2);
    at = end + 1;
  }
  return lines;
}

// All but operands and origins. Data of large constants is not in it.
Hasher HashNode(const Graph& graph, NodeId n) {
  Hasher h;
  h.Add(static_cast<uint64_t>(graph.op(n).id)).Add(graph.attributes(n).hash());
  for (const TensorType& type : graph.result_types(n)) type.HashInto(h);
  if (graph.pin(n).has_value()) h.Add(absl::string_view(DeviceToString(*graph.pin(n))));
  return h;
}

bool HasCalls(const Graph& graph) {
  for (NodeId n = 0; n < graph.num_nodes(); ++n) {
    if (graph.Is(n, Op::call)) return true;
  }
  return false;
}

bool IsCall(const Segment& segment, Index source) { return segment.sources[source].op == Op::call; }

}  // namespace

NodeKind KindOf(const OpDef& op) {
  switch (op.id) {
    case Op::input: return NodeKind::kInput;
    case Op::constant: return NodeKind::kConstant;
    case Op::call: return NodeKind::kCall;
    case Op::fused: return NodeKind::kFused;
    case Op::cholesky_ex: return NodeKind::kSolver;  // Says what went wrong in a result.
    case Op::index_select:                           // Fail by the index, and solve nothing.
    case Op::gather: return NodeKind::kOther;
    default: break;
  }
  if (op.Is(kRandomOp)) return NodeKind::kRandom;
  if (op.Is(kViewOp)) return NodeKind::kView;
  if (op.Is(kCreationOp)) return NodeKind::kCreation;
  if (op.Is(kFallible)) return NodeKind::kSolver;
  if (op.Is(kPointwiseOp)) return NodeKind::kPointwise;
  if (op.Is(kReductionOp)) return NodeKind::kReduction;
  if (op.promotion == Promotion::kEqual) return NodeKind::kProduct;
  return NodeKind::kOther;
}

// Nodes of `graph` that are nodes of the stage before; -1 for others.
void HistoryBuilder::Match(const Graph& graph) {
  const std::vector<Index> before = std::exchange(node_of_, {});
  node_of_.assign(graph.num_nodes(), -1);
  if (previous_ == nullptr) return;
  const Graph& old = *previous_;
  const auto operands_hash = [](const Graph& g, NodeId n, const std::vector<Index>& nodes,
                                Hasher h) {
    for (ValueId v : g.operands(n)) {
      if (v == kNoValue) {
        h.Add(uint64_t{0});
        continue;
      }
      h.Add(static_cast<uint64_t>(nodes[g.producer(v)]) + 1);
      h.Add(static_cast<uint64_t>(g.result_index(v)));
    }
    return h.Finish();
  };
  const auto origins_hash = [](const Graph& g, NodeId n, Hasher h) {
    h.Add(uint64_t{0x6f726967});
    for (SourceId s : g.origins(n)) h.Add(uint64_t{s});
    return h.Finish();
  };
  // Old nodes by both keys, the first one at the end of its list.
  absl::flat_hash_map<Hash128, std::vector<NodeId>> by_key;
  by_key.reserve(size_t{2} * old.num_nodes());
  std::vector<bool> claimed(old.num_nodes(), false);
  absl::flat_hash_map<absl::string_view, NodeId> inputs;
  for (const GraphInput& in : old.inputs()) inputs.try_emplace(in.name, old.producer(in.value));
  for (NodeId n = old.num_nodes(); n-- > 0;) {
    if (old.Is(n, Op::input)) continue;
    const Hasher h = HashNode(old, n);
    by_key[operands_hash(old, n, before, h)].push_back(n);
    if (!old.origins(n).empty()) by_key[origins_hash(old, n, h)].push_back(n);
  }
  for (const GraphInput& in : graph.inputs()) {
    const auto it = inputs.find(in.name);
    if (it == inputs.end()) continue;
    claimed[it->second] = true;
    node_of_[graph.producer(in.value)] = before[it->second];
  }
  for (NodeId n = 0; n < graph.num_nodes(); ++n) {
    if (graph.Is(n, Op::input)) continue;
    const Hasher h = HashNode(graph, n);
    const auto claim = [&](Hash128 key) {
      const auto it = by_key.find(key);
      if (it == by_key.end()) return false;
      std::vector<NodeId>& list = it->second;
      while (!list.empty() && claimed[list.back()]) list.pop_back();
      if (list.empty() || !SameNode(graph, n, list.back())) return false;
      claimed[list.back()] = true;
      node_of_[n] = before[list.back()];
      return true;
    };
    if (claim(operands_hash(graph, n, node_of_, h))) continue;
    if (!graph.origins(n).empty()) claim(origins_hash(graph, n, h));
  }
}

// Equal but for operands and origins, which the key has.
bool HistoryBuilder::SameNode(const Graph& graph, NodeId n, NodeId old) const {
  const Graph& g = *previous_;
  return graph.op(n).id == g.op(old).id && graph.attributes(n) == g.attributes(old) &&
         graph.result_types(n) == g.result_types(old) && graph.pin(n) == g.pin(old);
}

void HistoryBuilder::AddGraph(absl::string_view stage, Stage::Kind kind, const Graph& graph) {
  const auto index = static_cast<Index>(segment_.stages.size());
  segment_.stages.push_back({std::string(stage), kind, 0, 0});
  const auto& entries = graph.sources()->entries;
  for (size_t i = segment_.sources.size(); i < entries.size(); ++i) {
    segment_.sources.push_back(entries[i]);
  }
  if (index == 0) num_source_entries_ = static_cast<Index>(segment_.sources.size());
  previous_has_calls_ = previous_ != nullptr && HasCalls(*previous_);
  NoteCallees(graph);
  Match(graph);
  made_.clear();
  removed_.clear();
  for (NodeId n = 0; n < graph.num_nodes(); ++n) {
    if (node_of_[n] < 0) {
      node_of_[n] = NewNode(graph, n);
      made_.push_back(node_of_[n]);
    }
    segment_.nodes[node_of_[n]].last = index;
  }
  for (Index i = 0; i < static_cast<Index>(segment_.nodes.size()); ++i) {
    if (segment_.nodes[i].last == index - 1) removed_.push_back(i);
  }
  FindSuccessors();
  names_ = value_names_.Next(graph, segment_, node_of_);
  WriteLines(graph);
  // Of the last stage that has it: a pass may make another node the result.
  for (Index i : node_of_) segment_.nodes[i].outputs.clear();
  for (const GraphOutput& out : graph.outputs()) {
    segment_.nodes[node_of_[graph.producer(out.value)]].outputs.push_back(out.name);
  }
  AddEdges(graph);
  segment_.stages[index].made = index == 0 ? 0 : static_cast<int>(made_.size());
  segment_.stages[index].removed = static_cast<int>(removed_.size());
  previous_ = &graph;
}

// Of the nodes that this stage made, with the names that values have in it.
void HistoryBuilder::WriteLines(const Graph& graph) {
  if (made_.empty()) return;
  const std::vector<std::string> lines = NodeLines(graph, names_);
  for (NodeId n = 0; n < graph.num_nodes(); ++n) {
    Node& node = segment_.nodes[node_of_[n]];
    if (!graph.Is(n, Op::input) && node.first == segment_.last_stage()) node.text = lines[n];
  }
}

Index HistoryBuilder::NewNode(const Graph& graph, NodeId n) {
  Node node;
  const OpDef& op = graph.op(n);
  node.op = std::string(op.name);
  node.kind = KindOf(op);
  node.name = std::string(graph.value_name(graph.result(n)));
  for (const TensorType& type : graph.result_types(n)) {
    absl::StrAppend(&node.type, node.type.empty() ? "" : "; ", type.ToString());
    if (type.shape.IsStatic()) node.bytes += static_cast<double>(type.NumBytes());
  }
  if (op.id == Op::input) {
    for (const GraphInput& in : graph.inputs()) {
      if (graph.producer(in.value) == n) node.name = in.name;
    }
    node.text = absl::StrCat(node.name, ": ", node.type);
  }
  if (graph.pin(n).has_value()) node.device = DeviceToString(*graph.pin(n));
  node.first = node.last = static_cast<Index>(segment_.stages.size()) - 1;
  std::vector<Index> calls;
  for (SourceId s : graph.origins(n)) {
    const auto source = static_cast<Index>(s);
    (op.id != Op::call && IsCall(segment_, source) ? calls : node.sources).push_back(source);
  }
  node.sources.insert(node.sources.end(), calls.begin(), calls.end());
  if (op.id == Op::call || op.id == Op::fused) {
    node.body = Body(*graph.attributes(n).Get<GraphPtr>("graph"));
  }
  node.scope = ScopeOfCalls(node);
  segment_.nodes.push_back(std::move(node));
  return static_cast<Index>(segment_.nodes.size()) - 1;
}

Index HistoryBuilder::Body(const Graph& graph) {
  const auto [it, is_new] =
      body_of_.try_emplace(&graph, static_cast<Index>(segment_.bodies.size()));
  if (!is_new) return it->second;
  // Equal regions are equal graphs, but not one object.
  std::string text = PrintGraph(graph);
  for (size_t i = segment_.bodies.size(); i-- > 0 && i + 64 > segment_.bodies.size();) {
    if (segment_.bodies[i] == text) return it->second = static_cast<Index>(i);
  }
  segment_.bodies.push_back(std::move(text));
  return it->second;
}

// ---- scopes

void HistoryBuilder::NoteCallees(const Graph& graph) {
  std::vector<const Graph*> pending = {&graph};
  absl::flat_hash_set<const Graph*> seen = {&graph};
  while (!pending.empty()) {
    const Graph& g = *pending.back();
    pending.pop_back();
    for (NodeId n = 0; n < g.num_nodes(); ++n) {
      if (!g.Is(n, Op::call)) continue;
      const GraphPtr& callee = g.attributes(n).Get<GraphPtr>("graph");
      for (SourceId s : g.origins(n)) {
        callee_at_.try_emplace(g.sources()->entries[s].position.ToString(), callee->name());
      }
      if (seen.insert(callee.get()).second) pending.push_back(callee.get());
    }
  }
}

// The scope of a node that inline_calls made: its calls, of which an inner one has a
// larger source than an outer one, for sources of callees are appended. Of nodes made
// later it is that of what they were made of (FindSuccessors), or, when that is still
// there, the one that was made for the same calls; of those whose pass was not watched,
// the one call of the source graph that they lie in, if it is one.
Index HistoryBuilder::ScopeOfCalls(const Node& node) {
  if (node.kind == NodeKind::kCall) return -1;
  std::vector<Index> calls;
  for (Index s : node.sources) {
    if (IsCall(segment_, s)) calls.push_back(s);
  }
  std::sort(calls.begin(), calls.end());
  const auto in_source = std::count_if(calls.begin(), calls.end(),
                                       [&](Index call) { return call < num_source_entries_; });
  if (in_source != 1) return -1;
  Index scope = -1;
  for (Index call : calls) {
    if (!previous_has_calls_ && !scope_of_.contains({scope, call})) return -1;
    const auto [it, is_new] =
        scope_of_.try_emplace({scope, call}, static_cast<Index>(segment_.scopes.size()));
    if (is_new) {
      const SourceTable::Entry& entry = segment_.sources[call];
      const auto name = callee_at_.find(entry.position.ToString());
      segment_.scopes.push_back(
          {name != callee_at_.end() && !name->second.empty() ? name->second : "call", scope, call});
      depth_of_scope_.push_back(scope < 0 ? 0 : depth_of_scope_[scope] + 1);
    }
    scope = it->second;
  }
  return scope;
}

Index HistoryBuilder::CommonScope(Index a, Index b) const {
  while (a != b) {
    if (a < 0 || b < 0) return -1;
    (depth_of_scope_[a] >= depth_of_scope_[b] ? a : b) =
        segment_.scopes[depth_of_scope_[a] >= depth_of_scope_[b] ? a : b].parent;
  }
  return a;
}

// ---- what became of what

// A node that went became those made nodes that share a source with it and lie in all
// its calls (one graph called twice gives nodes of equal sources).
void HistoryBuilder::FindSuccessors() {
  if (removed_.empty() || made_.empty()) return;
  // By source and each of the calls around it, or -1.
  absl::flat_hash_map<std::pair<Index, Index>, std::vector<Index>> made_from;
  const auto calls_of = [&](const Node& node) {
    std::vector<Index> calls;
    for (Index s : node.sources) {
      if (node.kind != NodeKind::kCall && IsCall(segment_, s)) calls.push_back(s);
    }
    std::sort(calls.begin(), calls.end());
    return calls;
  };
  const auto own_sources = [&](const Node& node, auto visit) {
    for (Index s : node.sources) {
      if (node.kind == NodeKind::kCall || !IsCall(segment_, s)) visit(s);
    }
  };
  for (Index m : made_) {
    const Node& node = segment_.nodes[m];
    const std::vector<Index> calls = calls_of(node);
    own_sources(node, [&](Index s) {
      made_from[{s, -1}].push_back(m);
      for (Index call : calls) made_from[{s, call}].push_back(m);
    });
    // What a call becomes has it behind its own source.
    for (Index call : calls) made_from[{call, -1}].push_back(m);
  }
  constexpr Index kNone = -2;
  absl::flat_hash_map<Index, Index> scope_of_made;
  for (Index r : removed_) {
    Node& node = segment_.nodes[r];
    const std::vector<Index> calls = calls_of(node);
    own_sources(node, [&](Index s) {
      // The outermost call tells the most apart.
      const auto it = made_from.find({s, calls.empty() ? -1 : calls[0]});
      if (it == made_from.end()) return;
      for (Index m : it->second) {
        const std::vector<Index> theirs = calls_of(segment_.nodes[m]);
        if (std::includes(theirs.begin(), theirs.end(), calls.begin(), calls.end())) {
          node.became.push_back(m);
        }
      }
    });
    std::sort(node.became.begin(), node.became.end());
    node.became.erase(std::unique(node.became.begin(), node.became.end()), node.became.end());
    if (node.kind == NodeKind::kCall) continue;
    for (Index m : node.became) {
      Index& scope = scope_of_made.try_emplace(m, kNone).first->second;
      scope = scope == kNone ? node.scope : CommonScope(scope, node.scope);
    }
  }
  for (const auto& [m, scope] : scope_of_made) segment_.nodes[m].scope = scope;
}

void HistoryBuilder::AddEdges(const Graph& graph) {
  const auto stage = segment_.last_stage();
  absl::flat_hash_map<std::tuple<Index, Index, Index, Index>, Index> now;
  for (NodeId n = 0; n < graph.num_nodes(); ++n) {
    const auto operands = graph.operands(n);
    for (size_t i = 0; i < operands.size(); ++i) {
      const ValueId v = operands[i];
      if (v == kNoValue) continue;
      const Index from = node_of_[graph.producer(v)];
      const std::tuple key(node_of_[n], static_cast<Index>(i), from, graph.result_index(v));
      auto [it, is_new] = now.try_emplace(key, 0);
      if (!is_new) continue;
      const auto old = edge_of_.find(key);
      if (old != edge_of_.end()) {
        it->second = old->second;
        segment_.edges[old->second].last = stage;
        continue;
      }
      it->second = static_cast<Index>(segment_.edges.size());
      const TensorType& type = graph.type(v);
      segment_.edges.push_back({from, node_of_[n], graph.result_index(v), static_cast<Index>(i),
                                stage, stage,
                                type.shape.IsStatic() ? static_cast<double>(type.NumBytes()) : 0});
    }
  }
  edge_of_ = std::move(now);
}

}  // namespace otium::viz
