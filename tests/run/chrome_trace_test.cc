// SPDX-License-Identifier: Apache-2.0
#include "engine/run/chrome_trace.h"

#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "engine/otium.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace otium {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(ChromeTrace, HasARowForEachDeviceAndThreadAndAnEventForEachStep) {
  Function::Builder b("trace");
  const Expr x = b.Input("x", DType::kF64, {Dim::Symbol("n")});
  const Expr A = b.Input("A", DType::kF64, {2, 2});
  const Expr G = mm(A.T(), A);
  b.Name("G \"quoted\"", G);
  b.Output("s", solve(G, constant(Tensor::Of<double>({1, 2}))));
  b.Output("late", sum(nonzero(x)) * 2);
  const absl::StatusOr<Program> program = Compile(*b.Build());
  ASSERT_TRUE(program.ok()) << program.status();
  Profile profile;
  const absl::StatusOr<TensorMap> r =
      program->Run({{"x", Tensor::Of<double>({0, 1})}, {"A", Tensor::Of<double>({{2, 0}, {1, 3}})}},
                   {.profile = &profile});
  ASSERT_TRUE(r.ok()) << r.status();
  const std::string text = ChromeTrace(profile);
  EXPECT_EQ(ChromeTrace(profile), text);
  const auto trace = nlohmann::json::parse(text);
  std::vector<std::string> names, rows, segments, passes;
  for (const auto& event : trace["traceEvents"]) {
    if (event["ph"] == "M") {
      if (event["name"] == "thread_name") rows.push_back(event["args"]["name"]);
      continue;
    }
    EXPECT_GE(event["ts"].get<double>(), 0);
    EXPECT_GE(event["dur"].get<double>(), 0);
    if (event["cat"] == "segment") {
      segments.push_back(event["name"]);
      continue;
    }
    if (event["cat"] == "pass") {
      passes.push_back(event["name"]);
      continue;
    }
    names.push_back(event["name"]);
    EXPECT_EQ(event["cat"], "step");
    EXPECT_THAT(event["args"]["source"].get<std::string>(), HasSubstr("chrome_trace_test.cc"));
  }
  EXPECT_EQ(names.size(), profile.steps.size());
  EXPECT_THAT(names, testing::Contains("mm G \"quoted\""));
  EXPECT_THAT(passes, testing::Contains("fuse_products"));
  const int thread = profile.steps[0].thread;
  EXPECT_THAT(rows, ElementsAre("passes", "segments", absl::StrCat("cpu, thread ", thread)));
  EXPECT_THAT(segments, ElementsAre("segment 0", "segment 1"));
}

// Two threads that run one program are two rows; each keeps its number.
TEST(ChromeTrace, ThreadsHaveNumbers) {
  Function::Builder b("threads");
  b.Output("y", exp(b.Input("x", DType::kF64, {2})));
  const absl::StatusOr<Program> program = Compile(*b.Build());
  ASSERT_TRUE(program.ok()) << program.status();
  Profile here, there;
  const auto run = [&](Profile* profile) {
    const auto r = program->Run({{"x", Tensor::Of<double>({0, 1})}}, {.profile = profile});
    EXPECT_TRUE(r.ok()) << r.status();
  };
  run(&here);
  std::thread([&] {
    run(&there);
    run(&there);
  }).join();
  run(&here);
  std::set<int> first, second;
  for (const StepRecord& r : here.steps) first.insert(r.thread);
  for (const StepRecord& r : there.steps) second.insert(r.thread);
  ASSERT_EQ(first.size(), 1u);
  ASSERT_EQ(second.size(), 1u);
  EXPECT_NE(*first.begin(), *second.begin());
  here.steps[1].thread = *second.begin();
  for (const int thread : {*first.begin(), *second.begin()}) {
    EXPECT_THAT(ChromeTrace(here), HasSubstr(absl::StrCat("cpu, thread ", thread)));
  }
}

TEST(ChromeTrace, OfNothingIsStillJson) {
  EXPECT_TRUE(nlohmann::json::accept(ChromeTrace(Profile())));
}

}  // namespace
}  // namespace otium
