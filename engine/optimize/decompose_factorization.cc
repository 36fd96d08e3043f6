// SPDX-License-Identifier: Apache-2.0
//
// Factorizations that are others taken apart, solutions by several triangles, logarithms:
//
//   lu(A)                -> lu_unpack of lu_factor_ex(A)
//   cholesky_solve(B, L) -> solve_triangular by L, then by L.H
//   logdet(A)            -> slogdet(A), NaN where the sign is negative; of complex
//                           matrices log(sign) + logabsdet
//
// Tested by tests/ops/decompose_factorization_test.cc against the reference kernels of
// the ops themselves.

#include "engine/optimize/decompose_factorization.h"

#include <limits>

#include "engine/optimize/contraction.h"

namespace otium {
namespace {

constexpr absl::string_view kOutcomes[] = {"$a"};
constexpr Rule kLu = {.name = "lu",
                      .formula = "lu(A) -> lu_unpack(lu_factor_ex(A))",
                      .condition = "always",
                      .error = ErrorClass::kExact,
                      .outcomes = kOutcomes};
// Exact: what LAPACK's potrs does.
constexpr Rule kCholeskySolve = {
    .name = "cholesky_solve",
    .formula = "cholesky_solve(B, L) -> solve_triangular(L.H, solve_triangular(L, B))",
    .condition = "always",
    .error = ErrorClass::kExact,
    .outcomes = kOutcomes};
constexpr Rule kLogdet = {.name = "logdet",
                          .formula = "logdet(A) -> where(sign < 0, nan, logabsdet) of slogdet(A)",
                          .condition = "always",
                          .error = ErrorClass::kExact,
                          .outcomes = kOutcomes};

std::vector<ValueId> Lu(const Attributes& attributes, ValueId A, GraphBuilder& b) {
  const ValueId LU = b.Add(Op::lu_factor_ex, {A}, {{"pivot", attributes.Get<bool>("pivot")}});
  const ValueId P = b.Add(Op::lu_unpack, {LU, LU + 1});
  return {P, P + 1, P + 2};
}

ValueId Adjoint(ValueId x, GraphBuilder& b) {
  const ValueId t = b.Add(Op::transpose, {x}, {{"dim0", int64_t{-2}}, {"dim1", int64_t{-1}}});
  return IsComplex(b.graph().type(t).dtype) ? b.Add(Op::conj, {t}) : t;
}

ValueId CholeskySolve(const Attributes& attributes, ValueId B, ValueId factor, GraphBuilder& b) {
  const bool upper = attributes.Get<bool>("upper");
  const ValueId lower = upper ? Adjoint(factor, b) : factor;
  const ValueId Y = b.Add(Op::solve_triangular, {lower, B}, {{"upper", false}});
  return b.Add(Op::solve_triangular, {upper ? factor : Adjoint(factor, b), Y}, {{"upper", true}});
}

ValueId Logdet(ValueId A, GraphBuilder& b) {
  const ValueId sign = b.Add(Op::slogdet, {A}), log = sign + 1;
  const DType dtype = b.graph().type(sign).dtype;
  if (IsComplex(dtype)) {
    return b.Add(Op::add, {b.Add(Op::log, {sign}), b.Add(Op::cast, {log}, {{"dtype", dtype}})});
  }
  const ValueId is_negative = b.Add(Op::lt, {sign, b.AddScalar(dtype, 0)});
  const ValueId nan = b.AddScalar(dtype, std::numeric_limits<double>::quiet_NaN());
  return b.Add(Op::where, {is_negative, nan, log});
}

}  // namespace

bool IsFactorizationCandidate(Op op) {
  return op == Op::lu || op == Op::cholesky_solve || op == Op::logdet;
}

std::vector<ValueId> DecomposeFactorization(const Graph& source, NodeId n,
                                            absl::Span<const ValueId> operands,
                                            GraphBuilder& builder, PassContext& context) {
  const Attributes& attributes = source.attributes(n);
  const Rule* rule = &kLu;
  std::vector<ValueId> values;
  switch (source.op(n).id) {
    case Op::cholesky_solve:
      rule = &kCholeskySolve;
      values = {CholeskySolve(attributes, operands[0], operands[1], builder)};
      break;
    case Op::logdet:
      rule = &kLogdet;
      values = {Logdet(operands[0], builder)};
      break;
    default: values = Lu(attributes, operands[0], builder); break;
  }
  context.Note(*rule, 0, source.origins(n).empty() ? 0 : source.origins(n)[0], 0);
  for (size_t i = 0; i < values.size(); ++i) {
    const TensorType& type = source.type(source.result(n, static_cast<int>(i)));
    values[i] = WithFacts(values[i], type.structure, &builder);
  }
  return values;
}

}  // namespace otium
