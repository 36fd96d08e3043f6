// SPDX-License-Identifier: Apache-2.0
//
// The small steps of factorizations of large matrices (dense_factor.h), on what stays
// in the first two levels of cache. T is float, double, or complex of those.

#ifndef OTIUM_BACKENDS_CPU_PANEL_KERNEL_H_
#define OTIUM_BACKENDS_CPU_PANEL_KERNEL_H_

#include <cstdint>

namespace otium::cpu {

// Most columns of a panel, and rows of a triangle.
inline constexpr int64_t kMostPanel = 64;

// n x n: element (i, k) is data[i * row_stride + k * column_stride]; one triangle of it.
template <class T>
struct PanelTriangle {
  int64_t n = 0;
  const T* data = nullptr;
  int64_t row_stride = 0, column_stride = 0;
  bool unit = false;       // The diagonal is 1, and not read.
  bool conjugate = false;  // The conjugates of the elements are meant.
};

template <class T>
struct PanelKernels {
  // X = inv(L) X, or inv(U) X: X has n rows of `columns` elements, ld apart.
  void (*solve_lower)(const PanelTriangle<T>& L, T* X, int64_t ld, int64_t columns);
  void (*solve_upper)(const PanelTriangle<T>& U, T* X, int64_t ld, int64_t columns);
  // LU with partial pivoting of a column-major m x n panel, n <= m: row k was exchanged
  // with row pivots[k], from 0. Gives the first k, from 1, where the pivot is zero, or 0.
  // The panel is 64-byte aligned, ld a multiple of 16; what is between m and ld is spoilt.
  int64_t (*lu)(int64_t m, int64_t n, T* panel, int64_t ld, int32_t* pivots);
  // U with A.T = U.T conj(U) in the upper triangle of A, whose rows are ld apart, 64-byte
  // aligned, and of room for RoundUp(n, 16) elements; the lower triangle is spoilt, and what
  // is beyond n. Imaginary parts of the diagonal are not read. Gives the order of the first
  // leading minor that is not positive definite, or 0.
  int64_t (*cholesky)(int64_t n, T* A, int64_t ld);
  // Householder QR of a column-major m x n panel, n <= m: R on and above the diagonal,
  // below it the reflectors' vectors, whose first elements are 1, and their factors in
  // tau, as LAPACK's geqrf, whose Q is the product of all I - tau v v.H.
  void (*qr)(int64_t m, int64_t n, T* panel, int64_t ld, T* tau);
  // Y.H Y of that panel's vectors, above the diagonal of a row-major n x n.
  void (*gram)(int64_t m, int64_t n, const T* panel, int64_t ld, T* products);
  // From those products the T with which the product of the n reflectors is I - Y T Y.H: in
  // the upper triangle of a row-major n x n, rows ld apart. The other is not written.
  void (*factor)(int64_t n, const T* products, const T* tau, T* factor, int64_t ld);
  // The row of the first of the largest elements, as LAPACK decides it, of a column of m from
  // row k on; NaN is none, and of no other it is k. The column is as one of a panel of LU.
  int64_t (*pivot)(const T* column, int64_t k, int64_t m);
  // x over the divisor.
  void (*divide)(T divisor, T* x, int64_t n);
  // Of one reflector: the n numbers of `rest` become the vector after its 1, `first` what
  // is left of it all, and tau is given.
  T (*reflector)(T* first, T* rest, int64_t n);
  // to(j, i) = from(i, j), both row-major, for the rows x columns of `from`.
  void (*transpose)(int64_t rows, int64_t columns, const T* from, int64_t from_ld, T* to,
                    int64_t to_ld);
};

// Of the best target of this machine.
template <class T>
const PanelKernels<T>& BestPanelKernels();

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_PANEL_KERNEL_H_
