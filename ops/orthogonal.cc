// SPDX-License-Identifier: Apache-2.0

#include "ops/orthogonal.h"

#include <algorithm>

#include "engine/base/status.h"
#include "ops/linalg_rules.h"
#include "ops/op.h"
#include "ops/shape_rules.h"

namespace otium {
namespace {

constexpr absl::string_view kQrNames[] = {"Q", "R"};
constexpr absl::string_view kGeqrfNames[] = {"a", "tau"};
constexpr ParamDef kQrParams[] = {TensorParam("A"), StringAttr("mode", "reduced")};
constexpr ParamDef kGeqrfParams[] = {TensorParam("A")};
constexpr ParamDef kReflectorParams[] = {TensorParam("A"), TensorParam("tau")};
constexpr ParamDef kOrmqrParams[] = {TensorParam("A"), TensorParam("tau"), TensorParam("other"),
                                     BoolAttr("left", true), BoolAttr("transpose", false)};

Dim Smaller(const TensorType& A) { return SmallerDim(A.shape.back(2), A.shape.back(1)); }

absl::Status InferQr(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireMatrices(call, 0));
  const TensorType& A = call.operand(0);
  const std::string& mode = call.attributes.Get<std::string>("mode");
  const Shape batch = BatchShape(A.shape);
  const Dim m = A.shape.back(2), n = A.shape.back(1), k = Smaller(A);
  if (mode == "reduced" || mode == "r") {
    results->push_back(TensorType(A.dtype, mode == "r" ? Shape{0} : ConcatShapes(batch, {m, k})));
    results->push_back(TensorType(A.dtype, ConcatShapes(batch, {k, n})));
    return absl::OkStatus();
  }
  if (mode == "complete") {
    results->push_back(TensorType(A.dtype, ConcatShapes(batch, {m, m})));
    results->push_back(TensorType(A.dtype, ConcatShapes(batch, {m, n})));
    return absl::OkStatus();
  }
  return InvalidArgument("mode is '", mode, "', it must be 'reduced', 'complete' or 'r'");
}

void QrStructure(const StructureCall& call, ResultTypes* results) {
  const Structure& a = call.operand(0).structure;
  TensorType& Q = (*results)[0];
  TensorType& R = (*results)[1];
  if (Q.rank() >= 2) Q.structure.flags |= kOrthonormalColumns;
  R.structure.lower = 0;
  R.structure.upper = AddBands(a.lower, a.upper);
  if (a.Has(kNonsingular)) R.structure.flags |= kNonsingular;
}

double QrFlops(const OpCall& call, absl::Span<const TensorType> results) {
  const TensorType& A = call.operand(0);
  const double m = static_cast<double>(A.shape.back(2).value());
  const double n = static_cast<double>(A.shape.back(1).value()), k = std::min(m, n);
  const double factor = 2 * k * k * (std::max(m, n) - k / 3);
  const double batch = static_cast<double>(BatchShape(A.shape).NumElements());
  // Forming Q costs about as much again.
  return batch * factor * (results[0].rank() >= 2 && call.op.id == Op::qr ? 2 : 1);
}

absl::Status InferGeqrf(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireMatrices(call, 0));
  const TensorType& A = call.operand(0);
  results->push_back(TensorType(A.dtype, A.shape));
  results->push_back(TensorType(A.dtype, ConcatShapes(BatchShape(A.shape), {Smaller(A)})));
  return absl::OkStatus();
}

// Operands A [..., m, n] and tau [..., k] with k <= n <= m.
absl::Status RequireReflectors(const OpCall& call) {
  OTIUM_RETURN_IF_ERROR(RequireMatrices(call, 0));
  OTIUM_RETURN_IF_ERROR(RequireRankAtLeast(call, 1, 1));
  const TensorType& A = call.operand(0);
  const TensorType& tau = call.operand(1);
  const Dim m = A.shape.back(2), n = A.shape.back(1), k = tau.shape.back(1);
  if (!(BatchShape(A.shape) == BatchShape(tau.shape, 1))) {
    return InvalidArgument(Describe("A", A), ", ", Describe("tau", tau),
                           ", their batches must be equal");
  }
  if (!(SmallerDim(m, n) == n) || !(SmallerDim(n, k) == k)) {
    return InvalidArgument(Describe("A", A), ", ", Describe("tau", tau),
                           ", there must be no more reflectors than columns, and no more columns "
                           "than rows");
  }
  return absl::OkStatus();
}

