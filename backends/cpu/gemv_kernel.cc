// SPDX-License-Identifier: Apache-2.0

#include "backends/cpu/gemv_kernel.h"

#include <algorithm>
#include <complex>
#include <cstdint>

#include "backends/cpu/simd_dispatch.h"
#include "backends/cpu/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/gemv_kernel.cc"
#include "hwy/foreach_target.h"  // Must come before highway.h.

#include "backends/cpu/scalar.h"
#include "backends/cpu/simd_complex-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace otium::cpu::HWY_NAMESPACE {

namespace {

#if HWY_TARGET != HWY_SCALAR

// Asking for the beginnings of the next rows or columns ahead of the hardware
// prefetchers brought nothing, neither from L3 (n = 1000) nor from memory (4000).

// The first `count` lanes, the others zero; reads nothing beyond. Some 10 ns on
// Zen 3: where there is a whole vector before the end, the last elements come
// from an unaligned load of that, the lanes seen before masked off.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> LoadFirst(D d, const T* p, int64_t count) {
#if HWY_MEM_OPS_MIGHT_FAULT
  HWY_ALIGN T buffer[hn::MaxLanes(d)] = {};
  for (int64_t i = 0; i < count; ++i) buffer[i] = p[i];
  return hn::Load(d, buffer);
#else
  return hn::MaskedLoad(hn::FirstN(d, static_cast<size_t>(count)), d, p);
#endif
}

// The sums of the lanes of four vectors, side by side in `out`: the vectors are
// transposed while they are added up. One sum after the other took half of the
// time of rows of 100 elements.
template <class D, class V, class T = hn::TFromD<D>>
HWY_INLINE void StoreSumsOfLanes(D d, V a, V b, V c, V e, T* out) {
  if constexpr (hn::MaxLanes(d) * sizeof(T) > 16) {
    const hn::Half<D> half;
    const auto fold = [&](V v) HWY_ATTR {
      return hn::Add(hn::LowerHalf(half, v), hn::UpperHalf(half, v));
    };
    StoreSumsOfLanes(half, fold(a), fold(b), fold(c), fold(e), out);
  } else {
    const V ab = hn::Add(hn::InterleaveLower(d, a, b), hn::InterleaveUpper(d, a, b));
    const V ce = hn::Add(hn::InterleaveLower(d, c, e), hn::InterleaveUpper(d, c, e));
    if constexpr (hn::MaxLanes(d) == 2) {
      hn::StoreU(ab, d, out);
      hn::StoreU(ce, d, out + 2);
    } else {
      hn::StoreU(hn::Add(hn::ConcatLowerLower(d, ce, ab), hn::ConcatUpperUpper(d, ce, ab)), d, out);
    }
  }
}

// kRows rows times x, each with kUnroll independent sums, so that enough
// multiply-adds are under way to cover their latency.
template <class T, int kRows, int kUnroll>
HWY_INLINE void DotRows(int64_t n, const T* a, int64_t lda, bool conj_a, const T* x, T* out) {
  using R = typename RealOf<T>::type;
  constexpr int kParts = RealOf<T>::kParts;
  const hn::ScalableTag<R> d;
  using V = hn::Vec<decltype(d)>;
  constexpr int64_t kLanes = hn::MaxLanes(d);
  const R* rows = reinterpret_cast<const R*>(a);
  const R* xs = reinterpret_cast<const R*>(x);
  const int64_t row = lda * kParts, length = n * kParts;

  V direct[kRows][kUnroll], swapped[kParts == 2 ? kRows : 1][kUnroll];
  HWY_UNROLL(8)
  for (int r = 0; r < kRows; ++r) {
    HWY_UNROLL(8)
    for (int u = 0; u < kUnroll; ++u) {
      direct[r][u] = hn::Zero(d);
      if constexpr (kParts == 2) swapped[r][u] = hn::Zero(d);
    }
  }
  const auto step = [&](int u, auto load, int64_t j) HWY_ATTR {
    const V xv = load(xs + j);
    V xw = xv;
    if constexpr (kParts == 2) xw = hn::Reverse2(d, xv);
    HWY_UNROLL(8)
    for (int r = 0; r < kRows; ++r) {
      const V av = load(rows + r * row + j);
      direct[r][u] = hn::MulAdd(av, xv, direct[r][u]);
      if constexpr (kParts == 2) swapped[r][u] = hn::MulAdd(av, xw, swapped[r][u]);
    }
  };
  const auto whole = [&](const R* p) HWY_ATTR { return hn::LoadU(d, p); };
  int64_t j = 0;
  for (; j + kUnroll * kLanes <= length; j += kUnroll * kLanes) {
    HWY_UNROLL(8)
    for (int u = 0; u < kUnroll; ++u) step(u, whole, j + u * kLanes);
  }
  for (; j + kLanes <= length; j += kLanes) step(0, whole, j);
  if (j < length && length >= kLanes) {
    const auto unseen = hn::Not(hn::FirstN(d, static_cast<size_t>(kLanes - (length - j))));
    step(
        0, [&](const R* p) HWY_ATTR { return hn::IfThenElseZero(unseen, hn::LoadU(d, p)); },
        length - kLanes);
  } else if (j < length) {
    step(
        0, [&](const R* p) HWY_ATTR { return LoadFirst(d, p, length - j); }, j);
  }
  HWY_UNROLL(8)
  for (int r = 0; r < kRows; ++r) {
    HWY_UNROLL(8)
    for (int u = 1; u < kUnroll; ++u) {
      direct[r][0] = hn::Add(direct[r][0], direct[r][u]);
      if constexpr (kParts == 2) swapped[r][0] = hn::Add(swapped[r][0], swapped[r][u]);
    }
  }
  if constexpr (kParts == 1 && kRows == 4) {
    StoreSumsOfLanes(d, direct[0][0], direct[1][0], direct[2][0], direct[3][0], out);
  } else {
    HWY_UNROLL(8)
    for (int r = 0; r < kRows; ++r) {
      out[r] = FinishDot<T>(d, direct[r][0], swapped[kParts == 2 ? r : 0][0], conj_a);
    }
  }
}

