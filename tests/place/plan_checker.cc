// SPDX-License-Identifier: Apache-2.0
#include "tests/place/plan_checker.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "backends/backends.h"
#include "engine/base/tensor.h"
#include "engine/place/lifetime.h"

namespace otium {
namespace {

constexpr int64_t kGranule = kBufferAlignment;
constexpr int64_t kNothing = -1, kScratch = -2;

int64_t RoundUp(int64_t bytes) {
  return std::max<int64_t>((bytes + kGranule - 1) / kGranule, 1) * kGranule;
}

struct Range {
  int64_t begin = 0, end = 0;  // Bytes in a memory.
  bool empty() const { return begin >= end; }
  bool Overlaps(const Range& other) const {
    return !empty() && !other.empty() && begin < other.end && other.begin < end;
  }
};

class Checker {
 public:
  explicit Checker(const Plan& plan) : plan_(plan), graph_(*plan.graph), roots_(FindRoots(graph_)) {
    // One memory for each arena, then one for each buffer that is in none.
    for (const Plan::Arena& a : plan.arenas) memories_.emplace_back(a.bytes / kGranule, kNothing);
    for (size_t b = 0; b < plan.buffers.size(); ++b) {
      const PlanBuffer& buffer = plan.buffers[b];
      if (buffer.kind == BufferKind::kArena) {
        memory_of_.push_back(ArenaOf(buffer.device));
        continue;
      }
      memory_of_.push_back(static_cast<int>(memories_.size()));
      int64_t holds = kNothing;
      if (buffer.kind == BufferKind::kInput) holds = graph_.inputs()[buffer.index].value;
      if (buffer.kind == BufferKind::kConstant) holds = graph_.result(buffer.index);
      memories_.emplace_back(RoundUp(buffer.bytes) / kGranule, holds);
    }
    follows_input_.resize(plan.operands.size(), false);
    for (const InputView& v : plan.input_views) follows_input_[v.operand] = true;
  }

  std::string Run() {
    for (size_t b = 0; b < plan_.buffers.size(); ++b) {
      const PlanBuffer& buffer = plan_.buffers[b];
      if (buffer.kind != BufferKind::kArena) continue;
      const int memory = memory_of_[b];
      if (memory < 0) return absl::StrCat("buffer ", b, " is in an arena that is not there");
      if (buffer.offset % kGranule != 0 ||
          buffer.offset + RoundUp(buffer.bytes) > plan_.arenas[memory].bytes) {
        return absl::StrCat("buffer ", b, " is not inside its arena");
      }
    }
    for (size_t i = 0; i < plan_.steps.size(); ++i) {
      std::string error = CheckStep(plan_.steps[i]);
      if (!error.empty()) return absl::StrCat("step ", i, ": ", error);
    }
    for (size_t i = 0; i < plan_.outputs.size(); ++i) {
      const PlanOutput& out = plan_.outputs[i];
      const GraphOutput& wanted = graph_.outputs()[i];
      const PlanOperand& o = plan_.operands[out.operand];
      if (out.name != wanted.name) return absl::StrCat("output ", i, " is ", out.name);
      if (!o.type.IsPlain() || o.type.dtype != graph_.type(wanted.value).dtype) {
        return absl::StrCat("output ", i, " is not plain");
      }
      if (plan_.buffers[o.buffer].kind == BufferKind::kArena ||
          plan_.buffers[o.buffer].kind == BufferKind::kConstant) {
        return absl::StrCat("output ", i, " does not leave the plan");
      }
      std::string error = ExpectHolds(out.operand, roots_[wanted.value]);
      if (!error.empty()) return absl::StrCat("output ", i, ": ", error);
    }
    return "";
  }

 private:
  int ArenaOf(Device device) const {
    for (size_t a = 0; a < plan_.arenas.size(); ++a) {
      if (plan_.arenas[a].device == device) return static_cast<int>(a);
    }
    return -1;
  }

