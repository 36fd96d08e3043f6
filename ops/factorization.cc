// SPDX-License-Identifier: Apache-2.0

#include "ops/factorization.h"

#include <algorithm>

#include "engine/base/status.h"
#include "engine/graph/schema.h"
#include "ops/linalg_rules.h"
#include "ops/op.h"
#include "ops/shape_rules.h"

namespace otium {
namespace {

// ---- Cholesky

constexpr absl::string_view kCholeskyExNames[] = {"L", "info"};
constexpr ParamDef kCholeskyParams[] = {TensorParam("A"), BoolAttr("upper", false)};
constexpr ParamDef kCholeskySolveParams[] = {TensorParam("B"), TensorParam("L"),
                                             BoolAttr("upper", false)};
constexpr ParamDef kCholeskyInverseParams[] = {TensorParam("L"), BoolAttr("upper", false)};

absl::Status InferSquare(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireSquareMatrices(call, 0));
  results->push_back(TensorType(call.operand(0).dtype, call.operand(0).shape));
  return absl::OkStatus();
}

absl::Status InferCholeskyEx(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(InferSquare(call, results));
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

// B [..., n, k] of a system with the factored matrix that operand `i` holds.
absl::Status InferFactoredSystem(const OpCall& call, int i, int b, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireSquareMatrices(call, i));
  OTIUM_RETURN_IF_ERROR(RequireRankAtLeast(call, b, 2));
  const Shape& B = call.operand(b).shape;
  OTIUM_RETURN_IF_ERROR(RequireSameSize(call, i, call.operand(i).shape.back(1), b, B.back(2)));
  OTIUM_ASSIGN_OR_RETURN(const Shape batch, BroadcastBatches(call, i, 2, b, 2));
  results->push_back(
      TensorType(call.operand(b).dtype, ConcatShapes(batch, {B.back(2), B.back(1)})));
  return absl::OkStatus();
}

absl::Status InferCholeskySolve(const OpCall& call, ResultTypes* results) {
  return InferFactoredSystem(call, 1, 0, results);
}

// ---- LU

constexpr absl::string_view kLuFactorNames[] = {"LU", "pivots"};
constexpr absl::string_view kLuFactorExNames[] = {"LU", "pivots", "info"};
constexpr absl::string_view kLuNames[] = {"P", "L", "U"};
constexpr ParamDef kLuParams[] = {TensorParam("A"), BoolAttr("pivot", true, /*keyword_only=*/true)};
constexpr ParamDef kLuUnpackParams[] = {TensorParam("LU"), OwnTypeParam("pivots"),
                                        BoolAttr("unpack_data", true),
                                        BoolAttr("unpack_pivots", true)};
constexpr ParamDef kLuSolveParams[] = {TensorParam("LU"), OwnTypeParam("pivots"), TensorParam("B"),
                                       BoolAttr("left", true, /*keyword_only=*/true),
                                       BoolAttr("adjoint", false, /*keyword_only=*/true)};

// The smaller size of the matrices of operand 0.
Dim Smaller(const OpCall& call) {
  const Shape& A = call.operand(0).shape;
  return SmallerDim(A.back(2), A.back(1));
}

absl::Status InferLuFactor(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireMatrices(call, 0));
  const TensorType& A = call.operand(0);
  results->push_back(TensorType(A.dtype, A.shape));
  results->push_back(TensorType(DType::kI32, ConcatShapes(BatchShape(A.shape), {Smaller(call)})));
  return absl::OkStatus();
}

absl::Status InferLuFactorEx(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(InferLuFactor(call, results));
  results->push_back(InfoType(call));
  return absl::OkStatus();
}

double LuFlops(const OpCall& call, absl::Span<const TensorType>) {
  const Shape& A = call.operand(0).shape;
  const double m = static_cast<double>(A.back(2).value()), n = static_cast<double>(A.back(1).value());
  const double k = std::min(m, n), batch = static_cast<double>(BatchShape(A).NumElements());
  return batch * k * (2 * m * n - k * (m + n) + k * k * 2 / 3);
}

