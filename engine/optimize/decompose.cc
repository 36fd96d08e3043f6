// SPDX-License-Identifier: Apache-2.0
//
// Ops that are others in disguise become those others, so that every later pass
// and every backend knows a dozen products and views instead of thirty:
//
//   matmul(A, B)             -> dot, mv, mm or bmm by the ranks
//   inner, tensordot, einsum -> permute, reshape, diagonal, sum and those
//   kron(a, b)               -> a broadcasting product of elements
//   addbmm(y, A, B)          -> addmm of merged views
//   trace(A)                 -> the sum of its diagonal
//   flatten, narrow, ...     -> reshape, slice, ...
//   orgqr                    -> householder_product
//   pinv, cond, ...          -> decompose_linalg.cc
//
// A product of a batch with one matrix is one large product when rows merge for
// free. Other matmuls stay: their kernel broadcasts batches by strides of zero. A
// fact about the result that the new form does not show is carried by an assume.
//
// Requires: nothing. Guarantees: of the ops named here only matmuls of rank 3 and
// more are left.
//
// Tested by tests/ops/decompose_test.cc against the reference kernels of the ops
// themselves.

#include <algorithm>
#include <utility>

#include "engine/base/status.h"
#include "engine/optimize/contraction.h"
#include "engine/optimize/decompose_linalg.h"
#include "engine/optimize/decompositions.h"
#include "engine/optimize/pass.h"
#include "ops/einsum.h"
#include "ops/infer.h"
#include "ops/shape_rules.h"

namespace otium {
namespace {

using Outcomes = absl::string_view[1];
constexpr Outcomes kIsOp = {"$a is $op"};
constexpr Outcomes kRanksGiveOp = {"$a of $0-D by $1-D is $op"};
constexpr Outcomes kIsOpOfRows = {"$a of $0-D by $1-D is one $op of all rows"};
constexpr Outcomes kIsOpOfMatrices = {"$a of $0-D by $1-D is $op with the vector as a matrix"};
constexpr Outcomes kIsProducts = {"$a of $0 operands is a chain of products that ends in $op"};

constexpr Rule MakeRule(absl::string_view name, absl::string_view formula,
                        absl::string_view condition = "always", const Outcomes& outcomes = kIsOp,
                        ErrorClass error = ErrorClass::kExact) {
  return {.name = name,
          .formula = formula,
          .condition = condition,
          .error = error,
          .outcomes = outcomes};
}

// Exact: each element is the same sum of the same products.
constexpr Rule kMatmul = MakeRule("matmul", "A @ B -> dot, mv, mm or bmm by their ranks",
                                  "ranks up to 2, or equal batches of rank 3", kRanksGiveOp);
constexpr Rule kMatmulRows =
    MakeRule("matmul_rows", "A @ B -> mv or mm with the rows of all of A as those of one matrix",
             "B is one vector or matrix, and the rows of A lie in order", kIsOpOfRows);
constexpr Rule kMatmulVector =
    MakeRule("matmul_vector", "A @ x -> A @ x[:, none], without its last dimension",
             "one is 1-D, the other a batch", kIsOpOfMatrices);
constexpr Rule kKron =
    MakeRule("kron", "kron(a, b) -> a * b on interleaved dimensions", "always", kRanksGiveOp);
constexpr Rule kInner = MakeRule("inner", "inner(a, b) -> a contraction of the last dimensions",
                                 "always", kRanksGiveOp);
constexpr Rule kInnerScalar =
    MakeRule("inner_scalar", "inner(a, b) -> a * b", "one is 0-D", kRanksGiveOp);
constexpr Rule kTensordot =
    MakeRule("tensordot", "tensordot(a, b) -> one product of views", "always", kRanksGiveOp);
constexpr Rule kEinsum = MakeRule("einsum", "einsum(equation, ...) -> one product of views",
                                  "one or two operands; of one, its views and sums");
constexpr Rule kEinsumLeft =
    MakeRule("einsum_left", "einsum(equation, ...) -> products of views, from the left",
             "three operands or more, in strict math", kIsProducts);
constexpr Rule kEinsumOrder =
    MakeRule("einsum_order", "einsum(equation, ...) -> products of views, cheapest first",
             "three operands or more", kIsProducts, ErrorClass::kPreserves);
constexpr Rule kAddbmm =
    MakeRule("addbmm", "addbmm(y, A, B) -> addmm(y, [A1 A2 ...], [B1; B2; ...])");
constexpr Rule kTrace = MakeRule("trace", "trace(A) -> sum(diagonal(A))");
constexpr Rule kReshapeForm = MakeRule("reshape_form", "flatten, unflatten -> reshape");
constexpr Rule kExpandForm = MakeRule("expand_form", "broadcast_to -> expand");
constexpr Rule kPermuteForm = MakeRule("permute_form", "movedim -> permute");
constexpr Rule kSliceForm = MakeRule("slice_form", "narrow -> slice");
constexpr Rule kDiagonalForm = MakeRule("diagonal_form", "diag(A) -> diagonal(A)", "A is 2-D");
constexpr Rule kOrgqrForm = MakeRule("orgqr_form", "orgqr(A, tau) -> householder_product(A, tau)");

// What makes it of others; none: it is not one of those here.
std::vector<const Rule*> RulesOf(Op op) {
  switch (op) {
    case Op::matmul: return {&kMatmul, &kMatmulRows, &kMatmulVector};
    case Op::inner: return {&kInner, &kInnerScalar};
    case Op::kron: return {&kKron};
    case Op::tensordot: return {&kTensordot};
    case Op::einsum: return {&kEinsum, &kEinsumOrder, &kEinsumLeft};
    case Op::addbmm: return {&kAddbmm};
    case Op::trace: return {&kTrace};
    case Op::flatten:
    case Op::unflatten: return {&kReshapeForm};
    case Op::broadcast_to: return {&kExpandForm};
    case Op::movedim: return {&kPermuteForm};
    case Op::narrow: return {&kSliceForm};
    case Op::diag: return {&kDiagonalForm};
    case Op::orgqr: return {&kOrgqrForm};
    default: return {};
  }
}

bool IsCandidate(Op op) { return !RulesOf(op).empty(); }

class Decomposer {
 public:
  Decomposer(const Graph& source, NodeId node, absl::Span<const ValueId> operands,
             GraphBuilder& builder, PassContext& context)
      : source_(source),
        node_(node),
        node_type_(source.type(source.result(node))),
        op_(source.op(node)),
        attributes_(source.attributes(node)),
        operands_(operands),
        builder_(builder),
        context_(context) {}

