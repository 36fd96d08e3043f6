// SPDX-License-Identifier: Apache-2.0
#include "tools/otium/pass_diffs.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "engine/graph/text/printer.h"
#include "nlohmann/json.hpp"
#include "tools/otium/hanging_text.h"
#include "tools/viz/display.h"
#include "tools/viz/explained_plan.h"
#include "tools/viz/stage_printer.h"

namespace otium::cli {
namespace {

constexpr size_t kShownLines = 2000;

std::vector<std::pair<const Rule*, int>> FiredRules(const Plan& plan, size_t pass) {
  std::vector<std::pair<const Rule*, int>> rules;
  for (size_t i = pass == 0 ? 0 : plan.passes[pass - 1].reasons; i < plan.passes[pass].reasons;
       ++i) {
    const Reason& reason = plan.reasons[i];
    if (!reason.fired()) continue;
    auto it = std::find_if(rules.begin(), rules.end(),
                           [&](const auto& rule) { return rule.first == reason.rule; });
    if (it == rules.end()) it = rules.insert(it, {reason.rule, 0});
    ++it->second;
  }
  return rules;
}

std::string LinesText(size_t count) { return absl::StrCat(count, count == 1 ? " line" : " lines"); }

}  // namespace

PassDiffs DiffPasses(const std::vector<std::shared_ptr<const Plan>>& plans,
                     const PassHistory& history) {
  PassDiffs result;
  for (size_t i = 0; i < plans.size(); ++i) {
    const Plan& plan = *plans[i];
    const PassHistory::Graphs& graphs = history.segments()[i];
    std::vector<PassDiff>& diffs = result.segments.emplace_back();
    viz::StagePrinter printer;
    std::string before = graphs[0].first, text = printer.Print(graphs[0].second);
    for (size_t stage = 1; stage < graphs.size(); ++stage) {
      const auto& [name, graph] = graphs[stage];
      if (graph == graphs[stage - 1].second) continue;
      std::string next = printer.Print(graph);
      if (next == text) continue;
      const size_t pass = stage - 1;
      diffs.push_back({pass, name, std::exchange(before, name),
                       viz::DiffLines(text, next, kShownLines), FiredRules(plan, pass)});
      text = std::move(next);
    }
    // Large constants are inputs of the plan's graph, and constants of that of the passes.
    result.names.push_back(graphs.back().second->fingerprint() == plan.graph->fingerprint()
                               ? printer.names()
                               : ChooseValueNames(*plan.graph));
  }
  return result;
}

std::string PassDiffsText(const PassDiffs& diffs, const TextStyle& style) {
  std::string text;
  for (size_t i = 0; i < diffs.segments.size(); ++i) {
    for (const PassDiff& pass : diffs.segments[i]) {
      AppendHanging(
          "", "  ",
          absl::StrCat("pass ", style.bold, pass.name, style.off,
                       i > 0 ? absl::StrCat(" of segment ", i) : "", ": ",
                       LinesText(pass.diff.added), " added, ", pass.diff.removed, " removed"),
          style.width, &text);
      for (const auto& [rule, times] : pass.rules) {
        AppendHanging("  ", "    ",
                      absl::StrCat(rule->name, rule->formula.empty() ? "" : ": ", rule->formula,
                                   times > 1 ? absl::StrCat("   (", times, " times)") : ""),
                      style.width, &text);
      }
      absl::StrAppend(&text, "--- ", pass.before, "\n+++ ", pass.name, "\n");
      for (absl::string_view line : absl::StrSplit(pass.diff.text, '\n', absl::SkipEmpty())) {
        const absl::string_view color = line[0] == '+'   ? style.green
                                        : line[0] == '-' ? style.red
                                                         : absl::string_view();
        const std::string clean = viz::Displayed(line, viz::kWholeText);
        AppendHanging("", "      ",
                      absl::StrCat(color, clean, color.empty() ? absl::string_view() : style.off),
                      style.width, &text);
      }
      if (pass.diff.left_out > 0) {
        absl::StrAppend(&text, "(", LinesText(pass.diff.left_out), " more)\n");
      }
      text += '\n';
    }
  }
  return text;
}

void AddPassDiffs(const PassDiffs& diffs, Json* plan) {
  for (size_t i = 0; i < diffs.segments.size(); ++i) {
    for (const PassDiff& diff : diffs.segments[i]) {
      Json& pass = (*plan)["segments"][i]["passes"][diff.pass];
      pass["lines_added"] = diff.diff.added;
      pass["lines_removed"] = diff.diff.removed;
      pass["diff"] = diff.diff.text;
      pass["diff_lines_left_out"] = diff.diff.left_out;
      pass["rules"] = Json::array();
      for (const auto& [rule, times] : diff.rules) {
        pass["rules"].push_back({{"rule", std::string(rule->name)},
                                 {"formula", std::string(rule->formula)},
                                 {"fired", times}});
      }
    }
  }
}

}  // namespace otium::cli
