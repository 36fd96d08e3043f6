// SPDX-License-Identifier: Apache-2.0
#include "tools/viz/plan_stage.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"

namespace otium::viz {
namespace {

constexpr Index kNone = -1;

class PlanStage {
 public:
  PlanStage(const Plan& plan, const std::vector<Index>& nodes,
            const std::vector<std::string>& names, Segment* segment)
      : plan_(plan), graph_(*plan.graph), nodes_(nodes), names_(names), s_(*segment) {}

  void Run() {
    stage_ = static_cast<Index>(s_.stages.size());
    s_.stages.push_back({"plan", Stage::kPlan, 0, 0});
    s_.planned = true;
    writer_.assign(plan_.buffers.size(), {kNone, 0});
    for (const GraphInput& in : graph_.inputs()) Keep(NodeOf(graph_.producer(in.value)));
    for (size_t b = 0; b < plan_.buffers.size(); ++b) {
      const PlanBuffer& buffer = plan_.buffers[b];
      if (buffer.kind == BufferKind::kInput) {
        writer_[b] = {NodeOf(graph_.producer(graph_.inputs()[buffer.index].value)), 0};
      } else if (buffer.kind == BufferKind::kConstant) {
        writer_[b] = {NodeOf(static_cast<NodeId>(buffer.index)), 0};
      }
    }
    made_by_.assign(plan_.buffers.size(), kNone);
    for (size_t i = 0; i < plan_.steps.size(); ++i) AddStep(static_cast<Index>(i));
    MarkOutputs();
    // Edges that were there before, of the nodes that are there still.
    for (Index n = 0; n < static_cast<Index>(s_.nodes.size()); ++n) {
      s_.stages[stage_].removed += s_.nodes[n].last == stage_ - 1;
    }
    AddBuffers();
    FindCriticalPath();
  }

 private:
  struct Writer {
    Index node;
    Index result;
  };

  Index NodeOf(NodeId n) const { return nodes_[n]; }
  void Keep(Index node) { s_.nodes[node].last = stage_; }

  // What the step is in the picture: the node it computes, or one of its own.
  Index NodeOfStep(const PlanStep& step) {
    const bool own = step.kind == PlanStep::kTransfer || step.kind == PlanStep::kCopy ||
                     step.op->id != graph_.op(step.node).id;
    if (!own) {
      Keep(NodeOf(step.node));
      return NodeOf(step.node);
    }
    const Node& of = s_.nodes[NodeOf(step.node)];
    Node node;
    node.op = step.kind == PlanStep::kTransfer ? "transfer"
              : step.kind == PlanStep::kCopy   ? "copy"
                                               : std::string(step.op->name);
    node.kind = step.kind == PlanStep::kTransfer ? NodeKind::kTransfer
                : step.kind == PlanStep::kCopy   ? NodeKind::kCopy
                                                 : NodeKind::kOther;
    node.name = of.name;
    node.type = of.type;
    node.text = absl::StrCat(node.op, "(", names_[graph_.result(step.node)], ")");
    node.bytes = step.num_results > 0 ? of.bytes : 0;
    node.scope = of.scope;
    node.sources = of.sources;
    node.first = node.last = stage_;
    s_.nodes.push_back(std::move(node));
    ++s_.stages[stage_].made;
    return static_cast<Index>(s_.nodes.size()) - 1;
  }

  void AddStep(Index i) {
    const PlanStep& step = plan_.steps[i];
    const Index node = NodeOfStep(step);
    s_.step_node.push_back(node);
    std::vector<Index>& reads = s_.step_reads.emplace_back();
    std::vector<Index>& writes = s_.step_writes.emplace_back();
    s_.nodes[node].steps.push_back(i);
    s_.nodes[node].device = DeviceToString(step.device);
    Index operand = 0;
    for (int a = 0; a < step.num_operands; ++a) {
      const OperandId id = plan_.args[step.first_arg + a];
      if (id >= 0 && plan_.operands[id].buffer >= 0) {
        const PlanOperand& o = plan_.operands[id];
        const Writer writer = writer_[o.buffer];
        reads.push_back(o.buffer);
        if (writer.node != kNone) AddEdge(writer, node, operand, o.type);
        if (made_by_[o.buffer] != kNone) follows_.push_back({made_by_[o.buffer], i});
      }
      ++operand;
    }
    for (int r = 0; r < step.num_results; ++r) {
      const OperandId id = plan_.args[step.first_arg + step.num_operands + r];
      if (id < 0) continue;
      writes.push_back(plan_.operands[id].buffer);
      writer_[plan_.operands[id].buffer] = {node, r};
      made_by_[plan_.operands[id].buffer] = i;
    }
  }

