// SPDX-License-Identifier: Apache-2.0
#include "tools/viz/explained_plan.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "engine/graph/text/printer.h"
#include "tools/viz/units.h"

namespace otium::viz {

namespace {

// Seconds that the device needs at least: its peak, or its memory.
double RooflineSeconds(const DeviceModel& device, DType dtype, double real_flops, double bytes) {
  const bool wide = RealDType(dtype) == DType::kF64 || IsInteger(dtype);
  const double peak = wide ? device.f64_flops : device.f32_flops;
  const double bandwidth = bytes <= static_cast<double>(device.cache_bytes)
                               ? device.cache_bandwidth
                               : device.memory_bandwidth;
  return std::max(real_flops / peak, bytes / bandwidth);
}

class Explainer {
 public:
  Explainer(const Plan& plan, const Machine& machine, ValueNameList names)
      : plan_(plan), machine_(machine), names_(std::move(names)) {}

  ExplainedSegment Run() {
    ExplainedSegment segment;
    for (const PlanOutput& out : plan_.outputs) {
      const BufferId buffer = out.operand < 0 ? kNoBuffer : plan_.operands[out.operand].buffer;
      if (buffer != kNoBuffer) result_in_.try_emplace(buffer, out.name);
    }
    reason_used_.assign(plan_.reasons.size(), false);
    IndexReasons();
    for (const PlanStep& step : plan_.steps) segment.steps.push_back(Explain(step));
    size_t next = 0;
    for (const PassRecord& p : plan_.passes) {
      ExplainedPass pass{std::string(p.pass), p.seconds, p.changed, p.nodes};
      for (; next < p.reasons; ++next) ++(plan_.reasons[next].fired() ? pass.fired : pass.refused);
      segment.passes.push_back(std::move(pass));
    }
    for (size_t i = 0; i < plan_.reasons.size(); ++i) {
      if (!reason_used_[i]) segment.reasons.push_back(Text(plan_.reasons[i]));
    }
    for (const DeviceModel& device : machine_.devices) {
      DeviceMemory memory = MemoryOf(device.device);
      if (memory.peak_bytes > 0) segment.memory.push_back(std::move(memory));
    }
    segment.reserved_bytes = plan_.peak_bytes;
    segment.runnable = plan_.runnable;
    if (plan_.continuation.has_value()) {
      const Graph& rest = *plan_.continuation->rest;
      for (NodeId n = 0; n < rest.num_nodes(); ++n) {
        if (rest.Is(n, Op::input) || rest.Is(n, Op::constant)) continue;
        segment.rest.emplace_back(rest.op(n).name);
      }
    }
    return segment;
  }

 private:
  // From where buffers begin and end to be.
  DeviceMemory MemoryOf(Device device) const {
    DeviceMemory memory{.device = DeviceToString(device)};
    for (const Plan::Arena& arena : plan_.arenas) {
      if (arena.device == device) memory.arena_bytes = arena.bytes;
    }
    const auto steps = static_cast<StepId>(plan_.steps.size());
    if (steps == 0) return memory;
    std::vector<int64_t> change(steps + 1, 0);
    for (const PlanBuffer& buffer : plan_.buffers) {
      if (buffer.device != device) continue;
      if (buffer.kind != BufferKind::kArena && buffer.kind != BufferKind::kResult) continue;
      if (buffer.kind == BufferKind::kResult) memory.result_bytes += buffer.bytes;
      const StepId first = std::clamp(buffer.first, 0, steps - 1);
      // Results stay to the end.
      const StepId last = buffer.kind == BufferKind::kResult
                              ? steps - 1
                              : std::clamp(buffer.last, first, steps - 1);
      change[first] += buffer.bytes;
      change[last + 1] -= buffer.bytes;
    }
    int64_t bytes = 0;
    for (StepId i = 0; i < steps; ++i) {
      const PlanStep& step = plan_.steps[i];
      bytes += change[i];
      memory.live_bytes.push_back(bytes + (step.device == device ? step.WorkspaceBytes() : 0));
    }
    const auto most = std::max_element(memory.live_bytes.begin(), memory.live_bytes.end());
    memory.peak_bytes = *most;
    memory.peak_step = static_cast<int>(most - memory.live_bytes.begin());
    return memory;
  }

