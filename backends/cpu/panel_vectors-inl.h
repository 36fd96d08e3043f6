// SPDX-License-Identifier: Apache-2.0
//
// What panel_kernel.cc does to rows and columns: sums of multiples, inner products,
// quotients; of real elements, or of complex ones, which stay interleaved: multiples by the
// real and by the imaginary parts of factors are summed apart, and joined once. No ordinary
// guard: each target includes this once.
//
// Tested by tests/cpu/dense_factor_test.cc and dense_qr_test.cc.

#if defined(OTIUM_BACKENDS_CPU_PANEL_VECTORS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef OTIUM_BACKENDS_CPU_PANEL_VECTORS_INL_H_
#undef OTIUM_BACKENDS_CPU_PANEL_VECTORS_INL_H_
#else
#define OTIUM_BACKENDS_CPU_PANEL_VECTORS_INL_H_
#endif

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>
#include <limits>

#include "backends/cpu/gemv_kernel.h"
#include "backends/cpu/scalar.h"
#include "backends/cpu/simd_complex-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace otium::cpu::HWY_NAMESPACE {
namespace {

// Vectors that are computed at once: as many sums hide the latency of multiply-adds.
constexpr int kAtOnce = 4;

// Elements of a vector.
template <class T>
int64_t LanesOf() {
  const auto parts = static_cast<int64_t>(hn::Lanes(TagOf<T>()));
  return kByElements<T> ? 1 : parts / RealOf<T>::kParts;
}

// How large a number is, as LAPACK decides it.
template <class T>
RealType<T> SizeOf(T x) {
  return std::abs(std::real(x)) + std::abs(std::imag(x));
}
// Whether one is to divide by x: the reciprocal would overflow, or be subnormal and of few
// digits.
template <class T>
bool HasNoReciprocal(T x) {
  constexpr RealType<T> kLeast = std::numeric_limits<RealType<T>>::min();
  return !(SizeOf(x) >= kLeast && SizeOf(x) <= 1 / kLeast);
}

// kVectors vectors of scale times (from - the sum over k in [begin, end) of x(k) * y(k)): x
// numbers x_stride apart, or their conjugates, y rows y_stride apart.
template <int kVectors, class T>
HWY_INLINE void SubtractRows(const T* x, int64_t x_stride, bool conj_x, const T* y,
                             int64_t y_stride, int64_t begin, int64_t end, const T* from, T scale,
                             T* to) {
  const TagOf<T> d;
  const auto parts = static_cast<int64_t>(hn::Lanes(d));
  if constexpr (kByElements<T>) {
    for (int v = 0; v < kVectors; ++v) {
      T sum = from[v];
      for (int64_t k = begin; k < end; ++k) {
        const T factor = x[k * x_stride];
        sum -= Multiply(conj_x ? Conjugate(factor) : factor, y[k * y_stride + v]);
      }
      to[v] = scale == T(1) ? sum : Multiply(sum, scale);
    }
  } else if constexpr (RealOf<T>::kComplex) {
    hn::Vec<TagOf<T>> sums[kVectors], by_imag[kVectors];
    HWY_UNROLL(4)
    for (int v = 0; v < kVectors; ++v) {
      sums[v] = hn::LoadU(d, Parts(from) + v * parts);
      by_imag[v] = hn::Zero(d);
    }
    for (int64_t k = begin; k < end; ++k) {
      const auto re = hn::Set(d, x[k * x_stride].real()), im = hn::Set(d, x[k * x_stride].imag());
      HWY_UNROLL(4)
      for (int v = 0; v < kVectors; ++v) {
        const auto row = hn::LoadU(d, Parts(y + k * y_stride) + v * parts);
        sums[v] = hn::NegMulAdd(re, row, sums[v]);
        by_imag[v] = hn::NegMulAdd(im, row, by_imag[v]);
      }
    }
    HWY_UNROLL(4)
    for (int v = 0; v < kVectors; ++v) {
      const auto other = TimesI(d, by_imag[v]);
      sums[v] = conj_x ? hn::Sub(sums[v], other) : hn::Add(sums[v], other);
      // An infinity times 1 + 0i is no number.
      if (scale != T(1)) sums[v] = Scale(d, sums[v], scale);
      hn::StoreU(sums[v], d, Parts(to) + v * parts);
    }
  } else {
    hn::Vec<TagOf<T>> sums[kVectors];
    HWY_UNROLL(4)
    for (int v = 0; v < kVectors; ++v) sums[v] = hn::LoadU(d, from + v * parts);
    for (int64_t k = begin; k < end; ++k) {
      const auto factor = hn::Set(d, x[k * x_stride]);
      HWY_UNROLL(4)
      for (int v = 0; v < kVectors; ++v) {
        sums[v] = hn::NegMulAdd(factor, hn::LoadU(d, y + k * y_stride + v * parts), sums[v]);
      }
    }
    const auto factor = hn::Set(d, scale);
    HWY_UNROLL(4)
    for (int v = 0; v < kVectors; ++v) hn::StoreU(hn::Mul(sums[v], factor), d, to + v * parts);
  }
}

// The sum of x(i) y(i).
template <class T>
T Dot(const T* x, const T* y, int64_t n) {
  if constexpr (RealOf<T>::kComplex) {
    return BestGemvKernels<T>().dot(n, x, /*conj_x=*/false, y);
  } else {
    const TagOf<T> d;
    const int64_t lanes = LanesOf<T>();
    hn::Vec<TagOf<T>> sums[kAtOnce];
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
    T sum = hn::GetLane(
        hn::SumOfLanes(d, hn::Add(hn::Add(sums[0], sums[1]), hn::Add(sums[2], sums[3]))));
    for (; i < n; ++i) sum += x[i] * y[i];
    return sum;
  }
}

// y -= factor x.
template <class T>
void SubtractMultiple(T factor, const T* x, int64_t n, T* y) {
  int64_t i = 0;
  if constexpr (!kByElements<T>) {
    const TagOf<T> d;
    const int64_t lanes = LanesOf<T>();
    const auto re = hn::Set(d, std::real(factor)), im = hn::Set(d, std::imag(factor));
    for (; i + lanes <= n; i += lanes) {
      const auto of_x = hn::LoadU(d, Parts(x + i));
      auto less = hn::NegMulAdd(re, of_x, hn::LoadU(d, Parts(y + i)));
      if constexpr (RealOf<T>::kComplex) less = hn::NegMulAdd(im, TimesI(d, of_x), less);
      hn::StoreU(less, d, Parts(y + i));
    }
  }
  for (; i < n; ++i) y[i] -= Multiply(factor, x[i]);
}

// 1 / x where it has one. By the square of its size where that is far from the ends of the
// range: which part is larger, on which Smith's method branches, no processor predicts. Inline,
// since a call takes the parts of c64 through memory, twice, and waits for it.
template <class T>
HWY_INLINE T Reciprocal(T x) {
  if constexpr (RealOf<T>::kComplex) {
    const double re = x.real(), im = x.imag(), size = std::abs(re) + std::abs(im);
    if (im != 0 && size > 0x1p-500 && size < 0x1p500) {
      const double square = re * re + im * im;
      return T(static_cast<RealType<T>>(re / square), static_cast<RealType<T>>(-im / square));
    }
  }
  return Quotient(T(1), x);
}

// x over what has no reciprocal.
template <class T>
HWY_NOINLINE void DivideEach(T divisor, T* x, int64_t n) {
  for (int64_t i = 0; i < n; ++i) x[i] = Quotient(x[i], divisor);
}

// x over the pivot.
template <class T>
void DivideBy(T pivot, T* x, int64_t n) {
  if (HasNoReciprocal(pivot)) return DivideEach(pivot, x, n);
  const T factor = Reciprocal(pivot);
  int64_t i = 0;
  if constexpr (!kByElements<T>) {
    const TagOf<T> d;
    const int64_t lanes = LanesOf<T>();
    for (; i + lanes <= n; i += lanes) {
      hn::StoreU(Scale(d, hn::LoadU(d, Parts(x + i)), factor), d, Parts(x + i));
    }
  }
  for (; i < n; ++i) x[i] = Multiply(x[i], factor);
}

// The row of the first of the largest elements of a column of m, from row k on; NaN is none.
// By whole vectors, as those that were just stored: the column begins with one.
template <class T>
int64_t FindPivot(const T* column, int64_t k, int64_t m) {
  if constexpr (kByElements<T>) {
    int64_t pivot = k;
    RealType<T> most = 0;
    for (int64_t i = k; i < m; ++i) {
      if (SizeOf(column[i]) > most) most = SizeOf(column[i]), pivot = i;
    }
    return pivot;
  } else {
    const TagOf<T> d;
    constexpr int kParts = RealOf<T>::kParts;
    const int64_t lanes = LanesOf<T>(), first = k / lanes * lanes;
    const auto none = hn::Set(d, RealType<T>(-1));
    const auto above = hn::FirstN(d, static_cast<size_t>((k - first) * kParts));
    auto sizes_from = [&](int64_t i) HWY_ATTR {
      auto sizes = hn::Abs(hn::Load(d, Parts(column + i)));
      if constexpr (RealOf<T>::kComplex) sizes = hn::Add(sizes, hn::Reverse2(d, sizes));
      if (i == first) sizes = hn::IfThenElse(above, none, sizes);
      if (i + lanes <= m) return sizes;
      return hn::IfThenElse(hn::FirstN(d, static_cast<size_t>((m - i) * kParts)), sizes, none);
    };
    auto most = hn::Zero(d);
    for (int64_t i = first; i < m; i += lanes) most = hn::Max(sizes_from(i), most);
    most = hn::MaxOfLanes(d, most);
    for (int64_t i = first; i < m; i += lanes) {
      const auto lane = hn::FindFirstTrue(d, hn::Eq(sizes_from(i), most));
      if (lane >= 0) return i + lane / kParts;
    }
    return k;
  }
}

}  // namespace
}  // namespace otium::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // OTIUM_BACKENDS_CPU_PANEL_VECTORS_INL_H_
