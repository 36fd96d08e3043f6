// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/dense_ldl.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdlib>
#include <limits>
#include <utility>

#include "backends/cpu/dense_factor.h"
#include "backends/cpu/gemv_kernel.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/pivots.h"
#include "backends/cpu/scalar.h"
#include "backends/cpu/triangle_product.h"

namespace otium::cpu {
namespace {

constexpr int64_t kPanel = 48;
// Columns that one task exchanges the rows of.
constexpr int64_t kColumns = 32;

// How large a pivot is, as LAPACK decides it.
template <class T>
auto SizeOf(T x) {
  return std::abs(std::real(x)) + std::abs(std::imag(x));
}

// Whether the inverse of a block of two is in the range, and has all digits: b is about its
// largest element.
template <class T>
bool HasReciprocal(T b) {
  using R = Real<T>;
  constexpr R kLeast = 4 * std::numeric_limits<R>::min();
  return SizeOf(b) >= kLeast && SizeOf(b) <= 1 / kLeast;
}

// [a, Mirrored(b); b, c], scaled by b.
template <class T>
class BlockOfTwo {
 public:
  BlockOfTwo(T a, T b, T c, bool hermitian)
      : b_(b),
        mirrored_(hermitian ? Conjugate(b) : b),
        of_a_(Quotient(a, mirrored_)),
        of_c_(Quotient(c, b_)) {
    divisor_ = Multiply(of_a_, of_c_);
    if (hermitian) divisor_ = T(std::real(divisor_));
    divisor_ -= T(1);
  }

  // [x; y] is divided.
  void Divide(T* x, T* y) const {
    const T u = Quotient(*x, mirrored_), v = Quotient(*y, b_);
    *x = Quotient(Multiply(of_c_, u) - v, divisor_);
    *y = Quotient(Multiply(of_a_, v) - u, divisor_);
  }

  struct Elements {
    T a, above, below, c;
  };
  Elements Inverse() const {
    const T scale = Quotient(T(1), divisor_);
    const T by_b = Quotient(scale, b_), by_mirrored = Quotient(scale, mirrored_);
    return {Multiply(by_mirrored, of_c_), -by_b, -by_mirrored, Multiply(by_b, of_a_)};
  }

 private:
  T b_, mirrored_, of_a_, of_c_, divisor_;
};

// The first columns of what is left of the matrix.
template <class T>
class Panel {
 public:
  using R = decltype(std::abs(T()));

  // W is for L D of the columns that are factored, `memory` for another column.
  Panel(const Ldl<T>& f, int64_t first, T* W, int64_t ld, T* memory)
      : A_(f.matrix.Block(first, first, f.matrix.rows - first, f.matrix.rows - first)),
        beside_(f.beside + first),
        exchanged_(f.exchanged + first),
        hermitian_(f.hermitian),
        W_{W, A_.rows, kPanel, 1, ld},
        sums_(memory) {}

  // Gives how many columns were factored, and the code of FactorLdl.
  int64_t Factor(int64_t* code) {
    const int64_t m = A_.rows;
    int64_t k = 0;
    // A block of two must have room.
    while (m <= kPanel ? k < m : k + 1 < kPanel) k += FactorColumns(k, code);
    return k;
  }

  // What is left of the matrix takes the first k columns.
  void UpdateRest(int64_t k) const {
    const int64_t rest = A_.rows - k;
    if (rest == 0) return;
    const Matrix<const T> W = W_.Block(k, 0, rest, k);
    SubtractLowerProduct<T>(A_.Block(k, 0, rest, k), {W.Transposed(), hermitian_},
                            A_.Block(k, k, rest, rest));
  }

 private:
  // The element opposite to x.
  T Mirrored(T x) const { return hermitian_ ? Conjugate(x) : x; }
  T OnDiagonal(T x) const { return hermitian_ ? T(std::real(x)) : x; }

  // The row of the first of the largest elements of a column of W, from row `begin` to `end`,
  // and its size.
  static std::pair<int64_t, R> Largest(const T* w, int64_t begin, int64_t end) {
    if (begin == end) return {begin, R(0)};
    const int64_t row = BestPanelKernels<T>().pivot(w, begin, end);
    return {row, SizeOf(w[row])};
  }

  // w = column j of what is left, from row k on, after the k columns before.
  void UpdatedColumn(int64_t j, int64_t k, T* w) const {
    const int64_t m = A_.rows;
    for (int64_t i = k; i < j; ++i) w[i] = Mirrored(A_(j, i));
    T factors[kPanel];
    for (int64_t p = 0; p < k; ++p) factors[p] = Mirrored(W_(j, p));
    const auto& gemv = BestGemvKernels<T>();
    gemv.columns(m - k, k, &A_(k, 0), A_.column_stride, false, factors, 1, sums_);
    gemv.axpby(j - k, T(-1), sums_, T(1), w + k, w + k);
    gemv.axpby(m - j, T(-1), sums_ + (j - k), T(1), &A_(j, j), w + j);
    w[j] = OnDiagonal(w[j]);
  }

