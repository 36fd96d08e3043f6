// SPDX-License-Identifier: Apache-2.0
//
// Computes what is known before the run: ops of small constants only, whose
// result is small again. Folding never grows bytes beyond kSmallConstant
// elements, never folds what is random or can fail, and computes with the same
// kernels as the run, so that bits do not change.
//
// Requires: static shapes. Guarantees: no foldable op has only constant operands.

#include <algorithm>

#include "engine/base/status.h"
#include "engine/optimize/pass.h"

namespace otium {
namespace {

constexpr absl::string_view kOutcomes[] = {"$a is known before the run"};
constexpr Rule kFold = {
    .name = "fold_constants",
    .formula = "f(constants) -> constant",
    .condition = "the result has at most 64 elements; f is not random and cannot fail",
    .error = ErrorClass::kExact,
    .outcomes = kOutcomes,
};

bool IsSmall(const TensorType& type) {
  return type.shape.IsStatic() && type.shape.NumElements() <= kSmallConstant &&
         type.layout.kind == LayoutKind::kStrided;
}

// Per node: whether its results are known before the run.
std::vector<bool> FindKnown(const Graph& g) {
  std::vector<bool> known(g.num_nodes(), false);
  for (NodeId n = 0; n < g.num_nodes(); ++n) {
    const OpDef& op = g.op(n);
    if (op.id == Op::input || op.Is(kRandomOp) || op.Is(kFallible) || op.Is(kDataDependent) ||
        g.pin(n).has_value()) {
      continue;
    }
    // Creation ops alone stay: an eye or zeros says more than its elements.
    if (op.Is(kCreationOp) && op.id != Op::constant && op.id != Op::size) continue;
    known[n] = std::all_of(g.result_types(n).begin(), g.result_types(n).end(), IsSmall) &&
               std::all_of(g.operands(n).begin(), g.operands(n).end(),
                           [&](ValueId v) { return v == kNoValue || known[g.producer(v)]; });
  }
  return known;
}

}  // namespace

absl::StatusOr<GraphPtr> FoldConstants(const GraphPtr& graph, PassContext& context) {
  const Graph& g = *graph;
  const std::vector<bool> known = FindKnown(g);
  // Known values that something unknown, or the caller, needs.
  std::vector<ValueId> wanted;
  std::vector<bool> is_wanted(g.num_values(), false);
  auto want = [&](ValueId v) {
    if (v == kNoValue || is_wanted[v] || !known[g.producer(v)] ||
        g.Is(g.producer(v), Op::constant)) {
      return;
    }
    is_wanted[v] = true;
    wanted.push_back(v);
  };
  for (NodeId n = 0; n < g.num_nodes(); ++n) {
    if (known[n]) continue;
    for (ValueId v : g.operands(n)) want(v);
  }
  for (const GraphOutput& out : g.outputs()) want(out.value);
  if (wanted.empty()) return graph;

  GraphBuilder builder(g.sources());
  std::vector<ValueId> values(g.num_values(), kNoValue);
  const std::vector<ValueId> roots = Inline(g, wanted, &values, &builder);
  for (size_t i = 0; i < roots.size(); ++i) builder.AddOutput(std::to_string(i), roots[i]);
  OTIUM_ASSIGN_OR_RETURN(const Graph constant, std::move(builder).Build());
  OTIUM_ASSIGN_OR_RETURN(const std::vector<Tensor> results, context.evaluate(constant));

  std::vector<int> result_of(g.num_values(), -1);
  for (size_t i = 0; i < wanted.size(); ++i) result_of[wanted[i]] = static_cast<int>(i);
  return RewriteNodes(
      graph,
      [&](NodeId n, absl::Span<const ValueId>,
          GraphBuilder& b) -> std::optional<std::vector<ValueId>> {
        if (!known[n] || g.Is(n, Op::constant)) return std::nullopt;
        std::vector<ValueId> folded(g.num_results(n), kNoValue);
        bool any = false;
        for (int i = 0; i < g.num_results(n); ++i) {
          const int index = result_of[g.result(n, i)];
          if (index < 0) continue;
          folded[i] = b.Add(Op::constant, {},
                            {{"value", results[index]}, {"weak", g.type(g.result(n, i)).weak}});
          any = true;
        }
        // Only other known nodes need it, or results that nobody wants keep it.
        if (!any || std::find(folded.begin(), folded.end(), kNoValue) != folded.end()) {
          return std::nullopt;
        }
        context.Note(kFold, 0, g, n);
        return folded;
      });
}

}  // namespace otium
