// SPDX-License-Identifier: Apache-2.0

#include "engine/version.h"

#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace otium {
namespace {

TEST(Version, IsThreeNumbers) {
  const std::vector<absl::string_view> parts = absl::StrSplit(Version(), '.');
  ASSERT_THAT(parts, testing::SizeIs(3));
  for (const absl::string_view part : parts) {
    int number = -1;
    EXPECT_TRUE(absl::SimpleAtoi(part, &number)) << Version();
    EXPECT_GE(number, 0);
  }
}

}  // namespace
}  // namespace otium
