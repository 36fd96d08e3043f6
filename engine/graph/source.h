// SPDX-License-Identifier: Apache-2.0

#ifndef OTIUM_ENGINE_GRAPH_SOURCE_H_
#define OTIUM_ENGINE_GRAPH_SOURCE_H_

#include <cstdint>
#include <source_location>
#include <string>

#include "absl/strings/string_view.h"
#include "engine/base/export.h"

namespace otium {

// Where a node was made. Lines and columns count from 1; line 0 is nowhere.
struct OTIUM_EXPORT SourcePosition {
  // Lives as long as the program: a string literal or one from InternFileName.
  const char* file = "";
  uint32_t line = 0;
  uint32_t column = 0;
  // Characters to underline; 0 when only the start is known (C++ source).
  uint32_t length = 0;

  static SourcePosition From(const std::source_location& location) {
    return {location.file_name(), location.line(), location.column(), 0};
  }
  bool known() const { return line != 0; }
  // "ridge.otm:4:9"; empty when not known.
  std::string ToString() const;
};

// A copy of `name` that is never freed; equal names share one copy.
OTIUM_EXPORT const char* InternFileName(absl::string_view name);

}  // namespace otium

#endif  // OTIUM_ENGINE_GRAPH_SOURCE_H_
