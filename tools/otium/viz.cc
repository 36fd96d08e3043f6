// SPDX-License-Identifier: Apache-2.0
//
// otium viz: the graph, what each pass made of it, and the plan, as a page, a
// picture, JSON or text. Without -o the listing goes to stdout.

#include <utility>

#include "engine/base/status.h"
#include "nlohmann/json.hpp"
#include "tools/otium/commands.h"
#include "tools/otium/execution.h"
#include "tools/otium/graph_file.h"
#include "tools/viz/model.h"
#include "tools/viz/outputs.h"

namespace otium::cli {

absl::Status VizCommand(Session& session) {
  const Options& options = session.options();
  if (!options.target.empty()) {
    const absl::Status known = CheckDumpPath(options.target);
    if (!known.ok()) return WithExit(known, Exit::kUsage);
  }
  OTIUM_ASSIGN_OR_RETURN(CompileOptions compile, MakeCompileOptions(session));
  OTIUM_ASSIGN_OR_RETURN(const Function function, LoadGraph(session));
  ProgressBar bar(session, "reading inputs");
  OTIUM_ASSIGN_OR_RETURN(
      const Inputs inputs,
      BindInputs(session, function, options.analyze ? Missing::kRandom : Missing::kPlaceholder));
  OTIUM_ASSIGN_OR_RETURN(RunOptions run, MakeRunOptions(session, inputs));
  run.progress = bar.progress();
  const Machine machine = MachineOf(compile);
  const CompileOptions plain = compile;
  const PassHistory history;
  compile.optimize.observe = history.Observer();

  bar.SetPhase("planning");
  OTIUM_ASSIGN_OR_RETURN(const Program program, Compile(function, compile));
  DumpOptions dump{.history = &history, .machine = &machine};
  std::shared_ptr<const Plan> plan;
  Profile profile;
  if (options.analyze) {
    // Once with its passes watched, all segments of it, then to measure.
    const absl::StatusOr<TensorMap> watched = program.Run(inputs.tensors, run);
    if (!watched.ok()) return WithRunExit(watched.status());
    bar.SetPhase("measuring");
    OTIUM_ASSIGN_OR_RETURN(const Program measured, Compile(function, plain));
    OTIUM_ASSIGN_OR_RETURN(profile, Analyze(measured, inputs, run));
    if (!options.profile.empty()) OTIUM_RETURN_IF_ERROR(WriteTrace(profile, options.profile));
    dump.profile = &profile;
  } else {
    absl::StatusOr<std::shared_ptr<const Plan>> planned = program.PlanFor(inputs.tensors, run);
    if (!planned.ok()) return WithRunExit(planned.status());
    plan = *std::move(planned);
  }

  bar.SetPhase("drawing");
  if (!options.target.empty()) {
    OTIUM_RETURN_IF_ERROR(WithExit(DumpPlan(plan, options.target, dump), Exit::kRunFailed));
  } else if (!options.json) {
    session.Print(viz::ToListing(viz::DescribePlans({plan}, dump)));
  }
  if (options.json) {
    if (!options.target.empty()) session.document()["file"] = options.target;
    else session.document()["text"] = viz::ToListing(viz::DescribePlans({plan}, dump));
  }
  return absl::OkStatus();
}

}  // namespace otium::cli
