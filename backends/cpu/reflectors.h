// SPDX-License-Identifier: Apache-2.0
//
// Householder reflectors by blocks, I - Y T Y.H with upper T, so that to apply them is
// products of large matrices. Y holds their vectors as columns, with 1 on the diagonal
// and zeros above. R. Schreiber and C. Van Loan, "A storage-efficient WY representation
// for products of Householder transformations" (1989). T is float, double, or complex of those.
//
// Tested by tests/cpu/dense_qr_test.cc and dense_bidiagonal_test.cc.

#ifndef OTIUM_BACKENDS_CPU_REFLECTORS_H_
#define OTIUM_BACKENDS_CPU_REFLECTORS_H_

#include <algorithm>
#include <cstdint>

#include "backends/cpu/matrix_batch.h"

namespace otium::cpu {

// Reflectors of a block of `count`, and of the panels that a block is cut into. A product
// with many is nearer to the peak, but T and the zeros in Y cost as much as some rows.
constexpr int64_t ReflectorBlock(int64_t count) {
  return std::min<int64_t>(count, count <= 768 ? 64 : 96);
}
inline constexpr int64_t kReflectorPanel = 32;

// Y of the vectors below the diagonal of A.
template <class T>
void CopyVectors(const Matrix<const T>& A, const Matrix<T>& Y);

// T of a panel, from the products of its vectors above the diagonal of `gram`.
template <class T>
void PanelFactor(const T* gram, const T* tau, const Matrix<T>& factor);

// T from its two parts on the diagonal, the first of `first` columns. `memory` is of
// 2 first (Y.columns - first) elements.
template <class T>
void JoinFactors(const Matrix<const T>& Y, int64_t first, const Matrix<T>& factor, T* memory);

// C = (I - Y T Y.H) C, or its adjoint. `memory` is of 2 Y.columns C.columns elements.
template <class T>
void ApplyBlock(const Matrix<const T>& Y, const Matrix<const T>& factor, bool adjoint,
                const Matrix<T>& C, T* memory);

// C = Q C, or Q.H C, for the product Q of the reflectors whose vectors lie below the diagonal
// of A [C.rows, count], and whose factors are tau. `memory` is of ReflectorMemory elements.
template <class T>
void ApplyReflectors(const Matrix<const T>& A, const T* tau, bool adjoint, const Matrix<T>& C,
                     T* memory);

// The first columns of Q.
template <class T>
void FormReflectors(const Matrix<const T>& A, const T* tau, const Matrix<T>& Q, T* memory);

// For C or Q of these sizes.
int64_t ReflectorMemory(int64_t rows, int64_t columns, int64_t count);

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_REFLECTORS_H_
