// SPDX-License-Identifier: Apache-2.0
#include "tools/otium/execution.h"

#include <chrono>
#include <cmath>
#include <functional>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/base/status.h"
#include "engine/io/atomic_file.h"
#include "engine/run/chrome_trace.h"
#include "tools/otium/graph_file.h"
#include "tools/otium/pass_dump.h"

namespace otium::cli {
namespace {

absl::StatusOr<std::shared_ptr<const Machine>> MachineFor(const Options& options) {
  auto machine = std::make_shared<Machine>(HostMachine());
  if (!options.device_model.empty()) {
    absl::StatusOr<DeviceModel> model = NamedDeviceModel(options.device_model);
    if (!model.ok()) return WithExit(model.status(), Exit::kUsage);
    if (machine->Find(model->device) != nullptr) {
      model->device.index = static_cast<int8_t>(machine->devices.size());
    }
    machine->devices.push_back(*std::move(model));
  }
  if (options.device == "auto") return machine;
  const std::optional<Device> device = DeviceFromString(options.device);
  if (!device.has_value()) {
    return Fail(Exit::kUsage, absl::StrCat("--device: '", options.device, "' is not a device"),
                "choose auto, cpu, cuda or cuda:N");
  }
  if (machine->Find(*device) == nullptr) {
    return Fail(Exit::kNoDevice,
                absl::StrCat("--device ", options.device, ": this machine has no ",
                             DeviceToString(*device)),
                "--device-model h200 plans for a GPU that is not here");
  }
  if (device->kind == DeviceKind::kCpu) machine->devices.resize(1);
  return machine;
}

}  // namespace

absl::StatusOr<int64_t> ParseBytes(absl::string_view text) {
  absl::string_view digits = text;
  double scale = 1;
  for (absl::string_view suffix : {"iB", "B"}) {
    if (digits.size() > suffix.size() && absl::EndsWith(digits, suffix)) {
      digits.remove_suffix(suffix.size());
    }
  }
  constexpr absl::string_view kPrefixes = "KMGT";
  if (!digits.empty()) {
    const size_t power = kPrefixes.find(absl::ascii_toupper(digits.back()));
    if (power != absl::string_view::npos) {
      scale = std::ldexp(1.0, 10 * static_cast<int>(power + 1));
      digits.remove_suffix(1);
    }
  }
  double value = 0;
  if (!absl::SimpleAtod(digits, &value) || !(value > 0) || value * scale > 0x1p62) {
    return Fail(Exit::kUsage, absl::StrCat("--memory-limit: '", text, "' is not a number of bytes"),
                "for example 2000000, 512M or 1.5G");
  }
  return static_cast<int64_t>(value * scale);
}

absl::StatusOr<CompileOptions> MakeCompileOptions(const Session& session) {
  const Options& options = session.options();
  CompileOptions compile;
  if (options.math == "strict") {
    compile.optimize.math = MathMode::kStrict;
  } else if (options.math == "fast") {
    compile.optimize.math = MathMode::kFast;
  }
  compile.optimize.optimize = !options.no_optimize;
  for (const std::string& pass : options.disabled_passes) {
    const absl::Status known = CheckPassName(pass);
    if (!known.ok()) return WithExit(known, Exit::kUsage);
  }
  compile.optimize.disabled_passes = options.disabled_passes;
  OTIUM_ASSIGN_OR_RETURN(compile.machine, MachineFor(options));
  if (options.device != "auto") compile.device = DeviceFromString(options.device);
  if (options.threads != 0) SetNumThreads(options.threads);
  return compile;
}

absl::StatusOr<RunOptions> MakeRunOptions(const Session& session, const Inputs& inputs) {
  RunOptions run;
  run.seed = session.options().seed;
  run.cancel = &Interrupted();
  run.sizes = inputs.sizes;
  if (session.options().memory_limit.has_value()) {
    OTIUM_ASSIGN_OR_RETURN(run.memory_limit, ParseBytes(*session.options().memory_limit));
  }
  return run;
}

namespace {

// The fastest of some runs of a program that has run before.
absl::StatusOr<Profile> FastestRun(const Program& program, const Inputs& inputs, RunOptions run) {
  constexpr double kSeconds = 0.5;
  constexpr int kRuns = 20;
  Profile fastest;
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < kRuns; ++i) {
    Profile profile;
    run.profile = &profile;
    const absl::Status status = program.Run(inputs.tensors, run).status();
    if (!status.ok()) return WithRunExit(status);
    OTIUM_RETURN_IF_ERROR(CheckInterrupted());
    if (i == 0 || profile.seconds < fastest.seconds) fastest = std::move(profile);
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
    if (spent.count() > kSeconds) break;
  }
  return fastest;
}

using PassObserver = std::function<void(absl::string_view, const GraphPtr&)>;

PassObserver Both(PassObserver a, PassObserver b) {
  return [a = std::move(a), b = std::move(b)](absl::string_view pass, const GraphPtr& graph) {
    a(pass, graph);
    b(pass, graph);
  };
}

}  // namespace

