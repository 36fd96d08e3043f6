// SPDX-License-Identifier: Apache-2.0
//
// What the blocked factorizations (dense_factor.h, dense_qr.h) do to blocks: products,
// and transposed copies for the kernels of panels.

#ifndef OTIUM_BACKENDS_CPU_DENSE_BLOCK_H_
#define OTIUM_BACKENDS_CPU_DENSE_BLOCK_H_

#include <algorithm>
#include <cstdint>

#include "backends/cpu/gemm.h"
#include "backends/cpu/gemv.h"
#include "backends/cpu/matrix_batch.h"
#include "backends/cpu/panel_kernel.h"
#include "backends/cpu/scalar.h"

namespace otium::cpu {

constexpr int64_t RoundUp(int64_t n, int64_t multiple) { return CeilDiv(n, multiple) * multiple; }
// Where n is cut in two.
constexpr int64_t Half(int64_t n, int64_t multiple) { return RoundUp(n / 2, multiple); }

// A factor of a product: a matrix, or its conjugate.
template <class T>
struct Operand {
  Operand(const Matrix<const T>& m, bool is_conjugate = false)  // NOLINT
      : matrix(m), conjugate(kIsComplex<T> && is_conjugate) {}
  Operand(const Matrix<T>& m) : Operand(Matrix<const T>(m)) {}  // NOLINT

  Matrix<const T> matrix;
  bool conjugate;
};
template <class T>
Operand<T> Adjoint(const Matrix<const T>& m) {
  return {m.Transposed(), /*is_conjugate=*/true};
}

// C = alpha A B + beta C.
template <class T>
void Multiply(T alpha, const Operand<T>& left, const Operand<T>& right, T beta,
              const Matrix<T>& C) {
  const Matrix<const T>&A = left.matrix, &B = right.matrix;
  if (C.columns == 1) {
    GemvArgs<T> args;
    args.m = A.rows;
    args.n = A.columns;
    args.a = {A.data, A.row_stride, A.column_stride, left.conjugate};
    args.x = {B.data, B.row_stride, right.conjugate};
    args.y0 = {C.data, C.row_stride};
    args.y = {C.data, C.row_stride};
    args.alpha = alpha;
    args.beta = beta;
    return Gemv(args);
  }
  GemmArgs<T> args;
  args.m = C.rows;
  args.n = C.columns;
  args.k = A.columns;
  args.a = {A.data, A.row_stride, A.column_stride, left.conjugate};
  args.b = {B.data, B.row_stride, B.column_stride, right.conjugate};
  args.c0 = {C.data, C.row_stride, C.column_stride};
  args.c = {C.data, C.row_stride, C.column_stride};
  args.alpha = alpha;
  args.beta = beta;
  Gemm(args);
}

// C -= A B.
template <class T>
void SubtractProduct(const Operand<T>& A, const Operand<T>& B, const Matrix<T>& C) {
  Multiply<T>(T(-1), A, B, T(1), C);
}

// A panel of few columns lies by columns, for vectors of many rows: column j at
// to[j * ld].
template <class T>
void CopyTransposed(const Matrix<const T>& from, T* to, int64_t ld) {
  if (from.column_stride == 1) {
    return BestPanelKernels<T>().transpose(from.rows, from.columns, from.data, from.row_stride, to,
                                           ld);
  }
  Copy(from, Matrix<T>{to, from.rows, from.columns, 1, ld});
}
template <class T>
void CopyBack(const T* from, int64_t ld, const Matrix<T>& to) {
  if (to.column_stride == 1) {
    return BestPanelKernels<T>().transpose(to.columns, to.rows, from, ld, to.data, to.row_stride);
  }
  Copy(Matrix<const T>{from, to.rows, to.columns, 1, ld}, to);
}

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_DENSE_BLOCK_H_
