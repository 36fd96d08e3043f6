// SPDX-License-Identifier: Apache-2.0

#include "backends/cpu/panel_kernel.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>

#include "backends/cpu/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/panel_kernel.cc"
#include "hwy/foreach_target.h"  // Must come before highway.h.

#include "backends/cpu/lu_panel-inl.h"
#include "backends/cpu/simd_transpose-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace otium::cpu {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// Vectors that are computed at once: as many sums hide the latency of multiply-adds.
constexpr int kAtOnce = 4;

template <class T>
int64_t LanesOf() {
  return static_cast<int64_t>(hn::Lanes(hn::ScalableTag<T>()));
}

// kVectors vectors of to - the sum over k in [begin, end) of x(k) * y(k): x numbers
// x_stride apart, y rows y_stride apart.
template <int kVectors, class T>
HWY_INLINE void SubtractRows(const T* x, int64_t x_stride, const T* y, int64_t y_stride,
                             int64_t begin, int64_t end, const T* from, T scale, T* to) {
  const hn::ScalableTag<T> d;
  const int64_t lanes = LanesOf<T>();
  hn::Vec<decltype(d)> sums[kVectors];
  HWY_UNROLL(4)
  for (int v = 0; v < kVectors; ++v) sums[v] = hn::LoadU(d, from + v * lanes);
  for (int64_t k = begin; k < end; ++k) {
    const auto factor = hn::Set(d, x[k * x_stride]);
    HWY_UNROLL(4)
    for (int v = 0; v < kVectors; ++v) {
      sums[v] = hn::NegMulAdd(factor, hn::LoadU(d, y + k * y_stride + v * lanes), sums[v]);
    }
  }
  const auto factor = hn::Set(d, scale);
  HWY_UNROLL(4)
  for (int v = 0; v < kVectors; ++v) hn::StoreU(hn::Mul(sums[v], factor), d, to + v * lanes);
}

template <class T>
T Dot(const T* x, const T* y, int64_t n) {
  const hn::ScalableTag<T> d;
  const int64_t lanes = LanesOf<T>();
  hn::Vec<decltype(d)> sums[kAtOnce];
  HWY_UNROLL(4)
  for (int v = 0; v < kAtOnce; ++v) sums[v] = hn::Zero(d);
  int64_t i = 0;
  for (; i + kAtOnce * lanes <= n; i += kAtOnce * lanes) {
    HWY_UNROLL(4)
    for (int v = 0; v < kAtOnce; ++v) {
      const int64_t at = i + v * lanes;
      sums[v] = hn::MulAdd(hn::LoadU(d, x + at), hn::LoadU(d, y + at), sums[v]);
    }
  }
  for (; i + lanes <= n; i += lanes) {
    sums[0] = hn::MulAdd(hn::LoadU(d, x + i), hn::LoadU(d, y + i), sums[0]);
  }
  T sum =
      hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(sums[0], sums[1]), hn::Add(sums[2], sums[3]))));
  for (; i < n; ++i) sum += x[i] * y[i];
  return sum;
}

template <class T>
void SubtractMultiple(T factor, const T* x, int64_t n, T* y) {
  const hn::ScalableTag<T> d;
  const int64_t lanes = LanesOf<T>();
  const auto f = hn::Set(d, factor);
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    hn::StoreU(hn::NegMulAdd(f, hn::LoadU(d, x + i), hn::LoadU(d, y + i)), d, y + i);
  }
  for (; i < n; ++i) y[i] -= factor * x[i];
}

// ---- substitution

// X = inv(triangle) X for kVectors vectors of each row.
template <bool kUpper, int kVectors, class T>
HWY_INLINE void SolveVectors(const PanelTriangle<T>& t, T* X, int64_t ld) {
  for (int64_t step = 0; step < t.n; ++step) {
    const int64_t i = kUpper ? t.n - 1 - step : step;
    const T* row = t.data + i * t.row_stride;
    const T diagonal = t.unit ? T(1) : row[i * t.column_stride];
    // The reciprocal of a subnormal may overflow.
    const bool divides = std::abs(diagonal) < std::numeric_limits<T>::min();
    SubtractRows<kVectors>(row, t.column_stride, X, ld, kUpper ? i + 1 : 0, kUpper ? t.n : i,
                           X + i * ld, divides ? T(1) : T(1) / diagonal, X + i * ld);
    if (!divides) continue;
    for (int64_t j = 0; j < kVectors * LanesOf<T>(); ++j) X[i * ld + j] /= diagonal;
  }
}

// X = inv(triangle) X for one column: by products of rows where those lie densely, else by
// columns.
template <bool kUpper, class T>
void SolveColumn(const PanelTriangle<T>& t, T* X, int64_t ld) {
  const bool by_rows = t.column_stride == 1;
  T x[kMostPanel];
  for (int64_t i = 0; i < t.n; ++i) x[i] = X[i * ld];
  for (int64_t step = 0; step < t.n; ++step) {
    const int64_t i = kUpper ? t.n - 1 - step : step;
    const T* const row = t.data + i * t.row_stride;
    if (by_rows && kUpper) {
      // What was stored last is read last, and alone: no vector waits for it. So does Dot
      // with the end of a row.
      const int64_t end = std::min(t.n, (i / LanesOf<T>() + 1) * LanesOf<T>());
      T sum = Dot(row + end, x + end, t.n - end);
      for (int64_t k = end; --k > i;) sum += row[k] * x[k];
      x[i] -= sum;
    } else if (by_rows) {
      x[i] -= Dot(row, x, i);
    }
    if (!t.unit) x[i] /= row[i * t.column_stride];
    if (by_rows) continue;
    const T* const column = t.data + i * t.column_stride;
    if (kUpper) SubtractMultiple(x[i], column, i, x);
    else SubtractMultiple(x[i], column + i + 1, t.n - i - 1, x + i + 1);
  }
  for (int64_t i = 0; i < t.n; ++i) X[i * ld] = x[i];
}

