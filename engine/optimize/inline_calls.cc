// SPDX-License-Identifier: Apache-2.0
//
// Replaces every `call` by the nodes of its graph, so that the other passes see
// through scopes. Requires: calls are not recursive (the parser's law).
// Guarantees: no `call` is left.

#include <memory>

#include "absl/container/flat_hash_map.h"
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

// Opens the calls of one graph. The nodes of a callee come from its own source and
// from the call's.
class Opener {
 public:
  explicit Opener(const Graph& graph) : graph_(graph), sources_(std::make_shared<SourceTable>()) {
    sources_->entries = graph.sources()->entries;
  }

  std::shared_ptr<const SourceTable> sources() const { return sources_; }

  std::vector<ValueId> Open(NodeId n, absl::Span<const ValueId> operands, GraphBuilder& builder) {
    const Graph& callee = *graph_.attributes(n).Get<GraphPtr>("graph");
    std::vector<ValueId> results(graph_.num_results(n), kNoValue);
    std::vector<const TensorType*> types;
    for (ValueId v : operands) types.push_back(&builder.graph().type(v));
    const auto bound = BindCallee(callee, types);
    if (!bound.ok()) {
      builder.Fail(bound.status());
      return results;
    }
    auto replace = [&](absl::string_view name) -> std::optional<Dim> {
      for (const auto& [symbol, dim] : *bound) {
        if (symbol == name) return dim;
      }
      return std::nullopt;
    };
    std::vector<ValueId> values(callee.num_values(), kNoValue);
    for (size_t i = 0; i < operands.size(); ++i) values[callee.inputs()[i].value] = operands[i];
    const SourceId first_source = Imported(callee);
    std::vector<ValueId> arguments;
    for (NodeId m = 0; m < callee.num_nodes(); ++m) {
      if (callee.Is(m, Op::input)) continue;
      arguments.clear();
      for (ValueId v : callee.operands(m)) {
        arguments.push_back(v == kNoValue ? kNoValue : values[v]);
      }
      std::vector<SourceId> origins;
      for (SourceId id : callee.origins(m)) origins.push_back(first_source + id);
      const absl::Span<const SourceId> of_call = graph_.origins(n);
      origins.insert(origins.end(), of_call.begin(), of_call.end());
      builder.SetOrigins(origins);
      builder.SetPin(callee.pin(m).has_value() ? callee.pin(m) : graph_.pin(n));
      Attributes attributes = SubstituteSizes(callee.op(m), callee.attributes(m), replace);
      if (callee.op(m).Is(kRandomOp)) {
        attributes = attributes.With("stream", CallStream(n, attributes.Get<int64_t>("stream")));
      }
      const ValueId first = builder.Add(callee.op(m), arguments, attributes);
      if (first == kNoValue) return results;
      for (int i = 0; i < callee.num_results(m); ++i) {
        values[callee.result(m, i)] = first + static_cast<ValueId>(i);
      }
    }
    for (size_t i = 0; i < results.size(); ++i) results[i] = values[callee.outputs()[i].value];
    return results;
  }

 private:
  // Where the sources of `callee` begin among those of the graph.
  SourceId Imported(const Graph& callee) {
    const auto [it, is_new] = first_source_.try_emplace(
        callee.sources().get(), static_cast<SourceId>(sources_->entries.size()));
    const auto& entries = callee.sources()->entries;
    if (is_new) sources_->entries.insert(sources_->entries.end(), entries.begin(), entries.end());
    return it->second;
  }

  const Graph& graph_;
  const std::shared_ptr<SourceTable> sources_;
  absl::flat_hash_map<const SourceTable*, SourceId> first_source_;
};

}  // namespace

absl::StatusOr<GraphPtr> InlineCalls(const GraphPtr& graph, PassContext&) {
  GraphPtr result = graph;
  // Each round opens one level of nesting.
  while (AnyNode(*result, [](Op op) { return op == Op::call; })) {
    const Graph& g = *result;
    Opener opener(g);
    auto rewrite = [&](NodeId n, absl::Span<const ValueId> operands,
                       GraphBuilder& builder) -> std::optional<std::vector<ValueId>> {
      if (!g.Is(n, Op::call)) return std::nullopt;
      return opener.Open(n, operands, builder);
    };
    OTIUM_ASSIGN_OR_RETURN(result, RewriteNodes(result, rewrite, nullptr, opener.sources()));
  }
  return result;
}

}  // namespace otium
