// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/dense_factor.h"

#include <algorithm>
#include <complex>

#include "backends/cpu/dense_block.h"
#include "backends/cpu/panel_kernel.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/pivots.h"
#include "backends/cpu/triangle_product.h"

namespace otium::cpu {
namespace {

// Panels of LU: narrow ones of many rows, since they are no products of blocks, and where
// elements are complex, since their kernel takes a column at a time.
template <class T>
constexpr int64_t kPanel = kIsComplex<T> ? 16 : 32;
template <class T>
constexpr int64_t kWidestPanel = kIsComplex<T> ? 16 : kMostPanel;
constexpr int64_t kShortPanel = 2 * kMostPanel;  // Rows for which the widest is best.
// Columns of LU that one thread factors while the others are still at those behind them.
constexpr int64_t kAhead = 192;
// Copies of panels begin a row at multiples of so many elements.
constexpr int64_t kLine = 16;
// Rows, or columns, that one task takes: some microseconds with a triangle of 64 rows.
constexpr int64_t kSlice = 128;

template <class T>
PanelTriangle<T> TriangleOf(const Matrix<const T>& m, TriangleForm form) {
  return {m.rows,          m.data,    m.row_stride,
          m.column_stride, form.unit, kIsComplex<T> && form.conjugate};
}

// ---- Cholesky

// X = X inv(L).H. Each slice of rows has a part of the memory.
template <class T>
void SolveFromTheRight(const Matrix<const T>& L, const Matrix<T>& X, T* memory) {
  const int64_t n = L.rows;
  if (n <= kMostPanel) {
    ParallelForRanges(X.rows, kSlice, [&](int64_t begin, int64_t end) {
      const int64_t rows = end - begin;
      T* const transposed = memory + begin * kMostPanel;
      const Matrix<T> slice = X.Block(begin, 0, rows, n);
      CopyTransposed<T>(slice, transposed, kSlice);
      BestPanelKernels<T>().solve_lower(TriangleOf(L, {.conjugate = true}), transposed, kSlice,
                                        rows);
      CopyBack<T>(transposed, kSlice, slice);
    });
    return;
  }
  const int64_t first = Half(n, kMostPanel), rest = n - first;
  const Matrix<T> left = X.Block(0, 0, X.rows, first), right = X.Block(0, first, X.rows, rest);
  SolveFromTheRight(L.Block(0, 0, first, first), left, memory);
  SubtractProduct<T>(left, Adjoint(L.Block(first, 0, rest, first)), right);
  SolveFromTheRight(L.Block(first, first, rest, rest), right, memory);
}

template <class T>
int64_t FactorSmallCholesky(const Matrix<T>& A, T* upper) {
  const int64_t n = A.rows, ld = RoundUp(n, kLine);
  CopyTransposed<T>(A, upper, ld);
  const int64_t code = BestPanelKernels<T>().cholesky(n, upper, ld);
  CopyBack<T>(upper, ld, A);
  return code;
}

}  // namespace

int64_t CholeskyMemory(int64_t n) {
  return n <= kMostPanel ? n * RoundUp(n, kLine) : RoundUp(n, kSlice) * kMostPanel;
}

template <class T>
int64_t FactorCholesky(const Matrix<T>& A, T* memory) {
  const int64_t n = A.rows;
  if (n <= kMostPanel) return FactorSmallCholesky(A, memory);
  const int64_t first = Half(n, kMostPanel), rest = n - first;
  const Matrix<T> L11 = A.Block(0, 0, first, first), L21 = A.Block(first, 0, rest, first);
  const Matrix<T> A22 = A.Block(first, first, rest, rest);
  if (const int64_t code = FactorCholesky(L11, memory); code != 0) return code;
  SolveFromTheRight<T>(L11, L21, memory);
  SubtractLowerProduct<T>(L21, Adjoint<T>(L21), A22);
  const int64_t code = FactorCholesky(A22, memory);
  return code == 0 ? 0 : first + code;
}

// ---- LU

// One panel is factored at a time.
template <class T>
int64_t LuMemory(int64_t rows, int64_t columns) {
  const int64_t n = std::min(rows, columns), short_rows = std::min(rows, kShortPanel);
  return std::max(std::min(n, kPanel<T>) * RoundUp(rows, kLine),
                  std::min(n, kWidestPanel<T>) * RoundUp(short_rows, kLine));
}

namespace {

// By halves, of a matrix with no fewer rows than columns.
template <class T>
int64_t FactorHighLu(const Matrix<T>& A, int32_t* pivots, T* memory) {
  const int64_t m = A.rows, n = A.columns;
  if (n == 0) return 0;
  if (n <= (m <= kShortPanel ? kWidestPanel<T> : kPanel<T>)) {
    const int64_t ld = RoundUp(m, kLine);
    CopyTransposed<T>(A, memory, ld);
    const int64_t code = BestPanelKernels<T>().lu(m, n, memory, ld, pivots);
    CopyBack<T>(memory, ld, A);
    for (int64_t k = 0; k < n; ++k) ++pivots[k];
    return code;
  }
  const int64_t first = Half(n, kPanel<T>), rest = n - first;
  const Matrix<T> left = A.Block(0, 0, m, first), right = A.Block(0, first, m, rest);
  const Matrix<T> A11 = A.Block(0, 0, first, first), A21 = A.Block(first, 0, m - first, first);
  const Matrix<T> A12 = A.Block(0, first, first, rest),
                  A22 = A.Block(first, first, m - first, rest);
  const int64_t code = FactorHighLu(left, pivots, memory);
  ExchangeRows(PivotsAt(pivots, first), right);
  SolveLower<T>(A11, {.unit = true}, A12);
  SubtractProduct<T>(A21, A12, A22);
  const int64_t more = FactorHighLu(A22, pivots + first, memory);
  ExchangeRows(PivotsAt(pivots + first, rest), A21);
  for (int64_t k = first; k < n; ++k) pivots[k] += static_cast<int32_t>(first);
  return code != 0 || more == 0 ? code : first + more;
}

}  // namespace

template <class T>
int64_t FactorLu(const Matrix<T>& A, int32_t* pivots, T* memory) {
  const int64_t m = A.rows, n = A.columns;
  if (m < n) {
    const Matrix<T> square = A.Block(0, 0, m, m), right = A.Block(0, m, m, n - m);
    const int64_t code = FactorLu(square, pivots, memory);
    ExchangeRows(PivotsAt(pivots, m), right);
    SolveLower<T>(square, {.unit = true}, right);
    return code;
  }
  if (n <= kAhead) return FactorHighLu(A, pivots, memory);
  const int64_t blocks = CeilDiv(n, kAhead);
  const auto columns_of = [&](int64_t block) {
    return A.Block(0, block * kAhead, m, std::min(kAhead, n - block * kAhead));
  };
  int64_t code = FactorHighLu(columns_of(0), pivots, memory);
  for (int64_t done = 0; done < blocks; ++done) {
    // Of the block that is done: its diagonal block, and what is below.
    const int64_t row = done * kAhead, below = m - row;
    const Matrix<T> panel = columns_of(done).Block(row, 0, below, columns_of(done).columns);
    const int64_t width = panel.columns;
    const auto diagonal = panel.Block(0, 0, width, width),
               left = panel.Block(width, 0, below - width, width);
    ParallelFor(blocks - 1, [&](int64_t task) {
      // The next block first, because the next round waits for it; this one never.
      const int64_t block = (done + 1 + task) % blocks;
      const Matrix<T> columns = columns_of(block).Block(row, 0, below, columns_of(block).columns);
      ExchangeRows(PivotsAt(pivots + row, width), columns);
      if (block < done) return;
      const Matrix<T> upper = columns.Block(0, 0, width, columns.columns),
                      lower = columns.Block(width, 0, below - width, columns.columns);
      SolveLower<T>(diagonal, {.unit = true}, upper);
      SubtractProduct<T>(left, upper, lower);
      if (task != 0) return;
      const int64_t more = FactorHighLu(lower, pivots + row + width, memory);
      if (code == 0 && more != 0) code = row + width + more;
    });
  }
  for (int64_t k = kAhead; k < n; ++k) pivots[k] += static_cast<int32_t>(k / kAhead * kAhead);
  return code;
}

// ---- substitution

namespace {

template <class T, class Kernel>
void SolveSlices(const Kernel& kernel, const Matrix<const T>& triangle, TriangleForm form,
                 const Matrix<T>& X) {
  ParallelForRanges(X.columns, kSlice, [&](int64_t begin, int64_t end) {
    kernel(TriangleOf(triangle, form), X.data + begin, X.row_stride, end - begin);
  });
}

}  // namespace

template <class T>
void SolveLower(const Matrix<const T>& L, TriangleForm form, const Matrix<T>& X) {
  const int64_t n = L.rows;
  if (n <= kMostPanel) return SolveSlices(BestPanelKernels<T>().solve_lower, L, form, X);
  const int64_t first = Half(n, kMostPanel), rest = n - first;
  const Matrix<T> upper = X.Block(0, 0, first, X.columns),
                  lower = X.Block(first, 0, rest, X.columns);
  SolveLower<T>(L.Block(0, 0, first, first), form, upper);
  SubtractProduct<T>({L.Block(first, 0, rest, first), form.conjugate}, upper, lower);
  SolveLower<T>(L.Block(first, first, rest, rest), form, lower);
}

template <class T>
void SolveUpper(const Matrix<const T>& U, TriangleForm form, const Matrix<T>& X) {
  const int64_t n = U.rows;
  if (n <= kMostPanel) return SolveSlices(BestPanelKernels<T>().solve_upper, U, form, X);
  const int64_t first = Half(n, kMostPanel), rest = n - first;
  const Matrix<T> upper = X.Block(0, 0, first, X.columns),
                  lower = X.Block(first, 0, rest, X.columns);
  SolveUpper<T>(U.Block(first, first, rest, rest), form, lower);
  SubtractProduct<T>({U.Block(0, first, first, rest), form.conjugate}, lower, upper);
  SolveUpper<T>(U.Block(0, 0, first, first), form, upper);
}

#define OTIUM_INSTANTIATE(T)                                                        \
  template int64_t FactorCholesky(const Matrix<T>&, T*);                            \
  template int64_t FactorLu(const Matrix<T>&, int32_t*, T*);                        \
  template int64_t LuMemory<T>(int64_t, int64_t);                                   \
  template void SolveLower(const Matrix<const T>&, TriangleForm, const Matrix<T>&); \
  template void SolveUpper(const Matrix<const T>&, TriangleForm, const Matrix<T>&);
OTIUM_INSTANTIATE(float)
OTIUM_INSTANTIATE(double)
OTIUM_INSTANTIATE(std::complex<float>)
OTIUM_INSTANTIATE(std::complex<double>)
#undef OTIUM_INSTANTIATE

}  // namespace otium::cpu