  // The bytes an operand may touch; all of the buffer when a run decides.
  Range RangeOf(OperandId id) const {
    const PlanOperand& o = plan_.operands[id];
    const PlanBuffer& b = plan_.buffers[o.buffer];
    const int64_t base = b.kind == BufferKind::kArena ? b.offset : 0;
    if (o.type.NumElements() == 0) return {};
    if (follows_input_[id]) return {base, base + b.bytes};
    int64_t low = o.offset, high = o.offset;
    for (int d = 0; d < o.type.rank(); ++d) {
      (o.type.strides[d] < 0 ? low : high) += (o.type.sizes[d] - 1) * o.type.strides[d];
    }
    const int64_t item = ItemSize(o.type.dtype);
    return {base + low * item, base + (high + 1) * item};
  }

  bool IsInside(OperandId id) const {
    const PlanBuffer& b = plan_.buffers[plan_.operands[id].buffer];
    const int64_t base = b.kind == BufferKind::kArena ? b.offset : 0;
    const Range r = RangeOf(id);
    return r.empty() || (r.begin >= base && r.end <= base + b.bytes);
  }

  int64_t& Tag(int memory, int64_t byte) { return memories_[memory][byte / kGranule]; }

  std::string ExpectHolds(OperandId id, int64_t value) {
    const PlanOperand& o = plan_.operands[id];
    if (!IsInside(id)) return absl::StrCat("operand ", id, " is not inside its buffer");
    const Range r = RangeOf(id);
    for (int64_t at = r.begin / kGranule * kGranule; at < r.end; at += kGranule) {
      const int64_t holds = Tag(memory_of_[o.buffer], at);
      if (holds == value) continue;
      return absl::StrCat("byte ", at, " of operand ", id, " holds value ", holds, ", not ", value);
    }
    return "";
  }

  void Write(int memory, const Range& r, int64_t value) {
    for (int64_t at = r.begin / kGranule * kGranule; at < r.end; at += kGranule) {
      Tag(memory, at) = value;
    }
  }

  std::string CheckStep(const PlanStep& step) {
    const OperandId* args = plan_.args.data() + step.first_arg;
    const absl::Span<const OperandId> operands(args, step.num_operands);
    const absl::Span<const OperandId> results(args + step.num_operands, step.num_results);
    const bool copies = step.kind == PlanStep::kCopy || step.kind == PlanStep::kTransfer;
    const bool checks = !copies && step.op->id == Op::assume;
    // What each operand should be.
    std::vector<int64_t> wanted;
    if (copies) {
      const PlanOperand& o = plan_.operands[operands[0]];
      const Range r = RangeOf(operands[0]);
      wanted.push_back(r.empty() ? kNothing : Tag(memory_of_[o.buffer], r.begin));
      if (!r.empty() && wanted[0] < 0) return "copies what nobody wrote";
    } else if (checks) {
      const bool of_input = graph_.Is(step.node, Op::input);
      wanted.push_back(roots_[of_input ? graph_.result(step.node) : graph_.operands(step.node)[0]]);
    } else {
      if (step.op != &graph_.op(step.node)) return "is not the op of its node";
      for (ValueId v : graph_.operands(step.node)) {
        wanted.push_back(v == kNoValue ? kNothing : static_cast<int64_t>(roots_[v]));
      }
    }
    if (wanted.size() != operands.size()) return "has another number of operands than its node";

    const int arena = ArenaOf(step.device);
    Range workspace;
    auto add_workspace = [&](const StepKernel& k) {
      if (k.prepared.workspace_bytes == 0) return;
      const Range r{k.workspace_offset, k.workspace_offset + k.prepared.workspace_bytes};
      workspace = workspace.empty()
                      ? r
                      : Range{std::min(workspace.begin, r.begin), std::max(workspace.end, r.end)};
    };
    add_workspace(step.kernel);
    for (const StepKernel& k : step.alternatives) add_workspace(k);
    if (!workspace.empty()) {
      if (arena < 0 || workspace.end > plan_.arenas[arena].bytes) return "has no workspace";
      Write(arena, workspace, kScratch);
    }
    for (size_t i = 0; i < operands.size(); ++i) {
      if ((operands[i] < 0) != (wanted[i] == kNothing) && !copies) return "misses an operand";
      if (operands[i] < 0) continue;
      if (plan_.buffers[plan_.operands[operands[i]].buffer].device != step.device &&
          step.kind != PlanStep::kTransfer) {
        return absl::StrCat("operand ", i, " is on another device");
      }
      std::string error = ExpectHolds(operands[i], wanted[i]);
      if (!error.empty()) return error;
    }
    for (size_t i = 0; i < results.size(); ++i) {
      const int memory = memory_of_[plan_.operands[results[i]].buffer];
      const Range r = RangeOf(results[i]);
      if (!IsInside(results[i])) return "a result is not inside its buffer";
      if (plan_.buffers[plan_.operands[results[i]].buffer].device != step.device) {
        return "a result is on another device";
      }
      if (memory == arena && r.Overlaps(workspace)) return "a result lies in the workspace";
      for (size_t j = 0; j < results.size(); ++j) {
        if (j != i && memory == memory_of_[plan_.operands[results[j]].buffer] &&
            r.Overlaps(RangeOf(results[j]))) {
          return "two results overlap";
        }
      }
      for (size_t j = 0; j < operands.size(); ++j) {
        if (operands[j] < 0 || memory != memory_of_[plan_.operands[operands[j]].buffer] ||
            !r.Overlaps(RangeOf(operands[j]))) {
          continue;
        }
        if (i != 0 || !MayOverwrite(step, j, operands[j], results[i])) {
          return absl::StrCat("result ", i, " overwrites operand ", j);
        }
      }
    }
    for (size_t i = 0; i < results.size(); ++i) {
      Write(
          memory_of_[plan_.operands[results[i]].buffer], RangeOf(results[i]),
          copies ? wanted[0] : static_cast<int64_t>(graph_.result(step.node, static_cast<int>(i))));
    }
    return "";
  }