  std::optional<ValueId> Rewrite() {
    switch (op_.id) {
      case Op::matmul: return Matmul();
      case Op::inner: return Inner();
      case Op::kron: return Kron();
      case Op::tensordot: return Tensordot();
      case Op::einsum: return Einsum();
      case Op::addbmm: return Addbmm();
      case Op::trace: return Trace();
      case Op::flatten:
      case Op::unflatten:
        return Fired(kReshapeForm, Reshaped(operands_[0], DimsOf(node_type_.shape), &builder_));
      case Op::broadcast_to:
        return Fired(kExpandForm, Expanded(operands_[0], DimsOf(node_type_.shape), &builder_));
      case Op::movedim: {
        const auto p = PermutationOf(op_, attributes_, Type(0).rank());
        return Fired(kPermuteForm, Permuted(operands_[0], *p, &builder_));
      }
      case Op::narrow: return Narrow();
      case Op::diag: return Diag();
      case Op::orgqr:
        return Fired(kOrgqrForm,
                     builder_.Add(Op::householder_product, {operands_[0], operands_[1]}));
      default: return std::nullopt;
    }
  }

 private:
  // A copy: types move when nodes are added.
  TensorType Type(int i) const { return builder_.graph().type(operands_[i]); }

  ValueId Fired(const Rule& rule, ValueId value, double x = 0, double y = 0) {
    context_.Note(rule, 0, source_, node_, std::nullopt, x, y, OpOf(value));
    // mul of two sizes is weak, their inner product is not.
    if (value != kNoValue && builder_.graph().type(value).weak && !node_type_.weak) {
      value = builder_.Add(Op::cast, {value}, {{"dtype", node_type_.dtype}});
    }
    return WithFacts(value, node_type_.structure, &builder_);
  }

  ValueId FiredByRanks(const Rule& rule, ValueId value) {
    return Fired(rule, value, Type(0).rank(), Type(1).rank());
  }

  // The op that makes it; of two operands and more their product, which views may follow.
  const OpDef* OpOf(ValueId value) const {
    if (value == kNoValue ||
        std::find(operands_.begin(), operands_.end(), value) != operands_.end())
      return nullptr;
    const Graph& g = builder_.graph();
    NodeId n = g.producer(value);
    while (operands_.size() > 1 && g.op(n).Is(kViewOp)) n = g.producer(g.operands(n)[0]);
    return &g.op(n);
  }

  // ---- matmul

