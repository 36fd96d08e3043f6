// SPDX-License-Identifier: Apache-2.0
//
// The part of the pass `decompose` that knows torch.linalg: what is made of
// factorizations, spectra and products. One function a rule; a composition may be made
// of others, which are then decomposed in turn.
//
// Tested by tests/ops/decompose_linalg_test.cc against the reference kernels of the
// ops themselves.

#include "engine/optimize/decompose_linalg.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "engine/optimize/chain_order.h"
#include "ops/linalg_rules.h"
#include "ops/ops.h"
#include "ops/shape_rules.h"

namespace otium {
namespace {

constexpr absl::string_view kOutcomes[] = {"$a is made of others, and ends in $op"};
constexpr Rule MakeRule(absl::string_view name, absl::string_view formula,
                        absl::string_view condition = "always",
                        ErrorClass error = ErrorClass::kExact) {
  return {.name = name,
          .formula = formula,
          .condition = condition,
          .error = error,
          .outcomes = kOutcomes};
}

// ---- helpers

// The smaller size of the matrices of `A`.
Dim Rank(const Expr& A) { return SmallerDim(A.shape().back(1), A.shape().back(2)); }

// 0 for each matrix, of which none has an element. Made of them: that they are there may
// be what fails.
Expr Nothing(const Expr& A) { return sum(abs(A), {-2, -1}); }

Expr Shaped(const Expr& x, const Shape& shape) {
  return x.shape() == shape ? x : reshape(x, DimsOf(shape));
}

// Q with its columns multiplied by the elements of `by`.
Expr ScaleColumns(const Expr& Q, const Expr& by) { return Q * unsqueeze(by, -2); }

// Halves are multiplied and added up as f32.
Expr Widened(const Expr& x) {
  return IsInexact(x.dtype()) && ItemSize(RealDType(x.dtype())) < 4 ? cast(x, DType::kF32) : x;
}

// ---- factorizations

constexpr Rule kLu = MakeRule("lu", "lu(A) -> lu_unpack(lu_factor_ex(A))");
// Exact: what LAPACK's potrs does.
constexpr Rule kCholeskySolve = MakeRule(
    "cholesky_solve", "cholesky_solve(B, L) -> solve_triangular(L.H, solve_triangular(L, B))");
constexpr Rule kLogdet =
    MakeRule("logdet", "logdet(A) -> where(sign < 0, nan, logabsdet) of slogdet(A)");

Composed Lu(const CompositionCall& c) {
  const bool pivot = c.attributes.Get<bool>("pivot");
  const LuFactorExResults factors = lu_factor_ex(c.operands[0], pivot);
  const LuResults lu = lu_unpack(factors.LU, factors.pivots, /*unpack_data=*/true, pivot);
  return {&kLu, {lu.P, lu.L, lu.U}};
}

Composed CholeskySolve(const CompositionCall& c) {
  const bool is_upper = c.attributes.Get<bool>("upper");
  const Expr &B = c.operands[0], &factor = c.operands[1];
  const Expr L = is_upper ? factor.H() : factor, U = is_upper ? factor : factor.H();
  const Expr Y = solve_triangular(L, B, /*upper=*/false);
  return {&kCholeskySolve, {solve_triangular(U, Y, /*upper=*/true)}};
}

Composed Logdet(const CompositionCall& c) {
  const SlogdetResults det = slogdet(c.operands[0]);
  if (IsComplex(c.results[0].dtype)) return {&kLogdet, {log(det.sign) + det.logabsdet}};
  const double nan = std::numeric_limits<double>::quiet_NaN();
  return {&kLogdet, {where(lt(det.sign, 0), nan, det.logabsdet)}};
}

// ---- norms

constexpr Rule kMatrixNorm = MakeRule("matrix_norm", "matrix_norm(A) -> norm over two dimensions",
                                      "the order is not of singular values");
constexpr Rule kSpectralNorm =
    MakeRule("spectral_norm",
             "norm(A, 2), norm(A, -2), norm(A, \"nuc\") -> amax, amin, sum of "
             "svdvals(A)");
constexpr Rule kNormOfSums =
    MakeRule("norm_of_sums",
             "norm(A, 1), norm(A, inf) -> amax(sum(abs(A), -2)), amax(sum(abs(A), -1)); amin of "
             "-1, -inf");

// Of the matrices in the dimensions `dims`.
Composed SpectralNorm(const CompositionCall& c, const std::vector<int>& dims) {
  const TensorType& type = c.results[0];
  const Expr A = movedim(c.operands[0], {dims[0], dims[1]}, {-2, -1});
  if (Rank(A).Is(0)) return {&kSpectralNorm, {Shaped(Nothing(A), type.shape)}};
  const Expr S = svdvals(A);
  const double* ord = c.attributes.Find<double>("ord");
  const Expr norm = ord == nullptr ? sum(S, -1) : *ord > 0 ? amax(S, -1) : amin(S, -1);
  return {&kSpectralNorm, {Shaped(norm, type.shape)}};
}

// The largest, or smallest, sum of magnitudes over the columns, or rows, of the matrices in
// the dimensions `dims`, for the orders 1, -1, inf and -inf.
Composed NormOfSums(const CompositionCall& c, const std::vector<int>& dims, double order) {
  const TensorType& type = c.results[0];
  const Expr& A = c.operands[0];
  const int of_rows = std::isinf(order) ? 1 : 0;
  const Expr sums = sum(abs(Widened(A)), dims[of_rows], /*keepdim=*/true);
  const int kept = dims[1 - of_rows];
  const Expr norm = A.shape()[kept].Is(0) ? sum(sums, kept)
                    : order > 0           ? amax(sums, kept)
                                          : amin(sums, kept);
  return {&kNormOfSums,
          {Shaped(norm.dtype() == type.dtype ? norm : cast(norm, type.dtype), type.shape)}};
}

Composed MatrixNorm(const CompositionCall& c) {
  const std::vector<int> dims = *MatrixNormDims(c.attributes, c.operands[0].type().rank());
  const AttributeValue& ord = c.attributes["ord"];
  if (IsSpectralOrder(ord)) return SpectralNorm(c, dims);
  const NormOrder order = std::holds_alternative<double>(ord)
                              ? NormOrder(std::get<double>(ord))
                              : NormOrder(std::get<std::string>(ord));
  return {&kMatrixNorm,
          {norm(c.operands[0], order, {dims[0], dims[1]}, c.attributes.Get<bool>("keepdim"))}};
}

Composed Norm(const CompositionCall& c) {
  const std::vector<int> dims =
      *ReducedDims(GetOp(Op::norm), c.attributes, c.operands[0].type().rank());
  const AttributeValue& ord = c.attributes["ord"];
  if (dims.size() != 2) return {};
  if (IsSpectralOrder(ord)) return SpectralNorm(c, dims);
  const double* order = std::get_if<double>(&ord);
  return order == nullptr ? Composed() : NormOfSums(c, dims, *order);
}

// ---- by singular values

constexpr Rule kPinv = MakeRule("pinv", "pinv(A) -> V @ diag(1 / S) @ U.H",
                                "S above max(atol, rtol * the largest); others are 0");
constexpr Rule kPinvHermitian = MakeRule("pinv_hermitian", "pinv(A) -> Q @ diag(1 / L) @ Q.H",
                                         "hermitian; |L| above max(atol, rtol * the largest)");
constexpr Rule kMatrixRank =
    MakeRule("matrix_rank",
             "matrix_rank(A) -> how many of svdvals(A), or |eigvalsh(A)| when "
             "hermitian, are above max(atol, rtol * the largest)");
constexpr Rule kCond = MakeRule("cond", "cond(A, p) -> S[0] / S[-1] of svdvals(A), or the inverse",
                                "p is none, 2 or -2");
constexpr Rule kCondByInverse =
    MakeRule("cond_by_inverse",
             "cond(A, p) -> norm(A, p) * norm(inv(A), p), infinite of singular "
             "matrices",
             "other p");

// Which of S, of the matrices A, count as more than 0.
Expr AboveTolerance(const CompositionCall& c, const Expr& S) {
  const Shape& A = c.operands[0].shape();
  const double* atol = c.attributes.Find<double>("atol");
  const double* rtol = c.attributes.Find<double>("rtol");
  const bool absolute = atol != nullptr && *atol > 0;
  Expr cutoff = amax(S, -1, /*keepdim=*/true);
  if (rtol != nullptr) {
    cutoff = cutoff * *rtol;
  } else if (absolute) {
    return gt(S, *atol);
  } else {
    cutoff = cutoff * (Arg(Dim::Max(A.back(1), A.back(2))) * Epsilon(S.dtype()));
  }
  return gt(S, absolute ? maximum(cutoff, *atol) : cutoff);
}

Composed Pinv(const CompositionCall& c) {
  const Expr& A = c.operands[0];
  const bool hermitian = c.attributes.Get<bool>("hermitian");
  const Rule* rule = hermitian ? &kPinvHermitian : &kPinv;
  if (Rank(A).Is(0)) return {rule, {A.T()}};
  if (hermitian) {
    const auto [L, Q] = eigh(A);
    const Expr inverse = where(AboveTolerance(c, abs(L)), 1 / L, 0);
    return {rule, {matmul(ScaleColumns(Q, inverse), Q.H())}};
  }
  const auto [U, S, Vh] = svd(A, /*full_matrices=*/false);
  const Expr inverse = where(AboveTolerance(c, S), 1 / S, 0);
  return {rule, {matmul(ScaleColumns(Vh.H(), inverse), U.H())}};
}

Composed MatrixRank(const CompositionCall& c) {
  const Expr& A = c.operands[0];
  if (Rank(A).Is(0)) return {&kMatrixRank, {count_nonzero(A, {-2, -1})}};
  const Expr S = c.attributes.Get<bool>("hermitian") ? abs(eigvalsh(A)) : svdvals(A);
  return {&kMatrixRank, {count_nonzero(AboveTolerance(c, S), -1)}};
}

Composed Cond(const CompositionCall& c) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const Expr& A = c.operands[0];
  const AttributeValue& p = c.attributes["p"];
  const double* number = std::get_if<double>(&p);
  if (std::holds_alternative<std::monostate>(p) || (number != nullptr && std::abs(*number) == 2)) {
    if (Rank(A).Is(0)) return {&kCond, {Nothing(A)}};
    const Expr S = svdvals(A), largest = select(S, -1, 0), smallest = select(S, -1, -1);
    const Expr ratio = number != nullptr && *number < 0 ? smallest / largest : largest / smallest;
    // Of a zero matrix it is 0 / 0.
    return {&kCond, {where(isnan(ratio), kInfinity, ratio)}};
  }
  if (Rank(A).Is(0)) return {&kCondByInverse, {Nothing(A)}};
  const NormOrder order =
      number != nullptr ? NormOrder(*number) : NormOrder(std::get<std::string>(p));
  const auto [inverse, info] = inv_ex(A);
  const Expr good = eq(info, 0);
  // Singular values of the NaN that inv_ex gives for singular matrices would fail.
  const Expr finite = where(unsqueeze(unsqueeze(good, -1), -1), inverse, 0);
  return {&kCondByInverse,
          {where(good, matrix_norm(A, order) * matrix_norm(finite, order), kInfinity)}};
}

// ---- of random subspaces

constexpr Rule kSvdLowrank =
    MakeRule("svd_lowrank", "svd_lowrank(A) -> Q @ svd(Q.H @ A), Q a basis of the range of A @ R",
             "R = randn of the node's stream");
constexpr Rule kPcaLowrank =
    MakeRule("pca_lowrank", "pca_lowrank(A) -> svd_lowrank(A - mean of its rows)");

// N. Halko, P. G. Martinsson, J. A. Tropp, "Finding structure with randomness", 2011,
// algorithms 4.4 and 5.1.
Composed SvdLowrank(const CompositionCall& c) {
  const Expr given = c.operands[1] ? c.operands[0] - c.operands[1] : c.operands[0];
  const Dim m = given.shape().back(2), n = given.shape().back(1);
  const Dim q = c.results[1].shape.back(1);
  const bool wide = m.IsStatic() && n.IsStatic() && m.value() < n.value();
  const Expr adjoint = given.H();
  const Expr A = wide ? adjoint : given, AH = wide ? given : adjoint;
  const Expr R = randn({A.shape().back(1), q}, A.dtype());
  Expr Q = qr(matmul(A, R)).Q;
  for (int64_t i = c.attributes.Get<int64_t>("niter"); i > 0; --i) {
    Q = qr(matmul(AH, Q)).Q;
    Q = qr(matmul(A, Q)).Q;
  }
  const auto [U, S, Vh] = svd(matmul(Q.H(), A), /*full_matrices=*/false);
  const Expr left = matmul(Q, U), right = Vh.H();
  return {&kSvdLowrank, {wide ? right : left, S, wide ? left : right}};
}

Composed PcaLowrank(const CompositionCall& c) {
  const Expr& A = c.operands[0];
  const Expr centered = c.attributes.Get<bool>("center") ? A - mean(A, -2, /*keepdim=*/true) : A;
  // A name is settled by the time that graphs are planned.
  const Dim q = c.results[1].shape.back(1);
  if (!q.IsStatic()) return {};
  const auto [U, S, V] = svd_lowrank(centered, q.value(), c.attributes.Get<int64_t>("niter"));
  return {&kPcaLowrank, {U, S, V}};
}

// ---- tensors as matrices

constexpr Rule kTensorinv = MakeRule("tensorinv", "tensorinv(A) -> inv of A as a matrix");
constexpr Rule kTensorsolve =
    MakeRule("tensorsolve", "tensorsolve(A, B) -> solve with A as a matrix, B as a vector");

Composed Tensorinv(const CompositionCall& c) {
  const Expr& A = c.operands[0];
  const Dim n = NumElements(A.shape().dims().first(c.attributes.Get<int64_t>("ind")));
  return {&kTensorinv, {Shaped(inv(Shaped(A, {n, n})), c.results[0].shape)}};
}

Composed Tensorsolve(const CompositionCall& c) {
  const Expr &A = c.operands[0], &B = c.operands[1];
  Ints order;
  const std::vector<int> dims = *TensorsolveOrder(c.attributes, A.type().rank());
  order.assign(dims.begin(), dims.end());
  const Dim n = NumElements(B.shape().dims());
  const Expr X = solve(Shaped(permute(A, order), {n, n}), Shaped(B, {n}));
  return {&kTensorsolve, {Shaped(X, c.results[0].shape)}};
}

// ---- products

constexpr Rule kMatrixPower =
    MakeRule("matrix_power", "matrix_power(A, n) -> products of squares of A, or of inv(A)");
constexpr Rule kMultiDot = MakeRule("multi_dot", "multi_dot(A, B, ...) -> products from the left");
constexpr absl::string_view kOrderOutcomes[] = {"$a takes $0FLOP, and $1FLOP from the left"};
constexpr Rule kMultiDotOrder = {
    .name = "multi_dot_order",
    .formula = "multi_dot(A, B, C, ...) -> products in the order of the fewest flops",
    .condition = "the product from the left needs more",
    .error = ErrorClass::kPreserves,
    .outcomes = kOrderOutcomes};
constexpr Rule kCross = MakeRule("cross", "cross(x, y) -> x1 y2 - x2 y1, x2 y0 - x0 y2, ...");
constexpr Rule kVecdot = MakeRule("vecdot", "vecdot(x, y) -> vdot(x, y), or sum(conj(x) * y)");

// Of n > 0 factors; the squares are those of the binary digits of n.
Expr Power(Expr square, uint64_t n) {
  Expr product;
  for (; n > 0; n /= 2) {
    if (n % 2 == 1) product = product ? matmul(product, square) : square;
    if (n > 1) square = matmul(square, square);
  }
  return product;
}

Composed MatrixPower(const CompositionCall& c) {
  const Expr& A = c.operands[0];
  const int64_t n = c.attributes.Get<int64_t>("n");
  if (n == 0) {
    return {&kMatrixPower,
            {expand(eye(A.shape().back(1), std::nullopt, A.dtype()), DimsOf(A.shape()))}};
  }
  if (n > 0) return {&kMatrixPower, {Power(A, static_cast<uint64_t>(n))}};
  return {&kMatrixPower, {Power(inv(A), -static_cast<uint64_t>(n))}};
}

Expr Product(absl::Span<const Expr> chain, const ChainOrder& order, int first, int last) {
  if (first == last) return chain[first];
  const int split = order.split(first, last);
  return matmul(Product(chain, order, first, split), Product(chain, order, split + 1, last));
}

Composed MultiDot(const CompositionCall& c) {
  const int last = static_cast<int>(c.operands.size()) - 1;
  std::vector<TensorType> types;
  for (const Expr& e : c.operands) types.push_back(e.type());
  const ChainOrder order(types, c.context.machine.devices[0]);
  if (order.flops() < order.flops_from_left() && c.context.Admits(kMultiDotOrder)) {
    return {&kMultiDotOrder,
            {Product(c.operands, order, 0, last)},
            {order.flops(), order.flops_from_left()}};
  }
  Expr product = c.operands[0];
  for (int i = 1; i <= last; ++i) product = matmul(product, c.operands[i]);
  return {&kMultiDot, {product}};
}

Composed Cross(const CompositionCall& c) {
  const int rank = c.results[0].rank();
  const int64_t dim = *NormalizeDim(c.attributes.Get<int64_t>("dim"), rank);
  auto element = [&](int operand, int64_t i) {
    const Expr& x = c.operands[operand];
    return select(x, dim - (rank - x.type().rank()), i);
  };
  std::vector<Expr> elements;
  for (int64_t i = 0; i < 3; ++i) {
    const int64_t j = (i + 1) % 3, k = (i + 2) % 3;
    elements.push_back(element(0, j) * element(1, k) - element(0, k) * element(1, j));
  }
  return {&kCross, {stack(elements, dim)}};
}

Composed Vecdot(const CompositionCall& c) {
  const Expr &x = c.operands[0], &y = c.operands[1];
  if (x.type().rank() == 1 && x.shape() == y.shape()) return {&kVecdot, {vdot(x, y)}};
  const int64_t dim = c.attributes.Get<int64_t>("dim");
  const Expr products = conj(Widened(x)) * Widened(y);
  // Sums of integers are i64, and wrap around alike.
  return {&kVecdot, {cast(sum(products, dim), c.results[0].dtype)}};
}

// ---- of vectors and functions

constexpr Rule kVander = MakeRule("vander", "vander(x) -> 1 and the products of 1, 2, ... x");
constexpr Rule kTrapezoid =
    MakeRule("trapezoid", "trapezoid(y, x) -> sum((x[1:] - x[:-1]) * (y[1:] + y[:-1])) / 2");
constexpr Rule kTrapezoidOfSteps =
    MakeRule("trapezoid_of_steps", "trapezoid(y) -> (sum(y[1:-1]) + (y[0] + y[-1]) / 2) * dx",
             "without x, of two points or more");

Composed Vander(const CompositionCall& c) {
  const TensorType& type = c.results[0];
  const Expr x = unsqueeze(cast(c.operands[0], type.dtype), -1);
  const Dim& N = type.shape.back(1);
  if (N.Is(0)) return {&kVander, {slice(x, -1, 0, 0)}};
  Dims sizes = DimsOf(type.shape);
  sizes.back() = N - 1;
  const Expr powers = cumprod(expand(x, sizes), -1);
  return {&kVander, {cat({ones_like(x), powers}, -1)}};
}

Composed Trapezoid(const CompositionCall& c) {
  const Expr y = Widened(c.operands[0]);
  const int rank = y.type().rank();
  const int dim = *NormalizeDim(c.attributes.Get<int64_t>("dim"), rank);
  const Dim& points = y.shape()[dim];
  // Inner points count twice, and are read once.
  if (!c.operands[1] && points.IsStatic() && points.value() >= 2) {
    const Expr ends = (select(y, dim, 0) + select(y, dim, -1)) / 2;
    const Expr integral = (sum(slice(y, dim, 1, -1), dim) + ends) * c.attributes.Get<double>("dx");
    return {&kTrapezoidOfSteps, {cast(integral, c.results[0].dtype)}};
  }
  auto later = [](const Expr& v, int64_t d) { return slice(v, d, 1); };
  auto earlier = [](const Expr& v, int64_t d) { return slice(v, d, std::nullopt, -1); };
  const Expr sums = later(y, dim) + earlier(y, dim);
  Expr integral;
  if (!c.operands[1]) {
    integral = sum(sums, dim) * (c.attributes.Get<double>("dx") / 2);
  } else {
    Expr x = Widened(c.operands[1]);
    if (x.type().rank() < rank) {
      Dims sizes(rank - dim, Dim(1));
      sizes[0] = x.shape()[0];
      x = reshape(x, sizes);
    }
    const int64_t d = dim - (rank - x.type().rank());
    integral = sum((later(x, d) - earlier(x, d)) * sums, dim) / 2;
  }
  return {&kTrapezoid, {cast(integral, c.results[0].dtype)}};
}

}  // namespace

