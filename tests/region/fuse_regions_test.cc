// SPDX-License-Identifier: Apache-2.0
//
// Fusing regions changes no bit: random programs with regions that meet, branch,
// reduce over several dimensions and surround products, planned with the pass and
// without any.

#include <random>

#include "absl/strings/str_cat.h"
#include "engine/engine.h"
#include "gtest/gtest.h"
#include "ops/ops.h"
#include "tests/region/run_by_ops.h"
#include "tests/rounds.h"

namespace otium {
namespace {

using Random = std::mt19937;

int64_t Pick(Random& random, int64_t low, int64_t high) {
  return std::uniform_int_distribution<int64_t>(low, high)(random);
}

struct Case {
  absl::StatusOr<Function> function;
  TensorMap inputs;
};

Case RandomProgram(Random& random) {
  const int64_t m = Pick(random, 0, 9) == 0 ? 0 : Pick(random, 1, 40), n = Pick(random, 1, 300);
  Function::Builder b("program");
  TensorMap inputs;
  std::vector<Expr> values;
  auto add_input = [&](const char* name, Sizes sizes) {
    Tensor t = *Tensor::Allocate(DType::kF32, sizes);
    for (int64_t i = 0; i < t.NumElements(); ++i) {
      t.mutable_data<float>()[i] = static_cast<float>(random() % 2048) / 1024 - 1;
    }
    inputs.Set(name, t);
    values.push_back(b.Input(name, DType::kF32, Shape(absl::MakeConstSpan(sizes))));
  };
  add_input("x", {m, n});
  add_input("w", {n});
  add_input("c", {m, 1});
  add_input("s", {});
  auto pick = [&] { return values[Pick(random, 0, static_cast<int64_t>(values.size()) - 1)]; };
  for (int64_t step = Pick(random, 3, 25); step > 0; --step) {
    const Expr a = pick(), c = pick();
    Expr made;
    switch (Pick(random, 0, 13)) {
      case 0: made = a + c; break;
      case 1: made = a * c; break;
      case 2: made = a - c * 0.5; break;
      case 3: made = tanh(a); break;
      case 4: made = relu(a) + 1; break;
      case 5:
        made = sum(a, a.shape().rank() == 0 ? Ints{} : Ints{-1}, Pick(random, 0, 1) == 0);
        break;
      case 6: made = a.shape().rank() == 0 ? a : mean(a, Ints{0}, Pick(random, 0, 1) == 0); break;
      case 7: made = sum(a); break;
      case 8: made = a.shape().rank() == 0 ? a : softmax(a, -1); break;
      case 9: made = unsqueeze(a, Pick(random, 0, 1) == 0 ? 0 : -1); break;
      case 10: made = a.shape().rank() < 2 ? a : transpose(a, -2, -1); break;
      case 11: made = where(gt(a, c), a, c); break;
      case 12: made = a.shape().rank() == 2 ? mm(a.T(), a) * 0.01 : a; break;
      case 13: made = cast(cast(a, DType::kF16), DType::kF32); break;
    }
    // Shapes that do not broadcast, and values that grow too large, are left out.
    if (!made.status().ok() || made.shape().rank() > 3 || made.dtype() != DType::kF32) continue;
    if (made.shape().NumElements() > 200000) continue;
    values.push_back(made);
  }
  int outputs = 0;
  for (int64_t i = Pick(random, 1, 4); i > 0; --i) b.Output(absl::StrCat("y", outputs++), pick());
  b.Output("last", values.back());
  return {b.Build(), std::move(inputs)};
}

TEST(FuseRegionsTest, ChangesNoBit) {
  int fused = 0, ran = 0;
  for (int seed = 0; seed < Rounds(400); ++seed) {
    Random random(seed);
    Case c = RandomProgram(random);
    if (!c.function.ok()) continue;
    CompileOptions with, without;
    with.optimize.math = without.optimize.math = MathMode::kStrict;
    with.optimize.verify = true;
    without.optimize.disabled_passes = {"fuse_regions"};
    const auto a = Compile(*c.function, with), b = Compile(*c.function, without);
    ASSERT_TRUE(a.ok() && b.ok()) << a.status() << b.status();
    const auto plan = a->PlanFor(c.inputs, {});
    ASSERT_TRUE(plan.ok()) << seed << ": " << plan.status();
    for (const PlanStep& step : (*plan)->steps) {
      fused += step.op != nullptr && step.op->id == Op::fused;
    }
    const auto fast = a->Run(c.inputs), plain = b->Run(c.inputs);
    ASSERT_TRUE(fast.ok() && plain.ok()) << seed << ": " << fast.status() << plain.status();
    for (const auto& [name, value] : *plain) {
      EXPECT_EQ(BitDifference((*fast)[name], value), "") << "seed " << seed << " " << name;
    }
    ++ran;
    if (HasFailure()) break;
  }
  EXPECT_GT(ran, Rounds(300));
  EXPECT_GT(fused, Rounds(300));
}

// A chain is cut into regions, in linear time.
TEST(FuseRegionsTest, LongChains) {
  Function::Builder b("chain");
  const Expr x = b.Input("x", DType::kF32, {16}), y = b.Input("y", DType::kF32, {16});
  Expr z = x;
  for (int i = 0; i < 50000; ++i) z = (i % 2 == 0) ? z + y : relu(z);
  b.Output("z", z);
  const auto f = b.Build();
  ASSERT_TRUE(f.ok()) << f.status();
  const auto program = Compile(*f);
  ASSERT_TRUE(program.ok()) << program.status();
  TensorMap inputs;
  inputs.Set("x", *Tensor::Allocate(DType::kF32, {16}));
  inputs.Set("y", *Tensor::Allocate(DType::kF32, {16}));
  const auto plan = program->PlanFor(inputs, {});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_LT((*plan)->steps.size(), 50000 / 32);
}

}  // namespace
}  // namespace otium
