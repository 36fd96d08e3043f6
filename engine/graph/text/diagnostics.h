// SPDX-License-Identifier: Apache-2.0
//
// What is wrong with a graph file, where, and what to do about it:
//
//   ridge.otm:4:7: error: mv: A is f64[m, n] and x is f64[m]: n is not m
//     4 |   y = mv(A, b)
//       |       ^~~~~~~~
//   ridge.otm:2:24: note: b is declared here as f64[m]
//   help: did you mean mv(A.T, b)?
//
// Tested by tests/text/diagnostics_test.cc and the golden files of tests/text/.

#ifndef OTIUM_ENGINE_GRAPH_TEXT_DIAGNOSTICS_H_
#define OTIUM_ENGINE_GRAPH_TEXT_DIAGNOSTICS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/base/export.h"
#include "engine/graph/source.h"

namespace otium {

enum class Severity : uint8_t { kError, kWarning };

struct OTIUM_EXPORT Diagnostic {
  struct Note {
    SourcePosition position;
    std::string message;
  };

  Severity severity = Severity::kError;
  // Columns count characters, not bytes.
  SourcePosition position;
  std::string message;
  // Where the other half of the disagreement is.
  std::vector<Note> notes;
  // What to do; empty when nothing can be said.
  std::string help;
};

enum class DiagnosticColor : uint8_t { kPlain, kColored };

// The text shown above, ending in a newline. `source` is the whole file that the
// position points into; without it (or beyond its end) only the messages are
// printed. Tabs are widened, lines of source clipped around what is underlined so
// that they fit `width` columns, and control characters replaced, so a hostile file
// cannot drive the terminal.
inline constexpr size_t kDiagnosticWidth = 112;
OTIUM_EXPORT std::string FormatDiagnostic(const Diagnostic& diagnostic, absl::string_view source,
                                          DiagnosticColor color = DiagnosticColor::kPlain,
                                          size_t width = kDiagnosticWidth);
// All of them, one after the other.
OTIUM_EXPORT std::string FormatDiagnostics(absl::Span<const Diagnostic> diagnostics,
                                           absl::string_view source,
                                           DiagnosticColor color = DiagnosticColor::kPlain);

// Collects diagnostics of one file until there are too many errors; of warnings the
// first that many.
class DiagnosticSink {
 public:
  explicit DiagnosticSink(int max_errors) : max_errors_(max_errors) {}

  // Notes that it has twice are kept once.
  void Add(Diagnostic diagnostic);
  // An error of just a position and a message.
  void Error(SourcePosition position, std::string message, std::string help = "");
  void Warning(SourcePosition position, std::string message, std::string help = "");

  int num_errors() const { return num_errors_; }
  // No more errors are taken: whoever reads the file stops.
  bool full() const { return num_errors_ >= max_errors_; }
  // All, by line.
  std::vector<Diagnostic> Take();

 private:
  const int max_errors_;
  int num_errors_ = 0;
  int num_warnings_ = 0;
  std::vector<Diagnostic> diagnostics_;
};

// The candidate nearest to `wrong` in edit distance (insert, delete, replace,
// exchange of neighbours), when it is near enough to be what was meant; else
// empty. Of several the first.
OTIUM_EXPORT absl::string_view ClosestName(absl::string_view wrong,
                                           absl::Span<const absl::string_view> candidates);
// "did you mean NAME?", or empty.
std::string DidYouMean(absl::string_view wrong, absl::Span<const absl::string_view> candidates);

}  // namespace otium

#endif  // OTIUM_ENGINE_GRAPH_TEXT_DIAGNOSTICS_H_
