// SPDX-License-Identifier: Apache-2.0
//
// otium viz: the graph, what each pass made of it, and the plan, as a page, a
// picture, JSON or text. Without -o the listing goes to stdout.

#include "engine/base/status.h"
#include "nlohmann/json.hpp"
#include "tools/otium/commands.h"
#include "tools/otium/execution.h"
#include "tools/viz/model.h"
#include "tools/viz/outputs.h"

namespace otium::cli {

absl::Status VizCommand(Session& session) {
  const Options& options = session.options();
  if (!options.target.empty()) {
    const absl::Status known = CheckDumpPath(options.target);
    if (!known.ok()) return WithExit(known, Exit::kUsage);
  }
  ProgressBar bar(session, "reading inputs");
  const PassHistory history;
  OTIUM_ASSIGN_OR_RETURN(const WatchedPlan watched, PlanAndWatch(session, history, &bar));
  const DumpOptions dump{.history = &history,
                         .profile = watched.profile.has_value() ? &*watched.profile : nullptr,
                         .machine = &watched.machine};
  const std::shared_ptr<const Plan>& plan = watched.plans[0];

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