  // Row and column j of what is left change places with those of p, which is behind; but
  // column j is not needed any more.
  void Exchange(int64_t j, int64_t p, int64_t k) const {
    const int64_t m = A_.rows;
    A_(p, p) = A_(j, j);
    for (int64_t i = j + 1; i < p; ++i) A_(p, i) = Mirrored(A_(i, j));
    std::copy_n(&A_(p, j) + 1, m - p - 1, &A_(p, p) + 1);
    for (int64_t i = 0; i < k; ++i) std::swap(A_(j, i), A_(p, i));
    for (int64_t i = 0; i <= j; ++i) std::swap(W_(j, i), W_(p, i));
  }

  // Column k alone, or k and k + 1. Gives how many.
  int64_t FactorColumns(int64_t k, int64_t* code) {
    static const R kAlpha = (1 + std::sqrt(R(17))) / 8;
    const int64_t m = A_.rows;
    T* const w = &W_(0, k);
    UpdatedColumn(k, k, w);
    const R diagonal = SizeOf(w[k]);
    const auto [row, column_size] = Largest(w, k + 1, m);
    int64_t pivot = k, count = 1;
    if (diagonal < kAlpha * column_size) {
      T* const next = &W_(0, k + 1);
      UpdatedColumn(row, k, next);
      const R row_size = std::max(Largest(next, k, row).second, Largest(next, row + 1, m).second);
      if (diagonal < kAlpha * column_size * (column_size / row_size)) {
        pivot = row;
        if (SizeOf(next[row]) < kAlpha * row_size) count = 2;
        else std::copy(next + k, next + m, w + k);
      }
    }
    const int64_t last = k + count - 1;
    if (pivot != last) Exchange(last, pivot, k);
    for (int64_t j = k; j <= last; ++j) {
      exchanged_[j] = static_cast<int32_t>(j + 1);
      beside_[j] = T(0);
    }
    exchanged_[last] = static_cast<int32_t>(pivot + 1);
    if (count == 2) {
      DivideByTwo(k);
    } else {
      if (w[k] == T(0) && *code == 0) *code = k + 1;
      DivideByOne(k);
    }
    return count;
  }

  // The column of L of a block of one.
  void DivideByOne(int64_t k) const {
    const T* const w = &W_(0, k);
    T* const column = &A_(0, k);
    std::copy(w + k, w + A_.rows, column + k);
    if (w[k] == T(0)) return;
    BestPanelKernels<T>().divide(w[k], column + k + 1, A_.rows - k - 1);
  }

  // Those of a block of two [a, Mirrored(b); b, c].
  void DivideByTwo(int64_t k) const {
    const T *const w = &W_(0, k), *const next = &W_(0, k + 1);
    T *const first = &A_(0, k), *const second = &A_(0, k + 1);
    const T a = w[k], b = w[k + 1], c = next[k + 1];
    first[k] = a;
    first[k + 1] = T(0);
    second[k + 1] = c;
    beside_[k] = b;
    // Rows of L D, that is columns of D.T times those of L.
    const BlockOfTwo<T> block(a, Mirrored(b), c, hermitian_);
    const int64_t begin = k + 2, rows = A_.rows - begin;
    if (!HasReciprocal(b)) {
      for (int64_t i = begin; i < A_.rows; ++i) {
        first[i] = w[i], second[i] = next[i];
        block.Divide(&first[i], &second[i]);
      }
      return;
    }
    const auto inverse = block.Inverse();
    const auto& gemv = BestGemvKernels<T>();
    gemv.axpby(rows, inverse.a, w + begin, inverse.above, next + begin, first + begin);
    gemv.axpby(rows, inverse.below, w + begin, inverse.c, next + begin, second + begin);
  }

