// SPDX-License-Identifier: Apache-2.0
//
// One function a command, in the file of its name.

#ifndef OTIUM_TOOLS_OTIUM_COMMANDS_H_
#define OTIUM_TOOLS_OTIUM_COMMANDS_H_

#include "absl/status/status.h"
#include "tools/otium/session.h"

namespace otium::cli {

absl::Status RunCommand(Session& session);
absl::Status CheckCommand(Session& session);
absl::Status ExplainCommand(Session& session);
absl::Status VizCommand(Session& session);
absl::Status BenchCommand(Session& session);
absl::Status FmtCommand(Session& session);
absl::Status ConvertCommand(Session& session);
absl::Status OpsCommand(Session& session);
absl::Status DevicesCommand(Session& session);
absl::Status CalibrateCommand(Session& session);

}  // namespace otium::cli

#endif  // OTIUM_TOOLS_OTIUM_COMMANDS_H_