absl::StatusOr<WatchedPlan> PlanAndWatch(Session& session, const PassHistory& history,
                                         ProgressBar* bar) {
  const Options& options = session.options();
  OTIUM_ASSIGN_OR_RETURN(const CompileOptions compile, MakeCompileOptions(session));
  OTIUM_ASSIGN_OR_RETURN(Function function, LoadGraph(session));
  OTIUM_ASSIGN_OR_RETURN(
      const Inputs inputs,
      BindInputs(session, function, options.analyze ? Missing::kRandom : Missing::kPlaceholder));
  OTIUM_ASSIGN_OR_RETURN(RunOptions run, MakeRunOptions(session, inputs));
  run.progress = bar->progress();
  CompileOptions watched = compile;
  watched.optimize.observe = history.Observer();
  std::optional<PassDump> dump;
  if (!options.dump_passes.empty()) {
    OTIUM_ASSIGN_OR_RETURN(dump, PassDump::Start(options.dump_passes));
    watched.optimize.observe = Both(std::move(watched.optimize.observe), dump->Observer());
  }

  bar->SetPhase("planning");
  WatchedPlan result{function, inputs.all_sizes, MachineOf(compile), {}, std::nullopt};
  OTIUM_ASSIGN_OR_RETURN(const Program program, Compile(function, std::move(watched)));
  if (options.analyze) {
    // The run that is watched plans all segments and touches memory, and takes the time to
    // look at condition numbers; the ones that are measured find its plans.
    Profile watched_run;
    watched_run.wants_rcond = true;
    run.profile = &watched_run;
    const absl::Status first = program.Run(inputs.tensors, run).status();
    if (!first.ok()) return WithRunExit(first);
    bar->SetPhase("measuring");
    OTIUM_ASSIGN_OR_RETURN(const Program measured, Compile(function, compile));
    OTIUM_ASSIGN_OR_RETURN(result.profile, FastestRun(measured, inputs, run));
    for (size_t i = 0; i < result.profile->steps.size(); ++i) {
      result.profile->steps[i].rcond = watched_run.steps[i].rcond;
      result.profile->steps[i].rcond_batch = watched_run.steps[i].rcond_batch;
    }
    result.plans = result.profile->plans;
    if (!options.profile.empty()) {
      OTIUM_RETURN_IF_ERROR(WriteTrace(*result.profile, options.profile));
    }
  } else {
    absl::StatusOr<std::shared_ptr<const Plan>> plan = program.PlanFor(inputs.tensors, run);
    if (!plan.ok()) return WithRunExit(plan.status());
    result.plans.push_back(*std::move(plan));
  }
  if (dump.has_value()) OTIUM_RETURN_IF_ERROR(dump->status());
  return result;
}

const Machine& MachineOf(const CompileOptions& compile) {
  return compile.machine != nullptr ? *compile.machine : HostMachine();
}

absl::Status WriteTrace(const Profile& profile, const std::string& path) {
  return WithExit(WriteFileAtomically(path, ChromeTrace(profile)), Exit::kRunFailed);
}

}  // namespace otium::cli
