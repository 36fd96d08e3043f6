// SPDX-License-Identifier: Apache-2.0
//
// How the program ends. Every function here that can fail returns an
// absl::Status, which carries the exit code (and a line of help) as payloads, so
// that the place that knows what went wrong decides what the shell is told.

#ifndef OTIUM_TOOLS_OTIUM_EXIT_STATUS_H_
#define OTIUM_TOOLS_OTIUM_EXIT_STATUS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace otium::cli {

enum class Exit : int {
  kFine = 0,
  kRunFailed = 1,   // Numerical failure, or results that could not be written.
  kUsage = 2,
  kBadGraph = 3,
  kBadInput = 4,    // Missing, unreadable, of another type, not as declared.
  kNoDevice = 5,    // Device or memory.
  kDiffers = 6,     // --check, --expect, fmt --check.
  kInterrupted = 130,
};

absl::Status Fail(Exit exit, absl::string_view message, absl::string_view help = "");
// What went wrong has been reported already, one diagnostic each.
absl::Status FailReported(Exit exit);
// `status` with an exit code of its own; OK stays OK.
absl::Status WithExit(absl::Status status, Exit exit);
// An error of planning or running: its code says which exit code it has (see the
// top of engine/engine.h).
absl::Status WithRunExit(absl::Status status);

// kFine for OK; kRunFailed when nobody said.
Exit ExitOf(const absl::Status& status);
std::string HelpOf(const absl::Status& status);
bool IsReported(const absl::Status& status);

}  // namespace otium::cli

#endif  // OTIUM_TOOLS_OTIUM_EXIT_STATUS_H_
