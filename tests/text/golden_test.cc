// SPDX-License-Identifier: Apache-2.0
//
// Text in, text out. Every tests/text/good/NAME.otm is read without errors, and
// its canonical text is good/NAME.out (tests/examples/ have theirs in examples/);
// every bad/NAME.otm is refused with the
// messages in bad/NAME.out. To write the expectations anew:
//
//   OTIUM_BLESS=1 build/bin/text_test && git diff tests/text

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/graph/text/format.h"
#include "engine/graph/text/lower.h"
#include "engine/graph/text/printer.h"
#include "engine/graph/verify.h"
#include "gtest/gtest.h"
#include "tests/text/text_files.h"

namespace otium {
namespace {

std::vector<std::string> Cases(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".otm") names.push_back(entry.path().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

void ExpectGolden(const std::string& input, const std::string& actual) {
  std::filesystem::path expected = std::filesystem::path(input).replace_extension(".out");
  if (expected.parent_path() == "tests/examples") {
    expected = "tests/text/examples" / expected.filename();
  }
  if (std::getenv("OTIUM_BLESS") != nullptr) {
    WriteFile(expected, actual);
    return;
  }
  ASSERT_TRUE(std::filesystem::exists(expected)) << expected << " is missing: OTIUM_BLESS=1";
  EXPECT_EQ(ReadFile(expected), actual);
}

std::string BaseName(const std::string& path) {
  return std::filesystem::path(path).filename().string();
}

class Good : public testing::TestWithParam<std::string> {};
class Bad : public testing::TestWithParam<std::string> {};

TEST_P(Good, IsPrintedAndReadBack) {
  const std::string text = ReadFile(GetParam());
  const ParseResult parsed = ParseGraphFile(text, BaseName(GetParam()));
  ASSERT_TRUE(parsed.ok()) << FormatDiagnostics(parsed.diagnostics, text);
  const Graph& graph = parsed.graphs.back().graph();
  EXPECT_EQ(VerifyGraph(graph), absl::OkStatus());
  const std::string canonical = PrintGraph(graph);
  ExpectGolden(GetParam(), FormatDiagnostics(parsed.diagnostics, text) + canonical);

  const ParseResult again = ParseGraphFile(canonical, "canonical.otm");
  ASSERT_TRUE(again.ok()) << FormatDiagnostics(again.diagnostics, canonical);
  EXPECT_EQ(again.graphs.back().graph().fingerprint(), graph.fingerprint());
  EXPECT_EQ(PrintGraph(again.graphs.back().graph()), canonical);
}

TEST_P(Good, MeansTheSameWhenFormatted) {
  const std::string text = ReadFile(GetParam());
  const FormatResult formatted = FormatGraphFile(text, BaseName(GetParam()));
  ASSERT_TRUE(formatted.diagnostics.empty());
  const ParseResult before = ParseGraphFile(text, "before.otm");
  const ParseResult after = ParseGraphFile(formatted.text, "after.otm");
  ASSERT_TRUE(after.ok()) << FormatDiagnostics(after.diagnostics, formatted.text);
  EXPECT_EQ(after.graphs.back().graph().fingerprint(), before.graphs.back().graph().fingerprint());
  EXPECT_EQ(FormatGraphFile(formatted.text, "after.otm").text, formatted.text);
}

TEST_P(Bad, IsRefusedWithThePlaceAndTheReason) {
  const std::string text = ReadFile(GetParam());
  const ParseResult parsed = ParseGraphFile(text, BaseName(GetParam()));
  EXPECT_FALSE(parsed.ok());
  ExpectGolden(GetParam(), FormatDiagnostics(parsed.diagnostics, text));
}

std::string CaseName(const testing::TestParamInfo<std::string>& info) {
  return std::filesystem::path(info.param).stem().string();
}
INSTANTIATE_TEST_SUITE_P(Golden, Good, testing::ValuesIn(Cases("tests/text/good")), CaseName);
INSTANTIATE_TEST_SUITE_P(Examples, Good, testing::ValuesIn(Cases("tests/examples")), CaseName);
INSTANTIATE_TEST_SUITE_P(Golden, Bad, testing::ValuesIn(Cases("tests/text/bad")), CaseName);

}  // namespace
}  // namespace otium
