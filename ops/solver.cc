// SPDX-License-Identifier: Apache-2.0

#include "ops/solver.h"

#include "engine/base/status.h"
#include "ops/linalg_rules.h"
#include "ops/op.h"

namespace otium {
namespace {

constexpr ParamDef kSolveParams[] = {TensorParam("A"), TensorParam("B")};

absl::Status InferSolve(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireSquareMatrices(call, 0));
  OTIUM_RETURN_IF_ERROR(RequireRankAtLeast(call, 1, 1));
  const TensorType& A = call.operand(0);
  const TensorType& B = call.operand(1);
  const bool vector = IsVectorSystem(A, B);
  const Dim n = A.shape.back(1);
  OTIUM_RETURN_IF_ERROR(RequireSameSize(call, 0, n, 1, B.shape.back(vector ? 1 : 2)));
  OTIUM_ASSIGN_OR_RETURN(const Shape batch,
                         BroadcastShapes(BatchShape(A.shape), BatchShape(B.shape, vector ? 1 : 2)));
  results->push_back(TensorType(
      A.dtype, vector ? ConcatShapes(batch, {n}) : ConcatShapes(batch, {n, B.shape.back(1)})));
  return absl::OkStatus();
}

}  // namespace

OTIUM_DEFINE_OP(solve) = {
    .doc =
        "X with A @ X = B for square A. B is a vector when it is 1-D or its shape is that of A "
        "without the last dimension. Fails when a matrix is singular.",
    .params = kSolveParams,
    .traits = kFallible,
    .promotion = Promotion::kEqual,
    .infer = InferSolve,
    .flops =
        [](const OpCall& call, absl::Span<const TensorType> results) {
          const TensorType& A = call.operand(0);
          const double factor = A.structure.Has(kSymmetric) ? 1.0 / 3 : 2.0 / 3;
          return CubeFlops(A, factor) + 2.0 * static_cast<double>(A.shape.back(1).value()) *
                                            static_cast<double>(results[0].shape.NumElements());
        },
    // LAPACK's meaning; a kernel that relies on definiteness reports -k.
    .failure = [](const OpCall& call, int64_t code, int64_t index) -> std::string {
      if (code < 0) return NotPositiveDefinite(call, -code, index);
      return absl::StrCat("the diagonal element ", code, " of U is zero, the matrix is singular");
    },
    .contradicts = [](int64_t code) -> uint32_t { return code < 0 ? kPd : kNonsingular; },
};

Expr solve(Arg A, Arg B) { return MakeExpr(Op::solve, {A, B}); }

}  // namespace otium
