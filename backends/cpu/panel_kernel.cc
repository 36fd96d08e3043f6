// SPDX-License-Identifier: Apache-2.0

#include "backends/cpu/panel_kernel.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <type_traits>
#include <utility>

#include "backends/cpu/simd_dispatch.h"
#include "backends/cpu/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/panel_kernel.cc"
#include "hwy/foreach_target.h"  // Must come before highway.h.

#include "backends/cpu/lu_panel-inl.h"
#include "backends/cpu/panel_vectors-inl.h"
#include "backends/cpu/simd_transpose-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace otium::cpu {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// ---- substitution

template <class T>
T DiagonalOf(const PanelTriangle<T>& t, int64_t i) {
  const T diagonal = t.data[i * (t.row_stride + t.column_stride)];
  return t.conjugate ? Conjugate(diagonal) : diagonal;
}

// X = inv(triangle) X for kVectors vectors of each row.
template <bool kUpper, int kVectors, class T>
HWY_INLINE void SolveVectors(const PanelTriangle<T>& t, T* X, int64_t ld) {
  for (int64_t step = 0; step < t.n; ++step) {
    const int64_t i = kUpper ? t.n - 1 - step : step;
    const T* row = t.data + i * t.row_stride;
    const T diagonal = t.unit ? T(1) : DiagonalOf(t, i);
    const bool divides = HasNoReciprocal(diagonal);
    const T scale = t.unit || divides ? T(1) : Reciprocal(diagonal);
    SubtractRows<kVectors>(row, t.column_stride, t.conjugate, X, ld, kUpper ? i + 1 : 0,
                           kUpper ? t.n : i, X + i * ld, scale, X + i * ld);
    if (divides) DivideEach(diagonal, X + i * ld, kVectors * LanesOf<T>());
  }
}

// X = inv(triangle) X for one column: by products of rows where those lie densely, else by
// columns. Of a triangle's conjugate it is the conjugates that are solved for.
template <bool kUpper, class T>
void SolveColumn(const PanelTriangle<T>& t, T* X, int64_t ld) {
  const bool by_rows = t.column_stride == 1;
  T x[kMostPanel];
  for (int64_t i = 0; i < t.n; ++i) x[i] = t.conjugate ? Conjugate(X[i * ld]) : X[i * ld];
  for (int64_t step = 0; step < t.n; ++step) {
    const int64_t i = kUpper ? t.n - 1 - step : step;
    const T* const row = t.data + i * t.row_stride;
    if (by_rows && kUpper) {
      // What was stored last is read last, and alone: no vector waits for it. So does Dot
      // with the end of a row.
      const int64_t end = std::min(t.n, (i / LanesOf<T>() + 1) * LanesOf<T>());
      T sum = Dot(row + end, x + end, t.n - end);
      for (int64_t k = end; --k > i;) sum += Multiply(row[k], x[k]);
      x[i] -= sum;
    } else if (by_rows) {
      x[i] -= Dot(row, x, i);
    }
    const T diagonal = t.unit ? T(1) : row[i * t.column_stride];
    if constexpr (!RealOf<T>::kComplex) x[i] /= diagonal;
    else if (!t.unit) DivideBy(diagonal, x + i, 1);
    if (by_rows) continue;
    const T* const column = t.data + i * t.column_stride;
    if (kUpper) SubtractMultiple(x[i], column, i, x);
    else SubtractMultiple(x[i], column + i + 1, t.n - i - 1, x + i + 1);
  }
  for (int64_t i = 0; i < t.n; ++i) X[i * ld] = t.conjugate ? Conjugate(x[i]) : x[i];
}

// A column of so few complex numbers is best one lane of vectors: products of such short rows
// are mostly what is left over of vectors.
constexpr int64_t kShortColumn = 16;

