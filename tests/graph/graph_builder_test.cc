// SPDX-License-Identifier: Apache-2.0
#include "engine/graph/graph_builder.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace otium {
namespace {

// Adds `nodes` nodes in which `made` says the operands of node i, given those before,
// twice: the second time they are the nodes of the first, whatever the order of the
// operands.
template <class Made>
void ExpectInterned(int nodes, Made made) {
  GraphBuilder b(std::make_shared<SourceTable>());
  const ValueId x = b.AddInput("x", TensorType(DType::kF32, Shape()));
  std::vector<ValueId> numbers, values;
  for (int i = 0; i < nodes; ++i) numbers.push_back(b.AddScalar(DType::kF32, i));
  for (int i = 0; i < nodes; ++i) {
    const auto [p, q] = made(x, numbers, values, i);
    values.push_back(b.Add(Op::add, {p, q}));
    EXPECT_EQ(values.back(), values[0] + i);
  }
  const NodeId count = b.graph().num_nodes();
  for (int i = 0; i < nodes; ++i) {
    const auto [p, q] = made(x, numbers, values, i);
    EXPECT_EQ(b.AddScalar(DType::kF32, i), numbers[i]);
    EXPECT_EQ(b.Add(Op::add, {p, q}), values[i]);
    EXPECT_EQ(b.Add(Op::add, {q, p}), values[i]);
  }
  EXPECT_EQ(b.graph().num_nodes(), count);
  ASSERT_TRUE(b.status().ok()) << b.status();
}

using Values = std::vector<ValueId>;
using Pair = std::pair<ValueId, ValueId>;
constexpr int kNodes = 5000;

TEST(GraphBuilder, InternsChains) {
  ExpectInterned(kNodes, [](ValueId x, const Values&, const Values& values, int i) {
    return Pair(i == 0 ? x : values[i - 1], x);
  });
}

// All have the same youngest operand, and the same neighbourhood in the table.
TEST(GraphBuilder, InternsManyUsesOfOneValue) {
  ExpectInterned(kNodes, [](ValueId, const Values& numbers, const Values&, int i) {
    return Pair(numbers.back(), numbers[i]);
  });
}

TEST(GraphBuilder, InternsFarOperands) {
  ExpectInterned(kNodes, [](ValueId x, const Values& numbers, const Values&, int i) {
    return Pair(numbers[(i * 1237) % kNodes], x);
  });
}

TEST(GraphBuilder, CopiesOfAnOriginalFollowTheirOperands) {
  const TensorType number(DType::kF32, Shape());
  GraphBuilder b(std::make_shared<SourceTable>());
  const ValueId x = b.AddInput("x", number), y = b.AddInput("y", number);
  b.AddOutput("z", b.Add(Op::sub, {x, y}));
  const auto original = std::make_shared<const Graph>(*std::move(b).Build());
  GraphBuilder copy(original, original->sources());
  std::vector<ValueId> values = {y, x, kNoValue};
  copy.Copy(*original, /*n=*/2, &values);
  copy.AddOutput("z", values[2]);
  const absl::StatusOr<Graph> exchanged = std::move(copy).Build();
  ASSERT_TRUE(exchanged.ok()) << exchanged.status();
  EXPECT_THAT(exchanged->operands(/*n=*/2), testing::ElementsAre(y, x));
}

}  // namespace
}  // namespace otium
