// SPDX-License-Identifier: Apache-2.0

#include "ops/solver.h"

#include <algorithm>

#include "engine/base/status.h"
#include "ops/failure_codes.h"
#include "ops/linalg_rules.h"
#include "ops/op.h"
#include "ops/shape_rules.h"

namespace otium {
namespace {

constexpr absl::string_view kSolveExNames[] = {"result", "info"};
constexpr absl::string_view kInvExNames[] = {"inverse", "info"};
constexpr absl::string_view kLstsqNames[] = {"solution", "residuals", "rank", "singular_values"};
constexpr absl::string_view kSlogdetNames[] = {"sign", "logabsdet"};
constexpr ParamDef kLeftAttr = BoolAttr("left", true, /*keyword_only=*/true);
constexpr ParamDef kSolveParams[] = {TensorParam("A"), TensorParam("B"), kLeftAttr};
constexpr ParamDef kSolveTriangularParams[] = {
    TensorParam("A"), TensorParam("B"), RequiredAttr("upper", ParamKind::kBool), kLeftAttr,
    BoolAttr("unitriangular", false, /*keyword_only=*/true)};
constexpr ParamDef kSquareParams[] = {TensorParam("A")};
constexpr ParamDef kLstsqParams[] = {TensorParam("A"), TensorParam("B"),
                                     NoneAttr("rcond", ParamKind::kFloat),
                                     StringAttr("driver", "gelsy", /*keyword_only=*/true)};

// ---- systems

// X has the shape of B, with the batches of both.
absl::Status InferSystem(const OpCall& call, bool vector, ResultTypes* results) {
  const TensorType& A = call.operand(0);
  const TensorType& B = call.operand(1);
  const bool left = call.attributes.Get<bool>("left");
  const Dim n = A.shape.back(1);
  OTIUM_RETURN_IF_ERROR(RequireSameSize(call, 0, n, 1, B.shape.back(left && !vector ? 2 : 1)));
  OTIUM_ASSIGN_OR_RETURN(const Shape batch, BroadcastBatches(call, 0, 2, 1, vector ? 1 : 2));
  results->push_back(
      TensorType(A.dtype, vector ? ConcatShapes(batch, {n})
                                 : ConcatShapes(batch, {B.shape.back(2), B.shape.back(1)})));
  return absl::OkStatus();
}

absl::Status InferSolve(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireSquareMatrices(call, 0));
  OTIUM_RETURN_IF_ERROR(RequireRankAtLeast(call, 1, 1));
  const bool vector = IsVectorSystem(call.operand(0), call.operand(1));
  if (vector && !call.attributes.Get<bool>("left")) {
    return InvalidArgument(Describe("B", call.operand(1)),
                           ", a vector, which with left = false it must not be");
  }
  return InferSystem(call, vector, results);
}

absl::Status InferSolveEx(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(InferSolve(call, results));
  results->push_back(InfoType(call));
  return absl::OkStatus();
}

absl::Status InferSolveTriangular(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireSquareMatrices(call, 0));
  OTIUM_RETURN_IF_ERROR(RequireRankAtLeast(call, 1, 2));
  return InferSystem(call, /*vector=*/false, results);
}

// X is a product of the inverse and B.
void SystemStructure(const StructureCall& call, const Structure& A, ResultTypes* results) {
  const bool left = call.attributes.Get<bool>("left");
  const Structure inverse = InverseStructure(A);
  const Structure& B = call.operand(1).structure;
  (*results)[0].structure = left ? ProductBands(inverse, B) : ProductBands(B, inverse);
}

void SolveStructure(const StructureCall& call, ResultTypes* results) {
  if (IsVectorSystem(call.operand(0), call.operand(1))) return;
  SystemStructure(call, call.operand(0).structure, results);
}

void SolveTriangularStructure(const StructureCall& call, ResultTypes* results) {
  // A zero on the diagonal, which is no failure here, makes NaN of the zeros of B.
  const Structure& A = call.operand(0).structure;
  if (!A.Has(kNonsingular) && !call.attributes.Get<bool>("unitriangular")) return;
  Structure triangle = A;
  (call.attributes.Get<bool>("upper") ? triangle.lower : triangle.upper) = 0;
  SystemStructure(call, triangle, results);
}

