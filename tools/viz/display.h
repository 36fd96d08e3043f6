// SPDX-License-Identifier: Apache-2.0
//
// Names come from strangers. For display they lose control characters and marks
// that turn the direction of text, invalid UTF-8 becomes U+FFFD, and what is too
// long is cut in the middle. Each output then quotes them as it must.

#ifndef OTIUM_TOOLS_VIZ_DISPLAY_H_
#define OTIUM_TOOLS_VIZ_DISPLAY_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace otium::viz {

inline constexpr size_t kWholeText = ~size_t{0};

// At most `limit` characters, control characters as U+FFFD.
std::string Displayed(absl::string_view text, size_t limit);
// How wide it is about, in letters: wide East Asian characters count twice.
double DisplayWidth(absl::string_view text);
// For XML and HTML text and attributes.
std::string EscapeXml(absl::string_view text);
// With its quotes. Controls, quotes and backslashes are escaped, and `<`,
// so that it can stand in a script. Invalid UTF-8 becomes U+FFFD.
std::string JsonString(absl::string_view text);
// Whole numbers as they are, others with six digits; 0 for what is no number.
std::string JsonNumber(double value);

}  // namespace otium::viz

#endif  // OTIUM_TOOLS_VIZ_DISPLAY_H_
