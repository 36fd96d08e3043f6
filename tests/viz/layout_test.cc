// SPDX-License-Identifier: Apache-2.0
#include "tools/viz/layout.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace otium::viz {
namespace {

struct Drawing {
  std::vector<LayoutBox> boxes;
  std::vector<LayoutEdge> edges;
};

uint64_t Next(uint64_t* state) {
  *state = *state * 6364136223846793005ull + 1442695040888963407ull;
  return *state >> 33;
}

// Each box reads up to three of the `reach` before it; some read far back.
Drawing RandomDrawing(int n, int reach, uint64_t seed) {
  Drawing d;
  for (int i = 0; i < n; ++i) {
    d.boxes.push_back({40.0 + static_cast<double>(Next(&seed) % 120),
                       Next(&seed) % 2 == 0 ? 38.0 : 24.0, Pinned::kNo});
    const auto reads = static_cast<int>(Next(&seed) % 4);
    for (int k = 0; k < reads && i > 0; ++k) {
      const int back = 1 + static_cast<int>(Next(&seed) % std::min(i, reach));
      d.edges.push_back({i - back, i});
    }
    if (i > 0 && Next(&seed) % 50 == 0) d.edges.push_back({static_cast<int>(Next(&seed) % i), i});
  }
  return d;
}

Drawing Chain(int n) {
  Drawing d;
  for (int i = 0; i < n; ++i) {
    d.boxes.push_back({100, 38, Pinned::kNo});
    if (i > 0) d.edges.push_back({i - 1, i});
  }
  return d;
}

bool Overlap(const Point& a, const LayoutBox& b, const Point& c, const LayoutBox& d) {
  return a.x < c.x + d.width && c.x < a.x + b.width && a.y < c.y + d.height && c.y < a.y + b.height;
}

// Boxes apart, lines from box to box and clear of the others where they are straight.
void CheckSound(const Drawing& d, const LayoutResult& r) {
  ASSERT_EQ(r.places.size(), d.boxes.size());
  for (size_t i = 0; i < d.boxes.size(); ++i) {
    EXPECT_GE(r.places[i].x, 0);
    EXPECT_GE(r.places[i].y, 0);
    EXPECT_LE(r.places[i].x + d.boxes[i].width, r.width + 1);
    EXPECT_LE(r.places[i].y + d.boxes[i].height, r.height + 1);
    for (size_t k = 0; k < i; ++k) {
      ASSERT_FALSE(Overlap(r.places[i], d.boxes[i], r.places[k], d.boxes[k])) << i << " and " << k;
    }
  }
  for (size_t e = 0; e < d.edges.size(); ++e) {
    const auto& route = r.routes[e];
    ASSERT_GE(route.size(), 2u) << e;
    const int from = d.edges[e].from, to = d.edges[e].to;
    EXPECT_NEAR(route.front().y, r.places[from].y + d.boxes[from].height, 1);
    EXPECT_NEAR(route.back().y, r.places[to].y, 1);
    EXPECT_GE(route.front().x, r.places[from].x - 0.5);
    EXPECT_LE(route.front().x, r.places[from].x + d.boxes[from].width + 0.5);
    EXPECT_GE(route.back().x, r.places[to].x - 0.5);
    EXPECT_LE(route.back().x, r.places[to].x + d.boxes[to].width + 0.5);
    for (size_t p = 0; p + 1 < route.size(); ++p) {
      const double left = std::min(route[p].x, route[p + 1].x) + 1;
      const double right = std::max(route[p].x, route[p + 1].x) - 1;
      const double top = std::min(route[p].y, route[p + 1].y) + 1;
      const double bottom = std::max(route[p].y, route[p + 1].y) - 1;
      for (size_t b = 0; b < d.boxes.size(); ++b) {
        const Point& at = r.places[b];
        const bool through = at.x < std::max(left, right) &&
                             std::min(left, right) < at.x + d.boxes[b].width && at.y < bottom &&
                             top < at.y + d.boxes[b].height;
        ASSERT_FALSE(through) << "edge " << e << " through box " << b;
      }
    }
  }
}

TEST(Layout, NothingOverlaps) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    const Drawing d = RandomDrawing(20 + static_cast<int>(seed) * 7, seed % 2 == 0 ? 5 : 40, seed);
    SCOPED_TRACE(seed);
    CheckSound(d, LayOut(d.boxes, d.edges));
  }
}

TEST(Layout, WhatIsReadStandsAboveWhatReadsIt) {
  const Drawing d = RandomDrawing(60, 8, 5);
  const LayoutResult r = LayOut(d.boxes, d.edges);
  for (const LayoutEdge& e : d.edges) {
    EXPECT_LT(r.places[e.from].y + d.boxes[e.from].height, r.places[e.to].y + 1);
  }
}

