// SPDX-License-Identifier: Apache-2.0
#include "ops/pointwise_rules.h"

namespace otium {

void ApplyFunctionFacts(uint32_t facts, const TensorType& x, TensorType* type) {
  Structure s;
  if ((facts & kMapsZeroToZero) != 0) {
    s.lower = x.structure.lower;
    s.upper = x.structure.upper;
    s.flags |= x.structure.flags & kZero;
  }
  s.flags |= x.structure.flags & kSymmetric;
  if (type->rank() == 0 && IsFloat(type->dtype) && IsFloat(x.dtype)) {
    if ((facts & kIsPositive) != 0) s.flags |= kPositive;
    if ((facts & kIsNonnegative) != 0) s.flags |= kNonnegative;
    if ((facts & kKeepsPositive) != 0) s.flags |= x.structure.flags & kPositive;
    if ((facts & kKeepsNonnegative) != 0) s.flags |= x.structure.flags & kNonnegative;
  }
  type->structure = s;
}

}  // namespace otium
