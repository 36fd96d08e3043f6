// SPDX-License-Identifier: Apache-2.0
#include "engine/graph/apply.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "engine/base/device.h"

namespace otium {

std::vector<Expr> ApplyGraph(const Graph& graph, absl::Span<const Expr> inputs,
                             SizeReplacement replace, SourcePosition position) {
  std::vector<Expr> values(graph.num_values());
  for (size_t i = 0; i < inputs.size(); ++i) values[graph.inputs()[i].value] = inputs[i];
  absl::flat_hash_map<std::string, Dim> data_sizes;
  const auto replace_size = [&](absl::string_view name) -> std::optional<Dim> {
    auto it = data_sizes.find(name);
    return it != data_sizes.end() ? std::optional<Dim>(it->second) : replace(name);
  };
  for (NodeId n = 0; n < graph.num_nodes(); ++n) {
    const OpDef& op = graph.op(n);
    if (op.id == Op::input) continue;
    if (op.Is(kDataDependent)) {
      const absl::string_view count = graph.attributes(n).Get<Dim>("count").symbol();
      if (!count.empty()) data_sizes[std::string(count)] = FreshSize();
    }
    Operands operands;
    for (ValueId v : graph.operands(n)) operands.push_back(v == kNoValue ? Expr() : values[v]);
    const Attributes attributes = SubstituteSizes(op, graph.attributes(n), replace_size);
    std::vector<NamedAttribute> named;
    size_t i = 0;
    for (const ParamDef& p : op.params) {
      if (IsOperand(p.kind)) continue;
      const AttributeValue& value = attributes.values()[i++];
      if (op.Is(kRandomOp) && p.name == "stream") continue;  // Capture numbers it anew.
      named.push_back({p.name, value});
    }
    const auto node = MakeNode(op, std::move(operands), std::move(named), position);
    for (int r = 0; r < graph.num_results(n); ++r) {
      Expr& value = values[graph.result(n, r)];
      value = Expr(node, r);
      if (graph.pin(n).has_value()) {
        value = MakeExpr(Op::on, Operands{value}, {{"device", DeviceToString(*graph.pin(n))}},
                         position);
      }
    }
  }
  std::vector<Expr> results;
  for (const GraphOutput& out : graph.outputs()) results.push_back(values[out.value]);
  return results;
}

}  // namespace otium