TEST(Layout, IsTheSameEachTime) {
  const Drawing d = RandomDrawing(500, 30, 9);
  const LayoutResult a = LayOut(d.boxes, d.edges), b = LayOut(d.boxes, d.edges);
  EXPECT_EQ(a.places, b.places);
  EXPECT_EQ(a.routes, b.routes);
}

TEST(Layout, OrderAvoidsCrossings) {
  // Two ladders whose boxes come mixed up.
  Drawing d;
  for (int i = 0; i < 4; ++i) d.boxes.push_back({50, 24, Pinned::kNo});
  d.edges = {{0, 3}, {1, 2}};
  const LayoutResult r = LayOut(d.boxes, d.edges);
  EXPECT_EQ(r.places[0].x < r.places[1].x, r.places[3].x < r.places[2].x);
}

TEST(Layout, AFanIsInTheMiddle) {
  Drawing d;
  for (int i = 0; i < 4; ++i) d.boxes.push_back({60, 24, Pinned::kNo});
  d.edges = {{0, 3}, {1, 3}, {2, 3}};
  const LayoutResult r = LayOut(d.boxes, d.edges);
  EXPECT_NEAR(r.places[3].x, r.places[1].x, 1);
}

// A constant that every layer reads: its line passes beside them all.
TEST(Layout, AChainBesideALongLineIsNoDiagonal) {
  Drawing d = Chain(13);
  for (int i = 2; i < 13; ++i) d.edges.push_back({0, i});
  const LayoutResult r = LayOut(d.boxes, d.edges);
  CheckSound(d, r);
  const auto [left, right] =
      std::minmax_element(r.places.begin() + 1, r.places.end(),
                          [](const Point& a, const Point& b) { return a.x < b.x; });
  EXPECT_LT(right->x - left->x, 30);
}

TEST(Layout, CyclesAndLoopsAreDrawn) {
  Drawing d;
  for (int i = 0; i < 3; ++i) d.boxes.push_back({60, 24, Pinned::kNo});
  d.edges = {{0, 1}, {1, 2}, {2, 0}, {1, 1}};
  const LayoutResult r = LayOut(d.boxes, d.edges);
  EXPECT_TRUE(r.routes[3].empty());
  // The one that goes up runs from the top of box 2 to the bottom of box 0.
  EXPECT_NEAR(r.routes[2].front().y, r.places[2].y, 1);
  EXPECT_NEAR(r.routes[2].back().y, r.places[0].y + 24, 1);
}

TEST(Layout, PortsAreFirstAndLast) {
  Drawing d;
  d.boxes = {
      {60, 24, Pinned::kNo}, {1, 0, Pinned::kTop}, {1, 0, Pinned::kBottom}, {60, 24, Pinned::kNo}};
  d.edges = {{1, 0}, {0, 2}, {3, 0}};
  const LayoutResult r = LayOut(d.boxes, d.edges);
  EXPECT_EQ(r.places[1].y, 0);
  for (int b : {0, 3}) {
    EXPECT_GT(r.places[b].y, r.places[1].y);
    EXPECT_LT(r.places[b].y + 24, r.places[2].y);
  }
}

TEST(Layout, LongChainsAreCutIntoColumns) {
  const Drawing d = Chain(2000);
  const LayoutResult r = LayOut(d.boxes, d.edges);
  EXPECT_LT(r.height, 2 * r.width);
  EXPECT_LT(r.width, 3 * r.height);
  Drawing head = Chain(300);
  CheckSound(head, LayOut(head.boxes, head.edges));
}

TEST(Layout, NothingAndOneBox) {
  EXPECT_EQ(LayOut({}, {}).width, 0);
  const LayoutResult r = LayOut({{50, 24, Pinned::kNo}}, {});
  EXPECT_EQ(r.places[0], (Point{0, 0}));
}

// Printed, not judged: machines differ.
TEST(Layout, Times) {
  for (const int n : {1000, 100000}) {
    for (const bool chain : {false, true}) {
      const Drawing d = chain ? Chain(n) : RandomDrawing(n, 50, 3);
      const auto begin = std::chrono::steady_clock::now();
      const LayoutResult r = LayOut(d.boxes, d.edges);
      const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
      std::printf("%7d boxes, %7zu edges%s: %.3f s, %.0f x %.0f\n", n, d.edges.size(),
                  chain ? ", a chain" : "", seconds.count(), r.width, r.height);
      EXPECT_EQ(r.places.size(), d.boxes.size());
    }
  }
}

}  // namespace
}  // namespace otium::viz
