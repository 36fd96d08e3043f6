// SPDX-License-Identifier: Apache-2.0

#include "ops/factorization.h"

#include "engine/base/status.h"
#include "ops/linalg_rules.h"
#include "ops/op.h"

namespace otium {
namespace {

constexpr absl::string_view kCholeskyExResults[] = {"L", "info"};
constexpr ParamDef kCholeskyParams[] = {TensorParam("A"), BoolAttr("upper", false)};

absl::Status InferCholesky(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireSquareMatrices(call, 0));
  results->push_back(TensorType(call.operand(0).dtype, call.operand(0).shape));
  return absl::OkStatus();
}

absl::Status InferCholeskyEx(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(InferCholesky(call, results));
  results->push_back(InfoType(call));
  return absl::OkStatus();
}

// The factor keeps the band of its side.
void BandOfCholesky(const StructureCall& call, ResultTypes* results) {
  Structure& s = (*results)[0].structure;
  const bool upper = call.attributes.Get<bool>("upper");
  const Structure& a = call.operand(0).structure;
  (upper ? s.lower : s.upper) = 0;
  (upper ? s.upper : s.lower) = upper ? a.upper : a.lower;
}

// It exists only for definite matrices.
void CholeskyStructure(const StructureCall& call, ResultTypes* results) {
  BandOfCholesky(call, results);
  (*results)[0].structure.flags |= kNonsingular;
}

double CholeskyFlops(const OpCall& call, absl::Span<const TensorType>) {
  return CubeFlops(call.operand(0), 1.0 / 3);
}

}  // namespace

OTIUM_DEFINE_OP(cholesky) = {
    .doc =
        "The Cholesky factor of hermitian positive definite matrices: L with A = L @ L.H, or U "
        "with A = U.H @ U when upper. Only that triangle of A is read. Fails when a matrix is "
        "not positive definite.",
    .params = kCholeskyParams,
    .traits = kFallible,
    .infer = InferCholesky,
    .structure = CholeskyStructure,
    .flops = CholeskyFlops,
    .failure = NotPositiveDefinite,
    .contradicts = [](int64_t) -> uint32_t { return kPd; },
};
OTIUM_DEFINE_OP(cholesky_ex) = {
    .doc =
        "cholesky that never fails: info is 0, or k where the leading minor of order k is not "
        "positive definite and the factor is NaN.",
    .params = kCholeskyParams,
    .num_results = 2,
    .result_names = kCholeskyExResults,
    .infer = InferCholeskyEx,
    .structure = BandOfCholesky,
    .flops = CholeskyFlops,
};

Expr cholesky(Arg A, bool upper) { return MakeExpr(Op::cholesky, {A}, {{"upper", upper}}); }
CholeskyExResults cholesky_ex(Arg A, bool upper) {
  return MakeResults<CholeskyExResults>(Op::cholesky_ex, {A}, {{"upper", upper}});
}

}  // namespace otium
