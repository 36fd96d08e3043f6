// SPDX-License-Identifier: Apache-2.0

#include "ops/matrix_functions.h"

#include <algorithm>
#include <cmath>

#include "engine/base/status.h"
#include "ops/linalg_rules.h"
#include "ops/op.h"
#include "ops/shape_rules.h"

namespace otium {
namespace {

// By name, as PyTorch's documentation has them: one number is rtol to its pinv, and atol
// to its matrix_rank.
constexpr ParamDef kRankParams[] = {
    TensorParam("A"), NoneAttr("atol", ParamKind::kFloat, /*keyword_only=*/true),
    NoneAttr("rtol", ParamKind::kFloat, /*keyword_only=*/true),
    BoolAttr("hermitian", false, /*keyword_only=*/true)};
constexpr ParamDef kCondParams[] = {TensorParam("A"), NoneAttr("p", ParamKind::kOrder)};
constexpr ParamDef kSquareParams[] = {TensorParam("A")};
constexpr ParamDef kTensorinvParams[] = {TensorParam("A"), IntAttr("ind", 2)};
constexpr ParamDef kTensorsolveParams[] = {TensorParam("A"), TensorParam("B"),
                                           NoneAttr("dims", ParamKind::kInts)};
constexpr ParamDef kPowerParams[] = {TensorParam("A"), RequiredAttr("n", ParamKind::kInt)};
constexpr ParamDef kMultiDotParams[] = {TensorsParam("tensors")};
constexpr ParamDef kPairParams[] = {TensorParam("x"), TensorParam("y"), IntAttr("dim", -1)};
constexpr ParamDef kVanderParams[] = {TensorParam("x"), NoneAttr("N", ParamKind::kInt)};
constexpr ParamDef kTrapezoidParams[] = {TensorParam("y"), OptionalParam("x"),
                                         FloatAttr("dx", 1, /*keyword_only=*/true),
                                         IntAttr("dim", -1, /*keyword_only=*/true)};

double OneFlopEach(const OpCall& call, absl::Span<const TensorType>) {
  return 2 * static_cast<double>(call.operand(0).shape.NumElements());
}

template <int kFactor>
double MatrixFlops(const OpCall& call, absl::Span<const TensorType>) {
  const TensorType& A = call.operand(0);
  const double smaller = static_cast<double>(
      std::min(A.shape.back(1).value(), A.shape.back(2).value()));
  return kFactor * smaller * static_cast<double>(A.shape.NumElements());
}

std::string SvdFailed(const OpCall&, int64_t code, int64_t) {
  if (code < 0) return "the matrix has elements that are not finite";
  return "the singular values or eigenvalues did not converge";
}

// ---- by singular values

absl::Status CheckTolerances(const OpCall& call) {
  for (absl::string_view name : {"atol", "rtol"}) {
    const double* tolerance = call.attributes.Find<double>(name);
    if (tolerance != nullptr && !(*tolerance >= 0)) {
      return InvalidArgument(name, " is ", *tolerance, ", it must not be negative");
    }
  }
  if (call.attributes.Get<bool>("hermitian")) return RequireSquareMatrices(call, 0);
  return RequireMatrices(call, 0);
}

absl::Status InferPinv(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(CheckTolerances(call));
  const TensorType& A = call.operand(0);
  results->push_back(TensorType(
      A.dtype, ConcatShapes(BatchShape(A.shape), {A.shape.back(1), A.shape.back(2)})));
  return absl::OkStatus();
}

absl::Status InferMatrixRank(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(CheckTolerances(call));
  results->push_back(TensorType(DType::kI64, BatchShape(call.operand(0).shape)));
  return absl::OkStatus();
}

absl::Status InferCond(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireMatrices(call, 0));
  const AttributeValue& p = call.attributes["p"];
  bool by_svd = std::holds_alternative<std::monostate>(p);
  if (const auto* number = std::get_if<double>(&p)) {
    if (std::abs(*number) != 1 && std::abs(*number) != 2 && !std::isinf(*number)) {
      return InvalidArgument("p is ", *number,
                             ", it must be 'fro', 'nuc', 1, -1, 2, -2, inf or -inf");
    }
    by_svd = std::abs(*number) == 2;
  } else if (const auto* name = std::get_if<std::string>(&p)) {
    if (*name != "fro" && *name != "nuc") {
      return InvalidArgument("p is '", *name,
                             "', it must be 'fro', 'nuc', 1, -1, 2, -2, inf or -inf");
    }
  }
  if (!by_svd) OTIUM_RETURN_IF_ERROR(RequireSquareMatrices(call, 0));
  const TensorType& A = call.operand(0);
  results->push_back(TensorType(RealDType(A.dtype), BatchShape(A.shape)));
  return absl::OkStatus();
}

// ---- of square matrices

absl::Status InferMatrixExp(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireSquareMatrices(call, 0));
  results->push_back(TensorType(call.operand(0).dtype, call.operand(0).shape));
  return absl::OkStatus();
}

