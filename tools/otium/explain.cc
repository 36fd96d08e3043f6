// SPDX-License-Identifier: Apache-2.0
//
// otium explain: the plan as a tree.
//
//   addmv(A: f64[2, 3], x: f64[3], y: f64[2]) -> (z: f64[2])
//   plan: 1 step, 12 FLOP, 88 B, estimate 102 ns, peak 16 B
//   `- 0 addmv  gemv  cpu  12 FLOP  88 B  est 102 ns  addmv.otm:3:7
//        reads   y: f64[2] (input), A: f64[2, 3] (input), x: f64[3] (input)
//        writes  z: f64[2] (result)
//        fired   addmv: mv and add became addmv
//
// Without --analyze the same text for the same graph, sizes and machine.

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "engine/base/status.h"
#include "engine/graph/substitute.h"
#include "nlohmann/json.hpp"
#include "tools/otium/commands.h"
#include "tools/otium/execution.h"
#include "tools/viz/explained_plan.h"
#include "tools/otium/graph_file.h"
#include "tools/viz/units.h"

namespace otium::cli {

using viz::BytesText;
using viz::ExplainedOperand;
using viz::ExplainedPass;
using viz::ExplainedPlan;
using viz::ExplainedReason;
using viz::ExplainedSegment;
using viz::ExplainedStep;
using viz::ExplainPlans;
using viz::Measurement;
using viz::PlanToJson;
using viz::ScaledText;
using viz::SecondsText;

namespace {

std::string OperandsText(const std::vector<ExplainedOperand>& operands) {
  return absl::StrJoin(operands, ", ", [](std::string* out, const ExplainedOperand& o) {
    absl::StrAppend(out, o.name, ": ", o.type, " (", o.layout, o.layout.empty() ? "" : ", ",
                    o.place, ")");
  });
}

std::string MeasuredText(const ExplainedStep& s) {
  const Measurement& m = *s.measured;
  std::string text =
      absl::StrFormat("%s  %.1f%%", SecondsText(m.seconds), 100 * m.share);
  if (m.seconds > 0) {
    absl::StrAppend(&text, "  ", ScaledText(s.flops / m.seconds, "FLOP/s"), "  ",
                    ScaledText(s.bytes / m.seconds, "B/s"));
  }
  if (s.seconds > 0) {
    absl::StrAppendFormat(&text, "  %.2f times the estimate", m.seconds / s.seconds);
  }
  if (m.alternative > 0) {
    absl::StrAppend(&text, "  by ", s.alternatives[m.alternative - 1],
                    ", because the guard refused what came before");
  }
  return text;
}

class TreePrinter {
 public:
  explicit TreePrinter(bool color) : bold_(color ? "\033[1m" : ""), plain_(color ? "\033[0m" : "") {}

  std::string Print(const ExplainedPlan& plan) {
    size_t steps = 0;
    for (const ExplainedSegment& s : plan.segments) steps += s.steps.size();
    absl::StrAppend(&text_, "plan: ", steps, steps == 1 ? " step, " : " steps, ",
                    ScaledText(plan.flops, "FLOP"), ", ", BytesText(plan.bytes), ", estimate ",
                    SecondsText(plan.seconds), ", peak ",
                    BytesText(static_cast<double>(plan.peak_bytes)));
    if (plan.measured.has_value()) {
      absl::StrAppend(&text_, ", measured ", SecondsText(*plan.measured));
    }
    absl::StrAppend(&text_, "\n");
    const bool several = plan.segments.size() > 1 || !plan.segments.back().rest.empty();
    for (size_t i = 0; i < plan.segments.size(); ++i) {
      const ExplainedSegment& s = plan.segments[i];
      const bool last = i + 1 == plan.segments.size() && s.rest.empty();
      if (several) {
        absl::StrAppend(&text_, last ? "`- " : "|- ", "segment ", i, ": ", s.steps.size(),
                        s.steps.size() == 1 ? " step" : " steps", ", peak ",
                        BytesText(static_cast<double>(s.peak_bytes)), "\n");
      }
      PrintSegment(s, !several ? "" : last ? "   " : "|  ");
      if (i + 1 == plan.segments.size() && !s.rest.empty()) {
        absl::StrAppend(&text_, "`- segment ", i + 1, ": planned when its sizes are known: ",
                        absl::StrJoin(s.rest, ", "), "\n");
      }
    }
    return std::move(text_);
  }

