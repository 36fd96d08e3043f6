// SPDX-License-Identifier: Apache-2.0

#include "ops/spectral.h"

#include <algorithm>
#include <limits>

#include "engine/base/status.h"
#include "ops/failure_codes.h"
#include "ops/linalg_rules.h"
#include "ops/op.h"
#include "ops/shape_rules.h"

namespace otium {
namespace {

constexpr absl::string_view kEigNames[] = {"eigenvalues", "eigenvectors"};
constexpr absl::string_view kSvdNames[] = {"U", "S", "Vh"};
constexpr absl::string_view kLowrankNames[] = {"U", "S", "V"};
constexpr ParamDef kStreamParam = IntAttr("stream", -1, /*keyword_only=*/true);
constexpr ParamDef kMatrixParams[] = {TensorParam("A")};
constexpr ParamDef kHermitianParams[] = {TensorParam("A"), StringAttr("UPLO", "L")};
constexpr ParamDef kSvdParams[] = {TensorParam("A"), BoolAttr("full_matrices", true)};
constexpr ParamDef kSvdLowrankParams[] = {TensorParam("A"), IntAttr("q", 6), IntAttr("niter", 2),
                                          OptionalParam("M"), kStreamParam};
constexpr ParamDef kPcaLowrankParams[] = {TensorParam("A"), NoneAttr("q", ParamKind::kInt),
                                          BoolAttr("center", true), IntAttr("niter", 2),
                                          kStreamParam};
constexpr ParamDef kLobpcgParams[] = {TensorParam("A"),
                                      NoneAttr("k", ParamKind::kInt),
                                      OptionalParam("B"),
                                      OptionalParam("X"),
                                      NoneAttr("n", ParamKind::kInt),
                                      OptionalParam("iK"),
                                      NoneAttr("niter", ParamKind::kInt),
                                      NoneAttr("tol", ParamKind::kFloat),
                                      BoolAttr("largest", true),
                                      kStreamParam};

std::string NotConverged(const OpCall&, int64_t code, int64_t) {
  if (code == kNotFinite) return "the matrix has elements that are not finite";
  return absl::StrCat("the iteration did not converge: ", code, " values are not found");
}

// Of k^2 numbers: what LAPACK's routines with divide and conquer want, k rows or columns.
// Real matrices need none of them.
absl::Status RequireWorkspace(const OpCall& call, const Dim& k, int64_t squares) {
  if (!k.IsStatic() || !IsComplex(call.operand(0).dtype)) return absl::OkStatus();
  const double size = static_cast<double>(k.value());
  const double elements = size * (static_cast<double>(squares) * size + 8);
  if (elements <= std::numeric_limits<int32_t>::max()) return absl::OkStatus();
  return InvalidArgument(Describe("A", call.operand(0)),
                         ", its workspace is of more than 2147483647 elements, which LAPACK's "
                         "32-bit integers cannot count");
}

// ---- eigenvalues

absl::Status CheckTriangle(const OpCall& call) {
  const std::string& uplo = call.attributes.Get<std::string>("UPLO");
  if (uplo == "L" || uplo == "U") return absl::OkStatus();
  return InvalidArgument("UPLO is '", uplo, "', it must be 'L' or 'U'");
}

template <bool kHermitian, bool kVectors>
absl::Status InferEig(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireSquareMatrices(call, 0));
  if (kHermitian) OTIUM_RETURN_IF_ERROR(CheckTriangle(call));
  const TensorType& A = call.operand(0);
  if (kHermitian && kVectors) OTIUM_RETURN_IF_ERROR(RequireWorkspace(call, A.shape.back(1), 2));
  const DType dtype = kHermitian ? A.dtype : ComplexDType(A.dtype);
  results->push_back(TensorType(kHermitian ? RealDType(dtype) : dtype, BatchShape(A.shape, 1)));
  if (kVectors) results->push_back(TensorType(dtype, A.shape));
  return absl::OkStatus();
}

void OrthogonalResult(const StructureCall&, ResultTypes* results) {
  results->back().structure.flags |= kOrthogonal;
}

template <int kFactor>
double SpectralFlops(const OpCall& call, absl::Span<const TensorType>) {
  const TensorType& A = call.operand(0);
  const double m = static_cast<double>(A.shape.back(2).value());
  const double n = static_cast<double>(A.shape.back(1).value());
  return kFactor * std::min(m, n) * static_cast<double>(A.shape.NumElements());
}

// ---- singular values

Dim Smaller(const TensorType& A) { return SmallerDim(A.shape.back(2), A.shape.back(1)); }

absl::Status InferSvd(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireMatrices(call, 0));
  const TensorType& A = call.operand(0);
  const bool full = call.attributes.Get<bool>("full_matrices");
  const Shape batch = BatchShape(A.shape);
  const Dim m = A.shape.back(2), n = A.shape.back(1), k = Smaller(A);
  OTIUM_RETURN_IF_ERROR(RequireWorkspace(call, k, 4));
  results->push_back(TensorType(A.dtype, ConcatShapes(batch, {m, full ? m : k})));
  results->push_back(TensorType(RealDType(A.dtype), ConcatShapes(batch, {k})));
  results->push_back(TensorType(A.dtype, ConcatShapes(batch, {full ? n : k, n})));
  return absl::OkStatus();
}

