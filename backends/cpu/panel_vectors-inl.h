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

#include "backends/complex_math.h"
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

// How large a divisor is, as LAPACK decides it.
template <class T>
RealType<T> SizeOf(T x) {
  return std::abs(std::real(x)) + std::abs(std::imag(x));
}
// The reciprocal of what is subnormal may overflow.
template <class T>
bool HasNoReciprocal(T x) {
  return SizeOf(x) < std::numeric_limits<RealType<T>>::min();
}
template <class T>
T Quotient(T x, T y) {
  if constexpr (RealOf<T>::kComplex) return T(ComplexQuotient(x, y));
  else return x / y;
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

// x over the pivot.
template <class T>
void DivideBy(T pivot, T* x, int64_t n) {
  if (HasNoReciprocal(pivot)) {
    for (int64_t i = 0; i < n; ++i) x[i] = Quotient(x[i], pivot);
    return;
  }
  const T factor = Quotient(T(1), pivot);
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

}  // namespace
}  // namespace otium::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // OTIUM_BACKENDS_CPU_PANEL_VECTORS_INL_H_
