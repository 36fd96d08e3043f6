// SPDX-License-Identifier: Apache-2.0
//
// Least squares of small matrices of full rank, one a SIMD lane (small_matrices.h):
//
//   |A X - B| = |R X - Q.T B|     A = Q R
//
// What is in doubt, or near the ends of the range, is left to tall_system.h and LAPACK.
//
// Tested by tests/cpu/small_least_squares_test.cc.

#ifndef OTIUM_BACKENDS_CPU_SMALL_LEAST_SQUARES_H_
#define OTIUM_BACKENDS_CPU_SMALL_LEAST_SQUARES_H_

#include <cstdint>

#include "backends/cpu/small_matrices.h"

namespace otium::cpu {

// Systems that are worth it in groups, and lose little alone: one of f64 64 x 8 takes 5.9 us, 4.3
// by tall_system.h, but 2000 of them 1.2 ms instead of 5.3.
constexpr bool IsSmallLeastSquares(int64_t m, int64_t n, int64_t columns) {
  return n <= kSmallMatrix && columns <= kSmallMatrix && m <= 4 * kSmallMatrix &&
         m * n <= 2 * kSmallMatrix * kSmallMatrix;
}

// Matrices are dense and row-major. T is float or double.
template <class T>
struct SmallLeastSquaresGroup {
  int64_t count = 0;           // Systems, at least 1 and at most SmallLeastSquaresKernels::lanes.
  int64_t m = 0, n = 0;        // Rows and columns of A, n <= m.
  int64_t columns = 0;         // Of right-hand sides.
  double most_condition = 0;   // |R| |inv(R)| in the Frobenius norm must be less.
  bool has_residuals = false;  // They are asked for.
  const T* a[kMostLanes];      // m x n
  const T* b[kMostLanes];      // m x columns
  T* x[kMostLanes];            // n x columns
  T* residuals[kMostLanes];    // Squares of the norms of the columns of B - A X.
  bool is_solved[kMostLanes];  // Else the results are of no use.
  bool streams = false;        // Results of the batch would not stay in the caches.
  T* memory = nullptr;         // 64-byte aligned, of SmallLeastSquaresElements(m, n, columns).
};

// Columns of an inverse at once.
inline constexpr int64_t kSmallInverseColumns = 4;

constexpr int64_t SmallLeastSquaresElements(int64_t m, int64_t n, int64_t columns) {
  return kMostLanes * (m * n + m * columns + n * kSmallInverseColumns + columns);
}

template <class T>
struct SmallLeastSquaresKernels {
  int64_t lanes;
  void (*solve)(SmallLeastSquaresGroup<T>& group);
};

// Of the best target of this machine.
template <class T>
const SmallLeastSquaresKernels<T>& BestSmallLeastSquaresKernels();

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_SMALL_LEAST_SQUARES_H_
