// SPDX-License-Identifier: Apache-2.0
#include "engine/graph/substitute.h"

#include "engine/graph/function.h"
#include "gtest/gtest.h"
#include "ops/ops.h"

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

// B [n, k] is vectors where its sizes are those of a batch [b, n] of them, but not for
// sizes that merely come out equal: the graph said [b, n, k].
TEST(BindGraph, EqualSizesMakeNoVectorsOfMatrices) {
  Function::Builder b("f");
  const Dim batch = Dim::Symbol("b"), n = Dim::Symbol("n"), k = Dim::Symbol("k");
  const Expr A = b.Input("A", DType::kF64, {batch, n, n});
  const Expr B = b.Input("B", DType::kF64, {n, k});
  const Expr v = b.Input("v", DType::kF64, {batch, n});
  b.Output("x", solve(A, B));
  b.Output("y", solve_ex(A, B).result);
  b.Output("z", lstsq(A, B).solution);
  b.Output("w", solve(A, v));
  const GraphPtr graph = b.Build()->graph_ptr();
  SizeBindings sizes;
  for (const char* name : {"b", "n", "k"}) sizes.Set(name, 3);
  const absl::StatusOr<GraphPtr> bound = BindGraph(graph, sizes);
  ASSERT_TRUE(bound.ok()) << bound.status();
  for (const GraphOutput& out : (*bound)->outputs()) {
    EXPECT_EQ((*bound)->type(out.value).shape, out.name == "w" ? Shape({3, 3}) : Shape({3, 3, 3}))
        << out.name;
  }
}

TEST(BindSizes, GivenSizesAreTheGraphs) {
  Function::Builder b("f");
  const Dim m = Dim::Symbol("m"), n = Dim::Symbol("n");
  b.Output("z", b.Input("x", DType::kF32, {m}) + sum(zeros({n})));
  const GraphPtr graph = b.Build()->graph_ptr();
  auto given = [&](absl::string_view name, int64_t size) {
    SizeBindings sizes;
    sizes.Set(name, size);
    const absl::StatusOr<SizeBindings> bound = BindSizes(*graph, {nullptr}, sizes);
    return std::string(bound.status().message());
  };
  EXPECT_EQ(given("n", 0), "");
  EXPECT_EQ(given("k", 3), "there is no size k, the sizes are m, n");
  EXPECT_EQ(given("n", -1), "n = -1 is not a size");
}

}  // namespace
}  // namespace otium
