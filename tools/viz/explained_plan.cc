// SPDX-License-Identifier: Apache-2.0
#include "tools/viz/explained_plan.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "engine/graph/text/printer.h"
#include "nlohmann/json.hpp"

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
    reason_used_.assign(plan_.reasons.size(), false);
    for (size_t i = 0; i < plan_.reasons.size(); ++i) {
      reasons_of_[plan_.reasons[i].nodes[0]].push_back(i);
    }
    for (const PlanStep& step : plan_.steps) segment.steps.push_back(Explain(step));
    for (const PassRecord& p : plan_.passes) {
      segment.passes.push_back({std::string(p.pass), p.seconds, p.changed, p.nodes});
    }
    for (size_t i = 0; i < plan_.reasons.size(); ++i) {
      if (!reason_used_[i]) segment.reasons.push_back(Text(plan_.reasons[i]));
    }
    for (const Plan::Arena& a : plan_.arenas) {
      segment.arenas.emplace_back(DeviceToString(a.device), a.bytes);
    }
    segment.peak_bytes = plan_.peak_bytes;
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
  // Large constants of the source are inputs of plans.
  bool IsLargeConstant(int32_t input) const {
    const Graph& graph = *plan_.graph;
    const auto origins = graph.origins(graph.producer(graph.inputs()[input].value));
    return !origins.empty() && graph.sources()->entries[origins[0]].op == Op::constant;
  }

  ExplainedReason Text(const Reason& reason) const {
    return {reason.fired(), ReasonText(reason, *plan_.graph->sources())};
  }

  ExplainedOperand Operand(OperandId id, absl::string_view name, const std::string& type) const {
    ExplainedOperand operand{std::string(name), type, "", ""};
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
        break;
      case BufferKind::kConstant: operand.place = "constant"; break;
      case BufferKind::kResult: operand.place = "result"; break;
      case BufferKind::kArena: operand.place = absl::StrCat("arena+", buffer.offset); break;
    }
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
    const DType dtype = graph.type(graph.result(step.node)).dtype;
    e.flops = step.estimate.flops * (IsComplex(dtype) ? 4 : 1);
    e.bytes = step.estimate.bytes;
    e.seconds = step.estimate.seconds;
    if (const DeviceModel* device = machine_.Find(step.device)) {
      e.roofline = step.kind == PlanStep::kTransfer
                       ? step.estimate.seconds
                       : RooflineSeconds(*device, dtype, e.flops, e.bytes);
    }
    e.workspace_bytes = step.kernel.prepared.workspace_bytes;
    const auto origins = graph.origins(step.node);
    if (!origins.empty()) e.position = graph.sources()->entries[origins[0]].position.ToString();
    for (SourceId origin : is_copy ? absl::Span<const SourceId>() : origins) {
      auto it = reasons_of_.find(origin);
      if (it == reasons_of_.end()) continue;
      for (size_t i : it->second) {
        e.reasons.push_back(Text(plan_.reasons[i]));
        reason_used_[i] = true;
      }
      reasons_of_.erase(it);
    }
    return e;
  }

  const Plan& plan_;
  const Machine& machine_;
  const ValueNameList names_;
  std::vector<bool> reason_used_;
  // By the source node where they would fire; those of a step are told once.
  absl::flat_hash_map<SourceId, std::vector<size_t>> reasons_of_;
};

Json OperandsToJson(const std::vector<ExplainedOperand>& operands) {
  Json list = Json::array();
  for (const ExplainedOperand& o : operands) {
    list.push_back({{"name", o.name}, {"type", o.type}, {"layout", o.layout}, {"place", o.place}});
  }
  return list;
}

Json ReasonsToJson(const std::vector<ExplainedReason>& reasons) {
  Json list = Json::array();
  for (const ExplainedReason& r : reasons) list.push_back({{"fired", r.fired}, {"text", r.text}});
  return list;
}

Json StepToJson(const ExplainedStep& s) {
  Json json = {{"kind", s.kind},
               {"op", s.op},
               {"kernel", s.kernel},
               {"alternatives", s.alternatives},
               {"device", s.device},
               {"operands", OperandsToJson(s.operands)},
               {"results", OperandsToJson(s.results)},
               {"flops", s.flops},
               {"bytes", s.bytes},
               {"estimated_seconds", s.seconds},
               {"roofline_seconds", s.roofline},
               {"workspace_bytes", s.workspace_bytes},
               {"position", s.position},
               {"reasons", ReasonsToJson(s.reasons)}};
  if (s.measured.has_value()) {
    json["measured"] = {{"seconds", s.measured->seconds},
                        {"share", s.measured->share},
                        {"alternative", s.measured->alternative},
                        {"start", s.measured->start}};
  }
  return json;
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
    }
    result.peak_bytes = std::max(result.peak_bytes, segment.peak_bytes);
  }
  if (profile == nullptr) return result;
  double total = 0;
  for (const StepRecord& r : profile->steps) total += r.end - r.start;
  for (const StepRecord& r : profile->steps) {
    result.segments[r.segment].steps[r.step].measured = Measurement{
        r.end - r.start, total > 0 ? (r.end - r.start) / total : 0, r.alternative, r.start};
  }
  result.measured = profile->seconds;
  // What came after was planned, and stands as a segment of its own.
  for (size_t i = 0; i + 1 < result.segments.size(); ++i) result.segments[i].rest.clear();
  return result;
}

Json PlanToJson(const ExplainedPlan& plan) {
  Json segments = Json::array();
  for (const ExplainedSegment& s : plan.segments) {
    Json steps = Json::array(), passes = Json::array(), arenas = Json::array();
    for (const ExplainedStep& step : s.steps) steps.push_back(StepToJson(step));
    for (const ExplainedPass& p : s.passes) {
      passes.push_back(
          {{"name", p.name}, {"seconds", p.seconds}, {"changed", p.changed}, {"nodes", p.nodes}});
    }
    for (const auto& [device, bytes] : s.arenas) {
      arenas.push_back({{"device", device}, {"bytes", bytes}});
    }
    segments.push_back({{"steps", std::move(steps)},
                        {"passes", std::move(passes)},
                        {"reasons", ReasonsToJson(s.reasons)},
                        {"arenas", std::move(arenas)},
                        {"peak_bytes", s.peak_bytes},
                        {"runnable", s.runnable},
                        {"planned_later", s.rest}});
  }
  Json json = {{"segments", std::move(segments)},
               {"flops", plan.flops},
               {"bytes", plan.bytes},
               {"estimated_seconds", plan.seconds},
               {"roofline_seconds", plan.roofline},
               {"peak_bytes", plan.peak_bytes}};
  if (plan.measured.has_value()) json["measured_seconds"] = *plan.measured;
  return json;
}

}  // namespace otium::viz
