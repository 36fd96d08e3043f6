// SPDX-License-Identifier: Apache-2.0
//
// Products of many numbers, kept as a number and a power of 2, so that nothing
// overflows or vanishes on the way. The logarithm is taken once, in the end.

#ifndef OTIUM_BACKENDS_CPU_SCALED_PRODUCT_H_
#define OTIUM_BACKENDS_CPU_SCALED_PRODUCT_H_

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>
#include <numbers>

#include "backends/complex_math.h"
#include "backends/cpu/power_scale.h"

namespace otium::cpu {

// value * 2^exponent. W is double or std::complex<double>.
template <class W>
class ScaledProduct {
 public:
  void Multiply(W factor) {
    value_ = Times(value_, Scaled(factor));
    value_ = Scaled(value_);
  }
  void Negate() { value_ = -value_; }

  W Value() const {
    // Beyond these all is 0 or infinity; they leave room for the value itself.
    const int exponent = static_cast<int>(std::clamp<int64_t>(exponent_, -5000, 5000));
    if (value_ == W(0)) return W(0);  // Zeros have no sign here.
    return exponent == 0 ? value_ : TimesPower(value_, exponent);
  }
  W Sign() const { return value_ == W(0) ? W(0) : Direction(value_); }
  double LogOfSize() const {
    return std::log(std::abs(value_)) + static_cast<double>(exponent_) * std::numbers::ln2;
  }

 private:
  static double Times(double a, double b) { return a * b; }
  // By Annex G of the C standard, unlike the products that users see: of infinity times
  // what is neither 0 nor NaN the size is infinite, though no part of it may be known.
  static std::complex<double> Times(std::complex<double> a, std::complex<double> b) {
    return a * b;
  }

  // x, or where another product could leave the range of numbers x over a power of 2,
  // which goes into the exponent. Zeros, infinities and NaN stay.
  W Scaled(W x) {
    constexpr double kLarge = 0x1p400, kSmall = 0x1p-400;
    const double size = LargestPart(x);
    if ((size > kSmall && size < kLarge) || size == 0 || !std::isfinite(size)) return x;
    const int exponent = std::ilogb(size);
    exponent_ += exponent;
    return TimesPower(x, -exponent);
  }

  W value_ = 1;
  int64_t exponent_ = 0;
};

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_SCALED_PRODUCT_H_
