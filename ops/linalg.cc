// SPDX-License-Identifier: Apache-2.0
//
// Factorizations and solvers.

#include "ops/linalg.h"

#include "engine/base/status.h"
#include "ops/infer.h"
#include "ops/op.h"

namespace otium {
namespace {

constexpr ParamDef kCholeskyParams[] = {TensorParam("A"), BoolAttr("upper", false)};

// Half precision is for storage: a factorization in it would be of little use.
absl::Status RequireFactorable(const OpCall& call, int i) {
  OTIUM_RETURN_IF_ERROR(RequireInexact(call, i));
  if (ItemSize(RealDType(call.operand(i).dtype)) >= 4) return absl::OkStatus();
  return InvalidArgument(Describe("A", call.operand(i)), ", it must be f32, f64, c64 or c128");
}

absl::Status InferCholesky(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireSquare(call, 0));
  OTIUM_RETURN_IF_ERROR(RequireFactorable(call, 0));
  results->push_back(TensorType(call.operand(0).dtype, call.operand(0).shape));
  return absl::OkStatus();
}

// The factor keeps the band of its side; it exists only for definite matrices.
void CholeskyStructure(const StructureCall& call, ResultTypes* results) {
  Structure& s = (*results)[0].structure;
  const bool upper = call.attributes.Get<bool>("upper");
  const Structure& a = call.operand(0).structure;
  (upper ? s.lower : s.upper) = 0;
  (upper ? s.upper : s.lower) = upper ? a.upper : a.lower;
  s.flags |= kNonsingular;
}

double CubeFlops(const TensorType& a, double factor) {
  const double n = static_cast<double>(a.shape.back(1).value());
  return factor * n * static_cast<double>(a.shape.NumElements());
}

std::string NotPositiveDefinite(const OpCall&, int64_t code, int64_t) {
  return absl::StrCat("the leading minor of order ", code, " is not positive definite");
}

constexpr ParamDef kSolveParams[] = {TensorParam("A"), TensorParam("B")};

// B is a vector when it is 1-D or its shape is A.shape[:-1]; that reading wins.
bool IsVectorSolve(const TensorType& A, const TensorType& B) {
  return B.rank() == 1 || B.shape == BatchShape(A.shape, 1);
}

absl::Status InferSolve(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireSquare(call, 0));
  OTIUM_RETURN_IF_ERROR(RequireFactorable(call, 0));
  OTIUM_RETURN_IF_ERROR(RequireRankAtLeast(call, 1, 1));
  const TensorType& A = call.operand(0);
  const TensorType& B = call.operand(1);
  const bool vector = IsVectorSolve(A, B);
  const Dim n = A.shape.back(1);
  OTIUM_RETURN_IF_ERROR(RequireSameSize(call, 0, n, 1, B.shape.back(vector ? 1 : 2)));
  OTIUM_ASSIGN_OR_RETURN(const Shape batch,
                         BroadcastShapes(BatchShape(A.shape), BatchShape(B.shape, vector ? 1 : 2)));
  results->push_back(TensorType(
      A.dtype, vector ? ConcatShapes(batch, {n}) : ConcatShapes(batch, {n, B.shape.back(1)})));
  return absl::OkStatus();
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
    .flops = [](const OpCall& call,
                absl::Span<const TensorType>) { return CubeFlops(call.operand(0), 1.0 / 3); },
    .failure = NotPositiveDefinite,
    .contradicts = [](int64_t) -> uint32_t { return kPd; },
};

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

Expr cholesky(Arg A, bool upper) { return MakeExpr(Op::cholesky, {A}, {{"upper", upper}}); }
Expr solve(Arg A, Arg B) { return MakeExpr(Op::solve, {A, B}); }

}  // namespace otium
