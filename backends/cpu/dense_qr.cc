// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/dense_qr.h"

#include <algorithm>

#include "backends/cpu/dense_block.h"
#include "backends/cpu/panel_kernel.h"
#include "backends/cpu/scratch.h"

namespace otium::cpu {
namespace {

// Reflectors of a block, and of the panels that a block is cut into.
constexpr int64_t kBlock = 128;
constexpr int64_t kPanel = 32;

// The vectors of reflectors as a matrix: 1 on the diagonal, zeros above.
template <class T>
void CopyVectors(const Matrix<const T>& A, const Matrix<T>& Y) {
  for (int64_t i = 0; i < Y.rows; ++i) {
    const int64_t stored = std::min(i, Y.columns);
    for (int64_t j = 0; j < stored; ++j) Y(i, j) = A(i, j);
    if (stored < Y.columns) Y(i, stored) = T(1);
    for (int64_t j = stored + 1; j < Y.columns; ++j) Y(i, j) = T(0);
  }
}

// C = (I - Y T Y.T) C, or its transpose.
template <class T>
void Apply(const Matrix<const T>& Y, const Matrix<const T>& factor, bool transposed,
           const Matrix<T>& C) {
  const int64_t k = Y.columns;
  if (C.columns == 0) return;
  const Scratch<T> memory(2 * k * C.columns);
  const Matrix<T> inner = RowMajor(memory.data(), k, C.columns);
  const Matrix<T> scaled = RowMajor(memory.data() + k * C.columns, k, C.columns);
  Multiply<T>(T(1), Y.Transposed(), C, T(0), inner);
  Multiply<T>(T(1), transposed ? factor.Transposed() : factor, inner, T(0), scaled);
  SubtractProduct<T>(Y, scaled, C);
}

// The upper right part of T from its parts on the diagonal: -T1 (Y1.T Y2) T2. Y2 begins
// with `first` rows of zeros.
template <class T>
void JoinFactors(const Matrix<const T>& Y, int64_t first, const Matrix<T>& factor) {
  const int64_t k = Y.columns, rest = k - first;
  const Scratch<T> memory(2 * first * rest);
  const Matrix<T> products = RowMajor(memory.data(), first, rest);
  const Matrix<T> scaled = RowMajor(memory.data() + first * rest, first, rest);
  const auto Y1 = Y.Block(first, 0, Y.rows - first, first),
             Y2 = Y.Block(first, first, Y.rows - first, rest);
  Multiply<T>(T(1), Y1.Transposed(), Y2, T(0), products);
  Multiply<T>(T(1), products, factor.Block(first, first, rest, rest), T(0), scaled);
  Multiply<T>(T(-1), factor.Block(0, 0, first, first), scaled, T(0),
              factor.Block(0, first, first, rest));
}

// T of a panel, whose vectors' products are `gram`.
template <class T>
void PanelFactor(const T* gram, const T* tau, const Matrix<T>& factor) {
  const int64_t n = factor.rows;
  for (int64_t j = 0; j < n; ++j) {
    for (int64_t i = 0; i < n; ++i) factor(i, j) = i == j ? tau[j] : T(0);
    for (int64_t i = 0; i < j; ++i) {
      T sum = 0;
      for (int64_t k = i; k < j; ++k) sum += factor(i, k) * gram[k * n + j];
      factor(i, j) = -tau[j] * sum;
    }
  }
}

// Fills the lower left part with zeros, for products with all of it.
template <class T>
void ClearBelow(const Matrix<T>& factor, int64_t first) {
  for (int64_t i = first; i < factor.rows; ++i) std::fill_n(&factor(i, 0), first, T(0));
}

// QR of A [m, n], n <= kBlock, and the Y and T of its reflectors.
template <class T>
void FactorBlock(const Matrix<T>& A, T* tau, const Matrix<T>& Y, const Matrix<T>& factor) {
  const int64_t m = A.rows, n = A.columns;
  if (n <= kPanel) {
    const int64_t ld = RoundUp(m, 16);
    const Scratch<T> panel(n * ld);
    T gram[kPanel * kPanel];
    CopyTransposed<T>(A, panel.data(), ld);
    BestPanelKernels<T>().qr(m, n, panel.data(), ld, tau);
    BestPanelKernels<T>().gram(m, n, panel.data(), ld, gram);
    CopyBack<T>(panel.data(), ld, A);
    CopyVectors<T>(A, Y);
    PanelFactor(gram, tau, factor);
    return;
  }
  const int64_t first = Half(n, kPanel), rest = n - first;
  const Matrix<T> Y1 = Y.Block(0, 0, m, first), T1 = factor.Block(0, 0, first, first);
  FactorBlock(A.Block(0, 0, m, first), tau, Y1, T1);
  Apply<T>(Y1, T1, /*transposed=*/true, A.Block(0, first, m, rest));
  for (int64_t i = 0; i < first; ++i) std::fill_n(&Y(i, first), rest, T(0));
  FactorBlock(A.Block(first, first, m - first, rest), tau + first,
              Y.Block(first, first, m - first, rest), factor.Block(first, first, rest, rest));
  JoinFactors<T>(Y, first, factor);
  ClearBelow(factor, first);
}

// T of the reflectors whose vectors are Y.
template <class T>
void MakeFactor(const Matrix<const T>& Y, const T* tau, const Matrix<T>& factor) {
  const int64_t n = Y.columns;
  if (n <= kPanel) {
    T gram[kPanel * kPanel];
    Multiply<T>(T(1), Y.Transposed(), Y, T(0), RowMajor(gram, n, n));
    PanelFactor(gram, tau, factor);
    return;
  }
  const int64_t first = Half(n, kPanel), rest = n - first;
  MakeFactor<T>(Y.Block(0, 0, Y.rows, first), tau, factor.Block(0, 0, first, first));
  MakeFactor<T>(Y.Block(first, first, Y.rows - first, rest), tau + first,
                factor.Block(first, first, rest, rest));
  JoinFactors<T>(Y, first, factor);
  ClearBelow(factor, first);
}

// C = Q C, from the last block on.
template <class T>
void ApplyBlocks(const Matrix<const T>& A, const T* tau, int64_t count, bool is_identity,
                 const Matrix<T>& C) {
  const int64_t m = C.rows, width = std::min(count, kBlock);
  const Scratch<T> memory(m * width + width * width);
  for (int64_t j = count == 0 ? -1 : (count - 1) / kBlock * kBlock; j >= 0; j -= kBlock) {
    const int64_t b = std::min(kBlock, count - j), rows = m - j;
    const Matrix<T> Y = RowMajor(memory.data(), rows, b);
    const Matrix<T> factor = RowMajor(memory.data() + m * width, b, b);
    CopyVectors<T>(A.Block(j, j, rows, b), Y);
    MakeFactor<T>(Y, tau + j, factor);
    // Columns before j are still those of the identity there.
    const int64_t first = is_identity ? j : 0;
    Apply<T>(Y, factor, /*transposed=*/false, C.Block(j, first, rows, C.columns - first));
  }
}

}  // namespace

template <class T>
void FactorQr(const Matrix<T>& A, T* tau) {
  const int64_t m = A.rows, n = A.columns, k = std::min(m, n);
  const int64_t width = std::min(k, kBlock);
  const Scratch<T> memory(m * width + width * width);
  for (int64_t j = 0; j < k; j += kBlock) {
    const int64_t b = std::min(kBlock, k - j), rows = m - j;
    const Matrix<T> Y = RowMajor(memory.data(), rows, b);
    const Matrix<T> factor = RowMajor(memory.data() + m * width, b, b);
    FactorBlock(A.Block(j, j, rows, b), tau + j, Y, factor);
    if (j + b < n) Apply<T>(Y, factor, /*transposed=*/true, A.Block(j, j + b, rows, n - j - b));
  }
}

template <class T>
void FormQ(const Matrix<const T>& A, const T* tau, int64_t count, const Matrix<T>& Q) {
  for (int64_t i = 0; i < Q.rows; ++i) {
    std::fill_n(Q.data + i * Q.row_stride, Q.columns, T(0));
    if (i < Q.columns) Q(i, i) = T(1);
  }
  ApplyBlocks(A, tau, count, /*is_identity=*/true, Q);
}

template <class T>
void ApplyQ(const Matrix<const T>& A, const T* tau, int64_t count, const Matrix<T>& C) {
  ApplyBlocks(A, tau, count, /*is_identity=*/false, C);
}

template void FactorQr(const Matrix<float>&, float*);
template void FactorQr(const Matrix<double>&, double*);
template void FormQ(const Matrix<const float>&, const float*, int64_t, const Matrix<float>&);
template void FormQ(const Matrix<const double>&, const double*, int64_t, const Matrix<double>&);
template void ApplyQ(const Matrix<const float>&, const float*, int64_t, const Matrix<float>&);
template void ApplyQ(const Matrix<const double>&, const double*, int64_t, const Matrix<double>&);

}  // namespace otium::cpu
