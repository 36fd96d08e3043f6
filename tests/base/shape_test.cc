// SPDX-License-Identifier: Apache-2.0
#include "engine/base/shape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/tensor_type.h"

namespace otium {
namespace {

using ::testing::ElementsAre;

const Dim m = Dim::Symbol("m"), n = Dim::Symbol("n");

std::string Broadcast(const Shape& a, const Shape& b) {
  const absl::StatusOr<Shape> ab = BroadcastShapes(a, b), ba = BroadcastShapes(b, a);
  EXPECT_EQ(ab.ok(), ba.ok());
  if (!ab.ok()) return std::string(ab.status().message());
  EXPECT_EQ(*ab, *ba) << "broadcasting commutes";
  return ab->ToString();
}

TEST(ShapeTest, Basics) {
  const Shape shape({m, 3, n + Dim(1)});
  EXPECT_EQ(shape.rank(), 3);
  EXPECT_EQ(shape.ToString(), "[m, 3, n + 1]");
  EXPECT_FALSE(shape.IsStatic());
  EXPECT_EQ(shape.back(), n + Dim(1));
  EXPECT_EQ(shape.back(3), m);
  SizeBindings sizes;
  sizes.Set("m", 2);
  sizes.Set("n", 4);
  EXPECT_THAT(shape.Bind(sizes).sizes(), ElementsAre(2, 3, 5));
  EXPECT_EQ(shape.Bind(sizes).NumElements(), 30);
  EXPECT_EQ(Shape().ToString(), "[]");
  EXPECT_EQ(Shape().NumElements(), 1);
  EXPECT_EQ(Shape(), Shape(absl::Span<const int64_t>()));
  EXPECT_FALSE(Shape({2}) == Shape({2, 1}));
  EXPECT_EQ(BatchShape({2, m, n}), Shape({2}));
  EXPECT_EQ(ConcatShapes({2}, {m, n}), Shape({2, m, n}));
  EXPECT_THAT(ContiguousStrides({2, 3, 4}), ElementsAre(12, 4, 1));
  EXPECT_THAT(ContiguousStrides({2, 0, 4}), ElementsAre(4, 4, 1));
}

TEST(ShapeTest, CountsDoNotOverflow) {
  const int64_t big = int64_t{1} << 40;
  EXPECT_EQ(Shape({big, big}).NumElements(), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(Shape({big, big, 0}).NumElements(), 0);
  EXPECT_EQ(Shape({0, big, big}).NumElements(), 0);
  EXPECT_EQ(TensorType(DType::kF64, {int64_t{1} << 61}).NumBytes(),
            std::numeric_limits<int64_t>::max());
  EXPECT_EQ(TensorType(DType::kF64, {3, 4}).NumBytes(), 96);
}

TEST(ShapeTest, BroadcastingIsNumpys) {
  EXPECT_EQ(Broadcast({2, 3}, {3}), "[2, 3]");
  EXPECT_EQ(Broadcast({2, 1}, {1, 3}), "[2, 3]");
  EXPECT_EQ(Broadcast({}, {2, 3}), "[2, 3]");
  EXPECT_EQ(Broadcast({}, {}), "[]");
  EXPECT_EQ(Broadcast({1}, {0}), "[0]");
  EXPECT_EQ(Broadcast({4, 1, 3}, {2, 1}), "[4, 2, 3]");
  EXPECT_EQ(Broadcast({m, 1}, {n}), "[m, n]");
  EXPECT_EQ(Broadcast({m, n}, {n}), "[m, n]");
  EXPECT_EQ(Broadcast({2, 3}, {2}), "shapes [2, 3] and [2] do not broadcast: 3 is not 2");
  EXPECT_EQ(Broadcast({0}, {2}), "shapes [0] and [2] do not broadcast: 0 is not 2");
  EXPECT_EQ(Broadcast({m}, {n}), "shapes [m] and [n] do not broadcast: m is not n");
  EXPECT_EQ(Broadcast({m}, {3}), "shapes [m] and [3] do not broadcast: m is not 3");
}

// Against the rule spelled out size by size, on every pair of small shapes.
TEST(ShapeTest, BroadcastingOfEverySmallPair) {
  std::vector<std::vector<int64_t>> shapes = {{}};
  for (size_t i = 0; i < shapes.size() && shapes[i].size() < 3; ++i) {
    for (const int64_t size : {0, 1, 2, 3}) {
      shapes.push_back(shapes[i]);
      shapes.back().push_back(size);
    }
  }
  for (const auto& a : shapes) {
    for (const auto& b : shapes) {
      std::vector<int64_t> expected(std::max(a.size(), b.size()));
      bool valid = true;
      for (size_t i = 1; i <= expected.size(); ++i) {
        const int64_t x = i <= a.size() ? a[a.size() - i] : 1;
        const int64_t y = i <= b.size() ? b[b.size() - i] : 1;
        valid = valid && (x == y || x == 1 || y == 1);
        expected[expected.size() - i] = x == 1 ? y : x;
      }
      const absl::StatusOr<Shape> got =
          BroadcastShapes(Shape(absl::Span<const int64_t>(a)), Shape(absl::Span<const int64_t>(b)));
      ASSERT_EQ(got.ok(), valid);
      if (valid) {
        ASSERT_EQ(*got, Shape(absl::Span<const int64_t>(expected)));
      }
    }
  }
}

}  // namespace
}  // namespace otium
