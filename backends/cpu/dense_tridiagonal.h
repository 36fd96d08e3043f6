// SPDX-License-Identifier: Apache-2.0
//
// Reduction of Hermitian matrices to real tridiagonal ones, A = Q T Q.H, by Householder
// reflectors in blocks: J. Dongarra, D. Sorensen and S. Hammarling, "Block reduction of
// matrices to condensed forms for eigenvalue computations" (1989). Half of the work is
// products of A with vectors, bound by memory, for which each element of one triangle is
// read once and by all threads; half is products of blocks. T is float, double, or complex
// of those.
//
// It begins with the last column, for that is where columns of an upper triangle are whole;
// so T and Q are those of A with its rows and columns in reverse order. Of n = 1000 in f64 it
// takes 27 ms of one core where LAPACK's sytrd over BLIS takes 76, of n = 500 4.1 and 19.
//
// Tested by tests/cpu/dense_tridiagonal_test.cc.

#ifndef OTIUM_BACKENDS_CPU_DENSE_TRIDIAGONAL_H_
#define OTIUM_BACKENDS_CPU_DENSE_TRIDIAGONAL_H_

#include <cstdint>

#include "backends/cpu/matrix_batch.h"
#include "backends/cpu/scalar.h"
#include "backends/cpu/workspace.h"

namespace otium::cpu {

// What the reduction of n columns needs.
template <class T>
struct TridiagonalArrays {
  TridiagonalArrays(Workspace& memory, int64_t n);
  int64_t ld;   // Of all these.
  T* panel;     // Reflectors' vectors V, and W, of a block.
  T* partial;   // A v, of the tasks.
  T* combined;  // One vector, and one coefficient for each vector of the panel.
  T* factors;
};

// Reads the upper triangle of a column-major A [n, n], whose columns lie at least
// kSymmetricSquare apart and whose lower triangle is spoilt; of its diagonal the real parts.
// Gives the diagonal of T, the n - 1 elements beside it, and the n - 1 factors of the
// reflectors of Q, whose vectors take the place of A: see ReflectorsOf.
template <class T>
void ReduceToTridiagonal(const Matrix<T>& A, const TridiagonalArrays<T>& arrays, Real<T>* diagonal,
                         Real<T>* beside, T* tau);

// The vectors as ApplyReflectors (reflectors.h) takes them, in rows from the second on.
template <class T>
Matrix<const T> ReflectorsOf(const Matrix<T>& A) {
  const int64_t n = A.rows;
  return {&A(n - 2, n - 1), n - 1, n - 1, -A.row_stride, -A.column_stride};
}

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_DENSE_TRIDIAGONAL_H_
