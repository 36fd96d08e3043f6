// SPDX-License-Identifier: Apache-2.0
//
// What the matrix product asks of one SIMD target (AVX2, AVX-512, NEON, ...).
// gemm.cc cuts a product into blocks and knows no vectors; gemm_kernel.cc is
// compiled once for each target and knows no threads.
//
// The microkernel holds a tile of mr x nr elements of C in registers and runs
// down k: it broadcasts one element of A after the other and multiplies it with
// two vectors of a row of B. A complex product is the same loop: an interleaved
// row of B is multiplied by re(a) into one set of sums and by im(a) into a
// second, and the two are combined once, after the loop, where conjugation is
// only a sign. So complex costs exactly four real products, and neither packing
// nor the loop knows about conjugates.
//
// Tested by tests/cpu/gemm_test.cc.

#ifndef OTIUM_BACKENDS_CPU_GEMM_KERNEL_H_
#define OTIUM_BACKENDS_CPU_GEMM_KERNEL_H_

#include <cstdint>

namespace otium::cpu {

// C = alpha * A * B + beta * C0 for one block of C, A and B cut into panels:
// element (i, l) of panel p of A, mr rows each:
//     a[p * a_panel + i * a_row + l * a_col]
// element (l, j) of panel q of B, nr columns each:
//     b[q * b_panel + l * b_row + j]
// Packed panels have a_row == 1 and a_col == mr, or b_row == nr; a matrix whose
// strides fit is read where it lies.
template <class T>
struct GemmBlock {
  int64_t m, n, k;
  const T* a;
  int64_t a_panel, a_row, a_col;
  const T* b;
  int64_t b_panel, b_row;
  // Reading B where it lies would run past its last columns unless n is a
  // multiple of the vector length: then the last panel packed, row stride nr.
  const T* b_last;
  T* c;
  int64_t c_row, c_col;
  const T* c0;  // Read only if beta is not 0; may be c.
  int64_t c0_row, c0_col;
  T alpha, beta;
  bool conj_a, conj_b;
};

template <class T>
struct GemmKernels {
  int64_t mr, nr;
  int64_t lanes;  // Elements in a vector; nr is 2 of them.
  void (*block)(const GemmBlock<T>& block);
  // Rows [0, m) of an m x k matrix into panels of mr rows, mr * k elements each.
  // Missing rows of the last panel are left as they are: nobody reads them.
  void (*pack_a)(int64_t m, int64_t k, const T* a, int64_t row_stride, int64_t col_stride, T* out);
  // Columns [0, n) of a k x n matrix into panels of nr columns, missing columns
  // of the last panel filled with zeros.
  void (*pack_b)(int64_t k, int64_t n, const T* b, int64_t row_stride, int64_t col_stride, T* out);
};

// For float, double, std::complex<float> and std::complex<double>: the best that
// this machine runs.
template <class T>
const GemmKernels<T>& BestGemmKernels();

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_GEMM_KERNEL_H_
