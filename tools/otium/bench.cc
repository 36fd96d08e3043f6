// SPDX-License-Identifier: Apache-2.0
//
// otium bench: how long a planned graph takes, and what share of the roofline of
// the cost model that is.

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "engine/base/cache_dir.h"
#include "engine/base/status.h"
#include "nlohmann/json.hpp"
#include "tools/otium/commands.h"
#include "tools/otium/execution.h"
#include "tools/otium/graph_file.h"
#include "tools/otium/pass_dump.h"
#include "tools/viz/explained_plan.h"
#include "tools/viz/units.h"

namespace otium::cli {

using viz::ExplainedPlan;
using viz::ExplainedSegment;
using viz::ExplainedStep;
using viz::ExplainPlans;
using viz::PlanToJson;
using viz::Rates;
using viz::RatesOf;
using viz::ScaledText;
using viz::SecondsText;

namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// The p-th percentile, between the two nearest runs.
double Percentile(const std::vector<double>& sorted, double p) {
  const double at = p / 100 * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(at);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

struct Timing {
  double first = 0;  // Planning included.
  std::vector<double> sorted;
};

absl::StatusOr<Timing> TimeRuns(const Program& program, const Inputs& inputs, RunOptions run,
                                std::optional<int> repeat) {
  constexpr double kBudget = 1.0;
  constexpr size_t kAtLeast = 5, kAtMost = 1000000;
  Timing timing;
  Clock::time_point start = Clock::now();
  absl::StatusOr<TensorMap> results = program.Run(inputs.tensors, run);
  if (!results.ok()) return WithRunExit(results.status());
  timing.first = SecondsSince(start);
  // Where results go is kept, as a user who runs a program often would; not when
  // their sizes are data.
  run.results = *std::move(results);
  if (!program.Run(inputs.tensors, run).ok()) run.results = TensorMap();
  double spent = 0;
  for (size_t i = 0; i < kAtMost; ++i) {
    const bool enough = repeat.has_value() ? i >= static_cast<size_t>(*repeat)
                                           : i >= kAtLeast && spent > kBudget;
    if (enough) break;
    start = Clock::now();
    const absl::Status status = program.Run(inputs.tensors, run).status();
    timing.sorted.push_back(SecondsSince(start));
    if (!status.ok()) return WithRunExit(status);
    OTIUM_RETURN_IF_ERROR(CheckInterrupted());
    spent += timing.sorted.back();
  }
  std::sort(timing.sorted.begin(), timing.sorted.end());
  return timing;
}

// As many runs with every step timed as take about a fifth of the measuring, all of
// which do the same steps; each step takes its median. A single run would tell more
// of interrupts than of steps. `first` is the first of them as it was.
struct ProfiledRuns {
  Profile first, median;
  int runs = 0;
};

absl::StatusOr<ProfiledRuns> ProfileRuns(const Program& program, const Inputs& inputs,
                                         RunOptions run, size_t timed_runs) {
  constexpr double kBudget = 0.2;
  constexpr size_t kAtMost = 101;
  ProfiledRuns result;
  std::vector<std::vector<double>> step_seconds;
  std::vector<double> seconds;
  double spent = 0;
  while (result.runs == 0 || (spent < kBudget && seconds.size() < std::min(timed_runs, kAtMost))) {
    Profile profile;
    run.profile = &profile;
    const absl::Status status = program.Run(inputs.tensors, run).status();
    if (!status.ok()) return WithRunExit(status);
    OTIUM_RETURN_IF_ERROR(CheckInterrupted());
    if (result.runs++ == 0) {
      result.first = profile;
      step_seconds.resize(profile.steps.size());
    }
    for (size_t i = 0; i < step_seconds.size(); ++i) {
      step_seconds[i].push_back(profile.steps[i].end - profile.steps[i].start);
    }
    seconds.push_back(profile.seconds);
    spent += profile.seconds;
  }
  auto median = [](std::vector<double>* values) {
    std::sort(values->begin(), values->end());
    return Percentile(*values, 50);
  };
  result.median = result.first;
  for (size_t i = 0; i < step_seconds.size(); ++i) {
    StepRecord& step = result.median.steps[i];
    step.end = step.start + median(&step_seconds[i]);
  }
  result.median.seconds = median(&seconds);
  return result;
}

}  // namespace

absl::Status BenchCommand(Session& session) {
  const Options& options = session.options();
  OTIUM_ASSIGN_OR_RETURN(CompileOptions compile, MakeCompileOptions(session));
  OTIUM_ASSIGN_OR_RETURN(const Function function, LoadGraph(session));
  std::optional<ProgressBar> bar(std::in_place, session, "reading inputs");
  OTIUM_ASSIGN_OR_RETURN(const Inputs inputs, BindInputs(session, function, Missing::kRandom));
  OTIUM_ASSIGN_OR_RETURN(RunOptions run, MakeRunOptions(session, inputs));
  bar->SetPhase("measuring");
  const Machine machine = MachineOf(compile);
  OTIUM_ASSIGN_OR_RETURN(const Program program, Compile(function, compile));
  if (!options.dump_passes.empty()) {
    CompileOptions dumped = compile;
    OTIUM_ASSIGN_OR_RETURN(const PassDump dump, PassDump::Start(options.dump_passes));
    dumped.optimize.observe = dump.Observer();
    OTIUM_ASSIGN_OR_RETURN(const Program watched, Compile(function, dumped));
    const auto plan = watched.PlanFor(inputs.tensors, run);
    if (!plan.ok()) return WithRunExit(plan.status());
    OTIUM_RETURN_IF_ERROR(dump.status());
  }
  OTIUM_ASSIGN_OR_RETURN(const Timing timing, TimeRuns(program, inputs, run, options.repeat));
  OTIUM_ASSIGN_OR_RETURN(const ProfiledRuns profiled,
                         ProfileRuns(program, inputs, run, timing.sorted.size()));
  if (!options.profile.empty()) {
    OTIUM_RETURN_IF_ERROR(WriteTrace(profiled.first, options.profile));
  }
  bar.reset();

  const ExplainedPlan plan =
      ExplainPlans(profiled.first.plans, machine, &profiled.median);
  const double median = Percentile(timing.sorted, 50);
  const Rates rates = RatesOf(plan.flops, plan.bytes, plan.roofline, median);
  if (options.json) {
    session.document()["bench"] = {{"runs", timing.sorted.size()},
                                   {"profiled_runs", profiled.runs},
                                   {"first_seconds", timing.first},
                                   {"median_seconds", median},
                                   {"min_seconds", timing.sorted.front()},
                                   {"p10_seconds", Percentile(timing.sorted, 10)},
                                   {"p90_seconds", Percentile(timing.sorted, 90)},
                                   {"p99_seconds", Percentile(timing.sorted, 99)},
                                   {"max_seconds", timing.sorted.back()},
                                   {"flops_per_second", rates.flops_per_second},
                                   {"bytes_per_second", rates.bytes_per_second},
                                   {"roofline_share", rates.roofline_share}};
    session.document()["plan"] = PlanToJson(plan);
    return absl::OkStatus();
  }
  std::vector<std::string> sizes;
  for (const auto& [name, value] : inputs.all_sizes.sizes()) {
    sizes.push_back(absl::StrCat(name, " = ", value));
  }
  session.Print(absl::StrFormat(
      "%s%s%s: %d runs\n"
      "  median     %s  (%s, %s, %.0f%% of the roofline)\n"
      "  min        %s\n"
      "  10%% - 90%%  %s - %s\n"
      "  99%%        %s\n"
      "  first run  %s, planning included\n",
      function.name(), sizes.empty() ? "" : ", ", absl::StrJoin(sizes, ", "), timing.sorted.size(),
      SecondsText(median), ScaledText(rates.flops_per_second, "FLOP/s"),
      ScaledText(rates.bytes_per_second, "B/s"), 100 * rates.roofline_share,
      SecondsText(timing.sorted.front()), SecondsText(Percentile(timing.sorted, 10)),
      SecondsText(Percentile(timing.sorted, 90)), SecondsText(Percentile(timing.sorted, 99)),
      SecondsText(timing.first)));
  session.Print(absl::StrFormat("  steps, the median of %d %s\n", profiled.runs,
                                profiled.runs == 1 ? "run" : "runs"));
  for (const ExplainedSegment& segment : plan.segments) {
    for (const ExplainedStep& s : segment.steps) {
      if (!s.measured.has_value()) continue;
      session.Print(absl::StrFormat("  %5.1f%%  %-12s %-20s %s\n", 100 * s.measured->share, s.op,
                                    s.kernel, SecondsText(s.measured->seconds)));
    }
  }
  if (!ReadCacheFile("machine.txt").ok()) {
    session.Note("otium: the roofline is a guess: otium calibrate measures this machine");
  }
  return absl::OkStatus();
}

}  // namespace otium::cli