 private:
  void PrintSegment(const ExplainedSegment& s, const std::string& indent) {
    std::vector<std::string> notes;
    if (!s.arenas.empty()) {
      notes.push_back(absl::StrCat(
          "memory  ", absl::StrJoin(s.arenas, ", ", [](std::string* out, const auto& arena) {
            absl::StrAppend(out, BytesText(static_cast<double>(arena.second)), " arena on ",
                            arena.first);
          })));
    }
    if (!s.runnable) notes.push_back("on a device that is only described: it can not run here");
    for (const ExplainedPass& p : s.passes) {
      if (p.changed) notes.push_back(absl::StrCat("pass    ", p.name, ": ", p.nodes, " nodes after it"));
    }
    for (const ExplainedReason& r : s.reasons) notes.push_back(ReasonLine(r));
    for (size_t i = 0; i < s.steps.size(); ++i) {
      const bool last = i + 1 == s.steps.size() && notes.empty();
      absl::StrAppend(&text_, indent, last ? "`- " : "|- ");
      PrintStep(i, s.steps[i], absl::StrCat(indent, last ? "     " : "|    "));
    }
    for (size_t i = 0; i < notes.size(); ++i) {
      absl::StrAppend(&text_, indent, i + 1 == notes.size() ? "`- " : "|- ", notes[i], "\n");
    }
  }

  static std::string ReasonLine(const ExplainedReason& r) {
    return absl::StrCat(r.fired ? "fired   " : "refused ", r.text);
  }

  void PrintStep(size_t index, const ExplainedStep& s, const std::string& indent) {
    absl::StrAppend(&text_, index, " ", bold_, s.op, plain_, "  ", s.kernel, "  ", s.device);
    if (s.flops > 0) absl::StrAppend(&text_, "  ", ScaledText(s.flops, "FLOP"));
    absl::StrAppend(&text_, "  ", BytesText(s.bytes), "  est ", SecondsText(s.seconds),
                    s.position.empty() ? "" : "  ", s.position, "\n");
    auto line = [&](absl::string_view label, absl::string_view what) {
      if (!what.empty()) absl::StrAppendFormat(&text_, "%s%-8s%s\n", indent, label, what);
    };
    line("reads", OperandsText(s.operands));
    line("writes", OperandsText(s.results));
    if (!s.alternatives.empty()) line("guard", absl::StrCat("else ", absl::StrJoin(s.alternatives, ", else ")));
    if (s.workspace_bytes > 0) line("needs", absl::StrCat(BytesText(static_cast<double>(s.workspace_bytes)), " of workspace"));
    for (const ExplainedReason& r : s.reasons) line(r.fired ? "fired" : "refused", r.text);
    if (s.measured.has_value()) line("took", MeasuredText(s));
  }

  const absl::string_view bold_, plain_;
  std::string text_;
};

}  // namespace

absl::Status ExplainCommand(Session& session) {
  const Options& options = session.options();
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
  std::optional<PassDump> dump;
  if (!options.dump_passes.empty()) {
    OTIUM_ASSIGN_OR_RETURN(dump, PassDump::Start(options.dump_passes, &compile));
  }
  bar.SetPhase("planning");
  OTIUM_ASSIGN_OR_RETURN(const Program program, Compile(function, compile));
  absl::StatusOr<std::shared_ptr<const Plan>> plan = program.PlanFor(inputs.tensors, run);
  if (!plan.ok()) return WithRunExit(plan.status());
  if (dump.has_value()) OTIUM_RETURN_IF_ERROR(dump->status());

  ExplainedPlan explained;
  if (options.analyze) {
    bar.SetPhase("measuring");
    OTIUM_ASSIGN_OR_RETURN(const Program measured, Compile(function, plain));
    OTIUM_ASSIGN_OR_RETURN(const Profile profile, Analyze(measured, inputs, run));
    if (!options.profile.empty()) OTIUM_RETURN_IF_ERROR(WriteTrace(profile, options.profile));
    explained = ExplainPlans(profile.plans, machine, &profile);
  } else {
    explained = ExplainPlans({*plan}, machine, nullptr);
  }
  if (options.json) {
    session.document()["plan"] = PlanToJson(explained);
    return absl::OkStatus();
  }
  const absl::StatusOr<GraphPtr> bound = BindGraph(function.graph_ptr(), inputs.all_sizes);
  session.Print(absl::StrCat(Signature(bound.ok() ? **bound : function.graph()), "\n"));
  session.Print(TreePrinter(session.stdout_color()).Print(explained));
  return absl::OkStatus();
}

}  // namespace otium::cli
