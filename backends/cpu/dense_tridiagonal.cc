// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/dense_tridiagonal.h"

#include <algorithm>
#include <cmath>
#include <complex>

#include "backends/cpu/dense_block.h"
#include "backends/cpu/gemv_kernel.h"
#include "backends/cpu/panel_kernel.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/scalar.h"
#include "backends/cpu/symmetric_kernel.h"
#include "backends/cpu/tasks.h"

namespace otium::cpu {
namespace {

// Reflectors of a block.
constexpr int64_t kBlock = 32;
// Columns of the triangle that one product of blocks updates.
constexpr int64_t kSlab = 128;
// Bytes that are worth a task: some 3 us from L2 or L3.
constexpr int64_t kTaskBytes = 256 << 10;
constexpr int64_t kMostTasks = 16;

// How many tasks read so many elements.
template <class T>
int64_t TasksFor(int64_t elements) {
  return std::clamp<int64_t>(elements * static_cast<int64_t>(sizeof(T)) / kTaskBytes, 1,
                             kMostTasks);
}

// The part'th of `parts` ranges of the columns of a triangle, of about the same area.
Range PartOfTriangle(int64_t n, int64_t parts, int64_t part) {
  const auto column = [&](int64_t p) {
    const double share = std::sqrt(static_cast<double>(p) / static_cast<double>(parts));
    return RoundUp(static_cast<int64_t>(static_cast<double>(n) * share), kSymmetricSquare);
  };
  return {column(part), part + 1 == parts ? n : column(part + 1)};
}

// The vectors of the panel after so many reflectors, V_k in reverse order and W_k:
//
//   V_(k-1) ... V_0 W_0 ... W_(k-1)
//
// In reverse order there is a W where there was its V, so A - V W.H - W V.H is A - R P.H
// with P these columns and R the same from the last to the first.
template <class T>
struct Panel {
  const T* vectors;
  int64_t count, ld;

