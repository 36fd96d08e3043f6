// SPDX-License-Identifier: Apache-2.0
#include "engine/optimize/region_groups.h"

#include <algorithm>

#include "backends/region/lower.h"

namespace otium {

using region::Role;

namespace {

constexpr absl::string_view kOutcomes[] = {
    "$0 ops from $b to $a run as one loop",
    "$a is not in the loop of $b: it walks another iteration space",
    "$a is not in the loop of $b: it is wanted on another device",
    "$a is not in the loop of $b, which has $0 ops: a longer one runs out of registers",
    "$a is not in the loop of $b: it needs a value that may be known only after that loop",
    "$0 ops from $b to $a stay apart: together they are no loop",
};

// More instructions want more registers than the first-level cache holds tiles,
// and a chain of a million nodes must be cut somewhere.
constexpr uint32_t kMaxNodes = 64;
constexpr uint32_t kMaxOperands = 32;

bool Reduces(Role role) { return role == Role::kReduction || role == Role::kRowwise; }

}  // namespace

const Rule kRegionRule = {
    .name = "region",
    .formula = "pointwise ops, broadcasts and reductions -> fused",
    .condition = "one iteration space, one device, no cycle",
    .error = ErrorClass::kExact,
    .outcomes = kOutcomes,
};

RegionGroups::RegionGroups(const Graph& graph, PassContext& context)
    : graph_(graph),
      context_(context),
      uses_(graph.CountUses()),
      unit_(graph.num_nodes(), kNoUnit),
      maps_(graph.num_values()) {
  for (NodeId n = 0; n < graph_.num_nodes(); ++n) Place(n);
  for (uint32_t u = 0; u < units_.size(); ++u) {
    if (parent_[u] != u || !units_[u].is_region) continue;
    units_[u].is_region = units_[u].loops > 1;
    any_ = any_ || units_[u].is_region;
  }
}

uint32_t RegionGroups::NewUnit(NodeId n, uint32_t level) {
  const auto u = static_cast<uint32_t>(units_.size());
  parent_.push_back(u);
  units_.emplace_back();
  units_[u].level = level;
  units_[u].first = n;
  return u;
}

void RegionGroups::Merge(uint32_t into, uint32_t from) {
  RegionUnit& a = units_[into];
  const RegionUnit& b = units_[from];
  parent_[from] = into;
  a.nodes += b.nodes;
  a.loops += b.loops;
  a.operands += b.operands;
  a.open_uses += b.open_uses;
  a.first = std::min(a.first, b.first);
  if (b.has_reduction) {
    a.has_reduction = true;
    a.reduced = b.reduced;
  }
}

// ---- places of dimensions

namespace {

template <class DimMap>
bool Covers(const DimMap& map, const Shape& space, uint32_t but_for) {
  uint32_t covered = but_for;
  for (int8_t d : map) {
    if (d >= 0) covered |= 1u << d;
  }
  for (int d = 0; d < space.rank(); ++d) {
    if (!space[d].Is(1) && (covered >> d & 1) == 0) return false;
  }
  return true;
}

// Elements, or one value for each index of the kept dimensions.
template <class DimMap>
bool IsElementOrRow(const DimMap& map, const RegionUnit& u) {
  if (Covers(map, u.space, 0)) return true;
  if (!u.has_reduction) return false;
  for (int8_t d : map) {
    if (d >= 0 && (u.reduced >> d & 1) != 0) return false;
  }
  return Covers(map, u.space, u.reduced);
}

}  // namespace

bool RegionGroups::IsInside(ValueId v, uint32_t u) const {
  const uint32_t unit = UnitOfValue(v);
  if (unit == kNoUnit || units_[unit].is_scalar) return unit == u && unit != kNoUnit;
  return unit == u || std::find(merging_.begin(), merging_.end(), unit) != merging_.end();
}

// Where the results of `n` lie in the space of `u`, when n can be in it. The
// dimensions that it reduces go to *reduced.
std::optional<RegionGroups::DimMap> RegionGroups::MapIn(NodeId n, uint32_t u,
                                                        uint32_t* reduced) const {
  *reduced = 0;
  const RegionUnit& unit = units_[u];
  if (Reduces(region::RoleOf(graph_.op(n).id))) return ReductionMap(n, u, reduced);
  // Every dimension of the result has its place from an operand inside, or the
  // result has the shape of the space.
  const Shape& shape = graph_.type(graph_.result(n)).shape;
  constexpr int8_t kUnknown = -2;
  DimMap map(shape.rank());
  for (int d = 0; d < shape.rank(); ++d) map[d] = shape[d].Is(1) ? kOne : kUnknown;
  for (ValueId v : graph_.operands(n)) {
    if (v == kNoValue || !IsInside(v, u)) continue;
    const DimMap& from = maps_[v];
    const size_t skip = map.size() - from.size();
    for (size_t d = 0; d < from.size(); ++d) {
      if (from[d] == kOne) continue;
      if (map[skip + d] != kUnknown && map[skip + d] != from[d]) return std::nullopt;
      map[skip + d] = from[d];
    }
  }
  const bool whole = shape == unit.space;
  for (int d = 0; d < shape.rank(); ++d) {
    if (map[d] == kOne) continue;
    if (map[d] == kUnknown) {
      if (!whole) return std::nullopt;
      map[d] = static_cast<int8_t>(d);
    } else if (whole && map[d] != d) {
      return std::nullopt;
    }
  }
  return IsElementOrRow(map, unit) ? std::optional(map) : std::nullopt;
}

std::optional<RegionGroups::DimMap> RegionGroups::ReductionMap(NodeId n, uint32_t u,
                                                               uint32_t* reduced) const {
  const RegionUnit& unit = units_[u];
  const ValueId x = graph_.operands(n)[0];
  const Shape& shape = graph_.type(x).shape;
  DimMap from(shape.rank());
  if (IsInside(x, u)) {
    from = maps_[x];
  } else if (shape == unit.space) {
    for (int d = 0; d < shape.rank(); ++d) from[d] = shape[d].Is(1) ? kOne : static_cast<int8_t>(d);
  } else {
    return std::nullopt;
  }
  if (!Covers(from, unit.space, 0)) return std::nullopt;
  const auto dims = region::LoopDims(graph_.op(n), graph_.attributes(n), shape.rank());
  if (!dims.ok()) return std::nullopt;
  for (int d : *dims) {
    if (from[d] != kOne) *reduced |= 1u << from[d];
  }
  if (unit.has_reduction && *reduced != unit.reduced) return std::nullopt;
  if (region::RoleOf(graph_.op(n).id) == Role::kRowwise) return from;
  const bool keeps_rank = graph_.type(graph_.result(n)).rank() == shape.rank();
  DimMap map;
  for (int d = 0; d < shape.rank(); ++d) {
    const bool is_reduced = std::find(dims->begin(), dims->end(), d) != dims->end();
    if (!is_reduced) map.push_back(from[d]);
    else if (keeps_rank) map.push_back(kOne);
  }
  return map;
}

// Sizes of 1 come and go, and repeating is a matter of index maps.
std::optional<RegionGroups::DimMap> RegionGroups::ViewMap(NodeId n, const Shape& space) const {
  const ValueId x = graph_.operands(n)[0];
  const Shape& from = graph_.type(x).shape;
  const Shape& to = graph_.type(graph_.result(n)).shape;
  DimMap map(to.rank());
  switch (graph_.op(n).id) {
    case Op::expand:
    case Op::broadcast_to: {
      const int skip = to.rank() - from.rank();
      for (int d = 0; d < to.rank(); ++d) {
        map[d] = to[d].Is(1) ? kOne : static_cast<int8_t>(d);
        if (d >= skip && maps_[x][d - skip] != kOne && maps_[x][d - skip] != map[d]) {
          return std::nullopt;
        }
      }
      return to == space ? std::optional(map) : std::nullopt;
    }
    case Op::unsqueeze:
    case Op::squeeze:
    case Op::reshape: {
      int i = 0;
      for (int d = 0; d < to.rank(); ++d) {
        map[d] = kOne;
        if (to[d].Is(1)) continue;
        while (i < from.rank() && from[i].Is(1)) ++i;
        if (i == from.rank() || !(from[i] == to[d])) return std::nullopt;
        map[d] = maps_[x][i++];
      }
      return map;
    }
    default: return std::nullopt;
  }
}

void RegionGroups::SetMaps(NodeId n, const DimMap& map) {
  for (int i = 0; i < graph_.num_results(n); ++i) maps_[graph_.result(n, i)] = map;
}

// ---- the walk

bool RegionGroups::IsCandidate(NodeId n) const {
  const Role role = region::RoleOf(graph_.op(n).id);
  if (role == Role::kNone || role == Role::kView) return false;
  auto is_plain = [&](ValueId v) {
    if (v == kNoValue) return true;
    const TensorType& type = graph_.type(v);
    return type.shape.IsStatic() && type.layout.kind == LayoutKind::kStrided;
  };
  for (ValueId v : graph_.operands(n)) {
    if (!is_plain(v)) return false;
    // A body has no weak inputs; numbers it has itself.
    if (v != kNoValue && graph_.type(v).weak && !IsNumber(graph_, graph_.producer(v))) return false;
  }
  for (int i = 0; i < graph_.num_results(n); ++i) {
    if (!is_plain(graph_.result(n, i))) return false;
  }
  // Matrix norms reduce twice.
  return !graph_.Is(n, Op::norm) || graph_.attributes(n).Find<double>("ord") == nullptr;
}

void RegionGroups::Place(NodeId n) {
  if (graph_.Is(n, Op::input) || graph_.Is(n, Op::constant) || IsNumber(graph_, n)) return;
  uint32_t level = 0;
  for (ValueId v : graph_.operands(n)) {
    const uint32_t u = UnitOfValue(v);
    if (u != kNoUnit) level = std::max(level, units_[u].level);
  }
  if (region::RoleOf(graph_.op(n).id) == Role::kView) {
    if (!JoinView(n)) unit_[n] = NewUnit(n, level + 1);
    return;
  }
  if (!IsCandidate(n)) {
    unit_[n] = NewUnit(n, level + 1);
    return;
  }
  if (!Join(n, level)) StartRegion(n, level + 1);
  RegionUnit& unit = units_[UnitOf(n)];
  for (int i = 0; i < graph_.num_results(n); ++i) unit.open_uses += uses_[graph_.result(n, i)];
}

// A view of a row value inside belongs to the region; all others cost nothing
// where they are.
bool RegionGroups::JoinView(NodeId n) {
  const ValueId x = graph_.operands(n)[0];
  const uint32_t u = UnitOfValue(x);
  if (u == kNoUnit || !units_[u].is_region || !units_[u].has_reduction) return false;
  if (graph_.pin(n) != graph_.pin(units_[u].first) || units_[u].nodes >= kMaxNodes) return false;
  if (Covers(maps_[x], units_[u].space, 0)) return false;
  std::optional<DimMap> map = ViewMap(n, units_[u].space);
  if (!map.has_value()) return false;
  unit_[n] = u;
  SetMaps(n, *map);
  units_[u].nodes += 1;
  units_[u].open_uses += static_cast<int64_t>(uses_[graph_.result(n)]) - 1;
  return true;
}

void RegionGroups::StartRegion(NodeId n, uint32_t level) {
  const uint32_t u = unit_[n] = NewUnit(n, level);
  RegionUnit& unit = units_[u];
  const bool reduces = Reduces(region::RoleOf(graph_.op(n).id));
  unit.is_region = true;
  unit.nodes = unit.loops = 1;
  unit.operands = OuterOperands(n, u);
  unit.space = graph_.type(reduces ? graph_.operands(n)[0] : graph_.result(n)).shape;
  unit.is_scalar = !reduces && unit.space.NumElements() == 1;
  uint32_t reduced = 0;
  const std::optional<DimMap> map = MapIn(n, u, &reduced);
  unit.has_reduction = reduces;
  unit.reduced = reduced;
  unit.is_region = map.has_value();
  if (map.has_value()) SetMaps(n, *map);
}

// Puts `n` into the highest region among its operands' that takes it.
bool RegionGroups::Join(NodeId n, uint32_t level) {
  UnitList regions;
  for (ValueId v : graph_.operands(n)) {
    const uint32_t u = UnitOfValue(v);
    if (u == kNoUnit || !units_[u].is_region) continue;
    if (std::find(regions.begin(), regions.end(), u) == regions.end()) regions.push_back(u);
  }
  std::stable_sort(regions.begin(), regions.end(), [&](uint32_t a, uint32_t b) {
    // Scalars wait to be taken along.
    if (units_[a].is_scalar != units_[b].is_scalar) return units_[b].is_scalar;
    return units_[a].level > units_[b].level;
  });
  for (uint32_t u : regions) {
    if (TryJoin(n, u, level, regions)) return true;
  }
  return false;
}

// Operands of `n` from outside `u`, other than numbers.
uint32_t RegionGroups::OuterOperands(NodeId n, uint32_t u) const {
  uint32_t count = 0;
  for (ValueId v : graph_.operands(n)) {
    if (v == kNoValue || UnitOfValue(v) == u) continue;
    count += !IsNumber(graph_, graph_.producer(v));
  }
  return count;
}

bool IsNumber(const Graph& graph, NodeId n) {
  if (graph.Is(n, Op::size)) return graph.attributes(n).Get<Dim>("value").IsStatic();
  return graph.Is(n, Op::constant) && graph.attributes(n).Get<Tensor>("value").NumElements() == 1;
}

bool RegionGroups::Refuse(NodeId n, uint8_t why, uint32_t u) {
  merging_.clear();
  context_.Note(kRegionRule, why, graph_, n, units_[u].first, units_[u].loops);
  return false;
}

// With `n`, other regions of its operands come into `u`: those that must, because
// they are not below it, and those that may.
bool RegionGroups::TryJoin(NodeId n, uint32_t u, uint32_t level, const UnitList& regions) {
  if (graph_.pin(n) != graph_.pin(units_[u].first)) return Refuse(n, kRegionPinned, u);
  if (level > units_[u].level) return Refuse(n, kRegionCycle, u);
  uint32_t nodes = units_[u].nodes + 1;
  uint32_t operands = units_[u].operands + OuterOperands(n, u);
  for (ValueId v : graph_.operands(n)) {
    const uint32_t w = UnitOfValue(v);
    if (w == kNoUnit || units_[w].is_region || units_[w].level < units_[u].level) continue;
    return Refuse(n, kRegionCycle, u);
  }
  // What the merged region reduces: all of its parts over the same dimensions.
  std::optional<uint32_t> reduces;
  if (units_[u].has_reduction) reduces = units_[u].reduced;
  auto fits = [&](uint32_t w) {
    return !units_[w].has_reduction || !reduces.has_value() || *reduces == units_[w].reduced;
  };
  UnitList may;
  for (uint32_t w : regions) {
    if (w == u) continue;
    const bool must = units_[w].level >= units_[u].level;
    if (!CanMerge(n, u, w) || !fits(w)) {
      if (must) return Refuse(n, kRegionOtherSpace, u);
    } else if (must) {
      merging_.push_back(w);
      if (units_[w].has_reduction) reduces = units_[w].reduced;
      nodes += units_[w].nodes;
      operands += units_[w].operands;
    } else {
      may.push_back(w);
    }
  }
  if (nodes > kMaxNodes || operands > kMaxOperands) return Refuse(n, kRegionFull, u);
  uint32_t reduced = 0;
  const std::optional<DimMap> map = MapIn(n, u, &reduced);
  if (!map.has_value()) return Refuse(n, kRegionOtherSpace, u);
  if (Reduces(region::RoleOf(graph_.op(n).id))) {
    if (reduces.has_value() && *reduces != reduced) return Refuse(n, kRegionOtherSpace, u);
    reduces = reduced;
  }
  for (uint32_t w : may) {
    if (!fits(w)) continue;
    if (nodes + units_[w].nodes > kMaxNodes || operands + units_[w].operands > kMaxOperands) {
      continue;
    }
    merging_.push_back(w);
    uint32_t reduced_with = 0;
    const std::optional<DimMap> map_with = MapIn(n, u, &reduced_with);
    if (map_with != map || reduced_with != reduced) {
      merging_.pop_back();
      continue;
    }
    nodes += units_[w].nodes;
    operands += units_[w].operands;
    if (units_[w].has_reduction) reduces = units_[w].reduced;
  }
  for (uint32_t w : merging_) Merge(u, w);
  merging_.clear();

  RegionUnit& unit = units_[u];
  unit_[n] = u;
  SetMaps(n, *map);
  unit.nodes += 1;
  unit.loops += 1;
  unit.operands = operands;
  for (ValueId v : graph_.operands(n)) {
    if (UnitOfValue(v) == u) unit.open_uses -= 1;
  }
  if (Reduces(region::RoleOf(graph_.op(n).id))) {
    unit.has_reduction = true;
    unit.reduced = reduced;
  }
  return true;
}

// Whether region `w` may become part of `u` where n uses both.
bool RegionGroups::CanMerge(NodeId n, uint32_t u, uint32_t w) const {
  const RegionUnit& a = units_[u];
  const RegionUnit& b = units_[w];
  if (graph_.pin(a.first) != graph_.pin(b.first)) return false;
  if (!b.is_scalar && (a.is_scalar || !(a.space == b.space))) return false;
  if (a.has_reduction && b.has_reduction && a.reduced != b.reduced) return false;
  if (b.level > a.level) return false;
  if (a.is_scalar == b.is_scalar && a.level == b.level) return true;
  // A lower one comes along when nobody else waits for it; scalars only then,
  // because a region of arrays does not give them out.
  int64_t edges = 0;
  for (ValueId v : graph_.operands(n)) edges += UnitOfValue(v) == w;
  return b.open_uses == edges;
}

}  // namespace otium
