// SPDX-License-Identifier: Apache-2.0
//
// Norms of vectors and matrices, after torch.linalg.

#include "ops/norm.h"

#include <cmath>

#include "engine/base/status.h"
#include "ops/infer.h"
#include "ops/linalg_rules.h"
#include "ops/op.h"

namespace otium {
namespace {

constexpr ParamDef kVectorNormParams[] = {TensorParam("x"), FloatAttr("ord", 2),
                                          NoneAttr("dim", ParamKind::kInts),
                                          BoolAttr("keepdim", false), kCastParam};
constexpr ParamDef kNormParams[] = {TensorParam("x"), NoneAttr("ord", ParamKind::kOrder),
                                    NoneAttr("dim", ParamKind::kInts), BoolAttr("keepdim", false),
                                    kCastParam};

constexpr ParamDef kMatrixNormParams[] = {
    TensorParam("A"),
    {.name = "ord",
     .kind = ParamKind::kOrder,
     .default_value = {.kind = ParamDefault::kString, .string = "fro"}},
    NoneAttr("dim", ParamKind::kInts), BoolAttr("keepdim", false), kCastParam};

absl::Status InferRealReduction(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireInexact(call, 0));
  OTIUM_ASSIGN_OR_RETURN(Shape shape, ReducedShape(call));
  results->push_back(TensorType(RealDType(call.operand(0).dtype), std::move(shape)));
  return absl::OkStatus();
}

absl::Status CheckVectorOrder(const OpCall& call, double order) {
  if (std::isnan(order)) return InvalidArgument("ord is nan");
  if (order < 0 || std::isinf(order)) return RequireNonemptyReduction(call);
  return absl::OkStatus();
}

// Over the dimensions `rows` and `columns` of operand 0.
absl::Status CheckMatrixOrder(const OpCall& call, int rows, int columns) {
  const AttributeValue& ord = call.attributes["ord"];
  const auto* name = std::get_if<std::string>(&ord);
  const auto* number = std::get_if<double>(&ord);
  if (name != nullptr && *name == "fro") return absl::OkStatus();
  const TensorType& x = call.operand(0);
  if (IsSpectralOrder(ord)) {
    if (ItemSize(RealDType(x.dtype)) < 4) {
      return InvalidArgument(Describe("x", x),
                             ", of which there are no singular values; it must be f32, f64, c64 or "
                             "c128");
    }
    if (number == nullptr || *number > 0) return absl::OkStatus();
    if (!x.shape[rows].Is(0) && !x.shape[columns].Is(0)) return absl::OkStatus();
    return InvalidArgument(Describe("x", x), ", the smallest singular value of none");
  }
  if (name != nullptr || (std::abs(*number) != 1 && !std::isinf(*number))) {
    const std::string text =
        name != nullptr ? absl::StrCat("'", *name, "'") : absl::StrCat(*number);
    return InvalidArgument("ord is ", text,
                           ", matrices have 'fro', 'nuc', 1, -1, 2, -2, inf and -inf");
  }
  // The smallest of no sums.
  const int kept = std::isinf(*number) ? rows : columns;
  if (*number < 0 && x.shape[kept].Is(0)) {
    return InvalidArgument(Describe("x", x), ", dimension ", kept,
                           " is empty, and of nothing it is not defined");
  }
  return absl::OkStatus();
}

absl::Status InferMatrixNorm(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireRankAtLeast(call, 0, 2));
  OTIUM_RETURN_IF_ERROR(RequireInexact(call, 0));
  const TensorType& A = call.operand(0);
  OTIUM_ASSIGN_OR_RETURN(const std::vector<int> dims, MatrixNormDims(call.attributes, A.rank()));
  const bool keepdim = call.attributes.Get<bool>("keepdim");
  absl::InlinedVector<Dim, 4> shape;
  for (int d = 0; d < A.rank(); ++d) {
    const bool reduced = d == dims[0] || d == dims[1];
    if (!reduced) shape.push_back(A.shape[d]);
    if (reduced && keepdim) shape.push_back(1);
  }
  results->push_back(TensorType(RealDType(A.dtype), Shape(absl::MakeConstSpan(shape))));
  return CheckMatrixOrder(call, dims[0], dims[1]);
}

