// SPDX-License-Identifier: Apache-2.0
//
// otium run: the graph, its inputs, one run (or --repeat), the results.

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "engine/base/status.h"
#include "nlohmann/json.hpp"
#include "tools/otium/commands.h"
#include "tools/otium/compare.h"
#include "tools/otium/execution.h"
#include "tools/otium/pass_dump.h"
#include "tools/otium/graph_file.h"
#include "tools/otium/results.h"

namespace otium::cli {
namespace {

double Seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Runs as often as --repeat says; the first run's results, and the time of each.
absl::StatusOr<TensorMap> RunAll(Session& session, const Function& function,
                                 const CompileOptions& compile, const Inputs& inputs,
                                 RunOptions run, Profile* profile, std::vector<double>* seconds) {
  const Options& options = session.options();
  CompileOptions first = compile;
  std::optional<PassDump> dump;
  if (!options.dump_passes.empty()) {
    OTIUM_ASSIGN_OR_RETURN(dump, PassDump::Start(options.dump_passes));
    first.optimize.observe = dump->Observer();
  }
  OTIUM_ASSIGN_OR_RETURN(const Program program, Compile(function, first));
  OTIUM_ASSIGN_OR_RETURN(const Program again, Compile(function, compile));
  if (!options.profile.empty()) run.profile = profile;
  std::optional<TensorMap> results;
  for (int i = 0; i < options.repeat.value_or(1); ++i) {
    const double start = Seconds();
    absl::StatusOr<TensorMap> result = (i == 0 ? program : again).Run(inputs.tensors, run);
    seconds->push_back(Seconds() - start);
    if (!result.ok()) return WithRunExit(result.status());
    if (!results.has_value()) results = *std::move(result);
    run.profile = nullptr;
    OTIUM_RETURN_IF_ERROR(CheckInterrupted());
  }
  if (dump.has_value()) OTIUM_RETURN_IF_ERROR(dump->status());
  return *std::move(results);
}

void ReportTiming(Session& session, const std::vector<double>& seconds) {
  std::vector<double> sorted(seconds.begin(), seconds.end());
  std::sort(sorted.begin(), sorted.end());
  if (session.options().json) {
    session.document()["seconds"] = seconds;
  } else if (session.options().repeat.has_value()) {
    session.Note(absl::StrFormat("otium: %d runs: first %.3g ms, median %.3g ms, least %.3g ms",
                                 seconds.size(), 1e3 * seconds[0], 1e3 * sorted[sorted.size() / 2],
                                 1e3 * sorted[0]));
  }
}

}  // namespace

absl::Status RunCommand(Session& session) {
  const Options& options = session.options();
  OTIUM_ASSIGN_OR_RETURN(const CompileOptions compile, MakeCompileOptions(session));
  OTIUM_ASSIGN_OR_RETURN(const Function function, LoadGraph(session));
  OTIUM_ASSIGN_OR_RETURN(const std::vector<OutputFile> files,
                         ParseOutputs(options, function.graph()));
  OTIUM_ASSIGN_OR_RETURN(const std::vector<Expectation> expected,
                         ReadExpectations(session, function.graph()));
  std::optional<ProgressBar> bar(std::in_place, session, "reading inputs");
  OTIUM_ASSIGN_OR_RETURN(const Inputs inputs, BindInputs(session, function, Missing::kRefuse));
  OTIUM_ASSIGN_OR_RETURN(RunOptions run, MakeRunOptions(session, inputs));
  run.progress = bar->progress();

  bar->SetPhase("running");
  Profile profile;
  std::vector<double> seconds;
  OTIUM_ASSIGN_OR_RETURN(const TensorMap results,
                         RunAll(session, function, compile, inputs, run, &profile, &seconds));
  if (!options.profile.empty()) OTIUM_RETURN_IF_ERROR(WriteTrace(profile, options.profile));

  // Results are written even when they differ: whoever compares wants to see them.
  bar->SetPhase("writing results");
  absl::Status verdict;
  if (options.check) {
    bar->SetPhase("checking");
    verdict = CheckWithReference(session, function, inputs, run, results);
    if (ExitOf(verdict) == Exit::kInterrupted) return verdict;
  }
  bar.reset();
  OTIUM_RETURN_IF_ERROR(DeliverResults(session, results, files));
  verdict.Update(CheckExpectations(session, expected, results));
  ReportTiming(session, seconds);
  return verdict;
}

}  // namespace otium::cli