// Powers of A keep what products of A with itself keep; the exponential of a hermitian
// matrix has positive eigenvalues.
void MatrixExpStructure(const StructureCall& call, ResultTypes* results) {
  const Structure& a = call.operand(0).structure;
  Structure& s = (*results)[0].structure;
  if (a.lower == 0) s.lower = 0;
  if (a.upper == 0) s.upper = 0;
  s.flags = (a.flags & kSymmetric) | kNonsingular;
  if (a.Has(kHermitian)) s.flags |= kPd;
}

absl::Status InferMatrixPower(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireSquare(call, 0));
  OTIUM_RETURN_IF_ERROR(RequireCategory(call, 0, kNumericCategories));
  if (call.attributes.Get<int64_t>("n") < 0) OTIUM_RETURN_IF_ERROR(RequireSquareMatrices(call, 0));
  results->push_back(TensorType(call.operand(0).dtype, call.operand(0).shape));
  return absl::OkStatus();
}

double MatrixPowerFlops(const OpCall& call, absl::Span<const TensorType>) {
  const double n = std::abs(static_cast<double>(call.attributes.Get<int64_t>("n")));
  return CubeFlops(call.operand(0), 2 * std::log2(n + 1));
}

// ---- tensors as matrices

absl::Status InferTensorinv(const OpCall& call, ResultTypes* results) {
  const TensorType& A = call.operand(0);
  OTIUM_RETURN_IF_ERROR(RequireFactorable(call, 0));
  const int64_t ind = call.attributes.Get<int64_t>("ind");
  if (ind < 1 || ind >= std::max(A.rank(), 1)) {
    return InvalidArgument("ind is ", ind, ", of ", Describe("A", A), " it must be 1 to ",
                           A.rank() - 1);
  }
  const auto dims = A.shape.dims();
  if (!(NumElements(dims.first(ind)) == NumElements(dims.subspan(ind)))) {
    return InvalidArgument(Describe("A", A), ", the first ", ind,
                           " sizes and the others must have the same product");
  }
  Dims shape(dims.begin() + ind, dims.end());
  shape.insert(shape.end(), dims.begin(), dims.begin() + ind);
  results->push_back(TensorType(A.dtype, ShapeOf(shape)));
  return absl::OkStatus();
}

absl::Status InferTensorsolve(const OpCall& call, ResultTypes* results) {
  const TensorType& A = call.operand(0);
  const TensorType& B = call.operand(1);
  OTIUM_RETURN_IF_ERROR(RequireFactorable(call, 0));
  OTIUM_ASSIGN_OR_RETURN(const std::vector<int> order, TensorsolveOrder(call.attributes, A.rank()));
  Dims sizes;
  for (int d : order) sizes.push_back(A.shape[d]);
  const auto dims = absl::MakeConstSpan(sizes);
  if (A.rank() < B.rank() || !(ShapeOf(Dims(dims.begin(), dims.begin() + B.rank())) == B.shape)) {
    return InvalidArgument(Describe("A", A), ", ", Describe("B", B),
                           ", A must have the sizes of B and then those of X");
  }
  if (!(NumElements(dims.first(B.rank())) == NumElements(dims.subspan(B.rank())))) {
    return InvalidArgument(Describe("A", A), ", ", Describe("B", B),
                           ", the sizes of A that are not those of B must have their product");
  }
  results->push_back(TensorType(A.dtype, ShapeOf(Dims(dims.begin() + B.rank(), dims.end()))));
  return absl::OkStatus();
}

