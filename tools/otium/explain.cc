// SPDX-License-Identifier: Apache-2.0
//
// otium explain: the plan as a tree.
//
//   addmv(A: f64[2, 3], x: f64[3], y: f64[2]) -> (z: f64[2])
//   plan: 1 step, 12 FLOP, 88 B, estimate 102 ns, peak 16 B in step 0
//   `- 0 addmv  cpu.gemv  cpu  12 FLOP  88 B  est 102 ns  addmv.otm:3:7
//        reads   y: f64[2] (input), A: f64[2, 3] (input), x: f64[3] (input)
//        writes  z: f64[2] (result)
//        fired   addmv: add z (addmv.otm:3:7) and its product matmul (addmv.otm:3:11) became one
//
// Without --analyze the same text for the same graph, sizes and machine.

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/graph/substitute.h"
#include "nlohmann/json.hpp"
#include "tools/otium/commands.h"
#include "tools/otium/execution.h"
#include "tools/otium/graph_file.h"
#include "tools/otium/hanging_text.h"
#include "tools/otium/pass_diffs.h"
#include "tools/otium/plan_tree.h"
#include "tools/viz/display.h"
#include "tools/viz/explained_plan.h"

namespace otium::cli {

absl::Status ExplainCommand(Session& session) {
  const Options& options = session.options();
  ProgressBar bar(session, "reading inputs");
  const PassHistory history;
  OTIUM_ASSIGN_OR_RETURN(const WatchedPlan watched, PlanAndWatch(session, history, &bar));
  // Without --passes, too: values have the names that the passes gave them.
  const PassDiffs diffs = DiffPasses(watched.plans, history);
  const viz::ExplainedPlan plan =
      viz::ExplainPlans(watched.plans, watched.machine,
                        watched.profile.has_value() ? &*watched.profile : nullptr, diffs.names);
  if (options.json) {
    Json& json = session.document()["plan"] = viz::PlanToJson(plan);
    if (options.passes) AddPassDiffs(diffs, &json);
    return absl::OkStatus();
  }
  const TextStyle& style = session.stdout_style();
  OTIUM_ASSIGN_OR_RETURN(const GraphPtr bound,
                         BindGraph(watched.function.graph_ptr(), watched.sizes));
  std::string text;
  AppendHanging("", "  ", viz::Displayed(Signature(*bound), viz::kWholeText), style.width, &text);
  if (options.passes) absl::StrAppend(&text, "\n", PassDiffsText(diffs, style));
  session.Print(absl::StrCat(text, PlanTree(plan, style)));
  return absl::OkStatus();
}

}  // namespace otium::cli
