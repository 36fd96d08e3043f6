// SPDX-License-Identifier: Apache-2.0
//
// The words of -h, --help and --version. Options are described where they are
// defined (command_line.cc); what is here is the text around them.

#ifndef OTIUM_TOOLS_OTIUM_HELP_H_
#define OTIUM_TOOLS_OTIUM_HELP_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace otium::cli {

struct CommandHelp {
  absl::string_view name;
  absl::string_view usage;     // "run FILE [NAME=VALUE ...] [-o NAME=FILE ...]"
  absl::string_view summary;   // One line, for the list of commands.
  absl::string_view details;   // Paragraphs, for --help.
  absl::string_view examples;  // Lines, for --help.
};

absl::Span<const CommandHelp> AllCommands();
// Null when there is none.
const CommandHelp* FindCommand(absl::string_view name);

// Below the options of --help, for all commands.
extern const absl::string_view kValueForms;
extern const absl::string_view kExitCodes;

}  // namespace otium::cli

#endif  // OTIUM_TOOLS_OTIUM_HELP_H_