template <class T>
void Rows(int64_t m, int64_t n, const T* a, int64_t lda, bool conj_a, const T* x, T* out) {
  // 8 real sums, or 4 pairs of complex ones.
  constexpr int kUnroll = RealOf<T>::kComplex ? 1 : 2;
  int64_t i = 0;
  for (; i + 4 <= m; i += 4) {
    DotRows<T, 4, kUnroll>(n, a + i * lda, lda, conj_a, x, out + i);
  }
  for (; i < m; ++i) DotRows<T, 1, kUnroll>(n, a + i * lda, lda, conj_a, x, out + i);
}

template <class T>
T DotProduct(int64_t n, const T* x, bool conj_x, const T* y) {
  T sum;
  DotRows<T, 1, RealOf<T>::kComplex ? 4 : 8>(n, x, 0, conj_x, y, &sum);
  return sum;
}

// out += kColumns columns times their elements of x, over whole columns.
template <class T, int kColumns, bool kFirst>
HWY_INLINE void AddColumns(int64_t m, const T* a, int64_t lda, bool conj_a, const T* x,
                           int64_t x_stride, T* out) {
  using R = typename RealOf<T>::type;
  constexpr int kParts = RealOf<T>::kParts;
  const hn::ScalableTag<R> d;
  using V = hn::Vec<decltype(d)>;
  constexpr int64_t kLanes = hn::MaxLanes(d);
  const R* columns = reinterpret_cast<const R*>(a);
  const int64_t column = lda * kParts, length = m * kParts;
  R* sums = reinterpret_cast<R*>(out);

  V re[kColumns], im[kParts == 2 ? kColumns : 1];
  HWY_UNROLL(8)
  for (int c = 0; c < kColumns; ++c) {
    if constexpr (kParts == 2) {
      re[c] = hn::Set(d, x[c * x_stride].real());
      im[c] = hn::Set(d, x[c * x_stride].imag());
    } else {
      re[c] = hn::Set(d, x[c * x_stride]);
    }
  }
  // i * z swaps the parts and negates the new real one; for conj(a) the signs of
  // both terms come out the other way round.
  const V sign_re = conj_a ? ImagSigns(d) : hn::Zero(d);
  const V sign_im = conj_a ? hn::Zero(d) : RealSigns(d);
  const auto step = [&](auto load, int64_t i) HWY_ATTR -> V {
    V sum = kFirst ? hn::Zero(d) : hn::LoadU(d, sums + i);
    if constexpr (kParts == 1) {
      HWY_UNROLL(8)
      for (int c = 0; c < kColumns; ++c) {
        sum = hn::MulAdd(load(columns + c * column + i), re[c], sum);
      }
    } else {
      V direct = hn::Zero(d), swapped = hn::Zero(d);
      HWY_UNROLL(8)
      for (int c = 0; c < kColumns; ++c) {
        const V av = load(columns + c * column + i);
        direct = hn::MulAdd(av, re[c], direct);
        swapped = hn::MulAdd(av, im[c], swapped);
      }
      sum = hn::Add(sum, hn::Xor(direct, sign_re));
      sum = hn::Add(sum, hn::Xor(hn::Reverse2(d, swapped), sign_im));
    }
    return sum;
  };
  const auto whole = [&](const R* p) HWY_ATTR { return hn::LoadU(d, p); };
  int64_t i = 0;
  for (; i + kLanes <= length; i += kLanes) {
    hn::StoreU(step(whole, i), d, sums + i);
  }
  if (i < length && length >= kLanes) {
    const auto unseen = hn::Not(hn::FirstN(d, static_cast<size_t>(kLanes - (length - i))));
    const V before = hn::LoadU(d, sums + length - kLanes);
    const V sum = step(whole, length - kLanes);
    hn::StoreU(hn::IfThenElse(unseen, sum, before), d, sums + length - kLanes);
  } else if (i < length) {
    const auto first = [&](const R* p) HWY_ATTR { return LoadFirst(d, p, length - i); };
    hn::StoreU(step(first, i), d, sums + i);
  }
}

