// SPDX-License-Identifier: Apache-2.0
//
// The textbook's dynamic program (Godbole, "On efficient computation of matrix chain
// products", 1973): the best product of a run of factors is the best of its left part
// times the best of its right part, for some place to split.

#include "engine/optimize/chain_order.h"

#include <algorithm>

#include "ops/op.h"

namespace otium {
namespace {

// The time to find the order grows with the third power of their number.
constexpr int kMaxOrdered = 64;

// What `left` @ `right` is; of the inner type alone the sizes count.
TensorType ProductType(const TensorType& left, const TensorType& right) {
  absl::InlinedVector<Dim, 4> sizes;
  if (left.rank() == 2) sizes.push_back(left.shape[0]);
  if (right.rank() == 2) sizes.push_back(right.shape[1]);
  return TensorType(left.dtype, Shape(absl::MakeConstSpan(sizes)));
}

double ProductFlops(const DeviceModel& device, const TensorType& left, const TensorType& right) {
  const TensorType* const operands[] = {&left, &right};
  const TensorType result = ProductType(left, right);
  return CostOf(device, {GetOp(Op::matmul), operands, Attributes()}, {&result, 1}).flops;
}

}  // namespace

ChainOrder::ChainOrder(absl::Span<const TensorType> chain, const DeviceModel& device)
    : size_(static_cast<int>(chain.size())), splits_(chain.size() * chain.size()) {
  for (int first = 0; first < size_; ++first) {
    for (int last = first + 1; last < size_; ++last) splits_[first * size_ + last] = last - 1;
  }
  const bool known = std::all_of(chain.begin(), chain.end(),
                                 [](const TensorType& t) { return t.shape.IsStatic(); });
  if (!known || size_ > kMaxOrdered) return;

  // Of factors first to last: their product, and its flops.
  std::vector<TensorType> types(splits_.size());
  std::vector<double> flops(splits_.size(), 0);
  for (int i = 0; i < size_; ++i) types[i * size_ + i] = chain[i];
  for (int length = 1; length < size_; ++length) {
    for (int first = 0; first + length < size_; ++first) {
      const int last = first + length, of = first * size_ + last;
      for (int k = last - 1; k >= first; --k) {
        const int left = first * size_ + k, right = (k + 1) * size_ + last;
        const double cost =
            flops[left] + flops[right] + ProductFlops(device, types[left], types[right]);
        if (k < last - 1 && cost >= flops[of]) continue;
        flops[of] = cost;
        splits_[of] = k;
      }
      types[of] = ProductType(chain[first], chain[last]);
    }
  }
  flops_ = flops[size_ - 1];
  TensorType product = chain[0];
  for (int i = 1; i < size_; ++i) {
    flops_from_left_ += ProductFlops(device, product, chain[i]);
    product = ProductType(product, chain[i]);
  }
}

}  // namespace otium
