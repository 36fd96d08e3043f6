// SPDX-License-Identifier: Apache-2.0
#include "engine/graph/text/diagnostics.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "engine/graph/text/utf8.h"

namespace otium {
namespace {

constexpr int kTabWidth = 4;
// Of a line that is clipped, the margin before it and the dots around it.
constexpr size_t kMargin = 12;
constexpr size_t kLeastShown = 20;

struct Style {
  absl::string_view bold, error, warning, note, caret, reset;
};
constexpr Style kPlainStyle{};
constexpr Style kColoredStyle{"\x1b[1m",    "\x1b[1;31m", "\x1b[1;35m",
                              "\x1b[1;36m", "\x1b[1;32m", "\x1b[0m"};

// The line of that number, without its newline; false when there is none.
bool FindLine(absl::string_view source, uint32_t line, absl::string_view* text) {
  if (source.empty()) return false;
  for (uint32_t l = 1; l < line; ++l) {
    const size_t end = source.find('\n');
    if (end == absl::string_view::npos) return false;
    source.remove_prefix(end + 1);
  }
  *text = source.substr(0, source.find('\n'));
  if (!text->empty() && text->back() == '\r') text->remove_suffix(1);
  return true;
}

// Characters of Chinese, Japanese and Korean, and pictures, take two columns.
bool IsWide(uint32_t code) {
  static constexpr std::pair<uint32_t, uint32_t> kWide[] = {
      {0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0xA4CF},  {0xAC00, 0xD7A3},
      {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},  {0xFFE0, 0xFFE6},
      {0x1F300, 0x1F64F}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};
  return code >= kWide[0].first && std::any_of(std::begin(kWide), std::end(kWide), [&](auto range) {
           return code >= range.first && code <= range.second;
         });
}

// Calls column(text) for each display column of a line, from left to right, and
// character(i) before those of character i. A line may be as long as its file, so
// nothing is kept of it.
template <class OnCharacter, class OnColumn>
void Display(absl::string_view line, OnCharacter character, OnColumn column) {
  size_t columns = 0;
  for (size_t i = 0; !line.empty(); ++i) {
    character(i);
    const Utf8Character c = DecodeUtf8(line);
    if (c.code == '\t') {
      do column(absl::string_view(" "));
      while (++columns % kTabWidth != 0);
    } else {
      const bool shown = c.valid && !IsControlCharacter(c.code);
      column(shown ? line.substr(0, c.length) : absl::string_view("\xEF\xBF\xBD"));  // U+FFFD
      ++columns;
      if (shown && IsWide(c.code)) {
        column(absl::string_view());  // Its other half.
        ++columns;
      }
    }
    line.remove_prefix(c.length);
  }
}

// Messages quote names of files and pieces of them.
std::string Printable(absl::string_view text) {
  std::string printable;
  Display(
      text, [](size_t) {}, [&](absl::string_view column) { absl::StrAppend(&printable, column); });
  return printable;
}

void AppendPosition(const SourcePosition& position, const Style& style, std::string* text) {
  if (!position.known()) return;
  absl::StrAppend(text, style.bold, Printable(position.ToString()), ":", style.reset, " ");
}

void AppendSnippet(const SourcePosition& position, absl::string_view source, const Style& style,
                   size_t width, std::string* text) {
  absl::string_view line;
  if (!position.known() || position.column == 0 || !FindLine(source, position.line, &line)) return;
  // A span that goes on beyond this line is underlined to its end.
  const size_t first = position.column - 1, last = first + position.length;
  size_t columns = 0;
  size_t caret = std::string::npos, caret_end = std::string::npos;
  Display(
      line,
      [&](size_t character) {
        if (character == first) caret = columns;
        if (character == last) caret_end = columns;
      },
      [&](absl::string_view) { ++columns; });
  caret = std::min(caret, columns);
  caret_end = std::max(caret + 1, std::min(caret_end, columns));
  const std::string number = absl::StrCat(position.line);
  const std::string margin(std::max<size_t>(3, number.size()), ' ');
  size_t begin = 0, end = columns;
  if (end > width) {
    // A long line is shown from a little before the caret.
    begin = caret > width * 2 / 5 ? caret - width * 2 / 5 : 0;
    end = std::min(end, begin + width);
  }
  const bool cut_before = begin > 0, cut_after = end < columns;
  absl::StrAppend(text, absl::string_view(margin).substr(number.size()), number, " | ",
                  cut_before ? "..." : "");
  size_t at = 0;
  Display(
      line, [](size_t) {},
      [&](absl::string_view column) {
        if (at >= begin && at < end) absl::StrAppend(text, column);
        ++at;
      });
  absl::StrAppend(
      text, cut_after ? "..." : "", "\n", margin, " | ",
      std::string(caret - begin + (cut_before ? 3 : 0), ' '), style.caret, "^",
      std::string(std::max(std::min(caret_end, std::max(end, caret + 1)), caret + 1) - caret - 1,
                  '~'),
      style.reset, "\n");
}

// Edit distance with transpositions of neighbours, at most `limit` + 1.
size_t EditDistance(absl::string_view a, absl::string_view b, size_t limit) {
  if (a.size() > b.size() + limit || b.size() > a.size() + limit) return limit + 1;
  std::vector<size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    before = last;
    last = row;
  }
  return last[b.size()];
}

// Both operands of A @ A are declared in one place.
void RemoveRepeated(std::vector<Diagnostic::Note>* notes) {
  std::vector<Diagnostic::Note> kept;
  for (Diagnostic::Note& note : *notes) {
    const bool repeated = std::any_of(kept.begin(), kept.end(), [&](const Diagnostic::Note& k) {
      return k.message == note.message && k.position.ToString() == note.position.ToString();
    });
    if (!repeated) kept.push_back(std::move(note));
  }
  *notes = std::move(kept);
}

}  // namespace

