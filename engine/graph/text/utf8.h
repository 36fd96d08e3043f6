// SPDX-License-Identifier: Apache-2.0

#ifndef OTIUM_ENGINE_GRAPH_TEXT_UTF8_H_
#define OTIUM_ENGINE_GRAPH_TEXT_UTF8_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace otium {

struct Utf8Character {
  uint32_t code = 0;
  // Bytes it takes; 1 when it is not valid.
  uint32_t length = 1;
  bool valid = false;
};

// The first character of `text`, which is not empty. Overlong forms, surrogates
// and what is beyond U+10FFFF are not valid.
inline Utf8Character DecodeUtf8(absl::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(0);
  if (first < 0x80) return {first, 1, true};
  const uint32_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return {};
  uint32_t code = first & (0x7F >> length);
  for (uint32_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    code = (code << 6) | (byte(i) & 0x3F);
  }
  constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kSmallest[length] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return {};
  return {code, length, true};
}

// What must not reach a terminal: C0 and C1 controls, and the marks that turn
// the direction of text around.
inline bool IsControlCharacter(uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x200E && code <= 0x200F) ||
         (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

}  // namespace otium

#endif  // OTIUM_ENGINE_GRAPH_TEXT_UTF8_H_
