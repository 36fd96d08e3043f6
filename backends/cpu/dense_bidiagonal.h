// SPDX-License-Identifier: Apache-2.0
//
// Dense matrices to real bidiagonal ones by reflectors from both sides, A = Q B P.T, by
// panels: of A a panel reads only what it must, and what its reflectors do to the rest
// is one product of two matrices of few columns, A -= L R.H. J. Dongarra, S. Hammarling
// and D. Sorensen, "Block reduction of matrices to condensed forms for eigenvalue
// computations" (1989). What is left is to read A once a step (bidiagonal_kernel.h):
// both products of a step, A.H v and A r, go over the same columns. T is float, double, or
// complex of those, whose P.T is no adjoint: so A.T = P B.T Q.T, without a conjugate.
//
// Cut into tasks by sizes alone, so the bits are those of one thread.
//
// Tested by tests/cpu/dense_bidiagonal_test.cc.

#ifndef OTIUM_BACKENDS_CPU_DENSE_BIDIAGONAL_H_
#define OTIUM_BACKENDS_CPU_DENSE_BIDIAGONAL_H_

#include <cstdint>

#include "backends/cpu/matrix_batch.h"
#include "backends/cpu/scalar.h"
#include "backends/cpu/workspace.h"

namespace otium::cpu {

// B [n, n] is upper bidiagonal; the factors of Q's n reflectors and of P's n - 1.
template <class T>
struct Bidiagonal {
  Bidiagonal(Workspace& memory, int64_t n)
      : diagonal(memory.Take<Real<T>>(n)),
        above(memory.Take<Real<T>>(n)),
        left_tau(memory.Take<T>(n)),
        right_tau(memory.Take<T>(n)) {}
  Real<T>*diagonal, *above;
  T *left_tau, *right_tau;
};

// How far apart columns of m elements lie: on boundaries of 64 bytes, and not of a page,
// where many of them would want the same place in the first cache.
template <class T>
int64_t ColumnStride(int64_t m);

// What a reduction of [m, n] needs beside.
template <class T>
struct BidiagonalArrays {
  BidiagonalArrays(Workspace& memory, int64_t m, int64_t n);
  T *left, *right;  // L and R of a panel.
  T *rows, *columns, *products;
  T* sums;  // Of tasks.
};

// LAPACK's gebrd of a column-major A [m, n], m >= n, whose columns lie ColumnStride
// apart, from a boundary of 64 bytes, followed by zeros: below the diagonal the vectors
// of Q's reflectors, right of the one above it those of P's.
template <class T>
void ReduceToBidiagonal(const Matrix<T>& A, const Bidiagonal<T>& B,
                        const BidiagonalArrays<T>& arrays);

// C = Q C, and C = P C, of what ReduceToBidiagonal made of A [m, n], for C of m or n
// rows. `memory` is of ReflectorMemory(C.rows, C.columns, n) elements (reflectors.h).
template <class T>
void ApplyLeft(const Matrix<const T>& A, const Bidiagonal<T>& B, const Matrix<T>& C, T* memory);
template <class T>
void ApplyRight(const Matrix<const T>& A, const Bidiagonal<T>& B, const Matrix<T>& C, T* memory);

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_DENSE_BIDIAGONAL_H_
