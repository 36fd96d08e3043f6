// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/dense_bidiagonal.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>

#include "backends/cpu/bidiagonal_kernel.h"
#include "backends/cpu/dense_block.h"
#include "backends/cpu/gemv_kernel.h"
#include "backends/cpu/panel_kernel.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/reflectors.h"
#include "backends/cpu/scalar.h"
#include "backends/cpu/tasks.h"

namespace otium::cpu {
namespace {

// Steps of a panel: with 32, twice as much time went into L and R.
constexpr int64_t kPanel = 16;
// Elements of a task of a pass: some 10 us. No more tasks than these: each has sums to
// be added.
constexpr int64_t kTaskElements = 64 << 10;
constexpr int64_t kMostTasks = 16;

template <class T>
constexpr int64_t kBoundary = kColumnBytes / sizeof(T);

// One panel: steps [begin, end) of the reduction. A as it is now is A - L R.H: column 2 i
// of L is the vector v of Q's reflector i, whose product A.H v, scaled, is that of R;
// column 2 i + 1 of R is the vector u of conj(P)'s, and that of L the product A u.
template <class T>
class Panel {
 public:
  Panel(const Matrix<T>& A, const Bidiagonal<T>& B, const BidiagonalArrays<T>& arrays)
      : A_(A),
        B_(B),
        x_(arrays),
        ld_(A.column_stride),
        right_ld_(ColumnStride<T>(A.columns)),
        padded_(RoundUp(A.rows, kBoundary<T>)) {}

  void Reduce(int64_t begin, int64_t end) {
    const int64_t m = A_.rows, n = A_.columns, count = 2 * (end - begin);
    for (int64_t k = 0; k < count; ++k) {
      std::fill_n(Left(k), padded_, T(0));
      std::fill_n(Right(k), n, T(0));
    }
    for (int64_t c = begin; c < end; ++c) {
      const int64_t known = 2 * (c - begin);
      ReflectColumn(c, known);
      if (c + 1 < n) ReflectRow(c, known);
    }
    // The vectors of P go to their rows, which nothing reads from here on.
    for (int64_t j = begin + 1; j < n; ++j) {
      for (int64_t c = begin; c < std::min(end, j - 1); ++c) {
        A_(c, j) = Conjugate(Right(2 * (c - begin) + 1)[j]);
      }
    }
    if (end == n) return;
    const Matrix<const T> L{Left(0) + end, m - end, count, 1, ld_},
        R{Right(0) + end, n - end, count, 1, right_ld_};
    SubtractProduct<T>(L, Adjoint(R), A_.Block(end, end, m - end, n - end));
  }

 private:
  T* Left(int64_t k) const { return x_.left + k * ld_; }
  T* Right(int64_t k) const { return x_.right + k * right_ld_; }

  // sum = X conj(y), of the `known` columns of X, of `length`, and of the elements of y.
  void Combine(int64_t known, int64_t length, const T* X, int64_t ld, const T* y, int64_t stride,
               T* sum) const {
    for (int64_t k = 0; k < known; ++k) x_.products[k] = Conjugate(y[k * stride]);
    gemv_.columns(length, known, X, ld, false, x_.products, 1, sum);
  }

  // Column c as it is now; then what makes it zero below the diagonal.
  void ReflectColumn(int64_t c, int64_t known) {
    const int64_t length = A_.rows - c;
    T* const column = &A_(c, c);
    if (known > 0) {
      Combine(known, length, Left(0) + c, ld_, Right(0) + c, right_ld_, x_.rows);
      for (int64_t i = 0; i < length; ++i) column[i] -= x_.rows[i];
    }
    panel_.qr(length, 1, column, length, &B_.left_tau[c]);
    B_.diagonal[c] = std::real(column[0]);
    T* const v = Left(known);
    std::copy_n(column, length, v + c);
    v[c] = T(1);
  }

  // Row c, after its column's reflector; then what makes it zero right of the diagonal's
  // neighbour.
  void ReflectRow(int64_t c, int64_t known) {
    const int64_t rest = A_.columns - c - 1, begin = c / kBoundary<T> * kBoundary<T>,
                  length = A_.rows - begin;
    T* const v = Left(known);
    T* const y = Right(known) + c + 1;
    T* const u = Right(known + 1) + c + 1;
    if (known > 0) {
      gemv_.rows(known, length, Left(0) + begin, ld_, /*conj_a=*/true, v + begin, x_.products);
      gemv_.columns(rest, known, Right(0) + c + 1, right_ld_, false, x_.products, 1, x_.columns);
      std::copy_n(x_.columns, rest, y);
      Combine(known, rest, Right(0) + c + 1, right_ld_, Left(0) + c, ld_, x_.columns);
      std::copy_n(x_.columns, rest, u);
    }
    Pass(c, v, y, u);
    const T first = u[0];
    T tau;
    panel_.qr(rest, 1, u, rest, &tau);
    B_.right_tau[c] = Conjugate(tau);
    const Real<T> beta = B_.above[c] = std::real(u[0]);
    u[0] = T(1);
    T* const x = Left(known + 1) + begin;
    if (tau == T(0)) return;
    // u is r - beta e1, scaled, and so A u comes of A r and A's first column.
    constexpr Real<T> kSafe =
        std::numeric_limits<Real<T>>::min() / std::numeric_limits<Real<T>>::epsilon();
    const T* const neighbour = &A_(begin, c + 1);
    if (std::abs(first - beta) > kSafe) {
      const T scale = T(1) / (first - beta);
      for (int64_t i = 0; i < length; ++i) {
        x_.rows[i] = Multiply(scale, x_.sums[i] - beta * neighbour[i]);
      }
    } else {
      gemv_.columns(length, rest, neighbour, ld_, false, u, 1, x_.rows);
    }
    gemv_.rows(known + 1, rest, Right(0) + c + 1, right_ld_, /*conj_a=*/true, u, x_.products);
    gemv_.columns(length, known + 1, Left(0) + begin, ld_, false, x_.products, 1, x_.sums);
    for (int64_t i = c + 1 - begin; i < length; ++i) {
      x[i] = Multiply(tau, x_.rows[i] - x_.sums[i]);
    }
  }

