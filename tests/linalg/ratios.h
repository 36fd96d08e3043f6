// SPDX-License-Identifier: Apache-2.0
//
// What factorizations promise, in the units of LAPACK's tests: a ratio is an error over
// n eps and the norm of what was factored, and should be below 30. Everything is
// computed in c128, whatever the dtype.

#ifndef OTIUM_TESTS_LINALG_RATIOS_H_
#define OTIUM_TESTS_LINALG_RATIOS_H_

#include <algorithm>
#include <cmath>

#include "tests/linalg/matrix.h"

namespace otium {

inline constexpr double kMostRatio = 30;

// NaN when either is: std::max loses one, and with it what it should tell.
inline double Larger(double a, double b) { return std::isnan(a) || a > b ? a : b; }

// Frobenius; NaN when an element is NaN.
inline double NormOf(const CMatrix& a) {
  double norm = 0;
  for (int64_t i = 0; i < a.rows(); ++i) {
    for (int64_t j = 0; j < a.columns(); ++j) norm = std::hypot(norm, std::abs(a(i, j)));
  }
  return norm;
}

// The largest sum of magnitudes in a column; NaN when an element is.
inline double Norm1(const CMatrix& a) {
  double norm = 0;
  for (int64_t j = 0; j < a.columns(); ++j) {
    double sum = 0;
    for (int64_t i = 0; i < a.rows(); ++i) sum += std::abs(a(i, j));
    norm = Larger(norm, sum);
  }
  return norm;
}

// error / (n eps scale), n the largest size of the matrices; 0 where both are 0, or
// below the normal numbers.
inline double Ratio(double error, double scale, int64_t n, DType dtype) {
  const double tiny = ItemSize(RealDType(dtype)) == 4 ? 1.2e-38 : 2.3e-308;
  const double size = static_cast<double>(std::max<int64_t>(n, 1));
  return error / (size * std::max(Epsilon(dtype) * scale, tiny));
}

// ||A - B|| / (n ||A|| eps)
inline double DifferenceRatio(const CMatrix& a, const CMatrix& b, DType dtype) {
  return Ratio(NormOf(a - b), NormOf(a), std::max(a.rows(), a.columns()), dtype);
}

// ||I - Q.H Q|| / (n eps)
inline double OrthogonalityRatio(const CMatrix& q, DType dtype) {
  return Ratio(NormOf(CMatrix::Identity(q.columns()) - Adjoint(q) * q), 1, q.rows(), dtype);
}

}  // namespace otium

#endif  // OTIUM_TESTS_LINALG_RATIOS_H_
