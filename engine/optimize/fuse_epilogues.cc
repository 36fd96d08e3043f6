// SPDX-License-Identifier: Apache-2.0
//
// What is done with each element of a matrix product, or of a batch of them (an
// activation, a residual), or with each of its rows (softmax), joins it, and runs on
// its tiles while they are in cache:
//
//   relu(addmm(b, x, W))    -> fused addmm_relu(b, x, W)
//   fused mul_add(mm(A, B), c)  -> fused mm_mul_add(A, B, c)
//   softmax(matmul(q, k), -1)   -> fused matmul_softmax(q, k)
//
// Requires: static shapes; regions are made (fuse_regions). Guarantees: bodies
// that backends/region/product_region.h finds.

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "backends/region/lower.h"
#include "backends/region/product_region.h"
#include "engine/base/status.h"
#include "engine/optimize/pass.h"
#include "engine/optimize/region_groups.h"

namespace otium {
namespace {

enum Outcome : uint8_t { kFires, kManyUses, kPinned, kManyResults, kNotOnTiles };

constexpr absl::string_view kOutcomes[] = {
    "$a runs on the tiles of the product $b",
    "$a does not run on the tiles of the product $b, which has $0 uses",
    "$a does not run on the tiles of the product $b: it is wanted on another device",
    "$a does not run on the tiles of the product $b: it has $0 results",
    "$a does not run on the tiles of the product $b: it is no loop over its elements, or over "
    "rows that are short or many",
};
constexpr Rule kRule = {
    .name = "epilogue",
    .formula = "f(mm(A, B), ...) -> fused mm_f(A, B, ...)",
    .condition =
        "f is elementwise, or reduces rows that fit in cache, and all that uses the product",
    .error = ErrorClass::kExact,
    .outcomes = kOutcomes,
};

// Where tiles of the product are: full precision.
bool HasTiles(const TensorType& type) {
  return type.shape.IsStatic() && IsInexact(type.dtype) && ItemSize(RealDType(type.dtype)) >= 4;
}

class Fuser {
 public:
  Fuser(const GraphPtr& graph, PassContext& context)
      : graph_(*graph), context_(context), uses_(graph->CountUses()) {}

  std::vector<ValueId>* new_values() { return &new_values_; }

  std::optional<std::vector<ValueId>> Rewrite(NodeId n, GraphBuilder& builder) {
    const Op op = graph_.op(n).id;
    const bool is_region = op == Op::fused;
    const region::Role role = region::RoleOf(op);
    if (!is_region && role != region::Role::kPointwise && role != region::Role::kRowwise) {
      return std::nullopt;
    }
    for (ValueId v : graph_.operands(n)) {
      if (v == kNoValue || !region::IsRegionProduct(graph_.op(graph_.producer(v)).id)) continue;
      if (!HasTiles(graph_.type(v))) continue;
      if (!Allowed(n, v)) continue;
      if (graph_.num_results(n) > 1) {
        Note(n, v, kManyResults, graph_.num_results(n));
        continue;
      }
      absl::StatusOr<Graph> body = Body(n, graph_.producer(v));
      if (!body.ok() || region::FindProductRegion(*body) == nullptr) {
        Note(n, v, kNotOnTiles);
        continue;
      }
      Note(n, v, kFires);
      return Fuse(n, graph_.producer(v), *std::move(body), builder);
    }
    return std::nullopt;
  }

 private:
  void Note(NodeId n, ValueId product, Outcome outcome, double x = 0) {
    context_.Note(kRule, outcome, graph_, n, graph_.producer(product), x);
  }

  bool Allowed(NodeId n, ValueId product) {
    const absl::Span<const ValueId> operands = graph_.operands(n);
    if (uses_[product] != std::count(operands.begin(), operands.end(), product)) {
      Note(n, product, kManyUses, uses_[product]);
      return false;
    }
    if (graph_.pin(n) != graph_.pin(graph_.producer(product))) {
      Note(n, product, kPinned);
      return false;
    }
    return true;
  }

