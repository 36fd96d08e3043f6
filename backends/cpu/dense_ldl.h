// SPDX-License-Identifier: Apache-2.0
//
// Factors P A P.T = L D L.T of dense symmetric matrices that need not be definite, or
// L D L.H of hermitian ones, by the pivots of J. R. Bunch and L. Kaufman, "Some stable
// methods for calculating inertia and solving symmetric linear systems" (1977): D has blocks
// of one and of two. Panels of columns are updated when their turn comes; what is left of the
// matrix takes them as a product on all threads. T is float, double, or complex of those.
//
// Tested by tests/cpu/dense_ldl_test.cc.

#ifndef OTIUM_BACKENDS_CPU_DENSE_LDL_H_
#define OTIUM_BACKENDS_CPU_DENSE_LDL_H_

#include <cstdint>

#include "backends/cpu/matrix_batch.h"
#include "backends/cpu/workspace.h"

namespace otium::cpu {

template <class T>
struct Ldl {
  Matrix<T> matrix;    // Column-major. Its lower triangle alone is read.
  T* beside;           // For each row k: D(k + 1, k), or 0 where no block of two begins.
  int32_t* exchanged;  // Row k was exchanged with that row, from 1, as by FactorLu.
  bool hermitian;      // L D L.H.
};

// A, the lower triangle of f.matrix, becomes L, whose diagonal is 1 and not stored, and the
// diagonal of D; imaginary parts of a hermitian diagonal are not read. Gives the first k,
// from 1, for which D(k, k) is a zero block of one, or 0; the factors are good all the same.
// `memory` is of LdlMemory elements, 64-byte aligned.
template <class T>
int64_t FactorLdl(const Ldl<T>& f, T* memory);

int64_t LdlMemory(int64_t n);

// Room for them in a workspace.
template <class T>
struct LdlArrays {
  LdlArrays(Workspace& memory, int64_t n, bool hermitian)
      : factors{ColumnMajor(memory.Take<T>(n * n), n, n), memory.Take<T>(n),
                memory.Take<int32_t>(n), hermitian},
        panels(memory.Take<T>(LdlMemory(n))) {}
  Ldl<T> factors;
  T* panels;  // For FactorLdl.
};

// X = inv(A) X. X is row-major, or of one column.
template <class T>
void SolveByLdl(const Ldl<T>& f, const Matrix<T>& X);

// LAPACK's sytrf leaves D(k + 1, k) in the matrix, and the rows of a column of L as they
// were before the exchanges after it; blocks of two have negative pivots. Here and back.
template <class T>
void ToLapack(const Ldl<T>& f, int32_t* pivots);
template <class T>
void FromLapack(const Matrix<const int32_t>& pivots, const Ldl<T>& f);

// Whether sytrf could have given those.
bool ArePivotsOfLdl(const Matrix<const int32_t>& pivots);

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_DENSE_LDL_H_