template <bool kUpper, class T>
void Solve(const PanelTriangle<T>& t, T* X, int64_t ld, int64_t columns) {
  const bool is_short = RealOf<T>::kComplex && t.n <= kShortColumn;
  if (columns == 1 && !is_short && (t.row_stride == 1 || t.column_stride == 1)) {
    return SolveColumn<kUpper>(t, X, ld);
  }
  const int64_t lanes = LanesOf<T>();
  int64_t j = 0;
  for (; j + kAtOnce * lanes <= columns; j += kAtOnce * lanes) {
    SolveVectors<kUpper, kAtOnce>(t, X + j, ld);
  }
  for (; j + lanes <= columns; j += lanes) SolveVectors<kUpper, 1>(t, X + j, ld);
  if (j == columns) return;
  // Less than a vector: in a buffer.
  HWY_ALIGN T buffer[kMostPanel * std::max<size_t>(HWY_MAX_BYTES / sizeof(T), 1)];
  const int64_t rest = columns - j;
  for (int64_t i = 0; i < t.n; ++i) {
    for (int64_t l = 0; l < lanes; ++l) buffer[i * lanes + l] = l < rest ? X[i * ld + j + l] : T(0);
  }
  SolveVectors<kUpper, 1>(t, buffer, lanes);
  for (int64_t i = 0; i < t.n; ++i) std::copy_n(buffer + i * lanes, rest, X + i * ld + j);
}

// ---- Cholesky

template <class T>
int64_t Cholesky(int64_t n, T* A, int64_t ld) {
  const int64_t lanes = LanesOf<T>();
  for (int64_t i = 0; i < n; ++i) {
    T* const row = A + i * ld;
    // From the vector of the diagonal on.
    int64_t j = i / lanes * lanes;
    for (; j + kAtOnce * lanes <= n; j += kAtOnce * lanes) {
      SubtractRows<kAtOnce>(A + i, ld, true, A + j, ld, 0, i, row + j, T(1), row + j);
    }
    for (; j < n; j += lanes) {
      SubtractRows<1>(A + i, ld, true, A + j, ld, 0, i, row + j, T(1), row + j);
    }
    const RealType<T> square = std::real(row[i]);
    if (!(square > 0)) return i + 1;
    row[i] = std::sqrt(square);
    DivideBy(std::sqrt(square), Parts(row + i + 1), (n - i - 1) * RealOf<T>::kParts);
  }
  return 0;
}

// ---- QR

// The largest |x|, of n > 0; NaN is none.
template <class T>
T LargestOf(const T* x, int64_t n) {
  const hn::ScalableTag<T> d;
  const int64_t lanes = LanesOf<T>();
  auto most = hn::Zero(d);
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) most = hn::Max(hn::Abs(hn::LoadU(d, x + i)), most);
  T largest = hn::GetLane(hn::MaxOfLanes(d, most));
  for (; i < n; ++i) largest = std::abs(x[i]) > largest ? std::abs(x[i]) : largest;
  return largest;
}

// The 2-norm; scaled by the largest element where squares could leave the range.
template <class T>
T NormOf(const T* x, int64_t n) {
  if (n == 0) return T(0);
  const T largest = LargestOf(x, n);
  constexpr T kSmall = std::is_same_v<T, float> ? T(1e-15) : T(1e-140);
  if ((largest > kSmall && largest < 1 / kSmall) || largest == T(0)) {
    return std::sqrt(Dot(x, x, n));
  }
  T sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += (x[i] / largest) * (x[i] / largest);
  return largest * std::sqrt(sum);
}

// The reflector of `first` and the n elements of x, whose adjoint makes the latter zero and
// the former real; its tau.
template <class T>
T MakeReflector(T* first, T* x, int64_t n) {
  using R = RealType<T>;
  const auto norm = [&] { return NormOf(Parts(x), n * RealOf<T>::kParts); };
  const auto opposite = [&](R size) {
    return -std::copysign(std::hypot(std::abs(*first), size), std::real(*first));
  };
  R rest = norm();
  if (rest == 0 && std::imag(*first) == 0) return T(0);
  R beta = opposite(rest);
  // Near the smallest numbers a vector has few digits: larger by a power of 2 it has all.
  constexpr R kSafe = std::numeric_limits<R>::min() / std::numeric_limits<R>::epsilon();
  const bool is_tiny = std::abs(beta) < kSafe;
  if (is_tiny) {
    *first /= kSafe;
    for (int64_t i = 0; i < n; ++i) x[i] /= kSafe;
    rest = norm();
    beta = opposite(rest);
  }
  const T tau = (beta - *first) / beta;
  DivideBy(*first - beta, x, n);
  *first = is_tiny ? beta * kSafe : beta;
  return tau;
}

