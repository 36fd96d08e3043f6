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

// The reflector that makes column k of a zero below row k, and its tau: the elements below
// become those of its vector after the 1, that of row k what remains of the column. With
// nothing to make zero tau is.
template <class T>
HWY_INLINE typename Grid<T>::V MakeReflector(const Grid<T>& a, int64_t m, int64_t k) {
  using V = typename Grid<T>::V;
  const hn::ScalableTag<T> d;
  const V zero = hn::Zero(d), one = hn::Set(d, T(1));
  V largest = zero;  // NaN is none.
  for (int64_t i = k + 1; i < m; ++i) largest = hn::Max(hn::Abs(a.Get(i, k)), largest);
  const V diagonal = a.Get(k, k);
  const PowerScale<T> scale(hn::Max(hn::Abs(diagonal), largest));
  V sum = zero;
  for (int64_t i = k + 1; i < m; ++i) {
    const V x = hn::Mul(a.Get(i, k), scale.factor);
    sum = hn::MulAdd(x, x, sum);
  }
  // Of numbers that are small beside the diagonal the sum may be zero, of NaN the largest.
  const auto nothing = hn::And(hn::Eq(largest, zero), hn::Eq(sum, zero));
  const V first = hn::Mul(diagonal, scale.factor);
  const V norm = hn::Sqrt(hn::MulAdd(first, first, sum));
  const V beta = hn::IfThenElse(nothing, one, hn::CopySign(norm, hn::Neg(first)));
  const V difference = hn::IfThenElse(nothing, one, hn::Sub(first, beta));
  const V reciprocal = hn::Div(one, difference);
  for (int64_t i = k + 1; i < m; ++i) {
    a.Set(i, k, hn::Mul(hn::Mul(a.Get(i, k), scale.factor), reciprocal));
  }
  a.Set(k, k, hn::IfThenElse(nothing, diagonal, hn::Mul(beta, scale.reciprocal)));
  return hn::IfThenZeroElse(nothing, hn::Div(hn::Neg(difference), beta));
}

// Columns j to j + kColumns of x, from row k on, times the reflector of column k of a.
template <int kColumns, class T>
HWY_INLINE void ApplyReflector(const Grid<T>& a, int64_t m, int64_t k, typename Grid<T>::V tau,
                               const Grid<T>& x, int64_t j) {
  const hn::ScalableTag<T> d;
  typename Grid<T>::V product[kColumns];
  HWY_UNROLL(4)
  for (int c = 0; c < kColumns; ++c) product[c] = x.Get(k, j + c);
  for (int64_t i = k + 1; i < m; ++i) {
    const auto v = a.Get(i, k);
    HWY_UNROLL(4)
    for (int c = 0; c < kColumns; ++c) product[c] = hn::MulAdd(v, x.Get(i, j + c), product[c]);
  }
  // No reflector leaves alone also what is not finite.
  const auto nothing = hn::Eq(tau, hn::Zero(d));
  HWY_UNROLL(4)
  for (int c = 0; c < kColumns; ++c) {
    product[c] = hn::IfThenZeroElse(nothing, hn::Mul(tau, product[c]));
    x.Set(k, j + c, hn::Sub(x.Get(k, j + c), product[c]));
  }
  for (int64_t i = k + 1; i < m; ++i) {
    const auto v = a.Get(i, k);
    HWY_UNROLL(4)
    for (int c = 0; c < kColumns; ++c) {
      x.Set(i, j + c, hn::NegMulAdd(v, product[c], x.Get(i, j + c)));
    }
  }
}

// Columns begin to end of x.
template <class T>
HWY_INLINE void ApplyReflector(const Grid<T>& a, int64_t m, int64_t k, typename Grid<T>::V tau,
                               const Grid<T>& x, int64_t begin, int64_t end) {
  ForColumns(begin, end,
             [&](auto width, int64_t j) HWY_ATTR { ApplyReflector<width>(a, m, k, tau, x, j); });
}

}  // namespace
}  // namespace otium::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // OTIUM_BACKENDS_CPU_SMALL_REFLECTORS_INL_H_
