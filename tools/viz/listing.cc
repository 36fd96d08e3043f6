// SPDX-License-Identifier: Apache-2.0
//
// Everything as lines, for terminals and diffs:
//
//   addmv
//   plan: 1 step, 12 FLOP, 88 B, estimate 101 ns, peak 16 B
//
//   source
//     z: f64[2] = add(y, v0)                                         addmv.otm:3:7
//   fuse_products: 1 made, 2 removed
//     - v0: f64[2] = mv(A, x)
//     + z: f64[2] = addmv(y, A, x)
//     fired addmv: mv and add became addmv   [mv(A, x) + y -> addmv(y, A, x)]
//   plan
//     0 z: f64[2] = addmv(y, A, x)   gemv, cpu, 12 FLOP, 88 B, estimate 101 ns
//   memory
//     ...

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "tools/viz/display.h"
#include "tools/viz/outputs.h"
#include "tools/viz/units.h"

namespace otium::viz {
namespace {

constexpr size_t kLineLimit = 200;

class Lister {
 public:
  Lister(const Document& document, const Segment& segment) : document_(document), s_(segment) {}

  std::string Run() {
    absl::StrAppend(&out_, Summary(s_), "\n");
    for (Index stage = 0; stage < static_cast<Index>(s_.stages.size()); ++stage) {
      switch (s_.stages[stage].kind) {
        case Stage::kSource: Source(stage); break;
        case Stage::kPass: Pass(stage); break;
        case Stage::kPlan: Plan(stage); break;
      }
    }
    return std::move(out_);
  }

 private:
  std::string LineOf(const Node& node) const { return Displayed(node.text, kLineLimit); }

  std::string PositionOf(const Node& node) const {
    if (node.sources.empty()) return "";
    return Displayed(s_.sources[node.sources[0]].position.ToString(), 60);
  }

  // The scopes that begin or end between two nodes, as indented lines.
  void EnterScope(Index scope) {
    std::vector<Index> path;
    for (Index s = scope; s >= 0; s = s_.scopes[s].parent) path.push_back(s);
    std::reverse(path.begin(), path.end());
    size_t common = 0;
    while (common < path.size() && common < scopes_.size() && path[common] == scopes_[common])
      ++common;
    for (size_t i = common; i < path.size(); ++i) {
      absl::StrAppend(&out_, std::string(2 * i + 2, ' '), "call ",
                      Displayed(s_.scopes[path[i]].name, 60), "\n");
    }
    scopes_ = std::move(path);
  }

  void NodeLine(absl::string_view mark, const Node& node, absl::string_view more) {
    const std::string indent(2 * scopes_.size() + 2, ' ');
    std::string line = absl::StrCat(indent, mark, LineOf(node));
    if (!more.empty()) {
      line = absl::StrFormat("%-70s  %s", line, more);
    }
    absl::StrAppend(&out_, line, "\n");
  }

  void Source(Index stage) {
    absl::StrAppend(&out_, "\n", s_.stages[stage].name, "\n");
    for (const Node& node : s_.nodes) {
      if (node.first > stage || node.last < stage) continue;
      EnterScope(node.scope);
      NodeLine("", node, PositionOf(node));
    }
    scopes_.clear();
  }

  void Pass(Index stage) {
    const Stage& pass = s_.stages[stage];
    absl::StrAppend(&out_, "\n", pass.name, ": ", pass.made, " made, ", pass.removed, " removed\n");
    for (const Node& node : s_.nodes) {
      if (node.last != stage - 1) continue;
      EnterScope(node.scope);
      NodeLine("- ", node, node.became.empty() ? "(not needed)" : "");
    }
    scopes_.clear();
    for (const Node& node : s_.nodes) {
      if (node.first != stage) continue;
      EnterScope(node.scope);
      NodeLine("+ ", node, "");
    }
    scopes_.clear();
    Reasons(stage);
  }

  void Reasons(Index stage) {
    for (const SeenReason& r : s_.reasons) {
      if (r.stage != stage) continue;
      absl::StrAppend(&out_, "  ", r.fired ? "fired   " : "refused ",
                      Displayed(r.text, kLineLimit));
      const Rule& rule = *document_.rules[r.rule];
      if (r.times > 1) absl::StrAppend(&out_, " (", r.times, " times)");
      if (r.fired && !rule.formula.empty()) absl::StrAppend(&out_, "   [", rule.formula, "]");
      out_ += "\n";
    }
  }

  void Plan(Index stage) {
    absl::StrAppend(&out_, "\n", s_.stages[stage].name, "\n");
    for (size_t i = 0; i < s_.plan.steps.size(); ++i) {
      const ExplainedStep& step = s_.plan.steps[i];
      const Node& node = s_.nodes[s_.step_node[i]];
      std::string what =
          absl::StrCat(step.kernel, ", ", step.device, ", ", ScaledText(step.flops, "FLOP"), ", ",
                       BytesText(step.bytes), ", estimate ", SecondsText(step.seconds));
      if (step.measured.has_value()) {
        absl::StrAppend(&what, ", measured ", SecondsText(step.measured->seconds));
      }
      EnterScope(node.scope);
      NodeLine(absl::StrCat(i, " "), node, what);
    }
    scopes_.clear();
    Reasons(stage);
    if (!s_.plan.memory.empty()) {
      absl::StrAppend(&out_, "\nmemory: ", PeakText(s_.plan), "\n");
    }
    for (const SeenBuffer& b : s_.buffers) {
      if (b.kind != BufferKind::kArena && b.kind != BufferKind::kResult) continue;
      absl::StrAppend(&out_, "  ", b.kind == BufferKind::kResult ? "result" : "arena ", " ",
                      BytesText(static_cast<double>(b.bytes)));
      if (b.kind == BufferKind::kArena) absl::StrAppend(&out_, " at ", b.offset);
      absl::StrAppend(&out_, " on ", b.device, ", steps ", b.first, " to ",
                      std::min<Index>(b.last, static_cast<Index>(s_.plan.steps.size()) - 1));
      if (b.node >= 0) {
        const Node& node = s_.nodes[b.node];
        absl::StrAppend(&out_, ", of ", Displayed(node.name.empty() ? node.op : node.name, 40));
      }
      out_ += "\n";
    }
    if (!s_.critical_path.empty()) {
      absl::StrAppend(&out_, "\ncritical path: ", SecondsText(s_.critical_seconds), ", steps ");
      const std::vector<Index>& path = s_.critical_path;
      const size_t shown = std::min<size_t>(path.size(), 40);
      absl::StrAppend(&out_, absl::StrJoin(path.begin(), path.begin() + shown, " "),
                      shown < path.size() ? " \xE2\x80\xA6" : "", "\n");
    }
    if (!s_.plan.rest.empty()) {
      absl::StrAppend(
          &out_, "\nplanned when its sizes are known: ", absl::StrJoin(s_.plan.rest, ", "), "\n");
    }
  }

  const Document& document_;
  const Segment& s_;
  std::string out_;
  std::vector<Index> scopes_;
};

}  // namespace

std::string ToListing(const Document& document) {
  std::string out = absl::StrCat(Displayed(document.name, 80), "\n");
  for (size_t i = 0; i < document.segments.size(); ++i) {
    if (document.segments.size() > 1) absl::StrAppend(&out, i > 0 ? "\n" : "", "segment ", i, "\n");
    absl::StrAppend(&out, Lister(document, document.segments[i]).Run());
  }
  return out;
}

}  // namespace otium::viz
