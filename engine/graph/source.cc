// SPDX-License-Identifier: Apache-2.0
#include "engine/graph/source.h"

#include <mutex>
#include <set>

#include "absl/strings/str_cat.h"

namespace otium {

std::string SourcePosition::ToString() const {
  return known() ? absl::StrCat(file, ":", line, ":", column) : "";
}

const char* InternFileName(absl::string_view name) {
  static auto* mutex = new std::mutex;
  static auto* names = new std::set<std::string>;
  const std::lock_guard<std::mutex> lock(*mutex);
  return names->emplace(name).first->c_str();
}

}  // namespace otium
