// SPDX-License-Identifier: Apache-2.0
//
// One form for what can be written in several ways: views of views, conjugates of
// conjugates, casts that do nothing, creation in the dtype that is wanted. Later
// passes then match one form. (That a + b is b + a is known to the GraphBuilder.)
// Transposes and conjugates of products go to their factors, where kernels take
// them as flags; the other rules change no bit.
//
// Requires: nothing. Guarantees: none of the rules below applies any more.

#include <algorithm>

#include "engine/base/status.h"
#include "engine/optimize/pass.h"
#include "ops/infer.h"

namespace otium {
namespace {

using Outcomes = absl::string_view[1];
constexpr Outcomes kChangesNothing = {"$a is what it reads"};
constexpr Outcomes kUndoes = {"$a undoes the one that it reads"};
constexpr Outcomes kTyped = {"$a is creation in its dtype"};
constexpr Rule ExactRule(absl::string_view name, absl::string_view formula,
                         const Outcomes& outcomes = kChangesNothing) {
  return {.name = name,
          .formula = formula,
          .condition = "always",
          .error = ErrorClass::kExact,
          .outcomes = outcomes};
}
constexpr Rule kDoubleTranspose =
    ExactRule("double_transpose", "transpose(transpose(x, i, j), i, j) -> x", kUndoes);
constexpr Rule kDoubleInverse = ExactRule("involution", "f(f(x)) -> x for conj and neg", kUndoes);
constexpr Rule kRealConj = ExactRule("real_conj", "conj(x) -> x for real x");
constexpr Rule kNoCast = ExactRule("no_cast", "cast(x, dtype of x) -> x");
constexpr Rule kCastCreation =
    ExactRule("cast_creation", "cast(eye(n), d) -> eye(n, dtype=d)", kTyped);
constexpr Rule kUnit = ExactRule("unit_factor", "x * 1, x / 1 -> x for real x");
enum ProductOutcome : uint8_t { kProductFires, kProductManyUses, kProductPinned };
constexpr absl::string_view kOfProduct[] = {
    "$a goes to the factors of the product $b",
    "$a does not go to the factors of the product $b, which has $0 uses",
    "$a does not go to the factors of the product $b: it is wanted on another device",
};
constexpr Rule ProductRule(absl::string_view name, absl::string_view formula) {
  return {.name = name,
          .formula = formula,
          .condition = "the product has one use",
          .error = ErrorClass::kPreserves,
          .outcomes = kOfProduct};
}
constexpr Rule kTransposedProduct =
    ProductRule("transposed_product", "(A @ B).T -> B.T @ A.T for mm and bmm");
constexpr Rule kConjugatedProduct =
    ProductRule("conjugated_product", "conj(A @ B) -> conj(A) @ conj(B) for mv, mm and bmm");
constexpr Rule kSymmetricTranspose = ExactRule("symmetric_transpose", "x.T -> x for symmetric x");

bool IsCandidate(Op op) {
  return op == Op::transpose || op == Op::conj || op == Op::neg || op == Op::cast ||
         op == Op::mul || op == Op::div;
}

// The nodes being rewritten, seen in the new graph.
class Canonicalizer {
 public:
  Canonicalizer(const Graph& source, absl::Span<const uint32_t> uses, NodeId node,
                absl::Span<const ValueId> operands, GraphBuilder& builder, PassContext& context)
      : source_(source),
        uses_(uses),
        node_(node),
        operands_(operands),
        builder_(builder),
        context_(context) {}

  std::optional<ValueId> Rewrite() {
    const OpDef& op = source_.op(node_);
    const Graph& g = builder_.graph();
    const Attributes& attributes = source_.attributes(node_);
    switch (op.id) {
      case Op::transpose: {
        const ValueId x = operands_[0];
        const NodeId inner = g.producer(x);
        const TensorType& type = g.type(x);
        // Checked facts hold to rounding only; those of the data of an input, or
        // assumed, may not be used to change bits.
        if (type.structure.Has(kSymmetric) && SwapsLastTwo(attributes, type.rank()) &&
            IsExactlySymmetric(g, inner)) {
          return Fired(kSymmetricTranspose, x);
        }
        if (g.Is(inner, Op::transpose) && SameDims(attributes, g.attributes(inner), type.rank())) {
          return Fired(kDoubleTranspose, g.operands(inner)[0]);
        }
        if (type.rank() >= 2 && SwapsLastTwo(attributes, type.rank()))
          return IntoProduct(kTransposedProduct);
        return std::nullopt;
      }
      case Op::conj:
        if (!IsComplex(g.type(operands_[0]).dtype)) return Fired(kRealConj, operands_[0]);
        if (std::optional<ValueId> x = Involution(g, op.id)) return x;
        return IntoProduct(kConjugatedProduct);
      case Op::neg: return Involution(g, op.id);
      case Op::cast: return Cast(g, attributes);
      case Op::mul:
        for (int i = 0; i < 2; ++i) {
          if (IsScalarOne(g, operands_[1 - i]) && IsUnchanged(g, operands_[i])) {
            return Fired(kUnit, operands_[i]);
          }
        }
        return std::nullopt;
      case Op::div:
        if (IsScalarOne(g, operands_[1]) && IsUnchanged(g, operands_[0])) {
          return Fired(kUnit, operands_[0]);
        }
        return std::nullopt;
      default: return std::nullopt;
    }
  }

 private:
  ValueId Fired(const Rule& rule, ValueId value) {
    context_.Note(rule, 0, source_, node_);
    return value;
  }