// By the cheapest factorization that the structure allows.
double FactorFlops(const TensorType& A) {
  const Structure& s = A.structure;
  if (s.IsTriangular() || s.Has(kOrthogonal)) return 0;
  const double dense = CubeFlops(A, s.Has(kSymmetric) || s.Has(kHermitian) ? 1.0 / 3 : 2.0 / 3);
  if (s.lower == kFullBand || s.upper == kFullBand) return dense;
  const double n = static_cast<double>(A.shape.back(1).value());
  const double lower = static_cast<double>(s.lower), bands = lower + static_cast<double>(s.upper);
  const double matrices = static_cast<double>(BatchShape(A.shape).NumElements());
  return std::min(dense, 2 * matrices * n * lower * bands);
}

// Elements of a row that are not known to be zero, on average.
double RowElements(const TensorType& A) {
  const int64_t most = A.shape.back(1).value() - 1;
  auto beside = [&](int64_t band) {
    return static_cast<double>(band < most ? 2 * band : most) / 2;
  };
  return 1 + beside(A.structure.lower) + beside(A.structure.upper);
}

double SolveFlops(const OpCall& call, absl::Span<const TensorType> results) {
  return FactorFlops(call.operand(0)) +
         2 * RowElements(call.operand(0)) * static_cast<double>(results[0].shape.NumElements());
}

// LAPACK's meaning; a kernel that relies on definiteness reports -k.
std::string SingularOrIndefinite(const OpCall& call, int64_t code, int64_t index) {
  return code < 0 ? NotPositiveDefinite(call, -code, index) : SingularU(call, code, index);
}

// ---- inverses, determinants

absl::Status InferInv(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireSquareMatrices(call, 0));
  results->push_back(TensorType(call.operand(0).dtype, call.operand(0).shape));
  return absl::OkStatus();
}

absl::Status InferInvEx(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(InferInv(call, results));
  results->push_back(InfoType(call));
  return absl::OkStatus();
}

void InvStructure(const StructureCall& call, ResultTypes* results) {
  (*results)[0].structure = InverseStructure(call.operand(0).structure);
}

double InvFlops(const OpCall& call, absl::Span<const TensorType>) {
  return CubeFlops(call.operand(0), 2);
}

absl::Status InferDet(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireSquareMatrices(call, 0));
  const TensorType& A = call.operand(0);
  results->push_back(TensorType(A.dtype, BatchShape(A.shape)));
  return absl::OkStatus();
}

absl::Status InferSlogdet(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(InferDet(call, results));
  const TensorType& sign = (*results)[0];
  results->push_back(TensorType(RealDType(sign.dtype), sign.shape));
  return absl::OkStatus();
}

void DetStructure(const StructureCall& call, ResultTypes* results) {
  TensorType& det = (*results)[0];
  if (det.rank() == 0 && !IsComplex(det.dtype) && call.operand(0).structure.Has(kPsd)) {
    det.structure.flags |= kNonnegative;
  }
}

double DetFlops(const OpCall& call, absl::Span<const TensorType>) {
  return FactorFlops(call.operand(0));
}

// ---- least squares

constexpr absl::string_view kDrivers[] = {"gels", "gelsy", "gelsd", "gelss"};

