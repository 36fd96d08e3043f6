// SPDX-License-Identifier: Apache-2.0
//
// Singular values and vectors of bidiagonal matrices by divide and conquer: without the
// row in its middle the matrix falls in two, and the decompositions of both make of the
// whole a diagonal matrix with one full row, whose singular values are the roots of a
// secular equation. M. Gu and S. Eisenstat, "A divide-and-conquer algorithm for the
// bidiagonal SVD" (1995).
//
// Most of the work is products of the vectors of the halves with those of the row's
// matrix, which gemm.h does on all threads; halves and roots are computed at once too.
// LAPACK finds single roots, and decomposes what is small. T is float or double.
//
// Tested by tests/cpu/dense_svd_test.cc.

#ifndef OTIUM_BACKENDS_CPU_BIDIAGONAL_SVD_H_
#define OTIUM_BACKENDS_CPU_BIDIAGONAL_SVD_H_

#include <cstdint>

#include "backends/cpu/workspace.h"

namespace otium::cpu {

template <class T>
struct BidiagonalSvd {
  BidiagonalSvd(Workspace& memory, int64_t n)
      : left(memory.Take<T>(n * n)),
        right(memory.Take<T>(n * n)),
        order(memory.Take<int32_t>(n)),
        vectors(memory.Take<T>(n * n)),
        secular(memory.Take<T>(n * n)),
        row(memory.Take<T>(n)),
        z(memory.Take<T>(n)),
        poles(memory.Take<T>(n)),
        norms(memory.Take<T>(n)),
        columns(memory.Take<int32_t>(n)),
        places(memory.Take<int32_t>(n)),
        kinds(memory.Take<int32_t>(n)) {}

  // Column-major [n, n]: column order[k] belongs to value k.
  T *left, *right;
  int32_t* order;
  // Working memory.
  T *vectors, *secular, *row, *z, *poles, *norms;
  int32_t *columns, *places, *kinds;
};

// The singular values of an upper bidiagonal matrix, in descending order, in place of its
// diagonal; what is above is spoilt. False where an iteration did not converge.
template <class T>
bool SolveBidiagonal(int64_t n, T* diagonal, T* above, const BidiagonalSvd<T>& svd);

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_BIDIAGONAL_SVD_H_