  const Matrix<T> A_;
  T* const beside_;
  int32_t* const exchanged_;
  const bool hermitian_;
  const Matrix<T> W_;
  T* const sums_;
};

int64_t Leading(int64_t n) { return RoundUp(n, kGemvPad); }

// Exchanges the rows of each column of L that were exchanged after it, or undoes it.
template <class T>
void ExchangeRowsOfL(const Ldl<T>& f, bool back) {
  const int64_t n = f.matrix.rows;
  ParallelForRanges(n, kColumns, [&](int64_t begin, int64_t end) {
    for (int64_t j = begin; j < end; ++j) {
      T* const column = &f.matrix(0, j);
      const int64_t after = j + (f.beside[j] != T(0) ? 2 : 1);
      for (int64_t step = after; step < n; ++step) {
        const int64_t k = back ? n - 1 + after - step : step;
        std::swap(column[k], column[f.exchanged[k] - 1]);
      }
    }
  });
}

// X = inv(D) X.
template <class T>
void DivideByBlocks(const Ldl<T>& f, const Matrix<T>& X) {
  for (int64_t k = 0; k < X.rows; ++k) {
    const T a = f.matrix(k, k), b = f.beside[k];
    if (b == T(0)) {
      for (int64_t j = 0; j < X.columns; ++j) X(k, j) = Quotient(X(k, j), a);
      continue;
    }
    const BlockOfTwo<T> block(a, b, f.matrix(k + 1, k + 1), f.hermitian);
    for (int64_t j = 0; j < X.columns; ++j) block.Divide(&X(k, j), &X(k + 1, j));
    ++k;
  }
}

}  // namespace

int64_t LdlMemory(int64_t n) { return (kPanel + 1) * Leading(n); }

template <class T>
int64_t FactorLdl(const Ldl<T>& f, T* memory) {
  const int64_t n = f.matrix.rows, ld = Leading(n);
  int64_t code = 0;
  for (int64_t done = 0; done < n;) {
    Panel<T> panel(f, done, memory, ld, memory + kPanel * ld);
    int64_t zero = 0;
    const int64_t count = panel.Factor(&zero);
    if (code == 0 && zero != 0) code = done + zero;
    ExchangeRows(PivotsAt(f.exchanged + done, count), f.matrix.Block(done, 0, n - done, done));
    for (int64_t k = done; k < done + count; ++k) f.exchanged[k] += static_cast<int32_t>(done);
    panel.UpdateRest(count);
    done += count;
  }
  return code;
}

template <class T>
void SolveByLdl(const Ldl<T>& f, const Matrix<T>& X) {
  const int64_t n = f.matrix.rows;
  ExchangeRows(PivotsAt(f.exchanged, n), X);
  SolveLower<T>(f.matrix, {.unit = true}, X);
  DivideByBlocks(f, X);
  SolveUpper<T>(f.matrix.Transposed(), {.unit = true, .conjugate = f.hermitian}, X);
  ExchangeRowsBack(PivotsAt(f.exchanged, n), X);
}

template <class T>
void ToLapack(const Ldl<T>& f, int32_t* pivots) {
  ExchangeRowsOfL(f, /*back=*/true);
  for (int64_t k = 0; k < f.matrix.rows; ++k) {
    pivots[k] = f.exchanged[k];
    if (f.beside[k] == T(0)) continue;
    f.matrix(k + 1, k) = f.beside[k];
    pivots[k] = pivots[k + 1] = -f.exchanged[k + 1];
    ++k;
  }
}

template <class T>
void FromLapack(const Matrix<const int32_t>& pivots, const Ldl<T>& f) {
  for (int64_t k = 0; k < f.matrix.rows; ++k) {
    f.exchanged[k] = pivots(k, 0);
    f.beside[k] = T(0);
    if (pivots(k, 0) > 0) continue;
    f.beside[k] = std::exchange(f.matrix(k + 1, k), T(0));
    f.beside[k + 1] = T(0);
    f.exchanged[k] = static_cast<int32_t>(k + 1);
    f.exchanged[k + 1] = -pivots(k + 1, 0);
    // Without that element, which is never sytrf's own, it is two blocks of one, and the
    // exchange of the second would be made in the first column.
    if (f.beside[k] == T(0)) std::swap(f.matrix(k + 1, k), f.matrix(f.exchanged[k + 1] - 1, k));
    ++k;
  }
  ExchangeRowsOfL(f, /*back=*/false);
}

bool ArePivotsOfLdl(const Matrix<const int32_t>& pivots) {
  const int64_t n = pivots.rows;
  for (int64_t k = 0; k < n; ++k) {
    const int64_t pivot = pivots(k, 0), last = pivot > 0 ? k : k + 1;
    if (std::abs(pivot) <= last || std::abs(pivot) > n) return false;
    if (pivots(last, 0) != pivot) return false;
    k = last;
  }
  return true;
}

#define OTIUM_INSTANTIATE(T)                                 \
  template int64_t FactorLdl(const Ldl<T>&, T*);             \
  template void SolveByLdl(const Ldl<T>&, const Matrix<T>&); \
  template void ToLapack(const Ldl<T>&, int32_t*);           \
  template void FromLapack(const Matrix<const int32_t>&, const Ldl<T>&);
OTIUM_INSTANTIATE(float)
OTIUM_INSTANTIATE(double)
OTIUM_INSTANTIATE(std::complex<float>)
OTIUM_INSTANTIATE(std::complex<double>)
#undef OTIUM_INSTANTIATE

}  // namespace otium::cpu