  // Dimensions with one index have any stride.
  static bool SameStrides(const PhysicalType& a, const PhysicalType& b) {
    for (size_t d = 0; d < a.sizes.size(); ++d) {
      if (a.sizes[d] > 1 && a.strides[d] != b.strides[d]) return false;
    }
    return true;
  }

  // Whether the kernel says that it can, and both are the same array.
  bool MayOverwrite(const PlanStep& step, size_t j, OperandId operand, OperandId result) const {
    const PlanOperand& a = plan_.operands[operand];
    const PlanOperand& b = plan_.operands[result];
    if (a.type.dtype != b.type.dtype || a.type.sizes != b.type.sizes ||
        !SameStrides(a.type, b.type) || a.offset != b.offset || !a.type.IsPlain() ||
        !step.alternatives.empty() || step.kind != PlanStep::kKernel) {
      return false;
    }
    for (Backend* backend : DefaultBackends()) {
      for (const Kernel& k : backend->kernels()) {
        if (k.op == step.op->id && k.name == step.kernel.name && (k.in_place >> j & 1) != 0) {
          return true;
        }
      }
    }
    return false;
  }

  const Plan& plan_;
  const Graph& graph_;
  const std::vector<ValueId> roots_;
  std::vector<std::vector<int64_t>> memories_;  // Per 64 bytes: the value there.
  std::vector<int> memory_of_;                  // Per buffer.
  std::vector<bool> follows_input_;             // Per operand.
};

}  // namespace

std::string CheckPlan(const Plan& plan) { return Checker(plan).Run(); }

int64_t ArenaLowerBound(const Plan& plan) {
  std::vector<int64_t> change(plan.steps.size() + 2, 0);
  for (const PlanBuffer& b : plan.buffers) {
    if (b.kind != BufferKind::kArena || b.device != Device{}) continue;
    change[b.first] += RoundUp(b.bytes);
    change[b.last + 1] -= RoundUp(b.bytes);
  }
  int64_t alive = 0, most = 0;
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    alive += change[i];
    int64_t workspace = plan.steps[i].kernel.prepared.workspace_bytes;
    for (const StepKernel& k : plan.steps[i].alternatives) {
      workspace = std::max(workspace, k.prepared.workspace_bytes);
    }
    most = std::max(most, alive + (workspace > 0 ? RoundUp(workspace) : 0));
  }
  return most;
}

}  // namespace otium
