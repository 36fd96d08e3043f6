// SPDX-License-Identifier: Apache-2.0
//
// The cut against all assignments there are, on random problems.

#include "engine/place/assignment.h"

#include <algorithm>
#include <random>

#include "gtest/gtest.h"

namespace otium {
namespace {

AssignmentProblem RandomProblem(uint32_t seed, int num_items, int num_devices) {
  std::mt19937 random(seed);
  auto pick = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  AssignmentProblem p;
  p.num_devices = num_devices;
  for (int i = 0; i < num_items; ++i) {
    AssignmentProblem::Item item;
    for (int d = 0; d < num_devices; ++d) item.cost.push_back(pick(0, 20));
    if (pick(0, 4) == 0) item.fixed = static_cast<int>(pick(0, num_devices - 1));
    p.items.push_back(item);
  }
  for (int i = 0; i + 1 < num_items; ++i) {
    for (int64_t n = pick(0, 2); n > 0; --n) {
      AssignmentProblem::Value v;
      v.producer = i;
      for (int c = i + 1; c < num_items; ++c) {
        if (pick(0, 3) == 0) v.consumers.push_back(c);
      }
      for (int from = 0; from < num_devices; ++from) {
        for (int to = 0; to < num_devices; ++to) v.copy.push_back(from == to ? 0 : pick(0, 15));
      }
      const auto index = static_cast<int>(p.values.size());
      p.items[i].produces.push_back(index);
      for (int c : v.consumers) p.items[c].consumes.push_back(index);
      p.values.push_back(std::move(v));
    }
  }
  return p;
}

bool Respects(const AssignmentProblem& p, const std::vector<int>& devices) {
  for (size_t i = 0; i < p.items.size(); ++i) {
    if (p.items[i].fixed >= 0 && p.items[i].fixed != devices[i]) return false;
  }
  return true;
}

// The least time of all assignments.
int64_t BruteForce(const AssignmentProblem& p) {
  std::vector<int> devices(p.items.size(), 0);
  int64_t best = -1;
  while (true) {
    if (Respects(p, devices)) {
      const int64_t time = PredictedTime(p, devices);
      if (best < 0 || time < best) best = time;
    }
    size_t i = 0;
    while (i < devices.size() && ++devices[i] == p.num_devices) devices[i++] = 0;
    if (i == devices.size()) return best;
  }
}

TEST(Assignment, TheCutIsOptimal) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    const AssignmentProblem p = RandomProblem(seed, 2 + static_cast<int>(seed % 9), 2);
    const std::vector<int> devices = AssignByCut(p);
    ASSERT_TRUE(Respects(p, devices)) << "seed " << seed;
    EXPECT_EQ(PredictedTime(p, devices), BruteForce(p)) << "seed " << seed;
    EXPECT_EQ(AssignByCut(p), devices);
  }
  for (uint32_t seed = 300; seed < 310; ++seed) {
    const AssignmentProblem p = RandomProblem(seed, 12, 2);
    EXPECT_EQ(PredictedTime(p, AssignByCut(p)), BruteForce(p)) << "seed " << seed;
  }
}

TEST(Assignment, MovesAreNeverWorseThanStayingAndMostlyOptimal) {
  int optimal = 0, total = 0;
  for (uint32_t seed = 0; seed < 200; ++seed) {
    const int num_devices = 2 + static_cast<int>(seed % 2);
    const AssignmentProblem p = RandomProblem(seed, 7, num_devices);
    const std::vector<int> devices = AssignByMoves(p);
    ASSERT_TRUE(Respects(p, devices)) << "seed " << seed;
    std::vector<int> home;
    for (const auto& item : p.items) home.push_back(std::max(item.fixed, 0));
    const int64_t time = PredictedTime(p, devices);
    EXPECT_LE(time, PredictedTime(p, home)) << "seed " << seed;
    optimal += time == BruteForce(p);
    ++total;
  }
  EXPECT_GT(optimal, total * 3 / 4);
}

TEST(Assignment, CostOfMoveIsTheDifferenceOfTimes) {
  for (uint32_t seed = 0; seed < 50; ++seed) {
    const AssignmentProblem p = RandomProblem(seed, 8, 3);
    std::mt19937 random(seed);
    std::vector<int> devices(8);
    for (int& d : devices) d = static_cast<int>(random() % 3);
    const AssignmentMoves moves(p, devices);
    for (int item = 0; item < 8; ++item) {
      std::vector<int> after = devices;
      after[item] = static_cast<int>(random() % 3);
      EXPECT_EQ(moves.CostOfMove(item, after[item]),
                PredictedTime(p, after) - PredictedTime(p, devices));
    }
  }
}

// A chain of work that is faster elsewhere at every second item. When the copies
// cost more than one item saves, all of it goes or none does; it never goes to and
// fro.
TEST(Assignment, DoesNotAlternate) {
  for (const bool worth : {false, true}) {
    AssignmentProblem p;
    p.num_devices = 2;
    const int n = 3000;
    for (int i = 0; i < n; ++i) {
      const int64_t there = i % 2 == 1 ? 12 : worth ? 1 : 8;
      p.items.push_back({{10, there}, i == 0 || i + 1 == n ? 0 : -1, {}, {}});
      if (i == 0) continue;
      p.values.push_back({i - 1, {i}, {0, 6, 6, 0}});
      p.items[i].consumes.push_back(i - 1);
      p.items[i - 1].produces.push_back(i - 1);
    }
    const std::vector<int> by_cut = AssignByCut(p), by_moves = AssignByMoves(p);
    EXPECT_EQ(PredictedTime(p, by_cut), PredictedTime(p, by_moves));
    int crossings = 0;
    for (int i = 1; i < n; ++i) crossings += by_cut[i] != by_cut[i - 1];
    EXPECT_EQ(crossings, worth ? 2 : 0);
  }
}

TEST(Assignment, LargeProblemsAreLeftToMoves) {
  const AssignmentProblem small = RandomProblem(1, 200, 2), large = RandomProblem(2, 4200, 3);
  EXPECT_EQ(Assign(small), AssignByCut(small));
  EXPECT_EQ(Assign(large), AssignByMoves(large));
}

}  // namespace
}  // namespace otium
