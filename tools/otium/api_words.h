// SPDX-License-Identifier: Apache-2.0
//
// Messages of the library name its interface; those of the program name the option
// that does the same.

#ifndef OTIUM_TOOLS_OTIUM_API_WORDS_H_
#define OTIUM_TOOLS_OTIUM_API_WORDS_H_

#include <string>

#include "absl/strings/string_view.h"

namespace otium::cli {

// "bind it (RunOptions::sizes)" becomes "bind it (--size)".
std::string InOptions(absl::string_view message);

}  // namespace otium::cli

#endif  // OTIUM_TOOLS_OTIUM_API_WORDS_H_