template <class T>
void Qr(int64_t m, int64_t n, T* panel, int64_t ld, T* tau) {
  T products[kMostPanel];
  for (int64_t k = 0; k < n; ++k) {
    T* const v = panel + k * ld + k;
    T* const columns = v + ld;
    const int64_t rest = m - k - 1;
    tau[k] = MakeReflector(v, v + 1, rest);
    if (tau[k] == T(0)) continue;
    BestGemvKernels<T>().rows(n - k - 1, rest, columns + 1, ld, /*conj_a=*/true, v + 1, products);
    for (int64_t j = 0; j < n - k - 1; ++j) {
      T* const column = columns + j * ld;
      const T product = Multiply(Conjugate(tau[k]), column[0] + Conjugate(products[j]));
      column[0] -= product;
      SubtractMultiple(product, v + 1, rest, column + 1);
    }
  }
}

template <class T>
void Gram(int64_t m, int64_t n, const T* panel, int64_t ld, T* products) {
  T of_column[kMostPanel];
  for (int64_t j = 1; j < n; ++j) {
    // Vector j begins with the 1 of row j.
    const T *const row = panel + j, *const y = row + j * ld;
    BestGemvKernels<T>().rows(j, m - j - 1, row + 1, ld, /*conj_a=*/true, y + 1, of_column);
    for (int64_t i = 0; i < j; ++i) products[i * n + j] = Conjugate(row[i * ld]) + of_column[i];
  }
}

// Element (i, j) is -tau(j) times the sum of factor(i, k) products(k, j) over the k from i to
// j - 1: each k takes its part from all of the rows behind it, which do not wait for each
// other.
template <class T>
void PanelFactor(int64_t n, const T* products, const T* tau, T* factor, int64_t ld) {
  for (int64_t k = 0; k < n; ++k) {
    T* const last = factor + k * ld;
    std::fill(last + k + 1, last + n, T(0));
    last[k] = T(1);
    for (int64_t i = 0; i <= k; ++i) {
      T* const row = factor + i * ld;
      row[k] = Multiply(tau[k], row[k]);
      SubtractMultiple(row[k], products + k * n + k + 1, n - k - 1, row + k + 1);
    }
  }
}

// ---- LU of complex matrices

// Rows of which a column lies in so few vectors that it is best taken from all behind it at
// once.
constexpr int64_t kFewRows = 32;

// Column by column: what those before do to it is a triangle and then sums in registers.
template <class T>
int64_t LuByColumns(int64_t m, int64_t n, T* panel, int64_t ld, int32_t* pivots) {
  if constexpr (!kByElements<T>) {
    if (m <= kFewRows) return FactorColumns(LuPanel<T>{m, panel, ld}, 0, n, pivots);
  }
  const int64_t lanes = LanesOf<T>();
  T factors[kMostPanel];
  int64_t code = 0;
  for (int64_t k = 0; k < n; ++k) {
    T* const column = panel + k * ld;
    for (int64_t i = 0; i < k; ++i) std::swap(column[i], column[pivots[i]]);
    for (int64_t i = 0; i + 1 < k; ++i) {
      SubtractMultiple(column[i], panel + i * ld + i + 1, k - i - 1, column + i + 1);
    }
    // From the vector of row k on: what is above in it is spoilt, and put back.
    std::copy_n(column, k, factors);
    const int64_t first = k / lanes * lanes;
    int64_t i = first;
    for (; i + kAtOnce * lanes <= m; i += kAtOnce * lanes) {
      SubtractRows<kAtOnce>(factors, 1, false, panel + i, ld, 0, k, column + i, T(1), column + i);
    }
    for (; i < m; i += lanes) {
      SubtractRows<1>(factors, 1, false, panel + i, ld, 0, k, column + i, T(1), column + i);
    }
    std::copy(factors + first, factors + k, column + first);
    pivots[k] = static_cast<int32_t>(FindPivot(column, k, m));
    for (int64_t j = 0; j <= k; ++j) std::swap(panel[j * ld + k], panel[j * ld + pivots[k]]);
    if (column[k] != T(0)) DivideBy(column[k], column + k + 1, m - k - 1);
    else if (code == 0) code = k + 1;
  }
  return code;
}