absl::Status InferLstsq(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireMatrices(call, 0));
  OTIUM_RETURN_IF_ERROR(RequireRankAtLeast(call, 1, 1));
  const std::string& driver = call.attributes.Get<std::string>("driver");
  if (std::find(std::begin(kDrivers), std::end(kDrivers), driver) == std::end(kDrivers)) {
    return InvalidArgument("driver is '", driver,
                           "', it must be 'gelsy', 'gels', 'gelsd' or 'gelss'");
  }
  const double* rcond = call.attributes.Find<double>("rcond");
  if (rcond != nullptr && !(*rcond >= 0 && *rcond < 1)) {
    return InvalidArgument("rcond is ", *rcond, ", it must be at least 0 and less than 1");
  }
  const TensorType& A = call.operand(0);
  const TensorType& B = call.operand(1);
  const bool vector = IsVectorSystem(A, B);
  const Dim m = A.shape.back(2), n = A.shape.back(1);
  OTIUM_RETURN_IF_ERROR(RequireSameSize(call, 0, m, 1, B.shape.back(vector ? 1 : 2)));
  OTIUM_ASSIGN_OR_RETURN(const Shape batch, BroadcastBatches(call, 0, 2, 1, vector ? 1 : 2));
  const DType real = RealDType(A.dtype);
  const Shape none{0};
  results->push_back(TensorType(
      A.dtype, vector ? ConcatShapes(batch, {n}) : ConcatShapes(batch, {n, B.shape.back(1)})));
  const bool tall = !(SmallerDim(m, n) == m);
  results->push_back(TensorType(real, !tall || driver == "gelsy" ? none
                                      : vector                   ? batch
                                               : ConcatShapes(batch, {B.shape.back(1)})));
  results->push_back(TensorType(DType::kI64, driver == "gels" ? none : BatchShape(A.shape)));
  const bool has_values = driver == "gelsd" || driver == "gelss";
  results->push_back(
      TensorType(real, has_values ? ConcatShapes(BatchShape(A.shape), {SmallerDim(m, n)}) : none));
  return absl::OkStatus();
}

double LstsqFlops(const OpCall& call, absl::Span<const TensorType> results) {
  const TensorType& A = call.operand(0);
  const double m = static_cast<double>(A.shape.back(2).value());
  const double n = static_cast<double>(A.shape.back(1).value()), k = std::min(m, n);
  return static_cast<double>(BatchShape(A.shape).NumElements()) * 2 * k * (m * n - k * k / 3) +
         4 * m * static_cast<double>(results[0].shape.NumElements());
}

}  // namespace

