// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/reflectors.h"

#include <algorithm>
#include <complex>

#include "backends/cpu/dense_block.h"

namespace otium::cpu {
namespace {

// Whether products are so small, or so thin, that one reflector after the other takes less:
// 16 of them take three times as long for 16 x 256, and 3 half for 3 x 100,000.
bool IsSmall(int64_t rows, int64_t columns, int64_t count) {
  return rows <= 4 || (rows <= 16 && columns * count <= 128);
}

// T of the reflectors whose vectors are Y; `memory` is as large as T.
template <class T>
void MakeFactor(const Matrix<const T>& Y, const T* tau, const Matrix<T>& factor, T* memory) {
  const int64_t n = Y.columns;
  if (n <= kReflectorPanel) {
    T gram[kReflectorPanel * kReflectorPanel];
    Multiply<T>(T(1), Adjoint(Y), Y, T(0), RowMajor(gram, n, n));
    PanelFactor(gram, tau, factor);
    return;
  }
  const int64_t first = Half(n, kReflectorPanel), rest = n - first;
  MakeFactor<T>(Y.Block(0, 0, Y.rows, first), tau, factor.Block(0, 0, first, first), memory);
  MakeFactor<T>(Y.Block(first, first, Y.rows - first, rest), tau + first,
                factor.Block(first, first, rest, rest), memory);
  JoinFactors<T>(Y, first, factor, memory);
}

// apply(first row of the block, Y, T, memory) from the last block to the first, or from the
// first to the last.
template <class T, class Apply>
void ForBlocks(const Matrix<const T>& A, const T* tau, bool from_first, T* memory,
               const Apply& apply) {
  const int64_t m = A.rows, count = A.columns, width = ReflectorBlock(count);
  T* const factors = memory + m * width;
  T* const rest = factors + width * width;
  if (count == 0) return;
  const int64_t blocks = CeilDiv(count, width);
  for (int64_t block = 0; block < blocks; ++block) {
    const int64_t j = (from_first ? block : blocks - 1 - block) * width;
    const int64_t b = std::min(width, count - j);
    const Matrix<T> Y = RowMajor(memory, m - j, b), factor = RowMajor(factors, b, b);
    CopyVectors<T>(A.Block(j, j, m - j, b), Y);
    MakeFactor<T>(Y, tau + j, factor, rest);
    apply(j, Y, factor, rest);
  }
}

// C takes reflector k alone.
template <class T>
void ApplyOne(const Matrix<const T>& A, int64_t k, T factor, const Matrix<T>& C) {
  for (int64_t j = 0; j < C.columns; ++j) {
    T product = C(k, j);
    for (int64_t i = k + 1; i < C.rows; ++i) product += Multiply(Conjugate(A(i, k)), C(i, j));
    product = Multiply(product, factor);
    C(k, j) -= product;
    for (int64_t i = k + 1; i < C.rows; ++i) C(i, j) -= Multiply(product, A(i, k));
  }
}

}  // namespace

template <class T>
void CopyVectors(const Matrix<const T>& A, const Matrix<T>& Y) {
  Copy(A, Y);
  for (int64_t i = 0; i < std::min(Y.rows, Y.columns); ++i) {
    Y(i, i) = T(1);
    for (int64_t j = i + 1; j < Y.columns; ++j) Y(i, j) = T(0);
  }
}

template <class T>
void PanelFactor(const T* gram, const T* tau, const Matrix<T>& factor) {
  BestPanelKernels<T>().factor(factor.rows, gram, tau, factor.data, factor.row_stride);
  for (int64_t i = 1; i < factor.rows; ++i) std::fill_n(&factor(i, 0), i, T(0));
}

// The upper right part is -T1 (Y1.H Y2) T2, where Y2 begins with `first` rows of zeros.
// The lower left is zero, for products with all of T.
template <class T>
void JoinFactors(const Matrix<const T>& Y, int64_t first, const Matrix<T>& factor, T* memory) {
  const int64_t k = Y.columns, rest = k - first;
  const Matrix<T> products = RowMajor(memory, first, rest);
  const Matrix<T> scaled = RowMajor(memory + first * rest, first, rest);
  const auto Y1 = Y.Block(first, 0, Y.rows - first, first),
             Y2 = Y.Block(first, first, Y.rows - first, rest);
  Multiply<T>(T(1), Adjoint(Y1), Y2, T(0), products);
  Multiply<T>(T(1), products, factor.Block(first, first, rest, rest), T(0), scaled);
  Multiply<T>(T(-1), factor.Block(0, 0, first, first), scaled, T(0),
              factor.Block(0, first, first, rest));
  for (int64_t i = first; i < k; ++i) std::fill_n(&factor(i, 0), first, T(0));
}

template <class T>
void ApplyBlock(const Matrix<const T>& Y, const Matrix<const T>& factor, bool adjoint,
                const Matrix<T>& C, T* memory) {
  const int64_t k = Y.columns;
  if (C.columns == 0) return;
  const Matrix<T> inner = RowMajor(memory, k, C.columns);
  const Matrix<T> scaled = RowMajor(memory + k * C.columns, k, C.columns);
  Multiply<T>(T(1), Adjoint(Y), C, T(0), inner);
  Multiply<T>(T(1), adjoint ? Adjoint(factor) : Operand<T>(factor), inner, T(0), scaled);
  SubtractProduct<T>(Y, scaled, C);
}

template <class T>
void ApplyReflectors(const Matrix<const T>& A, const T* tau, bool adjoint, const Matrix<T>& C,
                     T* memory) {
  if (IsSmall(C.rows, C.columns, A.columns)) {
    for (int64_t step = 0; step < A.columns; ++step) {
      const int64_t k = adjoint ? step : A.columns - 1 - step;
      ApplyOne(A, k, adjoint ? Conjugate(tau[k]) : tau[k], C);
    }
    return;
  }
  ForBlocks<T>(A, tau, /*from_first=*/adjoint, memory,
               [&](int64_t j, const Matrix<T>& Y, const Matrix<T>& factor, T* rest) {
                 ApplyBlock<T>(Y, factor, adjoint, C.Block(j, 0, C.rows - j, C.columns), rest);
               });
}

template <class T>
void FormReflectors(const Matrix<const T>& A, const T* tau, const Matrix<T>& Q, T* memory) {
  for (int64_t i = 0; i < Q.rows; ++i) {
    for (int64_t j = 0; j < Q.columns; ++j) Q(i, j) = T(i == j);
  }
  // Columns before those of a reflector are still those of the identity in its rows.
  if (IsSmall(Q.rows, Q.columns, A.columns)) {
    for (int64_t k = A.columns; k-- > 0;) {
      ApplyOne(A, k, tau[k], Q.Block(0, k, Q.rows, Q.columns - k));
    }
    return;
  }
  ForBlocks<T>(A, tau, /*from_first=*/false, memory,
               [&](int64_t j, const Matrix<T>& Y, const Matrix<T>& factor, T* rest) {
                 ApplyBlock<T>(Y, factor, /*adjoint=*/false,
                               Q.Block(j, j, Q.rows - j, Q.columns - j), rest);
               });
}

int64_t ReflectorMemory(int64_t rows, int64_t columns, int64_t count) {
  const int64_t width = ReflectorBlock(count);
  return rows * width + width * width + std::max(width * width, 2 * width * columns);
}

#define OTIUM_INSTANTIATE(T)                                                                       \
  template void CopyVectors(const Matrix<const T>&, const Matrix<T>&);                             \
  template void PanelFactor(const T*, const T*, const Matrix<T>&);                                 \
  template void JoinFactors(const Matrix<const T>&, int64_t, const Matrix<T>&, T*);                \
  template void ApplyBlock(const Matrix<const T>&, const Matrix<const T>&, bool, const Matrix<T>&, \
                           T*);                                                                    \
  template void ApplyReflectors(const Matrix<const T>&, const T*, bool, const Matrix<T>&, T*);     \
  template void FormReflectors(const Matrix<const T>&, const T*, const Matrix<T>&, T*);
OTIUM_INSTANTIATE(float)
OTIUM_INSTANTIATE(double)
OTIUM_INSTANTIATE(std::complex<float>)
OTIUM_INSTANTIATE(std::complex<double>)
#undef OTIUM_INSTANTIATE

}  // namespace otium::cpu
