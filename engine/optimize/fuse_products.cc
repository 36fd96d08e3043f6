// SPDX-License-Identifier: Apache-2.0
//
// Sums of a product and something become one product that adds:
//
//   y + mv(A, x)                -> addmv(y, A, x)
//   beta * y - alpha * (A@B) / 4  -> addmm(y, A, B, beta, -alpha * 0.25)
//
// for mv, mm and bmm, in every order of operands, with scalar factors (numbers, 0-D
// values, their products and signs; numbers as divisors) taken into alpha and beta,
// signs and numbers also from the operands of the product: 2 * A@B is (2 * A) @ B.
// The sum is then made while the product's rows are in registers, and one pass over
// memory is saved.
//
// Requires: canonical form. Guarantees: nothing that later passes rely on.

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>

#include "engine/base/status.h"
#include "engine/optimize/pass.h"

namespace otium {
namespace {

enum Outcome : uint8_t {
  kFires,
  kManyUses,
  kShape,
  kPinned,
  kBetaMayBeZero,
  kDType,
  kRange,
  kEmpty
};

constexpr absl::string_view kOutcomes[] = {
    "$a and its product $b became one",
    "not fused at $a: the product $b has $0 uses, and recomputing it costs $1FLOP",
    "not fused at $a: the sum is larger than the product $b",
    "not fused at $a: $b is wanted on another device",
    "not fused at $a: the factor $b may be 0 when it runs, and then the sum would not be read",
    "not fused at $a: the product $b has another dtype than the sum",
    "not fused at $a: its dtype does not hold the product of the factors of $b",
    "not fused at $a: the product $b sums nothing, so that its factor would not be read",
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

using Number = std::complex<double>;

// A value as sign * numbers * factors * rest.
struct Term {
  ValueId rest = kNoValue;
  // Of a product: its operands without factors that the term has.
  ValueId a = kNoValue, b = kNoValue;
  bool negative = false;
  bool has_number = false;
  Number number = 1;                        // Of all literal factors and divisors.
  ValueId one_number = kNoValue;            // The only one, as it stands in the graph.
  absl::InlinedVector<ValueId, 2> factors;  // 0-D values that the run brings.
  absl::InlinedVector<NodeId, 4> nodes;     // What was looked through.
};
// Looking further than this serves nobody, and would take long where many sums
// share one chain of factors.
constexpr size_t kMaxScalings = 16;

class Fuser {
 public:
  Fuser(const GraphPtr& graph, PassContext& context)
      : graph_(*graph), context_(context), uses_(graph->CountUses()) {}

  std::optional<std::vector<ValueId>> Rewrite(NodeId n, GraphBuilder& builder) {
    if (!graph_.Is(n, Op::add) && !graph_.Is(n, Op::sub)) return std::nullopt;
    const absl::Span<const ValueId> operands = graph_.operands(n);
    Term terms[2] = {TermOf(operands[0]), TermOf(operands[1])};
    if (graph_.Is(n, Op::sub)) terms[1].negative ^= true;
    // The costlier product is the one to fuse when both are products.
    const int first = Flops(terms[1]) >= Flops(terms[0]) ? 1 : 0;
    for (int i : {first, 1 - first}) {
      Term product = terms[i];
      const NodeId p = graph_.producer(product.rest);
      const std::optional<Form> form = FormOf(graph_.op(p).id);
      if (!form.has_value()) {
        NoteHidden(n, product);
        continue;
      }
      if (!context_.Admits(*form->rule)) continue;
      TakeFactorsOfOperands(n, p, &product);
      Term sum = terms[1 - i];
      if (!HoldsNumber(sum) || !SamePins(n, sum)) {
        sum = Term{.rest = operands[1 - i], .negative = i == 0 && graph_.Is(n, Op::sub)};
      }
      if (!Allowed(n, p, product, sum, *form)) continue;
      return Fuse(n, p, product, sum, *form, builder);
    }
    return std::nullopt;
  }

  // New values of old ones: a fused product reaches past the operands of the sum.
  std::vector<ValueId>* new_values() { return &new_values_; }

 private:
  double Flops(const Term& term) const {
    const NodeId p = graph_.producer(term.rest);
    return FormOf(graph_.op(p).id).has_value() ? NodeFlops(p) : -1;
  }

  double NodeFlops(NodeId n) const {
    absl::InlinedVector<const TensorType*, 4> types;
    for (ValueId v : graph_.operands(n)) types.push_back(v == kNoValue ? nullptr : &graph_.type(v));
    const OpCall call{graph_.op(n), types, graph_.attributes(n)};
    return FlopsOf(call, graph_.result_types(n));
  }

  // Nobody else needs what is looked through.
  Term TermOf(ValueId v) const {
    Term term;
    term.rest = v;
    while (uses_[term.rest] == 1 && LookThrough(&term)) continue;
    return term;
  }

  // Signs and numbers of the operands of `term`'s product p, too, if all of them can be
  // one factor of the sum n. Not values that the run brings: sums over an infinite
  // multiple of A are NaN where infinite multiples of sums are infinite.
  void TakeFactorsOfOperands(NodeId n, NodeId p, Term* term) const {
    term->a = graph_.operands(p)[0];
    term->b = graph_.operands(p)[1];
    if (uses_[term->rest] != 1) return;
    Term more = *term;
    for (ValueId* operand : {&more.a, &more.b}) {
      more.rest = *operand;
      while (uses_[more.rest] == 1) {
        Term next = more;
        if (!LookThrough(&next) || next.factors.size() != more.factors.size()) break;
        more = std::move(next);
      }
      *operand = more.rest;
    }
    more.rest = term->rest;
    if (HoldsNumber(more) && SamePins(n, more)) *term = more;
  }

  // Takes neg, a product with a 0-D factor or a division by a number off the rest.
  bool LookThrough(Term* term) const {
    const NodeId n = graph_.producer(term->rest);
    const absl::Span<const ValueId> operands = graph_.operands(n);
    if (term->nodes.size() == kMaxScalings) return false;
    ValueId next = kNoValue;
    if (graph_.Is(n, Op::neg)) {
      term->negative = !term->negative;
      next = operands[0];
    } else if (graph_.type(term->rest).rank() == 0) {
      return false;  // Factors belong to what they scale.
    } else if (graph_.Is(n, Op::mul)) {
      const int scalar = graph_.type(operands[0]).rank() == 0 ? 0 : 1;
      if (graph_.type(operands[scalar]).rank() != 0) return false;
      AddFactor(operands[scalar], term);
      next = operands[1 - scalar];
    } else if (graph_.Is(n, Op::div)) {
      const std::optional<Number> divisor = NumberOf(operands[1]);
      if (!divisor.has_value() || *divisor == Number(0)) return false;
      term->number /= *divisor;
      term->has_number = true;
      term->one_number = kNoValue;
      next = operands[0];
    } else {
      return false;
    }
    term->nodes.push_back(n);
    term->rest = next;
    return true;
  }

  void AddFactor(ValueId factor, Term* term) const {
    const std::optional<Number> number =
        IsInexact(graph_.type(factor).dtype) ? NumberOf(factor) : std::nullopt;
    if (!number.has_value()) {
      term->factors.push_back(factor);
      return;
    }
    term->one_number = term->has_number ? kNoValue : factor;
    term->number *= *number;
    term->has_number = true;
  }

  // The value of a 0-D constant, also before its dtype was settled by folding.
  std::optional<Number> NumberOf(ValueId v) const {
    NodeId n = graph_.producer(v);
    while (graph_.Is(n, Op::cast)) n = graph_.producer(graph_.operands(n)[0]);
    if (!graph_.Is(n, Op::constant)) return std::nullopt;
    const Tensor& value = graph_.attributes(n).Get<Tensor>("value");
    if (value.rank() != 0) return std::nullopt;
    return DispatchDType(value.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      if constexpr (std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16>) {
        return Number(static_cast<float>(*value.data<T>()));
      } else if constexpr (std::is_integral_v<T>) {
        return Number(static_cast<double>(*value.data<T>()));
      } else {
        return Number(*value.data<T>());
      }
    });
  }

  // Whether the numbers of a term can be one number: neither it nor a part of it is
  // 0, infinite, or has fewer digits.
  bool HoldsNumber(const Term& term) const {
    if (!term.has_number || term.one_number != kNoValue) return true;
    auto holds = [&](double x) {
      const auto [smallest, largest] = Range(graph_.type(term.rest).dtype);
      return std::abs(x) >= smallest && std::abs(x) <= largest;
    };
    const double re = term.number.real(), im = term.number.imag();
    return (holds(re) || re == 0) && (holds(im) || im == 0) && (re != 0 || im != 0);
  }
  static std::pair<double, double> Range(DType dtype) {
    switch (RealDType(dtype)) {
      case DType::kF16: return {0x1p-14, 65504};
      case DType::kBF16:
      case DType::kF32:
        return {std::numeric_limits<float>::min(), std::numeric_limits<float>::max() / 2};
      default: return {std::numeric_limits<double>::min(), std::numeric_limits<double>::max() / 2};
    }
  }

  bool SamePins(NodeId n, const Term& term) const {
    return std::all_of(term.nodes.begin(), term.nodes.end(),
                       [&](NodeId other) { return graph_.pin(other) == graph_.pin(n); });
  }

  bool Refuse(const Form& form, Outcome outcome, NodeId n, NodeId other, double x = 0,
              double y = 0) {
    context_.Note(*form.rule, outcome, graph_, n, other, x, y);
    return false;
  }

  // A product below a value with other uses, or below a conversion.
  void NoteHidden(NodeId n, const Term& term) {
    Term further = term;
    Outcome outcome = kManyUses;
    const NodeId shared = graph_.producer(term.rest);
    if (graph_.Is(shared, Op::cast)) {
      outcome = kDType;
      further.rest = graph_.operands(shared)[0];
    }
    while (LookThrough(&further)) continue;
    const NodeId p = graph_.producer(further.rest);
    const std::optional<Form> form = FormOf(graph_.op(p).id);
    if (!form.has_value() || !context_.Admits(*form->rule)) return;
    if (outcome == kDType) Refuse(*form, kDType, n, p);
    else Refuse(*form, kManyUses, n, shared, uses_[term.rest], NodeFlops(p));
  }

  bool Allowed(NodeId n, NodeId p, const Term& product, const Term& sum, const Form& form) {
    const uint32_t uses = uses_[product.rest];
    if (uses != 1) return Refuse(form, kManyUses, n, p, uses, NodeFlops(p));
    if (!(graph_.type(graph_.result(n)).shape == graph_.type(product.rest).shape)) {
      return Refuse(form, kShape, n, p);
    }
    if (graph_.pin(n) != graph_.pin(p) || !SamePins(n, product)) {
      return Refuse(form, kPinned, n, p);
    }
    if (!HoldsNumber(product)) return Refuse(form, kRange, n, p);
    // NaN and infinity times an empty sum, which is 0, are NaN.
    if (!product.factors.empty() && graph_.type(graph_.operands(p)[0]).shape.back(1) == Dim(0)) {
      return Refuse(form, kEmpty, n, p);
    }
    // A beta of 0 would hide NaN and infinity in the sum.
    if (!BetaIsNonzero(sum) && !IsFinite(sum.rest)) {
      const ValueId beta = sum.factors.empty() ? sum.one_number : sum.factors[0];
      return Refuse(form, kBetaMayBeZero, n, graph_.producer(beta));
    }
    return true;
  }

  // Also in floats: a product, a quotient or an exponential of positive numbers may
  // well be 0.
  bool BetaIsNonzero(const Term& sum) const {
    if (!IsInexact(graph_.type(sum.rest).dtype)) return true;
    if (sum.factors.empty()) return sum.number != Number(0);
    if (sum.factors.size() > 1 || sum.has_number) return false;
    ValueId v = sum.factors[0];
    NodeId n = graph_.producer(v);
    while (graph_.Is(n, Op::cast) && IsWider(graph_.type(v).dtype, graph_.operands(n)[0])) {
      v = graph_.operands(n)[0];
      n = graph_.producer(v);
    }
    if (graph_.Is(n, Op::input)) return graph_.type(v).structure.Has(kPositive);
    return false;
  }
  // Whether `to` holds all that is not 0 in the dtype of `from`.
  bool IsWider(DType to, ValueId from) const {
    const DType real = RealDType(graph_.type(from).dtype);
    return IsInexact(real) && (RealDType(to) == real || ItemSize(RealDType(to)) > ItemSize(real));
  }
  bool IsFinite(ValueId v) const { return graph_.type(v).structure.Has(kIdentity); }

  // The factors with their sign, as a value of the product's dtype; none for 1.
  ValueId Scale(const Term& term, DType dtype, GraphBuilder& builder) {
    ValueId scale = kNoValue;
    for (ValueId factor : term.factors) {
      const ValueId v = new_values_[factor];
      scale = scale == kNoValue ? v : builder.Add(Op::mul, {scale, v});
    }
    if (!term.has_number && scale != kNoValue) {
      return term.negative ? builder.Add(Op::neg, {scale}) : scale;
    }
    if (!term.has_number && !term.negative) return kNoValue;
    const ValueId number = builder.AddScalar(dtype, term.negative ? -term.number : term.number);
    return scale == kNoValue ? number : builder.Add(Op::mul, {scale, number});
  }

  std::vector<ValueId> Fuse(NodeId n, NodeId p, const Term& product, const Term& sum,
                            const Form& form, GraphBuilder& builder) {
    const DType dtype = graph_.type(product.rest).dtype;
    std::vector<NodeId> merged = {n, p};
    merged.insert(merged.end(), product.nodes.begin(), product.nodes.end());
    merged.insert(merged.end(), sum.nodes.begin(), sum.nodes.end());
    context_.Note(*form.rule, kFires, graph_, n, p);
    const ValueId beta = Scale(sum, dtype, builder), alpha = Scale(product, dtype, builder);
    builder.SetOrigins(UnionOfOrigins(graph_, merged));
    return {builder.Add(form.fused, {new_values_[sum.rest], new_values_[product.a],
                                     new_values_[product.b], beta, alpha})};
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
