// SPDX-License-Identifier: Apache-2.0
//
// Products of blocks of which one triangle is wanted, on all threads: what Cholesky and LDL
// take from the matrix that is left. T is float, double, or complex of those.

#ifndef OTIUM_BACKENDS_CPU_TRIANGLE_PRODUCT_H_
#define OTIUM_BACKENDS_CPU_TRIANGLE_PRODUCT_H_

#include "backends/cpu/dense_block.h"
#include "backends/cpu/matrix_batch.h"

namespace otium::cpu {

// C -= X Y, its lower triangle at least; C is square, and may lie by rows or by columns.
// Tiles depend on sizes alone, so the bits are those of one thread.
template <class T>
void SubtractLowerProduct(const Matrix<const T>& X, const Operand<T>& Y, const Matrix<T>& C);

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_TRIANGLE_PRODUCT_H_
