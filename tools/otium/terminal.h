// SPDX-License-Identifier: Apache-2.0
//
// What stands at the other end of stdout and stderr.

#ifndef OTIUM_TOOLS_OTIUM_TERMINAL_H_
#define OTIUM_TOOLS_OTIUM_TERMINAL_H_

#include <cstddef>

#include "absl/strings/string_view.h"

namespace otium::cli {

// Columns of the terminal that `fd` is: what the terminal says, or $COLUMNS, or 80; 0
// when it is none.
size_t TerminalWidth(int fd);

// Whether to write colours to `fd`: what --color says, then NO_COLOR, then whether it
// is a terminal (https://no-color.org).
bool WantsColor(absl::string_view when, int fd);

// How text looks there.
struct TextStyle {
  size_t width = 0;  // 0: lines are as long as they are.
  // What turns it on, and all of it off; empty without colours.
  absl::string_view bold, red, green, off;
};
TextStyle StyleOf(absl::string_view when, int fd);

}  // namespace otium::cli

#endif  // OTIUM_TOOLS_OTIUM_TERMINAL_H_