  // The pass over the rest of A; x_.sums begins with A r.
  void Pass(int64_t c, const T* v, T* y, T* u) {
    const int64_t rest = A_.columns - c - 1, begin = c / kBoundary<T> * kBoundary<T>,
                  length = padded_ - begin;
    const int64_t tasks = std::clamp<int64_t>(rest * length / kTaskElements, 1,
                                              std::min(kMostTasks, CeilDiv(rest, 8)));
    ParallelFor(tasks, [&](int64_t task) {
      const Range part = Part(rest, 8, tasks, task);
      kernels_.reflect(length, part.size(), &A_(begin, c + 1 + part.begin), ld_, v + begin,
                       B_.left_tau[c], c - begin, y + part.begin, u + part.begin,
                       x_.sums + task * ld_);
    });
    for (int64_t task = 1; task < tasks; ++task) {
      const T* const part = x_.sums + task * ld_;
      for (int64_t i = 0; i < length; ++i) x_.sums[i] += part[i];
    }
  }

  const Matrix<T> A_;
  const Bidiagonal<T> B_;
  const BidiagonalArrays<T> x_;
  const int64_t ld_, right_ld_, padded_;
  const GemvKernels<T>& gemv_ = BestGemvKernels<T>();
  const PanelKernels<T>& panel_ = BestPanelKernels<T>();
  const BidiagonalKernels<T>& kernels_ = BestBidiagonalKernels<T>();
};

}  // namespace

template <class T>
int64_t ColumnStride(int64_t m) {
  const int64_t size = sizeof(T), bytes = RoundUp(m * size, kColumnBytes);
  return (bytes % 1024 == 0 ? bytes + kColumnBytes : bytes) / size;
}

template <class T>
BidiagonalArrays<T>::BidiagonalArrays(Workspace& memory, int64_t m, int64_t n)
    : left(memory.Take<T>(2 * kPanel * ColumnStride<T>(m))),
      right(memory.Take<T>(2 * kPanel * ColumnStride<T>(n))),
      rows(memory.Take<T>(m + kGemvPad)),
      columns(memory.Take<T>(n + kGemvPad)),
      products(memory.Take<T>(2 * kPanel)),
      sums(memory.Take<T>(kMostTasks * ColumnStride<T>(m) + kGemvPad)) {}

template <class T>
void ReduceToBidiagonal(const Matrix<T>& A, const Bidiagonal<T>& B,
                        const BidiagonalArrays<T>& arrays) {
  Panel<T> panel(A, B, arrays);
  for (int64_t c = 0; c < A.columns; c += kPanel) panel.Reduce(c, std::min(c + kPanel, A.columns));
}

template <class T>
void ApplyLeft(const Matrix<const T>& A, const Bidiagonal<T>& B, const Matrix<T>& C, T* memory) {
  ApplyReflectors<T>(A, B.left_tau, /*adjoint=*/false, C, memory);
}

template <class T>
void ApplyRight(const Matrix<const T>& A, const Bidiagonal<T>& B, const Matrix<T>& C, T* memory) {
  const int64_t n = A.columns;
  if (n < 2) return;
  ApplyReflectors<T>(A.Transposed().Block(1, 0, n - 1, n - 1), B.right_tau, /*adjoint=*/false,
                     C.Block(1, 0, n - 1, C.columns), memory);
}

#define OTIUM_INSTANTIATE(T)                                                                   \
  template struct BidiagonalArrays<T>;                                                         \
  template int64_t ColumnStride<T>(int64_t);                                                   \
  template void ReduceToBidiagonal(const Matrix<T>&, const Bidiagonal<T>&,                     \
                                   const BidiagonalArrays<T>&);                                \
  template void ApplyLeft(const Matrix<const T>&, const Bidiagonal<T>&, const Matrix<T>&, T*); \
  template void ApplyRight(const Matrix<const T>&, const Bidiagonal<T>&, const Matrix<T>&, T*);
OTIUM_INSTANTIATE(float)
OTIUM_INSTANTIATE(double)
OTIUM_INSTANTIATE(std::complex<float>)
OTIUM_INSTANTIATE(std::complex<double>)
#undef OTIUM_INSTANTIATE

}  // namespace otium::cpu