OTIUM_DEFINE_OP(solve) = {
    .doc =
        "X with A @ X = B for square A, or with X @ A = B unless left. B is a vector when it is "
        "1-D or its shape is that of A without the last dimension. Fails when a matrix is "
        "singular.",
    .params = kSolveParams,
    .traits = kFallible,
    .promotion = Promotion::kEqual,
    .infer = InferSolve,
    .is_ambiguous = IsAmbiguousSystem,
    .structure = SolveStructure,
    .flops = SolveFlops,
    .failure = SingularOrIndefinite,
    .contradicts = [](int64_t code) -> uint32_t { return code < 0 ? kPd : kNonsingular; },
};
OTIUM_DEFINE_OP(solve_ex) = {
    .doc =
        "solve that never fails: info is 0, or k where the k-th diagonal element of U is zero and "
        "the result is NaN.",
    .params = kSolveParams,
    .num_results = 2,
    .result_names = kSolveExNames,
    .promotion = Promotion::kEqual,
    .infer = InferSolveEx,
    .is_ambiguous = IsAmbiguousSystem,
    .flops = SolveFlops,
};
OTIUM_DEFINE_OP(solve_triangular) = {
    .doc =
        "X with A @ X = B (X @ A = B unless left) for a triangle of A; the other is not read, nor "
        "is the diagonal when unitriangular: it is 1. A zero on the diagonal gives infinities.",
    .params = kSolveTriangularParams,
    .promotion = Promotion::kEqual,
    .infer = InferSolveTriangular,
    .structure = SolveTriangularStructure,
    .flops =
        [](const OpCall& call, absl::Span<const TensorType> results) {
          return TrianglesFlops(call.operand(0), results[0]) / 2;
        },
};
OTIUM_DEFINE_OP(inv) = {
    .doc = "The inverse of square matrices. Fails when one is singular.",
    .params = kSquareParams,
    .traits = kFallible,
    .infer = InferInv,
    .structure = InvStructure,
    .flops = InvFlops,
    .failure = SingularOrIndefinite,
    .contradicts = [](int64_t code) -> uint32_t { return code < 0 ? kPd : kNonsingular; },
};
OTIUM_DEFINE_OP(inv_ex) = {
    .doc =
        "inv that never fails: info is 0, or k where the k-th diagonal element of U is zero and "
        "the inverse is NaN.",
    .params = kSquareParams,
    .num_results = 2,
    .result_names = kInvExNames,
    .infer = InferInvEx,
    .flops = InvFlops,
};
OTIUM_DEFINE_OP(lstsq) = {
    .doc =
        "The least-squares solutions of A @ X = B of the smallest norm, by LAPACK's driver gelsy, "
        "gels (full rank only), gelsd or gelss: solution; residuals, the squared norms of B - A @ "
        "X, when m > n and not of gelsy, NaN where the rank is less than n; rank, not of gels; "
        "singular_values, of gelsd and gelss. Those not given are of shape [0]. Fails when elements "
        "are not finite, and with gels when the rank is not full.",
    .params = kLstsqParams,
    .num_results = 4,
    .result_names = kLstsqNames,
    .traits = kFallible,
    .promotion = Promotion::kEqual,
    .infer = InferLstsq,
    .is_ambiguous = IsAmbiguousSystem,
    .flops = LstsqFlops,
    // -1, -2: any driver's; k: of gels.
    .failure = [](const OpCall&, int64_t code, int64_t) -> std::string {
      if (code == kNotFinite) return "A or B has elements that are not finite";
      if (code == kNotConverged) return "the singular values did not converge";
      return absl::StrCat("the diagonal element ", code,
                          " of the triangular factor is zero, the matrix has not full rank, which "
                          "driver = 'gels' needs");
    },
};
OTIUM_DEFINE_OP(det) = {
    .doc = "The determinant of square matrices; 1 of those of no rows.",
    .params = kSquareParams,
    .infer = InferDet,
    .structure = DetStructure,
    .flops = DetFlops,
};
OTIUM_DEFINE_OP(slogdet) = {
    .doc =
        "det(A) = sign * exp(logabsdet): (0, -inf) of singular matrices, else sign is of absolute "
        "value 1.",
    .params = kSquareParams,
    .num_results = 2,
    .result_names = kSlogdetNames,
    .infer = InferSlogdet,
    .flops = DetFlops,
};
OTIUM_DEFINE_OP(logdet) = {
    .doc = "The logarithm of the determinant; NaN where it is negative, -inf where it is 0.",
    .params = kSquareParams,
    .infer = InferDet,
    .flops = DetFlops,
};

Expr solve(Arg A, Arg B, bool left) { return MakeExpr(Op::solve, {A, B}, {{"left", left}}); }
SolveExResults solve_ex(Arg A, Arg B, bool left) {
  return MakeResults<SolveExResults>(Op::solve_ex, {A, B}, {{"left", left}});
}
Expr solve_triangular(Arg A, Arg B, bool upper, bool left, bool unitriangular) {
  return MakeExpr(Op::solve_triangular, {A, B},
                  {{"upper", upper}, {"left", left}, {"unitriangular", unitriangular}});
}
Expr inv(Arg A) { return MakeExpr(Op::inv, {A}); }
InvExResults inv_ex(Arg A) { return MakeResults<InvExResults>(Op::inv_ex, {A}); }
LstsqResults lstsq(Arg A, Arg B, std::optional<double> rcond, absl::string_view driver) {
  std::vector<NamedAttribute> attributes = {{"driver", std::string(driver)}};
  if (rcond.has_value()) attributes.push_back({"rcond", *rcond});
  return MakeResults<LstsqResults>(Op::lstsq, {A, B}, std::move(attributes));
}
Expr det(Arg A) { return MakeExpr(Op::det, {A}); }
SlogdetResults slogdet(Arg A) { return MakeResults<SlogdetResults>(Op::slogdet, {A}); }
Expr logdet(Arg A) { return MakeExpr(Op::logdet, {A}); }

}  // namespace otium
