// SPDX-License-Identifier: Apache-2.0

#include "backends/cpu/small_eigen.h"

#include <algorithm>
#include <limits>

#include "backends/cpu/simd_dispatch.h"
#include "backends/cpu/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/small_eigen.cc"
#include "hwy/foreach_target.h"  // Must come before highway.h.

#include "backends/cpu/small_lanes-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace otium::cpu {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// They have been fewer than 10.
constexpr int kMostSweeps = 40;

// The lower triangle of the matrices, of which `diagonal` is apart; the rows of v with
// A = v.T a v, when they are asked for.
template <class T>
struct Symmetric {
  int64_t n;
  Grid<T> a, diagonal, v;
  bool has_vectors;
};

// Of rows and columns p < q; tangent = sine / (1 + cosine).
template <class T>
struct Rotation {
  int64_t p, q;
  typename Grid<T>::V sine, tangent;
};

// Makes element (q, p) zero in those lanes where it is not negligible; false if there are none.
// The other elements of rows and columns p and q are still to be rotated.
template <class T>
HWY_INLINE bool MakeRotation(const Symmetric<T>& s, typename Grid<T>::V negligible,
                             Rotation<T>* rotation) {
  using V = typename Grid<T>::V;
  const hn::ScalableTag<T> d;
  const int64_t p = rotation->p, q = rotation->q;
  const V x = s.a.Get(q, p), at_p = s.diagonal.Get(p, 0), at_q = s.diagonal.Get(q, 0);
  const auto rotates = hn::Gt(hn::Abs(x), negligible);
  if (hn::AllFalse(d, rotates)) return false;
  // The tangent of the angle is the smaller root of t^2 + t (at_q - at_p) / x = 1.
  const V difference = hn::Sub(at_q, at_p), twice = hn::Add(x, x), one = hn::Set(d, T(1));
  const V size = hn::Sqrt(hn::MulAdd(difference, difference, hn::Mul(twice, twice)));
  const V sum = hn::IfThenElse(hn::Lt(difference, hn::Zero(d)), hn::Sub(difference, size),
                               hn::Add(difference, size));
  const V t = hn::IfThenElseZero(rotates, hn::Div(twice, sum));
  const V secant = hn::Sqrt(hn::MulAdd(t, t, one));
  rotation->sine = hn::Div(t, secant);
  rotation->tangent = hn::Div(t, hn::Add(one, secant));
  s.diagonal.Set(p, 0, hn::NegMulAdd(t, x, at_p));
  s.diagonal.Set(q, 0, hn::MulAdd(t, x, at_q));
  s.a.Set(q, p, hn::IfThenZeroElse(rotates, x));
  return true;
}

// x, y = x cosine - y sine, x sine + y cosine, by three shears: three products of each pair,
// where the matrix has four.
template <class T>
HWY_INLINE void ApplyRotation(const Symmetric<T>& s, const Rotation<T>& rotation) {
  // Copies, which no store can change.
  const Grid<T> a = s.a, v = s.v;
  const auto sine = rotation.sine, tangent = rotation.tangent;
  const int64_t p = rotation.p, q = rotation.q, n = s.n;
  auto rotate = [&](const Grid<T>& grid, int64_t i, int64_t j, int64_t k, int64_t l) HWY_ATTR {
    auto x = grid.Get(i, j), y = grid.Get(k, l);
    x = hn::NegMulAdd(tangent, y, x);
    y = hn::MulAdd(sine, x, y);
    grid.Set(i, j, hn::NegMulAdd(tangent, y, x));
    grid.Set(k, l, y);
  };
  for (int64_t i = 0; i < p; ++i) rotate(a, p, i, q, i);
  for (int64_t i = p + 1; i < q; ++i) rotate(a, i, p, q, i);
  for (int64_t i = q + 1; i < n; ++i) rotate(a, i, p, i, q);
  for (int64_t i = 0; s.has_vectors && i < n; ++i) rotate(v, p, i, q, i);
}

// Rotations until no element beside the diagonal is more than `negligible`. Pairs (p, q) whose
// p + q is the same modulo n have no index in common: their rotations commute, and those
// roots and quotients, one of which waits for the other, are found at once.
template <class T>
void Diagonalize(const Symmetric<T>& s, typename Grid<T>::V negligible) {
  Rotation<T> rotations[kSmallMatrix / 2];
  bool rotates = true;
  for (int sweep = 0; rotates && sweep < kMostSweeps; ++sweep) {
    rotates = false;
    for (int64_t sum = 0; sum < s.n; ++sum) {
      int count = 0;
      for (int64_t p = 0; p < s.n; ++p) {
        const int64_t q = p <= sum ? sum - p : sum - p + s.n;
        if (q <= p) continue;
        rotations[count].p = p;
        rotations[count].q = q;
        count += MakeRotation(s, negligible, &rotations[count]);
      }
      for (int r = 0; r < count; ++r) ApplyRotation(s, rotations[r]);
      rotates = rotates || count > 0;
    }
  }
}