template <class T>
void Columns(int64_t m, int64_t n, const T* a, int64_t lda, bool conj_a, const T* x,
             int64_t x_stride, T* out) {
  constexpr int kColumns = RealOf<T>::kComplex ? 4 : 8;
  int64_t j = 0;
  if (n >= kColumns) {
    AddColumns<T, kColumns, true>(m, a, lda, conj_a, x, x_stride, out);
    j = kColumns;
  } else {
    std::fill_n(out, m, T(0));
  }
  for (; j + kColumns <= n; j += kColumns) {
    AddColumns<T, kColumns, false>(m, a + j * lda, lda, conj_a, x + j * x_stride, x_stride, out);
  }
  for (; j < n; ++j) {
    AddColumns<T, 1, false>(m, a + j * lda, lda, conj_a, x + j * x_stride, x_stride, out);
  }
}

template <class T, bool kReadC0>
HWY_INLINE void ScaleRow(int64_t n, T scale, const T* y, T beta, const T* c0, T* out) {
  using R = typename RealOf<T>::type;
  constexpr int kParts = RealOf<T>::kParts;
  const hn::ScalableTag<R> d;
  constexpr int64_t kLanes = hn::MaxLanes(d) / kParts;
  int64_t j = 0;
  for (; j + kLanes <= n; j += kLanes) {
    auto v = hn::LoadU(d, reinterpret_cast<const R*>(y + j));
    if (scale != T(1)) v = Scale(d, v, scale);
    if constexpr (kReadC0) {
      auto w = hn::LoadU(d, reinterpret_cast<const R*>(c0 + j));
      if (beta != T(1)) w = Scale(d, w, beta);
      v = hn::Add(v, w);
    }
    hn::StoreU(v, d, reinterpret_cast<R*>(out + j));
  }
  for (; j < n; ++j) {
    out[j] = ScaleAndAdd(scale, y[j], beta, [&] { return c0[j]; });
  }
}

template <class T>
void Axpby(int64_t n, T scale, const T* y, T beta, const T* c0, T* out) {
  if (beta == T(0)) return ScaleRow<T, false>(n, scale, y, beta, c0, out);
  ScaleRow<T, true>(n, scale, y, beta, c0, out);
}

#else  // HWY_SCALAR

template <class T>
T DotProduct(int64_t n, const T* x, bool conj_x, const T* y) {
  T sum(0);
  for (int64_t i = 0; i < n; ++i) sum += Multiply(conj_x ? Conjugate(x[i]) : x[i], y[i]);
  return sum;
}

template <class T>
void Rows(int64_t m, int64_t n, const T* a, int64_t lda, bool conj_a, const T* x, T* out) {
  for (int64_t i = 0; i < m; ++i) out[i] = DotProduct(n, a + i * lda, conj_a, x);
}

template <class T>
void Columns(int64_t m, int64_t n, const T* a, int64_t lda, bool conj_a, const T* x,
             int64_t x_stride, T* out) {
  std::fill_n(out, m, T(0));
  for (int64_t j = 0; j < n; ++j) {
    for (int64_t i = 0; i < m; ++i) {
      const T element = a[i + j * lda];
      out[i] += Multiply(conj_a ? Conjugate(element) : element, x[j * x_stride]);
    }
  }
}

template <class T>
void Axpby(int64_t n, T scale, const T* y, T beta, const T* c0, T* out) {
  for (int64_t j = 0; j < n; ++j) {
    out[j] = ScaleAndAdd(scale, y[j], beta, [&] { return c0[j]; });
  }
}

#endif  // HWY_TARGET != HWY_SCALAR

template <class T>
const GemvKernels<T>* Kernels() {
  static constexpr GemvKernels<T> kKernels = {Rows<T>, Columns<T>, DotProduct<T>, Axpby<T>};
  return &kKernels;
}

const GemvKernels<float>* F32() { return Kernels<float>(); }
const GemvKernels<double>* F64() { return Kernels<double>(); }
const GemvKernels<std::complex<float>>* C64() { return Kernels<std::complex<float>>(); }
const GemvKernels<std::complex<double>>* C128() { return Kernels<std::complex<double>>(); }

}  // namespace
}  // namespace otium::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace otium::cpu {
OTIUM_BEST_REAL_KERNELS(GemvKernels)
OTIUM_BEST_COMPLEX_KERNELS(GemvKernels)
}  // namespace otium::cpu
#endif  // HWY_ONCE
