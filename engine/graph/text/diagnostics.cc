// SPDX-License-Identifier: Apache-2.0
#include "engine/graph/text/diagnostics.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "engine/graph/text/utf8.h"

namespace otium {
namespace {

// Columns of source shown of one line, and how far before the caret a clipped
// line begins.
constexpr size_t kLineWidth = 100;
constexpr size_t kContextBefore = 40;
constexpr int kTabWidth = 4;

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

// One line as it is displayed: one string a display column, and the display
// column at which each character of the source begins.
struct DisplayLine {
  std::vector<std::string> columns;
  std::vector<size_t> begin;
};

DisplayLine Display(absl::string_view line) {
  DisplayLine display;
  while (!line.empty()) {
    display.begin.push_back(display.columns.size());
    const Utf8Character c = DecodeUtf8(line);
    if (c.code == '\t') {
      do display.columns.push_back(" ");
      while (display.columns.size() % kTabWidth != 0);
    } else if (!c.valid || IsControlCharacter(c.code)) {
      display.columns.push_back("\xEF\xBF\xBD");  // U+FFFD
    } else {
      display.columns.emplace_back(line.substr(0, c.length));
    }
    line.remove_prefix(c.length);
  }
  display.begin.push_back(display.columns.size());
  return display;
}

// Messages quote names of files and pieces of them.
std::string Printable(absl::string_view text) {
  std::string printable;
  for (const std::string& column : Display(text).columns) printable += column;
  return printable;
}

void AppendPosition(const SourcePosition& position, const Style& style, std::string* text) {
  if (!position.known()) return;
  absl::StrAppend(text, style.bold, Printable(position.ToString()), ":", style.reset, " ");
}

void AppendSnippet(const SourcePosition& position, absl::string_view source, const Style& style,
                   std::string* text) {
  absl::string_view line;
  if (!position.known() || position.column == 0 || !FindLine(source, position.line, &line)) return;
  const DisplayLine display = Display(line);
  const auto column_of = [&](size_t character) {
    return display.begin[std::min(character, display.begin.size() - 1)];
  };
  const size_t caret = column_of(position.column - 1);
  // A span that goes on beyond this line is underlined to its end.
  const size_t caret_end =
      std::max(caret + 1, column_of(size_t{position.column} - 1 + position.length));
  size_t begin = 0, end = display.columns.size();
  if (end > kLineWidth) {
    begin = caret > kContextBefore ? caret - kContextBefore : 0;
    end = std::min(end, begin + kLineWidth);
  }
  const bool cut_before = begin > 0, cut_after = end < display.columns.size();
  const std::string number = absl::StrCat(position.line);
  const std::string margin(std::max<size_t>(3, number.size()), ' ');
  absl::StrAppend(text, absl::string_view(margin).substr(number.size()), number, " | ",
                  cut_before ? "..." : "");
  for (size_t i = begin; i < end; ++i) absl::StrAppend(text, display.columns[i]);
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

std::string FormatDiagnostic(const Diagnostic& d, absl::string_view source, DiagnosticColor color) {
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
  AppendSnippet(d.position, source, style, &text);
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
  const absl::string_view closest = ClosestName(wrong, candidates);
  return closest.empty() ? "" : absl::StrCat("did you mean ", closest, "?");
}

}  // namespace otium