void SvdStructure(const StructureCall&, ResultTypes* results) {
  TensorType& U = (*results)[0];
  TensorType& Vh = (*results)[2];
  U.structure.flags |= kOrthonormalColumns;
  // Rows of a wide Vh are orthonormal, for which there is no word.
  if (Vh.shape.back(1) == Vh.shape.back(2)) Vh.structure.flags |= kOrthogonal;
}

absl::Status InferSvdvals(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireMatrices(call, 0));
  const TensorType& A = call.operand(0);
  results->push_back(
      TensorType(RealDType(A.dtype), ConcatShapes(BatchShape(A.shape), {Smaller(A)})));
  return absl::OkStatus();
}

// ---- low rank

absl::Status InferLowrank(const OpCall& call, const Dim& q, ResultTypes* results) {
  const TensorType& A = call.operand(0);
  const int64_t niter = call.attributes.Get<int64_t>("niter");
  if (niter < 0) return InvalidArgument("niter is ", niter, ", it must not be negative");
  const Dim k = Smaller(A);
  if (q.IsStatic() && k.IsStatic() && (q.value() < 0 || q.value() > k.value())) {
    return InvalidArgument("q is ", q.value(), ", of ", Describe("A", A), " it must be 0 to ",
                           k.value());
  }
  const Shape batch = BatchShape(A.shape);
  results->push_back(TensorType(A.dtype, ConcatShapes(batch, {A.shape.back(2), q})));
  results->push_back(TensorType(RealDType(A.dtype), ConcatShapes(batch, {q})));
  results->push_back(TensorType(A.dtype, ConcatShapes(batch, {A.shape.back(1), q})));
  return absl::OkStatus();
}

absl::Status InferSvdLowrank(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireMatrices(call, 0));
  if (call.Has(1)) {
    OTIUM_RETURN_IF_ERROR(RequireRankAtLeast(call, 1, 2));
    OTIUM_ASSIGN_OR_RETURN(const Shape shape,
                           BroadcastShapes(call.operand(0).shape, call.operand(1).shape));
    if (!(shape == call.operand(0).shape)) {
      return InvalidArgument(Describe("M", call.operand(1)), ", it must broadcast to ",
                             Describe("A", call.operand(0)));
    }
  }
  return InferLowrank(call, call.attributes.Get<int64_t>("q"), results);
}

absl::Status InferPcaLowrank(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireMatrices(call, 0));
  const int64_t* q = call.attributes.Find<int64_t>("q");
  return InferLowrank(call, q != nullptr ? Dim(*q) : SmallerDim(6, Smaller(call.operand(0))),
                      results);
}

double LowrankFlops(const OpCall& call, absl::Span<const TensorType> results) {
  const double q = static_cast<double>(results[1].shape.back(1).value());
  const double products = 2 + 2 * static_cast<double>(call.attributes.Get<int64_t>("niter"));
  return 2 * products * q * static_cast<double>(call.operand(0).shape.NumElements());
}

// ---- lobpcg

// Eigenvalues that are wanted, and vectors that are iterated.
struct LobpcgSizes {
  Dim k, n;
};
LobpcgSizes SizesOfLobpcg(const OpCall& call) {
  const int64_t* const k = call.attributes.Find<int64_t>("k");
  const int64_t* const n = call.attributes.Find<int64_t>("n");
  if (call.Has(2)) {
    const Dim columns = call.operand(2).shape.back(1);
    return {k != nullptr ? Dim(*k) : columns, columns};
  }
  const Dim wanted = k != nullptr ? *k : 1;
  return {wanted, n != nullptr ? Dim(*n) : wanted};
}

