// SPDX-License-Identifier: Apache-2.0
#include "tools/otium/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "absl/strings/numbers.h"

namespace otium::cli {

size_t TerminalWidth(int fd) {
  if (isatty(fd) == 0) return 0;
  winsize size{};
  if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  int columns = 0;
  const char* text = std::getenv("COLUMNS");
  if (text != nullptr && absl::SimpleAtoi(text, &columns) && columns > 0) return columns;
  return 80;
}

bool WantsColor(absl::string_view when, int fd) {
  if (when != "auto") return when == "always";
  if (const char* no_color = std::getenv("NO_COLOR"); no_color != nullptr && *no_color != 0) {
    return false;
  }
  const char* term = std::getenv("TERM");
  return isatty(fd) != 0 && (term == nullptr || std::strcmp(term, "dumb") != 0);
}

TextStyle StyleOf(absl::string_view when, int fd) {
  const size_t width = TerminalWidth(fd);
  if (!WantsColor(when, fd)) return {.width = width};
  return {width, "\033[1m", "\033[31m", "\033[32m", "\033[0m"};
}

}  // namespace otium::cli
