// SPDX-License-Identifier: Apache-2.0
//
// Householder reflectors of small matrices in lanes. No ordinary guard: each target includes
// this once.
//
// Tested by tests/cpu/small_qr_test.cc.

#if defined(OTIUM_BACKENDS_CPU_SMALL_REFLECTORS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef OTIUM_BACKENDS_CPU_SMALL_REFLECTORS_INL_H_
#undef OTIUM_BACKENDS_CPU_SMALL_REFLECTORS_INL_H_
#else
#define OTIUM_BACKENDS_CPU_SMALL_REFLECTORS_INL_H_
#endif

#include <cstdint>

#include "backends/cpu/small_lanes-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace otium::cpu::HWY_NAMESPACE {
namespace {

// The reflector that makes column k of a zero below row k, and what remains real, and its tau:
// the elements below become those of its vector after the 1, that of row k what remains of the
// column. With nothing to do tau is zero.
template <class T>
HWY_INLINE typename Grid<T>::V MakeReflector(const Grid<T>& a, int64_t m, int64_t k) {
  using V = typename Grid<T>::V;
  using R = RealType<T>;
  const hn::ScalableTag<R> d;
  const RealLanes<T> zero = hn::Zero(d), one = hn::Set(d, R(1));
  RealLanes<T> largest = zero;  // NaN is none.
  for (int64_t i = k + 1; i < m; ++i) largest = hn::Max(SizeOf(a.Get(i, k)), largest);
  const V diagonal = a.Get(k, k);
  const PowerScale<R> scale(hn::Max(SizeOf(diagonal), largest));
  RealLanes<T> sum = zero;
  for (int64_t i = k + 1; i < m; ++i) sum = AddSquare(Mul(a.Get(i, k), scale.factor), sum);
  // Of numbers that are small beside the diagonal the sum may be zero, of NaN the largest.
  auto nothing = hn::And(hn::Eq(largest, zero), hn::Eq(sum, zero));
  if constexpr (RealOf<T>::kComplex) nothing = hn::And(nothing, IsReal(diagonal));
  const V first = Mul(diagonal, scale.factor);
  const auto norm = hn::Sqrt(AddSquare(first, sum));
  const auto beta = hn::IfThenElse(nothing, one, hn::CopySign(norm, hn::Neg(RealPart(first))));
  const V difference = IfThenElse(nothing, Grid<T>::Number::FromReal(one), Sub(first, beta));
  const V reciprocal = Reciprocal(difference);
  for (int64_t i = k + 1; i < m; ++i) {
    a.Set(i, k, Mul(Mul(a.Get(i, k), scale.factor), reciprocal));
  }
  const V remains = Grid<T>::Number::FromReal(hn::Mul(beta, scale.reciprocal));
  a.Set(k, k, IfThenElse(nothing, diagonal, remains));
  return IfThenZeroElse(nothing, Div(Neg(difference), beta));
}

// Columns j to j + kColumns of x, from row k on, less tau v v.H times them, with v the vector in
// column k of a. Grids are copies, which no store can change.
template <int kColumns, class T>
HWY_INLINE void ApplyReflector(Grid<T> a, int64_t m, int64_t k, typename Grid<T>::V tau, Grid<T> x,
                               int64_t j) {
  const hn::ScalableTag<RealType<T>> d;
  typename Grid<T>::V product[kColumns];
  HWY_UNROLL(4)
  for (int c = 0; c < kColumns; ++c) product[c] = x.Get(k, j + c);
  for (int64_t i = k + 1; i < m; ++i) {
    const auto v = Conjugate(a.Get(i, k));
    HWY_UNROLL(4)
    for (int c = 0; c < kColumns; ++c) product[c] = MulAdd(v, x.Get(i, j + c), product[c]);
  }
  // No reflector leaves alone also what is not finite.
  const auto nothing = hn::Eq(SizeOf(tau), hn::Zero(d));
  HWY_UNROLL(4)
  for (int c = 0; c < kColumns; ++c) {
    product[c] = IfThenZeroElse(nothing, Mul(tau, product[c]));
    x.Set(k, j + c, Sub(x.Get(k, j + c), product[c]));
  }
  for (int64_t i = k + 1; i < m; ++i) {
    const auto v = a.Get(i, k);
    HWY_UNROLL(4)
    for (int c = 0; c < kColumns; ++c) {
      x.Set(i, j + c, NegMulAdd(v, product[c], x.Get(i, j + c)));
    }
  }
}

// Columns begin to end of x.
template <class T>
HWY_INLINE void ApplyReflector(const Grid<T>& a, int64_t m, int64_t k, typename Grid<T>::V tau,
                               const Grid<T>& x, int64_t begin, int64_t end) {
  ForColumns<T>(begin, end,
                [&](auto width, int64_t j) HWY_ATTR { ApplyReflector<width>(a, m, k, tau, x, j); });
}

}  // namespace
}  // namespace otium::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // OTIUM_BACKENDS_CPU_SMALL_REFLECTORS_INL_H_
