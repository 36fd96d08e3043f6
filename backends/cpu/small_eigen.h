// SPDX-License-Identifier: Apache-2.0
//
// Eigenvalues of small symmetric matrices, one a SIMD lane (small_matrices.h), by C. G. J.
// Jacobi's rotations: what a lane does next does not depend on its numbers, as it would with
// shifts and deflation, and a rotation of many matrices takes as long as one of one. With
// vectors, in f64 on AVX-512: 0.1 us for each of many 4 x 4, and 3.3 for 16 x 16, where LAPACK
// takes 1.6 and 18. Alone a matrix takes as long as LAPACK's up to 12 rows, and half as long
// again of 16; a batch is its loop, so they are not told apart. No fewer rotations do: with
// thresholds that fall from sweep to sweep there are 1% less of them. Nor does it gain to take the
// rows of one and the columns of another at once: the products count, not the loads and stores.
//
// Tested by tests/cpu/small_eigen_test.cc.

#ifndef OTIUM_BACKENDS_CPU_SMALL_EIGEN_H_
#define OTIUM_BACKENDS_CPU_SMALL_EIGEN_H_

#include <cstdint>

#include "backends/cpu/small_matrices.h"

namespace otium::cpu {

// Matrices are dense and row-major. T is float or double.
template <class T>
struct SmallEigenGroup {
  int64_t count = 0;         // Matrices, at least 1 and at most SmallEigenKernels::lanes.
  int64_t n = 0;             // Their rows and columns, at most kSmallMatrix.
  bool upper = false;        // The triangle that is read.
  bool has_vectors = false;  // They are asked for.
  const T* a[kMostLanes];
  T* values[kMostLanes];       // n, ascending.
  T* vectors[kMostLanes];      // n x n, in columns.
  bool is_finite[kMostLanes];  // Otherwise there are no values.
  bool streams = false;        // Vectors of the batch would not stay in the caches.
  T* memory = nullptr;         // 64-byte aligned, of SmallEigenElements(n).
};

constexpr int64_t SmallEigenElements(int64_t n) { return kMostLanes * (2 * n * n + n); }

template <class T>
struct SmallEigenKernels {
  int64_t lanes;
  void (*symmetric)(SmallEigenGroup<T>& group);
};

// Of the best target of this machine.
template <class T>
const SmallEigenKernels<T>& BestSmallEigenKernels();

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_SMALL_EIGEN_H_
