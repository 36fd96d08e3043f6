// SPDX-License-Identifier: Apache-2.0
//
// Dense matrix products on raw pointers and strides:
//
//     C = alpha * op(A) op(B) + beta * C0
//
// with op the transpose (swap the strides), the conjugate (a flag), both or
// neither. C0 may be C itself, another matrix, or a row, a column or a scalar
// stretched by zero strides; when beta is 0 it is never read. Inner size 0 gives
// beta * C0. For c64 and c128 alpha and beta are complex.
//
// Types: float, double, std::complex<float>, std::complex<double>; int32_t and
// int64_t (which wrap around); Float16 and BFloat16, which are added up in float
// and rounded once, at the end.
//
// Strides count elements, and may be zero or negative for A, B and C0. The
// elements of C must be distinct, and must not overlap A or B, nor C0 unless
// both are the same matrix.
//
// The result has the same bits for any number of threads: the cut into tasks and
// the order of every sum depend on sizes and strides alone.
//
// How it works, after Goto and van de Geijn, "Anatomy of high-performance matrix
// multiplication" (2008): all of op(B) is packed once, by all threads; then each
// task takes some rows of C, packs op(A) for them piece by piece into its L2, and
// runs the microkernel of gemm_kernel.h over the tiles. Two parallel loops, and
// no barrier anywhere in between. Operands that would be used too few times to
// pay for packing are read where they lie.
//
// Tested by tests/cpu/gemm_test.cc; measured by tools/bench/gemm_bench.cc.

#ifndef OTIUM_BACKENDS_CPU_GEMM_H_
#define OTIUM_BACKENDS_CPU_GEMM_H_

#include <complex>
#include <cstdint>
#include <type_traits>

#include "absl/types/span.h"
#include "engine/base/half.h"

namespace otium::cpu {

// What products of T are added up in, and the type of alpha and beta.
template <class T>
using AccumulatorOf =
    std::conditional_t<std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16>, float, T>;

// Element (i, j) is data[i * row_stride + j * col_stride].
template <class T>
struct MatrixIn {
  const T* data = nullptr;
  int64_t row_stride = 0;
  int64_t col_stride = 0;
  bool conjugate = false;

  MatrixIn Transposed() const { return {data, col_stride, row_stride, conjugate}; }
};

template <class T>
struct MatrixOut {
  T* data = nullptr;
  int64_t row_stride = 0;
  int64_t col_stride = 0;
};

// A part of C that is finished but not yet used by anybody: rows x columns
// elements from (row, column) on, in place in C (for Float16 and BFloat16: still
// in float, in scratch memory, to be rounded afterwards).
template <class T>
struct GemmTile {
  int64_t row, column, rows, columns;
  AccumulatorOf<T>* data;
  int64_t row_stride, col_stride;
};

// Called once for each tile of a grid that depends on sizes only, from whichever
// thread finished it, while the tile is in cache: bias, activation, scaling. It
// may change the tile's elements and nothing else of C, and must not wait.
template <class T>
struct GemmEpilogue {
  void (*apply)(const void* context, const GemmTile<T>& tile) = nullptr;
  const void* context = nullptr;
  // Of batches, called instead where items are done as wholes: `count` of them, from
  // the one of index `first` on, in row-major order. When it is null, none are.
  void (*apply_items)(const void* context, int64_t first, int64_t count) = nullptr;
  // Tiles are whole rows of C, whose elements lie side by side in a row.
  bool whole_rows = false;
};

template <class T>
struct GemmArgs {
  using Scalar = AccumulatorOf<T>;
  int64_t m = 0, n = 0, k = 0;
  MatrixIn<T> a;   // m x k
  MatrixIn<T> b;   // k x n
  MatrixIn<T> c0;  // m x n; conjugate is ignored.
  MatrixOut<T> c;  // m x n
  Scalar alpha = Scalar(1);
  Scalar beta = Scalar(0);
  GemmEpilogue<T> epilogue;
};

template <class T>
void Gemm(const GemmArgs<T>& args);

// The same product for each index of a batch, which may have any number of
// dimensions; all five lists are as long as `sizes`, and strides count elements.
// A zero stride repeats an operand without copying it. In the epilogue's tiles
// `row` counts on through the batch: row i of batch item p is p * m + i, items
// in row-major order.
struct GemmBatch {
  absl::Span<const int64_t> sizes;
  absl::Span<const int64_t> a_strides;
  absl::Span<const int64_t> b_strides;
  absl::Span<const int64_t> c0_strides;
  absl::Span<const int64_t> c_strides;
};

// `args` describes the first item.
template <class T>
void BatchedGemm(const GemmBatch& batch, const GemmArgs<T>& args);

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_GEMM_H_