  Panel(const TridiagonalArrays<T>& arrays, int64_t reflectors)
      : vectors(arrays.panel + (kBlock - reflectors) * arrays.ld),
        count(2 * reflectors),
        ld(arrays.ld) {}
  T Reverse(int64_t k, int64_t i) const { return vectors[(count - 1 - k) * ld + i]; }
};

// Column i of A, which lacks what the reflectors before did to it.
template <class T>
void UpdateColumn(const TridiagonalArrays<T>& arrays, int64_t reflectors, int64_t i, T* column) {
  if (reflectors == 0) return;
  const Panel<T> panel(arrays, reflectors);
  for (int64_t k = 0; k < panel.count; ++k) arrays.factors[k] = Conjugate(panel.Reverse(k, i));
  const auto& gemv = BestGemvKernels<T>();
  const int64_t parts = TasksFor<T>(panel.count * i);
  ParallelFor(parts, [&](int64_t task) {
    const Range rows = Part(i + 1, 4 * kSymmetricSquare, parts, task);
    T* const combined = arrays.combined + rows.begin;
    gemv.columns(rows.size(), panel.count, panel.vectors + rows.begin, panel.ld, false,
                 arrays.factors, 1, combined);
    gemv.axpby(rows.size(), T(-1), combined, T(1), column + rows.begin, column + rows.begin);
  });
}

// w = tau (A - R P.H) v, of n rows.
template <class T>
void MultiplyByUpdated(const Matrix<T>& A, const TridiagonalArrays<T>& arrays, int64_t reflectors,
                       int64_t n, const T* v, T tau, T* w) {
  const Panel<T> panel(arrays, reflectors);
  const auto& gemv = BestGemvKernels<T>();
  const int64_t parts = TasksFor<T>(n * n / 2);
  const int64_t panel_parts = std::min(TasksFor<T>(panel.count * n), parts);
  // The products with v of A and of the panel's vectors.
  T* const products = arrays.factors;
  ParallelFor(parts, [&](int64_t task) {
    if (panel.count > 0 && task < panel_parts) {
      const Range some = Part(panel.count, 4, panel_parts, task);
      gemv.rows(some.size(), n, panel.vectors + some.begin * panel.ld, panel.ld, /*conj_a=*/true, v,
                products + some.begin);
    }
    const Range columns = PartOfTriangle(n, parts, task);
    BestSymmetricKernels<T>().multiply_columns(columns.begin, columns.end, A.data, A.column_stride,
                                               v, arrays.partial + task * arrays.ld);
  });
  std::reverse(products, products + panel.count);
  ParallelFor(panel_parts, [&](int64_t task) {
    const Range rows = Part(n, 4 * kSymmetricSquare, panel_parts, task);
    T* const sums = w + rows.begin;
    std::fill_n(sums, rows.size(), T(0));
    for (int64_t p = 0; p < parts; ++p) {
      const int64_t end = std::min(PartOfTriangle(n, parts, p).end, rows.end);
      if (end <= rows.begin) continue;
      gemv.axpby(end - rows.begin, T(1), arrays.partial + p * arrays.ld + rows.begin, T(1), sums,
                 sums);
    }
    T* const combined = arrays.combined + rows.begin;
    gemv.columns(rows.size(), panel.count, panel.vectors + rows.begin, panel.ld, false, products, 1,
                 combined);
    gemv.axpby(rows.size(), -tau, combined, tau, sums, sums);
  });
}

// Reduces the last `count` of the first n columns; what they do to the columns before is
// left.
template <class T>
void ReducePanel(const Matrix<T>& A, const TridiagonalArrays<T>& arrays, int64_t n, int64_t count,
                 Real<T>* diagonal, Real<T>* beside, T* tau) {
  for (int64_t k = 0; k < count; ++k) {
    const int64_t i = n - 1 - k;
    T* const column = &A(0, i);
    UpdateColumn(arrays, k, i, column);
    diagonal[k] = std::real(column[i]);
    if (i == 0) return;
    tau[k] = BestPanelKernels<T>().reflector(&column[i - 1], column, i - 1);
    beside[k] = std::real(column[i - 1]);
    T* const v = arrays.panel + (kBlock - 1 - k) * arrays.ld;
    T* const w = arrays.panel + (kBlock + k) * arrays.ld;
    const int64_t padded = RoundUp(i, kSymmetricSquare);
    std::copy_n(column, i - 1, v);
    v[i - 1] = T(1);
    std::fill(v + i, v + padded, T(0));
    MultiplyByUpdated(A, arrays, k, i, v, tau[k], w);
    const T share = Multiply(-Conjugate(tau[k]) / Real<T>(2),
                             BestGemvKernels<T>().dot(i, v, /*conj_x=*/true, w));
    BestGemvKernels<T>().axpby(i, share, v, T(1), w, w);
  }
}

}  // namespace

template <class T>
TridiagonalArrays<T>::TridiagonalArrays(Workspace& memory, int64_t n)
    : ld(RoundUp(n, kSymmetricSquare)),
      panel(memory.Take<T>(2 * kBlock * ld)),
      partial(memory.Take<T>(TasksFor<T>(n * n / 2) * ld)),
      combined(memory.Take<T>(ld)),
      factors(memory.Take<T>(2 * kBlock)) {}

template <class T>
void ReduceToTridiagonal(const Matrix<T>& A, const TridiagonalArrays<T>& arrays, Real<T>* diagonal,
                         Real<T>* beside, T* tau) {
  for (int64_t j = 0; j < A.columns; ++j) {
    A(j, j) = std::real(A(j, j));
    const int64_t end = std::min(RoundUp(j + 1, kSymmetricSquare), A.rows);
    for (int64_t i = j + 1; i < end; ++i) A(i, j) = Conjugate(A(j, i));
  }
  for (int64_t done = 0; done < A.rows; done += kBlock) {
    const int64_t n = A.rows - done, count = std::min(n, kBlock), left = n - count;
    ReducePanel(A, arrays, n, count, diagonal + done, beside + done, tau + done);
    const Panel<T> panel(arrays, count);
    ParallelFor(CeilDiv(left, kSlab), [&](int64_t slab) {
      const int64_t begin = slab * kSlab, columns = std::min(kSlab, left - begin),
                    end = begin + columns;
      // As rows, which is how the product takes them best: A.T -= conj(P) R.T.
      const Matrix<const T> P{panel.vectors + begin, columns, panel.count, 1, panel.ld};
      const Matrix<const T> R{panel.vectors + (panel.count - 1) * panel.ld, panel.count, end,
                              -panel.ld, 1};
      SubtractProduct<T>({P, /*is_conjugate=*/true}, R,
                         A.Block(0, begin, end, columns).Transposed());
    });
  }
}

#define OTIUM_INSTANTIATE(T)                                                                 \
  template struct TridiagonalArrays<T>;                                                      \
  template void ReduceToTridiagonal(const Matrix<T>&, const TridiagonalArrays<T>&, Real<T>*, \
                                    Real<T>*, T*);
OTIUM_INSTANTIATE(float)
OTIUM_INSTANTIATE(double)
OTIUM_INSTANTIATE(std::complex<float>)
OTIUM_INSTANTIATE(std::complex<double>)
#undef OTIUM_INSTANTIATE

}  // namespace otium::cpu