// ---- copies

// Complex elements are as large as some vectors, and copied one by one.
template <class T>
void TransposeElements(int64_t rows, int64_t columns, const T* from, int64_t from_ld, T* to,
                       int64_t to_ld) {
  constexpr int64_t kBlock = 8;
  for (int64_t begin = 0; begin < rows; begin += kBlock) {
    const int64_t end = std::min(begin + kBlock, rows);
    for (int64_t j = 0; j < columns; ++j) {
      for (int64_t i = begin; i < end; ++i) to[j * to_ld + i] = from[i * from_ld + j];
    }
  }
}

template <class T>
void Transpose(int64_t rows, int64_t columns, const T* from, int64_t from_ld, T* to,
               int64_t to_ld) {
  const hn::ScalableTag<T> d;
  constexpr int64_t kLanes = kTile<T>;
  auto copy = [&](int64_t i, int64_t end, int64_t j) {
    for (; j < columns; ++j) {
      for (int64_t r = i; r < end; ++r) to[j * to_ld + r] = from[r * from_ld + j];
    }
  };
  int64_t i = 0;
  for (; i + kLanes <= rows; i += kLanes) {
    int64_t j = 0;
    for (; j + kLanes <= columns; j += kLanes) {
      hn::Vec<decltype(d)> v[kLanes];
      HWY_UNROLL(16)
      for (int64_t l = 0; l < kLanes; ++l) v[l] = hn::LoadU(d, from + (i + l) * from_ld + j);
      TransposeTile(d, v);
      HWY_UNROLL(16)
      for (int64_t l = 0; l < kLanes; ++l) hn::StoreU(v[l], d, to + (j + l) * to_ld + i);
    }
    copy(i, i + kLanes, j);
  }
  copy(i, rows, 0);
}

template <class T>
const PanelKernels<T>* Kernels() {
  static const PanelKernels<T> kernels = [] {
    PanelKernels<T> k{.solve_lower = Solve<false, T>,
                      .solve_upper = Solve<true, T>,
                      .cholesky = Cholesky<T>,
                      .qr = Qr<T>,
                      .gram = Gram<T>,
                      .factor = PanelFactor<T>,
                      .pivot = FindPivot<T>,
                      .divide = DivideBy<T>,
                      .reflector = MakeReflector<T>};
    if constexpr (RealOf<T>::kComplex) {
      k.lu = LuByColumns<T>;
      k.transpose = TransposeElements<T>;
    } else {
      k.lu = FactorLuPanel<T>;
      k.transpose = Transpose<T>;
    }
    return k;
  }();
  return &kernels;
}

const PanelKernels<float>* F32() { return Kernels<float>(); }
const PanelKernels<double>* F64() { return Kernels<double>(); }
const PanelKernels<std::complex<float>>* C64() { return Kernels<std::complex<float>>(); }
const PanelKernels<std::complex<double>>* C128() { return Kernels<std::complex<double>>(); }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace otium::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace otium::cpu {
OTIUM_BEST_REAL_KERNELS(PanelKernels)
OTIUM_BEST_COMPLEX_KERNELS(PanelKernels)
}  // namespace otium::cpu
#endif  // HWY_ONCE
