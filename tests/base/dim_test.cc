// SPDX-License-Identifier: Apache-2.0
#include "engine/base/dim.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace otium {
namespace {

using ::testing::ElementsAre;

const Dim m = Dim::Symbol("m"), n = Dim::Symbol("n"), k = Dim::Symbol("k");

TEST(DimTest, NormalForm) {
  EXPECT_EQ((m + n - m).symbol(), "n");
  EXPECT_EQ((n + m * Dim(2) + Dim(1)).ToString(), "2*m + n + 1");
  EXPECT_EQ(((m + n) * (m - n)).ToString(), "m*m - n*n");
  EXPECT_EQ(((m + Dim(1)) * (n + Dim(2))).ToString(), "2*m + m*n + n + 2");
  EXPECT_EQ((Dim(0) - m).ToString(), "-m");
  EXPECT_EQ((Dim(3) - m * Dim(2)).ToString(), "-2*m + 3");
  EXPECT_TRUE((m - m).Is(0));
  EXPECT_TRUE((m * Dim(0)).IsStatic());
  EXPECT_EQ(m * n, n * m);
  EXPECT_FALSE(m == n);
  EXPECT_FALSE(m == Dim(3));
  EXPECT_EQ((m + m).symbol(), "") << "not a name alone";
}

TEST(DimTest, DivisionMinimumMaximum) {
  EXPECT_EQ(Dim::FloorDiv(7, 2).value(), 3);
  EXPECT_EQ(Dim::FloorDiv(-7, 2).value(), -4);
  EXPECT_EQ(Dim::FloorDiv(7, -2).value(), -4);
  EXPECT_EQ(Dim::FloorDiv(m, 1), m);
  EXPECT_EQ(Dim::FloorDiv(m, m), Dim(1));
  EXPECT_EQ(Dim::FloorDiv(m * Dim(4) + Dim(6), 2), m * Dim(2) + Dim(3));
  EXPECT_EQ(Dim::FloorDiv(m + Dim(1), 2).ToString(), "(m + 1) // 2");
  EXPECT_EQ(Dim::FloorDiv(Dim(4) * m + Dim(3), 2).ToString(), "2*m + 1");
  EXPECT_EQ(Dim::FloorDiv(m, 0), Dim(kDimLimit));
  EXPECT_EQ(Dim::Min(m, m), m);
  EXPECT_EQ(Dim::Min(n, m), Dim::Min(m, n));
  EXPECT_EQ(Dim::Max(2, 3), Dim(3));
  EXPECT_EQ(Dim::Max(n, 3).ToString(), "max(3, n)");
}

TEST(DimTest, BindReplacesWhatIsKnown) {
  SizeBindings sizes;
  EXPECT_TRUE(sizes.empty());
  sizes.Set("n", 5);
  sizes.Set("m", 4);
  sizes.Set("n", 7);
  EXPECT_EQ(sizes.Find("n"), 7);
  EXPECT_EQ(sizes.Find("k"), std::nullopt);
  EXPECT_TRUE((m * n + Dim(1)).Bind(sizes).Is(29));
  EXPECT_EQ((k * n + m).Bind(sizes).ToString(), "7*k + 4");
  EXPECT_TRUE(Dim::FloorDiv(n, m).Bind(sizes).Is(1));
  EXPECT_TRUE(Dim::Min(n, m + Dim(1)).Bind(sizes).Is(5));
  EXPECT_TRUE(Dim::Max(n, m).Bind(sizes).Is(7));
}

TEST(DimTest, SolveFindsTheOneUnknown) {
  using Solution = std::optional<std::pair<std::string, int64_t>>;
  EXPECT_EQ((k * Dim(2)).Solve(10), Solution(std::in_place, "k", 5));
  EXPECT_EQ((k * Dim(2) + Dim(4)).Solve(10), Solution(std::in_place, "k", 3));
  EXPECT_EQ((Dim(10) - k).Solve(4), Solution(std::in_place, "k", 6));
  EXPECT_EQ((k * Dim(2)).Solve(9), std::nullopt) << "not whole";
  EXPECT_EQ((k + Dim(5)).Solve(4), std::nullopt) << "negative";
  EXPECT_EQ((k + m).Solve(4), std::nullopt);
  EXPECT_EQ((k * k).Solve(4), std::nullopt);
  EXPECT_EQ(Dim::FloorDiv(k, 2).Solve(4), std::nullopt);
  EXPECT_EQ(Dim(4).Solve(4), std::nullopt);
}

TEST(DimTest, CollectSymbolsInOrderOfMentionOnce) {
  std::vector<std::string> names;
  Dim::Min(n + m, Dim::FloorDiv(k, n)).CollectSymbols(&names);
  m.CollectSymbols(&names);
  EXPECT_EQ(names.size(), 3u);
  EXPECT_THAT(names, ::testing::UnorderedElementsAre("m", "n", "k"));
}

// Any expression has the value that 64-bit arithmetic on its parts has.
TEST(DimTest, NormalFormKeepsTheValue) {
  std::mt19937 random(1);
  const auto floor_div = [](int64_t a, int64_t b) {
    return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
  };
  for (int round = 0; round < 2000; ++round) {
    SizeBindings sizes;
    std::vector<std::pair<Dim, int64_t>> pool;
    for (const char* name : {"a", "b", "c"}) {
      const auto value = static_cast<int64_t>(random() % 9);
      sizes.Set(name, value);
      pool.emplace_back(Dim::Symbol(name), value);
    }
    pool.emplace_back(Dim(3), 3);
    pool.emplace_back(Dim(-2), -2);
    for (int step = 0; step < 6; ++step) {
      const auto [x, vx] = pool[random() % pool.size()];
      const auto [y, vy] = pool[random() % pool.size()];
      switch (random() % 6) {
        case 0: pool.emplace_back(x + y, vx + vy); break;
        case 1: pool.emplace_back(x - y, vx - vy); break;
        case 2: pool.emplace_back(x * y, vx * vy); break;
        case 3: pool.emplace_back(Dim::Min(x, y), std::min(vx, vy)); break;
        case 4: pool.emplace_back(Dim::Max(x, y), std::max(vx, vy)); break;
        case 5:
          if (vy != 0) pool.emplace_back(Dim::FloorDiv(x, y), floor_div(vx, vy));
          break;
      }
    }
    for (const auto& [dim, value] : pool) {
      ASSERT_EQ(dim.Bind(sizes).value(), value) << dim.ToString();
    }
  }
}

TEST(DimTest, SaturatesAndStaysSaturated) {
  const Dim huge = Dim(kDimLimit - 1) + Dim(2);
  EXPECT_TRUE(huge.Is(kDimLimit));
  EXPECT_TRUE((huge - Dim(100)).Is(kDimLimit));
  EXPECT_TRUE(Dim::FloorDiv(huge, kDimLimit).Is(kDimLimit));
  EXPECT_TRUE((Dim(int64_t{1} << 40) * Dim(int64_t{1} << 40)).Is(kDimLimit));
  EXPECT_TRUE(Dim::FloorDiv(std::numeric_limits<int64_t>::min(), -1).Is(kDimLimit));
  SizeBindings sizes;
  sizes.Set("m", int64_t{1} << 40);
  EXPECT_TRUE((m * m - m * m * m).Bind(sizes).Is(kDimLimit));
  EXPECT_TRUE(Dim::Min(huge, 3).Is(3)) << "a bound that excludes nothing";
  EXPECT_EQ((m - Dim(kDimLimit)).Solve(5), std::nullopt);
}

// What would double with every step ends as a saturated size instead.
TEST(DimTest, ExpressionsDoNotExplode) {
  Dim product = m + n;
  Dim nested = m;
  for (int i = 0; i < 100; ++i) {
    product = product * (Dim::Symbol("s" + std::to_string(i)) + Dim(1));
    nested = Dim::FloorDiv(nested + Dim(1), nested + n);
  }
  EXPECT_TRUE(product.Is(kDimLimit));
  EXPECT_TRUE(nested.Is(kDimLimit));
}

}  // namespace
}  // namespace otium