// Ascending, by exchanges of neighbours.
template <class T>
void Sort(const Symmetric<T>& s) {
  const hn::ScalableTag<T> d;
  for (int64_t end = s.n; end-- > 1;) {
    for (int64_t j = 0; j < end; ++j) {
      const auto swaps = hn::Gt(s.diagonal.Get(j, 0), s.diagonal.Get(j + 1, 0));
      if (hn::AllFalse(d, swaps)) continue;
      auto swap = [&](const Grid<T>& x, int64_t i0, int64_t j0, int64_t i1, int64_t j1) HWY_ATTR {
        const auto x0 = x.Get(i0, j0), x1 = x.Get(i1, j1);
        x.Set(i0, j0, hn::IfThenElse(swaps, x1, x0));
        x.Set(i1, j1, hn::IfThenElse(swaps, x0, x1));
      };
      swap(s.diagonal, j, 0, j + 1, 0);
      for (int64_t i = 0; s.has_vectors && i < s.n; ++i) swap(s.v, j, i, j + 1, i);
    }
  }
}

// The largest magnitude; which lanes are finite is told.
template <class T>
typename Grid<T>::V FindLargest(const Symmetric<T>& s, SmallEigenGroup<T>& group) {
  using V = typename Grid<T>::V;
  const hn::ScalableTag<T> d;
  const V most = hn::Set(d, std::numeric_limits<T>::max());
  V largest = hn::Zero(d);
  auto is_finite = hn::Eq(largest, largest);
  for (int64_t i = 0; i < s.n; ++i) {
    for (int64_t j = 0; j <= i; ++j) {
      const V size = hn::Abs(s.a.Get(i, j));
      is_finite = hn::And(is_finite, hn::Le(size, most));
      largest = hn::Max(largest, size);
    }
  }
  HWY_ALIGN T told[kMostLanes];
  hn::Store(hn::IfThenElseZero(is_finite, hn::Set(d, T(1))), d, told);
  for (int64_t l = 0; l < group.count; ++l) group.is_finite[l] = told[l] != 0;
  return largest;
}

template <class T>
void GroupSymmetric(SmallEigenGroup<T>& group) {
  using V = typename Grid<T>::V;
  const hn::ScalableTag<T> d;
  const int64_t n = group.n;
  T* const v = group.memory + n * n * kMostLanes;
  T* const diagonal = v + n * n * kMostLanes;
  const Grid<T> rows(group.memory, n);
  const Symmetric<T> s{n, group.upper ? rows.Transposed() : rows, Grid<T>(diagonal, 1),
                       Grid<T>(v, n), group.has_vectors};
  Lanes<T>::Gather(group.a, group.count, n * n, group.memory);
  const PowerScale<T> scale(FindLargest(s, group));
  V squares = hn::Zero(d);
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j <= i; ++j) {
      const V x = hn::Mul(s.a.Get(i, j), scale.factor);
      s.a.Set(i, j, x);
      squares = hn::MulAdd(x, x, squares);
    }
    s.diagonal.Set(i, 0, s.a.Get(i, i));
    for (int64_t j = 0; group.has_vectors && j < n; ++j) s.v.Set(i, j, hn::Set(d, T(i == j)));
  }
  // All that is left is then less than a rounding error of the matrix. Beside what is not finite
  // everything is negligible, and that lane waits for the others.
  const T share = std::numeric_limits<T>::epsilon() / static_cast<T>(n);
  Diagonalize(s, hn::Mul(hn::Sqrt(squares), hn::Set(d, share)));
  Sort(s);
  // A rotation by no angle, for the sake of other lanes, may make a zero positive: so are all.
  const V zero = hn::Zero(d);
  for (int64_t i = 0; i < n; ++i) {
    s.diagonal.Set(i, 0, hn::MulAdd(s.diagonal.Get(i, 0), scale.reciprocal, zero));
    for (int64_t j = 0; group.has_vectors && j < n; ++j) {
      rows.Set(i, j, hn::Add(s.v.Get(j, i), zero));
    }
  }
  Lanes<T>::Scatter(group.values, group.count, n, diagonal, /*streams=*/false);
  if (group.has_vectors)
    Lanes<T>::Scatter(group.vectors, group.count, n * n, group.memory, group.streams);
}

template <class T>
const SmallEigenKernels<T>* Kernels() {
  static const SmallEigenKernels<T> kernels = {kTile<T>, GroupSymmetric<T>};
  return &kernels;
}

const SmallEigenKernels<float>* F32() { return Kernels<float>(); }
const SmallEigenKernels<double>* F64() { return Kernels<double>(); }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace otium::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace otium::cpu {
OTIUM_BEST_REAL_KERNELS(SmallEigenKernels)
}  // namespace otium::cpu
#endif  // HWY_ONCE
