// SPDX-License-Identifier: Apache-2.0
#include "tools/otium/plan_tree.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "tools/otium/hanging_text.h"
#include "tools/viz/display.h"
#include "tools/viz/units.h"

namespace otium::cli {
namespace {

using viz::BytesText;
using viz::DeviceMemory;
using viz::Displayed;
using viz::ExplainedOperand;
using viz::ExplainedPass;
using viz::ExplainedPlan;
using viz::ExplainedReason;
using viz::ExplainedSegment;
using viz::ExplainedStep;
using viz::kWholeText;
using viz::Measurement;
using viz::OpSeconds;
using viz::PeakText;
using viz::Rates;
using viz::RatesOf;
using viz::ScaledText;
using viz::SecondsOf;
using viz::SecondsText;
using viz::StepTitle;
using viz::Transfers;

// Plans with more steps are summed up, by op and by the steps that take longest.
constexpr size_t kStepsAtAGlance = 8;
constexpr size_t kSummedUp = 5;

std::string Counted(size_t count, absl::string_view what) {
  return absl::StrCat(count, " ", what, count == 1 ? "" : "s");
}

// "A: f64[2, 3] (transposed, input X, cuda:0)": the device, when it is another one.
std::string OperandText(const ExplainedOperand& o, absl::string_view step_device) {
  std::vector<std::string> notes;
  if (!o.layout.empty()) notes.push_back(o.layout);
  notes.push_back(absl::StrCat(o.place, o.whole.empty() ? "" : " ", o.whole));
  if (o.device != step_device) notes.push_back(o.device);
  return absl::StrCat(o.name, ": ", o.type, " (", absl::StrJoin(notes, ", "), ")");
}

std::string OperandsText(const std::vector<ExplainedOperand>& operands,
                         absl::string_view step_device) {
  return absl::StrJoin(operands, ", ", [&](std::string* out, const ExplainedOperand& o) {
    out->append(OperandText(o, step_device));
  });
}

std::string RatesText(double flops, double bytes, double roofline, double seconds) {
  const Rates rates = RatesOf(flops, bytes, roofline, seconds);
  std::vector<std::string> texts;
  if (rates.flops_per_second > 0) texts.push_back(ScaledText(rates.flops_per_second, "FLOP/s"));
  if (rates.bytes_per_second > 0) texts.push_back(ScaledText(rates.bytes_per_second, "B/s"));
  if (rates.roofline_share > 0) {
    texts.push_back(absl::StrFormat("%.*f%% of the roofline", rates.roofline_share < 0.1 ? 1 : 0,
                                    100 * rates.roofline_share));
  }
  return absl::StrJoin(texts, ", ");
}

std::string MeasuredText(const ExplainedStep& s) {
  const Measurement& m = *s.measured;
  std::string text = absl::StrFormat("%s, %.1f%%", SecondsText(m.seconds), 100 * m.share);
  const std::string rates = RatesText(s.flops, s.bytes, s.roofline, m.seconds);
  if (!rates.empty()) absl::StrAppend(&text, ", ", rates);
  if (s.seconds > 0) {
    absl::StrAppendFormat(&text, ", %.2f times the estimate", m.seconds / s.seconds);
  }
  if (m.alternative > 0) {
    absl::StrAppend(&text, ", by ", s.alternatives[m.alternative - 1],
                    ", because the guard refused what came before");
  }
  return text;
}

std::string PassText(const ExplainedPass& p) {
  std::string text = absl::StrCat(p.name, ": ", p.changed ? Counted(p.nodes, "node") : "no change");
  if (p.fired > 0) absl::StrAppend(&text, ", ", p.fired, " fired");
  if (p.refused > 0) absl::StrAppend(&text, ", ", p.refused, " refused");
  return text;
}

class TreePrinter {
 public:
  TreePrinter(const ExplainedPlan& plan, const TextStyle& style) : plan_(plan), style_(style) {}

