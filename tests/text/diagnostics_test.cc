// SPDX-License-Identifier: Apache-2.0

#include "engine/graph/text/diagnostics.h"

#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace otium {
namespace {

Diagnostic At(uint32_t line, uint32_t column, uint32_t length) {
  return {Severity::kError, {"f.otm", line, column, length}, "wrong", {}, ""};
}

TEST(FormatDiagnostic, UnderlinesInTheMiddleOfTheFile) {
  EXPECT_EQ(FormatDiagnostic(At(2, 3, 4), "one\nx abcd y\nthree\n"),
            "f.otm:2:3: error: wrong\n"
            "  2 | x abcd y\n"
            "    |   ^~~~\n");
}

TEST(FormatDiagnostic, NotesAndHelpFollow) {
  Diagnostic d = At(1, 1, 1);
  d.severity = Severity::kWarning;
  d.notes.push_back({{"f.otm", 7, 2, 1}, "it is here"});
  d.help = "do that";
  EXPECT_EQ(FormatDiagnostic(d, "x"),
            "f.otm:1:1: warning: wrong\n"
            "  1 | x\n"
            "    | ^\n"
            "f.otm:7:2: note: it is here\n"
            "help: do that\n");
}

TEST(FormatDiagnostic, TabsAreWidenedAndCharactersCounted) {
  EXPECT_EQ(FormatDiagnostic(At(1, 3, 2), "\t\xC3\xA4zz"),
            "f.otm:1:3: error: wrong\n"
            "  1 |     \xC3\xA4zz\n"
            "    |      ^~\n");
}

TEST(FormatDiagnostic, WideCharactersTakeTwoColumns) {
  // Two characters before a space: four columns and one.
  EXPECT_EQ(FormatDiagnostic(At(1, 4, 2), "\xE6\x95\xB0\xE6\x8D\xAE zz"),
            "f.otm:1:4: error: wrong\n"
            "  1 | \xE6\x95\xB0\xE6\x8D\xAE zz\n"
            "    |      ^~\n");
}

TEST(FormatDiagnostic, NoControlCharacterReachesTheTerminal) {
  const std::string text = FormatDiagnostic(At(1, 1, 1), "a\x1b[31m\xff\xe2\x80\xae");
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find("\xe2\x80\xae"), std::string::npos) << "right-to-left override";
  EXPECT_EQ(text.find('\xff'), std::string::npos);
}

TEST(FormatDiagnostic, NorDoesOneOfANameThatAMessageQuotes) {
  Diagnostic d = At(1, 1, 1);
  d.position.file = "\x1b.otm";
  d.message = d.help = "there is no \x1b[31mfile\n";
  d.notes.push_back({d.position, d.message});
  EXPECT_EQ(FormatDiagnostic(d, "").find('\x1b'), std::string::npos);
}

TEST(DiagnosticSink, KeepsANoteOnce) {
  DiagnosticSink sink(/*max_errors=*/1);
  Diagnostic d = At(2, 1, 1);
  const SourcePosition here{"f.otm", 1, 1, 1}, there{"f.otm", 1, 5, 1};
  d.notes = {{here, "A"}, {there, "A"}, {here, "A"}, {here, "B"}};
  sink.Add(d);
  // The last one says that there may be more errors.
  EXPECT_EQ(sink.Take()[0].notes.size(), 4u);
}

TEST(DiagnosticSink, WarnsOnlySoOften) {
  DiagnosticSink sink(/*max_errors=*/20);
  for (uint32_t i = 1; i <= 50; ++i) sink.Warning({"f.otm", i, 1, 1}, "never used");
  sink.Error({"f.otm", 60, 1, 1}, "wrong");
  const std::vector<Diagnostic> all = sink.Take();
  ASSERT_EQ(all.size(), 21u);
  EXPECT_EQ(all[19].notes[0].message, "there are 30 more warnings");
  EXPECT_EQ(all[20].message, "wrong");
}

TEST(FormatDiagnostic, LongLinesAreClippedAroundTheCaret) {
  const std::string line = std::string(5000, 'a') + "HERE" + std::string(5000, 'b');
  const std::string text = FormatDiagnostic(At(1, 5001, 4), line);
  EXPECT_LT(text.size(), 400u);
  EXPECT_NE(text.find("...aaaa"), std::string::npos);
  EXPECT_NE(text.find("bbb..."), std::string::npos);
  // The caret stands under the H.
  const size_t first = text.find('\n') + 1, second = text.find('\n', first) + 1;
  EXPECT_EQ(text.find("HERE") - first, text.find('^') - second);
}

TEST(FormatDiagnostic, FitsANarrowTerminal) {
  const std::string line = std::string(5000, 'a') + std::string(200, 'X') + std::string(5000, 'b');
  for (const size_t width : {40, 80, 112}) {
    const std::string text =
        FormatDiagnostic(At(1, 5001, 200), line, DiagnosticColor::kPlain, width);
    for (const absl::string_view shown : absl::StrSplit(text, '\n')) {
      EXPECT_LE(shown.size(), width) << shown;
    }
    const size_t first = text.find('\n') + 1, second = text.find('\n', first) + 1;
    EXPECT_EQ(text.find("aX") + 1 - first, text.find('^') - second);
  }
}

TEST(FormatDiagnostic, NothingIsKeptOfAHugeLine) {
  // 20 errors in one line of 16 MiB: none may cost many times the line's bytes.
  const std::string line(16 << 20, '\0');
  std::vector<Diagnostic> diagnostics;
  for (uint32_t i = 0; i < 20; ++i) diagnostics.push_back(At(1, 1 + i * 800'000, 5));
  EXPECT_LT(FormatDiagnostics(diagnostics, line).size(), 20u * 600);
}

TEST(FormatDiagnostic, ASpanBeyondItsLineEndsWithIt) {
  EXPECT_EQ(FormatDiagnostic(At(1, 2, 100), "abc\ndef"),
            "f.otm:1:2: error: wrong\n"
            "  1 | abc\n"
            "    |  ^~\n");
}

TEST(FormatDiagnostic, WithoutSourceOnlyTheMessage) {
  EXPECT_EQ(FormatDiagnostic(At(9, 1, 1), ""), "f.otm:9:1: error: wrong\n");
  EXPECT_EQ(FormatDiagnostic(At(9, 1, 1), "one line"), "f.otm:9:1: error: wrong\n");
}

TEST(FormatDiagnostic, ColourOnlyWhenAskedFor) {
  EXPECT_EQ(FormatDiagnostic(At(1, 1, 1), "x").find('\x1b'), std::string::npos);
  EXPECT_NE(FormatDiagnostic(At(1, 1, 1), "x", DiagnosticColor::kColored).find("\x1b[1;31m"),
            std::string::npos);
}

TEST(ClosestName, FindsWhatWasMeant) {
  EXPECT_EQ(ClosestName("slove", {"sum", "solve", "stack"}), "solve");
  EXPECT_EQ(ClosestName("keepdims", {"dim", "keepdim"}), "keepdim");
  EXPECT_EQ(ClosestName("Solve", {"solver", "solve"}), "solve");
  EXPECT_EQ(ClosestName("cholesky_solve", {"solve", "cholesky"}), "");
  EXPECT_EQ(ClosestName("x", {"y", "z"}), "");
  EXPECT_EQ(ClosestName("", {"y"}), "");
  EXPECT_EQ(ClosestName(std::string(100'000, 'a'), {"aaa"}), "");
}

}  // namespace
}  // namespace otium
