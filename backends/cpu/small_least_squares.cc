// SPDX-License-Identifier: Apache-2.0

#include "backends/cpu/small_least_squares.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "backends/cpu/power_scale.h"
#include "backends/cpu/simd_dispatch.h"
#include "backends/cpu/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/small_least_squares.cc"
#include "hwy/foreach_target.h"  // Must come before highway.h.

#include "backends/cpu/small_lanes-inl.h"
#include "backends/cpu/small_reflectors-inl.h"
#include "backends/cpu/small_substitution-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace otium::cpu {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

template <class T>
using MaskOf = hn::Mask<hn::ScalableTag<T>>;

// Lanes whose numbers are finite and need no scaling: the largest is zero, or such that squares
// are in the range.
template <class T>
MaskOf<T> IsInRange(const Grid<T>& x, int64_t rows, int64_t columns) {
  const hn::ScalableTag<T> d;
  const auto zero = hn::Zero(d), most = hn::Set(d, 1 / LeastUnscaled<T>());
  auto largest = zero;
  auto is_in_range = hn::Eq(zero, zero);
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) {
      const auto magnitude = hn::Abs(x.Get(i, j));
      is_in_range = hn::And(is_in_range, hn::Le(magnitude, most));  // NaN is not.
      largest = hn::Max(largest, magnitude);
    }
  }
  const auto is_small = hn::Lt(largest, hn::Set(d, LeastUnscaled<T>()));
  return hn::AndNot(hn::AndNot(hn::Eq(largest, zero), is_small), is_in_range);
}

// R in the upper triangle of a, Q.T b in b.
template <class T>
void Reduce(const Grid<T>& a, int64_t m, int64_t n, const Grid<T>& b, int64_t columns) {
  for (int64_t k = 0; k < std::min(m - 1, n); ++k) {
    const auto tau = MakeReflector(a, m, k);
    ApplyReflector(a, m, k, tau, a, k + 1, n);
    ApplyReflector(a, m, k, tau, b, 0, columns);
  }
}

// |R| |inv(R)| in the Frobenius norm, the inverse by blocks of columns (see
// TallSystem::ConditionBound).
template <class T>
typename Grid<T>::V Condition(const Grid<T>& r, int64_t n, T* memory) {
  const hn::ScalableTag<T> d;
  auto of_R = hn::Zero(d), of_inverse = hn::Zero(d);
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = i; j < n; ++j) of_R = hn::MulAdd(r.Get(i, j), r.Get(i, j), of_R);
  }
  const Grid<T> x(memory, kSmallInverseColumns);
  for (int64_t first = 0; first < n; first += kSmallInverseColumns) {
    const int64_t columns = std::min(kSmallInverseColumns, n - first), rows = first + columns;
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j < columns; ++j) x.Set(i, j, hn::Set(d, T(i == first + j)));
    }
    Substitute(r, {.upper = true}, rows, x, columns);
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j < columns; ++j) {
        of_inverse = hn::MulAdd(x.Get(i, j), x.Get(i, j), of_inverse);
      }
    }
  }
  return hn::Mul(hn::Sqrt(of_R), hn::Sqrt(of_inverse));
}

template <class T>
void GroupSolve(SmallLeastSquaresGroup<T>& group) {
  const hn::ScalableTag<T> d;
  const int64_t m = group.m, n = group.n, columns = group.columns;
  T* const of_a = group.memory;
  T* const of_b = of_a + m * n * kMostLanes;
  T* const of_inverse = of_b + m * columns * kMostLanes;
  T* const of_residuals = of_inverse + n * kSmallInverseColumns * kMostLanes;
  const Grid<T> a(of_a, n), b(of_b, columns), residuals(of_residuals, columns);
  Lanes<T>::Gather(group.a, group.count, m * n, of_a);
  Lanes<T>::Gather(group.b, group.count, m * columns, of_b);
  auto is_solved = hn::And(IsInRange(a, m, n), IsInRange(b, m, columns));
  Reduce(a, m, n, b, columns);
  const auto most = hn::Set(d, static_cast<T>(group.most_condition));
  is_solved = hn::And(is_solved, hn::Lt(Condition(a, n, of_inverse), most));
  Substitute(a, {.upper = true}, n, b, columns);
  Lanes<T>::Scatter(group.x, group.count, n * columns, of_b, group.streams);
  if (group.has_residuals) {
    for (int64_t j = 0; j < columns; ++j) {
      auto sum = hn::Zero(d);
      for (int64_t i = n; i < m; ++i) sum = hn::MulAdd(b.Get(i, j), b.Get(i, j), sum);
      residuals.Set(0, j, sum);
    }
    Lanes<T>::Scatter(group.residuals, group.count, columns, of_residuals, /*streams=*/false);
  }
  HWY_ALIGN T flags[kMostLanes];
  hn::Store(hn::IfThenElseZero(is_solved, hn::Set(d, T(1))), d, flags);
  for (int64_t l = 0; l < group.count; ++l) group.is_solved[l] = flags[l] != 0;
}

template <class T>
const SmallLeastSquaresKernels<T>* Kernels() {
  static const SmallLeastSquaresKernels<T> kernels = {kTile<T>, GroupSolve<T>};
  return &kernels;
}

const SmallLeastSquaresKernels<float>* F32() { return Kernels<float>(); }
const SmallLeastSquaresKernels<double>* F64() { return Kernels<double>(); }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace otium::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace otium::cpu {
OTIUM_BEST_REAL_KERNELS(SmallLeastSquaresKernels)
}  // namespace otium::cpu
#endif  // HWY_ONCE
