// SPDX-License-Identifier: Apache-2.0

#include "backends/cpu/parallel.h"

#include <atomic>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace otium::cpu {
namespace {

class ParallelTest : public ::testing::Test {
 protected:
  ~ParallelTest() override { SetThreads(before_); }
  const int before_ = Threads();
};

TEST_F(ParallelTest, RunsEveryIndexOnce) {
  for (int threads : {1, 2, 7}) {
    SetThreads(threads);
    EXPECT_EQ(Threads(), threads);
    for (int64_t tasks : {0, 1, 2, 5, 1000}) {
      std::vector<std::atomic<int>> seen(tasks);
      ParallelFor(tasks, [&](int64_t i) { ++seen[i]; });
      for (int64_t i = 0; i < tasks; ++i) EXPECT_EQ(seen[i].load(), 1) << i << " of " << tasks;
    }
  }
}

TEST_F(ParallelTest, RangesAreCutBySizeAndGrainOnly) {
  const std::set<std::pair<int64_t, int64_t>> expected = {{0, 4}, {4, 8}, {8, 10}};
  for (int threads : {1, 3}) {
    SetThreads(threads);
    std::vector<std::pair<int64_t, int64_t>> ranges(3);
    ParallelForRanges(10, 4, [&](int64_t begin, int64_t end) { ranges[begin / 4] = {begin, end}; });
    EXPECT_EQ((std::set<std::pair<int64_t, int64_t>>(ranges.begin(), ranges.end())), expected);
  }
  ParallelForRanges(0, 4, [&](int64_t, int64_t) { FAIL() << "an empty range has no part"; });
}

TEST_F(ParallelTest, MoreThreadsThanCoresReallyRunAtOnce) {
  const int threads = static_cast<int>(std::thread::hardware_concurrency()) + 2;
  SetThreads(threads);
  // Each task waits for all the others, so too few threads would never end: give
  // up after a while and let the count tell.
  std::atomic<int> arrived{0};
  std::atomic<bool> all{false};
  ParallelFor(threads, [&](int64_t) {
    if (++arrived == threads) all = true;
    for (int spin = 0; spin < 5000 && !all; ++spin) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  EXPECT_TRUE(all);
}

TEST_F(ParallelTest, Nests) {
  SetThreads(3);
  std::atomic<int> count{0};
  ParallelFor(8, [&](int64_t) { ParallelFor(8, [&](int64_t) { ++count; }); });
  EXPECT_EQ(count, 64);
}

TEST_F(ParallelTest, ConcurrentCallersAndWidthChanges) {
  std::atomic<int64_t> sum{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 3; ++caller) {
    callers.emplace_back([&, caller] {
      for (int round = 0; round < 50; ++round) {
        if (caller == 0) SetThreads(1 + round % 4);
        ParallelFor(10, [&](int64_t i) { sum += i; });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(sum, 3 * 50 * 45);
}

}  // namespace
}  // namespace otium::cpu
