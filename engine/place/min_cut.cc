// SPDX-License-Identifier: Apache-2.0
#include "engine/place/min_cut.h"

#include <algorithm>

namespace otium {

void MinCut::AddEdge(int from, int to, int64_t capacity) {
  edges_of_[from].push_back(static_cast<int>(edges_.size()));
  edges_.push_back({to, capacity});
  edges_of_[to].push_back(static_cast<int>(edges_.size()));
  edges_.push_back({from, 0});
}

// Distances from the source along edges with capacity left; whether the sink has one.
bool MinCut::NumberLevels(int source, int sink) {
  level_.assign(edges_of_.size(), -1);
  level_[source] = 0;
  std::vector<int> queue = {source};
  for (size_t head = 0; head < queue.size(); ++head) {
    for (int e : edges_of_[queue[head]]) {
      const Edge& edge = edges_[e];
      if (edge.rest == 0 || level_[edge.to] >= 0) continue;
      level_[edge.to] = level_[queue[head]] + 1;
      queue.push_back(edge.to);
    }
  }
  return level_[sink] >= 0;
}

// One path of increasing levels with capacity left, saturated; 0 when there is no
// more. Paths are as long as the graph is deep, so no recursion.
int64_t MinCut::Augment(int source, int sink) {
  std::vector<int> path;  // Edges.
  int at = source;
  while (at != sink) {
    bool advanced = false;
    for (size_t& i = next_edge_[at]; i < edges_of_[at].size(); ++i) {
      const int e = edges_of_[at][i];
      if (edges_[e].rest == 0 || level_[edges_[e].to] != level_[at] + 1) continue;
      path.push_back(e);
      at = edges_[e].to;
      advanced = true;
      break;
    }
    if (advanced) continue;
    if (at == source) return 0;
    // A dead end: the edge that led here is never tried again in this round.
    at = edges_[path.back() ^ 1].to;
    path.pop_back();
    ++next_edge_[at];
  }
  int64_t flow = kInfinite;
  for (int e : path) flow = std::min(flow, edges_[e].rest);
  for (int e : path) {
    edges_[e].rest -= flow;
    edges_[e ^ 1].rest += flow;
  }
  return flow;
}

std::vector<bool> MinCut::SinkSide(int source, int sink) {
  while (NumberLevels(source, sink)) {
    next_edge_.assign(edges_of_.size(), 0);
    while (Augment(source, sink) > 0) {
    }
  }
  // What still reaches the sink must be with it; all else can be with the source.
  std::vector<bool> reaches(edges_of_.size(), false);
  reaches[sink] = true;
  std::vector<int> queue = {sink};
  for (size_t head = 0; head < queue.size(); ++head) {
    for (int e : edges_of_[queue[head]]) {
      const int from = edges_[e].to;
      if (reaches[from] || edges_[e ^ 1].rest == 0) continue;
      reaches[from] = true;
      queue.push_back(from);
    }
  }
  return reaches;
}

}  // namespace otium
