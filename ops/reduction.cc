// SPDX-License-Identifier: Apache-2.0
//
// Reductions over chosen dimensions (all of them by default), with keepdim.

#include "ops/reduction.h"

#include <algorithm>

#include "engine/base/status.h"
#include "ops/infer.h"
#include "ops/op.h"

namespace otium {
namespace {

constexpr ParamDef kReduceParams[] = {TensorParam("x"), NoneAttr("dim", ParamKind::kInts),
                                      BoolAttr("keepdim", false)};

absl::StatusOr<Shape> ReducedShape(const OpCall& call) {
  const Shape& x = call.operand(0).shape;
  OTIUM_ASSIGN_OR_RETURN(const std::vector<int> dims,
                         NormalizeDims(call.attributes.Find<Ints>("dim"), x.rank()));
  const bool keepdim = call.attributes.Get<bool>("keepdim");
  Dims shape;
  for (int d = 0; d < x.rank(); ++d) {
    const bool reduced = std::find(dims.begin(), dims.end(), d) != dims.end();
    if (!reduced) shape.push_back(x[d]);
    if (reduced && keepdim) shape.push_back(1);
  }
  return Shape(absl::Span<const Dim>(shape));
}

// Integer sums and products are i64.
absl::Status InferSum(const OpCall& call, ResultTypes* results) {
  OTIUM_ASSIGN_OR_RETURN(Shape shape, ReducedShape(call));
  const DType d = call.operand(0).dtype;
  results->push_back(TensorType(IsInexact(d) ? d : DType::kI64, std::move(shape)));
  return absl::OkStatus();
}

constexpr ParamDef kVarParams[] = {TensorParam("x"), NoneAttr("dim", ParamKind::kInts),
                                   FloatAttr("correction", 1, /*keyword_only=*/true),
                                   BoolAttr("keepdim", false)};
constexpr absl::string_view kVarMeanResults[] = {"var", "mean"};

absl::Status InferVarMean(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireInexact(call, 0));
  OTIUM_ASSIGN_OR_RETURN(Shape shape, ReducedShape(call));
  const DType d = call.operand(0).dtype;
  results->push_back(TensorType(RealDType(d), shape));
  results->push_back(TensorType(d, std::move(shape)));
  return absl::OkStatus();
}

double OperandFlops(const OpCall& call, double each) {
  return each * static_cast<double>(call.operand(0).shape.NumElements());
}

}  // namespace

OTIUM_DEFINE_OP(sum) = {
    .doc = "The sum over the dimensions `dim` (all when none); integers give i64.",
    .params = kReduceParams,
    .traits = kReductionOp,
    .infer = InferSum,
    .flops = [](const OpCall& call, absl::Span<const TensorType>) { return OperandFlops(call, 1); },
};

OTIUM_DEFINE_OP(var_mean) = {
    .doc = "Variance (divided by n - correction) and mean over the dimensions `dim`.",
    .params = kVarParams,
    .num_results = 2,
    .result_names = kVarMeanResults,
    .traits = kReductionOp,
    .infer = InferVarMean,
    .flops = [](const OpCall& call, absl::Span<const TensorType>) { return OperandFlops(call, 4); },
};

namespace {
std::vector<NamedAttribute> ReduceAttributes(std::optional<Ints> dim, bool keepdim) {
  std::vector<NamedAttribute> attributes = {{"keepdim", keepdim}};
  if (dim.has_value()) attributes.push_back({"dim", *std::move(dim)});
  return attributes;
}
}  // namespace

Expr sum(Arg x, std::optional<Ints> dim, bool keepdim) {
  return MakeExpr(Op::sum, {x}, ReduceAttributes(std::move(dim), keepdim));
}

std::pair<Expr, Expr> var_mean(Arg x, std::optional<Ints> dim, double correction, bool keepdim) {
  std::vector<NamedAttribute> attributes = ReduceAttributes(std::move(dim), keepdim);
  attributes.push_back({"correction", correction});
  const Expr var = MakeExpr(Op::var_mean, {x}, std::move(attributes));
  return {var, Expr(var.node_ptr(), 1)};
}

}  // namespace otium