const Composition* LinalgComposition(Op op) {
  static const auto* const kAll =
      new std::vector<Composition>{{Op::lu, Lu, {&kLu}},
                                   {Op::cholesky_solve, CholeskySolve, {&kCholeskySolve}},
                                   {Op::logdet, Logdet, {&kLogdet}},
                                   {Op::matrix_norm, MatrixNorm, {&kSpectralNorm, &kMatrixNorm}},
                                   {Op::norm, Norm, {&kSpectralNorm, &kNormOfSums}},
                                   {Op::pinv, Pinv, {&kPinv, &kPinvHermitian}},
                                   {Op::matrix_rank, MatrixRank, {&kMatrixRank}},
                                   {Op::cond, Cond, {&kCond, &kCondByInverse}},
                                   {Op::svd_lowrank, SvdLowrank, {&kSvdLowrank}},
                                   {Op::pca_lowrank, PcaLowrank, {&kPcaLowrank}},
                                   {Op::tensorinv, Tensorinv, {&kTensorinv}},
                                   {Op::tensorsolve, Tensorsolve, {&kTensorsolve}},
                                   {Op::matrix_power, MatrixPower, {&kMatrixPower}},
                                   {Op::multi_dot, MultiDot, {&kMultiDot, &kMultiDotOrder}},
                                   {Op::cross, Cross, {&kCross}},
                                   {Op::vecdot, Vecdot, {&kVecdot}},
                                   {Op::vander, Vander, {&kVander}},
                                   {Op::trapezoid, Trapezoid, {&kTrapezoid, &kTrapezoidOfSteps}}};
  for (const Composition& c : *kAll) {
    if (c.op == op) return &c;
  }
  return nullptr;
}

}  // namespace otium
