// SPDX-License-Identifier: Apache-2.0
//
// Files from strangers: nothing crashes, hangs, reads outside its folder or
// allocates what its text does not justify, and every refusal says why.

#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "engine/graph/text/format.h"
#include "engine/graph/text/lower.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace otium {
namespace {

using ::testing::HasSubstr;

std::string Repeat(absl::string_view text, int count) {
  std::string repeated;
  for (int i = 0; i < count; ++i) absl::StrAppend(&repeated, text);
  return repeated;
}

// The first message of a file that must not be accepted.
std::string Refusal(absl::string_view text, const ParseOptions& options = {}) {
  const ParseResult parsed = ParseGraphFile(text, "hostile.otm", options);
  EXPECT_FALSE(parsed.ok());
  FormatDiagnostics(parsed.diagnostics, text);
  return parsed.ok() ? "" : parsed.diagnostics[0].message;
}

std::string Body(absl::string_view statement) {
  return absl::StrCat("graph f(x: f64[n]) -> y {\n  y = ", statement, "\n}\n");
}

TEST(Hostile, NestingIsLimited) {
  const std::string too_deep = "nesting deeper than 256 levels";
  EXPECT_EQ(Refusal(Body(Repeat("(", 10'000) + "x" + Repeat(")", 10'000))), too_deep);
  EXPECT_EQ(Refusal(Body(Repeat("(", 10'000))), too_deep);
  EXPECT_EQ(Refusal(Body(Repeat("[", 10'000))), too_deep);
  EXPECT_EQ(Refusal(Body(Repeat("-", 10'000) + "x")), too_deep);
  EXPECT_EQ(Refusal(Body(Repeat("x**", 10'000) + "x")), too_deep);
  EXPECT_EQ(Refusal(Body(Repeat("exp(", 10'000) + "x")), too_deep);
  EXPECT_EQ(Refusal(Body(Repeat("x[", 10'000) + "0")), too_deep);
  EXPECT_EQ(Refusal("graph f(x: f64[" + Repeat("(", 10'000)), too_deep);
  EXPECT_EQ(Refusal("graph f(x: f64[n" + Repeat("+n", 10'000) + "]) -> x {}"),
            "this size is too long");
  EXPECT_TRUE(ParseGraphFile(Body(Repeat("(", 200) + "x" + Repeat(")", 200)), "f.otm").ok());
}

TEST(Hostile, SizesDoNotExplode) {
  // (a+b)*(c+d)*... has 2^k terms.
  std::string product = "1";
  for (int i = 0; i < 40; ++i) absl::StrAppend(&product, "*(a", i, "+b", i, ")");
  EXPECT_EQ(Refusal("graph f(x: f64[" + product + "]) -> x {}"), "this size is too large");
  EXPECT_EQ(Refusal("graph f(x: f64[9999999999999999999]) -> x {}"), "an integer beyond 64 bits");
  EXPECT_EQ(Refusal("graph f(x: f64[4611686018427387904]) -> x {}"), "this size is too large");
  EXPECT_EQ(Refusal("graph f(x: f64[n // 0]) -> x {}"), "a size divided by 0");
  EXPECT_THAT(Refusal("graph f(x: f64[" + Repeat("1,", 100) + "]) -> x {}"),
              HasSubstr("16 are the most"));
  EXPECT_THAT(Refusal(Body("eye(3000000000, 3000000000, dtype=f64)")), HasSubstr("too large"));
}

TEST(Hostile, BytesThatAreNoText) {
  EXPECT_EQ(Refusal(absl::string_view("\0", 1)), "the control character U+0000 cannot stand here");
  EXPECT_EQ(Refusal("\xff\xfe"), "the byte 0xFF is not valid UTF-8");
  EXPECT_EQ(Refusal("# \xc3\x28\n"), "this comment is not valid UTF-8");
  EXPECT_EQ(Refusal("graph f(x: f64[n]) -> y { y = \"\xed\xa0\x80\" }"),
            "this string is not valid UTF-8");
  EXPECT_EQ(Refusal("graph f(x: f64[n]) -> y { y = \"abc"), "this string does not end on its line");
  EXPECT_EQ(Refusal(""), "there is no graph in this file");
  EXPECT_EQ(Refusal("\xEF\xBB\xBF"), "there is no graph in this file");
  EXPECT_THAT(Refusal(Repeat("x", 1000)), HasSubstr("255 are the most"));
  EXPECT_THAT(Refusal(Body(Repeat("9", 5000))), HasSubstr("1000 are the most"));
}

TEST(Hostile, ErrorsStopAtTwenty) {
  std::string text = "graph f(x: f64[n]) -> y {\n";
  for (int i = 0; i < 1000; ++i) absl::StrAppend(&text, "  y", i, " = unknown", i, "(x)\n");
  EXPECT_EQ(ParseGraphFile(text + "}", "f.otm").diagnostics.size(), 20u);
  EXPECT_EQ(ParseGraphFile(Repeat("? ", 100'000), "f.otm").diagnostics.size(), 1u);
  EXPECT_EQ(ParseGraphFile(Repeat("?\n", 100'000), "f.otm").diagnostics.size(), 1u);
  EXPECT_EQ(ParseGraphFile(Repeat("graph ?\n", 100'000), "f.otm").diagnostics.size(), 20u);
}

TEST(Hostile, LimitsAreKept) {
  ParseOptions options;
  options.max_bytes = 100;
  EXPECT_EQ(Refusal(Repeat(" ", 101), options), "the file has 101 bytes; 100 are the most");
  options = {};
  options.max_nodes = 10;
  EXPECT_EQ(Refusal(Body("x" + Repeat(" + x", 11)), options), "the graph has more than 10 nodes");
  options.max_errors = 3;
  EXPECT_EQ(ParseGraphFile(Body("a\n b = c\n d = e\n g = h"), "f.otm", options).diagnostics.size(),
            3u);
}

// Each graph calls the one before twice: 2^40 nodes when written out.
TEST(Hostile, CallsDoNotExplode) {
  std::string text = "graph g0(x: f64[n]) -> y { y = exp(x) }\n";
  for (int i = 1; i <= 40; ++i) {
    absl::StrAppend(&text, "graph g", i, "(x: f64[n]) -> y { y = g", i - 1, "(g", i - 1,
                    "(x)) }\n");
  }
  EXPECT_EQ(Refusal(text), "the graph has more than 10000000 nodes");
  text = "graph g0(x: f64[n]) -> y { y = exp(x) }\n";
  for (int i = 1; i <= 100; ++i) {
    absl::StrAppend(&text, "graph g", i, "(x: f64[n]) -> y { y = g", i - 1, "(x) }\n");
  }
  EXPECT_EQ(Refusal(text), "graphs that call graphs, more than 64 deep");
  text = "graph g0(x: f32[n]) -> y { y = x + rand([n]) }\n";
  for (int i = 1; i <= 20; ++i) {
    absl::StrAppend(&text, "graph g", i, "(x: f32[n]) -> y { y = g", i - 1, "(g", i - 1,
                    "(x)) }\n");
  }
  EXPECT_THAT(Refusal(text), HasSubstr("write out more than 100000 nodes"));
  EXPECT_EQ(Refusal("graph f(x: f64[n]) -> y { y = f(x) }"), "the graph f calls itself");
  EXPECT_EQ(Refusal("graph f(x: f64[n]) -> y { y = g(x) }\ngraph g(x: f64[n]) -> y { y = f(x) }"),
            "the graph g is defined later in the file");
}

TEST(Hostile, LoadStaysInItsFolder) {
  ParseOptions options;
  int loads = 0;
  options.load = [&](const std::string&) -> absl::StatusOr<Tensor> {
    ++loads;
    return Tensor::Of<double>({1, 2, 3});
  };
  const std::string folder = ::testing::TempDir() + "otium_load_test";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder + "/inside/deeper");
  std::filesystem::create_directory_symlink("..", folder + "/inside/link");
  const std::string file = folder + "/inside/f.otm";
  const auto load = [&](absl::string_view name) {
    return ParseGraphFile(absl::StrCat("graph f() -> y { y = load(\"", name, "\") }"), file,
                          options);
  };
  EXPECT_TRUE(load("w.npy").ok());
  EXPECT_TRUE(load("deeper/../w.npy").ok());
  EXPECT_EQ(loads, 2);
  for (absl::string_view outside :
       {"../w.npy", "/etc/passwd", "deeper/../../w.npy", "link/w.npy", ""}) {
    EXPECT_FALSE(load(outside).ok()) << outside;
  }
  EXPECT_EQ(loads, 2);
  options.load_anywhere = true;
  EXPECT_TRUE(load("../w.npy").ok());
  std::filesystem::remove_all(folder);
}

TEST(Hostile, OneFileIsLoadedOnce) {
  ParseOptions options;
  int loads = 0;
  options.load = [&](const std::string&) -> absl::StatusOr<Tensor> {
    ++loads;
    return Tensor::Of<double>({1, 2, 3});
  };
  EXPECT_TRUE(
      ParseGraphFile("graph f() -> y { y = load(\"w.npy\") + load(\"w.npy\") }", "f.otm", options)
          .ok());
  EXPECT_EQ(loads, 1);
}

TEST(Hostile, FormattingRefusesWhatDoesNotParse) {
  const FormatResult result = FormatGraphFile("graph f(x: f64[n]) -> y { y = (x }", "f.otm");
  EXPECT_TRUE(result.text.empty());
  EXPECT_EQ(result.diagnostics.size(), 1u);
}

}  // namespace
}  // namespace otium
