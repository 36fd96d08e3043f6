// SPDX-License-Identifier: Apache-2.0
#include "tools/otium/pass_diffs.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"
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
constexpr size_t kShownRefusals = 50;

// What is said more than once, in the order in which it was said first.
template <class What>
class Counted {
 public:
  void Add(const What& what) {
    const auto [it, is_new] = index_.try_emplace(what, all_.size());
    if (is_new) all_.emplace_back(what, 0);
    ++all_[it->second].second;
  }
  std::vector<std::pair<What, int>> Take() { return std::move(all_); }

 private:
  absl::flat_hash_map<What, size_t> index_;
  std::vector<std::pair<What, int>> all_;
};

void AddReasons(const Plan& plan, PassDiff* pass) {
  Counted<const Rule*> rules;
  Counted<std::string> refusals;
  for (size_t i = pass->pass == 0 ? 0 : plan.passes[pass->pass - 1].reasons;
       i < plan.passes[pass->pass].reasons; ++i) {
    const Reason& reason = plan.reasons[i];
    if (reason.fired()) rules.Add(reason.rule);
    else refusals.Add(ReasonText(reason, *plan.graph->sources()));
  }
  pass->rules = rules.Take();
  pass->refusals = refusals.Take();
}

std::string LinesText(size_t count) { return absl::StrCat(count, count == 1 ? " line" : " lines"); }

std::string TimesText(int times) { return times > 1 ? absl::StrCat("   (", times, " times)") : ""; }

void AppendReasons(const PassDiff& pass, const TextStyle& style, std::string* text) {
  for (const auto& [rule, times] : pass.rules) {
    AppendHanging("  fired   ", "          ",
                  absl::StrCat(rule->name, rule->formula.empty() ? "" : ": ", rule->formula,
                               TimesText(times)),
                  style.width, text);
  }
  for (size_t i = 0; i < std::min(pass.refusals.size(), kShownRefusals); ++i) {
    const auto& [refusal, times] = pass.refusals[i];
    AppendHanging("  refused ", "          ",
                  absl::StrCat(viz::Displayed(refusal, viz::kWholeText), TimesText(times)),
                  style.width, text);
  }
  if (pass.refusals.size() > kShownRefusals) {
    absl::StrAppend(text, "  (", pass.refusals.size() - kShownRefusals, " more refused)\n");
  }
}

void AppendDiff(const PassDiff& pass, const TextStyle& style, std::string* text) {
  absl::StrAppend(text, "--- ", pass.before, "\n+++ ", pass.name, "\n");
  for (absl::string_view line : absl::StrSplit(pass.diff->text, '\n', absl::SkipEmpty())) {
    const absl::string_view color = line[0] == '+'   ? style.green
                                    : line[0] == '-' ? style.red
                                                     : absl::string_view();
    const std::string clean = viz::Displayed(line, viz::kWholeText);
    AppendHanging("", "      ",
                  absl::StrCat(color, clean, color.empty() ? absl::string_view() : style.off),
                  style.width, text);
  }
  if (pass.diff->left_out > 0) {
    absl::StrAppend(text, "(", LinesText(pass.diff->left_out), " more)\n");
  }
}

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
      PassDiff pass{.pass = stage - 1, .name = name, .before = before};
      AddReasons(plan, &pass);
      if (graph != graphs[stage - 1].second) {
        std::string next = printer.Print(graph);
        if (next != text) {
          pass.diff = viz::DiffLines(text, next, kShownLines);
          text = std::move(next);
          before = name;
        }
      }
      if (pass.diff.has_value() || !pass.refusals.empty()) diffs.push_back(std::move(pass));
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
                       pass.diff.has_value() ? absl::StrCat(LinesText(pass.diff->added), " added, ",
                                                            pass.diff->removed, " removed")
                                             : "no change"),
          style.width, &text);
      AppendReasons(pass, style, &text);
      if (pass.diff.has_value()) AppendDiff(pass, style, &text);
      text += '\n';
    }
  }
  return text;
}

void AddPassDiffs(const PassDiffs& diffs, Json* plan) {
  for (size_t i = 0; i < diffs.segments.size(); ++i) {
    for (const PassDiff& diff : diffs.segments[i]) {
      Json& pass = (*plan)["segments"][i]["passes"][diff.pass];
      if (diff.diff.has_value()) {
        pass["lines_added"] = diff.diff->added;
        pass["lines_removed"] = diff.diff->removed;
        pass["diff"] = diff.diff->text;
        pass["diff_lines_left_out"] = diff.diff->left_out;
      }
      pass["rules"] = Json::array();
      for (const auto& [rule, times] : diff.rules) {
        pass["rules"].push_back({{"rule", std::string(rule->name)},
                                 {"formula", std::string(rule->formula)},
                                 {"fired", times}});
      }
      pass["refusals"] = Json::array();
      for (const auto& [text, times] : diff.refusals) {
        pass["refusals"].push_back({{"text", text}, {"refused", times}});
      }
    }
  }
}

}  // namespace otium::cli
