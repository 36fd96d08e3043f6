// SPDX-License-Identifier: Apache-2.0
//
// Floating-point values as decimal digits: the shortest that read back as the
// same value of a dtype, or a given number of them, rounded once from the exact
// value, ties to even. What NumPy's "Dragon4" gives, by way of std::to_chars.

#ifndef OTIUM_ENGINE_IO_DECIMAL_H_
#define OTIUM_ENGINE_IO_DECIMAL_H_

#include <string>

#include "engine/base/dtype.h"

namespace otium {

// digits[0].digits[1]digits[2]... * 10^exponent. No trailing zeros unless a
// number of digits was asked for; zero is "0" with exponent 0.
struct Decimal {
  std::string digits;
  int exponent = 0;
};

// `magnitude` is finite, not negative, and a value of the float type `dtype`.
Decimal ShortestDecimal(double magnitude, DType dtype);
// With `digits` digits after the first.
Decimal RoundedDecimal(double magnitude, int digits);

// "12.5", "3.", "0.001": at most `precision` digits after the point, no trailing
// zeros, always a point; whole digits are exact. When `precision` is negative,
// only as many digits as are needed, and zeros up to the point: the binary16
// 65504 is "65504.", but "65500." then.
std::string FormatPositional(double magnitude, DType dtype, int precision);
// "1.25e+00": as many digits after the point as are needed, but at most
// `precision` (any number when negative) and at least `min_digits`; trailing
// zeros beyond `min_digits` are dropped. The exponent has at least
// `exponent_digits` digits.
std::string FormatScientific(double magnitude, DType dtype, int precision, int min_digits,
                             int exponent_digits);

}  // namespace otium

#endif  // OTIUM_ENGINE_IO_DECIMAL_H_
