// SPDX-License-Identifier: Apache-2.0
//
// Products and quotients of complex numbers, as every backend defines them, the
// reference included: by the textbook, as NumPy and PyTorch, and not by Annex G of
// the C standard, which std::complex follows: there infinities are restored where
// the parts of a product are NaN, which no vector loop and no BLAS does.

#ifndef OTIUM_BACKENDS_COMPLEX_MATH_H_
#define OTIUM_BACKENDS_COMPLEX_MATH_H_

#include <algorithm>
#include <cmath>
#include <complex>

namespace otium {

inline std::complex<double> ComplexProduct(std::complex<double> x, std::complex<double> y) {
  return {x.real() * y.real() - x.imag() * y.imag(), x.real() * y.imag() + x.imag() * y.real()};
}

// Smith's method, by the larger part of the divisor, whose square is never formed. R. L.
// Smith, "Algorithm 116: Complex division", CACM 5, 1962.
inline std::complex<double> SmithQuotient(std::complex<double> x, std::complex<double> y) {
  const double a = x.real(), b = x.imag(), c = y.real(), d = y.imag();
  if (std::abs(c) >= std::abs(d)) {
    const double r = d / c, divisor = c + d * r;
    return {(a + b * r) / divisor, (b - a * r) / divisor};
  }
  const double r = c / d, divisor = c * r + d;
  return {(a * r + b) / divisor, (b * r - a) / divisor};
}

// Part by part when the divisor has only one, so that a mean of what holds an
// infinity is no NaN; else by Smith's method, of both times a power of 2 where its sums
// would overflow or have few digits, though the quotient does not: after M. Baudin and R. L.
// Smith, "A robust complex division in Scilab", 2012.
inline std::complex<double> ComplexQuotient(std::complex<double> x, std::complex<double> y) {
  const double a = x.real(), b = x.imag(), c = y.real(), d = y.imag();
  if (d == 0) {
    const double divisor = c == 0 ? 0.0 : c;  // Zeros have no sign here.
    return {a / divisor, b / divisor};
  }
  if (c == 0) return {b / d, -a / d};
  const double of_x = std::max(std::abs(a), std::abs(b)), of_y = std::max(std::abs(c), std::abs(d));
  const double least = std::min(of_x, of_y), most = std::max(of_x, of_y);
  // Where x and y are farther apart the quotient itself overflows, or is 0.
  if (most >= 0x1p1021 && least >= 0x1p-100) return SmithQuotient(x * 0x1p-4, y * 0x1p-4);
  if (least < 0x1p-960 && most < 0x1p900) return SmithQuotient(x * 0x1p100, y * 0x1p100);
  return SmithQuotient(x, y);
}

// x / |x| of x other than 0. An infinity has a sign; a complex one is NaN here, for with
// products of it a part that is not infinite is soon none.
inline double Direction(double x) { return std::isnan(x) ? x : std::copysign(1.0, x); }
inline std::complex<double> Direction(std::complex<double> x) { return x / std::abs(x); }

}  // namespace otium

#endif  // OTIUM_BACKENDS_COMPLEX_MATH_H_
