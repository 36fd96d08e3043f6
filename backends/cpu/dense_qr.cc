// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/dense_qr.h"

#include <algorithm>
#include <complex>

#include "backends/cpu/dense_block.h"
#include "backends/cpu/panel_kernel.h"
#include "backends/cpu/reflectors.h"

namespace otium::cpu {
namespace {

constexpr int64_t kPanel = kReflectorPanel;

// Rows of a panel are columns of this length.
int64_t PanelStride(int64_t rows) { return RoundUp(rows, 16); }

// QR of A [m, n], a block, and the Y and T of its reflectors. `panel` is for kPanel columns,
// `memory` of n n elements.
template <class T>
void FactorBlock(const Matrix<T>& A, T* tau, const Matrix<T>& Y, const Matrix<T>& factor, T* panel,
                 T* memory) {
  const int64_t m = A.rows, n = A.columns;
  if (n <= kPanel) {
    const int64_t ld = PanelStride(m);
    T gram[kPanel * kPanel];
    CopyTransposed<T>(A, panel, ld);
    BestPanelKernels<T>().qr(m, n, panel, ld, tau);
    BestPanelKernels<T>().gram(m, n, panel, ld, gram);
    CopyBack<T>(panel, ld, A);
    CopyVectors<T>(A, Y);
    PanelFactor(gram, tau, factor);
    return;
  }
  const int64_t first = Half(n, kPanel), rest = n - first;
  const Matrix<T> Y1 = Y.Block(0, 0, m, first), T1 = factor.Block(0, 0, first, first);
  FactorBlock(A.Block(0, 0, m, first), tau, Y1, T1, panel, memory);
  ApplyBlock<T>(Y1, T1, /*adjoint=*/true, A.Block(0, first, m, rest), memory);
  for (int64_t i = 0; i < first; ++i) std::fill_n(&Y(i, first), rest, T(0));
  FactorBlock(A.Block(first, first, m - first, rest), tau + first,
              Y.Block(first, first, m - first, rest), factor.Block(first, first, rest, rest), panel,
              memory);
  JoinFactors<T>(Y, first, factor, memory);
}

}  // namespace

template <class T>
void FactorQr(const Matrix<T>& A, int64_t count, T* tau, T* memory) {
  const int64_t m = A.rows, n = A.columns, width = ReflectorBlock(count);
  T* const panel = memory;
  T* const vectors = panel + kPanel * PanelStride(m);
  T* const factors = vectors + m * width;
  T* const rest = factors + width * width;
  for (int64_t j = 0; j < count; j += width) {
    const int64_t b = std::min(width, count - j), rows = m - j;
    const Matrix<T> Y = RowMajor(vectors, rows, b), factor = RowMajor(factors, b, b);
    FactorBlock(A.Block(j, j, rows, b), tau + j, Y, factor, panel, rest);
    if (j + b == n) continue;
    ApplyBlock<T>(Y, factor, /*adjoint=*/true, A.Block(j, j + b, rows, n - j - b), rest);
  }
}

int64_t QrMemory(int64_t rows, int64_t columns, int64_t count) {
  return kPanel * PanelStride(rows) + ReflectorMemory(rows, columns, count);
}

template void FactorQr(const Matrix<float>&, int64_t, float*, float*);
template void FactorQr(const Matrix<double>&, int64_t, double*, double*);
template void FactorQr(const Matrix<std::complex<float>>&, int64_t, std::complex<float>*,
                       std::complex<float>*);
template void FactorQr(const Matrix<std::complex<double>>&, int64_t, std::complex<double>*,
                       std::complex<double>*);

}  // namespace otium::cpu
