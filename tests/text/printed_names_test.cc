// SPDX-License-Identifier: Apache-2.0
//
// Names that a caller wants in canonical text.

#include <string>
#include <vector>

#include "engine/graph/text/lower.h"
#include "engine/graph/text/printer.h"
#include "gmock/gmock.h"

namespace otium {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class PrintedNames : public testing::Test {
 protected:
  const ParseResult parsed_ = ParseGraphFile(R"(graph f(A: f64[n, n], x: f64[n]) -> z {
  t = A @ x
  z = exp(sqrt(t) + sqrt(x))
}
)",
                                             "f.otm");
  // A, x, t, sqrt(t), sqrt(x), their sum, z.
  const Graph& graph_ = parsed_.graphs.at(0).graph();
};

TEST_F(PrintedNames, AreThoseOfTheUserAndNumbers) {
  EXPECT_THAT(ChooseValueNames(graph_), ElementsAre("A", "x", "t", "v0", "v1", "v2", "z"));
}

TEST_F(PrintedNames, WantedOnesComeBeforeUsersAndAfterThoseOfTheHeader) {
  //                                        taken   over users'      taken  no name  taken
  const std::vector<std::string> wanted = {"other",     "",        "product", "x",
                                           "two words", "product", "w"};
  size_t next = 5;
  const std::vector<std::string> names = ChooseValueNames(graph_, wanted, &next);
  EXPECT_THAT(names, ElementsAre("A", "x", "product", "v5", "v6", "v7", "z"));
  EXPECT_EQ(next, 8u);
}

TEST_F(PrintedNames, DoNotChangeTheGraph) {
  const std::vector<std::string> names =
      ChooseValueNames(graph_, {"", "", "product", "n", "left", "right", ""});
  // A size has its name already.
  EXPECT_THAT(names, ElementsAre("A", "x", "product", "v0", "left", "right", "z"));
  PrintOptions options;
  options.names = names;
  const std::string text = PrintGraph(graph_, options);
  EXPECT_THAT(text, HasSubstr("right: f64[n] = add(v0, left)"));
  const ParseResult again = ParseGraphFile(text, "g.otm");
  ASSERT_TRUE(again.ok()) << text;
  EXPECT_EQ(again.graphs[0].graph().fingerprint(), graph_.fingerprint());
}

}  // namespace
}  // namespace otium
