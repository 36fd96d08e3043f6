// SPDX-License-Identifier: Apache-2.0
#include "tools/viz/value_names.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "engine/graph/text/lower.h"
#include "engine/graph/text/printer.h"
#include "gmock/gmock.h"
#include "tests/viz/planned.h"
#include "tools/viz/line_diff.h"
#include "tools/viz/stage_printer.h"

namespace otium::viz {
namespace {

using testing::HasSubstr;

// The stages of a graph, as text.
std::vector<std::string> StagesOf(const Planned& planned) {
  std::vector<std::string> texts;
  StagePrinter printer;
  for (const auto& [pass, graph] : planned.history.segments().at(0)) {
    texts.push_back(printer.Print(graph));
  }
  return texts;
}

std::string GoldenText(absl::string_view name) {
  std::stringstream text;
  text << std::ifstream(absl::StrCat("tests/viz/golden/", name, ".otm")).rdbuf();
  return text.str();
}

TEST(ValueNames, OneChangeIsOneLine) {
  // Nothing else of the text changes when the first of many values goes.
  const Planned planned = PlanText(R"(# sizes: n=30
graph f(A: f64[n, n], x: f64[n], y: f64[n]) -> z {
  z = exp(exp(exp(exp(y + A @ x) @ A) @ A) @ A)
}
)",
                                   "f.otm");
  const std::vector<std::string> texts = StagesOf(planned);
  EXPECT_EQ(texts[0], PrintGraph(*planned.history.segments()[0][0].second));
  bool seen = false;
  for (size_t i = 1; i < texts.size(); ++i) {
    if (planned.history.segments()[0][i].first != "fuse_products") continue;
    seen = true;
    const LineDiff diff = DiffLines(texts[i - 1], texts[i], 100);
    EXPECT_EQ(diff.added, 1u) << diff.text;
    EXPECT_EQ(diff.removed, 2u) << diff.text;
    EXPECT_THAT(diff.text, HasSubstr("+  v1: f64[30] = addmv(y, A, x)\n"));
  }
  EXPECT_TRUE(seen);
}

TEST(ValueNames, TextsAreTheGraphs) {
  for (const char* name : {"addmv", "scopes"}) {
    const Planned planned = PlanText(GoldenText(name), name);
    const std::vector<std::string> texts = StagesOf(planned);
    ASSERT_GT(texts.size(), 3u);
    for (size_t i = 0; i < texts.size(); ++i) {
      const ParseResult parsed = ParseGraphFile(texts[i], "stage.otm");
      ASSERT_TRUE(parsed.ok()) << texts[i];
      EXPECT_EQ(parsed.graphs.back().graph().fingerprint(),
                planned.history.segments()[0][i].second->fingerprint())
          << texts[i];
    }
  }
}

// A value that lives on has one name, and that of one that went is given only to what
// was made of it.
TEST(ValueNames, StayWithTheirNodes) {
  const Document document = PlanText(GoldenText("scopes"), "scopes.otm").Describe();
  const Segment& s = document.segments[0];
  const auto name_of = [](const Node& node) {
    return std::string(absl::string_view(node.text).substr(0, node.text.find(':')));
  };
  int inherited = 0;
  for (size_t i = 0; i < s.nodes.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (name_of(s.nodes[i]) != name_of(s.nodes[j])) continue;
      const Node& a = s.nodes[j].first < s.nodes[i].first ? s.nodes[j] : s.nodes[i];
      const Node& b = &a == &s.nodes[j] ? s.nodes[i] : s.nodes[j];
      EXPECT_LT(a.last, b.first) << a.text << "\n" << b.text;
      ++inherited;
    }
  }
  EXPECT_GT(inherited, 0);
}

}  // namespace
}  // namespace otium::viz
