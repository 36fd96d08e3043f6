// SPDX-License-Identifier: Apache-2.0
#include "tools/otium/option_values.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/span.h"

namespace otium::cli {
namespace {

// A validator returns what is wrong, or nothing. Its name stays empty: CLI11 would
// add it to the metavar.
CLI::Validator Make(std::function<std::string(std::string&)> check) {
  return CLI::Validator(std::move(check), /*validator_desc=*/"");
}

bool IsWhole(absl::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return !text.empty() && std::all_of(text.begin(), text.end(), absl::ascii_isdigit);
}

}  // namespace

CLI::Validator WholeNumber(uint64_t least, uint64_t most) {
  return Make([=](std::string& text) -> std::string {
    if (!IsWhole(text)) return absl::StrCat("'", text, "' is not a whole number");
    if (text[0] == '-') return absl::StrCat(text, " is less than ", least);
    uint64_t value = 0;
    if (!absl::SimpleAtoi(text, &value) || value > most) {
      return absl::StrCat(text, " is more than ", most);
    }
    if (value < least) return absl::StrCat(text, " is less than ", least);
    // CLI11 reads 010 as octal, and does not know +1.
    text = absl::StrCat(value);
    return "";
  });
}

CLI::Validator Nonnegative() {
  return Make([](std::string& text) -> std::string {
    double value = 0;
    if (!absl::SimpleAtod(text, &value) || std::isnan(value)) {
      return absl::StrCat("'", text, "' is not a number");
    }
    if (std::signbit(value) && value != 0) return absl::StrCat(text, " is less than 0");
    return std::isfinite(value) ? "" : absl::StrCat(text, " is not finite");
  });
}

CLI::Validator OneOf(std::vector<std::string> words) {
  return Make([words = std::move(words)](std::string& text) -> std::string {
    if (std::find(words.begin(), words.end(), text) != words.end()) return "";
    const absl::Span<const std::string> all(words);
    return absl::StrCat("'", text, "' is not ", absl::StrJoin(all.first(all.size() - 1), ", "),
                        " or ", words.back());
  });
}

}  // namespace otium::cli
