// SPDX-License-Identifier: Apache-2.0
//
// Sums of a product and something become one product that adds:
//
//   y + mv(A, x)            -> addmv(y, A, x)
//   beta * y - alpha * A@B  -> addmm(y, A, B, beta, -alpha)
//
// for mv, mm and bmm, in every order of operands, with scalar factors (numbers or
// 0-D values) taken into alpha and beta. The sum is then made while the product's
// rows are in registers, and one pass over memory is saved.
//
// Requires: canonical form. Guarantees: nothing that later passes rely on.

#include <algorithm>
#include <cmath>

#include "engine/base/status.h"
#include "engine/optimize/pass.h"

namespace otium {
namespace {

enum Outcome : uint8_t { kFires, kManyUses, kShape, kPinned, kBetaMayBeZero };

constexpr absl::string_view kOutcomes[] = {
    "$a and its product $b became one",
    "not fused at $a: the product $b has $0 uses, and recomputing it costs $1FLOP",
    "not fused at $a: the sum is larger than the product $b",
    "not fused at $a: $b is wanted on another device",
    "not fused at $a: the factor $b may be 0 when it runs, and then the sum would not be read",
};
constexpr Rule MakeRule(absl::string_view name, absl::string_view formula) {
  return {.name = name,
          .formula = formula,
          .condition = "the product has one use, is not an output, and has the shape of the sum",
          .error = ErrorClass::kPreserves,
          .outcomes = kOutcomes};
}
constexpr Rule kAddmv = MakeRule("addmv", "beta*y + alpha*mv(A, x) -> addmv(y, A, x, beta, alpha)");
constexpr Rule kAddmm = MakeRule("addmm", "beta*C + alpha*mm(A, B) -> addmm(C, A, B, beta, alpha)");
constexpr Rule kBaddbmm =
    MakeRule("baddbmm", "beta*C + alpha*bmm(A, B) -> baddbmm(C, A, B, beta, alpha)");

struct Form {
  const Rule* rule;
  Op fused;
};
std::optional<Form> FormOf(Op product) {
  switch (product) {
    case Op::mv: return Form{&kAddmv, Op::addmv};
    case Op::mm: return Form{&kAddmm, Op::addmm};
    case Op::bmm: return Form{&kBaddbmm, Op::baddbmm};
    default: return std::nullopt;
  }
}

// A value as factor * rest, with at most one 0-D factor and a sign.
struct Term {
  ValueId factor = kNoValue;
  ValueId rest = kNoValue;
  bool negative = false;
};

class Fuser {
 public:
  Fuser(const GraphPtr& graph, PassContext& context)
      : graph_(*graph), context_(context), uses_(graph->CountUses()) {}

  std::optional<std::vector<ValueId>> Rewrite(NodeId n, GraphBuilder& builder) {
    if (!graph_.Is(n, Op::add) && !graph_.Is(n, Op::sub)) return std::nullopt;
    const ValueId a = graph_.operands(n)[0], b = graph_.operands(n)[1];
    const bool subtracts = graph_.Is(n, Op::sub);
    // The costlier product is the one to fuse when both are products.
    const int first = Flops(b) >= Flops(a) ? 1 : 0;
    for (int i : {first, 1 - first}) {
      Term product = TermOf(i == 0 ? a : b);
      Term sum = TermOf(i == 0 ? b : a);
      if (subtracts) (i == 1 ? product : sum).negative ^= true;
      const NodeId p = graph_.producer(product.rest);
      const std::optional<Form> form = FormOf(graph_.op(p).id);
      if (!form.has_value() || !context_.Admits(*form->rule)) continue;
      if (!Allowed(n, p, product, sum, i == 0 ? a : b, *form)) continue;
      return Fuse(n, p, product, sum, *form, builder);
    }
    return std::nullopt;
  }

  // New values of old ones: a fused product reaches past the operands of the sum.
  std::vector<ValueId>* new_values() { return &new_values_; }

 private:
  double Flops(ValueId v) const {
    const NodeId p = graph_.producer(TermOf(v).rest);
    return FormOf(graph_.op(p).id).has_value() ? NodeFlops(p) : -1;
  }

  double NodeFlops(NodeId n) const {
    absl::InlinedVector<const TensorType*, 4> types;
    for (ValueId v : graph_.operands(n)) types.push_back(v == kNoValue ? nullptr : &graph_.type(v));
    const OpCall call{graph_.op(n), types, graph_.attributes(n)};
    return FlopsOf(call, graph_.result_types(n));
  }

