// SPDX-License-Identifier: Apache-2.0

#include "backends/cpu/small_qr.h"

#include <algorithm>
#include <complex>

#include "backends/cpu/simd_dispatch.h"
#include "backends/cpu/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/small_qr.cc"
#include "hwy/foreach_target.h"  // Must come before highway.h.

#include "backends/cpu/small_lanes-inl.h"
#include "backends/cpu/small_reflectors-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace otium::cpu {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// R on and above the diagonal of a, below it the vectors, of reflectors whose adjoints make it.
template <class T>
void FactorQr(const Grid<T>& a, int64_t m, int64_t n, const Grid<T>& tau) {
  // The last row has nothing below it: there is something to do only where it may not be real.
  const int64_t rows = RealOf<T>::kComplex ? m : m - 1;
  if (rows < m && m <= n) tau.SetReal(m - 1, 0, hn::Zero(hn::ScalableTag<RealType<T>>()));
  for (int64_t k = 0; k < std::min(rows, n); ++k) {
    const auto factor = MakeReflector(a, m, k);
    tau.Set(k, 0, factor);
    ApplyReflector(a, m, k, Conjugate(factor), a, k + 1, n);
  }
}

// The first columns of the product of `count` reflectors: the last is applied first, as it
// changes the fewest elements of the identity.
template <class T>
void FormQ(const Grid<T>& a, const Grid<T>& tau, int64_t m, int64_t count, const Grid<T>& q,
           int64_t columns) {
  const hn::ScalableTag<RealType<T>> d;
  const auto zero = Grid<T>::Number::FromReal(hn::Zero(d)),
             one = Grid<T>::Number::FromReal(hn::Set(d, RealType<T>(1)));
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < columns; ++j) q.Set(i, j, i == j ? one : zero);
  }
  for (int64_t k = count; k-- > 0;) {
    const auto factor = tau.Get(k, 0);
    ApplyReflector(a, m, k, factor, q, k + 1, columns);
    q.Set(k, k, Sub(one, factor));
    for (int64_t i = k + 1; i < m; ++i) q.Set(i, k, NegMulAdd(factor, a.Get(i, k), zero));
  }
}

// Where the parts of a group's memory are.
template <class T>
struct Parts {
  explicit Parts(const SmallQrGroup<T>& group)
      : a(group.memory),
        q(a + group.m * group.n * kMostLanes),
        tau(q + group.m * group.columns * kMostLanes) {}

  T *a, *q, *tau;
};

template <class T>
void Factor(const SmallQrGroup<T>& group, const Parts<T>& parts) {
  Lanes<T>::Gather(group.a, group.count, group.m * group.n, parts.a);
  FactorQr(Grid<T>(parts.a, group.n), group.m, group.n, Grid<T>(parts.tau, 1));
}

template <class T>
void GroupQr(SmallQrGroup<T>& group) {
  const hn::ScalableTag<RealType<T>> d;
  const int64_t m = group.m, n = group.n, columns = group.columns;
  const Parts<T> parts(group);
  const Grid<T> a(parts.a, n);
  Factor(group, parts);
  if (group.has_Q) {
    FormQ(a, Grid<T>(parts.tau, 1), m, std::min(m, n), Grid<T>(parts.q, columns), columns);
    Lanes<T>::Scatter(group.q, group.count, m * columns, parts.q, group.streams);
  }
  for (int64_t i = 1; i < columns; ++i) {
    for (int64_t j = 0; j < std::min(i, n); ++j) a.SetReal(i, j, hn::Zero(d));
  }
  Lanes<T>::Scatter(group.r, group.count, columns * n, parts.a, group.streams);
}

template <class T>
void GroupGeqrf(SmallQrGroup<T>& group) {
  const Parts<T> parts(group);
  Factor(group, parts);
  Lanes<T>::Scatter(group.r, group.count, group.m * group.n, parts.a, group.streams);
  Lanes<T>::Scatter(group.tau, group.count, std::min(group.m, group.n), parts.tau,
                    /*streams=*/false);
}

template <class T>
const SmallQrKernels<T>* Kernels() {
  static const SmallQrKernels<T> kernels = {kTile<RealType<T>>, GroupQr<T>, GroupGeqrf<T>};
  return &kernels;
}

const SmallQrKernels<float>* F32() { return Kernels<float>(); }
const SmallQrKernels<double>* F64() { return Kernels<double>(); }
const SmallQrKernels<std::complex<float>>* C64() { return Kernels<std::complex<float>>(); }
const SmallQrKernels<std::complex<double>>* C128() { return Kernels<std::complex<double>>(); }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace otium::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace otium::cpu {
OTIUM_BEST_REAL_KERNELS(SmallQrKernels)
OTIUM_BEST_COMPLEX_KERNELS(SmallQrKernels)
}  // namespace otium::cpu
#endif  // HWY_ONCE