// ---- products

absl::Status InferMultiDot(const OpCall& call, ResultTypes* results) {
  const int n = call.num_operands();
  if (n < 2) return InvalidArgument("there must be two tensors or more");
  for (int i = 0; i < n; ++i) {
    const int rank = call.operand(i).rank();
    const bool end = i == 0 || i == n - 1;
    OTIUM_RETURN_IF_ERROR(RequireCategory(call, i, kNumericCategories));
    if (rank == 2 || (end && rank == 1)) continue;
    return InvalidArgument(Describe(absl::StrCat("tensors[", i, "]"), call.operand(i)),
                           ", it must be ", end ? "1-D or 2-D" : "2-D");
  }
  for (int i = 0; i + 1 < n; ++i) {
    const Shape& a = call.operand(i).shape;
    const Shape& b = call.operand(i + 1).shape;
    OTIUM_RETURN_IF_ERROR(RequireSameSize(call, i, a.back(1), i + 1, b[0]));
  }
  const Shape& first = call.operand(0).shape;
  const Shape& last = call.operand(n - 1).shape;
  Dims shape;
  if (first.rank() == 2) shape.push_back(first[0]);
  if (last.rank() == 2) shape.push_back(last[1]);
  results->push_back(TensorType(call.operand(0).dtype, ShapeOf(shape)));
  return absl::OkStatus();
}

// From the left: what the cheapest order costs is for the planner to find.
double MultiDotFlops(const OpCall& call, absl::Span<const TensorType>) {
  const Shape& first = call.operand(0).shape;
  const double rows = first.rank() == 2 ? static_cast<double>(first[0].value()) : 1;
  double flops = 0;
  for (int i = 1; i < call.num_operands(); ++i) {
    flops += 2 * rows * static_cast<double>(call.operand(i).shape.NumElements());
  }
  return flops;
}

// The shape of x and y together, and the dimension that `dim` is in it.
absl::StatusOr<std::pair<Shape, int>> PairedVectors(const OpCall& call) {
  OTIUM_RETURN_IF_ERROR(RequireRankAtLeast(call, 0, 1));
  OTIUM_RETURN_IF_ERROR(RequireRankAtLeast(call, 1, 1));
  OTIUM_ASSIGN_OR_RETURN(const Shape shape, BroadcastOperands(call));
  OTIUM_ASSIGN_OR_RETURN(const int dim,
                         NormalizeDim(call.attributes.Get<int64_t>("dim"), shape.rank()));
  return std::pair(shape, dim);
}

absl::Status InferCross(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireCategory(call, 0, kNumericCategories));
  OTIUM_ASSIGN_OR_RETURN(const auto vectors, PairedVectors(call));
  const auto& [shape, dim] = vectors;
  for (int i : {0, 1}) {
    const Shape& of_i = call.operand(i).shape;
    const int d = dim - (shape.rank() - of_i.rank());
    if (d >= 0 && of_i[d].Is(3)) continue;
    return InvalidArgument(Describe(i == 0 ? "x" : "y", call.operand(i)),
                           ", its vectors must have 3 elements along dim");
  }
  results->push_back(TensorType(call.operand(0).dtype, shape));
  return absl::OkStatus();
}

absl::Status InferVecdot(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireCategory(call, 0, kNumericCategories));
  OTIUM_ASSIGN_OR_RETURN(const auto vectors, PairedVectors(call));
  Dims kept = DimsOf(vectors.first);
  kept.erase(kept.begin() + vectors.second);
  results->push_back(TensorType(call.operand(0).dtype, ShapeOf(kept)));
  return absl::OkStatus();
}

