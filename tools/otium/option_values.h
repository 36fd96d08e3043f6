// SPDX-License-Identifier: Apache-2.0
//
// What the value of an option may be, in words of our own: CLI11's validators write
// their types into the help ("INT in [1 - 1024]") and into errors.

#ifndef OTIUM_TOOLS_OTIUM_OPTION_VALUES_H_
#define OTIUM_TOOLS_OTIUM_OPTION_VALUES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"

namespace otium::cli {

// An integer from `least` to `most`: "'x' is not a whole number", "0 is less than 1".
CLI::Validator WholeNumber(uint64_t least, uint64_t most);
// A finite number that is not negative.
CLI::Validator Nonnegative();
// One of a few words: "'blue' is not auto, always or never".
CLI::Validator OneOf(std::vector<std::string> words);

}  // namespace otium::cli

#endif  // OTIUM_TOOLS_OTIUM_OPTION_VALUES_H_
