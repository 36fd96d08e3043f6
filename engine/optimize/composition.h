// SPDX-License-Identifier: Apache-2.0
//
// Ops that are compositions of others, written as users would write them:
//
//   Composed Tensorinv(const CompositionCall& c) {
//     return {&kTensorinv, {reshape(inv(reshape(c.operands[0], ...)), ...)}};
//   }

#ifndef OTIUM_ENGINE_OPTIMIZE_COMPOSITION_H_
#define OTIUM_ENGINE_OPTIMIZE_COMPOSITION_H_

#include <optional>
#include <vector>

#include "engine/graph/expr.h"
#include "engine/graph/graph_builder.h"
#include "engine/optimize/pass.h"

namespace otium {

// One application of such an op.
struct CompositionCall {
  // Inputs of the operands' types; empty where an optional one is missing.
  absl::Span<const Expr> operands;
  const Attributes& attributes;
  absl::Span<const TensorType> results;
  const PassContext& context;
};

// The results as expressions of the operands, and the rule that says so, with the
// numbers of its reason. No rule: the node stays.
struct Composed {
  const Rule* rule = nullptr;
  std::vector<Expr> results;
  double numbers[2] = {0, 0};
};
using ComposeFn = Composed (*)(const CompositionCall& call);

// An op that is one, and the rules that `compose` may name.
struct Composition {
  Op op;
  ComposeFn compose;
  std::vector<const Rule*> rules;
};

// The new values of the results of `node`, or nothing when `compose` lets it stay. What
// is known of the results and not seen in the composition is assumed. Random ops in it
// draw from the stream of the node, the second from the next one.
std::optional<std::vector<ValueId>> Compose(const Graph& source, NodeId node,
                                            absl::Span<const ValueId> operands, ComposeFn compose,
                                            GraphBuilder& builder, PassContext& context);

}  // namespace otium

#endif  // OTIUM_ENGINE_OPTIMIZE_COMPOSITION_H_
