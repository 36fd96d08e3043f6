// SPDX-License-Identifier: Apache-2.0
//
// Sizes that are data: what is made of `nonzero`.

#include <string>
#include <vector>

#include "engine/otium.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/run/example.h"

namespace otium {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Expr Some() { return constant(Tensor::Of<float>({1, 0, 2})); }

// zeros([k]) has k from no operand: the node that makes k comes first, wherever
// it stands, and its value reaches the segment that needs its size.
TEST(DataSizes, AreKnownToWhatOnlyMentionsThem) {
  const Expr index = nonzero(Some());
  const Dim k = index.shape()[0];
  const Expr square = ones({k, k}, DType::kF32);
  // The mention comes first, and the next size is made of it.
  const Expr next = nonzero(square);
  const Expr last = zeros({next.shape()[0], k});
  const std::vector<Expr> exprs = {square + sum(index), k * sum(index), index, last, next};
  const auto values = Evaluate(exprs);
  ASSERT_TRUE(values.ok()) << values.status();
  EXPECT_THAT((*values)[0].ToVector<float>(), ElementsAre(3, 3, 3, 3));
  EXPECT_THAT((*values)[1].ToVector<int64_t>(), ElementsAre(4));
  EXPECT_THAT((*values)[3].sizes(), ElementsAre(4, 2));
}

TEST(DataSizes, AreThoseOfValuesKnownBefore) {
  const Expr index = nonzero(Some());
  ASSERT_TRUE(Evaluate(index).ok());
  const auto z = Evaluate(ones({index.shape()[0]}, DType::kF32) + sum(index));
  ASSERT_TRUE(z.ok()) << z.status();
  EXPECT_THAT(z->ToVector<float>(), ElementsAre(3, 3));
}

// Canonical text names sizes before it uses them.
TEST(DataSizes, TextIsReadAgain) {
  Function::Builder b("f");
  const Expr index = nonzero(b.Input("x", DType::kF32, {3}));
  b.Output("z", ones({index.shape()[0]}, DType::kF32) + sum(index));
  const std::string text = PrintGraph(b.Build()->graph());
  const ParseResult again = ParseGraphFile(text, "f.otm");
  ASSERT_TRUE(again.ok()) << text;
  EXPECT_EQ(PrintGraph(again.graphs.back().graph()), text);
}

TEST(DataSizes, UnknownOnesAreRefused) {
  EXPECT_THAT(Evaluate(zeros({Dim::Symbol("n")})).status().message(),
              HasSubstr("zeros: the size n is not known"));
  EXPECT_THAT(Evaluate(zeros({nonzero(Some()).shape()[0]})).status().message(),
              HasSubstr("zeros: a size is that of a value which is not computed"));
  Function::Builder b("f");
  b.Output("z", zeros({Dim::Symbol("n")}));
  const Program program = CompileOrDie(b);
  EXPECT_EQ(program.Run({}).status().code(), absl::StatusCode::kInvalidArgument);
  RunOptions options;
  options.sizes.Set("n", 3);
  EXPECT_TRUE(program.Run({}, options).ok());
}

}  // namespace
}  // namespace otium