  // Large constants of the source are inputs of plans.
  bool IsLargeConstant(int32_t input) const {
    const Graph& graph = *plan_.graph;
    const auto origins = graph.origins(graph.producer(graph.inputs()[input].value));
    return !origins.empty() && graph.sources()->entries[origins[0]].op == Op::constant;
  }

  ExplainedReason Text(const Reason& reason) const {
    return {reason.fired(), reason.rule, ReasonText(reason, *plan_.graph->sources())};
  }

  ExplainedOperand Operand(OperandId id, absl::string_view name, const std::string& type) const {
    ExplainedOperand operand{.name = std::string(name), .type = type};
    const PlanOperand& o = plan_.operands[id];
    const PhysicalType& p = o.type;
    if (!p.IsContiguous()) {
      operand.layout = p.rank() >= 2 && p.HasUnitRowStride() && !p.HasUnitColumnStride()
                           ? "transposed"
                           : "strided";
    }
    if (p.conjugated)
      absl::StrAppend(&operand.layout, operand.layout.empty() ? "" : " ", "conjugated");
    const PlanBuffer& buffer = plan_.buffers[o.buffer];
    switch (buffer.kind) {
      case BufferKind::kInput:
        operand.place = IsLargeConstant(buffer.index) ? "constant" : "input";
        operand.whole = plan_.graph->inputs()[buffer.index].name;
        break;
      case BufferKind::kConstant: operand.place = "constant"; break;
      case BufferKind::kResult:
        operand.place = "result";
        if (const auto it = result_in_.find(o.buffer); it != result_in_.end()) {
          operand.whole = it->second;
        }
        break;
      case BufferKind::kArena: operand.place = absl::StrCat("arena+", buffer.offset); break;
    }
    if (operand.whole == operand.name) operand.whole.clear();
    operand.device = DeviceToString(buffer.device);
    return operand;
  }

  // The operand under the name and with the logical type of value `v`.
  ExplainedOperand Operand(OperandId id, ValueId v) const {
    return Operand(id, names_[v], plan_.graph->type(v).ToString());
  }

  // What a copy that the planner adds reads or writes. It may be a view of `v`, so
  // its sizes are its own.
  ExplainedOperand Copied(OperandId id, ValueId v) const {
    const PhysicalType& p = plan_.operands[id].type;
    return Operand(id, names_[v],
                   ShortType(TensorType(p.dtype, Shape(absl::Span<const int64_t>(p.sizes)))));
  }

  ExplainedStep Explain(const PlanStep& step) {
    const Graph& graph = *plan_.graph;
    ExplainedStep e;
    switch (step.kind) {
      case PlanStep::kKernel: e.kind = "kernel"; break;
      case PlanStep::kTransfer: e.kind = "transfer"; break;
      case PlanStep::kCopy: e.kind = "copy"; break;
      case PlanStep::kModelled: e.kind = "modelled"; break;
    }
    e.op = std::string(step.op->name);
    e.kernel = std::string(step.kernel.name);
    for (const StepKernel& k : step.alternatives) e.alternatives.emplace_back(k.name);
    e.device = DeviceToString(step.device);
    // A copy of the node's value, not the node itself.
    const bool is_copy = step.kind == PlanStep::kTransfer || step.kind == PlanStep::kCopy ||
                         step.op->id != graph.op(step.node).id;
    if (!is_copy && step.op->id == Op::fused) {
      e.region = graph.attributes(step.node).Get<GraphPtr>("graph")->name();
    }
    // Checks of what is declared are at the node of the value, too.
    const bool is_check = is_copy && step.op->id == Op::assume;
    const auto values = graph.operands(step.node);
    for (int i = 0; i < step.num_operands; ++i) {
      const OperandId id = plan_.args[step.first_arg + i];
      if (id < 0) continue;
      if (is_copy) {
        const ValueId v = graph.result(step.node);
        e.operands.push_back(is_check ? Operand(id, v) : Copied(id, v));
      } else if (static_cast<size_t>(i) < values.size() && values[i] != kNoValue) {
        e.operands.push_back(Operand(id, values[i]));
      }
    }
    for (int i = 0; i < step.num_results; ++i) {
      const OperandId id = plan_.args[step.first_arg + step.num_operands + i];
      e.results.push_back(is_copy ? Copied(id, graph.result(step.node))
                                  : Operand(id, graph.result(step.node, i)));
    }
    if (step.kind == PlanStep::kTransfer && !e.operands.empty()) e.from = e.operands[0].device;
    const DType dtype = graph.type(graph.result(step.node)).dtype;
    e.flops = step.estimate.flops * (IsComplex(dtype) ? 4 : 1);
    e.bytes = step.estimate.bytes;
    e.seconds = step.estimate.seconds;
    if (const DeviceModel* device = machine_.Find(step.device)) {
      e.roofline = step.kind == PlanStep::kTransfer
                       ? step.estimate.seconds
                       : RooflineSeconds(*device, dtype, e.flops, e.bytes);
    }
    e.workspace_bytes = step.WorkspaceBytes();
    const auto origins = graph.origins(step.node);
    if (!origins.empty()) e.position = graph.sources()->entries[origins[0]].position.ToString();
    if (!is_copy) AddReasons(origins, &e);
    return e;
  }

