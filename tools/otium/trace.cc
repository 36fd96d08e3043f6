// SPDX-License-Identifier: Apache-2.0
//
// --profile: the trace event format of Chrome's about:tracing and of Perfetto
// ("X" events, microseconds). Row 0 has the passes, one after the other, for
// their start is not recorded; each segment of the plan has a row of its own.

#include <string>

#include "absl/strings/str_cat.h"
#include "engine/io/atomic_file.h"
#include "nlohmann/json.hpp"
#include "tools/otium/execution.h"

namespace otium::cli {
namespace {

constexpr double kMicroseconds = 1e6;

Json Event(std::string name, absl::string_view category, int row, double start, double seconds,
           Json arguments) {
  return {{"name", std::move(name)},   {"cat", std::string(category)},
          {"ph", "X"},                 {"pid", 1},
          {"tid", row},                {"ts", start * kMicroseconds},
          {"dur", seconds * kMicroseconds}, {"args", std::move(arguments)}};
}

Json RowName(int row, std::string name) {
  return {{"name", "thread_name"}, {"ph", "M"}, {"pid", 1}, {"tid", row},
          {"args", {{"name", std::move(name)}}}};
}

}  // namespace

absl::Status WriteTrace(const Profile& profile, const std::string& path) {
  Json events = Json::array();
  events.push_back(RowName(0, "passes"));
  double start = 0;
  for (size_t segment = 0; segment < profile.plans.size(); ++segment) {
    for (const PassRecord& pass : profile.plans[segment]->passes) {
      events.push_back(Event(std::string(pass.pass), "pass", 0, start, pass.seconds,
                             {{"segment", segment}, {"changed", pass.changed},
                              {"nodes", pass.nodes}}));
      start += pass.seconds;
    }
    events.push_back(RowName(static_cast<int>(segment) + 1, absl::StrCat("segment ", segment)));
  }
  for (const StepRecord& record : profile.steps) {
    const PlanStep& step = profile.plans[record.segment]->steps[record.step];
    const absl::string_view kernel =
        record.alternative == 0 ? step.kernel.name : step.alternatives[record.alternative - 1].name;
    events.push_back(Event(std::string(step.op->name), "step", record.segment + 1, record.start,
                           record.end - record.start,
                           {{"step", record.step},
                            {"kernel", std::string(kernel)},
                            {"device", DeviceToString(step.device)},
                            {"flops", step.estimate.flops},
                            {"bytes", step.estimate.bytes},
                            {"estimated_us", step.estimate.seconds * kMicroseconds}}));
  }
  const Json document = {{"displayTimeUnit", "ns"}, {"traceEvents", std::move(events)}};
  return WithExit(WriteFileAtomically(path, document.dump() + "\n"), Exit::kRunFailed);
}

}  // namespace otium::cli
