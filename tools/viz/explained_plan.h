// SPDX-License-Identifier: Apache-2.0
//
// A plan as people ask about it: steps with the names, types and places of what
// they read and write, their reasons, and what a run measured. `explain` prints
// it, `--json` writes it, `bench` sums it up.

#ifndef OTIUM_TOOLS_VIZ_EXPLAINED_PLAN_H_
#define OTIUM_TOOLS_VIZ_EXPLAINED_PLAN_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/optimize/cost.h"
#include "engine/place/plan.h"
#include "engine/run/observe.h"
#include "nlohmann/json_fwd.hpp"

namespace otium::viz {

using Json = nlohmann::ordered_json;

struct ExplainedOperand {
  std::string name;    // As in canonical text: the user's, or v7.
  std::string type;    // "f64[3, 3] spd".
  std::string layout;  // "", "transposed", "strided", "conjugated".
  std::string place;   // "input", "constant", "result", "arena+64".
  // The input or result that it lies in, when that has another name.
  std::string whole;
  std::string device;  // Of the memory.
};

struct ExplainedReason {
  bool fired = false;
  const Rule* rule = nullptr;
  std::string text;
};

struct Measurement {
  double seconds = 0;
  double share = 0;  // Of the steps of the whole run.
  int alternative = 0;
  double start = 0;     // Since the run began.
  int thread = 0;       // StepRecord::thread.
  double rcond = -1;    // Of the matrix of a system or inverse; -1 when it is not known.
  std::string warning;  // What it means, when that is bad.
};

struct ExplainedStep {
  std::string kind;  // "kernel", "transfer", "modelled".
  std::string op;
  std::string region;  // Of a fused op: what it does, "relu_add".
  std::string kernel;
  std::vector<std::string> alternatives;  // Kernels that a guard may turn to.
  std::string device;
  std::string from;  // Of a transfer: the device it comes from.
  std::vector<ExplainedOperand> operands, results;
  double flops = 0;  // Real ones: a complex multiply-add is eight.
  double bytes = 0;
  double seconds = 0;   // The estimate.
  double roofline = 0;  // Seconds that the device needs at least.
  int64_t workspace_bytes = 0;
  std::string position;  // "ridge.otm:4:7".
  std::vector<ExplainedReason> reasons;
  std::optional<Measurement> measured;
};

struct ExplainedPass {
  std::string name;
  double seconds = 0;
  bool changed = false;
  int64_t nodes = 0;
  int fired = 0, refused = 0;  // Reasons.
};

// What a plan needs of one device, without inputs and constants.
struct DeviceMemory {
  std::string device;
  int64_t arena_bytes = 0, result_bytes = 0;  // Reserved for the whole run.
  // Of them, and workspace, what is in use while each step runs, and the step with the
  // most. Devices may have theirs in different steps, so nothing is summed over them.
  std::vector<int64_t> live_bytes;
  int64_t peak_bytes = 0;
  int peak_step = 0;
};

struct ExplainedSegment {
  std::vector<ExplainedStep> steps;
  std::vector<ExplainedPass> passes;
  // Those that belong to no step.
  std::vector<ExplainedReason> reasons;
  std::vector<DeviceMemory> memory;  // Of the devices that it needs some of.
  int64_t reserved_bytes = 0;        // Arenas and results of all devices.
  bool runnable = true;
  // Ops that are planned when the sizes that this segment makes are known.
  std::vector<std::string> rest;
};

// All transfers in one direction.
struct Transfers {
  std::string from, to;
  int steps = 0;
  double bytes = 0, seconds = 0;  // Estimated.
};

// Steps of one op together; those that copy are "copy" and "transfer".
struct OpSeconds {
  std::string op;
  int steps = 0;
  double seconds = 0;
  double share = 0;
};

struct ExplainedPlan {
  std::vector<ExplainedSegment> segments;
  // Sums over all steps.
  double flops = 0, bytes = 0, seconds = 0, roofline = 0;
  int64_t reserved_bytes = 0;  // The most that a segment reserves.
  std::vector<Transfers> transfers;
  std::optional<double> measured;  // Seconds of the whole run.
  double unattributed = 0;         // Of them, between the steps.

  size_t num_steps() const;
  // Where the time goes, most first: measured, or as it is estimated.
  std::vector<OpSeconds> SecondsByOp() const;
};

// What work in some time comes to; zero in no time.
struct Rates {
  double flops_per_second = 0;
  double bytes_per_second = 0;
  double roofline_share = 0;  // Of what the device could do at most.
};
Rates RatesOf(double flops, double bytes, double roofline, double seconds);

// What the step is called: its op, or "copy", "transfer"; and with its region.
absl::string_view StepName(const ExplainedStep& step);
std::string StepTitle(const ExplainedStep& step);
// "peak 16 B in step 0", "peak 1 KiB on cpu in step 3, 2 KiB on cuda:0 in step 1"; or
// nothing.
std::string PeakText(const ExplainedSegment& segment);
// Measured, or else estimated.
double SecondsOf(const ExplainedStep& step);

// The names of the values of a plan's graph, by ValueId.
using ValueNameList = std::vector<std::string>;

// One plan before a run, or with `profile` the plan of each segment that ran. `names`
// are those of each plan, or empty: they are as in the canonical text of its graph.
ExplainedPlan ExplainPlans(const std::vector<std::shared_ptr<const Plan>>& plans,
                           const Machine& machine, const Profile* profile,
                           absl::Span<const ValueNameList> names = {});

Json PlanToJson(const ExplainedPlan& plan);  // explained_plan_json.cc

}  // namespace otium::viz

#endif  // OTIUM_TOOLS_VIZ_EXPLAINED_PLAN_H_