void PushLuTypes(const OpCall& call, bool has_data, bool has_pivots, ResultTypes* results) {
  const TensorType& A = call.operand(0);
  const Shape batch = BatchShape(A.shape);
  const Dim m = A.shape.back(2), n = A.shape.back(1), k = Smaller(call);
  auto push = [&](bool wanted, const Dim& rows, const Dim& columns) {
    results->push_back(TensorType(A.dtype, wanted ? ConcatShapes(batch, {rows, columns}) : Shape{0}));
  };
  push(has_pivots, m, m);
  push(has_data, m, k);
  push(has_data, k, n);
}

absl::Status InferLu(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireMatrices(call, 0));
  PushLuTypes(call, true, call.attributes.Get<bool>("pivot"), results);
  return absl::OkStatus();
}

// Operand `i`, the pivots of the factors that operand 0 holds.
absl::Status RequirePivots(const OpCall& call, int i) {
  const TensorType& pivots = call.operand(i);
  if (pivots.dtype != DType::kI32) {
    return InvalidArgument(Describe("pivots", pivots), ", they must be i32");
  }
  const Shape want = ConcatShapes(BatchShape(call.operand(0).shape), {Smaller(call)});
  if (pivots.shape == want) return absl::OkStatus();
  return InvalidArgument(Describe("pivots", pivots), " and ",
                         Describe(OperandName(call.op, 0), call.operand(0)), ", whose pivots are ",
                         ShortType(TensorType(DType::kI32, want)));
}

absl::Status InferLuUnpack(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireMatrices(call, 0));
  OTIUM_RETURN_IF_ERROR(RequirePivots(call, 1));
  PushLuTypes(call, call.attributes.Get<bool>("unpack_data"),
              call.attributes.Get<bool>("unpack_pivots"), results);
  return absl::OkStatus();
}

void SetLuStructure(bool has_data, bool has_pivots, ResultTypes* results) {
  if (has_pivots) (*results)[0].structure.flags |= kPermutation;
  if (!has_data) return;
  (*results)[1].structure.upper = 0;
  (*results)[1].structure.flags |= kUnitDiagonal;
  (*results)[2].structure.lower = 0;
}

void LuStructure(const StructureCall& call, ResultTypes* results) {
  SetLuStructure(true, call.attributes.Get<bool>("pivot"), results);
}
void LuUnpackStructure(const StructureCall& call, ResultTypes* results) {
  SetLuStructure(call.attributes.Get<bool>("unpack_data"),
                 call.attributes.Get<bool>("unpack_pivots"), results);
}

absl::Status InferLuSolve(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireSquareMatrices(call, 0));
  OTIUM_RETURN_IF_ERROR(RequirePivots(call, 1));
  OTIUM_RETURN_IF_ERROR(RequireRankAtLeast(call, 2, 2));
  const bool left = call.attributes.Get<bool>("left");
  const TensorType& B = call.operand(2);
  OTIUM_RETURN_IF_ERROR(RequireSameSize(call, 0, call.operand(0).shape.back(1), 2,
                                        B.shape.back(left ? 2 : 1)));
  OTIUM_ASSIGN_OR_RETURN(const Shape batch, BroadcastBatches(call, 0, 2, 2, 2));
  results->push_back(
      TensorType(B.dtype, ConcatShapes(batch, {B.shape.back(2), B.shape.back(1)})));
  return absl::OkStatus();
}

// ---- LDL

constexpr absl::string_view kLdlFactorNames[] = {"LD", "pivots"};
constexpr absl::string_view kLdlFactorExNames[] = {"LD", "pivots", "info"};
constexpr ParamDef kLdlParams[] = {TensorParam("A"),
                                   BoolAttr("hermitian", false, /*keyword_only=*/true)};
constexpr ParamDef kLdlSolveParams[] = {TensorParam("LD"), OwnTypeParam("pivots"), TensorParam("B"),
                                        BoolAttr("hermitian", false, /*keyword_only=*/true)};

absl::Status InferLdlFactor(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireSquareMatrices(call, 0));
  return InferLuFactor(call, results);
}

absl::Status InferLdlFactorEx(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(InferLdlFactor(call, results));
  results->push_back(InfoType(call));
  return absl::OkStatus();
}

absl::Status InferLdlSolve(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(InferFactoredSystem(call, 0, 2, results));
  return RequirePivots(call, 1);
}

