// SPDX-License-Identifier: Apache-2.0
//
// Least squares with more rows than columns, made square:
//
//   |A X - B| = |R X - Q.H B|     A = Q R
//
// of which the rows below R are what no X reaches. T is float, double, or complex of those.
//
// Tested by tests/linalg/least_squares_test.cc.

#ifndef OTIUM_BACKENDS_CPU_TALL_SYSTEM_H_
#define OTIUM_BACKENDS_CPU_TALL_SYSTEM_H_

#include <complex>
#include <cstdint>

#include "backends/cpu/matrix_batch.h"
#include "backends/cpu/workspace.h"

namespace otium::cpu {

template <class T>
class TallSystem {
 public:
  using Real = decltype(std::abs(T()));

  // For A [m, n] and B [m, columns], n <= m.
  TallSystem(Workspace& memory, int64_t m, int64_t n, int64_t columns);

  // Copies both, brought into a range where nothing overflows, and factors A. Without a B,
  // which then has no rows, there is R alone.
  void Factor(const Matrix<const T>& A, const Matrix<const T>& B);

  // The upper triangle is R [n, n], over 2^exponent_of_A().
  Matrix<T> Left() const { return both_.Block(0, 0, n_, n_); }
  // Q.H B [n, columns], over 2^exponent_of_B().
  Matrix<T> Right() const { return both_.Block(0, n_, n_, both_.columns - n_); }
  int exponent_of_A() const { return exponent_of_A_; }
  int exponent_of_B() const { return exponent_of_B_; }
  // Of column j of B: the square of the norm of what no X reaches.
  Real Unreached(int64_t j) const;
  // At least the condition number of R in the 2-norm, but for rounding: |R| |inv(R)| in the
  // Frobenius norm. Infinite or not a number when R is singular.
  double ConditionBound() const;

 private:
  const int64_t n_;
  const Matrix<T> both_;  // [A B]
  T *const tau_, *const inverse_, *const memory_;
  int exponent_of_A_ = 0, exponent_of_B_ = 0;
};

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_TALL_SYSTEM_H_
