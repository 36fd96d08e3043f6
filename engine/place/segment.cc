// SPDX-License-Identifier: Apache-2.0
#include "engine/place/segment.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/graph/expr.h"
#include "engine/graph/graph_builder.h"
#include "engine/graph/status_notes.h"
#include "engine/graph/substitute.h"

namespace otium {
namespace {

bool HasStaticOperands(const Graph& g, NodeId n) {
  return std::all_of(g.operands(n).begin(), g.operands(n).end(),
                     [&](ValueId v) { return v == kNoValue || g.type(v).shape.IsStatic(); });
}

bool HasStaticResults(const Graph& g, NodeId n) {
  return std::all_of(g.result_types(n).begin(), g.result_types(n).end(),
                     [](const TensorType& t) { return t.shape.IsStatic(); });
}

// Why the nodes that wait for a size wait in vain: nothing makes it.
absl::Status UnknownSize(const Graph& g, const std::vector<bool>& waiting) {
  for (NodeId n = 0; n < g.num_nodes(); ++n) {
    if (!waiting[n]) continue;
    const std::vector<std::string> names = SizesIn(g.attributes(n));
    if (names.empty()) continue;
    const std::string what = IsFreshSize(names[0])
                                 ? "a size is that of a value which is not computed"
                                 : absl::StrCat("the size ", names[0],
                                                " is not known: neither an input nor a value that "
                                                "is computed before has it");
    return WithPosition(absl::InvalidArgumentError(absl::StrCat(g.op(n).name, ": ", what)),
                        PositionOf(g, n));
  }
  return absl::InternalError("a size is not known, and no attribute mentions it");
}

// The user's name for a value that crosses, or another; none of `used`.
std::string NameOf(const Graph& g, ValueId v, absl::flat_hash_set<std::string>* used) {
  std::string name = g.value_name(v).empty() ? absl::StrCat("t", v) : std::string(g.value_name(v));
  while (!used->insert(name).second) name += "_";
  return name;
}

// Copies the nodes for which `wanted` holds; values of others are known already.
void CopyNodes(const Graph& g, const std::vector<bool>& wanted, std::vector<ValueId>* values,
               GraphBuilder* builder) {
  for (NodeId n = 0; n < g.num_nodes(); ++n) {
    if (wanted[n] && !g.Is(n, Op::input)) builder->Copy(g, n, values);
  }
}

}  // namespace

absl::StatusOr<Segment> CutSegment(const GraphPtr& graph) {
  const Graph& g = *graph;
  // A node is late when it needs a size that an earlier one makes.
  // Sizes in attributes count too: zeros([k]) has no operands.
  std::vector<bool> late(g.num_nodes(), false), early(g.num_nodes(), true);
  bool any_late = false;
  // The values whose shapes tell the sizes that are data in this segment.
  absl::flat_hash_map<std::string, ValueId> makers;
  for (NodeId n = 0; n < g.num_nodes(); ++n) {
    const bool makes_size = g.op(n).Is(kDataDependent);
    bool is_late = !HasStaticOperands(g, n) ||
                   (!makes_size && (!HasStaticResults(g, n) || !SizesIn(g.attributes(n)).empty()));
    for (ValueId v : g.operands(n)) is_late = is_late || (v != kNoValue && late[g.producer(v)]);
    late[n] = is_late;
    early[n] = !is_late;
    any_late = any_late || is_late;
    if (!makes_size || is_late) continue;
    for (std::string& size : SizesIn(g.attributes(n))) makers.emplace(std::move(size), g.result(n));
  }
  if (!any_late) return Segment{graph, std::nullopt};
  if (makers.empty()) return UnknownSize(g, late);

  // What crosses: values of early nodes that late ones use, or whose sizes they do.
  // Constants do not: each side has its own.
  std::vector<bool> crosses(g.num_values(), false);
  std::vector<bool> in_rest = late;
  for (NodeId n = g.num_nodes(); n-- > 0;) {
    if (!in_rest[n]) continue;
    for (ValueId v : g.operands(n)) {
      if (v == kNoValue || late[g.producer(v)]) continue;
      // Constants are in both, and weak values, which are made of numbers only.
      if (g.Is(g.producer(v), Op::constant) || g.type(v).weak) in_rest[g.producer(v)] = true;
      else crosses[v] = true;
    }
    for (const std::string& size : SizesIn(g.attributes(n))) {
      if (auto maker = makers.find(size); maker != makers.end()) crosses[maker->second] = true;
    }
  }

  Continuation continuation;
  GraphBuilder head(g.sources());
  head.SetName(g.name());
  std::vector<ValueId> values(g.num_values(), kNoValue);
  for (const GraphInput& in : g.inputs()) {
    head.SetOrigins(g.origins(g.producer(in.value)));
    values[in.value] = head.AddInput(in.name, g.type(in.value), in.default_value);
  }
  CopyNodes(g, early, &values, &head);
  int32_t num_head_outputs = 0;
  absl::flat_hash_map<ValueId, int32_t> head_output_of;
  for (size_t i = 0; i < g.outputs().size(); ++i) {
    const GraphOutput& out = g.outputs()[i];
    if (late[g.producer(out.value)]) continue;
    head.AddOutput(out.name, values[out.value]);
    continuation.head_outputs.push_back(static_cast<int32_t>(i));
    head_output_of.try_emplace(out.value, num_head_outputs++);
  }
  absl::flat_hash_set<std::string> names;
  for (const GraphInput& in : g.inputs()) names.insert(in.name);
  for (const GraphOutput& out : g.outputs()) names.insert(out.name);

  GraphBuilder rest(g.sources());
  rest.SetName(g.name());
  std::vector<ValueId> rest_values(g.num_values(), kNoValue);
  std::vector<int32_t> input_of(g.num_values(), -1);
  for (size_t i = 0; i < g.inputs().size(); ++i) {
    input_of[g.inputs()[i].value] = static_cast<int32_t>(i);
  }
  for (ValueId v = 0; v < g.num_values(); ++v) {
    if (!crosses[v]) continue;
    rest.SetOrigins(g.origins(g.producer(v)));
    if (const int32_t input = input_of[v]; input >= 0) {
      rest_values[v] = rest.AddInput(g.inputs()[input].name, g.type(v));
      continuation.inputs.push_back({false, input});
      continue;
    }
    const std::string name = NameOf(g, v, &names);
    rest_values[v] = rest.AddInput(name, g.type(v));
    auto [output, is_new] = head_output_of.try_emplace(v, num_head_outputs);
    if (is_new) {
      head.AddOutput(name, values[v]);
      continuation.head_outputs.push_back(-1);
      ++num_head_outputs;
    }
    continuation.inputs.push_back({true, output->second});
  }
  CopyNodes(g, in_rest, &rest_values, &rest);
  for (size_t i = 0; i < g.outputs().size(); ++i) {
    const GraphOutput& out = g.outputs()[i];
    if (early[g.producer(out.value)]) continue;
    rest.AddOutput(out.name, rest_values[out.value]);
    continuation.rest_outputs.push_back(static_cast<int32_t>(i));
  }
  OTIUM_ASSIGN_OR_RETURN(Graph head_graph, std::move(head).Build());
  OTIUM_ASSIGN_OR_RETURN(Graph rest_graph, std::move(rest).Build());
  continuation.rest = std::make_shared<const Graph>(std::move(rest_graph));
  return Segment{std::make_shared<const Graph>(std::move(head_graph)), std::move(continuation)};
}

}  // namespace otium