// Factor and diagonal share the lower triangle; the other is zero.
void LdlStructure(const StructureCall&, ResultTypes* results) { (*results)[0].structure.upper = 0; }

}  // namespace

OTIUM_DEFINE_OP(cholesky) = {
    .doc =
        "The Cholesky factor of hermitian positive definite matrices: L with A = L @ L.H, or U "
        "with A = U.H @ U when upper. Only that triangle of A is read. Fails when a matrix is "
        "not positive definite.",
    .params = kCholeskyParams,
    .traits = kFallible,
    .infer = InferSquare,
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
    .result_names = kCholeskyExNames,
    .infer = InferCholeskyEx,
    .structure = BandOfCholesky,
    .flops = CholeskyFlops,
};
OTIUM_DEFINE_OP(cholesky_solve) = {
    .doc =
        "X with A @ X = B for the A = L @ L.H (U.H @ U when upper) of a Cholesky factor; B is "
        "[..., n, k]. A zero on the diagonal gives infinities.",
    .params = kCholeskySolveParams,
    .promotion = Promotion::kEqual,
    .infer = InferCholeskySolve,
    .flops = [](const OpCall& call, absl::Span<const TensorType> results) {
      return TrianglesFlops(call.operand(1), results[0]);
    },
};
OTIUM_DEFINE_OP(cholesky_inverse) = {
    .doc =
        "The inverse of the A = L @ L.H (U.H @ U when upper) of a Cholesky factor. Fails when a "
        "diagonal element is zero.",
    .params = kCholeskyInverseParams,
    .traits = kFallible,
    .infer = InferSquare,
    .structure = [](const StructureCall&,
                    ResultTypes* results) { (*results)[0].structure.flags |= kPd; },
    .flops = [](const OpCall& call,
                absl::Span<const TensorType>) { return CubeFlops(call.operand(0), 2.0 / 3); },
    .failure = [](const OpCall&, int64_t code, int64_t) -> std::string {
      return absl::StrCat("the diagonal element ", code,
                          " of the factor is zero, the matrix is singular");
    },
    .contradicts = ContradictsNonsingular,
};

OTIUM_DEFINE_OP(lu_factor) = {
    .doc =
        "The LU factors of matrices [..., m, n] in one matrix, L below the diagonal, whose own is "
        "1, and the rows (from 1) that each row was exchanged with in turn. Fails when a diagonal "
        "element of U is zero. Without pivot rows stay, and growth is not checked.",
    .params = kLuParams,
    .num_results = 2,
    .result_names = kLuFactorNames,
    .traits = kFallible,
    .infer = InferLuFactor,
    .flops = LuFlops,
    .failure = SingularU,
    .contradicts = ContradictsNonsingular,
};
OTIUM_DEFINE_OP(lu_factor_ex) = {
    .doc =
        "lu_factor that never fails: info is 0, or k where the k-th diagonal element of U is the "
        "first that is zero; the factors are good all the same (without pivot they are infinite "
        "where there are none).",
    .params = kLuParams,
    .num_results = 3,
    .result_names = kLuFactorExNames,
    .infer = InferLuFactorEx,
    .flops = LuFlops,
};
OTIUM_DEFINE_OP(lu) = {
    .doc =
        "P, L, U with A = P @ L @ U: a permutation, a lower matrix with a diagonal of 1, an upper "
        "one. Without pivot A = L @ U, and P is [0]. Never fails.",
    .params = kLuParams,
    .num_results = 3,
    .result_names = kLuNames,
    .infer = InferLu,
    .structure = LuStructure,
    .flops = LuFlops,
};
OTIUM_DEFINE_OP(lu_unpack) = {
    .doc =
        "P, L, U of what lu_factor gave. L and U are [0] unless unpack_data, P unless "
        "unpack_pivots.",
    .params = kLuUnpackParams,
    .num_results = 3,
    .result_names = kLuNames,
    .infer = InferLuUnpack,
    .structure = LuUnpackStructure,
    .flops = NoFlops,
};
OTIUM_DEFINE_OP(lu_solve) = {
    .doc =
        "X with A @ X = B for the A that lu_factor factored: X @ A = B unless left, with A.H in "
        "place of A when adjoint. B is [..., n, k], or [..., k, n]. A zero on the diagonal of U "
        "gives infinities.",
    .params = kLuSolveParams,
    .promotion = Promotion::kEqual,
    .infer = InferLuSolve,
    .flops = [](const OpCall& call, absl::Span<const TensorType> results) {
      return TrianglesFlops(call.operand(0), results[0]);
    },
};

