// SPDX-License-Identifier: Apache-2.0
//
// From the options to a program and to a plan: device, math, passes, what watches.

#ifndef OTIUM_TOOLS_OTIUM_EXECUTION_H_
#define OTIUM_TOOLS_OTIUM_EXECUTION_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/engine.h"
#include "engine/graph/function.h"
#include "tools/otium/inputs.h"
#include "tools/otium/progress.h"
#include "tools/otium/session.h"
#include "tools/viz/viz.h"

namespace otium::cli {

// Everything about the options that can be wrong before a file is opened:
// numbers, names of devices, passes and math modes. Sets the number of threads.
// Exit::kUsage, or kNoDevice for a device that is not here.
absl::StatusOr<CompileOptions> MakeCompileOptions(const Session& session);

// As the options say, ^C included.
absl::StatusOr<RunOptions> MakeRunOptions(const Session& session, const Inputs& inputs);

// The bytes of "2000000", "512K", "4M", "1.5G" (powers of 1024).
absl::StatusOr<int64_t> ParseBytes(absl::string_view text);

// A plan to look at, and with --analyze what the fastest of some runs measured.
struct WatchedPlan {
  Function function;
  SizeBindings sizes;  // Of its inputs.
  Machine machine;     // That it is for.
  // One for each segment: all that ran, or the first.
  std::vector<std::shared_ptr<const Plan>> plans;
  std::optional<Profile> profile;
};

// Reads, plans and with --analyze runs what the options say, their --dump-passes and
// --profile included. `history` has the passes afterwards.
absl::StatusOr<WatchedPlan> PlanAndWatch(Session& session, const PassHistory& history,
                                         ProgressBar* bar);

// The machine that plans are for.
const Machine& MachineOf(const CompileOptions& compile);

// As Chrome's about:tracing and Perfetto read it (engine/run/chrome_trace.h).
absl::Status WriteTrace(const Profile& profile, const std::string& path);

}  // namespace otium::cli

#endif  // OTIUM_TOOLS_OTIUM_EXECUTION_H_
