// SPDX-License-Identifier: Apache-2.0
//
// Any text: refused, or entries within the matrix. The dense form is asked for
// only when it is small, as it may rightly be far larger than its text.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "engine/io/mtx.h"

namespace {

constexpr int64_t kSmall = 1 << 16;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<otium::CooMatrix> m = otium::ParseMtxEntries(text);
  if (!m.ok()) {
    // An array is bounded by its text. A coordinate file is refused again.
    if (m.status().message().find("is dense") != absl::string_view::npos) {
      (void)otium::ParseMtx(text).status();
    }
    return 0;
  }
  const int64_t entries = m->values.NumElements();
  const auto* indices = m->indices.data<int64_t>();
  for (int64_t i = 0; i < entries; ++i) {
    if (indices[i] < 0 || indices[i] >= m->rows) abort();
    if (indices[entries + i] < 0 || indices[entries + i] >= m->columns) abort();
  }
  if (m->rows <= kSmall && m->columns <= kSmall && m->rows * m->columns <= kSmall &&
      !otium::ParseMtx(text).ok()) {
    abort();
  }
  return 0;
}