  std::optional<ValueId> Matmul() {
    const TensorType A = Type(0), B = Type(1);
    const ValueId a = operands_[0], b = operands_[1];
    if (A.rank() <= 2 && B.rank() <= 2) {
      if (A.rank() == 2) {
        return FiredByRanks(kMatmul, builder_.Add(B.rank() == 2 ? Op::mm : Op::mv, {a, b}));
      }
      if (B.rank() == 1) return FiredByRanks(kMatmul, builder_.Add(Op::dot, {a, b}));
      const ValueId transposed =
          builder_.Add(Op::transpose, {b}, {{"dim0", int64_t{-2}}, {"dim1", int64_t{-1}}});
      return FiredByRanks(kMatmul, builder_.Add(Op::mv, {transposed, a}));
    }
    if (A.rank() == 3 && B.rank() == 3 && A.shape[0] == B.shape[0]) {
      return FiredByRanks(kMatmul, builder_.Add(Op::bmm, {a, b}));
    }
    // Merged, the matrices of a batch lose what they were: symmetric, triangular.
    const bool worth_it = B.rank() == 1 || A.structure.IsGeneral();
    if (A.rank() >= 3 && B.rank() <= 2 && worth_it && MergesFreely(builder_.graph(), a)) {
      const Dim rows = NumElements(A.shape.dims().first(A.rank() - 1));
      const ValueId flat = Reshaped(a, {rows, A.shape.back(1)}, &builder_);
      const ValueId product = builder_.Add(B.rank() == 1 ? Op::mv : Op::mm, {flat, b});
      return FiredByRanks(kMatmulRows, Reshaped(product, DimsOf(node_type_.shape), &builder_));
    }
    if (A.rank() == 1 || B.rank() == 1) {
      const ValueId left = A.rank() == 1 ? Unsqueezed(a, 0) : a;
      const ValueId right = B.rank() == 1 ? Unsqueezed(b, 1) : b;
      const ValueId product = builder_.Add(Op::matmul, {left, right});
      return FiredByRanks(kMatmulVector, Reshaped(product, DimsOf(node_type_.shape), &builder_));
    }
    return std::nullopt;
  }

  ValueId Unsqueezed(ValueId x, int64_t dim) {
    return builder_.Add(Op::unsqueeze, {x}, {{"dim", dim}});
  }

  // ---- contractions

  ValueId Inner() {
    const TensorType a = Type(0), b = Type(1);
    if (a.rank() == 0 || b.rank() == 0) {
      return FiredByRanks(kInnerScalar, builder_.Add(Op::mul, {operands_[0], operands_[1]}));
    }
    return FiredByRanks(kInner, ContractDims({{a.rank() - 1}, {b.rank() - 1}}));
  }

  ValueId Tensordot() {
    return FiredByRanks(kTensordot,
                        ContractDims(*TensordotDims(attributes_, Type(0).rank(), Type(1).rank())));
  }

  ValueId ContractDims(const ContractedDims& dims) {
    const TensorType a = Type(0), b = Type(1);
    Dims sizes = DimsOf(a.shape);
    std::vector<LabelledValue> terms = {{operands_[0], {}}, {operands_[1], {}}};
    std::vector<int> result;
    for (int d = 0; d < a.rank(); ++d) {
      terms[0].labels.push_back(d);
      if (std::find(dims.a.begin(), dims.a.end(), d) == dims.a.end()) result.push_back(d);
    }
    for (int d = 0; d < b.rank(); ++d) {
      const auto at = std::find(dims.b.begin(), dims.b.end(), d);
      if (at != dims.b.end()) {
        terms[1].labels.push_back(dims.a[at - dims.b.begin()]);
        continue;
      }
      terms[1].labels.push_back(static_cast<int>(sizes.size()));
      result.push_back(static_cast<int>(sizes.size()));
      sizes.push_back(b.shape[d]);
    }
    return Contract(std::move(terms), result, sizes, PairOrder::kLeftToRight, &builder_);
  }

  ValueId Einsum() {
    std::vector<Shape> shapes;
    for (size_t i = 0; i < operands_.size(); ++i) shapes.push_back(Type(static_cast<int>(i)).shape);
    const EinsumSpec spec = *ParseEinsum(attributes_.Get<std::string>("equation"), shapes);
    const Dims sizes = *EinsumSizes(spec, shapes);
    std::vector<LabelledValue> terms;
    for (size_t i = 0; i < operands_.size(); ++i) terms.push_back({operands_[i], spec.operands[i]});
    const bool several = terms.size() > 2;
    const bool reorder = several && context_.Admits(kEinsumOrder);
    const ValueId value =
        Contract(std::move(terms), spec.result, sizes,
                 reorder ? PairOrder::kCheapest : PairOrder::kLeftToRight, &builder_);
    return Fired(reorder   ? kEinsumOrder
                 : several ? kEinsumLeft
                           : kEinsum,
                 value, static_cast<double>(operands_.size()));
  }

  // ---- products of elements, sums over the batch

