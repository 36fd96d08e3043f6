// SPDX-License-Identifier: Apache-2.0
//
// Pointwise ops, the reductions of their results and what is done with those
// become regions: one `fused` node that runs as one loop.
//
//   m = amax(x, -1, keepdim=true)
//   e = exp(x - m)                          y = fused amax_sub_exp(x)
//   y = e / sum(e, -1, keepdim=true)
//
// Which nodes go together is decided by region_groups.cc; here the graph is built
// anew around them. A value inside that is used outside becomes a result.
//
// Requires: static shapes (other nodes are left alone). Guarantees: bodies that
// backends/region/lower.h lowers.

#include <algorithm>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "backends/region/lower.h"
#include "engine/base/status.h"
#include "engine/optimize/region_groups.h"

namespace otium {
namespace {

using region::Role;

class Rebuilder {
 public:
  Rebuilder(const Graph& graph, const RegionGroups& groups, PassContext& context)
      : graph_(graph), groups_(groups), context_(context), builder_(graph.sources()) {}

  absl::StatusOr<GraphPtr> Run();

 private:
  static constexpr uint32_t kNoUnit = RegionGroups::kNoUnit;

  uint32_t UnitOfValue(ValueId v) const { return groups_.UnitOf(graph_.producer(v)); }
  void FindMembers();
  absl::Status EmitUnit(uint32_t unit);
  absl::Status EmitRegion(uint32_t unit);
  void EmitNode(NodeId n);
  std::string NameOf(const std::vector<NodeId>& members) const;
  GraphPtr Shared(Graph body);

