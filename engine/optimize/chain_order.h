// SPDX-License-Identifier: Apache-2.0

#ifndef OTIUM_ENGINE_OPTIMIZE_CHAIN_ORDER_H_
#define OTIUM_ENGINE_OPTIMIZE_CHAIN_ORDER_H_

#include <vector>

#include "absl/types/span.h"
#include "engine/base/tensor_type.h"
#include "engine/optimize/cost.h"

namespace otium {

// In which order to multiply matrices, of which the first and the last may be vectors.
class ChainOrder {
 public:
  // The order of the fewest flops; of several, and when a size is a name or there are
  // more matrices than anybody writes down, the one from the left.
  ChainOrder(absl::Span<const TensorType> chain, const DeviceModel& device);

  // Factors first to last of the chain are the product of first to split and the rest.
  int split(int first, int last) const { return splits_[first * size_ + last]; }
  double flops() const { return flops_; }
  double flops_from_left() const { return flops_from_left_; }

 private:
  const int size_;
  std::vector<int> splits_;
  double flops_ = 0, flops_from_left_ = 0;
};

}  // namespace otium

#endif  // OTIUM_ENGINE_OPTIMIZE_CHAIN_ORDER_H_