absl::Status InferNorm(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(InferRealReduction(call, results));
  const TensorType& x = call.operand(0);
  const AttributeValue& ord = call.attributes["ord"];
  const Ints* dim = call.attributes.Find<Ints>("dim");
  if (dim != nullptr && dim->size() != 1 && dim->size() != 2) {
    return InvalidArgument("dim has ", dim->size(), " dimensions, it must have 1 or 2");
  }
  if (std::holds_alternative<std::monostate>(ord)) return absl::OkStatus();
  if (dim == nullptr && x.rank() != 1 && x.rank() != 2) {
    return InvalidArgument(Describe("x", x),
                           ", with ord and without dim it must have 1 or 2 "
                           "dimensions");
  }
  OTIUM_ASSIGN_OR_RETURN(const std::vector<int> dims,
                         ReducedDims(call.op, call.attributes, x.rank()));
  if (dims.size() == 2) return CheckMatrixOrder(call, dims[0], dims[1]);
  if (const auto* number = std::get_if<double>(&ord)) return CheckVectorOrder(call, *number);
  return InvalidArgument("ord is '", std::get<std::string>(ord), "', vectors have numbers only");
}

absl::Status InferVectorNorm(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(InferRealReduction(call, results));
  return CheckVectorOrder(call, call.attributes.Get<double>("ord"));
}

void NormStructure(const StructureCall&, ResultTypes* results) {
  TensorType& type = (*results)[0];
  if (type.rank() == 0) type.structure.flags |= kNonnegative;
}

double NormFlops(const OpCall& call, absl::Span<const TensorType>) {
  return 2 * static_cast<double>(call.operand(0).shape.NumElements());
}

}  // namespace

absl::StatusOr<std::vector<int>> MatrixNormDims(const Attributes& attributes, int rank) {
  const Ints last = {-2, -1};
  const Ints* dim = attributes.Find<Ints>("dim");
  if (dim == nullptr) dim = &last;
  if (dim->size() != 2) {
    return InvalidArgument("dim has ", dim->size(), " dimensions, it must have 2");
  }
  return NormalizeDims(dim, rank);
}

bool IsSpectralOrder(const AttributeValue& ord) {
  if (const auto* name = std::get_if<std::string>(&ord)) return *name == "nuc";
  const auto* number = std::get_if<double>(&ord);
  return number != nullptr && std::abs(*number) == 2;
}

OTIUM_DEFINE_OP(vector_norm) = {
    .doc =
        "sum(|x|**ord)**(1 / ord) over the dimensions `dim` (all when none); inf and -inf are "
        "the largest and smallest |x|, 0 counts what is not 0.",
    .params = kVectorNormParams,
    .traits = kReductionOp | kCastsOperand,
    .infer = InferVectorNorm,
    .structure = NormStructure,
    .flops = NormFlops,
};
OTIUM_DEFINE_OP(norm) = {
    .doc =
        "Without ord the 2-norm of all elements; with ord vector_norm over one dimension, over "
        "two matrix_norm.",
    .params = kNormParams,
    .traits = kReductionOp | kCastsOperand,
    .infer = InferNorm,
    .structure = NormStructure,
    .flops = NormFlops,
};
OTIUM_DEFINE_OP(matrix_norm) = {
    .doc =
        "A norm of the matrices in two dimensions, the last by default: 'fro'; 1 or -1 (extreme "
        "column sum of |A|), inf or -inf (row sum); 2 or -2 (extreme singular value), 'nuc' (sum "
        "of them).",
    .params = kMatrixNormParams,
    .traits = kCastsOperand,
    .infer = InferMatrixNorm,
    .structure = NormStructure,
    .flops = NormFlops,
};

namespace {
std::vector<NamedAttribute> NormAttributes(AttributeValue ord, std::optional<Ints> dim,
                                           bool keepdim, std::optional<DType> dtype) {
  std::vector<NamedAttribute> attributes = {{"ord", std::move(ord)}, {"keepdim", keepdim}};
  if (dim.has_value()) attributes.push_back({"dim", *std::move(dim)});
  if (dtype.has_value()) attributes.push_back({"dtype", *dtype});
  return attributes;
}
}  // namespace

Expr vector_norm(Arg x, double ord, DimsArg dim, bool keepdim, std::optional<DType> dtype) {
  return MakeExpr(Op::vector_norm, {x}, NormAttributes(ord, std::move(dim), keepdim, dtype));
}
Expr matrix_norm(Arg A, NormOrder ord, DimsArg dim, bool keepdim, std::optional<DType> dtype) {
  return MakeExpr(Op::matrix_norm, {A},
                  NormAttributes(std::move(ord).value(), std::move(dim), keepdim, dtype));
}
Expr norm(Arg x, std::optional<NormOrder> ord, DimsArg dim, bool keepdim,
          std::optional<DType> dtype) {
  AttributeValue order = ord.has_value() ? (*std::move(ord)).value() : AttributeValue();
  return MakeExpr(Op::norm, {x}, NormAttributes(std::move(order), std::move(dim), keepdim, dtype));
}

}  // namespace otium