  std::string Print() {
    PrintTotals();
    const std::vector<ExplainedSegment>& segments = plan_.segments;
    const bool several = segments.size() > 1 || !segments.back().rest.empty();
    for (size_t i = 0; i < segments.size(); ++i) {
      const ExplainedSegment& s = segments[i];
      const bool last = i + 1 == segments.size() && s.rest.empty();
      if (several) {
        Line(last ? "`- " : "|- ", last ? "     " : "|    ",
             absl::StrCat("segment ", i, ": ", Counted(s.steps.size(), "step"), Peak(s)));
      }
      PrintSegment(s, !several ? "" : last ? "   " : "|  ");
      if (i + 1 == segments.size() && !s.rest.empty()) {
        Line("`- ", "     ",
             absl::StrCat("segment ", i + 1,
                          ": planned when its sizes are known: ", absl::StrJoin(s.rest, ", ")));
      }
    }
    return std::move(text_);
  }

 private:
  // Colours are in `text` already, names that could hold others are not.
  void Line(absl::string_view first, absl::string_view rest, absl::string_view text) {
    AppendHanging(first, rest, text, style_.width, &text_);
  }

  static std::string Peak(const ExplainedSegment& s) {
    return s.memory.empty() ? "" : absl::StrCat(", ", PeakText(s));
  }

  void PrintTotals() {
    // Of several segments each says its own peak.
    Line("", "  ",
         absl::StrCat("plan: ", Counted(plan_.num_steps(), "step"), ", ",
                      ScaledText(plan_.flops, "FLOP"), ", ", BytesText(plan_.bytes), ", estimate ",
                      SecondsText(plan_.seconds),
                      plan_.segments.size() == 1 ? Peak(plan_.segments[0]) : ""));
    if (plan_.measured.has_value()) {
      const double seconds = *plan_.measured;
      std::string text = absl::StrCat("measured: ", SecondsText(seconds));
      const std::string rates = RatesText(plan_.flops, plan_.bytes, plan_.roofline, seconds);
      if (!rates.empty()) absl::StrAppend(&text, ", ", rates);
      if (plan_.seconds > 0) {
        absl::StrAppendFormat(&text, ", %.2f times the estimate", seconds / plan_.seconds);
      }
      absl::StrAppendFormat(&text, ", %s (%.1f%%) between steps", SecondsText(plan_.unattributed),
                            seconds > 0 ? 100 * plan_.unattributed / seconds : 0);
      Line("", "  ", text);
    }
    if (!plan_.transfers.empty()) {
      Line("", "  ",
           absl::StrCat(
               "transfers: ",
               absl::StrJoin(plan_.transfers, "; ", [](std::string* out, const Transfers& t) {
                 absl::StrAppend(out, t.steps, " from ", t.from, " to ", t.to, ", ",
                                 BytesText(t.bytes), ", estimate ", SecondsText(t.seconds));
               })));
    }
    if (plan_.num_steps() > kStepsAtAGlance) PrintSums();
  }

  void PrintSums() {
    std::vector<OpSeconds> ops = plan_.SecondsByOp();
    std::vector<std::string> texts;
    for (size_t i = 0; i < std::min(kSummedUp, ops.size()); ++i) {
      texts.push_back(absl::StrFormat("%s %.1f%% in %s", ops[i].op, 100 * ops[i].share,
                                      Counted(ops[i].steps, "step")));
    }
    if (ops.size() > kSummedUp) texts.push_back(Counted(ops.size() - kSummedUp, "more op"));
    Line("", "  ",
         absl::StrCat(plan_.measured.has_value() ? "time by op: " : "estimate by op: ",
                      absl::StrJoin(texts, ", ")));

    struct Place {
      size_t segment, step;
      double seconds;
    };
    std::vector<Place> places;
    double total = 0;
    for (size_t i = 0; i < plan_.segments.size(); ++i) {
      const std::vector<ExplainedStep>& steps = plan_.segments[i].steps;
      for (size_t j = 0; j < steps.size(); ++j) {
        places.push_back({i, j, SecondsOf(steps[j])});
        total += places.back().seconds;
      }
    }
    const size_t shown = std::min(kSummedUp, places.size());
    std::stable_sort(places.begin(), places.end(),
                     [](const Place& a, const Place& b) { return a.seconds > b.seconds; });
    texts.clear();
    for (size_t i = 0; i < shown; ++i) {
      const Place& p = places[i];
      texts.push_back(absl::StrFormat(
          "%s%d %s %s (%.1f%%)",
          plan_.segments.size() > 1 ? absl::StrCat("segment ", p.segment, " step ") : "", p.step,
          Displayed(StepTitle(plan_.segments[p.segment].steps[p.step]), kWholeText),
          SecondsText(p.seconds), total > 0 ? 100 * p.seconds / total : 0));
    }
    Line("", "  ", absl::StrCat("longest steps: ", absl::StrJoin(texts, ", ")));
  }

