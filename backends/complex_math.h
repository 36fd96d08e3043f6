// SPDX-License-Identifier: Apache-2.0
//
// Products and quotients of complex numbers, as every backend defines them, the
// reference included: by the textbook, as NumPy and PyTorch, and not by Annex G of
// the C standard, which std::complex follows: there infinities are restored where
// the parts of a product are NaN, which no vector loop and no BLAS does.

#ifndef OTIUM_BACKENDS_COMPLEX_MATH_H_
#define OTIUM_BACKENDS_COMPLEX_MATH_H_

#include <cmath>
#include <complex>

namespace otium {

inline std::complex<double> ComplexProduct(std::complex<double> x, std::complex<double> y) {
  return {x.real() * y.real() - x.imag() * y.imag(), x.real() * y.imag() + x.imag() * y.real()};
}

// Part by part when the divisor has only one, so that a mean of what holds an
// infinity is no NaN; else Smith's method: scaled by the larger part of the divisor,
// so that nothing overflows that the quotient does not. R. L. Smith, "Algorithm 116:
// Complex division", CACM 5, 1962.
inline std::complex<double> ComplexQuotient(std::complex<double> x, std::complex<double> y) {
  const double a = x.real(), b = x.imag(), c = y.real(), d = y.imag();
  if (d == 0) {
    const double divisor = c == 0 ? 0.0 : c;  // Zeros have no sign here.
    return {a / divisor, b / divisor};
  }
  if (c == 0) return {b / d, -a / d};
  if (std::abs(c) >= std::abs(d)) {
    const double r = d / c, divisor = c + d * r;
    return {(a + b * r) / divisor, (b - a * r) / divisor};
  }
  const double r = c / d, divisor = c * r + d;
  return {(a * r + b) / divisor, (b * r - a) / divisor};
}

// x / |x| of x other than 0. An infinity has a sign; a complex one is NaN here, for with
// products of it a part that is not infinite is soon none.
inline double Direction(double x) { return std::isnan(x) ? x : std::copysign(1.0, x); }
inline std::complex<double> Direction(std::complex<double> x) { return x / std::abs(x); }

}  // namespace otium

#endif  // OTIUM_BACKENDS_COMPLEX_MATH_H_
