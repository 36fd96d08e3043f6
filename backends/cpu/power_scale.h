// SPDX-License-Identifier: Apache-2.0
//
// Matrices brought by a power of 2, without rounding, where the squares of their elements
// are in range. T is float, double, or complex of those.

#ifndef OTIUM_BACKENDS_CPU_POWER_SCALE_H_
#define OTIUM_BACKENDS_CPU_POWER_SCALE_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "backends/cpu/matrix_batch.h"
#include "backends/cpu/scalar.h"

namespace otium::cpu {

// The larger of the parts of x: unlike their absolute value it is in the range.
template <class T>
Real<T> LargestPart(T x) {
  if constexpr (kIsComplex<T>) return std::max(std::abs(x.real()), std::abs(x.imag()));
  else return std::abs(x);
}

// Of the parts of a finite matrix.
template <class T>
Real<T> LargestMagnitude(const Matrix<const T>& A) {
  Real<T> largest = 0;
  for (int64_t i = 0; i < A.rows; ++i) {
    for (int64_t j = 0; j < A.columns; ++j) largest = std::max(largest, LargestPart(A(i, j)));
  }
  return largest;
}

// Of matrices whose largest element is between this and its reciprocal no squares leave the
// range, nor those of what is not negligible beside that.
template <class T>
T LeastUnscaled() {
  return std::sqrt(std::numeric_limits<T>::min()) / std::numeric_limits<T>::epsilon();
}

// The exponent of `largest`, where it is to be taken from a matrix; else 0.
template <class T>
int ExponentToTake(T largest) {
  const T small = LeastUnscaled<T>();
  if (largest == T(0) || (largest >= small && largest <= 1 / small)) return 0;
  return std::ilogb(largest);
}

template <class T>
T TimesPower(T x, int exponent) {
  if constexpr (kIsComplex<T>) {
    return {std::scalbn(x.real(), exponent), std::scalbn(x.imag(), exponent)};
  } else {
    return std::scalbn(x, exponent);
  }
}

// A times 2^exponent.
template <class T>
void ScaleByPower(int exponent, const Matrix<T>& A) {
  if (exponent == 0) return;
  for (int64_t i = 0; i < A.rows; ++i) {
    for (int64_t j = 0; j < A.columns; ++j) A(i, j) = TimesPower(A(i, j), exponent);
  }
}

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_POWER_SCALE_H_
