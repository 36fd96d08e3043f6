// SPDX-License-Identifier: Apache-2.0
#include "ops/linalg_rules.h"

#include <cstdint>
#include <limits>

#include "engine/base/status.h"

namespace otium {

absl::Status RequireMatrices(const OpCall& call, int i) {
  OTIUM_RETURN_IF_ERROR(RequireRankAtLeast(call, i, 2));
  OTIUM_RETURN_IF_ERROR(RequireInexact(call, i));
  const TensorType& type = call.operand(i);
  if (ItemSize(RealDType(type.dtype)) < 4) {
    return InvalidArgument(Describe(call.op.params[i].name, type),
                           ", it must be f32, f64, c64 or c128");
  }
  for (int d = 1; d <= 2; ++d) {
    const Dim& size = type.shape.back(d);
    if (size.IsStatic() && size.value() > std::numeric_limits<int32_t>::max()) {
      return InvalidArgument(Describe(call.op.params[i].name, type),
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

TensorType InfoType(const OpCall& call) {
  return TensorType(DType::kI32, BatchShape(call.operand(0).shape));
}

double CubeFlops(const TensorType& a, double factor) {
  const double n = static_cast<double>(a.shape.back(1).value());
  return factor * n * static_cast<double>(a.shape.NumElements());
}

std::string NotPositiveDefinite(const OpCall&, int64_t code, int64_t) {
  return absl::StrCat("the leading minor of order ", code, " is not positive definite");
}

}  // namespace otium