  void IndexReasons() {
    absl::flat_hash_map<std::pair<SourceId, SourceId>, int> reasons;  // By node and call.
    for (const Reason& reason : plan_.reasons) {
      for (SourceId call : reason.calls) ++reasons[{reason.nodes[0], call}];
    }
    for (size_t i = 0; i < plan_.reasons.size(); ++i) {
      const Reason& reason = plan_.reasons[i];
      const auto rarest =
          std::min_element(reason.calls.begin(), reason.calls.end(), [&](SourceId a, SourceId b) {
            return reasons[{reason.nodes[0], a}] < reasons[{reason.nodes[0], b}];
          });
      const SourceId call = rarest == reason.calls.end() ? kNoCall : *rarest;
      reasons_of_[{reason.nodes[0], call}].push_back(i);
    }
  }

  // Those of the nodes that the step came from, in the calls that it lies in.
  void AddReasons(absl::Span<const SourceId> origins, ExplainedStep* step) {
    auto is_origin = [&](SourceId id) { return absl::c_linear_search(origins, id); };
    std::vector<SourceId> calls = {kNoCall};
    absl::c_copy_if(origins, std::back_inserter(calls), [&](SourceId id) {
      return plan_.graph->sources()->entries[id].op == Op::call;
    });
    std::vector<size_t> found;
    for (SourceId origin : origins) {
      for (SourceId call : calls) {
        const auto it = reasons_of_.find({origin, call});
        if (it == reasons_of_.end()) continue;
        absl::c_copy_if(it->second, std::back_inserter(found), [&](size_t i) {
          return !reason_used_[i] && absl::c_all_of(plan_.reasons[i].calls, is_origin);
        });
      }
    }
    absl::c_sort(found);  // As they were given.
    for (size_t i : found) {
      step->reasons.push_back(Text(plan_.reasons[i]));
      reason_used_[i] = true;
    }
  }

