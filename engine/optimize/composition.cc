// SPDX-License-Identifier: Apache-2.0
#include "engine/optimize/composition.h"

#include "absl/strings/str_cat.h"
#include "engine/graph/capture.h"
#include "engine/optimize/contraction.h"

namespace otium {
namespace {

// Adds the nodes of `body` to `builder`, as nodes that come from where it says now;
// the values of the outputs.
std::vector<ValueId> AddNodes(const Graph& body, absl::Span<const ValueId> inputs,
                              GraphBuilder& builder) {
  std::vector<ValueId> values(body.num_values(), kNoValue);
  for (size_t i = 0; i < inputs.size(); ++i) values[body.inputs()[i].value] = inputs[i];
  std::vector<ValueId> operands;
  for (NodeId n = 0; n < body.num_nodes(); ++n) {
    if (body.Is(n, Op::input)) continue;
    operands.clear();
    for (ValueId v : body.operands(n)) operands.push_back(v == kNoValue ? kNoValue : values[v]);
    const ValueId first = builder.Add(body.op(n), operands, body.attributes(n));
    if (first == kNoValue) break;
    for (int i = 0; i < body.num_results(n); ++i) {
      values[body.result(n, i)] = first + static_cast<ValueId>(i);
    }
  }
  std::vector<ValueId> outputs;
  for (const GraphOutput& out : body.outputs()) outputs.push_back(values[out.value]);
  return outputs;
}

}  // namespace

std::optional<std::vector<ValueId>> Compose(const Graph& source, NodeId node,
                                            absl::Span<const ValueId> operands, ComposeFn compose,
                                            GraphBuilder& builder, PassContext& context) {
  CaptureRequest request;
  std::vector<Expr> exprs;
  std::vector<ValueId> inputs;
  for (size_t i = 0; i < operands.size(); ++i) {
    exprs.emplace_back();
    if (operands[i] == kNoValue) continue;
    TensorType type = builder.graph().type(operands[i]);
    type.weak = false;
    exprs.back() = InputExpr(absl::StrCat(i), type, {});
    request.inputs.push_back({exprs.back(), Expr()});
    inputs.push_back(operands[i]);
  }
  const Attributes& attributes = source.attributes(node);
  const Composed composed = compose({exprs, attributes, source.result_types(node), context});
  if (composed.rule == nullptr) return std::nullopt;
  for (const Expr& result : composed.results) {
    request.outputs.emplace_back(absl::StrCat(request.outputs.size()), result);
  }
  if (source.op(node).Is(kRandomOp)) request.first_stream = attributes.Get<int64_t>("stream");
  const absl::StatusOr<Graph> body = Capture(request);
  if (!body.ok()) {
    builder.Fail(body.status());
    return std::vector<ValueId>(source.num_results(node), kNoValue);
  }
  std::vector<ValueId> results = AddNodes(*body, inputs, builder);
  const Graph& made = builder.graph();
  context.Note(*composed.rule, 0, source, node, std::nullopt, composed.numbers[0],
               composed.numbers[1], &made.op(made.producer(results[0])));
  for (size_t i = 0; i < results.size(); ++i) {
    results[i] = WithFacts(results[i], source.result_types(node)[i].structure, &builder);
  }
  return results;
}

}  // namespace otium
