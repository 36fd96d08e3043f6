// SPDX-License-Identifier: Apache-2.0
//
// Ops along one dimension that keep its size: softmax and its logarithm,
// cumulative sums and products.

#include "ops/scan.h"

#include "engine/base/status.h"
#include "ops/infer.h"
#include "ops/op.h"

namespace otium {
namespace {

constexpr ParamDef kScanParams[] = {TensorParam("x"), RequiredAttr("dim", ParamKind::kInt),
                                    kCastParam};

absl::Status InferScan(const OpCall& call, DType dtype, ResultTypes* results) {
  const Shape& x = call.operand(0).shape;
  OTIUM_RETURN_IF_ERROR(NormalizeDim(call.attributes.Get<int64_t>("dim"), x.rank()).status());
  results->push_back(TensorType(dtype, x));
  return absl::OkStatus();
}

absl::Status InferSoftmax(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireCategory(call, 0, kFloatCategory));
  return InferScan(call, call.operand(0).dtype, results);
}

// Integer sums and products are i64.
absl::Status InferCumulative(const OpCall& call, ResultTypes* results) {
  const DType d = call.operand(0).dtype;
  return InferScan(call, IsInexact(d) ? d : DType::kI64, results);
}

// Sums and products of zeros are zero.
void CumulativeStructure(const StructureCall& call, ResultTypes* results) {
  if (call.operand(0).structure.Has(kZero)) (*results)[0].structure.flags |= kZero;
}

template <int kEach>
double ScanFlops(const OpCall&, absl::Span<const TensorType> results) {
  return kEach * static_cast<double>(results[0].shape.NumElements());
}

}  // namespace

OTIUM_DEFINE_OP(softmax) = {
    .doc = "exp(x) / sum(exp(x)) along the dimension `dim`, without overflow on the way.",
    .params = kScanParams,
    .traits = kCastsOperand,
    .infer = InferSoftmax,
    .flops = ScanFlops<24>,
};
OTIUM_DEFINE_OP(log_softmax) = {
    .doc = "x - log(sum(exp(x))) along the dimension `dim`, without overflow on the way.",
    .params = kScanParams,
    .traits = kCastsOperand,
    .infer = InferSoftmax,
    .flops = ScanFlops<24>,
};
OTIUM_DEFINE_OP(cumsum) = {
    .doc = "The sums of elements 0 to i along the dimension `dim`; integers give i64.",
    .params = kScanParams,
    .traits = kCastsOperand,
    .infer = InferCumulative,
    .structure = CumulativeStructure,
    .flops = ScanFlops<1>,
};
OTIUM_DEFINE_OP(cumprod) = {
    .doc = "The products of elements 0 to i along the dimension `dim`; integers give i64.",
    .params = kScanParams,
    .traits = kCastsOperand,
    .infer = InferCumulative,
    .structure = CumulativeStructure,
    .flops = ScanFlops<1>,
};

namespace {
Expr Scan(Op op, Arg x, int64_t dim, std::optional<DType> dtype) {
  std::vector<NamedAttribute> attributes = {{"dim", dim}};
  if (dtype.has_value()) attributes.push_back({"dtype", *dtype});
  return MakeExpr(op, {x}, std::move(attributes));
}
}  // namespace

Expr softmax(Arg x, int64_t dim, std::optional<DType> dtype) {
  return Scan(Op::softmax, x, dim, dtype);
}
Expr log_softmax(Arg x, int64_t dim, std::optional<DType> dtype) {
  return Scan(Op::log_softmax, x, dim, dtype);
}
Expr cumsum(Arg x, int64_t dim, std::optional<DType> dtype) {
  return Scan(Op::cumsum, x, dim, dtype);
}
Expr cumprod(Arg x, int64_t dim, std::optional<DType> dtype) {
  return Scan(Op::cumprod, x, dim, dtype);
}

}  // namespace otium