absl::Status InferLobpcg(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireSquareMatrices(call, 0));
  const TensorType& A = call.operand(0);
  for (int i : {1, 3}) {
    if (call.Has(i) && !(call.operand(i).shape == A.shape)) {
      return InvalidArgument(Describe(i == 1 ? "B" : "iK", call.operand(i)), " and ",
                             Describe("A", A), ", their shapes must be equal");
    }
  }
  const int64_t* niter = call.attributes.Find<int64_t>("niter");
  if (niter != nullptr && *niter < 0) {
    return InvalidArgument("niter is ", *niter, ", it must not be negative");
  }
  const double* tol = call.attributes.Find<double>("tol");
  if (tol != nullptr && !(*tol >= 0)) {
    return InvalidArgument("tol is ", *tol, ", it must not be negative");
  }
  if (call.Has(2)) OTIUM_RETURN_IF_ERROR(RequireRankAtLeast(call, 2, 2));
  const Dim m = A.shape.back(1);
  const Shape batch = BatchShape(A.shape);
  const auto [k, n] = SizesOfLobpcg(call);
  if (call.Has(2) && !(call.operand(2).shape == ConcatShapes(batch, {m, n}))) {
    return InvalidArgument(Describe("X", call.operand(2)), " and ", Describe("A", A),
                           ", they must have the same batch and rows");
  }
  if (k.IsStatic() && k.value() < 1) {
    return InvalidArgument("k is ", k.value(), ", it must be at least 1");
  }
  if (k.IsStatic() && n.IsStatic() && k.value() > n.value()) {
    return InvalidArgument("k is ", k.value(), ", it must be at most the ", n.value(),
                           " vectors of the iteration");
  }
  if (n.IsStatic() && m.IsStatic() && 3 * n.value() > m.value()) {
    return InvalidArgument("the iteration is of ", n.value(), " vectors and ", Describe("A", A),
                           ", they must be at most a third of its rows; eigh gives all");
  }
  results->push_back(TensorType(RealDType(A.dtype), ConcatShapes(batch, {k})));
  results->push_back(TensorType(A.dtype, ConcatShapes(batch, {m, k})));
  return absl::OkStatus();
}

double LobpcgFlops(const OpCall& call, absl::Span<const TensorType>) {
  constexpr double kIterations = 30;  // About.
  const double n = static_cast<double>(SizesOfLobpcg(call).n.value());
  return kIterations * 2 * n * static_cast<double>(call.operand(0).shape.NumElements());
}

}  // namespace

