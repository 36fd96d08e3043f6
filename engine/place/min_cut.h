// SPDX-License-Identifier: Apache-2.0
//
// Minimum s-t cut by Dinic's algorithm (E. A. Dinic, "Algorithm for solution of a
// problem of maximum flow in networks with power estimation", 1970): rounds of a
// breadth-first search that numbers the levels from the source, and of depth-first
// searches that saturate every path which climbs them. At most V rounds of V*E;
// near linear on the sparse graphs of placement.

#ifndef OTIUM_ENGINE_PLACE_MIN_CUT_H_
#define OTIUM_ENGINE_PLACE_MIN_CUT_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace otium {

class MinCut {
 public:
  // Never cut, as long as all other capacities sum to less.
  static constexpr int64_t kInfinite = std::numeric_limits<int64_t>::max() / 4;

  explicit MinCut(int num_vertices) : edges_of_(num_vertices) {}

  int AddVertex() {
    edges_of_.emplace_back();
    return static_cast<int>(edges_of_.size()) - 1;
  }
  // It costs `capacity` >= 0 when `from` is on the source's side and `to` is not.
  void AddEdge(int from, int to, int64_t capacity);

  // Finds a cut of least capacity; among those, the one with the fewest vertices
  // on the sink's side. Per vertex: whether it is there.
  std::vector<bool> SinkSide(int source, int sink);

 private:
  struct Edge {
    int to;
    int64_t rest;  // Capacity that is not used yet. The reverse edge is edge ^ 1.
  };
  bool NumberLevels(int source, int sink);
  int64_t Augment(int source, int sink);

  std::vector<Edge> edges_;
  std::vector<std::vector<int>> edges_of_;
  std::vector<int> level_;
  std::vector<std::size_t> next_edge_;
};

}  // namespace otium

#endif  // OTIUM_ENGINE_PLACE_MIN_CUT_H_
