// SPDX-License-Identifier: Apache-2.0
#include "engine/run/chrome_trace.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace otium {
namespace {

std::string Quoted(absl::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      absl::StrAppend(&quoted, "\\", absl::string_view(&c, 1));
    } else if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppendFormat(&quoted, "\\u%04x", static_cast<unsigned char>(c));
    } else {
      quoted.push_back(c);
    }
  }
  quoted.push_back('"');
  return quoted;
}

std::string Microseconds(double seconds) { return absl::StrFormat("%.3f", seconds * 1e6); }

constexpr int kPassRow = 0, kSegmentRow = 1, kFirstLaneRow = 2;

// Steps that one thread ran on one device follow each other: a row.
struct Lane {
  Device device;
  int thread;
  friend bool operator==(const Lane&, const Lane&) = default;
};

int RowOf(const Lane& lane, std::vector<Lane>* lanes) {
  auto it = std::find(lanes->begin(), lanes->end(), lane);
  if (it == lanes->end()) it = lanes->insert(lanes->end(), lane);
  return static_cast<int>(it - lanes->begin()) + kFirstLaneRow;
}

std::string RowName(int row, absl::string_view name) {
  return absl::StrCat(R"({"name":"thread_name","ph":"M","pid":1,"tid":)", row,
                      R"(,"args":{"name":)", Quoted(name), "}}");
}

// `*start`: of the pass, for that is not recorded; they are shown one after the other.
std::string PassEvent(const PassRecord& pass, size_t segment, double* start) {
  const double begin = *start;
  *start += pass.seconds;
  return absl::StrCat(R"({"name":)", Quoted(pass.pass), R"(,"cat":"pass","ph":"X","ts":)",
                      Microseconds(begin), R"(,"dur":)", Microseconds(pass.seconds),
                      R"(,"pid":1,"tid":)", kPassRow, R"(,"args":{"segment":)", segment,
                      R"(,"changed":)", pass.changed ? "true" : "false", R"(,"nodes":)", pass.nodes,
                      "}}");
}

std::string StepEvent(const StepRecord& record, const Plan& plan, std::vector<Lane>* lanes) {
  const PlanStep& step = plan.steps[record.step];
  const Graph& graph = *plan.graph;
  const StepKernel& kernel =
      record.alternative == 0 ? step.kernel : step.alternatives[record.alternative - 1];
  std::string name(step.op->name);
  // Not every step has results of its own: a check is of what it reads.
  const absl::string_view value = graph.value_name(graph.result(step.node));
  if (!value.empty()) absl::StrAppend(&name, " ", value);
  std::string text = absl::StrCat(
      R"({"name":)", Quoted(name), R"(,"cat":"step","ph":"X","ts":)", Microseconds(record.start),
      R"(,"dur":)", Microseconds(record.end - record.start), R"(,"pid":1,"tid":)",
      RowOf({step.device, record.thread}, lanes), R"(,"args":{"segment":)", record.segment,
      R"(,"step":)", record.step, R"(,"kernel":)", Quoted(kernel.name), R"(,"flops":)",
      absl::StrFormat("%.6g", step.estimate.flops), R"(,"bytes":)",
      absl::StrFormat("%.6g", step.estimate.bytes), R"(,"estimated_us":)",
      Microseconds(step.estimate.seconds));
  if (!step.alternatives.empty()) absl::StrAppend(&text, R"(,"alternative":)", record.alternative);
  const auto origins = graph.origins(step.node);
  if (!origins.empty() && graph.sources()->entries[origins[0]].position.known()) {
    absl::StrAppend(&text, R"(,"source":)",
                    Quoted(graph.sources()->entries[origins[0]].position.ToString()));
  }
  return absl::StrCat(text, "}}");
}

}  // namespace

std::string ChromeTrace(const Profile& profile) {
  std::vector<Lane> lanes;
  std::vector<std::string> events;
  events.push_back(R"({"name":"process_name","ph":"M","pid":1,"args":{"name":"otium"}})");
  double pass_start = 0;
  for (size_t s = 0; s < profile.plans.size(); ++s) {
    for (const PassRecord& pass : profile.plans[s]->passes) {
      events.push_back(PassEvent(pass, s, &pass_start));
    }
    double start = profile.seconds, end = 0;
    for (const StepRecord& r : profile.steps) {
      if (r.segment != static_cast<int>(s)) continue;
      start = std::min(start, r.start);
      end = std::max(end, r.end);
    }
    if (end < start) continue;  // Nothing to do in it.
    const Plan& plan = *profile.plans[s];
    events.push_back(absl::StrCat(
        R"({"name":"segment )", s, R"(","cat":"segment","ph":"X","ts":)", Microseconds(start),
        R"(,"dur":)", Microseconds(end - start), R"(,"pid":1,"tid":)", kSegmentRow,
        R"(,"args":{"steps":)", plan.steps.size(), R"(,"peak_bytes":)", plan.peak_bytes,
        R"(,"estimated_us":)", Microseconds(plan.EstimatedSeconds()), "}}"));
  }
  for (const StepRecord& r : profile.steps) {
    // A run that failed has no plan for its last segment.
    if (r.segment >= static_cast<int>(profile.plans.size())) break;
    events.push_back(StepEvent(r, *profile.plans[r.segment], &lanes));
  }
  events.push_back(RowName(kPassRow, "passes"));
  events.push_back(RowName(kSegmentRow, "segments"));
  for (size_t i = 0; i < lanes.size(); ++i) {
    events.push_back(
        RowName(static_cast<int>(i) + kFirstLaneRow,
                absl::StrCat(DeviceToString(lanes[i].device), ", thread ", lanes[i].thread)));
  }
  std::string text = "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n";
  for (size_t i = 0; i < events.size(); ++i) {
    absl::StrAppend(&text, events[i], i + 1 < events.size() ? ",\n" : "\n");
  }
  return absl::StrCat(text, "]}\n");
}

}  // namespace otium
