// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/dense_qr.h"

#include <algorithm>

#include "backends/cpu/dense_block.h"
#include "backends/cpu/panel_kernel.h"
#include "backends/cpu/reflectors.h"
#include "backends/cpu/scratch.h"

namespace otium::cpu {
namespace {

constexpr int64_t kPanel = kReflectorPanel;

// QR of A [m, n], a block, and the Y and T of its reflectors; `memory` is of n n
// elements.
template <class T>
void FactorBlock(const Matrix<T>& A, T* tau, const Matrix<T>& Y, const Matrix<T>& factor,
                 T* memory) {
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
  FactorBlock(A.Block(0, 0, m, first), tau, Y1, T1, memory);
  ApplyBlock<T>(Y1, T1, /*transposed=*/true, A.Block(0, first, m, rest), memory);
  for (int64_t i = 0; i < first; ++i) std::fill_n(&Y(i, first), rest, T(0));
  FactorBlock(A.Block(first, first, m - first, rest), tau + first,
              Y.Block(first, first, m - first, rest), factor.Block(first, first, rest, rest),
              memory);
  JoinFactors<T>(Y, first, factor, memory);
}

}  // namespace

template <class T>
void FactorQr(const Matrix<T>& A, T* tau) {
  const int64_t m = A.rows, n = A.columns, k = std::min(m, n);
  const int64_t width = ReflectorBlock(k);
  const Scratch<T> memory(ReflectorMemory(m, n, k));
  T* const factors = memory.data() + m * width;
  T* const rest = factors + width * width;
  for (int64_t j = 0; j < k; j += width) {
    const int64_t b = std::min(width, k - j), rows = m - j;
    const Matrix<T> Y = RowMajor(memory.data(), rows, b), factor = RowMajor(factors, b, b);
    FactorBlock(A.Block(j, j, rows, b), tau + j, Y, factor, rest);
    if (j + b == n) continue;
    ApplyBlock<T>(Y, factor, /*transposed=*/true, A.Block(j, j + b, rows, n - j - b), rest);
  }
}

template <class T>
void FormQ(const Matrix<const T>& A, const T* tau, int64_t count, const Matrix<T>& Q) {
  const Scratch<T> memory(ReflectorMemory(Q.rows, Q.columns, count));
  FormReflectors(A.Block(0, 0, A.rows, count), tau, Q, memory.data());
}

template void FactorQr(const Matrix<float>&, float*);
template void FactorQr(const Matrix<double>&, double*);
template void FormQ(const Matrix<const float>&, const float*, int64_t, const Matrix<float>&);
template void FormQ(const Matrix<const double>&, const double*, int64_t, const Matrix<double>&);

}  // namespace otium::cpu
