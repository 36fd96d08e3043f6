// SPDX-License-Identifier: Apache-2.0
//
// What changed from one text to another, line by line, as a unified diff:
//
//   @@ -1,4 +1,3 @@
//    graph addmv(A: f64[2, 3], x: f64[3], y: f64[2]) -> z {
//   -  v0: f64[2] = mv(A, x)
//   -  z: f64[2] = add(y, v0)
//   +  z: f64[2] = addmv(y, A, x)
//    }
//
// Lines that either text has once are what holds the two together, as in Bram
// Cohen's patience diff; between them it is the shortest script (E. Myers, "An O(ND)
// difference algorithm and its variations", 1986) as long as that has at most
// kMaxEdits lines, and what differs more is replaced whole. So the time is linear in
// the texts but for n log n of the lines that hold, and kMaxEdits^2 for each gap.
//
// Tested by tests/viz/line_diff_test.cc.

#ifndef OTIUM_TOOLS_VIZ_LINE_DIFF_H_
#define OTIUM_TOOLS_VIZ_LINE_DIFF_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace otium::viz {

// Lines a[a_begin], ... and b[b_begin], ..., `size` of them, are equal.
struct KeptLines {
  size_t a_begin = 0, b_begin = 0, size = 0;
};

// What stays, in order; all between is removed from `a` and added from `b`.
std::vector<KeptLines> MatchLines(absl::Span<const absl::string_view> a,
                                  absl::Span<const absl::string_view> b);

struct LineDiff {
  size_t added = 0, removed = 0;
  std::string text;     // Hunks with three lines around; empty for equal texts.
  size_t left_out = 0;  // Lines of it beyond the limit.
};

// Of texts whose lines all end in '\n'. At most `max_lines` of the diff are kept.
LineDiff DiffLines(absl::string_view a, absl::string_view b, size_t max_lines);

}  // namespace otium::viz

#endif  // OTIUM_TOOLS_VIZ_LINE_DIFF_H_
