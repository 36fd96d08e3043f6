// SPDX-License-Identifier: Apache-2.0
//
// A line of text for a terminal, where what does not fit hangs under its beginning:
//
//   |    reads   y: f64[2] (input),
//   |            A: f64[2, 3] (input)

#ifndef OTIUM_TOOLS_OTIUM_HANGING_TEXT_H_
#define OTIUM_TOOLS_OTIUM_HANGING_TEXT_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace otium::cli {

// Appends `text` behind `first`, and on each further line behind `rest`, broken behind
// commas where there are some and at spaces. A word that is too long for that, as the
// position a_long_name.otm:12:5, stands behind fewer blanks of `rest`; only one longer than
// a line is broken, behind a slash or the like. `width` 0: on one line. A text has
// kLeastColumns at least, however long the beginnings are. Colours (ESC [ ... m) take no
// room; there may be no other control characters.
inline constexpr size_t kLeastColumns = 16;
void AppendHanging(absl::string_view first, absl::string_view rest, absl::string_view text,
                   size_t width, std::string* out);

}  // namespace otium::cli

#endif  // OTIUM_TOOLS_OTIUM_HANGING_TEXT_H_
