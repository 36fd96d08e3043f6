// SPDX-License-Identifier: Apache-2.0
//
// Factorizations of small matrices, many at once: lane l of every vector belongs to
// matrix l of a group, so that what is serial in one matrix is not in the group. A
// matrix of 8 rows takes tens of nanoseconds; a call of LAPACK's takes hundreds before
// it has begun.
//
// Of one matrix alone the other lanes are idle. That costs least where numbers are real and n is
// small, most where they are complex and n is 16: a run of the inverse then takes 9 us, which with
// the blocked kernels takes 3; in a batch it takes 0.5 (c64) or 1.1 (c128), with them 1.7 and
// 1.9. A batch is its loop, so that the two are not told apart.
//
// What one lane computes depends on its matrix alone: a matrix has the same factors,
// bit for bit, alone and among ten thousand others.
//
// Tested by tests/cpu/small_matrices_test.cc.

#ifndef OTIUM_BACKENDS_CPU_SMALL_MATRICES_H_
#define OTIUM_BACKENDS_CPU_SMALL_MATRICES_H_

#include <cstdint>

#include "absl/types/span.h"

namespace otium::cpu {

// Rows and columns of the largest, and columns of right-hand sides, that are small.
inline constexpr int64_t kSmallMatrix = 16;
// Lanes of the widest vectors.
inline constexpr int64_t kMostLanes = 16;

// Matrices are dense and row-major, a by columns where that is said. T is float, double or
// complex of these.
template <class T>
struct SmallGroup {
  int64_t count = 0;    // Matrices, at least 1 and at most SmallKernels::lanes.
  int64_t n = 0;        // Their rows and columns.
  int64_t columns = 0;  // Of right-hand sides.
  bool by_columns = false;
  const T* a[kMostLanes];
  const T* b[kMostLanes];       // n x columns
  T* out[kMostLanes];           // See the kernels.
  int32_t* pivots[kMostLanes];  // n rows, from 1.
  int32_t codes[kMostLanes];    // 0, or what LAPACK's info would be.
  bool streams = false;         // Results of the batch would not stay in the caches.
  T* memory = nullptr;          // 64-byte aligned, of SmallElements(n, columns).
};

constexpr int64_t SmallElements(int64_t n, int64_t columns) {
  return kMostLanes * (n * n + n * columns);
}

// Of a, of its transpose, or of the conjugate of either; nothing else is read, nor the diagonal
// when that is 1.
struct SmallTriangle {
  bool transposed = false;
  bool upper = false;
  bool unit = false;
  bool conjugated = false;
};

template <class T>
struct SmallKernels {
  int64_t lanes;
  // out: the factor of the lower, or upper, triangle, zeros beside it.
  void (*cholesky)(SmallGroup<T>& group, bool upper);
  // out: L and U in one matrix; pivots.
  void (*lu)(SmallGroup<T>& group);
  // out: the diagonal of U, n numbers, of which the first has the sign of the row
  // exchanges.
  void (*lu_diagonal)(SmallGroup<T>& group);
  // out: X with a @ X = b, by LU, or by Cholesky of the lower triangle.
  void (*solve)(SmallGroup<T>& group);
  void (*solve_definite)(SmallGroup<T>& group);
  // out: b, solved for the triangles of a, one after the other. It has no codes: what is
  // divided by zero is infinite.
  void (*substitute)(SmallGroup<T>& group, absl::Span<const SmallTriangle> triangles);
  // out: the inverse, by LU.
  void (*inverse)(SmallGroup<T>& group);
};

// Of the best target of this machine.
template <class T>
const SmallKernels<T>& BestSmallKernels();

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_SMALL_MATRICES_H_