  // f(A @ B) as a product of factors f(A) and f(B), in which order is up to `rule`.
  // Nobody else may need the product as it is.
  std::optional<ValueId> IntoProduct(const Rule& rule) {
    const NodeId product = builder_.graph().producer(operands_[0]);
    const Op op = builder_.graph().op(product).id;
    const bool transposes = &rule == &kTransposedProduct;
    if (op != Op::mm && op != Op::bmm && (op != Op::mv || transposes)) return std::nullopt;
    if (!context_.Admits(rule)) return std::nullopt;
    const ValueId operand = source_.operands(node_)[0];
    const NodeId before = source_.producer(operand);
    auto note = [&](ProductOutcome outcome, double x = 0) {
      context_.Note(rule, outcome, source_, node_, before, x);
    };
    if (uses_[operand] != 1) {
      note(kProductManyUses, uses_[operand]);
      return std::nullopt;
    }
    if (source_.pin(before) != source_.pin(node_)) {
      note(kProductPinned);
      return std::nullopt;
    }
    note(kProductFires);
    const ValueId a = builder_.graph().operands(product)[0];
    const ValueId b = builder_.graph().operands(product)[1];
    const ValueId left = transposes ? Transposed(b) : Conjugated(a);
    const ValueId right = transposes ? Transposed(a) : Conjugated(b);
    builder_.SetOrigins(UnionOfOrigins(source_, {node_, before}));
    return builder_.Add(op, {left, right});
  }

  // x.T, or what x is the transpose of.
  ValueId Transposed(ValueId x) {
    const Graph& g = builder_.graph();
    const NodeId n = g.producer(x);
    if (g.Is(n, Op::transpose) && SwapsLastTwo(g.attributes(n), g.type(x).rank())) {
      return g.operands(n)[0];
    }
    return builder_.Add(Op::transpose, {x}, {{"dim0", int64_t{-2}}, {"dim1", int64_t{-1}}});
  }
  ValueId Conjugated(ValueId x) {
    const NodeId n = builder_.graph().producer(x);
    if (builder_.graph().Is(n, Op::conj)) return builder_.graph().operands(n)[0];
    return builder_.Add(Op::conj, {x});
  }

  static bool SameDims(const Attributes& a, const Attributes& b, int rank) {
    // A pair of values: std::minmax gives references to i and j.
    auto dims = [rank](const Attributes& x) -> std::pair<int64_t, int64_t> {
      int64_t i = x.Get<int64_t>("dim0"), j = x.Get<int64_t>("dim1");
      if (i < 0) i += rank;
      if (j < 0) j += rank;
      return std::minmax(i, j);
    };
    return dims(a) == dims(b);
  }

  // Symmetric bit for bit: made so, not declared or computed to rounding.
  static bool IsExactlySymmetric(const Graph& g, NodeId n) {
    return g.op(n).Is(kCreationOp) || g.type(g.result(n)).structure.IsDiagonal();
  }

  std::optional<ValueId> Involution(const Graph& g, Op op) {
    const NodeId inner = g.producer(operands_[0]);
    if (!g.Is(inner, op)) return std::nullopt;
    return Fired(kDoubleInverse, g.operands(inner)[0]);
  }

  std::optional<ValueId> Cast(const Graph& g, const Attributes& attributes) {
    const DType to = attributes.Get<DType>("dtype");
    const TensorType& type = g.type(operands_[0]);
    if (type.dtype == to && !type.weak) return Fired(kNoCast, operands_[0]);
    const NodeId creation = g.producer(operands_[0]);
    const OpDef& op = g.op(creation);
    // What is 0 and 1 in one dtype is 0 and 1 in any other.
    if (op.id != Op::eye && op.id != Op::zeros && op.id != Op::ones) return std::nullopt;
    const Attributes typed = g.attributes(creation).With("dtype", to);
    return Fired(kCastCreation, builder_.Add(op, {}, typed));
  }

  static bool IsScalarOne(const Graph& g, ValueId v) {
    const NodeId n = g.producer(v);
    if (!g.Is(n, Op::constant)) return false;
    const Tensor& value = g.attributes(n).Get<Tensor>("value");
    if (value.rank() != 0) return false;
    return DispatchDType(value.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      if constexpr (std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16>) {
        return static_cast<float>(*value.data<T>()) == 1.0f;
      } else {
        return *value.data<T>() == T(1);
      }
    });
  }

  // Complex numbers times 1 + 0j change where a part is infinite.
  bool IsUnchanged(const Graph& g, ValueId v) const {
    const TensorType& result = source_.type(source_.result(node_));
    return !IsComplex(result.dtype) && g.type(v).dtype == result.dtype &&
           g.type(v).shape == result.shape && g.type(v).weak == result.weak;
  }

  const Graph& source_;
  const absl::Span<const uint32_t> uses_;  // Of the values of source_.
  const NodeId node_;
  const absl::Span<const ValueId> operands_;
  GraphBuilder& builder_;
  PassContext& context_;
};

}  // namespace

absl::StatusOr<GraphPtr> Canonicalize(const GraphPtr& graph, PassContext& context) {
  if (!AnyNode(*graph, IsCandidate)) return graph;
  const std::vector<uint32_t> uses = graph->CountUses();
  return RewriteNodes(graph,
                      [&](NodeId n, absl::Span<const ValueId> operands,
                          GraphBuilder& builder) -> std::optional<std::vector<ValueId>> {
                        if (graph->num_results(n) != 1) return std::nullopt;
                        const std::optional<ValueId> value =
                            Canonicalizer(*graph, uses, n, operands, builder, context).Rewrite();
                        if (!value.has_value()) return std::nullopt;
                        return std::vector<ValueId>{*value};
                      });
}

}  // namespace otium
