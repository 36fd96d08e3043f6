// SPDX-License-Identifier: Apache-2.0
//
// What the type rules of factorizations, solvers and spectra share.

#ifndef OTIUM_OPS_LINALG_RULES_H_
#define OTIUM_OPS_LINALG_RULES_H_

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "engine/graph/expr.h"
#include "ops/infer.h"
#include "ops/op.h"

namespace otium {

// Fails unless operand `i` is f32, f64, c64 or c128.
absl::Status RequireFactorable(const OpCall& call, int i);
// Fails unless operand `i` holds matrices [..., m, n] of those. Half
// precision is for storage: a factorization in it would be of little use.
absl::Status RequireMatrices(const OpCall& call, int i);
// The same, and m = n.
absl::Status RequireSquareMatrices(const OpCall& call, int i);

// B of a system with A [..., n, n] is a vector when it is 1-D or its shape is
// A.shape[:-1]; that reading wins over the matrix one.
bool IsVectorSystem(const TensorType& A, const TensorType& B);
// Whether B is matrices that would be vectors if sizes that have names came out equal.
bool IsAmbiguousSystem(const OpCall& call);

// The type of `info` results: i32, one for each matrix of operand 0.
TensorType InfoType(const OpCall& call);

// factor * n^3 for each of the matrices [..., n, n].
double CubeFlops(const TensorType& a, double factor);
// Of substitution with both triangles of A [..., n, n] that gives X.
double TrianglesFlops(const TensorType& A, const TensorType& X);

// OpDef::failure of what reports the order of a leading minor, and of what reports the
// first zero on the diagonal of U.
std::string NotPositiveDefinite(const OpCall& call, int64_t code, int64_t index);
std::string SingularU(const OpCall& call, int64_t code, int64_t index);
// OpDef::contradicts of the latter.
inline uint32_t ContradictsNonsingular(int64_t) { return kNonsingular; }

// The batch of two operands that broadcast, whose last `tail_i`, `tail_j` dimensions
// are matrices or vectors.
absl::StatusOr<Shape> BroadcastBatches(const OpCall& call, int i, int tail_i, int j, int tail_j);

// tensorsolve: the dimensions of A, those of attribute dims at the end.
absl::StatusOr<std::vector<int>> TensorsolveOrder(const Attributes& attributes, int rank);

// matrix_norm: its two dimensions; and whether an order of a matrix norm is one of
// singular values: 2, -2, "nuc".
absl::StatusOr<std::vector<int>> MatrixNormDims(const Attributes& attributes, int rank);
bool IsSpectralOrder(const AttributeValue& ord);

// What is known of the inverse of a matrix, whose existence is asserted by asking.
Structure InverseStructure(const Structure& a);
// Of a product of A, of which that is known, and B: the bandwidths alone.
Structure ProductBands(const Structure& a, const Structure& b);

// A builder's results, an aggregate of as many Exprs as the op has.
template <class Results>
Results MakeResults(Op op, std::initializer_list<Arg> operands,
                    std::vector<NamedAttribute> attributes = {}) {
  const Expr first = MakeExpr(op, operands, std::move(attributes));
  return [&]<size_t... i>(std::index_sequence<i...>) {
    return Results{Expr(first.node_ptr(), static_cast<uint32_t>(i))...};
  }(std::make_index_sequence<sizeof(Results) / sizeof(Expr)>());
}

}  // namespace otium

#endif  // OTIUM_OPS_LINALG_RULES_H_