absl::Status InferVander(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireRankAtLeast(call, 0, 1));
  OTIUM_RETURN_IF_ERROR(RequireCategory(call, 0, kNumericCategories));
  const TensorType& x = call.operand(0);
  const int64_t* N = call.attributes.Find<int64_t>("N");
  if (N != nullptr && *N < 0) return InvalidArgument("N is ", *N, ", it must not be negative");
  const DType dtype = Category(x.dtype) == DTypeCategory::kInteger ? DType::kI64 : x.dtype;
  results->push_back(
      TensorType(dtype, ConcatShapes(x.shape, {N != nullptr ? Dim(*N) : x.shape.back(1)})));
  return absl::OkStatus();
}

absl::Status InferTrapezoid(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireRankAtLeast(call, 0, 1));
  const TensorType& y = call.operand(0);
  OTIUM_ASSIGN_OR_RETURN(const int dim,
                         NormalizeDim(call.attributes.Get<int64_t>("dim"), y.rank()));
  if (call.Has(1)) {
    const TensorType& x = call.operand(1);
    const bool fits = x.rank() == 1 ? x.shape[0] == y.shape[dim] : x.shape == y.shape;
    if (!fits) {
      return InvalidArgument(Describe("y", y), ", ", Describe("x", x),
                             ", x must have the shape of y, or its size along dim");
    }
  }
  Dims kept = DimsOf(y.shape);
  kept.erase(kept.begin() + dim);
  results->push_back(TensorType(y.dtype, ShapeOf(kept)));
  return absl::OkStatus();
}

}  // namespace

OTIUM_DEFINE_OP(pinv) = {
    .doc =
        "The pseudoinverse of [..., m, n], by the SVD, or by eigh of the lower triangle when "
        "hermitian. Singular values up to max(atol, rtol * largest) are zero; rtol is eps * max(m, "
        "n) when none, but 0 when atol > 0.",
    .params = kRankParams,
    .traits = kFallible,
    .infer = InferPinv,
    .flops = MatrixFlops<26>,
    .failure = SvdFailed,
};
OTIUM_DEFINE_OP(matrix_rank) = {
    .doc = "How many singular values, or absolute eigenvalues, pinv would not take for zero: i64.",
    .params = kRankParams,
    .traits = kFallible,
    .infer = InferMatrixRank,
    .flops = MatrixFlops<4>,
    .failure = SvdFailed,
};
OTIUM_DEFINE_OP(cond) = {
    .doc =
        "The condition number norm(A, p) * norm(inv(A), p), infinite of singular matrices; by "
        "default 2, the largest by the smallest singular value.",
    .params = kCondParams,
    .traits = kFallible,
    .infer = InferCond,
    .flops = MatrixFlops<4>,
    .failure = SvdFailed,
};
OTIUM_DEFINE_OP(matrix_exp) = {
    .doc = "The exponential of square matrices: the sum of A^k / k!.",
    .params = kSquareParams,
    .infer = InferMatrixExp,
    .structure = MatrixExpStructure,
    .flops = MatrixFlops<20>,
};
OTIUM_DEFINE_OP(tensorinv) = {
    .doc =
        "The inverse of A as a matrix whose rows are its first ind dimensions, which then come "
        "last. Fails when it is singular.",
    .params = kTensorinvParams,
    .traits = kFallible,
    .infer = InferTensorinv,
    .flops = OneFlopEach,
    .failure = SingularU,
};
OTIUM_DEFINE_OP(tensorsolve) = {
    .doc =
        "X with tensordot(A, X, X.ndim) = B; A has the sizes of B and then those of X, after its "
        "dimensions dims are moved to the end. Fails when A is singular.",
    .params = kTensorsolveParams,
    .traits = kFallible,
    .promotion = Promotion::kEqual,
    .infer = InferTensorsolve,
    .flops = OneFlopEach,
    .failure = SingularU,
};
OTIUM_DEFINE_OP(matrix_power) = {
    .doc = "A @ A @ ..., n times; the inverse's when n < 0, the identity when 0.",
    .params = kPowerParams,
    .traits = kFallible,
    .infer = InferMatrixPower,
    .flops = MatrixPowerFlops,
    .failure = SingularU,
    .contradicts = ContradictsNonsingular,
};
OTIUM_DEFINE_OP(multi_dot) = {
    .doc =
        "The product of two matrices or more in the cheapest order; the first may be 1-D, a row, "
        "and the last, a column.",
    .params = kMultiDotParams,
    .promotion = Promotion::kEqual,
    .infer = InferMultiDot,
    .flops = MultiDotFlops,
};
OTIUM_DEFINE_OP(cross) = {
    .doc = "The cross product of vectors of 3 elements along dim; other dimensions broadcast.",
    .params = kPairParams,
    .promotion = Promotion::kPointwise,
    .infer = InferCross,
};
OTIUM_DEFINE_OP(vecdot) = {
    .doc = "sum(conj(x) * y) along dim; other dimensions broadcast.",
    .params = kPairParams,
    .promotion = Promotion::kEqual,
    .infer = InferVecdot,
    .flops = OneFlopEach,
};
OTIUM_DEFINE_OP(vander) = {
    .doc =
        "x [..., n] to the powers 0 to N - 1: [..., n, N]; N is n when none. Integers give i64.",
    .params = kVanderParams,
    .infer = InferVander,
};
OTIUM_DEFINE_OP(trapezoid) = {
    .doc =
        "The integral of y along dim by the trapezoidal rule, at the points x, of y's shape or "
        "1-D, or dx apart. Integers give f32.",
    .params = kTrapezoidParams,
    .promotion = Promotion::kFloat,
    .infer = InferTrapezoid,
    .flops = OneFlopEach,
};

