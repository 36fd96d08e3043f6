// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "nlohmann/json.hpp"
#include "tools/viz/explained_plan.h"

namespace otium::viz {
namespace {

Json OperandsToJson(const std::vector<ExplainedOperand>& operands) {
  Json list = Json::array();
  for (const ExplainedOperand& o : operands) {
    list.push_back({{"name", o.name},
                    {"type", o.type},
                    {"layout", o.layout},
                    {"place", o.place},
                    {"device", o.device}});
    if (!o.whole.empty()) list.back()["view_of"] = o.whole;
  }
  return list;
}

Json ReasonsToJson(const std::vector<ExplainedReason>& reasons) {
  Json list = Json::array();
  for (const ExplainedReason& r : reasons) {
    list.push_back({{"fired", r.fired},
                    {"rule", std::string(r.rule->name)},
                    {"formula", std::string(r.rule->formula)},
                    {"text", r.text}});
  }
  return list;
}

void AddRates(const Rates& rates, Json* json) {
  (*json)["flops_per_second"] = rates.flops_per_second;
  (*json)["bytes_per_second"] = rates.bytes_per_second;
  (*json)["roofline_share"] = rates.roofline_share;
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
  if (!s.region.empty()) json["region"] = s.region;
  if (!s.from.empty()) json["from"] = s.from;
  if (s.measured.has_value()) {
    const Measurement& m = *s.measured;
    json["measured"] = {{"seconds", m.seconds},
                        {"share", m.share},
                        {"alternative", m.alternative},
                        {"start", m.start},
                        {"thread", m.thread}};
    if (m.rcond >= 0) json["measured"]["rcond"] = m.rcond;
    if (!m.warning.empty()) json["measured"]["warning"] = m.warning;
    AddRates(RatesOf(s.flops, s.bytes, s.roofline, m.seconds), &json["measured"]);
    if (s.seconds > 0) json["measured"]["times_the_estimate"] = m.seconds / s.seconds;
  }
  return json;
}

}  // namespace

Json PlanToJson(const ExplainedPlan& plan) {
  Json segments = Json::array();
  for (const ExplainedSegment& s : plan.segments) {
    Json steps = Json::array(), passes = Json::array(), memory = Json::array();
    for (const ExplainedStep& step : s.steps) steps.push_back(StepToJson(step));
    for (const ExplainedPass& p : s.passes) {
      passes.push_back({{"name", p.name},
                        {"seconds", p.seconds},
                        {"changed", p.changed},
                        {"nodes", p.nodes},
                        {"fired", p.fired},
                        {"refused", p.refused}});
    }
    for (const DeviceMemory& m : s.memory) {
      memory.push_back({{"device", m.device},
                        {"arena_bytes", m.arena_bytes},
                        {"result_bytes", m.result_bytes},
                        {"peak_bytes", m.peak_bytes},
                        {"peak_step", m.peak_step},
                        {"live_bytes", m.live_bytes}});
    }
    segments.push_back({{"steps", std::move(steps)},
                        {"passes", std::move(passes)},
                        {"reasons", ReasonsToJson(s.reasons)},
                        {"memory", std::move(memory)},
                        {"reserved_bytes", s.reserved_bytes},
                        {"runnable", s.runnable},
                        {"planned_later", s.rest}});
  }
  Json json = {{"segments", std::move(segments)},
               {"flops", plan.flops},
               {"bytes", plan.bytes},
               {"estimated_seconds", plan.seconds},
               {"roofline_seconds", plan.roofline},
               {"reserved_bytes", plan.reserved_bytes},
               {"transfers", Json::array()},
               {"by_op", Json::array()}};
  for (const Transfers& t : plan.transfers) {
    json["transfers"].push_back({{"from", t.from},
                                 {"to", t.to},
                                 {"steps", t.steps},
                                 {"bytes", t.bytes},
                                 {"estimated_seconds", t.seconds}});
  }
  for (const OpSeconds& op : plan.SecondsByOp()) {
    json["by_op"].push_back(
        {{"op", op.op}, {"steps", op.steps}, {"seconds", op.seconds}, {"share", op.share}});
  }
  if (plan.measured.has_value()) {
    json["measured_seconds"] = *plan.measured;
    json["unattributed_seconds"] = plan.unattributed;
    AddRates(RatesOf(plan.flops, plan.bytes, plan.roofline, *plan.measured), &json);
    if (plan.seconds > 0) json["times_the_estimate"] = *plan.measured / plan.seconds;
  }
  return json;
}

}  // namespace otium::viz
