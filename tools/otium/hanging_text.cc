// SPDX-License-Identifier: Apache-2.0
#include "tools/otium/hanging_text.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/graph/text/utf8.h"
#include "tools/viz/display.h"

namespace otium::cli {
namespace {

// The bytes of the colour, or of the character, that `text` begins with.
size_t UnitLength(absl::string_view text) {
  if (text[0] == '\033') return std::min(text.find('m'), text.size() - 1) + 1;
  return DecodeUtf8(text).length;
}

size_t Columns(absl::string_view unit) {
  return unit[0] == '\033' ? 0 : static_cast<size_t>(viz::DisplayWidth(unit));
}

size_t ColumnsOf(absl::string_view text) {
  size_t columns = 0;
  for (size_t i = 0; i < text.size();) {
    const absl::string_view unit = text.substr(i, UnitLength(text.substr(i)));
    columns += Columns(unit);
    i += unit.size();
  }
  return columns;
}

// Where a line may end, best first: behind what is a thing of its own (a comma, two
// spaces), between words, and within brackets, where a type stays with its name if
// it can.
enum Break { kBehindThing, kBetweenWords, kThingInBrackets, kInBrackets, kNumBreaks };

// Behind these a word may end that is longer than a line: paths and long names. Not behind
// a colon: what is cut of file.otm:12:5 leaves its numbers together.
constexpr absl::string_view kJoints = "/_-.,";

// How much of `text` goes on a line: all, or as much as ends at the best break in the
// second half of the line, or at the last one, or as much of the first word as fits.
size_t LineLength(absl::string_view text, size_t columns) {
  size_t last[kNumBreaks] = {};   // Where each kind was seen last,
  size_t width[kNumBreaks] = {};  // and how long a line it makes.
  size_t joint = 0;
  size_t used = 0;
  int depth = 0;
  bool in_text = false;  // Behind the spaces that a line may begin with.
  for (size_t i = 0; i < text.size();) {
    const absl::string_view unit = text.substr(i, UnitLength(text.substr(i)));
    if (unit == " " && in_text && text[i - 1] != ' ') {
      const bool thing = text[i - 1] == ',' || text[i - 1] == ';' || text.substr(i, 2) == "  ";
      const bool argument = depth == 1 && text[i - 1] == ',';
      const Break kind = depth > 0 ? (argument ? kThingInBrackets : kInBrackets)
                                   : (thing ? kBehindThing : kBetweenWords);
      last[kind] = i;
      width[kind] = used;
    }
    in_text = in_text || unit != " ";
    if (unit == "(" || unit == "[") ++depth;
    if (unit == ")" || unit == "]") depth = std::max(depth - 1, 0);
    if (used + Columns(unit) > columns && used > 0) {
      for (int kind = 0; kind < kNumBreaks; ++kind) {
        if (2 * width[kind] >= columns) return last[kind];
      }
      const size_t end = *std::max_element(last, last + kNumBreaks);
      return end > 0 ? end : joint > 0 ? joint : i;
    }
    used += Columns(unit);
    i += unit.size();
    if (absl::StrContains(kJoints, unit)) joint = i;
  }
  return text.size();
}

// `rest`, with as many blanks less as the first word of `text` needs to be on one line, if
// that helps.
absl::string_view BeginningFor(absl::string_view rest, absl::string_view text, size_t width) {
  const size_t wanted = ColumnsOf(text.substr(0, text.find(' ')));
  absl::string_view less = rest;
  while (ColumnsOf(less) + wanted > width && absl::EndsWith(less, "  ")) less.remove_suffix(1);
  return ColumnsOf(less) + wanted > width ? rest : less;
}

}  // namespace

void AppendHanging(absl::string_view first, absl::string_view rest, absl::string_view text,
                   size_t width, std::string* out) {
  absl::string_view begin = first;
  do {
    const size_t before = width == 0 ? 0 : ColumnsOf(begin);
    const size_t columns = std::max(width, before + kLeastColumns) - before;
    const size_t length = width == 0 ? text.size() : LineLength(text, columns);
    absl::StrAppend(out, begin, text.substr(0, length), "\n");
    text.remove_prefix(length);
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    begin = BeginningFor(rest, text, width);
  } while (!text.empty());
}

}  // namespace otium::cli