  const Plan& plan_;
  const Machine& machine_;
  const ValueNameList names_;
  absl::flat_hash_map<BufferId, std::string> result_in_;
  std::vector<bool> reason_used_;
  static constexpr SourceId kNoCall = ~SourceId{0};
  // By the source node where they would fire, and of the calls around it the one that
  // tells most: a graph that is called a thousand times has a thousand of each.
  absl::flat_hash_map<std::pair<SourceId, SourceId>, std::vector<size_t>> reasons_of_;
};

void AddTransfer(const ExplainedStep& step, std::vector<Transfers>* all) {
  auto it = std::find_if(all->begin(), all->end(), [&](const Transfers& t) {
    return t.from == step.from && t.to == step.device;
  });
  if (it == all->end()) it = all->insert(it, {step.from, step.device});
  ++it->steps;
  it->bytes += step.bytes;
  it->seconds += step.seconds;
}

}  // namespace

absl::string_view StepName(const ExplainedStep& step) {
  return step.kind == "transfer" || step.kind == "copy" ? step.kind : step.op;
}

std::string StepTitle(const ExplainedStep& step) {
  return absl::StrCat(StepName(step), step.region.empty() ? "" : " ", step.region);
}

std::string PeakText(const ExplainedSegment& segment) {
  const bool one = segment.memory.size() == 1;
  std::vector<std::string> peaks;
  for (const DeviceMemory& m : segment.memory) {
    peaks.push_back(absl::StrCat(BytesText(static_cast<double>(m.peak_bytes)), one ? "" : " on ",
                                 one ? "" : m.device, " in step ", m.peak_step));
  }
  return peaks.empty() ? "" : absl::StrCat("peak ", absl::StrJoin(peaks, ", "));
}

double SecondsOf(const ExplainedStep& step) {
  return step.measured.has_value() ? step.measured->seconds : step.seconds;
}

Rates RatesOf(double flops, double bytes, double roofline, double seconds) {
  if (seconds <= 0) return {};
  return {flops / seconds, bytes / seconds, roofline / seconds};
}

size_t ExplainedPlan::num_steps() const {
  size_t steps = 0;
  for (const ExplainedSegment& s : segments) steps += s.steps.size();
  return steps;
}

std::vector<OpSeconds> ExplainedPlan::SecondsByOp() const {
  std::vector<OpSeconds> all;
  absl::flat_hash_map<absl::string_view, size_t> index;
  double total = 0;
  for (const ExplainedSegment& segment : segments) {
    for (const ExplainedStep& step : segment.steps) {
      const auto [it, is_new] = index.try_emplace(StepName(step), all.size());
      if (is_new) all.push_back({std::string(StepName(step))});
      ++all[it->second].steps;
      all[it->second].seconds += SecondsOf(step);
      total += SecondsOf(step);
    }
  }
  if (total > 0) {
    for (OpSeconds& op : all) op.share = op.seconds / total;
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const OpSeconds& a, const OpSeconds& b) { return a.seconds > b.seconds; });
  return all;
}

namespace {

// What the reciprocal condition number of a step's operand 0 means for its result: below
// eps no digit of that need be right.
std::string RcondWarning(const Plan& plan, const StepRecord& record, const ExplainedStep& step) {
  if (record.rcond < 0 || step.operands.empty()) return "";
  const PlanStep& s = plan.steps[record.step];
  const PhysicalType& type = plan.operands[plan.args[s.first_arg]].type;
  if (record.rcond >= Epsilon(type.dtype)) return "";
  const std::string which =
      type.rank() > 2 ? absl::StrCat("batch element ", record.rcond_batch, " of ") : "";
  return absl::StrFormat("%s%s is nearly singular, reciprocal condition %.2g", which,
                         step.operands[0].name, record.rcond);
}

}  // namespace

ExplainedPlan ExplainPlans(const std::vector<std::shared_ptr<const Plan>>& plans,
                           const Machine& machine, const Profile* profile,
                           absl::Span<const ValueNameList> names) {
  ExplainedPlan result;
  for (size_t i = 0; i < plans.size(); ++i) {
    const Plan& plan = *plans[i];
    result.segments.push_back(
        Explainer(plan, machine, names.empty() ? ChooseValueNames(*plan.graph) : names[i]).Run());
    const ExplainedSegment& segment = result.segments.back();
    for (const ExplainedStep& s : segment.steps) {
      result.flops += s.flops;
      result.bytes += s.bytes;
      result.seconds += s.seconds;
      result.roofline += s.roofline;
      if (s.kind == "transfer") AddTransfer(s, &result.transfers);
    }
    result.reserved_bytes = std::max(result.reserved_bytes, segment.reserved_bytes);
  }
  if (profile == nullptr) return result;
  double total = 0;
  for (const StepRecord& r : profile->steps) total += r.end - r.start;
  for (const StepRecord& r : profile->steps) {
    ExplainedStep& step = result.segments[r.segment].steps[r.step];
    step.measured = Measurement{r.end - r.start,
                                total > 0 ? (r.end - r.start) / total : 0,
                                r.alternative,
                                r.start,
                                r.thread,
                                r.rcond,
                                RcondWarning(*plans[r.segment], r, step)};
  }
  result.measured = profile->seconds;
  result.unattributed = profile->seconds - total;
  // What came after was planned, and stands as a segment of its own.
  for (size_t i = 0; i + 1 < result.segments.size(); ++i) result.segments[i].rest.clear();
  return result;
}

}  // namespace otium::viz
