// SPDX-License-Identifier: Apache-2.0
#include "tools/viz/display.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/graph/text/utf8.h"

namespace otium::viz {
namespace {

constexpr absl::string_view kReplacement = "\xEF\xBF\xBD";

bool IsWide(uint32_t code) {
  return (code >= 0x1100 && code <= 0x115F) || (code >= 0x2E80 && code <= 0xA4CF) ||
         (code >= 0xAC00 && code <= 0xD7A3) || (code >= 0xF900 && code <= 0xFAFF) ||
         (code >= 0xFE30 && code <= 0xFE6F) || (code >= 0xFF00 && code <= 0xFF60) ||
         (code >= 0x1F300 && code <= 0x1FAFF) || (code >= 0x20000 && code <= 0x3FFFD);
}

}  // namespace

std::string Displayed(absl::string_view text, size_t limit) {
  const auto is_plain = [](char c) { return c >= ' ' && c <= '~'; };
  if (text.size() <= limit && std::all_of(text.begin(), text.end(), is_plain)) {
    return std::string(text);
  }
  // The beginnings of the characters; only as many as can matter at either end.
  std::string clean;
  std::vector<size_t> begins;
  for (size_t i = 0; i < text.size();) {
    const Utf8Character c = DecodeUtf8(text.substr(i));
    begins.push_back(clean.size());
    if (!c.valid || IsControlCharacter(c.code) || c.code == 0xFFFE || c.code == 0xFFFF) {
      absl::StrAppend(&clean, kReplacement);
    } else {
      absl::StrAppend(&clean, text.substr(i, c.length));
    }
    i += c.length;
  }
  if (begins.size() <= limit) return clean;
  if (limit < 3) return clean.substr(0, begins[limit]);
  const size_t head = (limit - 1) * 2 / 3, tail = limit - 1 - head;
  return absl::StrCat(clean.substr(0, begins[head]), "\xE2\x80\xA6",
                      clean.substr(begins[begins.size() - tail]));
}

double DisplayWidth(absl::string_view text) {
  double width = 0;
  for (size_t i = 0; i < text.size();) {
    const Utf8Character c = DecodeUtf8(text.substr(i));
    width += c.valid && IsWide(c.code) ? 2 : 1;
    i += c.length;
  }
  return width;
}

std::string EscapeXml(absl::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  for (char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string JsonString(absl::string_view text) {
  std::string out = "\"";
  for (size_t i = 0; i < text.size();) {
    const Utf8Character c = DecodeUtf8(text.substr(i));
    if (!c.valid) {
      absl::StrAppend(&out, kReplacement);
    } else if (c.code == '"' || c.code == '\\') {
      out += '\\';
      out += static_cast<char>(c.code);
    } else if (c.code == '\n') {
      out += "\\n";
    } else if (c.code == '<' || IsControlCharacter(c.code)) {
      absl::StrAppendFormat(&out, "\\u%04x", c.code);
    } else {
      absl::StrAppend(&out, text.substr(i, c.length));
    }
    i += c.length;
  }
  out += '"';
  return out;
}

std::string JsonNumber(double value) {
  if (!std::isfinite(value)) return "0";
  if (value == std::floor(value) && std::abs(value) < 1e15) {
    return absl::StrCat(static_cast<int64_t>(value));
  }
  char buffer[32];
  const auto end =
      std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::general, 6);
  return std::string(buffer, end.ptr);
}

}  // namespace otium::viz
