// SPDX-License-Identifier: Apache-2.0
//
// Products of tensors of any rank.

#include "ops/contraction.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/base/status.h"
#include "engine/graph/graph.h"
#include "ops/einsum.h"
#include "ops/infer.h"
#include "ops/op.h"
#include "ops/product_rules.h"
#include "ops/shape_rules.h"

namespace otium {
namespace {

constexpr ParamDef kMatmulParams[] = {TensorParam("A"), TensorParam("B")};
constexpr ParamDef kPairParams[] = {TensorParam("a"), TensorParam("b")};
constexpr ParamDef kOuterParams[] = {TensorParam("x"), TensorParam("y")};
constexpr ParamDef kTensordotParams[] = {
    TensorParam("a"),
    TensorParam("b"),
    {"dims", ParamKind::kPairing, {.kind = ParamDefault::kInt, .integer = 2}}};
constexpr ParamDef kEinsumParams[] = {RequiredAttr("equation", ParamKind::kString),
                                      TensorsParam("operands")};

void Push(const OpCall& call, Shape shape, ResultTypes* results) {
  results->push_back(TensorType(call.operand(0).dtype, std::move(shape)));
}

absl::Status InferMatmul(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireNumbers(call));
  OTIUM_RETURN_IF_ERROR(RequireRankAtLeast(call, 0, 1));
  OTIUM_RETURN_IF_ERROR(RequireRankAtLeast(call, 1, 1));
  const Shape& A = call.operand(0).shape;
  const Shape& B = call.operand(1).shape;
  const bool row = A.rank() == 1, column = B.rank() == 1;
  OTIUM_RETURN_IF_ERROR(RequireSameSize(call, 0, A.back(1), 1, B.back(column ? 1 : 2)));
  const absl::StatusOr<Shape> batch =
      BroadcastShapes(BatchShape(A, row ? 1 : 2), BatchShape(B, column ? 1 : 2));
  if (!batch.ok()) {
    return InvalidArgument(Describe("A", call.operand(0)), " and ", Describe("B", call.operand(1)),
                           ": the batch ", batch.status().message());
  }
  Dims dims = DimsOf(*batch);
  if (!row) dims.push_back(A.back(2));
  if (!column) dims.push_back(B.back(1));
  Push(call, ShapeOf(dims), results);
  return absl::OkStatus();
}

void MatmulStructure(const StructureCall& call, ResultTypes* results) {
  if (call.operand(0).rank() >= 2 && call.operand(1).rank() >= 2) {
    (*results)[0].structure = ProductStructure(call.graph, call.values[0], call.values[1]);
  } else if (call.operand(0).structure.Has(kZero) || call.operand(1).structure.Has(kZero)) {
    (*results)[0].structure.flags |= kZero;
  }
}

// 2 flops for each element of the result and each term of its sum.
double SumFlops(absl::Span<const TensorType> results, const Dim& terms) {
  return 2.0 * static_cast<double>(results[0].shape.NumElements()) *
         static_cast<double>(terms.value());
}

absl::Status InferInner(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireNumbers(call));
  const Shape& a = call.operand(0).shape;
  const Shape& b = call.operand(1).shape;
  if (a.rank() == 0 || b.rank() == 0) {
    Push(call, a.rank() == 0 ? b : a, results);
    return absl::OkStatus();
  }
  OTIUM_RETURN_IF_ERROR(RequireSameSize(call, 0, a.back(1), 1, b.back(1)));
  Dims dims = DimsOf(BatchShape(a, 1));
  const Dims rest = DimsOf(BatchShape(b, 1));
  dims.insert(dims.end(), rest.begin(), rest.end());
  Push(call, ShapeOf(dims), results);
  return absl::OkStatus();
}

absl::Status InferOuter(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireRank(call, 0, 1));
  OTIUM_RETURN_IF_ERROR(RequireRank(call, 1, 1));
  Push(call, Shape({call.operand(0).shape[0], call.operand(1).shape[0]}), results);
  return absl::OkStatus();
}

