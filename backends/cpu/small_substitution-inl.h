// SPDX-License-Identifier: Apache-2.0
//
// Systems of small triangles in lanes. No ordinary guard: each target includes this once.
//
// Tested by tests/cpu/small_matrices_test.cc.

#if defined(OTIUM_BACKENDS_CPU_SMALL_SUBSTITUTION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef OTIUM_BACKENDS_CPU_SMALL_SUBSTITUTION_INL_H_
#undef OTIUM_BACKENDS_CPU_SMALL_SUBSTITUTION_INL_H_
#else
#define OTIUM_BACKENDS_CPU_SMALL_SUBSTITUTION_INL_H_
#endif

#include <cstdint>

#include "backends/cpu/small_lanes-inl.h"
#include "backends/cpu/small_matrices.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace otium::cpu::HWY_NAMESPACE {
namespace {

// Quotients by one divisor a lane: products with its reciprocal, but where it has none.
template <class T>
class Divider {
 public:
  using V = typename Grid<T>::V;
  using D = hn::ScalableTag<RealType<T>>;
  explicit Divider(V divisor)
      : divisor_(divisor),
        reciprocal_(Reciprocal(divisor)),
        divides_(HasNoReciprocal(divisor)),
        any_divides_(!hn::AllFalse(D(), divides_)) {}

  V Divide(V x) const {
    const V product = Mul(x, reciprocal_);
    return any_divides_ ? IfThenElse(divides_, Quotient(x, divisor_), product) : product;
  }

 private:
  const V divisor_, reciprocal_;
  const hn::Mask<D> divides_;
  const bool any_divides_;
};

// Multiples of row k of b, by column k of a, are taken from rows begin to end, for kColumns
// columns from j on. Grids are copies, which no store can change.
template <int kColumns, class T>
HWY_INLINE void SubtractMultiples(Grid<T> a, int64_t k, int64_t begin, int64_t end, Grid<T> b,
                                  int64_t j) {
  typename Grid<T>::V x[kColumns];
  HWY_UNROLL(4)
  for (int c = 0; c < kColumns; ++c) x[c] = b.Get(k, j + c);
  for (int64_t i = begin; i < end; ++i) {
    const auto factor = a.Get(i, k);
    HWY_UNROLL(4)
    for (int c = 0; c < kColumns; ++c) {
      b.Set(i, j + c, NegMulAdd(factor, x[c], b.Get(i, j + c)));
    }
  }
}

template <class T>
HWY_INLINE void DivideRow(const Grid<T>& b, int64_t i, int64_t columns,
                          typename Grid<T>::V divisor) {
  const Divider<T> divider(divisor);
  for (int64_t j = 0; j < columns; ++j) b.Set(i, j, divider.Divide(b.Get(i, j)));
}

// b = conj(b)
template <class T>
HWY_INLINE void ConjugateAll(const Grid<T>& b, int64_t n, int64_t columns) {
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < columns; ++j) b.Set(i, j, Conjugate(b.Get(i, j)));
  }
}

// b = inv(triangle of a) b. That of the conjugate is conj(inv(triangle of a) conj(b)), and b has
// fewer elements than it takes products.
template <class T>
void Substitute(const Grid<T>& a, const SmallTriangle& triangle, int64_t n, const Grid<T>& b,
                int64_t columns) {
  const bool conjugates = RealOf<T>::kComplex && triangle.conjugated;
  if (conjugates) ConjugateAll(b, n, columns);
  for (int64_t step = 0; step < n; ++step) {
    const int64_t k = triangle.upper ? n - 1 - step : step;
    const int64_t begin = triangle.upper ? 0 : k + 1, end = triangle.upper ? k : n;
    if (!triangle.unit) DivideRow(b, k, columns, a.Get(k, k));
    ForColumns<T>(0, columns, [&](auto width, int64_t j) HWY_ATTR {
      SubtractMultiples<width>(a, k, begin, end, b, j);
    });
  }
  if (conjugates) ConjugateAll(b, n, columns);
}

}  // namespace
}  // namespace otium::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // OTIUM_BACKENDS_CPU_SMALL_SUBSTITUTION_INL_H_