  // The region of the product and of `n`. Its inputs are outer_.
  absl::StatusOr<Graph> Body(NodeId n, NodeId product) {
    GraphBuilder body(graph_.sources());
    const bool is_region = graph_.Is(n, Op::fused);
    const GraphPtr* inner = is_region ? &graph_.attributes(n).Get<GraphPtr>("graph") : nullptr;
    body.SetName(absl::StrCat(graph_.op(product).name, "_",
                              is_region ? (*inner)->name() : graph_.op(n).name));
    // All inputs first, as text has them.
    outer_.clear();
    absl::flat_hash_map<ValueId, ValueId> inside;
    for (const NodeId node : {product, n}) {
      for (ValueId v : graph_.operands(node)) {
        if (v == kNoValue || inside.contains(v) || graph_.producer(v) == product) continue;
        // Numbers belong to a body, but products take theirs from outside.
        if (node == n && !is_region && IsNumber(graph_, graph_.producer(v))) continue;
        TensorType type = graph_.type(v);
        type.weak = false;
        inside[v] = body.AddInput(absl::StrCat("x", outer_.size()), type);
        outer_.push_back(v);
      }
    }
    auto inner_operands = [&](NodeId node) {
      absl::InlinedVector<ValueId, 4> operands;
      for (ValueId v : graph_.operands(node)) {
        if (v != kNoValue && !inside.contains(v)) {
          const NodeId number = graph_.producer(v);
          inside[v] = body.Add(graph_.op(number), {}, graph_.attributes(number));
        }
        operands.push_back(v == kNoValue ? kNoValue : inside[v]);
      }
      return operands;
    };
    body.SetOrigins(graph_.origins(product));
    inside[graph_.result(product)] =
        body.Add(graph_.op(product), inner_operands(product), graph_.attributes(product));
    ValueId result;
    if (is_region) {
      std::vector<ValueId> values((*inner)->num_values(), kNoValue);
      const auto operands = inner_operands(n);
      for (size_t i = 0; i < operands.size(); ++i) {
        values[(*inner)->inputs()[i].value] = operands[i];
      }
      result = Inline(**inner, {(*inner)->outputs()[0].value}, &values, &body)[0];
    } else {
      body.SetOrigins(graph_.origins(n));
      result = body.Add(graph_.op(n), inner_operands(n), graph_.attributes(n));
    }
    OTIUM_RETURN_IF_ERROR(body.status());
    body.AddOutput("y0", result);
    return std::move(body).Build();
  }

  std::vector<ValueId> Fuse(NodeId n, NodeId product, Graph body, GraphBuilder& builder) {
    std::vector<ValueId> operands;
    for (ValueId v : outer_) operands.push_back(Strong(v, builder));
    builder.SetOrigins(UnionOfOrigins(graph_, {n, product}));
    const OpDef& op = GetOp(Op::fused);
    return {builder.Add(op, operands,
                        Attributes(op, {std::make_shared<const Graph>(std::move(body))}))};
  }

  // Bodies have no weak inputs: alpha and beta may be such numbers.
  ValueId Strong(ValueId v, GraphBuilder& builder) const {
    const TensorType& type = graph_.type(v);
    if (!type.weak) return new_values_[v];
    const NodeId n = graph_.producer(v);
    if (graph_.Is(n, Op::constant)) {
      return builder.Add(Op::constant, {}, {{"value", graph_.attributes(n).Get<Tensor>("value")}});
    }
    return builder.Add(Op::cast, {new_values_[v]}, {{"dtype", type.dtype}});
  }

  const Graph& graph_;
  PassContext& context_;
  const std::vector<uint32_t> uses_;
  std::vector<ValueId> new_values_;
  std::vector<ValueId> outer_;
};

}  // namespace

absl::StatusOr<GraphPtr> FuseEpilogues(const GraphPtr& graph, PassContext& context) {
  if (!AnyNode(*graph, region::IsRegionProduct)) return graph;
  Fuser fuser(graph, context);
  return RewriteNodes(
      graph,
      [&](NodeId n, absl::Span<const ValueId>, GraphBuilder& builder) {
        return fuser.Rewrite(n, builder);
      },
      fuser.new_values());
}

}  // namespace otium
