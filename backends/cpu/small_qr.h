// SPDX-License-Identifier: Apache-2.0
//
// Householder QR of small matrices, one a SIMD lane (small_matrices.h): a call of LAPACK's
// takes longer to begin than this takes for a matrix of 8 rows. The reflectors are LAPACK's.
//
// Tested by tests/cpu/small_qr_test.cc.

#ifndef OTIUM_BACKENDS_CPU_SMALL_QR_H_
#define OTIUM_BACKENDS_CPU_SMALL_QR_H_

#include <algorithm>
#include <cstdint>

#include "backends/cpu/small_matrices.h"

namespace otium::cpu {

// Matrices are dense and row-major. T is float, double or complex of these.
template <class T>
struct SmallQrGroup {
  int64_t count = 0;       // Matrices, at least 1 and at most SmallQrKernels::lanes.
  int64_t m = 0, n = 0;    // Their rows and columns, at most kSmallMatrix.
  int64_t columns = 0;     // Of Q, and rows of R: m, or the smaller of m and n.
  bool has_Q = false;      // It is asked for.
  const T* a[kMostLanes];  // m x n
  T* q[kMostLanes];        // m x columns
  T* r[kMostLanes];        // columns x n
  T* tau[kMostLanes];      // The smaller of m and n.
  bool streams = false;    // Results of the batch would not stay in the caches.
  T* memory = nullptr;     // 64-byte aligned, of SmallQrElements(m, n, columns).
};

constexpr int64_t SmallQrElements(int64_t m, int64_t n, int64_t columns) {
  return kMostLanes * (m * n + m * columns + std::min(m, n));
}

template <class T>
struct SmallQrKernels {
  int64_t lanes;
  // q and r with q @ r = a.
  void (*qr)(SmallQrGroup<T>& group);
  // tau, and in r, which is m x n, R on and above the diagonal, below it the vectors.
  void (*geqrf)(SmallQrGroup<T>& group);
};

// Of the best target of this machine.
template <class T>
const SmallQrKernels<T>& BestSmallQrKernels();

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_SMALL_QR_H_
