// SPDX-License-Identifier: Apache-2.0
//
// Runs that end early, side by side, or find a plan: limits, cancellation, failure, threads
// and the cache of plans.

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/otium.h"
#include "engine/run/plan_cache.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/run/example.h"

namespace otium {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// ---- limits, cancellation, failure

TEST(Run, MemoryLimitIsCheckedBeforeTheRun) {
  const Program program = Example();
  const absl::StatusOr<TensorMap> r = program.Run({{"x", kX}, {"y", kY}}, {.memory_limit = 40});
  EXPECT_EQ(r.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(r.status().message()), HasSubstr("the limit is 40"));
  SizeBindings sizes;
  sizes.Set("m", 2);
  sizes.Set("n", 3);
  const auto plan = program.PlanFor(sizes);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_TRUE(program.Run({{"x", kX}, {"y", kY}}, {.memory_limit = (*plan)->peak_bytes}).ok());
}

// 20,000 steps that depend on each other.
Program LongProgram() {
  Function::Builder b("long");
  const Expr A = b.Input("A", DType::kF64, {2, 2});
  Expr x = b.Input("x", DType::kF64, {2});
  for (int i = 0; i < 20000; ++i) x = mv(A, x);
  b.Output("x", x);
  return CompileOrDie(b);
}

TEST(Run, IsCancelledBetweenSteps) {
  const Program program = LongProgram();
  const TensorMap inputs = {{"A", Tensor::Of<double>({{0, 1}, {1, 0}})},
                            {"x", Tensor::Of<double>({1, 2})}};
  CancelFlag flag;
  flag.Cancel();
  EXPECT_EQ(program.Run(inputs, {.cancel = &flag}).status().code(), absl::StatusCode::kCancelled);
  // From another thread, somewhere on the way: some run stops early.
  bool cancelled = false;
  for (int round = 0; round < 200 && !cancelled; ++round) {
    CancelFlag later;
    Profile profile;
    std::thread canceller([&] { later.Cancel(); });
    const absl::StatusOr<TensorMap> r =
        program.Run(inputs, {.cancel = &later, .profile = &profile});
    canceller.join();
    cancelled = r.status().code() == absl::StatusCode::kCancelled && profile.steps.size() < 20000;
  }
  EXPECT_TRUE(cancelled);
  const absl::StatusOr<TensorMap> r = program.Run(inputs);
  ASSERT_TRUE(r.ok()) << r.status();
  EXPECT_THAT((*r)["x"].ToVector<double>(), ElementsAre(1, 2));
}

TEST(Run, FailureLeavesTheProgramUsable) {
  Function::Builder b("factor");
  b.Output("L", cholesky(b.Input("A", DType::kF64, {2, 2})));
  const Program program = CompileOrDie(b);
  for (int round = 0; round < 3; ++round) {
    const absl::StatusOr<TensorMap> bad =
        program.Run({{"A", Tensor::Of<double>({{1, 2}, {2, 1}})}});
    EXPECT_EQ(bad.status().code(), absl::StatusCode::kFailedPrecondition);
    const absl::StatusOr<TensorMap> good =
        program.Run({{"A", Tensor::Of<double>({{4, 2}, {2, 5}})}});
    ASSERT_TRUE(good.ok()) << good.status();
    EXPECT_THAT((*good)["L"].ToVector<double>(), ElementsAre(2, 0, 1, 2));
  }
}

TEST(Run, TheFirstFailureInTheSourceIsReported) {
  Function::Builder b("two");
  const Expr A = b.Input("A", DType::kF64, {2, 2}), B = b.Input("B", DType::kF64, {2, 2});
  const Expr first = cholesky(A);
  const uint32_t line = __LINE__ - 1;
  const Expr second = cholesky(B);
  // The plan may run them in either order.
  b.Output("second", second);
  b.Output("first", first);
  const Program program = CompileOrDie(b);
  const Tensor bad = Tensor::Of<double>({{1, 2}, {2, 1}});
  const absl::StatusOr<TensorMap> r = program.Run({{"A", bad}, {"B", bad}});
  EXPECT_EQ(r.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(PositionOf(r.status()).line, line);
  // Who prints the status reads it, too.
  EXPECT_THAT(r.status().ToString(),
              testing::HasSubstr(absl::StrCat("limits_test.cc:", line, ":")));
}

// ---- threads and the cache

// One plan would do for both, but not its positions.
TEST(Run, EqualExpressionsFailOnTheirOwnLines) {
  const Expr A = constant(Tensor::Of<double>({{1, 2}, {2, 1}}));
  const Expr here = cholesky(A);
  const Expr there = cholesky(A);
  const uint32_t line = __LINE__ - 1;
  EXPECT_EQ(PositionOf(Evaluate({here}, {}, {}).status()).line, line - 1);
  EXPECT_EQ(PositionOf(Evaluate({there}, {}, {}).status()).line, line);
}

TEST(Run, EvaluateSaysWhichExpressionIsEmpty) {
  const absl::Status status = Evaluate({ones({2}), Expr()}, {}, {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "expression 1 of 2 is empty");
}

TEST(Run, RandomNodesAreDifferentStreamsWheneverTheyAreEvaluated) {
  const Expr a = rand({100}), b = rand({100});
  ASSERT_TRUE(Evaluate({a}, {}, {}).ok());
  const absl::StatusOr<std::vector<Tensor>> r = Evaluate({a, b, a - b}, {}, {});
  ASSERT_TRUE(r.ok()) << r.status();
  EXPECT_NE((*r)[0].ToVector<float>(), (*r)[1].ToVector<float>());
  EXPECT_NE((*r)[2].ToVector<float>()[0], 0);
}

TEST(Run, TakesMoreOperandsThanSixteenBitsCount) {
  constexpr int64_t kCount = 70000;
  const Expr x = constant(Tensor::Of<float>({1, 2}));
  const absl::StatusOr<std::vector<Tensor>> r =
      Evaluate({sum(cat(std::vector<Expr>(kCount, x), 0))}, {}, {});
  ASSERT_TRUE(r.ok()) << r.status();
  EXPECT_EQ((*r)[0].ToVector<float>()[0], 3.0f * kCount);
}

// A minute of work where anything is quadratic in them.
TEST(Run, TakesThousandsOfInputsAndOutputs) {
  constexpr int kMany = 10000;
  Function::Builder b("many");
  TensorMap inputs;
  RunOptions options;
  for (int i = 0; i < kMany; ++i) {
    const std::string name = absl::StrCat("x", i), result = absl::StrCat("y", i);
    b.Output(result, flip(b.Input(name, DType::kF64, {2}), {0}));
    inputs.Set(name, Tensor::Of<double>({0, 1.0 * i}));
    if (i % 2 == 0) options.results.Set(result, *Tensor::Allocate(DType::kF64, {2}));
  }
  const Program program = CompileOrDie(b);
  const absl::StatusOr<TensorMap> r = program.Run(std::move(inputs), options);
  ASSERT_TRUE(r.ok()) << r.status();
  for (int i = 0; i < kMany; ++i) {
    EXPECT_THAT((*r)[absl::StrCat("y", i)].ToVector<double>(), ElementsAre(i, 0));
  }
}

TEST(Run, IsReentrant) {
  const Program program = Example();
  Function::Builder b("picks");
  const Expr x = b.Input("x", DType::kF64, {Dim::Symbol("n")});
  b.Output("sum", sum(nonzero(x)) + 1);
  const Program segments = CompileOrDie(b);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 40; ++i) {
        // Sizes differ too: threads plan while others run.
        const int64_t n = 1 + (t + i) % 5;
        Tensor x_value = *Tensor::Allocate(DType::kF64, {2, n});
        for (int64_t k = 0; k < 2 * n; ++k) x_value.mutable_data<double>()[k] = t + k;
        const absl::StatusOr<TensorMap> r = program.Run({{"x", x_value}, {"y", x_value}});
        if (!r.ok() || (*r)["z"].ToVector<double>().back() != 3.0 * (t + 2 * n - 1)) ++wrong;
        const absl::StatusOr<TensorMap> s =
            segments.Run({{"x", Tensor::Of<double>({0, 1.0 * (t % 2), 3})}});
        if (!s.ok() || (*s)["sum"].ToVector<int64_t>()[0] != 3 + t % 2) ++wrong;
      }
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(wrong, 0);
}

TEST(PlanCache, KeepsTheLatest) {
  PlanCache cache;
  auto key = [](uint64_t i) { return Hasher().Add(i).Finish(); };
  const auto plan = std::make_shared<const Plan>();
  for (uint64_t i = 0; i < PlanCache::kMaxPlans + 10; ++i) {
    // The first is used all the time, and stays.
    EXPECT_EQ(cache.Find(key(0)) != nullptr, i > 0);
    cache.Insert(key(i), std::make_shared<Executable>(plan));
  }
  EXPECT_NE(cache.Find(key(0)), nullptr);
  for (uint64_t i = 1; i <= 10; ++i) EXPECT_EQ(cache.Find(key(i)), nullptr);
  for (uint64_t i = 11; i < PlanCache::kMaxPlans + 10; ++i) EXPECT_NE(cache.Find(key(i)), nullptr);
  // Who comes second gets what is there.
  const auto there = cache.Find(key(20));
  EXPECT_EQ(cache.Insert(key(20), std::make_shared<Executable>(plan)), there);
}

TEST(PlanCache, MoreSizesThanPlansAreFine) {
  const Program program = Example();
  for (int round = 0; round < 2; ++round) {
    for (int64_t n = 1; n <= static_cast<int64_t>(PlanCache::kMaxPlans) + 20; ++n) {
      Tensor x = *Tensor::Allocate(DType::kF64, {1, n});
      std::fill_n(x.mutable_data<double>(), n, 1.0);
      const absl::StatusOr<TensorMap> r = program.Run({{"x", x}, {"y", x}});
      ASSERT_TRUE(r.ok()) << r.status();
      EXPECT_EQ((*r)["z"].ToVector<double>().back(), 3.0);
    }
  }
}

}  // namespace
}  // namespace otium
