// SPDX-License-Identifier: Apache-2.0
//
// A new word is a line in the table. tests/cli/api_words_test.py checks that the
// library says each of them, and no options.
#include "tools/otium/api_words.h"

#include "absl/strings/str_replace.h"

namespace otium::cli {

std::string InOptions(absl::string_view message) {
  return absl::StrReplaceAll(message, {{"AllOps()", "`otium ops`"},
                                       {"CompileOptions::machine", "--device-model"},
                                       {"ParseOptions::load_anywhere", "--load-anywhere"},
                                       {"RunOptions::sizes", "--size"}});
}

}  // namespace otium::cli
