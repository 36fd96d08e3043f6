// SPDX-License-Identifier: Apache-2.0
//
// Ops that move elements and compute nothing.

#include "ops/shape.h"

#include <utility>

#include "engine/base/status.h"
#include "ops/infer.h"
#include "ops/op.h"

namespace otium {
namespace {

constexpr ParamDef kTransposeParams[] = {TensorParam("x"), RequiredAttr("dim0", ParamKind::kInt),
                                         RequiredAttr("dim1", ParamKind::kInt)};

absl::Status InferTranspose(const OpCall& call, ResultTypes* results) {
  const TensorType& x = call.operand(0);
  const int64_t a = call.attributes.Get<int64_t>("dim0"), b = call.attributes.Get<int64_t>("dim1");
  if (a == -2 && b == -1) OTIUM_RETURN_IF_ERROR(RequireRankAtLeast(call, 0, 2));
  OTIUM_ASSIGN_OR_RETURN(const int dim0, NormalizeDim(a, x.rank()));
  OTIUM_ASSIGN_OR_RETURN(const int dim1, NormalizeDim(b, x.rank()));
  Dims dims(x.shape.dims().begin(), x.shape.dims().end());
  if (dim0 != dim1) std::swap(dims[dim0], dims[dim1]);
  results->push_back(TensorType(x.dtype, Shape(absl::Span<const Dim>(dims))));
  return absl::OkStatus();
}

// Exchanging the last two dimensions exchanges the bands; full column rank and
// orthonormal columns of a rectangle do not survive, NormalizeStructure restores
// them for squares.
void TransposeStructure(const StructureCall& call, ResultTypes* results) {
  const TensorType& x = call.operand(0);
  if (!SwapsLastTwo(call.attributes, x.rank())) return;
  Structure s = x.structure;
  std::swap(s.lower, s.upper);
  s.flags &= ~(kFullColumnRank | kOrthonormalColumns);
  (*results)[0].structure = s;
}

constexpr ParamDef kNonzeroParams[] = {TensorParam("x"),
                                       NoneAttr("count", ParamKind::kDim, /*keyword_only=*/true)};

absl::Status InferNonzero(const OpCall& call, ResultTypes* results) {
  const TensorType& x = call.operand(0);
  results->push_back(TensorType(DType::kI64, Shape({call.attributes.Get<Dim>("count"),
                                                    Dim(x.rank())})));
  return absl::OkStatus();
}

}  // namespace

OTIUM_DEFINE_OP(transpose) = {
    .doc = "x with the dimensions dim0 and dim1 exchanged; x.T exchanges the last two.",
    .params = kTransposeParams,
    .traits = kViewOp,
    .infer = InferTranspose,
    .structure = TransposeStructure,
};

OTIUM_DEFINE_OP(nonzero) = {
    .doc = "The indices of the elements that are not zero, one row each, in row-major order: "
           "i64[count, rank]. The count is known when it runs.",
    .params = kNonzeroParams,
    .traits = kDataDependent,
    .infer = InferNonzero,
    .max_count = [](const OpCall& call) { return call.operand(0).shape.NumElements(); },
};

Expr transpose(Arg x, int64_t dim0, int64_t dim1) {
  return MakeExpr(Op::transpose, {x}, {{"dim0", dim0}, {"dim1", dim1}});
}
Expr nonzero(Arg x) { return MakeExpr(Op::nonzero, {x}); }

}  // namespace otium