void OuterRule(const StructureCall& call, ResultTypes* results) {
  (*results)[0].structure = OuterStructure(call.graph, call.values[0], call.values[1]);
}

absl::Status InferKron(const OpCall& call, ResultTypes* results) {
  Dims a = DimsOf(call.operand(0).shape), b = DimsOf(call.operand(1).shape);
  while (a.size() < b.size()) a.insert(a.begin(), Dim(1));
  while (b.size() < a.size()) b.insert(b.begin(), Dim(1));
  for (size_t d = 0; d < a.size(); ++d) a[d] = a[d] * b[d];
  Push(call, ShapeOf(a), results);
  return absl::OkStatus();
}

// Every matrix of the result is the Kronecker product of one of a and one of b.
void KronStructure(const StructureCall& call, ResultTypes* results) {
  const TensorType& a = call.operand(0);
  const TensorType& b = call.operand(1);
  Structure& s = (*results)[0].structure;
  if (a.rank() >= 2 && b.rank() >= 2) {
    s = KroneckerStructure(a.structure, b.structure, b.shape);
  } else if (a.structure.Has(kZero) || b.structure.Has(kZero)) {
    s.flags |= kZero;
  }
}

absl::Status InferTensordot(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireNumbers(call));
  const Shape& a = call.operand(0).shape;
  const Shape& b = call.operand(1).shape;
  OTIUM_ASSIGN_OR_RETURN(const ContractedDims dims,
                         TensordotDims(call.attributes, a.rank(), b.rank()));
  for (size_t i = 0; i < dims.a.size(); ++i) {
    if (a[dims.a[i]] == b[dims.b[i]]) continue;
    return InvalidArgument(Describe("a", call.operand(0)), " and ", Describe("b", call.operand(1)),
                           ": dimension ", dims.a[i], " of a and dimension ", dims.b[i],
                           " of b differ");
  }
  Dims result;
  for (int d = 0; d < a.rank(); ++d) {
    if (std::find(dims.a.begin(), dims.a.end(), d) == dims.a.end()) result.push_back(a[d]);
  }
  for (int d = 0; d < b.rank(); ++d) {
    if (std::find(dims.b.begin(), dims.b.end(), d) == dims.b.end()) result.push_back(b[d]);
  }
  Push(call, ShapeOf(result), results);
  return absl::OkStatus();
}

std::vector<Shape> OperandShapes(const OpCall& call) {
  std::vector<Shape> shapes;
  for (int i = 0; i < call.num_operands(); ++i) shapes.push_back(call.operand(i).shape);
  return shapes;
}

absl::Status InferEinsum(const OpCall& call, ResultTypes* results) {
  if (call.num_operands() == 0) return InvalidArgument("needs at least one operand");
  OTIUM_RETURN_IF_ERROR(RequireNumbers(call));
  const std::vector<Shape> shapes = OperandShapes(call);
  OTIUM_ASSIGN_OR_RETURN(const EinsumSpec spec,
                         ParseEinsum(call.attributes.Get<std::string>("equation"), shapes));
  OTIUM_ASSIGN_OR_RETURN(const Dims sizes, EinsumSizes(spec, shapes));
  Dims dims;
  for (int name : spec.result) dims.push_back(sizes[name]);
  Push(call, ShapeOf(dims), results);
  return absl::OkStatus();
}

}  // namespace

