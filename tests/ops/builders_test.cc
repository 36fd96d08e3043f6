// SPDX-License-Identifier: Apache-2.0
//
// What builders take that graph files write in another way.

#include "engine/graph/text/printer.h"

#include <type_traits>

#include "engine/otium.h"
#include "gtest/gtest.h"
#include "ops/ops.h"

namespace otium {
namespace {

// The canonical text of a graph with the one output e.
std::string TextOf(const Expr& e) {
  Function::Builder b("g");
  b.Output("y", e);
  const absl::StatusOr<Function> f = b.Build();
  return f.ok() ? PrintGraph(f->graph()) : std::string(f.status().message());
}

TEST(Builders, DimensionsAreNoneOneOrSeveral) {
  const Expr x = constant(Tensor::Of<float>({{1, 2}, {3, 4}}));
  EXPECT_EQ(TextOf(sum(x)), TextOf(sum(x, std::nullopt)));
  EXPECT_EQ(TextOf(sum(x, -1)), TextOf(sum(x, Ints{-1})));
  EXPECT_EQ(TextOf(sum(x, {0, 1}, true)), TextOf(sum(x, Ints{0, 1}, true)));
  EXPECT_EQ(TextOf(squeeze(x, 0)), TextOf(squeeze(x, {0})));
  EXPECT_NE(TextOf(sum(x, 0)), TextOf(sum(x, 1)));
  static_assert(!std::is_convertible_v<bool, DimsArg>, "keepdim in the place of dim");
  const absl::StatusOr<Tensor> rows = Evaluate(sum(x, -1));
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_TRUE(Tensor::BitwiseEqual(*rows, Tensor::Of<float>({3, 7})));
}

TEST(Builders, OnPinsANode) {
  const Expr x = constant(Tensor::Of<float>({1, 2}));
  EXPECT_NE(TextOf(on(exp(x), Device{DeviceKind::kCuda, 1})).find("exp(v0) on cuda:1"),
            std::string::npos)
      << TextOf(on(exp(x), Device{DeviceKind::kCuda, 1}));
  const absl::StatusOr<Tensor> y = Evaluate(on(x + 1, Device{}));
  ASSERT_TRUE(y.ok()) << y.status();
  EXPECT_TRUE(Tensor::BitwiseEqual(*y, Tensor::Of<float>({2, 3})));
}

TEST(Builders, CloneIsACopy) {
  const Tensor t = Tensor::Of<float>({{1, 2}, {3, 4}});
  const absl::StatusOr<Tensor> y = Evaluate(clone(constant(t).T()));
  ASSERT_TRUE(y.ok()) << y.status();
  EXPECT_TRUE(Tensor::BitwiseEqual(*y, Tensor::Of<float>({{1, 3}, {2, 4}})));
  EXPECT_NE(y->data(), t.data());
}

TEST(Builders, AssumedFactsHoldOrAreRefused) {
  Structure spd;
  spd.flags = kPd;
  const Tensor good = Tensor::Of<double>({{4, 2}, {2, 3}}),
               bad = Tensor::Of<double>({{4, 2}, {1, 3}});
  const Expr b = constant(Tensor::Of<double>({1, 1}));
  const absl::StatusOr<Tensor> x = Evaluate(solve(assume(constant(good), spd), b));
  ASSERT_TRUE(x.ok()) << x.status();
  EXPECT_NEAR(x->data<double>()[0], 0.125, 1e-15);
  EXPECT_NEAR(x->data<double>()[1], 0.25, 1e-15);
  EXPECT_EQ(Evaluate(solve(assume(constant(bad), spd), b)).status().code(),
            absl::StatusCode::kInvalidArgument);
  const Expr wide = constant(Tensor::Of<double>({{1, 2, 3}}));
  EXPECT_NE(assume(wide, spd).status().message().find("only square matrices"),
            absl::string_view::npos)
      << assume(wide, spd).status();
}

}  // namespace
}  // namespace otium
