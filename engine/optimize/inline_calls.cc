// SPDX-License-Identifier: Apache-2.0
//
// Replaces every `call` by the nodes of its graph, so that the other passes see
// through scopes. Requires: calls are not recursive (the parser's law).
// Guarantees: no `call` is left.

#include "engine/base/status.h"
#include "engine/graph/substitute.h"
#include "engine/optimize/pass.h"

namespace otium {

namespace {

// Random ops of two calls of one graph draw from different streams.
int64_t CallStream(NodeId call, int64_t stream) {
  const Hash128 h = Hasher().Add(uint64_t{call}).Add(static_cast<uint64_t>(stream)).Finish();
  return static_cast<int64_t>(h.low >> 2);
}

std::vector<ValueId> InlineCall(const Graph& graph, NodeId n, absl::Span<const ValueId> operands,
                                GraphBuilder& builder) {
  const Graph& callee = *graph.attributes(n).Get<GraphPtr>("graph");
  std::vector<const TensorType*> types;
  for (ValueId v : operands) types.push_back(&builder.graph().type(v));
  const auto bound = BindCallee(callee, types);
  if (!bound.ok()) {
    builder.Fail(bound.status());
    return std::vector<ValueId>(graph.num_results(n), kNoValue);
  }
  auto replace = [&](absl::string_view name) -> std::optional<Dim> {
    for (const auto& [symbol, dim] : *bound) {
      if (symbol == name) return dim;
    }
    return std::nullopt;
  };
  std::vector<ValueId> known(callee.num_values(), kNoValue), roots;
  for (size_t i = 0; i < operands.size(); ++i) known[callee.inputs()[i].value] = operands[i];
  for (const GraphOutput& out : callee.outputs()) roots.push_back(out.value);
  return Inline(callee, roots, &known, &builder, [&](NodeId m) {
    const Attributes a = SubstituteSizes(callee.op(m), callee.attributes(m), replace);
    if (!callee.op(m).Is(kRandomOp)) return a;
    return a.With("stream", CallStream(n, a.Get<int64_t>("stream")));
  });
}

}  // namespace

absl::StatusOr<GraphPtr> InlineCalls(const GraphPtr& graph, PassContext&) {
  GraphPtr result = graph;
  // Each round opens one level of nesting.
  while (AnyNode(*result, [](Op op) { return op == Op::call; })) {
    const Graph& g = *result;
    auto rewrite = [&](NodeId n, absl::Span<const ValueId> operands,
                       GraphBuilder& builder) -> std::optional<std::vector<ValueId>> {
      if (!g.Is(n, Op::call)) return std::nullopt;
      return InlineCall(g, n, operands, builder);
    };
    OTIUM_ASSIGN_OR_RETURN(result, RewriteNodes(result, rewrite));
  }
  return result;
}

}  // namespace otium