std::string FormatDiagnostic(const Diagnostic& d, absl::string_view source, DiagnosticColor color,
                             size_t width) {
  const Style& style = color == DiagnosticColor::kColored ? kColoredStyle : kPlainStyle;
  std::string text;
  AppendPosition(d.position, style, &text);
  switch (d.severity) {
    case Severity::kError: absl::StrAppend(&text, style.error, "error:", style.reset, " "); break;
    case Severity::kWarning:
      absl::StrAppend(&text, style.warning, "warning:", style.reset, " ");
      break;
  }
  absl::StrAppend(&text, style.bold, Printable(d.message), style.reset, "\n");
  AppendSnippet(d.position, source, style, std::max(width, kMargin + kLeastShown) - kMargin, &text);
  for (const Diagnostic::Note& note : d.notes) {
    AppendPosition(note.position, style, &text);
    absl::StrAppend(&text, style.note, "note:", style.reset, " ", Printable(note.message), "\n");
  }
  if (!d.help.empty()) {
    absl::StrAppend(&text, style.note, "help:", style.reset, " ", Printable(d.help), "\n");
  }
  return text;
}

std::string FormatDiagnostics(absl::Span<const Diagnostic> diagnostics, absl::string_view source,
                              DiagnosticColor color) {
  std::string text;
  for (const Diagnostic& d : diagnostics) text += FormatDiagnostic(d, source, color);
  return text;
}

void DiagnosticSink::Add(Diagnostic diagnostic) {
  RemoveRepeated(&diagnostic.notes);
  if (diagnostic.severity == Severity::kError) {
    if (full()) return;
    ++num_errors_;
  } else if (++num_warnings_ > max_errors_) {
    return;  // As many as there may be errors; Take says how many are left out.
  }
  diagnostics_.push_back(std::move(diagnostic));
}

std::vector<Diagnostic> DiagnosticSink::Take() {
  // Syntax is read before meaning; people read from the top.
  std::stable_sort(
      diagnostics_.begin(), diagnostics_.end(),
      [](const Diagnostic& a, const Diagnostic& b) { return a.position.line < b.position.line; });
  if (full()) {
    diagnostics_.back().notes.push_back(
        {SourcePosition(), absl::StrCat("these are ", max_errors_, " errors; there may be more")});
  }
  if (num_warnings_ > max_errors_) {
    const auto last = std::find_if(diagnostics_.rbegin(), diagnostics_.rend(),
                                   [](const auto& d) { return d.severity == Severity::kWarning; });
    last->notes.push_back({SourcePosition(), absl::StrCat("there are ", num_warnings_ - max_errors_,
                                                          " more warnings")});
  }
  return std::move(diagnostics_);
}

void DiagnosticSink::Error(SourcePosition position, std::string message, std::string help) {
  Add({Severity::kError, position, std::move(message), {}, std::move(help)});
}

void DiagnosticSink::Warning(SourcePosition position, std::string message, std::string help) {
  Add({Severity::kWarning, position, std::move(message), {}, std::move(help)});
}

absl::string_view ClosestName(absl::string_view wrong,
                              absl::Span<const absl::string_view> candidates) {
  // Long names are no typos of each other; this also bounds the work.
  constexpr size_t kLongest = 64;
  if (wrong.empty() || wrong.size() > kLongest) return {};
  const std::string lower = absl::AsciiStrToLower(wrong);
  const size_t limit = std::max<size_t>(1, wrong.size() / 3);
  size_t best_distance = limit + 1;
  absl::string_view best;
  for (absl::string_view candidate : candidates) {
    if (candidate == wrong) continue;
    size_t distance = EditDistance(wrong, candidate, limit);
    // `Solve` for `solve`: nearer than any other spelling.
    if (candidate.size() == wrong.size() && absl::AsciiStrToLower(candidate) == lower) distance = 0;
    // One letter for another says nothing in names as short as these.
    if (distance > 0 && distance >= std::min(wrong.size(), candidate.size())) continue;
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string DidYouMean(absl::string_view wrong, absl::Span<const absl::string_view> candidates) {
  // What it is called in Python, NumPy and elsewhere.
  static constexpr std::pair<absl::string_view, absl::string_view> kOther[] = {
      {"axis", "dim"},        {"axes", "dims"},     {"keepdims", "keepdim"}, {"ddof", "correction"},
      {"not", "logical_not"}, {"mod", "remainder"}, {"power", "pow"},        {"concatenate", "cat"},
      {"concat", "cat"},      {"max", "amax"},      {"min", "amin"},         {"multiply", "mul"},
      {"subtract", "sub"},    {"divide", "div"},    {"dims", "dim"}};
  for (const auto& [other, ours] : kOther) {
    if (wrong == other &&
        std::find(candidates.begin(), candidates.end(), ours) != candidates.end()) {
      return absl::StrCat("did you mean ", ours, "?");
    }
  }
  const absl::string_view closest = ClosestName(wrong, candidates);
  return closest.empty() ? "" : absl::StrCat("did you mean ", closest, "?");
}

}  // namespace otium
