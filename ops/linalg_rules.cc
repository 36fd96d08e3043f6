// SPDX-License-Identifier: Apache-2.0
#include "ops/linalg_rules.h"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "engine/base/status.h"
#include "engine/graph/schema.h"

namespace otium {

absl::Status RequireFactorable(const OpCall& call, int i) {
  OTIUM_RETURN_IF_ERROR(RequireInexact(call, i));
  if (ItemSize(RealDType(call.operand(i).dtype)) >= 4) return absl::OkStatus();
  return InvalidArgument(Describe(OperandName(call.op, i), call.operand(i)),
                         ", it must be f32, f64, c64 or c128");
}

absl::Status RequireMatrices(const OpCall& call, int i) {
  OTIUM_RETURN_IF_ERROR(RequireRankAtLeast(call, i, 2));
  OTIUM_RETURN_IF_ERROR(RequireFactorable(call, i));
  const TensorType& type = call.operand(i);
  for (int d = 1; d <= 2; ++d) {
    const Dim& size = type.shape.back(d);
    if (size.IsStatic() && size.value() > std::numeric_limits<int32_t>::max()) {
      return InvalidArgument(Describe(OperandName(call.op, i), type),
                             ", its matrices have more than 2147483647 rows or columns, which "
                             "LAPACK's 32-bit integers cannot count");
    }
  }
  return absl::OkStatus();
}

absl::Status RequireSquareMatrices(const OpCall& call, int i) {
  OTIUM_RETURN_IF_ERROR(RequireSquare(call, i));
  return RequireMatrices(call, i);
}

bool IsVectorSystem(const TensorType& A, const TensorType& B) {
  return B.rank() == 1 || B.shape == BatchShape(A.shape, 1);
}

bool IsAmbiguousSystem(const OpCall& call) {
  const TensorType& A = call.operand(0);
  const TensorType& B = call.operand(1);
  return B.rank() > 1 && B.rank() + 1 == A.rank() && !IsVectorSystem(A, B) &&
         !(A.shape.IsStatic() && B.shape.IsStatic());
}

TensorType InfoType(const OpCall& call) {
  return TensorType(DType::kI32, BatchShape(call.operand(0).shape));
}

double CubeFlops(const TensorType& a, double factor) {
  const double n = static_cast<double>(a.shape.back(1).value());
  return factor * n * static_cast<double>(a.shape.NumElements());
}

double TrianglesFlops(const TensorType& A, const TensorType& X) {
  return 2.0 * static_cast<double>(A.shape.back(1).value()) *
         static_cast<double>(X.shape.NumElements());
}

std::string NotPositiveDefinite(const OpCall&, int64_t code, int64_t) {
  return absl::StrCat("the leading minor of order ", code, " is not positive definite");
}

std::string SingularU(const OpCall&, int64_t code, int64_t) {
  return absl::StrCat("the diagonal element ", code, " of U is zero, the matrix is singular");
}

absl::StatusOr<Shape> BroadcastBatches(const OpCall& call, int i, int tail_i, int j, int tail_j) {
  return BroadcastShapes(BatchShape(call.operand(i).shape, tail_i),
                         BatchShape(call.operand(j).shape, tail_j));
}

absl::StatusOr<std::vector<int>> TensorsolveOrder(const Attributes& attributes, int rank) {
  std::vector<int> moved;
  if (const Ints* dims = attributes.Find<Ints>("dims")) {
    OTIUM_ASSIGN_OR_RETURN(moved, NormalizeDims(dims, rank));
  }
  std::vector<int> order;
  for (int d = 0; d < rank; ++d) {
    if (std::find(moved.begin(), moved.end(), d) == moved.end()) order.push_back(d);
  }
  // A 0-D tensor may be said to have one dimension.
  if (rank > 0) order.insert(order.end(), moved.begin(), moved.end());
  return order;
}

Structure InverseStructure(const Structure& a) {
  constexpr uint32_t kKept = kSymmetric | kHermitian | kPd | kOrthonormalColumns | kOrthogonal |
                             kIdentity | kPermutation;
  Structure s;
  if (a.lower == 0) s.lower = 0;
  if (a.upper == 0) s.upper = 0;
  s.flags = (a.flags & kKept) | kNonsingular;
  if (a.Has(kPsd)) s.flags |= kPd;
  if (a.IsTriangular()) s.flags |= a.flags & kUnitDiagonal;
  return s;
}

Structure ProductBands(const Structure& a, const Structure& b) {
  return {AddBands(a.lower, b.lower), AddBands(a.upper, b.upper), 0};
}

}  // namespace otium