  void PrintSegment(const ExplainedSegment& s, const std::string& indent) {
    // Labels and texts.
    std::vector<std::pair<absl::string_view, std::string>> notes;
    std::vector<std::string> arenas;
    for (const DeviceMemory& m : s.memory) {
      if (m.arena_bytes == 0) continue;
      arenas.push_back(
          absl::StrCat(BytesText(static_cast<double>(m.arena_bytes)), " arena on ", m.device));
    }
    if (!arenas.empty()) notes.emplace_back("memory", absl::StrJoin(arenas, ", "));
    if (!s.runnable) {
      notes.emplace_back("note", "on a device that is only described: it can not run here");
    }
    for (const ExplainedPass& p : s.passes) {
      if (p.changed || p.fired + p.refused > 0) notes.emplace_back("pass", PassText(p));
    }
    for (const ExplainedReason& r : s.reasons) notes.emplace_back(ReasonLabel(r), r.text);
    for (size_t i = 0; i < s.steps.size(); ++i) {
      const bool last = i + 1 == s.steps.size() && notes.empty();
      PrintStep(i, s.steps[i], absl::StrCat(indent, last ? "`- " : "|- "),
                absl::StrCat(indent, last ? "     " : "|    "));
    }
    for (size_t i = 0; i < notes.size(); ++i) {
      const bool last = i + 1 == notes.size();
      PrintLabelled(absl::StrCat(indent, last ? "`- " : "|- "),
                    absl::StrCat(indent, last ? "   " : "|  "), notes[i].first, notes[i].second);
    }
  }

  static absl::string_view ReasonLabel(const ExplainedReason& r) {
    return r.fired ? "fired" : "refused";
  }

  void PrintLabelled(absl::string_view first, absl::string_view rest, absl::string_view label,
                     absl::string_view text) {
    if (text.empty()) return;
    Line(absl::StrFormat("%s%-8s", first, label), absl::StrFormat("%s%8s", rest, ""),
         Displayed(text, kWholeText));
  }

  void PrintStep(size_t index, const ExplainedStep& s, const std::string& first,
                 const std::string& indent) {
    std::string text =
        absl::StrCat(index, " ", style_.bold, Displayed(StepTitle(s), kWholeText), style_.off);
    if (s.from.empty()) {
      absl::StrAppend(&text, "  ", s.kernel, "  ", s.device);
    } else {
      absl::StrAppend(&text, "  ", s.from, " -> ", s.device);
    }
    if (s.flops > 0) absl::StrAppend(&text, "  ", ScaledText(s.flops, "FLOP"));
    absl::StrAppend(&text, "  ", BytesText(s.bytes), "  est ", SecondsText(s.seconds),
                    s.position.empty() ? "" : "  ", Displayed(s.position, kWholeText));
    Line(first, absl::StrCat(indent, "  "), text);
    const auto line = [&](absl::string_view label, absl::string_view what) {
      PrintLabelled(indent, indent, label, what);
    };
    line("reads", OperandsText(s.operands, s.device));
    line("writes", OperandsText(s.results, s.device));
    if (!s.alternatives.empty()) {
      line("guard", absl::StrCat("else ", absl::StrJoin(s.alternatives, ", else ")));
    }
    if (s.workspace_bytes > 0) {
      line("needs",
           absl::StrCat(BytesText(static_cast<double>(s.workspace_bytes)), " of workspace"));
    }
    for (const ExplainedReason& r : s.reasons) line(ReasonLabel(r), r.text);
    if (s.measured.has_value()) {
      line("took", MeasuredText(s));
      line("warning", s.measured->warning);
    }
  }

  const ExplainedPlan& plan_;
  const TextStyle& style_;
  std::string text_;
};

}  // namespace

std::string PlanTree(const ExplainedPlan& plan, const TextStyle& style) {
  return TreePrinter(plan, style).Print();
}

}  // namespace otium::cli