  const Graph& graph_;
  const RegionGroups& groups_;
  PassContext& context_;
  GraphBuilder builder_;
  std::vector<std::vector<NodeId>> members_;  // Of each unit, in order.
  std::vector<bool> used_outside_;            // Values, of their unit.
  std::vector<ValueId> values_;               // New values of old ones.
  // Equal bodies are one graph; null: it does not lower.
  absl::flat_hash_map<Hash128, GraphPtr> bodies_;
};

void Rebuilder::FindMembers() {
  members_.resize(groups_.num_units());
  used_outside_.assign(graph_.num_values(), false);
  for (NodeId n = 0; n < graph_.num_nodes(); ++n) {
    const uint32_t u = groups_.UnitOf(n);
    if (u != kNoUnit) members_[u].push_back(n);
    for (ValueId v : graph_.operands(n)) {
      if (v != kNoValue && UnitOfValue(v) != u) used_outside_[v] = true;
    }
  }
  for (const GraphOutput& out : graph_.outputs()) used_outside_[out.value] = true;
}

// Units in the order in which their first nodes stood, after those they need: a
// region stands where its first node was, so values live about as long as before.
absl::StatusOr<GraphPtr> Rebuilder::Run() {
  FindMembers();
  builder_.SetName(graph_.name());
  values_.assign(graph_.num_values(), kNoValue);
  for (const GraphInput& in : graph_.inputs()) {
    builder_.SetOrigins(graph_.origins(graph_.producer(in.value)));
    values_[in.value] = builder_.AddInput(in.name, graph_.type(in.value), in.default_value);
  }
  struct Frame {
    uint32_t unit;
    size_t member = 0, operand = 0;
  };
  std::vector<Frame> stack;
  std::vector<bool> entered(groups_.num_units(), false);
  auto enter = [&](uint32_t u) {
    if (entered[u]) return;
    entered[u] = true;
    stack.push_back({u});
  };
  for (NodeId n = 0; n < graph_.num_nodes(); ++n) {
    if (graph_.Is(n, Op::input)) continue;
    if (groups_.UnitOf(n) == kNoUnit) {
      EmitNode(n);
      continue;
    }
    enter(groups_.UnitOf(n));
    while (!stack.empty()) {
      Frame& top = stack.back();
      const uint32_t u = top.unit;
      if (top.member == members_[u].size()) {
        stack.pop_back();
        OTIUM_RETURN_IF_ERROR(EmitUnit(u));
        continue;
      }
      const absl::Span<const ValueId> operands = graph_.operands(members_[u][top.member]);
      if (top.operand == operands.size()) {
        ++top.member;
        top.operand = 0;
        continue;
      }
      const ValueId v = operands[top.operand++];
      if (v == kNoValue || values_[v] != kNoValue) continue;
      if (UnitOfValue(v) == kNoUnit) EmitNode(graph_.producer(v));
      else enter(UnitOfValue(v));
    }
  }
  for (const GraphOutput& out : graph_.outputs()) builder_.AddOutput(out.name, values_[out.value]);
  OTIUM_ASSIGN_OR_RETURN(Graph result, std::move(builder_).Build());
  return std::make_shared<const Graph>(std::move(result));
}

void Rebuilder::EmitNode(NodeId n) {
  for (ValueId v : graph_.operands(n)) {
    if (v == kNoValue || values_[v] != kNoValue) continue;
    // Groups that need each other: levels exclude that.
    return builder_.Fail(absl::InternalError("fuse_regions: a value is needed before it is made"));
  }
  builder_.Copy(graph_, n, &values_);
}

absl::Status Rebuilder::EmitUnit(uint32_t unit) {
  if (groups_.unit(unit).is_region) return EmitRegion(unit);
  for (NodeId n : members_[unit]) EmitNode(n);
  return builder_.status();
}

absl::Status Rebuilder::EmitRegion(uint32_t unit) {
  const std::vector<NodeId>& members = members_[unit];
  GraphBuilder body(graph_.sources());
  body.SetName(NameOf(members));
  absl::flat_hash_map<ValueId, ValueId> inside;  // Values of the body, of old ones.
  std::vector<ValueId> operands;
  // All inputs first, as text has them.
  for (NodeId n : members) {
    for (ValueId v : graph_.operands(n)) {
      if (v == kNoValue || inside.contains(v) || UnitOfValue(v) == unit) continue;
      if (IsNumber(graph_, graph_.producer(v))) continue;
      if (values_[v] == kNoValue) {
        return absl::InternalError("fuse_regions: a value is needed before it is made");
      }
      inside[v] = body.AddInput(absl::StrCat("x", operands.size()), graph_.type(v));
      operands.push_back(values_[v]);
    }
  }
  absl::InlinedVector<ValueId, 4> arguments;
  for (NodeId n : members) {
    arguments.clear();
    for (ValueId v : graph_.operands(n)) {
      if (v != kNoValue && !inside.contains(v)) {
        const NodeId p = graph_.producer(v);
        inside[v] = body.Add(graph_.op(p), {}, graph_.attributes(p));
      }
      arguments.push_back(v == kNoValue ? kNoValue : inside[v]);
    }
    body.SetOrigins(graph_.origins(n));
    const ValueId first = body.Add(graph_.op(n), arguments, graph_.attributes(n));
    OTIUM_RETURN_IF_ERROR(body.status());
    for (int i = 0; i < graph_.num_results(n); ++i) inside[graph_.result(n, i)] = first + i;
  }
  std::vector<ValueId> results;
  for (NodeId n : members) {
    for (int i = 0; i < graph_.num_results(n); ++i) {
      const ValueId v = graph_.result(n, i);
      if (!used_outside_[v]) continue;
      body.AddOutput(absl::StrCat("y", results.size()), inside[v]);
      results.push_back(v);
    }
  }
  OTIUM_ASSIGN_OR_RETURN(Graph built, std::move(body).Build());
  const GraphPtr graph = Shared(std::move(built));
  auto note = [&](RegionOutcome outcome) {
    context_.Note(kRegionRule, outcome, graph_, members.back(), members[0],
                  groups_.unit(unit).loops);
  };
  if (graph == nullptr) {
    // What the walk took for one space is not: the parts are right as they are.
    note(kRegionNoLoop);
    for (NodeId n : members) EmitNode(n);
    return builder_.status();
  }
  builder_.SetOrigins(UnionOfOrigins(graph_, members));
  builder_.SetPin(graph_.pin(members[0]));
  const OpDef& op = GetOp(Op::fused);
  const ValueId first = builder_.Add(op, operands, Attributes(op, {graph}));
  OTIUM_RETURN_IF_ERROR(builder_.status());
  for (size_t i = 0; i < results.size(); ++i) {
    values_[results[i]] = first + static_cast<ValueId>(i);
    builder_.SetValueName(values_[results[i]], graph_.value_name(results[i]));
  }
  note(kRegionFires);
  return absl::OkStatus();
}

// The graph that was made of an equal body before, or this one.
GraphPtr Rebuilder::Shared(Graph body) {
  const auto [it, is_new] = bodies_.try_emplace(body.fingerprint());
  if (is_new && region::LowerRegion(body).ok()) {
    it->second = std::make_shared<const Graph>(std::move(body));
  }
  return it->second;
}

// After its first ops: "amax_sub_exp".
std::string Rebuilder::NameOf(const std::vector<NodeId>& members) const {
  std::vector<absl::string_view> ops;
  for (NodeId n : members) {
    const absl::string_view name = graph_.op(n).name;
    if (region::RoleOf(graph_.op(n).id) == Role::kView) continue;
    if (ops.size() < 3 && std::find(ops.begin(), ops.end(), name) == ops.end()) ops.push_back(name);
  }
  return absl::StrJoin(ops, "_");
}

}  // namespace

absl::StatusOr<GraphPtr> FuseRegions(const GraphPtr& graph, PassContext& context) {
  auto computes = [](Op op) {
    const Role role = region::RoleOf(op);
    return role != Role::kNone && role != Role::kView;
  };
  if (!AnyNode(*graph, computes)) return graph;
  const RegionGroups groups(*graph, context);
  if (!groups.any()) return graph;
  return Rebuilder(*graph, groups, context).Run();
}

}  // namespace otium
