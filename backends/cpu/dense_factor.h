// SPDX-License-Identifier: Apache-2.0
//
// Cholesky and LU factors of dense matrices, and substitution with them, by halves: all
// but a share of n / 64 of the work is products of large blocks, which gemm.h does on
// all threads. Rows and columns of any matrix may lie any distance apart where nothing
// else is said, so a row-major matrix is factored where it lies. T is float, double, or complex of
// those.
//
// After S. Toledo, "Locality of reference in LU decomposition with partial pivoting"
// (1997); of wide matrices one thread factors the next block of columns while the others
// still update those behind it (P. Strazdins, "A comparison of lookahead and algorithmic
// blocking techniques for parallel matrix factorization", 1998). Blocks depend on sizes
// alone, so the bits are those of one thread.
//
// Tested by tests/cpu/dense_factor_test.cc.

#ifndef OTIUM_BACKENDS_CPU_DENSE_FACTOR_H_
#define OTIUM_BACKENDS_CPU_DENSE_FACTOR_H_

#include <cstdint>

#include "backends/cpu/matrix_batch.h"
#include "backends/cpu/pivots.h"
#include "backends/cpu/workspace.h"

namespace otium::cpu {

// L with A = L L.H in the lower triangle of A, which alone is read, without the imaginary
// parts of the diagonal; the other is spoilt. A is row-major. Gives the order of the first leading
// minor that is not positive definite, or 0. `memory` is of CholeskyMemory elements, 64-byte
// aligned.
template <class T>
int64_t FactorCholesky(const Matrix<T>& A, T* memory);

int64_t CholeskyMemory(int64_t n);

// A square matrix and what FactorCholesky takes, in a workspace.
template <class T>
struct CholeskyArrays {
  CholeskyArrays(Workspace& memory, int64_t n)
      : matrix(RowMajor(memory.Take<T>(n * n), n, n)), panels(memory.Take<T>(CholeskyMemory(n))) {}
  int64_t Factor() const { return FactorCholesky(matrix, panels); }

  Matrix<T> matrix;
  T* panels;
};

// P A = L U in place, the diagonal of L being 1; row k was exchanged with row pivots[k],
// from 1. A [m, n] is row-major, pivots are min(m, n). Gives the first k, from 1, for
// which U(k, k) is zero, or 0; the factors are good all the same. `memory` is of LuMemory
// elements, 64-byte aligned.
template <class T>
int64_t FactorLu(const Matrix<T>& A, int32_t* pivots, T* memory);

template <class T>
int64_t LuMemory(int64_t rows, int64_t columns);

// What of a triangle is meant.
struct TriangleForm {
  bool unit = false;       // The diagonal is 1, and not read.
  bool conjugate = false;  // The conjugates of the elements.
};

// X = inv(L) X with the lower triangle, or inv(U) X with the upper one. X is row-major,
// or of one column.
template <class T>
void SolveLower(const Matrix<const T>& L, TriangleForm form, const Matrix<T>& X);
template <class T>
void SolveUpper(const Matrix<const T>& U, TriangleForm form, const Matrix<T>& X);

// A square matrix and what FactorLu takes, in a workspace.
template <class T>
struct LuArrays {
  LuArrays(Workspace& memory, int64_t n)
      : matrix(RowMajor(memory.Take<T>(n * n), n, n)),
        pivots(memory.Take<int32_t>(n)),
        panels(memory.Take<T>(LuMemory<T>(n, n))) {}
  int64_t Factor() const { return FactorLu(matrix, pivots, panels); }
  // X = inv(A) X of the A that was factored. X is row-major, or of one column.
  void Solve(const Matrix<T>& X) const {
    ExchangeRows(PivotsAt(pivots, matrix.rows), X);
    SolveLower<T>(matrix, {.unit = true}, X);
    SolveUpper<T>(matrix, {}, X);
  }

  Matrix<T> matrix;
  int32_t* pivots;
  T* panels;
};

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_DENSE_FACTOR_H_