OTIUM_DEFINE_OP(matmul) = {
    .doc =
        "A @ B by NumPy's rules: a vector is a row on the left and a column on the right, the "
        "dimensions before the last two are batch and broadcast.",
    .params = kMatmulParams,
    .promotion = Promotion::kEqual,
    .infer = InferMatmul,
    .structure = MatmulStructure,
    .flops =
        [](const OpCall& call, absl::Span<const TensorType> results) {
          return SumFlops(results, call.operand(0).shape.back(1));
        },
};
OTIUM_DEFINE_OP(inner) = {
    .doc = "Sums of products over the last dimensions of a and b; a scalar operand multiplies.",
    .params = kPairParams,
    .promotion = Promotion::kEqual,
    .infer = InferInner,
    .flops =
        [](const OpCall& call, absl::Span<const TensorType> results) {
          const Shape& a = call.operand(0).shape;
          return SumFlops(results,
                          a.rank() == 0 || call.operand(1).rank() == 0 ? Dim(1) : a.back(1));
        },
};
OTIUM_DEFINE_OP(outer) = {
    .doc = "x[i] * y[j] of two vectors.",
    .params = kOuterParams,
    .promotion = Promotion::kPointwise,
    .infer = InferOuter,
    .structure = OuterRule,
};
OTIUM_DEFINE_OP(kron) = {
    .doc = "The Kronecker product: every element of a times all of b.",
    .params = kPairParams,
    .promotion = Promotion::kPointwise,
    .infer = InferKron,
    .structure = KronStructure,
};
OTIUM_DEFINE_OP(tensordot) = {
    .doc =
        "Sums of products over the last dims dimensions of a and the first of b, or, with two "
        "lists, over the dimensions dims[0] of a and dims[1] of b, one by one.",
    .params = kTensordotParams,
    .promotion = Promotion::kEqual,
    .infer = InferTensordot,
    .flops =
        [](const OpCall& call, absl::Span<const TensorType> results) {
          const Shape& a = call.operand(0).shape;
          const auto dims = TensordotDims(call.attributes, a.rank(), call.operand(1).rank());
          Dim terms = 1;
          for (int d : dims->a) terms = terms * a[d];
          return SumFlops(results, terms);
        },
};
OTIUM_DEFINE_OP(einsum) = {
    .doc =
        "Sums of products as the equation says: einsum(\"bij,bjk->bik\", A, B). Without '->' "
        "the result has the letters that occur once, in alphabetical order; '...' stands for "
        "the dimensions that are not named.",
    .params = kEinsumParams,
    .promotion = Promotion::kEqual,
    .infer = InferEinsum,
    .flops =
        [](const OpCall& call, absl::Span<const TensorType>) {
          const std::vector<Shape> shapes = OperandShapes(call);
          const auto spec = ParseEinsum(call.attributes.Get<std::string>("equation"), shapes);
          const auto sizes = EinsumSizes(*spec, shapes);
          double products = call.num_operands();
          for (const Dim& size : *sizes) products *= static_cast<double>(size.value());
          return products;
        },
};

Expr matmul(Arg A, Arg B) { return MakeExpr(Op::matmul, {A, B}); }
Expr inner(Arg a, Arg b) { return MakeExpr(Op::inner, {a, b}); }
Expr outer(Arg x, Arg y) { return MakeExpr(Op::outer, {x, y}); }
Expr kron(Arg a, Arg b) { return MakeExpr(Op::kron, {a, b}); }
Expr tensordot(Arg a, Arg b, int64_t dims) {
  return MakeExpr(Op::tensordot, {a, b}, {{"dims", dims}});
}
Expr tensordot(Arg a, Arg b, Ints dims_a, const Ints& dims_b) {
  if (dims_a.size() != dims_b.size()) {
    return PoisonedExpr(InvalidArgument("tensordot: dims_a has ", dims_a.size(),
                                        " entries and dims_b ", dims_b.size()),
                        a.position());
  }
  dims_a.insert(dims_a.end(), dims_b.begin(), dims_b.end());
  return MakeExpr(Op::tensordot, {a, b}, {{"dims", std::move(dims_a)}});
}
Expr einsum(absl::string_view equation, absl::Span<const Expr> operands,
            std::source_location location) {
  return MakeExpr(Op::einsum, Operands(operands.begin(), operands.end()),
                  {{"equation", std::string(equation)}}, SourcePosition::From(location));
}

}  // namespace otium