  // Looks through neg and through products with a 0-D factor, while nobody else
  // needs the value in between.
  Term TermOf(ValueId v) const {
    Term term;
    term.rest = v;
    while (uses_[term.rest] == 1) {
      const NodeId n = graph_.producer(term.rest);
      const absl::Span<const ValueId> operands = graph_.operands(n);
      if (graph_.Is(n, Op::neg)) {
        term.negative = !term.negative;
        term.rest = operands[0];
      } else if (graph_.Is(n, Op::mul) && term.factor == kNoValue &&
                 graph_.type(term.rest).rank() > 0 &&
                 (graph_.type(operands[0]).rank() == 0 || graph_.type(operands[1]).rank() == 0)) {
        const int scalar = graph_.type(operands[0]).rank() == 0 ? 0 : 1;
        term.factor = operands[scalar];
        term.rest = operands[1 - scalar];
      } else {
        break;
      }
    }
    return term;
  }

  SourceId Origin(NodeId n) const { return graph_.origins(n).empty() ? 0 : graph_.origins(n)[0]; }

  bool Allowed(NodeId n, NodeId p, const Term& product, const Term& sum, ValueId whole,
               const Form& form) {
    auto refuse = [&](Outcome outcome, NodeId other, double x = 0, double y = 0) {
      context_.Note(*form.rule, outcome, Origin(n), Origin(other), x, y);
      return false;
    };
    if (uses_[whole] != 1) return refuse(kManyUses, p, uses_[whole], NodeFlops(p));
    if (uses_[product.rest] != 1) return refuse(kManyUses, p, uses_[product.rest], NodeFlops(p));
    if (!(graph_.type(graph_.result(n)).shape == graph_.type(product.rest).shape)) {
      return refuse(kShape, p);
    }
    if (graph_.pin(n) != graph_.pin(p)) return refuse(kPinned, p);
    // A beta of 0 would hide NaN and infinity in the sum.
    if (sum.factor != kNoValue && !IsNonzero(sum.factor) && !IsFinite(sum.rest)) {
      return refuse(kBetaMayBeZero, graph_.producer(sum.factor));
    }
    return true;
  }

  bool IsNonzero(ValueId v) const {
    if (graph_.type(v).structure.Has(kPositive)) return true;
    const NodeId n = graph_.producer(v);
    if (!graph_.Is(n, Op::constant)) return false;
    const Tensor& value = graph_.attributes(n).Get<Tensor>("value");
    return DispatchDType(value.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      if constexpr (std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16>) {
        return static_cast<float>(*value.data<T>()) != 0;
      } else {
        return *value.data<T>() != T(0);
      }
    });
  }
  bool IsFinite(ValueId v) const { return graph_.type(v).structure.Has(kIdentity); }

  // The factor with its sign, as a value of the product's dtype; none for 1.
  ValueId Scale(const Term& term, DType dtype, GraphBuilder& builder) {
    if (term.factor == kNoValue) {
      return term.negative ? builder.AddScalar(dtype, -1) : kNoValue;
    }
    const ValueId factor = new_values_[term.factor];
    return term.negative ? builder.Add(Op::neg, {factor}) : factor;
  }

  std::vector<ValueId> Fuse(NodeId n, NodeId p, const Term& product, const Term& sum,
                            const Form& form, GraphBuilder& builder) {
    const DType dtype = graph_.type(product.rest).dtype;
    const std::vector<SourceId> origins = [&] {
      std::vector<SourceId> all(graph_.origins(n).begin(), graph_.origins(n).end());
      all.insert(all.end(), graph_.origins(p).begin(), graph_.origins(p).end());
      std::sort(all.begin(), all.end());
      all.erase(std::unique(all.begin(), all.end()), all.end());
      return all;
    }();
    context_.Note(*form.rule, kFires, Origin(n), Origin(p));
    const ValueId beta = Scale(sum, dtype, builder), alpha = Scale(product, dtype, builder);
    builder.SetOrigins(origins);
    return {builder.Add(form.fused, {new_values_[sum.rest], new_values_[graph_.operands(p)[0]],
                                     new_values_[graph_.operands(p)[1]], beta, alpha})};
  }

  const Graph& graph_;
  PassContext& context_;
  const std::vector<uint32_t> uses_;
  std::vector<ValueId> new_values_;
};

}  // namespace

absl::StatusOr<GraphPtr> FuseProducts(const GraphPtr& graph, PassContext& context) {
  if (!AnyNode(*graph, [](Op op) { return FormOf(op).has_value(); })) return graph;
  Fuser fuser(graph, context);
  auto rewrite = [&](NodeId n, absl::Span<const ValueId>, GraphBuilder& builder) {
    return fuser.Rewrite(n, builder);
  };
  return RewriteNodes(graph, rewrite, fuser.new_values());
}

}  // namespace otium
