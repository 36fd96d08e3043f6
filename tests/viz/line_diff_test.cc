// SPDX-License-Identifier: Apache-2.0
#include "tools/viz/line_diff.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"

namespace otium::viz {
namespace {

using Text = std::vector<std::string>;

std::vector<absl::string_view> Views(const Text& text) { return {text.begin(), text.end()}; }

std::string Joined(const Text& text) {
  std::string joined;
  for (const std::string& line : text) absl::StrAppend(&joined, line, "\n");
  return joined;
}

// Length of the longest common subsequence, by its table.
size_t LongestCommon(const Text& a, const Text& b) {
  std::vector<std::vector<size_t>> table(a.size() + 1, std::vector<size_t>(b.size() + 1, 0));
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      table[i][j] = a[i - 1] == b[j - 1] ? table[i - 1][j - 1] + 1
                                         : std::max(table[i - 1][j], table[i][j - 1]);
    }
  }
  return table[a.size()][b.size()];
}

// What patch makes of `a`, by the line numbers of the hunks; every line is checked.
Text Patched(const Text& a, absl::string_view diff) {
  Text out;
  size_t at = 0;
  for (absl::string_view line : absl::StrSplit(diff, '\n', absl::SkipEmpty())) {
    if (line[0] == '@') {
      // "@@", "", begin, size unless it is 1, ...
      const std::vector<std::string> parts = absl::StrSplit(line, absl::ByAnyChar("-+ ,"));
      const size_t begin = std::stoul(parts[2]);
      const bool none = parts[3] == "0";
      for (const size_t first = none ? begin : begin - 1; at < first;) out.push_back(a[at++]);
      continue;
    }
    const std::string text(line.substr(1));
    if (line[0] != '+') {
      EXPECT_LT(at, a.size());
      if (at >= a.size()) return out;
      EXPECT_EQ(a[at], text);
      ++at;
    }
    if (line[0] != '-') out.push_back(text);
  }
  for (; at < a.size(); ++at) out.push_back(a[at]);
  return out;
}

bool HaveAnchor(const Text& a, const Text& b) {
  return std::any_of(a.begin(), a.end(), [&](const std::string& line) {
    return std::count(a.begin(), a.end(), line) == 1 && std::count(b.begin(), b.end(), line) == 1;
  });
}

TEST(LineDiff, RandomTexts) {
  std::mt19937 random(1);
  int shortest = 0, anchored = 0;
  for (int round = 0; round < 3000; ++round) {
    // Few different lines: most stand there often. Many: most are unique.
    const uint32_t kinds = round % 2 == 0 ? 1 + random() % 4 : 1 + random() % 40;
    const auto make = [&](size_t size) {
      Text text;
      for (size_t i = 0; i < size; ++i) text.push_back(absl::StrCat("l", random() % kinds));
      return text;
    };
    const Text a = make(random() % 40);
    Text b = make(random() % 40);
    if (random() % 2 == 0) {  // Some edits of a.
      b = a;
      for (int edits = random() % 6; edits > 0; --edits) {
        const auto at = b.begin() + static_cast<int64_t>(random() % (b.size() + 1));
        if (random() % 2 == 0 || at == b.end()) b.insert(at, make(1)[0]);
        else b.erase(at);
      }
    }
    const std::vector<KeptLines> kept = MatchLines(Views(a), Views(b));
    size_t total = 0, a_at = 0, b_at = 0;
    for (const KeptLines& k : kept) {
      ASSERT_GE(k.a_begin, a_at);
      ASSERT_GE(k.b_begin, b_at);
      ASSERT_GT(k.size, 0u);
      for (size_t i = 0; i < k.size; ++i) ASSERT_EQ(a[k.a_begin + i], b[k.b_begin + i]);
      a_at = k.a_begin + k.size;
      b_at = k.b_begin + k.size;
      total += k.size;
    }
    ASSERT_LE(a_at, a.size());
    ASSERT_LE(b_at, b.size());
    const size_t most = LongestCommon(a, b);
    if (HaveAnchor(a, b)) {
      ++anchored;
      ASSERT_LE(total, most);
    } else {
      ++shortest;
      ASSERT_EQ(total, most) << Joined(a) << "\n" << Joined(b);
    }
    const LineDiff diff = DiffLines(Joined(a), Joined(b), 1000);
    EXPECT_EQ(diff.removed, a.size() - total);
    EXPECT_EQ(diff.added, b.size() - total);
    EXPECT_EQ(diff.left_out, 0u);
    EXPECT_EQ(diff.text.empty(), a == b);
    ASSERT_EQ(Patched(a, diff.text), b) << Joined(a) << "\n" << Joined(b) << "\n" << diff.text;
  }
  EXPECT_GT(shortest, 500);
  EXPECT_GT(anchored, 500);
}

Text Numbered(absl::string_view stem, int from, int to) {
  Text text;
  for (int i = from; i < to; ++i) text.push_back(absl::StrCat(stem, i));
  return text;
}

TEST(LineDiff, HunksAreThoseOfDiffU) {
  Text a = Numbered("line ", 1, 21), b = a;
  b[4] = "other";  // Line 5, and line 17: far apart.
  b.insert(b.begin() + 16, "new");
  EXPECT_EQ(
      DiffLines(Joined(a), Joined(b), 100).text,
      "@@ -2,7 +2,7 @@\n line 2\n line 3\n line 4\n-line 5\n+other\n line 6\n line 7\n line 8\n"
      "@@ -14,6 +14,7 @@\n line 14\n line 15\n line 16\n+new\n line 17\n line 18\n line 19\n");
  EXPECT_EQ(DiffLines("", "a\nb\n", 100).text, "@@ -0,0 +1,2 @@\n+a\n+b\n");
  EXPECT_EQ(DiffLines("a\n", "", 100).text, "@@ -1 +0,0 @@\n-a\n");
}

TEST(LineDiff, SaysWhatItLeavesOut) {
  const LineDiff diff = DiffLines(Joined(Numbered("a", 0, 300)), Joined(Numbered("b", 0, 200)), 20);
  EXPECT_EQ(diff.removed, 300u);
  EXPECT_EQ(diff.added, 200u);
  EXPECT_EQ(std::count(diff.text.begin(), diff.text.end(), '\n'), 20);
  EXPECT_EQ(diff.left_out, 1u + 500 - 20);
}

// Texts without a line in common, and without a unique one, would take minutes by a
// shortest script alone.
TEST(LineDiff, LargeTextsAreQuick) {
  Text a, b;
  for (int i = 0; i < 200000; ++i) {
    a.push_back(absl::StrCat("a", i % 1000));
    b.push_back(absl::StrCat(i % 2 == 0 ? "a" : "b", i % 999));
  }
  const LineDiff diff = DiffLines(Joined(a), Joined(b), 10);
  EXPECT_EQ(diff.added, diff.removed);
  EXPECT_GT(diff.added, 0u);
}

}  // namespace
}  // namespace otium::viz
