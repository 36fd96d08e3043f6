// SPDX-License-Identifier: Apache-2.0

#include "engine/optimize/chain_order.h"

#include <algorithm>
#include <random>

#include "gtest/gtest.h"
#include "tests/rounds.h"

namespace otium {
namespace {

// Of matrices with sizes[i] rows and sizes[i + 1] columns.
std::vector<TensorType> Chain(const std::vector<int64_t>& sizes) {
  std::vector<TensorType> chain;
  for (size_t i = 0; i + 1 < sizes.size(); ++i) {
    chain.emplace_back(DType::kF64, Shape({sizes[i], sizes[i + 1]}));
  }
  return chain;
}

double FlopsOf(const ChainOrder& order, const std::vector<int64_t>& sizes, int first, int last) {
  if (first == last) return 0;
  const int split = order.split(first, last);
  return 2.0 * static_cast<double>(sizes[first] * sizes[split + 1] * sizes[last + 1]) +
         FlopsOf(order, sizes, first, split) + FlopsOf(order, sizes, split + 1, last);
}

// By trying all orders.
double Fewest(const std::vector<int64_t>& sizes, int first, int last) {
  if (first == last) return 0;
  double fewest = std::numeric_limits<double>::infinity();
  for (int split = first; split < last; ++split) {
    fewest = std::min(fewest,
                      2.0 * static_cast<double>(sizes[first] * sizes[split + 1] * sizes[last + 1]) +
                          Fewest(sizes, first, split) + Fewest(sizes, split + 1, last));
  }
  return fewest;
}

// Cormen, Leiserson, Rivest, Stein, "Introduction to algorithms", 15.2.
TEST(ChainOrder, OfTheTextbook) {
  const ChainOrder order(Chain({30, 35, 15, 5, 10, 20, 25}), DeviceModel{});
  EXPECT_EQ(order.flops(), 30250);
  EXPECT_EQ(order.split(0, 5), 2);
  EXPECT_EQ(order.split(0, 2), 0);
  EXPECT_EQ(order.split(3, 5), 4);
}

TEST(ChainOrder, NoOtherOrderNeedsFewerFlops) {
  std::mt19937 random(1);
  for (int round = 0; round < Rounds(200); ++round) {
    std::vector<int64_t> sizes(3 + random() % 6);
    for (int64_t& s : sizes) s = static_cast<int64_t>(random() % 40);
    const int last = static_cast<int>(sizes.size()) - 2;
    const ChainOrder order(Chain(sizes), DeviceModel{});
    EXPECT_EQ(order.flops(), Fewest(sizes, 0, last));
    EXPECT_EQ(order.flops(), FlopsOf(order, sizes, 0, last));
  }
}

TEST(ChainOrder, VectorsAtTheEnds) {
  std::vector<TensorType> chain = Chain({30, 20, 10});
  chain.emplace_back(DType::kF64, Shape({10}));
  const ChainOrder order(chain, DeviceModel{});
  EXPECT_EQ(order.flops(), 2 * 20 * 10 + 2 * 30 * 20);
  EXPECT_EQ(order.flops_from_left(), 2 * 30 * 20 * 10 + 2 * 30 * 10);
  EXPECT_EQ(order.split(0, 2), 0);
}

TEST(ChainOrder, EqualOnesFromTheLeft) {
  const ChainOrder order(Chain({4, 4, 4, 4}), DeviceModel{});
  EXPECT_EQ(order.split(0, 2), 1);
  EXPECT_EQ(order.flops(), order.flops_from_left());
}

}  // namespace
}  // namespace otium
