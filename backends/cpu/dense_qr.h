// SPDX-License-Identifier: Apache-2.0
//
// Householder QR of dense matrices by blocks of reflectors, I - Y T Y.T with upper T, so
// that nearly all of the work is products of large blocks. R. Schreiber and C. Van Loan,
// "A storage-efficient WY representation for products of Householder transformations"
// (1989); within a block by halves, after E. Elmroth and F. G. Gustavson (2000). The
// reflectors are LAPACK's. T is float or double.
//
// Tested by tests/cpu/dense_qr_test.cc.

#ifndef OTIUM_BACKENDS_CPU_DENSE_QR_H_
#define OTIUM_BACKENDS_CPU_DENSE_QR_H_

#include <cstdint>

#include "backends/cpu/matrix_batch.h"

namespace otium::cpu {

// LAPACK's geqrf in place: R on and above the diagonal of a row-major A [m, n], below it
// the vectors of min(m, n) reflectors, whose factors are tau.
template <class T>
void FactorQr(const Matrix<T>& A, T* tau);

// The first columns of the product of the `count` reflectors that A [m, n] and tau hold:
// Q [m, columns], row-major, count <= n, count <= columns <= m.
template <class T>
void FormQ(const Matrix<const T>& A, const T* tau, int64_t count, const Matrix<T>& Q);

// C = Q C with all of that product, C [m, columns].
template <class T>
void ApplyQ(const Matrix<const T>& A, const T* tau, int64_t count, const Matrix<T>& C);

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_DENSE_QR_H_