absl::Status InferHouseholderProduct(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireReflectors(call));
  results->push_back(TensorType(call.operand(0).dtype, call.operand(0).shape));
  return absl::OkStatus();
}

absl::Status InferOrmqr(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireReflectors(call));
  OTIUM_RETURN_IF_ERROR(RequireRankAtLeast(call, 2, 2));
  const TensorType& A = call.operand(0);
  const TensorType& other = call.operand(2);
  const bool left = call.attributes.Get<bool>("left");
  OTIUM_RETURN_IF_ERROR(
      RequireSameSize(call, 0, A.shape.back(2), 2, other.shape.back(left ? 2 : 1)));
  if (!(BatchShape(A.shape) == BatchShape(other.shape))) {
    return InvalidArgument(Describe("A", A), ", ", Describe("other", other),
                           ", their batches must be equal");
  }
  results->push_back(TensorType(other.dtype, other.shape));
  return absl::OkStatus();
}

double ReflectorFlops(const OpCall& call, absl::Span<const TensorType> results) {
  return 4 * static_cast<double>(call.operand(1).shape.back(1).value()) *
         static_cast<double>(results[0].shape.NumElements());
}

}  // namespace

OTIUM_DEFINE_OP(qr) = {
    .doc =
        "A = Q @ R of [..., m, n] with orthonormal columns of Q and upper R: mode 'reduced' with "
        "min(m, n) columns, 'complete' with m, 'r' R alone, Q being [0].",
    .params = kQrParams,
    .num_results = 2,
    .result_names = kQrNames,
    .infer = InferQr,
    .structure = QrStructure,
    .flops = QrFlops,
};
OTIUM_DEFINE_OP(geqrf) = {
    .doc =
        "LAPACK's geqrf: R on and above the diagonal of a, below it the vectors of reflectors with "
        "the factors tau, whose product is Q.",
    .params = kGeqrfParams,
    .num_results = 2,
    .result_names = kGeqrfNames,
    .infer = InferGeqrf,
    .flops = QrFlops,
};
OTIUM_DEFINE_OP(householder_product) = {
    .doc =
        "The first n columns of the product of the reflectors that A [..., m, n] and tau [..., k] "
        "hold, as geqrf gives them.",
    .params = kReflectorParams,
    .promotion = Promotion::kEqual,
    .infer = InferHouseholderProduct,
    .flops = ReflectorFlops,
};
OTIUM_DEFINE_OP(orgqr) = {
    .doc = "householder_product by its older name.",
    .params = kReflectorParams,
    .promotion = Promotion::kEqual,
    .infer = InferHouseholderProduct,
    .flops = ReflectorFlops,
};
OTIUM_DEFINE_OP(ormqr) = {
    .doc =
        "Q @ other (other @ Q unless left) with the product Q [m, m] of the reflectors that A "
        "[..., m, k] and tau [..., k] hold, or Q.H when transpose.",
    .params = kOrmqrParams,
    .promotion = Promotion::kEqual,
    .infer = InferOrmqr,
    .flops = ReflectorFlops,
};

QrResults qr(Arg A, absl::string_view mode) {
  return MakeResults<QrResults>(Op::qr, {A}, {{"mode", std::string(mode)}});
}
GeqrfResults geqrf(Arg A) { return MakeResults<GeqrfResults>(Op::geqrf, {A}); }
Expr householder_product(Arg A, Arg tau) { return MakeExpr(Op::householder_product, {A, tau}); }
Expr orgqr(Arg A, Arg tau) { return MakeExpr(Op::orgqr, {A, tau}); }
Expr ormqr(Arg A, Arg tau, Arg other, bool left, bool transpose) {
  return MakeExpr(Op::ormqr, {A, tau, other}, {{"left", left}, {"transpose", transpose}});
}

}  // namespace otium
