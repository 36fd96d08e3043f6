// SPDX-License-Identifier: Apache-2.0
#include "tools/viz/units.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace otium::viz {
namespace {

// Three digits, but whole numbers below a thousand as they are.
std::string ThreeDigits(double value) {
  if (value == std::floor(value) && std::abs(value) < 1000) return absl::StrFormat("%.0f", value);
  if (std::abs(value) >= 999.5) return absl::StrFormat("%.0f", value);
  return absl::StrFormat("%#.3g", value);
}

std::string Scaled(double value, double base, const char* const* prefixes, int count,
                   absl::string_view unit) {
  int power = 0;
  while (power + 1 < count && std::abs(value) >= base * 0.9995) {
    value /= base;
    ++power;
  }
  std::string digits = ThreeDigits(value);
  if (digits.back() == '.') digits.pop_back();
  return absl::StrCat(digits, " ", prefixes[power], unit);
}

}  // namespace

std::string SecondsText(double seconds) {
  if (seconds >= 0.9995) return absl::StrCat(ThreeDigits(seconds), " s");
  static constexpr const char* kPrefixes[] = {"n", "u", "m"};
  return Scaled(seconds * 1e9, 1000, kPrefixes, 3, "s");
}

std::string BytesText(double bytes) {
  static constexpr const char* kPrefixes[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi"};
  return Scaled(bytes, 1024, kPrefixes, 6, "B");
}

std::string ScaledText(double value, absl::string_view unit) {
  static constexpr const char* kPrefixes[] = {"", "k", "M", "G", "T", "P"};
  return Scaled(value, 1000, kPrefixes, 6, unit);
}

}  // namespace otium::viz
