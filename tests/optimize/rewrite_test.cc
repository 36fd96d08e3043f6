// SPDX-License-Identifier: Apache-2.0
//
// RewriteNodes builds nothing until something changes, and then what copying every
// node would have built: on random graphs, changed at each node in turn.

#include "absl/strings/str_cat.h"
#include "engine/graph/text/printer.h"
#include "engine/optimize/pass.h"
#include "gtest/gtest.h"
#include "tests/graphs/random_graph.h"
#include "tests/rounds.h"

namespace otium {
namespace {

constexpr uint32_t kSeeds = Rounds(500);

using Rewriting = std::function<std::optional<std::vector<ValueId>>(
    NodeId node, absl::Span<const ValueId> operands, GraphBuilder& builder)>;

// RewriteNodes without its shortcut.
Graph CopyEveryNode(const Graph& from, const Rewriting& rewrite) {
  GraphBuilder builder(from.sources());
  builder.SetName(from.name());
  std::vector<ValueId> values(from.num_values(), kNoValue);
  for (const GraphInput& in : from.inputs()) {
    builder.SetOrigins(from.origins(from.producer(in.value)));
    values[in.value] = builder.AddInput(in.name, from.type(in.value), in.default_value);
  }
  for (NodeId n = static_cast<NodeId>(from.inputs().size()); n < from.num_nodes(); ++n) {
    std::vector<ValueId> operands;
    for (ValueId v : from.operands(n)) operands.push_back(v == kNoValue ? kNoValue : values[v]);
    builder.SetOrigins(from.origins(n));
    builder.SetPin(from.pin(n));
    const auto replaced = rewrite(n, operands, builder);
    if (!replaced.has_value()) {
      builder.Copy(from, n, &values);
      continue;
    }
    for (int i = 0; i < from.num_results(n); ++i) {
      const ValueId v = from.result(n, i);
      values[v] = (*replaced)[i];
      builder.SetValueName(values[v], from.value_name(v));
    }
  }
  for (const GraphOutput& out : from.outputs()) builder.AddOutput(out.name, values[out.value]);
  absl::StatusOr<Graph> result = std::move(builder).Build();
  EXPECT_TRUE(result.ok()) << result.status();
  return *std::move(result);
}

// Also what fingerprints leave out.
void ExpectSame(const Graph& a, const Graph& b) {
  EXPECT_EQ(PrintGraph(a), PrintGraph(b));
  EXPECT_EQ(a.fingerprint(), b.fingerprint());
  EXPECT_EQ(a.name(), b.name());
  ASSERT_EQ(a.num_nodes(), b.num_nodes());
  ASSERT_EQ(a.num_values(), b.num_values());
  for (NodeId n = 0; n < a.num_nodes(); ++n) {
    EXPECT_EQ(a.origins(n), b.origins(n)) << n;
    EXPECT_EQ(a.pin(n), b.pin(n)) << n;
  }
  for (ValueId v = 0; v < a.num_values(); ++v) {
    EXPECT_EQ(a.type(v), b.type(v)) << v;
    EXPECT_EQ(a.producer(v), b.producer(v)) << v;
    EXPECT_EQ(a.value_name(v), b.value_name(v)) << v;
  }
  ASSERT_EQ(a.inputs().size(), b.inputs().size());
  for (size_t i = 0; i < a.inputs().size(); ++i) {
    EXPECT_EQ(a.inputs()[i].default_value, b.inputs()[i].default_value) << i;
  }
}

void ExpectAsCopied(const GraphPtr& graph, const Rewriting& rewrite) {
  const absl::StatusOr<GraphPtr> rewritten = RewriteNodes(graph, rewrite);
  ASSERT_TRUE(rewritten.ok()) << rewritten.status();
  EXPECT_NE(*rewritten, graph);
  ExpectSame(**rewritten, CopyEveryNode(*graph, rewrite));
}

// Calls `test` with random graphs and each of their nodes but inputs.
void ForEachNode(const std::function<void(const GraphPtr& graph, NodeId n)>& test) {
  for (uint32_t seed = 0; seed < kSeeds; ++seed) {
    const GraphPtr graph = MakeRandomGraph(seed).graph;
    for (auto n = static_cast<NodeId>(graph->inputs().size()); n < graph->num_nodes(); ++n) {
      SCOPED_TRACE(absl::StrCat("seed ", seed, ", node ", n, " of\n", PrintGraph(*graph)));
      test(graph, n);
      if (testing::Test::HasFailure()) return;
    }
  }
}

TEST(Rewrite, BuildsNothingWhenNothingChanges) {
  for (uint32_t seed = 0; seed < kSeeds; ++seed) {
    const GraphPtr graph = MakeRandomGraph(seed).graph;
    std::vector<ValueId> values;
    const absl::StatusOr<GraphPtr> same = RewriteNodes(
        graph,
        [&](NodeId n, absl::Span<const ValueId> operands, GraphBuilder& builder) {
          EXPECT_EQ(&builder.graph(), graph.get()) << n;
          EXPECT_EQ(operands, graph->operands(n)) << n;
          return std::optional<std::vector<ValueId>>();
        },
        &values);
    ASSERT_TRUE(same.ok()) << same.status();
    EXPECT_EQ(*same, graph);
    for (ValueId v = 0; v < graph->num_values(); ++v) EXPECT_EQ(values[v], v);
  }
}

TEST(Rewrite, AnotherNode) {
  ForEachNode([](const GraphPtr& graph, NodeId changed) {
    ExpectAsCopied(graph,
                   [&](NodeId n, absl::Span<const ValueId> operands,
                       GraphBuilder& builder) -> std::optional<std::vector<ValueId>> {
                     if (n != changed) return std::nullopt;
                     builder.SetPin(Device{.kind = DeviceKind::kCuda, .index = 1});
                     const ValueId first =
                         builder.Add(graph->op(n), operands, graph->attributes(n));
                     std::vector<ValueId> results;
                     for (int i = 0; i < graph->num_results(n); ++i) results.push_back(first + i);
                     return results;
                   });
  });
}

TEST(Rewrite, NoNode) {
  ForEachNode([](const GraphPtr& graph, NodeId changed) {
    // A result of an earlier node stands for that of this one.
    if (graph->num_results(changed) != 1) return;
    const TensorType& type = graph->type(graph->result(changed));
    ValueId like = 0;
    while (!(graph->type(like) == type)) ++like;
    if (like >= graph->result(changed)) return;
    ExpectAsCopied(graph,
                   [&](NodeId n, absl::Span<const ValueId>,
                       GraphBuilder&) -> std::optional<std::vector<ValueId>> {
                     if (n != changed) return std::nullopt;
                     return std::vector<ValueId>{like};
                   });
  });
}

TEST(Rewrite, NodesSoFarAreFoundAgain) {
  ForEachNode([](const GraphPtr& graph, NodeId last) {
    const absl::StatusOr<GraphPtr> same =
        RewriteNodes(graph, [&](NodeId n, absl::Span<const ValueId>, GraphBuilder& builder) {
          if (n == last) {
            for (auto m = static_cast<NodeId>(graph->inputs().size()); m < last; ++m) {
              builder.SetPin(graph->pin(m));
              EXPECT_EQ(builder.Add(graph->op(m), graph->operands(m), graph->attributes(m)),
                        graph->result(m));
            }
          }
          return std::optional<std::vector<ValueId>>();
        });
    ASSERT_TRUE(same.ok()) << same.status();
    EXPECT_EQ(*same, graph);
  });
}

}  // namespace
}  // namespace otium
