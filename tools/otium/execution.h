// SPDX-License-Identifier: Apache-2.0
//
// From the options to a program: device, math, passes, dumps.

#ifndef OTIUM_TOOLS_OTIUM_EXECUTION_H_
#define OTIUM_TOOLS_OTIUM_EXECUTION_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/engine.h"
#include "tools/otium/inputs.h"
#include "tools/otium/progress.h"
#include "tools/otium/session.h"

namespace otium::cli {

// Everything about the options that can be wrong before a file is opened:
// numbers, names of devices, passes and math modes. Sets the number of threads.
// Exit::kUsage, or kNoDevice for a device that is not here.
absl::StatusOr<CompileOptions> MakeCompileOptions(const Session& session);

// As the options say, ^C included.
absl::StatusOr<RunOptions> MakeRunOptions(const Session& session, const Inputs& inputs);

// The bytes of "2000000", "512K", "4M", "1.5G" (powers of 1024).
absl::StatusOr<int64_t> ParseBytes(absl::string_view text);

// Writes the graph before the first pass and after each one, as canonical text,
// to a folder (made when missing): 00-source.otm, 01-inline_calls.otm, ... Large
// constants lie beside them as .npy. A segment that comes after a size that is
// data has names of its own: 1.00-source.otm and so on.
class PassDump {
 public:
  // Everything that is planned with `compile` from now on, once: make the program
  // for further runs with other options.
  static absl::StatusOr<PassDump> Start(const std::string& folder, CompileOptions* compile);
  // Whether everything could be written.
  absl::Status status() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// The fastest of some runs after a first one, which plans and touches memory.
absl::StatusOr<Profile> Analyze(const Program& program, const Inputs& inputs, RunOptions run);

// The machine that plans are for.
const Machine& MachineOf(const CompileOptions& compile);

// As Chrome's about:tracing and Perfetto read it (engine/run/chrome_trace.h).
absl::Status WriteTrace(const Profile& profile, const std::string& path);

}  // namespace otium::cli

#endif  // OTIUM_TOOLS_OTIUM_EXECUTION_H_