namespace {
std::vector<NamedAttribute> RankAttributes(std::optional<double> atol, std::optional<double> rtol,
                                           bool hermitian) {
  std::vector<NamedAttribute> attributes = {{"hermitian", hermitian}};
  if (atol.has_value()) attributes.push_back({"atol", *atol});
  if (rtol.has_value()) attributes.push_back({"rtol", *rtol});
  return attributes;
}
}  // namespace

Expr pinv(Arg A, std::optional<double> atol, std::optional<double> rtol, bool hermitian) {
  return MakeExpr(Op::pinv, {A}, RankAttributes(atol, rtol, hermitian));
}
Expr matrix_rank(Arg A, std::optional<double> atol, std::optional<double> rtol, bool hermitian) {
  return MakeExpr(Op::matrix_rank, {A}, RankAttributes(atol, rtol, hermitian));
}
Expr cond(Arg A, std::optional<NormOrder> p) {
  if (!p.has_value()) return MakeExpr(Op::cond, {A});
  return MakeExpr(Op::cond, {A}, {{"p", (*std::move(p)).value()}});
}
Expr matrix_exp(Arg A) { return MakeExpr(Op::matrix_exp, {A}); }
Expr tensorinv(Arg A, int64_t ind) { return MakeExpr(Op::tensorinv, {A}, {{"ind", ind}}); }
Expr tensorsolve(Arg A, Arg B, DimsArg dims) {
  if (!dims.has_value()) return MakeExpr(Op::tensorsolve, {A, B});
  return MakeExpr(Op::tensorsolve, {A, B}, {{"dims", *std::move(dims)}});
}
Expr multi_dot(absl::Span<const Expr> tensors, std::source_location location) {
  return MakeExpr(Op::multi_dot, Operands(tensors.begin(), tensors.end()), {},
                  SourcePosition::From(location));
}
Expr matrix_power(Arg A, int64_t n) { return MakeExpr(Op::matrix_power, {A}, {{"n", n}}); }
Expr cross(Arg x, Arg y, int64_t dim) { return MakeExpr(Op::cross, {x, y}, {{"dim", dim}}); }
Expr vecdot(Arg x, Arg y, int64_t dim) { return MakeExpr(Op::vecdot, {x, y}, {{"dim", dim}}); }
Expr vander(Arg x, std::optional<int64_t> N) {
  if (!N.has_value()) return MakeExpr(Op::vander, {x});
  return MakeExpr(Op::vander, {x}, {{"N", *N}});
}
Expr trapezoid(Arg y, Arg x, double dx, int64_t dim) {
  return MakeExpr(Op::trapezoid, {y, x}, {{"dx", dx}, {"dim", dim}});
}

}  // namespace otium
