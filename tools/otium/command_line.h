// SPDX-License-Identifier: Apache-2.0

#ifndef OTIUM_TOOLS_OTIUM_COMMAND_LINE_H_
#define OTIUM_TOOLS_OTIUM_COMMAND_LINE_H_

#include <optional>
#include <string>

#include "tools/otium/options.h"

namespace otium::cli {

struct ParsedCommandLine {
  // Empty when there is nothing to run: a text was asked for, or a mistake made.
  std::optional<Options> options;
  std::string text;   // Of --help or --version, for stdout.
  std::string command;  // That was chosen, with or without mistakes after it.
  std::string error;  // Of a mistake, for stderr.
  std::string help;   // How to do better.
  // --json was among the arguments, whatever else is wrong with them.
  bool json = false;
};

ParsedCommandLine ParseCommandLine(int argc, char** argv);

}  // namespace otium::cli

#endif  // OTIUM_TOOLS_OTIUM_COMMAND_LINE_H_
