// SPDX-License-Identifier: Apache-2.0
//
// Householder QR of dense matrices by blocks of reflectors, so that nearly all of the work
// is products of large blocks; within a block by halves, after E. Elmroth and F. G.
// Gustavson, "Applying recursion to serial and parallel QR factorization leads to better
// performance" (2000). The reflectors are LAPACK's. T is float, double, or complex of those.
//
// Tested by tests/cpu/dense_qr_test.cc.

#ifndef OTIUM_BACKENDS_CPU_DENSE_QR_H_
#define OTIUM_BACKENDS_CPU_DENSE_QR_H_

#include <cstdint>

#include "backends/cpu/matrix_batch.h"

namespace otium::cpu {

// LAPACK's geqrf in place, of the first `count` columns of a row-major A [m, n], where
// count <= m: their R on and above the diagonal, below it the vectors of the reflectors
// (reflectors.h), whose factors are tau. The other columns are multiplied by Q.H.
// `memory` is of QrMemory elements.
template <class T>
void FactorQr(const Matrix<T>& A, int64_t count, T* tau, T* memory);

int64_t QrMemory(int64_t rows, int64_t columns, int64_t count);

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_DENSE_QR_H_
