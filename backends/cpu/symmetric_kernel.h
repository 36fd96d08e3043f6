// SPDX-License-Identifier: Apache-2.0
//
// The product of a Hermitian matrix with a vector, which reads one triangle once. T is
// float, double, or complex of those.
//
// Tested by tests/cpu/dense_tridiagonal_test.cc.

#ifndef OTIUM_BACKENDS_CPU_SYMMETRIC_KERNEL_H_
#define OTIUM_BACKENDS_CPU_SYMMETRIC_KERNEL_H_

#include <cstdint>

namespace otium::cpu {

// Squares of so many rows on the diagonal are whole: their other triangles are read too,
// so that a column is read in whole vectors.
inline constexpr int64_t kSymmetricSquare = 16;

template <class T>
struct SymmetricKernels {
  // y = what columns [begin, end) of A, an upper triangle of columns ld apart, give of A x:
  // with their mirror images, so all of y up to the last square is set. `begin` is a
  // multiple of the square, and so is `end` but for the last columns. x and y have room for
  // whole squares, x is finite there, and A has memory for one more column.
  void (*multiply_columns)(int64_t begin, int64_t end, const T* a, int64_t ld, const T* x, T* y);
};

// Of the best target of this machine.
template <class T>
const SymmetricKernels<T>& BestSymmetricKernels();

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_SYMMETRIC_KERNEL_H_