OTIUM_DEFINE_OP(eig) = {
    .doc =
        "Eigenvalues, complex and in no order, and right eigenvectors, in columns, of square "
        "matrices. Fails when elements are not finite or the iteration does not converge.",
    .params = kMatrixParams,
    .num_results = 2,
    .result_names = kEigNames,
    .traits = kFallible,
    .infer = InferEig<false, true>,
    .flops = SpectralFlops<25>,
    .failure = NotConverged,
};
OTIUM_DEFINE_OP(eigvals) = {
    .doc = "The eigenvalues that eig gives.",
    .params = kMatrixParams,
    .traits = kFallible,
    .infer = InferEig<false, false>,
    .flops = SpectralFlops<10>,
    .failure = NotConverged,
};
OTIUM_DEFINE_OP(eigh) = {
    .doc =
        "Eigenvalues, real and ascending, and orthonormal eigenvectors, in columns, of hermitian "
        "matrices, of which the triangle UPLO ('L' or 'U') is read. Fails when elements are not "
        "finite or the iteration does not converge.",
    .params = kHermitianParams,
    .num_results = 2,
    .result_names = kEigNames,
    .traits = kFallible,
    .infer = InferEig<true, true>,
    .structure = OrthogonalResult,
    .flops = SpectralFlops<9>,
    .failure = NotConverged,
};
OTIUM_DEFINE_OP(eigvalsh) = {
    .doc = "The eigenvalues that eigh gives.",
    .params = kHermitianParams,
    .traits = kFallible,
    .infer = InferEig<true, false>,
    .flops = SpectralFlops<2>,
    .failure = NotConverged,
};
OTIUM_DEFINE_OP(svd) = {
    .doc =
        "A = U @ diag(S) @ Vh of [..., m, n] with descending S [..., min(m, n)]; U and Vh are "
        "square when full_matrices, else they have min(m, n) columns and rows. Fails when elements "
        "are not finite or the iteration does not converge.",
    .params = kSvdParams,
    .num_results = 3,
    .result_names = kSvdNames,
    .traits = kFallible,
    .infer = InferSvd,
    .structure = SvdStructure,
    .flops = SpectralFlops<22>,
    .failure = NotConverged,
};
OTIUM_DEFINE_OP(svdvals) = {
    .doc = "The singular values that svd gives.",
    .params = kMatrixParams,
    .traits = kFallible,
    .infer = InferSvdvals,
    .flops = SpectralFlops<4>,
    .failure = NotConverged,
};
OTIUM_DEFINE_OP(svd_lowrank) = {
    .doc =
        "About the largest q singular values of A (less M) and their vectors: near U @ diag(S) @ "
        "V.H. From a random start, as randn's, with niter iterations.",
    .params = kSvdLowrankParams,
    .num_results = 3,
    .result_names = kLowrankNames,
    .traits = kFallible | kRandomOp,
    .promotion = Promotion::kEqual,
    .infer = InferSvdLowrank,
    .flops = LowrankFlops,
    .failure = NotConverged,
};
OTIUM_DEFINE_OP(pca_lowrank) = {
    .doc =
        "svd_lowrank of A less the mean of its rows when center: the principal components. q is "
        "min(6, m, n) when none.",
    .params = kPcaLowrankParams,
    .num_results = 3,
    .result_names = kLowrankNames,
    .traits = kFallible | kRandomOp,
    .infer = InferPcaLowrank,
    .flops = LowrankFlops,
    .failure = NotConverged,
};
OTIUM_DEFINE_OP(lobpcg) = {
    .doc =
        "The k largest (smallest unless largest) eigenvalues of A @ x = lambda * B @ x, hermitian "
        "A and positive definite B, the most extreme one first, and their vectors, by iteration "
        "of the columns of X, or n random ones when it is missing. k is the columns of X, or 1, "
        "and n is k when missing.",
    .params = kLobpcgParams,
    .num_results = 2,
    .result_names = kEigNames,
    .traits = kFallible | kRandomOp,
    .promotion = Promotion::kEqual,
    .infer = InferLobpcg,
    .flops = LobpcgFlops,
    .failure = [](const OpCall&, int64_t, int64_t) -> std::string {
      return "a basis of the iteration is not of full rank, or B is not positive definite";
    },
};

EigResults eig(Arg A) { return MakeResults<EigResults>(Op::eig, {A}); }
Expr eigvals(Arg A) { return MakeExpr(Op::eigvals, {A}); }
EigResults eigh(Arg A, absl::string_view UPLO) {
  return MakeResults<EigResults>(Op::eigh, {A}, {{"UPLO", std::string(UPLO)}});
}
Expr eigvalsh(Arg A, absl::string_view UPLO) {
  return MakeExpr(Op::eigvalsh, {A}, {{"UPLO", std::string(UPLO)}});
}
SvdResults svd(Arg A, bool full_matrices) {
  return MakeResults<SvdResults>(Op::svd, {A}, {{"full_matrices", full_matrices}});
}
Expr svdvals(Arg A) { return MakeExpr(Op::svdvals, {A}); }
LowrankResults svd_lowrank(Arg A, int64_t q, int64_t niter, Arg M) {
  return MakeResults<LowrankResults>(Op::svd_lowrank, {A, M}, {{"q", q}, {"niter", niter}});
}
LowrankResults pca_lowrank(Arg A, std::optional<int64_t> q, bool center, int64_t niter) {
  std::vector<NamedAttribute> attributes = {{"center", center}, {"niter", niter}};
  if (q.has_value()) attributes.push_back({"q", *q});
  return MakeResults<LowrankResults>(Op::pca_lowrank, {A}, std::move(attributes));
}
EigResults lobpcg(Arg A, std::optional<int64_t> k, Arg B, Arg X, std::optional<int64_t> n, Arg iK,
                  std::optional<int64_t> niter, std::optional<double> tol, bool largest) {
  std::vector<NamedAttribute> attributes = {{"largest", largest}};
  if (k.has_value()) attributes.push_back({"k", *k});
  if (n.has_value()) attributes.push_back({"n", *n});
  if (niter.has_value()) attributes.push_back({"niter", *niter});
  if (tol.has_value()) attributes.push_back({"tol", *tol});
  return MakeResults<EigResults>(Op::lobpcg, {A, B, X, iK}, std::move(attributes));
}

}  // namespace otium
