// SPDX-License-Identifier: Apache-2.0
#include "tools/otium/exit_status.h"

#include <cstdlib>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

namespace otium::cli {
namespace {

constexpr char kExitPayload[] = "otium.cli/exit";
constexpr char kHelpPayload[] = "otium.cli/help";
constexpr char kReportedPayload[] = "otium.cli/reported";

}  // namespace

absl::Status Fail(Exit exit, absl::string_view message, absl::string_view help) {
  absl::Status status = WithExit(absl::UnknownError(message), exit);
  if (!help.empty()) status.SetPayload(kHelpPayload, absl::Cord(help));
  return status;
}

absl::Status FailReported(Exit exit) {
  absl::Status status = Fail(exit, "reported");
  status.SetPayload(kReportedPayload, absl::Cord());
  return status;
}

absl::Status WithExit(absl::Status status, Exit exit) {
  if (!status.ok() && !status.GetPayload(kExitPayload).has_value()) {
    status.SetPayload(kExitPayload, absl::Cord(absl::StrCat(static_cast<int>(exit))));
  }
  return status;
}

absl::Status WithRunExit(absl::Status status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kOutOfRange:
      return WithExit(std::move(status), Exit::kBadInput);
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kUnavailable:
      return WithExit(std::move(status), Exit::kNoDevice);
    case absl::StatusCode::kCancelled:
      return WithExit(std::move(status), Exit::kInterrupted);
    default:
      return WithExit(std::move(status), Exit::kRunFailed);
  }
}

Exit ExitOf(const absl::Status& status) {
  if (status.ok()) return Exit::kFine;
  const absl::optional<absl::Cord> payload = status.GetPayload(kExitPayload);
  if (!payload.has_value()) return Exit::kRunFailed;
  return static_cast<Exit>(std::atoi(std::string(*payload).c_str()));
}

std::string HelpOf(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kHelpPayload);
  return payload.has_value() ? std::string(*payload) : std::string();
}

bool IsReported(const absl::Status& status) {
  return status.GetPayload(kReportedPayload).has_value();
}

}  // namespace otium::cli
