// SPDX-License-Identifier: Apache-2.0
#include "engine/graph/substitute.h"

#include "engine/graph/function.h"
#include "gtest/gtest.h"

namespace otium {
namespace {

TEST(BindGraph, WithoutNamesIsTheGraph) {
  Function::Builder b("f");
  const Expr x = b.Input("x", DType::kF32, {3});
  b.Output("z", x + x);
  const GraphPtr graph = b.Build()->graph_ptr();
  const absl::StatusOr<GraphPtr> bound = BindGraph(graph, {});
  ASSERT_TRUE(bound.ok()) << bound.status();
  EXPECT_EQ(*bound, graph);
}

}  // namespace
}  // namespace otium
