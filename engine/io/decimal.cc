// SPDX-License-Identifier: Apache-2.0
#include "engine/io/decimal.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace otium {
namespace {

// Holds "%.20e" of anything.
constexpr int kScientificBuffer = 64;
// A binary16 or bfloat16 needs at most 4 or 5 digits.
constexpr int kMostDigits16 = 5;

// Takes "1.25e-07" apart.
Decimal Parse(absl::string_view text) {
  const size_t e = text.find('e');
  Decimal decimal;
  for (char c : text.substr(0, e)) {
    if (c != '.') decimal.digits.push_back(c);
  }
  const char* exponent = text.data() + e + (text[e + 1] == '+' ? 2 : 1);
  std::from_chars(exponent, text.data() + text.size(), decimal.exponent);
  return decimal;
}

void DropTrailingZeros(size_t keep, std::string* digits) {
  while (digits->size() > keep && digits->back() == '0') digits->pop_back();
}

template <class T>
Decimal ShortestOf(T value) {
  char text[kScientificBuffer];
  const auto end = std::to_chars(text, text + sizeof(text), value, std::chars_format::scientific);
  return Parse(absl::string_view(text, end.ptr - text));
}

template <class T>
bool ReadsBackAs(const Decimal& decimal, double value) {
  const int scale = decimal.exponent - (static_cast<int>(decimal.digits.size()) - 1);
  const std::string text = absl::StrCat(decimal.digits, "e", scale);
  const T back(static_cast<float>(std::strtod(text.c_str(), nullptr)));
  return static_cast<double>(static_cast<float>(back)) == value;
}

// The next decimal with as many digits.
Decimal Next(Decimal d) {
  size_t i = d.digits.size();
  while (i > 0 && d.digits[i - 1] == '9') d.digits[--i] = '0';
  if (i > 0) {
    ++d.digits[i - 1];
  } else {
    d.digits[0] = '1';
    ++d.exponent;
  }
  return d;
}

// No standard function knows 16-bit floats: as few digits as read back right.
// Above a power of two its neighbours lie twice as far away as below, so the
// nearest decimal may miss where the next above it does not (2^-6 = 0.015625 is
// the binary16 0.01563, not 0.01562).
template <class T>
Decimal ShortestOf16(double value) {
  Decimal decimal;
  for (int digits = 0; digits < kMostDigits16; ++digits) {
    decimal = RoundedDecimal(value, digits);
    if (ReadsBackAs<T>(decimal, value)) break;
    decimal = Next(std::move(decimal));
    if (ReadsBackAs<T>(decimal, value)) break;
  }
  DropTrailingZeros(1, &decimal.digits);
  return decimal;
}

}  // namespace

Decimal ShortestDecimal(double magnitude, DType dtype) {
  if (magnitude == 0) return {"0", 0};
  switch (dtype) {
    case DType::kF16: return ShortestOf16<Float16>(magnitude);
    case DType::kBF16: return ShortestOf16<BFloat16>(magnitude);
    case DType::kF32: return ShortestOf(static_cast<float>(magnitude));
    case DType::kF64:
    case DType::kBool:
    case DType::kI32:
    case DType::kI64:
    case DType::kC64:
    case DType::kC128: return ShortestOf(magnitude);
  }
  __builtin_unreachable();
}

Decimal RoundedDecimal(double magnitude, int digits) {
  std::string text(digits + kScientificBuffer, '\0');
  const auto end = std::to_chars(text.data(), text.data() + text.size(), magnitude,
                                 std::chars_format::scientific, digits);
  return Parse(absl::string_view(text.data(), end.ptr - text.data()));
}

std::string FormatPositional(double magnitude, DType dtype, int precision) {
  const Decimal d = ShortestDecimal(magnitude, dtype);
  const int fraction = static_cast<int>(d.digits.size()) - 1 - d.exponent;
  if (precision >= 0 && (fraction > precision || fraction < 0)) {
    precision = fraction < 0 ? 0 : precision;
    // 309 digits are the most before the point.
    std::string text(precision + 320, '\0');
    const auto end = std::to_chars(text.data(), text.data() + text.size(), magnitude,
                                   std::chars_format::fixed, precision);
    text.resize(end.ptr - text.data());
    if (precision == 0) return text + ".";
    DropTrailingZeros(text.find('.') + 1, &text);
    return text;
  }
  if (d.exponent < 0) return absl::StrCat("0.", std::string(-d.exponent - 1, '0'), d.digits);
  if (fraction <= 0) return absl::StrCat(d.digits, std::string(-fraction, '0'), ".");
  return absl::StrCat(d.digits.substr(0, d.exponent + 1), ".", d.digits.substr(d.exponent + 1));
}

std::string FormatScientific(double magnitude, DType dtype, int precision, int min_digits,
                             int exponent_digits) {
  Decimal d = ShortestDecimal(magnitude, dtype);
  const int fraction = static_cast<int>(d.digits.size()) - 1;
  if (precision >= 0 && fraction > precision) {
    d = RoundedDecimal(magnitude, precision);
  } else if (fraction < min_digits) {
    d = RoundedDecimal(magnitude, min_digits);
  }
  DropTrailingZeros(1 + std::max(min_digits, 0), &d.digits);
  const std::string exponent = absl::StrCat(std::abs(d.exponent));
  const int zeros = std::max(exponent_digits - static_cast<int>(exponent.size()), 0);
  return absl::StrCat(d.digits.substr(0, 1), ".", d.digits.substr(1), "e",
                      d.exponent < 0 ? "-" : "+", std::string(zeros, '0'), exponent);
}

}  // namespace otium
