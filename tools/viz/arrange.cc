// SPDX-License-Identifier: Apache-2.0
#include "tools/viz/arrange.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace otium::viz {
namespace {

// By where the user wrote it.
std::pair<Index, Index> Key(const Segment& segment, Index n) {
  const Node& node = segment.nodes[n];
  Index key = node.sources.empty() ? 0 : node.sources[0];
  // The nodes of a call stand where it does.
  for (Index s : node.sources) {
    if (segment.sources[s].op == Op::call) key = std::min(key, s);
  }
  return {key, n};
}

// A call that reads nothing but inputs and constants keeps the first of them outside: what a
// model is applied to is not one of its weights, and its first layer is like the
// others.
void KeepFirstInputs(const Segment& segment, const View& view, const std::vector<bool>& reads,
                     std::vector<Index>* drawn_in) {
  const auto outermost = [&](Index scope) {
    while (scope >= 0 && segment.scopes[scope].parent >= 0) scope = segment.scopes[scope].parent;
    return scope;
  };
  std::vector<bool> is_fed(segment.scopes.size(), false);
  for (size_t e = 0; e < segment.edges.size(); ++e) {
    if (!view.edges[e]) continue;
    const Edge& edge = segment.edges[e];
    if (segment.nodes[edge.from].kind == NodeKind::kConstant) continue;
    const Index to = outermost((*drawn_in)[edge.to]);
    if (to >= 0 && outermost((*drawn_in)[edge.from]) != to) is_fed[to] = true;
  }
  for (size_t v = 0; v < segment.nodes.size(); ++v) {
    if (reads[v] || !view.nodes[v] || segment.nodes[v].kind != NodeKind::kInput) continue;
    const Index scope = outermost((*drawn_in)[v]);
    if (scope < 0 || is_fed[scope]) continue;
    is_fed[scope] = true;
    (*drawn_in)[v] = -1;
  }
}

}  // namespace

std::vector<Index> ComputationOrder(const Segment& segment, const View& view) {
  std::vector<Index> order;
  const auto n = static_cast<Index>(segment.nodes.size());
  std::vector<int> missing(n, 0);
  std::vector<std::vector<Index>> in(n), out(n);
  for (size_t e = 0; e < segment.edges.size(); ++e) {
    if (!view.edges[e] || segment.edges[e].from == segment.edges[e].to) continue;
    in[segment.edges[e].to].push_back(segment.edges[e].from);
    out[segment.edges[e].from].push_back(segment.edges[e].to);
  }
  const auto is_leaf = [&](Index v) { return in[v].empty() && !out[v].empty(); };
  for (Index v = 0; v < n; ++v) {
    missing[v] = static_cast<int>(
        std::count_if(in[v].begin(), in[v].end(), [&](Index from) { return !is_leaf(from); }));
  }
  using Entry = std::pair<Index, Index>;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<Entry>> ready;
  std::vector<Entry> all;
  for (Index v = 0; v < n; ++v) {
    if (!view.nodes[v] || is_leaf(v)) continue;
    all.push_back(Key(segment, v));
    if (missing[v] == 0) ready.push(Key(segment, v));
  }
  std::sort(all.begin(), all.end());
  std::vector<bool> done(n, false);
  size_t next = 0, left = all.size();
  while (left > 0) {
    if (ready.empty()) {  // A cycle between stages.
      while (done[all[next].second]) ++next;
      ready.push(all[next]);
    }
    const Index v = ready.top().second;
    ready.pop();
    if (done[v]) continue;
    done[v] = true;
    --left;
    for (Index from : in[v]) {
      if (!is_leaf(from) || done[from]) continue;
      done[from] = true;
      order.push_back(from);
    }
    order.push_back(v);
    for (Index t : out[v]) {
      if (--missing[t] == 0) ready.push(Key(segment, t));
    }
  }
  return order;
}

std::vector<Index> ChooseScopes(const Segment& segment, const View& view) {
  std::vector<Index> drawn_in(segment.nodes.size());
  absl::flat_hash_map<std::pair<Index, Index>, Index> scope_at;
  for (Index s = 0; s < static_cast<Index>(segment.scopes.size()); ++s) {
    scope_at.try_emplace({segment.scopes[s].parent, segment.scopes[s].source}, s);
  }
  std::vector<int> depth(segment.scopes.size(), 0);
  for (size_t s = 0; s < segment.scopes.size(); ++s) {
    if (segment.scopes[s].parent >= 0) depth[s] = depth[segment.scopes[s].parent] + 1;
  }
  for (size_t v = 0; v < segment.nodes.size(); ++v) {
    const Node& node = segment.nodes[v];
    drawn_in[v] = node.scope;
    if (node.kind != NodeKind::kCall || node.sources.empty()) continue;
    const auto it = scope_at.find({node.scope, node.sources[0]});
    if (it != scope_at.end()) drawn_in[v] = it->second;
  }
  constexpr Index kNobody = -2;
  std::vector<Index> readers(segment.nodes.size(), kNobody);
  std::vector<bool> reads(segment.nodes.size(), false);
  for (size_t e = 0; e < segment.edges.size(); ++e) {
    if (!view.edges[e]) continue;
    const Edge& edge = segment.edges[e];
    reads[edge.to] = true;
    Index& common = readers[edge.from];
    Index other = drawn_in[edge.to];
    if (common == kNobody) common = other;
    while (common != other) {
      Index& deeper = common >= 0 && (other < 0 || depth[common] >= depth[other]) ? common : other;
      deeper = segment.scopes[deeper].parent;
    }
  }
  for (size_t v = 0; v < segment.nodes.size(); ++v) {
    if (!reads[v] && readers[v] != kNobody) drawn_in[v] = readers[v];
  }
  KeepFirstInputs(segment, view, reads, &drawn_in);
  return drawn_in;
}

}  // namespace otium::viz