  void AddEdge(Writer from, Index to, Index operand, const PhysicalType& type) {
    Keep(from.node);
    const double bytes = static_cast<double>(type.NumElements() * ItemSize(type.dtype));
    const auto [it, is_new] = edges_.try_emplace({from.node, to, operand}, 0);
    if (!is_new) return;
    const auto old = OldEdge(from, to, operand);
    if (old != kNone) {
      s_.edges[old].last = stage_;
      return;
    }
    s_.edges.push_back({from.node, to, from.result, operand, stage_, stage_, bytes});
  }

  // The same edge in the stage before.
  Index OldEdge(Writer from, Index to, Index operand) {
    if (!indexed_) {
      indexed_ = true;
      for (Index e = 0; e < static_cast<Index>(s_.edges.size()); ++e) {
        const Edge& edge = s_.edges[e];
        if (edge.last == stage_ - 1) {
          old_edges_.try_emplace({edge.from, edge.result, edge.to, edge.operand}, e);
        }
      }
    }
    const auto it = old_edges_.find({from.node, from.result, to, operand});
    return it == old_edges_.end() ? kNone : it->second;
  }

  void MarkOutputs() {
    for (const PlanOutput& out : plan_.outputs) {
      if (out.operand < 0 || plan_.operands[out.operand].buffer < 0) continue;
      const Index node = writer_[plan_.operands[out.operand].buffer].node;
      if (node == kNone) continue;
      Keep(node);
      std::vector<std::string>& outputs = s_.nodes[node].outputs;
      if (std::find(outputs.begin(), outputs.end(), out.name) == outputs.end()) {
        outputs.push_back(out.name);
      }
    }
  }

  void AddBuffers() {
    for (size_t b = 0; b < plan_.buffers.size(); ++b) {
      const PlanBuffer& buffer = plan_.buffers[b];
      s_.buffers.push_back({buffer.kind, DeviceToString(buffer.device), buffer.bytes, buffer.offset,
                            buffer.first, buffer.last, writer_[b].node});
    }
  }

  void FindCriticalPath() {
    const auto steps = static_cast<Index>(plan_.steps.size());
    std::vector<double> finish(steps, 0);
    std::vector<Index> before(steps, kNone);
    size_t next = 0;  // follows_ is sorted by its second.
    Index end = kNone;
    for (Index i = 0; i < steps; ++i) {
      double start = 0;
      for (; next < follows_.size() && follows_[next].second == i; ++next) {
        const Index from = follows_[next].first;
        if (finish[from] > start) {
          start = finish[from];
          before[i] = from;
        }
      }
      const ExplainedStep& step = s_.plan.steps[i];
      finish[i] = start + SecondsOf(step);
      if (end == kNone || finish[i] > finish[end]) end = i;
    }
    if (end == kNone) return;
    s_.critical_seconds = finish[end];
    for (Index i = end; i != kNone; i = before[i]) s_.critical_path.push_back(i);
    std::reverse(s_.critical_path.begin(), s_.critical_path.end());
  }

  const Plan& plan_;
  const Graph& graph_;
  const std::vector<Index>& nodes_;
  const std::vector<std::string>& names_;
  Segment& s_;
  Index stage_ = 0;
  std::vector<Writer> writer_;  // Who wrote each buffer last, so far.
  std::vector<Index> made_by_;  // The step that did.
  std::vector<std::pair<Index, Index>> follows_;
  absl::flat_hash_map<std::tuple<Index, Index, Index>, Index> edges_;
  bool indexed_ = false;
  absl::flat_hash_map<std::tuple<Index, Index, Index, Index>, Index> old_edges_;
};

}  // namespace

void AddPlanStage(const Plan& plan, const std::vector<Index>& nodes,
                  const std::vector<std::string>& names, Segment* segment) {
  PlanStage(plan, nodes, names, segment).Run();
}

}  // namespace otium::viz