OTIUM_DEFINE_OP(ldl_factor) = {
    .doc =
        "The LDL factors of symmetric matrices (hermitian ones when hermitian), which need not be "
        "definite, by Bunch-Kaufman pivoting: LAPACK's sytrf or hetrf of the lower triangle. "
        "Fails when D is singular.",
    .params = kLdlParams,
    .num_results = 2,
    .result_names = kLdlFactorNames,
    .traits = kFallible,
    .infer = InferLdlFactor,
    .structure = LdlStructure,
    .flops = CholeskyFlops,
    .failure = [](const OpCall&, int64_t code, int64_t) -> std::string {
      return absl::StrCat("the diagonal element ", code, " of D is zero, the matrix is singular");
    },
    .contradicts = ContradictsNonsingular,
};
OTIUM_DEFINE_OP(ldl_factor_ex) = {
    .doc =
        "ldl_factor that never fails: info is 0, or k where the k-th diagonal element of D is "
        "zero; the factors are good all the same.",
    .params = kLdlParams,
    .num_results = 3,
    .result_names = kLdlFactorExNames,
    .infer = InferLdlFactorEx,
    .structure = LdlStructure,
    .flops = CholeskyFlops,
};
OTIUM_DEFINE_OP(ldl_solve) = {
    .doc = "X with A @ X = B for the A that ldl_factor factored; B is [..., n, k].",
    .params = kLdlSolveParams,
    .promotion = Promotion::kEqual,
    .infer = InferLdlSolve,
    .flops = [](const OpCall& call, absl::Span<const TensorType> results) {
      return TrianglesFlops(call.operand(0), results[0]);
    },
};

Expr cholesky(Arg A, bool upper) { return MakeExpr(Op::cholesky, {A}, {{"upper", upper}}); }
CholeskyExResults cholesky_ex(Arg A, bool upper) {
  return MakeResults<CholeskyExResults>(Op::cholesky_ex, {A}, {{"upper", upper}});
}
Expr cholesky_solve(Arg B, Arg L, bool upper) {
  return MakeExpr(Op::cholesky_solve, {B, L}, {{"upper", upper}});
}
Expr cholesky_inverse(Arg L, bool upper) {
  return MakeExpr(Op::cholesky_inverse, {L}, {{"upper", upper}});
}
LuFactorResults lu_factor(Arg A, bool pivot) {
  return MakeResults<LuFactorResults>(Op::lu_factor, {A}, {{"pivot", pivot}});
}
LuFactorExResults lu_factor_ex(Arg A, bool pivot) {
  return MakeResults<LuFactorExResults>(Op::lu_factor_ex, {A}, {{"pivot", pivot}});
}
LuResults lu(Arg A, bool pivot) { return MakeResults<LuResults>(Op::lu, {A}, {{"pivot", pivot}}); }
LuResults lu_unpack(Arg LU, Arg pivots, bool unpack_data, bool unpack_pivots) {
  return MakeResults<LuResults>(
      Op::lu_unpack, {LU, pivots},
      {{"unpack_data", unpack_data}, {"unpack_pivots", unpack_pivots}});
}
Expr lu_solve(Arg LU, Arg pivots, Arg B, bool left, bool adjoint) {
  return MakeExpr(Op::lu_solve, {LU, pivots, B}, {{"left", left}, {"adjoint", adjoint}});
}
LdlFactorResults ldl_factor(Arg A, bool hermitian) {
  return MakeResults<LdlFactorResults>(Op::ldl_factor, {A}, {{"hermitian", hermitian}});
}
LdlFactorExResults ldl_factor_ex(Arg A, bool hermitian) {
  return MakeResults<LdlFactorExResults>(Op::ldl_factor_ex, {A}, {{"hermitian", hermitian}});
}
Expr ldl_solve(Arg LD, Arg pivots, Arg B, bool hermitian) {
  return MakeExpr(Op::ldl_solve, {LD, pivots, B}, {{"hermitian", hermitian}});
}

}  // namespace otium