  // a [m, n] and b [p, q]: [m, 1, n, 1] * [p, 1, q], merged to [m p, n q].
  ValueId Kron() {
    const Dims a = DimsOf(Type(0).shape), b = DimsOf(Type(1).shape);
    const size_t rank = std::max(a.size(), b.size());
    Dims of_a, of_b;
    for (size_t d = 0; d < rank; ++d) {
      of_a.push_back(d + a.size() < rank ? Dim(1) : a[d + a.size() - rank]);
      of_a.push_back(1);
      of_b.push_back(1);
      of_b.push_back(d + b.size() < rank ? Dim(1) : b[d + b.size() - rank]);
    }
    const ValueId product = builder_.Add(Op::mul, {Reshaped(operands_[0], of_a, &builder_),
                                                   Reshaped(operands_[1], of_b, &builder_)});
    return FiredByRanks(kKron, Reshaped(product, DimsOf(node_type_.shape), &builder_));
  }

  // Side by side A1 A2 ... times B1 over B2 ... is the sum of the products.
  ValueId Addbmm() {
    const Shape A = Type(1).shape, B = Type(2).shape;
    const ValueId wide =
        Reshaped(Permuted(operands_[1], {1, 0, 2}, &builder_), {A[1], A[0] * A[2]}, &builder_);
    const ValueId tall = Reshaped(operands_[2], {B[0] * B[1], B[2]}, &builder_);
    auto scale = [&](size_t i) { return i < operands_.size() ? operands_[i] : kNoValue; };
    return Fired(kAddbmm, builder_.Add(Op::addmm, {operands_[0], wide, tall, scale(3), scale(4)}));
  }

  ValueId Trace() {
    const int64_t rank = Type(0).rank();
    const ValueId diagonal =
        builder_.Add(Op::diagonal, {operands_[0]}, {{"dim1", rank - 2}, {"dim2", rank - 1}});
    return Fired(kTrace, builder_.Add(Op::sum, {diagonal}, {{"dim", Ints{-1}}}));
  }

  // ---- views with two names

  ValueId Narrow() {
    const TensorType x = Type(0);
    const int64_t dim = attributes_.Get<int64_t>("dim");
    const Dim& size = x.shape[*NormalizeDim(dim, x.rank())];
    const SliceBounds bounds = *ResolveSlice(op_, attributes_, size);
    return Fired(kSliceForm, builder_.Add(Op::slice, {operands_[0]},
                                          {{"dim", dim},
                                           {"start", bounds.start},
                                           {"end", bounds.start + bounds.length}}));
  }

  std::optional<ValueId> Diag() {
    if (Type(0).rank() != 2) return std::nullopt;
    return Fired(kDiagonalForm, builder_.Add(Op::diagonal, {operands_[0]},
                                             {{"offset", attributes_.Get<int64_t>("diagonal")}}));
  }

  const Graph& source_;
  const NodeId node_;
  const TensorType& node_type_;
  const OpDef& op_;
  const Attributes& attributes_;
  const absl::Span<const ValueId> operands_;
  GraphBuilder& builder_;
  PassContext& context_;
};

}  // namespace

std::vector<const Rule*> DecompositionsOf(Op op) {
  const Composition* const composition = LinalgComposition(op);
  return composition != nullptr ? composition->rules : RulesOf(op);
}

absl::StatusOr<GraphPtr> Decompose(const GraphPtr& graph, PassContext& context) {
  // Compositions first, and those that they are made of: products are left.
  GraphPtr composed;
  GraphPtr products = graph;
  while (products != composed &&
         AnyNode(*products, [](Op op) { return LinalgComposition(op) != nullptr; })) {
    composed = products;
    OTIUM_ASSIGN_OR_RETURN(
        products, RewriteNodes(composed,
                               [&](NodeId n, absl::Span<const ValueId> operands,
                                   GraphBuilder& builder) -> std::optional<std::vector<ValueId>> {
                                 const Composition* c = LinalgComposition(composed->op(n).id);
                                 if (c == nullptr) return std::nullopt;
                                 return Compose(*composed, n, operands, c->compose, builder,
                                                context);
                               }));
  }
  if (!AnyNode(*products, IsCandidate)) return products;
  return RewriteNodes(products,
                      [&](NodeId n, absl::Span<const ValueId> operands,
                          GraphBuilder& builder) -> std::optional<std::vector<ValueId>> {
                        if (!IsCandidate(products->op(n).id)) return std::nullopt;
                        const std::optional<ValueId> value =
                            Decomposer(*products, n, operands, builder, context).Rewrite();
                        if (!value.has_value()) return std::nullopt;
                        return std::vector<ValueId>{*value};
                      });
}

}  // namespace otium
