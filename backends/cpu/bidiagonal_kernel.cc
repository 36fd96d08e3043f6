// SPDX-License-Identifier: Apache-2.0

#include "backends/cpu/bidiagonal_kernel.h"

#include <algorithm>
#include <complex>

#include "backends/cpu/simd_dispatch.h"
#include "backends/cpu/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/bidiagonal_kernel.cc"
#include "hwy/foreach_target.h"  // Must come before highway.h.

#include "backends/cpu/scalar.h"
#include "backends/cpu/simd_complex-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace otium::cpu {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// As many sums hide the latency of multiply-adds, and z is read and written once for as
// many columns; complex ones have two sums each.
template <class T>
inline constexpr int kColumns = 8 / RealOf<T>::kParts;

// y and r of a column, from its product with v.
template <class T>
HWY_INLINE void Finish(T product, T first, T tau, T* y, T* r) {
  *y = Multiply(tau, product - *y);
  *r = Conjugate(first) - *r - *y;
}

template <int kCount, class T>
HWY_INLINE void ReflectColumns(int64_t m, const T* a, int64_t ld, const T* v, T tau, int64_t first,
                               T* y, T* r, T* z) {
  constexpr bool kComplex = RealOf<T>::kComplex;
  constexpr int64_t kParts = RealOf<T>::kParts;
  const hn::CappedTag<RealType<T>, kColumnBytes / sizeof(RealType<T>)> d;
  using V = hn::Vec<decltype(d)>;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  // Sums of products; then r.
  V vectors[kCount], others[kCount];
  HWY_UNROLL(8)
  for (int c = 0; c < kCount; ++c) vectors[c] = others[c] = hn::Zero(d);
  for (int64_t i = 0; i < m * kParts; i += lanes) {
    const V vi = hn::Load(d, Parts(v) + i), v_swapped = Swapped<T>(d, vi);
    HWY_UNROLL(8)
    for (int c = 0; c < kCount; ++c) {
      const V ai = hn::Load(d, Parts(a + c * ld) + i);
      vectors[c] = hn::MulAdd(ai, vi, vectors[c]);
      if constexpr (kComplex) others[c] = hn::MulAdd(ai, v_swapped, others[c]);
    }
  }
  HWY_UNROLL(8)
  for (int c = 0; c < kCount; ++c) {
    Finish(FinishDot<T>(d, vectors[c], others[c], /*conj_a=*/true), a[c * ld + first], tau, y + c,
           r + c);
    vectors[c] = hn::Set(d, std::real(r[c]));
    others[c] = hn::Set(d, std::imag(r[c]));
  }
  for (int64_t i = 0; i < m * kParts; i += lanes) {
    V sum = hn::Load(d, Parts(z) + i), by_imag = hn::Zero(d);
    HWY_UNROLL(8)
    for (int c = 0; c < kCount; ++c) {
      const V ai = hn::Load(d, Parts(a + c * ld) + i);
      sum = hn::MulAdd(ai, vectors[c], sum);
      if constexpr (kComplex) by_imag = hn::MulAdd(ai, others[c], by_imag);
    }
    if constexpr (kComplex) sum = hn::Add(sum, TimesI(d, by_imag));
    hn::Store(sum, d, Parts(z) + i);
  }
}

// The same of one column, where no vector holds an element.
template <class T>
void ReflectElements(int64_t m, const T* a, const T* v, T tau, int64_t first, T* y, T* r, T* z) {
  T product(0);
  for (int64_t i = 0; i < m; ++i) product += Multiply(Conjugate(a[i]), v[i]);
  Finish(product, a[first], tau, y, r);
  for (int64_t i = 0; i < m; ++i) z[i] += Multiply(a[i], *r);
}

template <class T>
void Reflect(int64_t m, int64_t n, const T* a, int64_t ld, const T* v, T tau, int64_t first, T* y,
             T* r, T* z) {
  std::fill_n(z, m, T(0));
  if constexpr (kByElements<T>) {
    for (int64_t j = 0; j < n; ++j) ReflectElements(m, a + j * ld, v, tau, first, y + j, r + j, z);
  } else {
    int64_t j = 0;
    for (; j + kColumns<T> <= n; j += kColumns<T>) {
      ReflectColumns<kColumns<T>>(m, a + j * ld, ld, v, tau, first, y + j, r + j, z);
    }
    for (; j < n; ++j) ReflectColumns<1>(m, a + j * ld, ld, v, tau, first, y + j, r + j, z);
  }
}

template <class T>
const BidiagonalKernels<T>* Kernels() {
  static const BidiagonalKernels<T> kernels = {Reflect<T>};
  return &kernels;
}

const BidiagonalKernels<float>* F32() { return Kernels<float>(); }
const BidiagonalKernels<double>* F64() { return Kernels<double>(); }
const BidiagonalKernels<std::complex<float>>* C64() { return Kernels<std::complex<float>>(); }
const BidiagonalKernels<std::complex<double>>* C128() { return Kernels<std::complex<double>>(); }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace otium::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace otium::cpu {
OTIUM_BEST_REAL_KERNELS(BidiagonalKernels)
OTIUM_BEST_COMPLEX_KERNELS(BidiagonalKernels)
}  // namespace otium::cpu
#endif  // HWY_ONCE
