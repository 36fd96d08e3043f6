// SPDX-License-Identifier: Apache-2.0
//
// Scalar functions that the standard library lacks or gets wrong, as every
// executor of loop programs computes them.

#ifndef OTIUM_BACKENDS_REGION_SCALAR_MATH_H_
#define OTIUM_BACKENDS_REGION_SCALAR_MATH_H_

#include <cmath>
#include <complex>
#include <type_traits>

#include "backends/complex_math.h"

namespace otium::region {

// The nearest complex<float>. Volatile, for GCC 12 makes one vector of the two
// parts and drops its conversion to float and back.
inline std::complex<double> RoundToC64(std::complex<double> z) {
  const volatile float re = static_cast<float>(z.real()), im = static_cast<float>(z.imag());
  return {re, im};
}

// By squaring, wrapping around; negative powers are 0 but for 1 and -1.
template <class T>
T IntegerPower(T base, T exponent) {
  using U = std::make_unsigned_t<T>;
  if (exponent < 0) return base == 1 ? 1 : base == -1 ? (exponent % 2 == 0 ? 1 : -1) : 0;
  U result = 1, b = static_cast<U>(base);
  for (; exponent > 0; exponent >>= 1, b *= b) {
    if (exponent & 1) result *= b;
  }
  return static_cast<T>(result);
}

// Rounded to minus infinity; 0 for a divisor of 0; the smallest integer divided by
// -1 wraps around.
template <class T>
T IntegerFloorQuotient(T a, T b) {
  using U = std::make_unsigned_t<T>;
  if (b == 0) return 0;
  if (b == -1) return static_cast<T>(U{0} - static_cast<U>(a));
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}
template <class T>
T IntegerRemainder(T a, T b) {
  return b == 0 || b == -1 ? 0 : a % b;
}
template <class T>
T IntegerFloorRemainder(T a, T b) {
  const T r = IntegerRemainder(a, b);
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

// As Python's //: exact through the remainder, so that 1 // 0.1 is 9.
template <class T>
T FloorQuotient(T a, T b) {
  if (b == 0) return a / b;
  const T r = std::fmod(a, b);
  T quotient = (a - r) / b;
  if (r != 0 && (r < 0) != (b < 0)) quotient -= 1;
  if (quotient == 0) return std::copysign(T(0), a / b);
  const T below = std::floor(quotient);
  return quotient - below > T(0.5) ? below + 1 : below;
}
template <class T>
T FloorRemainder(T a, T b) {
  const T r = std::fmod(a, b);
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

// exp(exponent * log(x)), with what that formula loses: small integer powers are
// products, 0.5 is a root, and 0 to a positive power is 0. Also of c64 in double:
// the formula errs by the size of its exponent.
inline std::complex<double> ComplexPower(std::complex<double> x, std::complex<double> exponent) {
  const double n = exponent.real();
  if (exponent.imag() == 0 && n == std::trunc(n) && std::abs(n) <= 64) {
    if (n == 0) return 1;
    std::complex<double> power = x;
    for (int i = 1; i < std::abs(n); ++i) power = ComplexProduct(power, x);
    return n < 0 ? ComplexQuotient(1, power) : power;
  }
  if (exponent == 0.5) return std::sqrt(x);
  if (exponent == -0.5) return ComplexQuotient(1, std::sqrt(x));
  if (x == 0.0 && n > 0) return 0;
  return std::pow(x, exponent);
}

// exp(x + iy) - 1 = (expm1(x) cos y - 2 sin(y / 2)^2) + i exp(x) sin y.
template <class T>
std::complex<T> ComplexExpm1(std::complex<T> z) {
  const T x = z.real(), y = z.imag(), half = std::sin(y / 2);
  return {std::expm1(x) * std::cos(y) - 2 * half * half, std::exp(x) * std::sin(y)};
}

// |1 + x + iy|^2 = 1 + x (2 + x) + y^2, which is near 1 for a small argument; far
// from 0 nothing is lost in 1 + z.
template <class T>
std::complex<T> ComplexLog1p(std::complex<T> z) {
  const T x = z.real(), y = z.imag();
  if (!(std::abs(z) < T(0.5))) return std::log(T(1) + z);
  return {std::log1p(x * (2 + x) + y * y) / 2, std::atan2(y, 1 + x)};
}

}  // namespace otium::region

#endif  // OTIUM_BACKENDS_REGION_SCALAR_MATH_H_
