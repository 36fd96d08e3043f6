// SPDX-License-Identifier: Apache-2.0
//
// `otium fmt`: a hand-written graph file, tidied. Tokens and their order stay as
// they are, so the meaning does; comments, groups of lines and line breaks inside
// brackets are the author's. What changes is white space: two columns a level,
// four for a line that goes on, one space around binary operators but not **,
// none around the = of an argument, at most one empty line, one between graphs.
// Formatting twice is formatting once. Tested by tests/text/.

#ifndef OTIUM_ENGINE_GRAPH_TEXT_FORMAT_H_
#define OTIUM_ENGINE_GRAPH_TEXT_FORMAT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "engine/base/export.h"
#include "engine/graph/text/diagnostics.h"

namespace otium {

struct OTIUM_EXPORT FormatResult {
  // Empty when there are diagnostics.
  std::string text;
  // Errors of syntax; names, types and shapes are not looked at.
  std::vector<Diagnostic> diagnostics;
};

OTIUM_EXPORT FormatResult FormatGraphFile(absl::string_view text, absl::string_view file_name);

}  // namespace otium

#endif  // OTIUM_ENGINE_GRAPH_TEXT_FORMAT_H_
