// SPDX-License-Identifier: Apache-2.0
//
// explain --passes: what each pass changed of the canonical text, by which rules, and what
// it would have changed if it could.

#ifndef OTIUM_TOOLS_OTIUM_PASS_DIFFS_H_
#define OTIUM_TOOLS_OTIUM_PASS_DIFFS_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/place/plan.h"
#include "tools/otium/session.h"
#include "tools/otium/terminal.h"
#include "tools/viz/line_diff.h"
#include "tools/viz/viz.h"

namespace otium::cli {

// A pass that changed the text or refused something.
struct PassDiff {
  size_t pass = 0;           // Of Plan::passes.
  std::string name, before;  // Of the pass, and of the last one that changed something.
  std::optional<viz::LineDiff> diff;
  std::vector<std::pair<const Rule*, int>> rules;     // That fired, and how often.
  std::vector<std::pair<std::string, int>> refusals;  // As ReasonText has them, and how often.
};

struct PassDiffs {
  std::vector<std::vector<PassDiff>> segments;
  // Of the values of each plan's graph, as the diffs say them.
  std::vector<std::vector<std::string>> names;
};

// Of the plans that `history` watched, segment by segment.
PassDiffs DiffPasses(const std::vector<std::shared_ptr<const Plan>>& plans,
                     const PassHistory& history);

// Diffs that patch understands, with the rules above each.
std::string PassDiffsText(const PassDiffs& diffs, const TextStyle& style);
// Adds them to the passes of a plan.
void AddPassDiffs(const PassDiffs& diffs, Json* plan);

}  // namespace otium::cli

#endif  // OTIUM_TOOLS_OTIUM_PASS_DIFFS_H_
