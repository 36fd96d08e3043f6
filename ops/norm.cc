// SPDX-License-Identifier: Apache-2.0
//
// Norms of vectors and matrices, after torch.linalg.

#include "ops/norm.h"

#include <cmath>

#include "engine/base/status.h"
#include "ops/infer.h"
#include "ops/op.h"

namespace otium {
namespace {

constexpr ParamDef kVectorNormParams[] = {TensorParam("x"), FloatAttr("ord", 2),
                                          NoneAttr("dim", ParamKind::kInts),
                                          BoolAttr("keepdim", false), kCastParam};
constexpr ParamDef kNormParams[] = {TensorParam("x"), NoneAttr("ord", ParamKind::kOrder),
                                    NoneAttr("dim", ParamKind::kInts), BoolAttr("keepdim", false),
                                    kCastParam};

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
  const std::string text = name != nullptr ? absl::StrCat("'", *name, "'") : absl::StrCat(*number);
  if ((name != nullptr && *name == "nuc") || (number != nullptr && std::abs(*number) == 2)) {
    return InvalidArgument("ord = ", text,
                           " is a sum or an extremum of singular values, which there is no op "
                           "for yet; matrices have 'fro', 1, -1, inf and -inf");
  }
  if (name != nullptr || (std::abs(*number) != 1 && !std::isinf(*number))) {
    return InvalidArgument("ord is ", text, ", matrices have 'fro', 1, -1, inf and -inf");
  }
  // The smallest of no sums.
  const TensorType& x = call.operand(0);
  const int kept = std::isinf(*number) ? rows : columns;
  if (*number < 0 && x.shape[kept].Is(0)) {
    return InvalidArgument(Describe("x", x), ", dimension ", kept,
                           " is empty, and of nothing it is not defined");
  }
  return absl::OkStatus();
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
        "two the matrix norm 'fro', 1 or -1 (extreme column sum), inf or -inf (row sum).",
    .params = kNormParams,
    .traits = kReductionOp | kCastsOperand,
    .infer = InferNorm,
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
Expr norm(Arg x, std::optional<NormOrder> ord, DimsArg dim, bool keepdim,
          std::optional<DType> dtype) {
  AttributeValue order = ord.has_value() ? (*std::move(ord)).value() : AttributeValue();
  return MakeExpr(Op::norm, {x}, NormAttributes(std::move(order), std::move(dim), keepdim, dtype));
}

}  // namespace otium
