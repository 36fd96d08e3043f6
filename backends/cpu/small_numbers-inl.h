// SPDX-License-Identifier: Apache-2.0
//
// A number of each lane: a vector, or of complex matrices two, of real and of imaginary parts.
// Kernels call what is done with them by its name alone (NegMulAdd, not hn::NegMulAdd): of
// vectors that is Highway's, of complex numbers what is here. No ordinary guard: each target
// includes this once.
//
// Tested by tests/cpu/small_matrices_test.cc and small_qr_test.cc.

#if defined(OTIUM_BACKENDS_CPU_SMALL_NUMBERS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef OTIUM_BACKENDS_CPU_SMALL_NUMBERS_INL_H_
#undef OTIUM_BACKENDS_CPU_SMALL_NUMBERS_INL_H_
#else
#define OTIUM_BACKENDS_CPU_SMALL_NUMBERS_INL_H_
#endif

#include <algorithm>
#include <complex>
#include <cstdint>
#include <limits>

#include "backends/cpu/scalar.h"
#include "backends/cpu/simd_complex-inl.h"
#include "backends/cpu/simd_transpose-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace otium::cpu::HWY_NAMESPACE {
namespace {

// T, or the type of its parts.
template <class T>
using RealType = typename RealOf<T>::type;
// A real number of each lane.
template <class T>
using RealLanes = hn::Vec<hn::ScalableTag<RealType<T>>>;

template <class R>
struct ComplexLanes {
  RealLanes<R> re, im;
};

template <class T>
struct NumberOf {
  using type = RealLanes<T>;
  static type FromReal(RealLanes<T> x) { return x; }
  static type Load(const T* at) { return hn::Load(hn::ScalableTag<T>(), at); }
  static void Store(type x, T* at) { hn::Store(x, hn::ScalableTag<T>(), at); }
};
template <class R>
struct NumberOf<std::complex<R>> {
  using type = ComplexLanes<R>;
  static type FromReal(RealLanes<R> x) { return {x, hn::Zero(hn::ScalableTag<R>())}; }
  static type Load(const R* at) {
    const hn::ScalableTag<R> d;
    return {hn::Load(d, at), hn::Load(d, at + kTile<R>)};
  }
  static void Store(type x, R* at) {
    const hn::ScalableTag<R> d;
    hn::Store(x.re, d, at);
    hn::Store(x.im, d, at + kTile<R>);
  }
};

// ---- real numbers: what Highway has not

template <class V>
HWY_INLINE V RealPart(V x) {
  return x;
}
template <class V>
HWY_INLINE V Conjugate(V x) {
  return x;
}
// How large a number is, as LAPACK decides it.
template <class V>
HWY_INLINE V SizeOf(V x) {
  return hn::Abs(x);
}
// |x|^2 + sum
template <class V>
HWY_INLINE V AddSquare(V x, V sum) {
  return hn::MulAdd(x, x, sum);
}
// sum, or NaN where x is not finite.
template <class V>
HWY_INLINE V AddZeroTimes(V x, V sum) {
  return hn::MulAdd(x, hn::Zero(hn::DFromV<V>()), sum);
}

// Where the reciprocal would overflow.
template <class V>
HWY_INLINE auto HasNoReciprocal(V x) {
  const hn::DFromV<V> d;
  return hn::Lt(hn::Abs(x), hn::Set(d, std::numeric_limits<hn::TFromV<V>>::min()));
}
template <class V>
HWY_INLINE V Reciprocal(V x) {
  return hn::Div(hn::Set(hn::DFromV<V>(), hn::TFromV<V>(1)), x);
}
template <class V>
HWY_INLINE V Quotient(V x, V y) {
  return hn::Div(x, y);
}

// The power of two of each lane with which numbers of at most `largest` are below 4, and the
// largest is about 1: no rounding, and squares are in the range. It is of `largest` alone,
// which may be zero or infinite.
template <class T>
struct PowerScale {
  using D = hn::ScalableTag<T>;
  using V = hn::Vec<D>;
  explicit PowerScale(V largest) {
    const D d;
    const hn::RebindToUnsigned<D> bits;
    constexpr T kMin = std::numeric_limits<T>::min();
    // Infinity has the bits of the exponent; those of a power and its reciprocal have one sum.
    reciprocal = hn::And(hn::Clamp(largest, hn::Set(d, kMin), hn::Set(d, 1 / kMin)),
                         hn::Set(d, std::numeric_limits<T>::infinity()));
    const auto sum =
        hn::Add(hn::BitCast(bits, hn::Set(d, T(1))), hn::BitCast(bits, hn::Set(d, T(1))));
    factor = hn::BitCast(d, hn::Sub(sum, hn::BitCast(bits, reciprocal)));
  }
  V factor, reciprocal;
};

// ---- complex numbers

template <class R>
HWY_INLINE RealLanes<R> RealPart(ComplexLanes<R> x) {
  return x.re;
}
template <class R>
HWY_INLINE ComplexLanes<R> Conjugate(ComplexLanes<R> x) {
  return {x.re, hn::Neg(x.im)};
}
template <class R>
HWY_INLINE RealLanes<R> SizeOf(ComplexLanes<R> x) {
  return hn::Add(hn::Abs(x.re), hn::Abs(x.im));
}
template <class R>
HWY_INLINE auto IsReal(ComplexLanes<R> x) {
  return hn::Eq(x.im, hn::Zero(hn::ScalableTag<R>()));
}
template <class R>
HWY_INLINE RealLanes<R> AddSquare(ComplexLanes<R> x, RealLanes<R> sum) {
  return hn::MulAdd(x.re, x.re, hn::MulAdd(x.im, x.im, sum));
}
template <class R>
HWY_INLINE RealLanes<R> AddZeroTimes(ComplexLanes<R> x, RealLanes<R> sum) {
  return AddZeroTimes(x.re, AddZeroTimes(x.im, sum));
}

template <class R>
HWY_INLINE ComplexLanes<R> Neg(ComplexLanes<R> x) {
  return {hn::Neg(x.re), hn::Neg(x.im)};
}
template <class R>
HWY_INLINE ComplexLanes<R> Sub(ComplexLanes<R> x, ComplexLanes<R> y) {
  return {hn::Sub(x.re, y.re), hn::Sub(x.im, y.im)};
}
template <class R>
HWY_INLINE ComplexLanes<R> Sub(ComplexLanes<R> x, RealLanes<R> y) {
  return {hn::Sub(x.re, y), x.im};
}
template <class R>
HWY_INLINE ComplexLanes<R> Div(ComplexLanes<R> x, RealLanes<R> y) {
  return {hn::Div(x.re, y), hn::Div(x.im, y)};
}
template <class R>
HWY_INLINE ComplexLanes<R> Mul(ComplexLanes<R> x, RealLanes<R> y) {
  return {hn::Mul(x.re, y), hn::Mul(x.im, y)};
}
template <class R>
HWY_INLINE ComplexLanes<R> Mul(ComplexLanes<R> x, ComplexLanes<R> y) {
  return {hn::NegMulAdd(x.im, y.im, hn::Mul(x.re, y.re)),
          hn::MulAdd(x.im, y.re, hn::Mul(x.re, y.im))};
}
// x y + z
template <class R>
HWY_INLINE ComplexLanes<R> MulAdd(ComplexLanes<R> x, ComplexLanes<R> y, ComplexLanes<R> z) {
  return {hn::NegMulAdd(x.im, y.im, hn::MulAdd(x.re, y.re, z.re)),
          hn::MulAdd(x.im, y.re, hn::MulAdd(x.re, y.im, z.im))};
}
// z - x y
template <class R>
HWY_INLINE ComplexLanes<R> NegMulAdd(ComplexLanes<R> x, ComplexLanes<R> y, ComplexLanes<R> z) {
  return {hn::MulAdd(x.im, y.im, hn::NegMulAdd(x.re, y.re, z.re)),
          hn::NegMulAdd(x.im, y.re, hn::NegMulAdd(x.re, y.im, z.im))};
}
template <class R>
HWY_INLINE ComplexLanes<R> IfThenElse(hn::Mask<hn::ScalableTag<R>> mask, ComplexLanes<R> yes,
                                      ComplexLanes<R> no) {
  return {hn::IfThenElse(mask, yes.re, no.re), hn::IfThenElse(mask, yes.im, no.im)};
}
template <class R>
HWY_INLINE ComplexLanes<R> IfThenZeroElse(hn::Mask<hn::ScalableTag<R>> mask, ComplexLanes<R> no) {
  return {hn::IfThenZeroElse(mask, no.re), hn::IfThenZeroElse(mask, no.im)};
}
// Of both parts, as one negates them.
template <class R>
HWY_INLINE ComplexLanes<R> Xor(ComplexLanes<R> x, RealLanes<R> signs) {
  return {hn::Xor(x.re, signs), hn::Xor(x.im, signs)};
}

// Where it would overflow, or be subnormal and of few digits.
template <class R>
HWY_INLINE auto HasNoReciprocal(ComplexLanes<R> x) {
  const hn::ScalableTag<R> d;
  constexpr R kLeast = std::numeric_limits<R>::min();
  const auto size = SizeOf(x);
  return hn::Not(hn::And(hn::Ge(size, hn::Set(d, kLeast)), hn::Le(size, hn::Set(d, 1 / kLeast))));
}
// By the square of its size, which is that of a number near 1.
template <class R>
HWY_INLINE ComplexLanes<R> Reciprocal(ComplexLanes<R> x) {
  const PowerScale<R> scale(SizeOf(x));
  const auto y = Mul(x, scale.factor);
  const auto square = hn::MulAdd(y.re, y.re, hn::Mul(y.im, y.im));
  return Mul(Conjugate(y), hn::Div(scale.factor, square));
}
// Lane by lane: no kernel has many whose divisors have no reciprocal.
template <class R>
HWY_NOINLINE ComplexLanes<R> Quotient(ComplexLanes<R> x, ComplexLanes<R> y) {
  using Number = NumberOf<std::complex<R>>;
  constexpr int64_t kLanes = kTile<R>;
  HWY_ALIGN R of_x[2 * kLanes], of_y[2 * kLanes];
  Number::Store(x, of_x);
  Number::Store(y, of_y);
  for (int64_t l = 0; l < kLanes; ++l) {
    const std::complex<R> quotient = cpu::Quotient(std::complex<R>(of_x[l], of_x[l + kLanes]),
                                                   std::complex<R>(of_y[l], of_y[l + kLanes]));
    of_x[l] = quotient.real();
    of_x[l + kLanes] = quotient.imag();
  }
  return Number::Load(of_x);
}

}  // namespace
}  // namespace otium::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // OTIUM_BACKENDS_CPU_SMALL_NUMBERS_INL_H_
