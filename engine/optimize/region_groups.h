// SPDX-License-Identifier: Apache-2.0
//
// Which nodes make a region: the grouping that fuse_regions.cc rebuilds a graph by.
//
// Greedy, in one walk over the nodes: a node joins the region of an operand when
// they walk the same iteration space, and regions that meet at a node become one.
// Nothing is computed twice, so a region never costs more than its parts: the same
// flops, fewer bytes, fewer launches.
//
// No cycles: units (regions and other nodes) have levels, and what depends on a
// unit has a higher one. A node joins a unit only if its other operands' units
// have lower levels; units of one level do not depend on each other and can merge.

#ifndef OTIUM_ENGINE_OPTIMIZE_REGION_GROUPS_H_
#define OTIUM_ENGINE_OPTIMIZE_REGION_GROUPS_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "engine/optimize/pass.h"

namespace otium {

// A region, or a node that is in none. Constants and inputs are in no unit.
struct RegionUnit {
  bool is_region = false;
  uint32_t level = 0;
  uint32_t nodes = 0;
  uint32_t loops = 0;     // Nodes that compute: all but views.
  uint32_t operands = 0;  // Edges into it that are no numbers: at least its operands.
  int64_t open_uses = 0;  // Uses of its values by nodes that are not in it.
  NodeId first = 0;
  bool is_scalar = false;  // All values have one element, and nothing is reduced.
  Shape space;
  bool has_reduction = false;
  uint32_t reduced = 0;  // Bit d: dimension d of the space is reduced.
};

class RegionGroups {
 public:
  static constexpr uint32_t kNoUnit = ~uint32_t{0};

  // Notes every refusal.
  RegionGroups(const Graph& graph, PassContext& context);

  // Whether there is a region of more than one node that computes.
  bool any() const { return any_; }
  uint32_t num_units() const { return static_cast<uint32_t>(units_.size()); }
  // kNoUnit for inputs and constants.
  uint32_t UnitOf(NodeId n) const { return unit_[n] == kNoUnit ? kNoUnit : Root(unit_[n]); }
  const RegionUnit& unit(uint32_t u) const { return units_[u]; }

 private:
  // Where a dimension of a value lies in the space: one of the space's, or kOne,
  // nowhere, because its size is 1.
  static constexpr int8_t kOne = -1;
  using DimMap = absl::InlinedVector<int8_t, 8>;
  using UnitList = absl::InlinedVector<uint32_t, 4>;

  uint32_t Root(uint32_t u) const {
    while (parent_[u] != u) u = parent_[u] = parent_[parent_[u]];
    return u;
  }
  uint32_t UnitOfValue(ValueId v) const {
    return v == kNoValue ? kNoUnit : UnitOf(graph_.producer(v));
  }
  uint32_t NewUnit(NodeId n, uint32_t level);
  void Merge(uint32_t into, uint32_t from);

  void Place(NodeId n);
  bool IsCandidate(NodeId n) const;
  bool JoinView(NodeId n);
  void StartRegion(NodeId n, uint32_t level);
  bool Join(NodeId n, uint32_t level);
  bool TryJoin(NodeId n, uint32_t u, uint32_t level, const UnitList& regions);
  bool CanMerge(NodeId n, uint32_t u, uint32_t w) const;
  uint32_t OuterOperands(NodeId n, uint32_t u) const;
  bool Refuse(NodeId n, uint8_t why, uint32_t u);

  bool IsInside(ValueId v, uint32_t u) const;
  std::optional<DimMap> MapIn(NodeId n, uint32_t u, uint32_t* reduced) const;
  std::optional<DimMap> ReductionMap(NodeId n, uint32_t u, uint32_t* reduced) const;
  std::optional<DimMap> ViewMap(NodeId n, const Shape& space) const;
  void SetMaps(NodeId n, const DimMap& map);

  const Graph& graph_;
  PassContext& context_;
  const std::vector<uint32_t> uses_;
  std::vector<uint32_t> unit_;  // Of each node, before merging.
  std::vector<DimMap> maps_;    // Of each value inside a region.
  std::vector<RegionUnit> units_;
  mutable std::vector<uint32_t> parent_;
  UnitList merging_;  // What would come along with the node at hand.
  bool any_ = false;
};

// Constants of one element and sizes, which every body that uses them has itself.
bool IsNumber(const Graph& graph, NodeId n);

// The rule that fusing regions is, for reasons.
extern const Rule kRegionRule;
enum RegionOutcome : uint8_t {
  kRegionFires,
  kRegionOtherSpace,
  kRegionPinned,
  kRegionFull,
  kRegionCycle,
  kRegionNoLoop,
};

}  // namespace otium

#endif  // OTIUM_ENGINE_OPTIMIZE_REGION_GROUPS_H_
