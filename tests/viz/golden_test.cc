// SPDX-License-Identifier: Apache-2.0
//
// Outputs as files: tests/viz/golden/NAME.otm is planned, and drawn as NAME.svg,
// NAME.dot and NAME.txt. OTIUM_BLESS=1 writes them anew: look at what changed.

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "tests/viz/planned.h"
#include "tools/viz/outputs.h"

namespace otium::viz {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

class Golden : public testing::TestWithParam<const char*> {};

TEST_P(Golden, IsAsItWas) {
  const std::string stem = absl::StrCat("tests/viz/golden/", GetParam());
  const Planned planned = PlanText(ReadFile(stem + ".otm"), absl::StrCat(GetParam(), ".otm"));
  ASSERT_NE(planned.plan, nullptr);
  const Document document = planned.Describe();
  const std::pair<std::string, std::string> outputs[] = {
      {".svg", ToSvg(document)}, {".dot", ToDot(document)}, {".txt", ToListing(document)}};
  for (const auto& [extension, text] : outputs) {
    if (std::getenv("OTIUM_BLESS") != nullptr) {
      std::ofstream(stem + extension) << text;
    } else {
      EXPECT_EQ(text, ReadFile(stem + extension)) << stem << extension;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Graphs, Golden, testing::Values("addmv", "scopes"));

TEST(Outputs, AreTheSameForThePlanMadeAgain) {
  const std::string text = ReadFile("tests/viz/golden/scopes.otm");
  const Planned a = PlanText(text, "scopes.otm"), b = PlanText(text, "scopes.otm");
  EXPECT_EQ(ToJson(a.Describe(), *a.machine), ToJson(b.Describe(), *b.machine));
  EXPECT_EQ(ToSvg(a.Describe()), ToSvg(b.Describe()));
}

TEST(Outputs, GraphvizReadsDot) {
  if (std::system("command -v dot >/dev/null") != 0) GTEST_SKIP() << "there is no Graphviz";
  for (const char* name : {"addmv", "scopes"}) {
    EXPECT_EQ(
        std::system(absl::StrCat("dot -Tplain tests/viz/golden/", name, ".dot >/dev/null").c_str()),
        0);
  }
}

}  // namespace
}  // namespace otium::viz
