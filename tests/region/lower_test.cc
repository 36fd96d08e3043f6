// SPDX-License-Identifier: Apache-2.0
//
// Loop programs as text, for regions written as expressions.

#include "backends/region/lower.h"

#include "absl/strings/str_cat.h"
#include "engine/graph/function.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/ops.h"

namespace otium {
namespace {

std::string LoweredText(Function::Builder& b) {
  const absl::StatusOr<Function> f = b.Build();
  if (!f.ok()) return f.status().ToString();
  const auto program = region::LowerRegion(f->graph());
  return program.ok() ? program->ToString() : program.status().ToString();
}

TEST(LowerTest, PointwiseWithBroadcastAndConstant) {
  Function::Builder b("f");
  const Expr a = b.Input("a", DType::kF32, {6, 4}), v = b.Input("v", DType::kF32, {4});
  b.Output("y", (a * v + a) / (v * v + 1));
  EXPECT_EQ(LoweredText(b), R"(loop [6, 4]
  %0 = load in0[0, 1] : f32
  %1 = load in1[*, 0] : f32
  %2 = mul %0, %1 : f32
  %3 = add %2, %0 : f32
  %4 = mul %1, %1 : f32
  %5 = 1 : f32 uniform
  %6 = add %4, %5 : f32
  %7 = div %3, %6 : f32
  out0[0, 1] = %7 : f32
)");
}

TEST(LowerTest, RowsAreStages) {
  Function::Builder b("f");
  const Expr x = b.Input("x", DType::kF32, {6, 4});
  const auto [var, mean] = var_mean(x, Ints{1}, 1, /*keepdim=*/true);
  b.Output("y", (x - mean) / var);
  EXPECT_EQ(LoweredText(b), R"(loop [6 | 4]
  %0 = load in0[0, 1] : f32
  %1 = reduce sum %0 : f32 row, stage 1
  %2 = 4 : f32 uniform
  %3 = div %1, %2 : f32 row, stage 1
  %4 = sub %0, %3 : f32, stage 1
  %5 = mul %4, %4 : f32, stage 1
  %6 = reduce sum %5 : f32 row, stage 2
  %7 = 3 : f32 uniform
  %8 = div %6, %7 : f32 row, stage 2
  %9 = div %4, %8 : f32, stage 2
  out0[0, 1] = %9 : f32
)");
}

TEST(LowerTest, LeadingReductionsKeepInnerColumns) {
  Function::Builder b("f");
  const Expr x = b.Input("x", DType::kF16, {2, 6, 4});
  b.Output("s", sum(exp(x), Ints{1}));
  EXPECT_EQ(LoweredText(b), R"(loop [2 | 6 | 4]
  %0 = load in0[0, 1, 2] : f32
  %1 = exp %0 : f32
  %2 = round_f16 %1 : f32
  %3 = reduce sum %2 : f32 row, stage 1
  %4 = round_f16 %3 : f32 row, stage 1
  out0[0, *, 1] = %4 : f16
)");
}

TEST(LowerTest, TransposesVanishIntoIndexMaps) {
  Function::Builder b("f");
  const Expr x = b.Input("x", DType::kF64, {3, 3}), y = b.Input("y", DType::kF64, {3, 1});
  b.Output("z", transpose(exp(x), 0, 1) + y);
  EXPECT_EQ(LoweredText(b), R"(loop [3, 3]
  %0 = load in0[1, 0] : f64
  %1 = exp %0 : f64
  %2 = load in1[0, *] : f64
  %3 = add %1, %2 : f64
  out0[0, 1] = %3 : f64
)");
}

TEST(LowerTest, ValuesThatVaryLessAreRaised) {
  Function::Builder b("f");
  const Expr x = b.Input("x", DType::kF32, {5, 3}), s = b.Input("s", DType::kF32, {});
  b.Output("row", sum(x, Ints{1}));
  b.Output("all", x + s);
  b.Output("weighted", sum(x, Ints{1}) * s);
  EXPECT_EQ(LoweredText(b), R"(loop [5 | 3]
  %0 = load in0[0, 1] : f32
  %1 = reduce sum %0 : f32 row, stage 1
  %2 = load in1[*, *] : f32 uniform
  %3 = add %0, %2 : f32
  %4 = mul %1, %2 : f32 row, stage 1
  out0[0, *] = %1 : f32
  out1[0, 1] = %3 : f32
  out2[0, *] = %4 : f32
)");
}

TEST(LowerTest, OneSpaceOnly) {
  Function::Builder b("f");
  const Expr x = b.Input("x", DType::kF32, {5, 3});
  b.Output("y", sum(x, Ints{0}));
  b.Output("z", sum(x, Ints{1}));
  EXPECT_THAT(LoweredText(b), testing::HasSubstr("in an iteration space of [5, 3]"));

  Function::Builder c("f");
  const Expr u = c.Input("u", DType::kF32, {5, 3});
  c.Output("y", u - sum(u));
  EXPECT_THAT(LoweredText(c), testing::HasSubstr("loop [ | 5, 3]"));

  Function::Builder d("f");
  const Expr w = d.Input("w", DType::kF32, {5, 5}), t = d.Input("t", DType::kF32, {5, 5});
  d.Output("y", sum(w, Ints{1}) + t);
  EXPECT_THAT(LoweredText(d), testing::HasSubstr("different dimensions"));

  Function::Builder e("f");
  const Expr m = e.Input("m", DType::kF32, {5, 5});
  e.Output("y", mv(m, sum(m, Ints{1})));
  EXPECT_THAT(LoweredText(e), testing::HasSubstr("mv cannot be in a region"));
}

}  // namespace
}  // namespace otium
