// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/matrix_batch.h"

#include <algorithm>
#include <mutex>
#include <vector>

#include "gtest/gtest.h"

namespace otium::cpu {
namespace {

TEST(MatrixBatch, TasksTakeEachMatrixOnceAndWholeGrains) {
  for (const int64_t count : {0, 1, 15, 16, 17, 100, 5000}) {
    for (const int64_t grain : {1, 16}) {
      const int64_t sizes[] = {count};
      // Each is worth a task of its own.
      const MatrixBatch batch(sizes, 1e6, /*bytes=*/64, grain);
      std::vector<char> workspace(batch.workspace_bytes());
      StepInfo info;
      LaunchArgs args;
      args.workspace = workspace.data();
      args.info = &info;
      std::mutex mutex;
      std::vector<Range> ranges;
      RunBatch(batch, args, [&](Range range, char*, StepInfo*) {
        const std::lock_guard<std::mutex> lock(mutex);
        ranges.push_back(range);
      });
      std::sort(ranges.begin(), ranges.end(), [](Range a, Range b) { return a.begin < b.begin; });
      int64_t next = 0;
      for (const Range& range : ranges) {
        EXPECT_EQ(range.begin, next);
        EXPECT_LT(range.begin, range.end);
        EXPECT_TRUE(range.end % grain == 0 || range.end == count) << range.end;
        next = range.end;
      }
      EXPECT_EQ(next, count);
      EXPECT_EQ(ranges.size() > 1, count > grain);
    }
  }
}

}  // namespace
}  // namespace otium::cpu