template <bool kUpper, class T>
void Solve(const PanelTriangle<T>& t, T* X, int64_t ld, int64_t columns) {
  if (columns == 1 && (t.row_stride == 1 || t.column_stride == 1)) {
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
  HWY_ALIGN T buffer[kMostPanel * (HWY_MAX_BYTES / sizeof(T))];
  const int64_t rest = columns - j;
  for (int64_t i = 0; i < t.n; ++i) {
    for (int64_t l = 0; l < lanes; ++l) buffer[i * lanes + l] = l < rest ? X[i * ld + j + l] : T(0);
  }
  SolveVectors<kUpper, 1>(t, buffer, lanes);
  for (int64_t i = 0; i < t.n; ++i) std::copy_n(buffer + i * lanes, rest, X + i * ld + j);
}

// ---- Cholesky

// x over the pivot.
template <class T>
void Scale(T* x, int64_t n, T pivot) {
  // The reciprocal of a subnormal may overflow.
  if (std::abs(pivot) < std::numeric_limits<T>::min()) {
    for (int64_t i = 0; i < n; ++i) x[i] /= pivot;
    return;
  }
  const hn::ScalableTag<T> d;
  const int64_t lanes = LanesOf<T>();
  const T factor = T(1) / pivot;
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    hn::StoreU(hn::Mul(hn::LoadU(d, x + i), hn::Set(d, factor)), d, x + i);
  }
  for (; i < n; ++i) x[i] *= factor;
}

template <class T>
int64_t Cholesky(int64_t n, T* A, int64_t ld) {
  const int64_t lanes = LanesOf<T>();
  for (int64_t i = 0; i < n; ++i) {
    T* const row = A + i * ld;
    // From the vector of the diagonal on.
    int64_t j = i / lanes * lanes;
    for (; j + kAtOnce * lanes <= n; j += kAtOnce * lanes) {
      SubtractRows<kAtOnce>(A + i, ld, A + j, ld, 0, i, row + j, T(1), row + j);
    }
    for (; j < n; j += lanes) SubtractRows<1>(A + i, ld, A + j, ld, 0, i, row + j, T(1), row + j);
    if (!(row[i] > T(0))) return i + 1;
    row[i] = std::sqrt(row[i]);
    Scale(row + i + 1, n - i - 1, row[i]);
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

// The reflector of `first` and the n elements of x, which makes the latter zero; its tau.
template <class T>
T MakeReflector(T* first, T* x, int64_t n) {
  T rest = NormOf(x, n);
  if (rest == T(0)) return T(0);
  T beta = -std::copysign(std::hypot(*first, rest), *first);
  // Near the smallest numbers a vector has few digits: larger by a power of 2 it has all.
  constexpr T kSafe = std::numeric_limits<T>::min() / std::numeric_limits<T>::epsilon();
  const bool is_tiny = std::abs(beta) < kSafe;
  if (is_tiny) {
    *first /= kSafe;
    for (int64_t i = 0; i < n; ++i) x[i] /= kSafe;
    rest = NormOf(x, n);
    beta = -std::copysign(std::hypot(*first, rest), *first);
  }
  const T tau = (beta - *first) / beta;
  Scale(x, n, *first - beta);
  *first = is_tiny ? beta * kSafe : beta;
  return tau;
}

template <class T>
void Qr(int64_t m, int64_t n, T* panel, int64_t ld, T* tau) {
  for (int64_t k = 0; k < n; ++k) {
    T* const v = panel + k * ld + k;
    const int64_t rows = m - k;
    tau[k] = MakeReflector(v, v + 1, rows - 1);
    if (tau[k] == T(0)) continue;
    for (int64_t j = k + 1; j < n; ++j) {
      T* const column = panel + j * ld + k;
      const T product = tau[k] * (column[0] + Dot(v + 1, column + 1, rows - 1));
      column[0] -= product;
      SubtractMultiple(product, v + 1, rows - 1, column + 1);
    }
  }
}

template <class T>
void Gram(int64_t m, int64_t n, const T* panel, int64_t ld, T* products) {
  for (int64_t i = 0; i < n; ++i) {
    // Vector j begins with the 1 of row j.
    for (int64_t j = i + 1; j < n; ++j) {
      const T *x = panel + i * ld + j, *y = panel + j * ld + j;
      products[i * n + j] = x[0] + Dot(x + 1, y + 1, m - j - 1);
    }
  }
}

// ---- copies

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
  static const PanelKernels<T> kernels = {
      Solve<false, T>, Solve<true, T>, FactorLuPanel<T>, Cholesky<T>,
      Qr<T>,           Gram<T>,        MakeReflector<T>, Transpose<T>};
  return &kernels;
}

const PanelKernels<float>* F32() { return Kernels<float>(); }
const PanelKernels<double>* F64() { return Kernels<double>(); }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace otium::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace otium::cpu {
namespace {
HWY_EXPORT(F32);
HWY_EXPORT(F64);
}  // namespace

template <>
const PanelKernels<float>& BestPanelKernels() {
  static const PanelKernels<float>* const kernels = HWY_DYNAMIC_DISPATCH(F32)();
  return *kernels;
}

template <>
const PanelKernels<double>& BestPanelKernels() {
  static const PanelKernels<double>* const kernels = HWY_DYNAMIC_DISPATCH(F64)();
  return *kernels;
}

}  // namespace otium::cpu
#endif  // HWY_ONCE
