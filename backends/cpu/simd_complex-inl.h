// SPDX-License-Identifier: Apache-2.0
//
// Complex numbers in vectors: interleaved, real parts in the even lanes. No
// ordinary guard: each target includes this once.

#if defined(OTIUM_BACKENDS_CPU_SIMD_COMPLEX_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef OTIUM_BACKENDS_CPU_SIMD_COMPLEX_INL_H_
#undef OTIUM_BACKENDS_CPU_SIMD_COMPLEX_INL_H_
#else
#define OTIUM_BACKENDS_CPU_SIMD_COMPLEX_INL_H_
#endif

#include <complex>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace otium::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <class T>
struct RealOf {
  using type = T;
  static constexpr bool kComplex = false;
  static constexpr int kParts = 1;
};
template <class R>
struct RealOf<std::complex<R>> {
  using type = R;
  static constexpr bool kComplex = true;
  static constexpr int kParts = 2;
};

template <class T>
using RealType = typename RealOf<T>::type;
// Vectors of elements of T are vectors of their parts.
template <class T>
using TagOf = hn::ScalableTag<RealType<T>>;
template <class T>
const RealType<T>* Parts(const T* x) {
  return reinterpret_cast<const RealType<T>*>(x);
}
template <class T>
RealType<T>* Parts(T* x) {
  return reinterpret_cast<RealType<T>*>(x);
}

// No vector holds a complex element.
template <class T>
inline constexpr bool kByElements = RealOf<T>::kComplex && (HWY_TARGET == HWY_SCALAR);

#if HWY_TARGET != HWY_SCALAR

// Sign bits in the lanes of the real or the imaginary parts: Xor negates those.
template <class D>
HWY_INLINE hn::Vec<D> RealSigns(D d) {
  return hn::OddEven(hn::Zero(d), hn::SignBit(d));
}
template <class D>
HWY_INLINE hn::Vec<D> ImagSigns(D d) {
  return hn::OddEven(hn::SignBit(d), hn::Zero(d));
}

template <class D, class T = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> SetComplex(D d, std::complex<T> z) {
  return hn::OddEven(hn::Set(d, z.imag()), hn::Set(d, z.real()));
}

// i x: (re, im) becomes (-im, re).
template <class D>
HWY_INLINE hn::Vec<D> TimesI(D d, hn::Vec<D> x) {
  return hn::Xor(hn::Reverse2(d, x), RealSigns(d));
}

#endif  // HWY_TARGET != HWY_SCALAR

// The parts of each element in the other order.
template <class T, class D>
HWY_INLINE hn::Vec<D> Swapped(D d, hn::Vec<D> x) {
  if constexpr (RealOf<T>::kComplex) return hn::Reverse2(d, x);
  else return x;
}

// a . x from the lane sums of a * x and, for complex, of a * swapped(x): each
// pair holds re * re, im * im and re * im, im * re.
template <class T, class D, class V>
HWY_INLINE T FinishDot(D d, V direct, V swapped, bool conj_a) {
  using R = hn::TFromD<D>;
  if constexpr (RealOf<T>::kComplex) {
    const V re = conj_a ? direct : hn::Xor(direct, ImagSigns(d));
    const V im = conj_a ? hn::Xor(swapped, ImagSigns(d)) : swapped;
    return T(hn::GetLane(hn::SumOfLanes(d, re)), hn::GetLane(hn::SumOfLanes(d, im)));
  } else {
    (void)swapped;
    return R(hn::GetLane(hn::SumOfLanes(d, direct)));
  }
}

// x * scale, elementwise, for vectors of T's real type.
template <class T, class D>
HWY_INLINE hn::Vec<D> Scale(D d, hn::Vec<D> x, T scale) {
  if constexpr (RealOf<T>::kComplex) {
    return hn::MulAdd(TimesI(d, x), hn::Set(d, scale.imag()), hn::Mul(x, hn::Set(d, scale.real())));
  } else {
    return hn::Mul(x, hn::Set(d, scale));
  }
}

}  // namespace otium::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // OTIUM_BACKENDS_CPU_SIMD_COMPLEX_INL_H_
