// SPDX-License-Identifier: Apache-2.0
#include "tools/viz/fold.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/viz/picture.h"

namespace otium::viz {
namespace {

Segment Empty() {
  Segment s;
  s.stages.push_back({"source", Stage::kSource, 0, 0});
  return s;
}

Index AddNode(Segment* s, absl::string_view op, const std::vector<Index>& operands,
              Index scope = -1) {
  Node node;
  node.op = std::string(op);
  node.type = "f32[8]";
  node.kind = operands.empty() ? NodeKind::kInput : NodeKind::kPointwise;
  node.scope = scope;
  s->nodes.push_back(node);
  const auto n = static_cast<Index>(s->nodes.size()) - 1;
  for (size_t i = 0; i < operands.size(); ++i) {
    s->edges.push_back({operands[i], n, 0, static_cast<Index>(i), 0, 0, 32});
  }
  return n;
}

Folding FoldAll(const Segment& s, int max_drawn = 3000) {
  return Fold(s, ViewOf(s, kAllStages), max_drawn);
}

// A tree that has each node once.
void CheckSound(const Segment& s, const Folding& f, int max_drawn) {
  std::vector<int> seen(s.nodes.size(), 0);
  int64_t drawn = 0;
  for (size_t g = 0; g < f.groups.size(); ++g) {
    const Group& group = f.groups[g];
    EXPECT_LE(group.items.size(), kMaxItems);
    if (g > 0) {
      ASSERT_LT(group.parent, static_cast<Index>(g));
      if (group.open) {
        EXPECT_TRUE(f.groups[group.parent].open);
      }
    }
    EXPECT_GE(group.drawn, static_cast<int>(group.items.size()));
    if (group.open) drawn += group.drawn;
    for (const Item& item : group.items) {
      if (item.is_group) {
        EXPECT_EQ(f.groups[item.index].parent, static_cast<Index>(g));
      } else {
        ++seen[item.index];
        EXPECT_EQ(f.group_of[item.index], static_cast<Index>(g));
      }
    }
  }
  EXPECT_THAT(seen, testing::Each(1));
  EXPECT_LE(drawn, max_drawn);
  EXPECT_EQ(f.groups[0].count, static_cast<int>(s.nodes.size()));
}

std::vector<const Group*> GroupsOf(const Folding& f, GroupKind kind) {
  std::vector<const Group*> groups;
  for (const Group& g : f.groups) {
    if (g.kind == kind) groups.push_back(&g);
  }
  return groups;
}

TEST(Fold, BlocksThatAreAlikeAreARepeat) {
  Segment s = Empty();
  Index x = AddNode(&s, "input", {});
  for (int layer = 0; layer < 6; ++layer) {
    const Index a = AddNode(&s, "mul", {x});
    const Index b = AddNode(&s, "exp", {a});
    x = AddNode(&s, "add", {a, b});
  }
  AddNode(&s, "sum", {x});
  const Folding f = FoldAll(s);
  CheckSound(s, f, 3000);
  const auto repeats = GroupsOf(f, GroupKind::kRepeat);
  ASSERT_EQ(repeats.size(), 1u);
  EXPECT_EQ(repeats[0]->times, 6);
  EXPECT_EQ(repeats[0]->count, 18);
  EXPECT_EQ(GroupTitle(*repeats[0]),
            "\xC3\x97"
            "6 mul, exp, add");
  EXPECT_EQ(GroupsOf(f, GroupKind::kBlock).size(), 6u);
}

Segment Layers(int layers) {
  Segment s = Empty();
  Index x = AddNode(&s, "input", {});
  for (int layer = 0; layer < layers; ++layer) {
    const Index a = AddNode(&s, "mul", {x});
    x = AddNode(&s, "add", {a, AddNode(&s, "exp", {a})});
  }
  return s;
}

TEST(Fold, ManyAlikeBlocksBeginClosedAndFewOpen) {
  for (const int layers : {6, 400}) {
    const Segment s = Layers(layers);
    const Folding f = FoldAll(s);
    CheckSound(s, f, 3000);
    const auto repeats = GroupsOf(f, GroupKind::kRepeat);
    ASSERT_EQ(repeats.size(), 1u);
    EXPECT_EQ(repeats[0]->open, layers == 6);
    // All of them or none: they look alike.
    for (const Group* block : GroupsOf(f, GroupKind::kBlock)) EXPECT_EQ(block->open, layers == 6);
  }
}

TEST(Fold, LinesAreDrawnToo) {
  // Four boxes; five values between them, one of which two read.
  Segment s = Empty();
  const Index x = AddNode(&s, "input", {});
  const Index a = AddNode(&s, "exp", {x}), b = AddNode(&s, "mul", {x, a});
  AddNode(&s, "add", {a, b});
  EXPECT_EQ(FoldAll(s).groups[0].drawn, 4 + 5);
  // Of a value that is read twice by one node there is one line.
  AddNode(&s, "mul", {b, b});
  EXPECT_EQ(FoldAll(s).groups[0].drawn, 5 + 6);
}

// Weights are there from the beginning, but each stands with the layer that it is for; and
// so do ops between two calls, which belong to neither.
TEST(Fold, LayersThatShareAnOpAreOneChain) {
  Segment s = Empty();
  std::vector<Index> weights;
  Index x = AddNode(&s, "input", {});
  for (int layer = 0; layer < 5; ++layer) weights.push_back(AddNode(&s, "input", {}));
  for (int layer = 0; layer < 5; ++layer) {
    s.scopes.push_back({"layer", -1, -1});
    x = AddNode(&s, "mul", {x, weights[layer]}, layer);
    x = AddNode(&s, "exp", {x}, layer);
    x = AddNode(&s, "fused", {x});
  }
  const Folding f = FoldAll(s);
  CheckSound(s, f, 3000);
  const auto repeats = GroupsOf(f, GroupKind::kRepeat);
  ASSERT_EQ(repeats.size(), 1u);
  EXPECT_EQ(GroupTitle(*repeats[0]),
            "\xC3\x97"
            "5 layer, fused");
}

TEST(Fold, OtherLinesInsideAreNoRepeat) {
  Segment s = Empty();
  Index x = AddNode(&s, "input", {});
  for (int layer = 0; layer < 6; ++layer) {
    const Index a = AddNode(&s, "mul", {x});
    const Index b = AddNode(&s, "exp", {layer % 2 == 0 ? a : x});
    x = AddNode(&s, "add", {a, b});
  }
  // Blocks of three differ in turn, blocks of six do not.
  const Folding f = FoldAll(s);
  for (const Group* g : GroupsOf(f, GroupKind::kRepeat)) EXPECT_LT(g->times, 6);
}

TEST(Fold, ScopesNestAndRepeat) {
  Segment s = Empty();
  Index x = AddNode(&s, "input", {});
  for (int layer = 0; layer < 4; ++layer) {
    const auto outer = static_cast<Index>(s.scopes.size());
    s.scopes.push_back({"layer", -1, -1});
    s.scopes.push_back({"norm", outer, -1});
    const Index weight = AddNode(&s, "input", {});
    const Index n = AddNode(&s, "exp", {x}, outer + 1);
    x = AddNode(&s, "mul", {n, weight}, outer);
  }
  const Folding f = FoldAll(s);
  CheckSound(s, f, 3000);
  const auto repeats = GroupsOf(f, GroupKind::kRepeat);
  ASSERT_EQ(repeats.size(), 1u);
  EXPECT_EQ(GroupTitle(*repeats[0]),
            "\xC3\x97"
            "4 layer");
  const auto scopes = GroupsOf(f, GroupKind::kScope);
  EXPECT_EQ(scopes.size(), 8u);
  // What only one layer reads stands in it: a weight, a mul, and the norm.
  EXPECT_EQ(scopes[0]->items.size(), 3u);
}

TEST(Fold, WhatAModelIsAppliedToIsNotOneOfItsWeights) {
  Segment s = Empty();
  s.scopes.push_back({"layer", -1, -1});
  // A constant that others read, too, feeds nothing.
  const Index half = AddNode(&s, "constant", {});
  s.nodes[half].kind = NodeKind::kConstant;
  const Index x = AddNode(&s, "input", {}), weight = AddNode(&s, "input", {});
  const Index n = AddNode(&s, "mul", {x, half}, 0);
  const Index m = AddNode(&s, "add", {n, weight}, 0);
  AddNode(&s, "mul", {m, half});
  const Folding f = FoldAll(s);
  CheckSound(s, f, 3000);
  EXPECT_EQ(f.group_of[x], 0);
  EXPECT_EQ(f.group_of[half], 0);
  EXPECT_NE(f.group_of[weight], 0);
  EXPECT_EQ(f.group_of[weight], f.group_of[n]);
}

TEST(Fold, MuchIsFoldedIntoParts) {
  Segment s = Empty();
  std::vector<Index> all = {AddNode(&s, "input", {})};
  uint64_t state = 1;
  const char* ops[] = {"add", "mul", "exp", "sub", "tanh"};
  while (all.size() < 20000) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    const Index near = all[all.size() - 1 - (state >> 40) % std::min<size_t>(all.size(), 9)];
    all.push_back(AddNode(&s, ops[(state >> 50) % 5], {near, all.back()}));
  }
  for (const int budget : {100, 400, 3000}) {
    const Folding f = FoldAll(s, budget);
    CheckSound(s, f, std::max(budget, f.groups[0].drawn));  // The whole is always open.
  }
}

TEST(Fold, TimesOfWholePictures) {
  for (const int n : {1000, 100000}) {
    Segment s = Empty();
    Index x = AddNode(&s, "input", {});
    for (int i = 0; i < n / 4; ++i) {
      const Index a = AddNode(&s, i % 7 == 0 ? "tanh" : "mul", {x});
      const Index b = AddNode(&s, i % 5 == 0 ? "exp" : "sin", {a});
      const Index c = AddNode(&s, "sub", {b, x});
      x = AddNode(&s, "add", {a, c});
    }
    const auto begin = std::chrono::steady_clock::now();
    const Picture p = DrawPicture(s, ViewOf(s, kAllStages), 3000, Inside::kAllGroups);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    std::printf("%7zu nodes: %.3f s, %zu groups, %.0f x %.0f\n", s.nodes.size(), seconds.count(),
                p.groups.size(), p.groups[0].width, p.groups[0].height);
  }
}

}  // namespace
}  // namespace otium::viz
