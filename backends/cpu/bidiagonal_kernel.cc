// SPDX-License-Identifier: Apache-2.0

#include "backends/cpu/bidiagonal_kernel.h"

#include <algorithm>

#include "backends/cpu/simd_dispatch.h"
#include "backends/cpu/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/bidiagonal_kernel.cc"
#include "hwy/foreach_target.h"  // Must come before highway.h.

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace otium::cpu {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// As many sums hide the latency of multiply-adds, and z is read and written once for as
// many columns.
constexpr int kColumns = 8;

template <int kCount, class T>
HWY_INLINE void ReflectColumns(int64_t m, const T* a, int64_t ld, const T* v, T tau, int64_t first,
                               T* y, T* r, T* z) {
  const hn::CappedTag<T, kColumnBytes / sizeof(T)> d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  hn::Vec<decltype(d)> vectors[kCount];
  HWY_UNROLL(8)
  for (int c = 0; c < kCount; ++c) vectors[c] = hn::Zero(d);
  for (int64_t i = 0; i < m; i += lanes) {
    const auto vi = hn::Load(d, v + i);
    HWY_UNROLL(8)
    for (int c = 0; c < kCount; ++c) {
      vectors[c] = hn::MulAdd(hn::Load(d, a + c * ld + i), vi, vectors[c]);
    }
  }
  HWY_UNROLL(8)
  for (int c = 0; c < kCount; ++c) {
    y[c] = tau * (hn::GetLane(hn::SumOfLanes(d, vectors[c])) - y[c]);
    r[c] = a[c * ld + first] - r[c] - y[c];
    vectors[c] = hn::Set(d, r[c]);
  }
  for (int64_t i = 0; i < m; i += lanes) {
    auto sum = hn::Load(d, z + i);
    HWY_UNROLL(8)
    for (int c = 0; c < kCount; ++c) {
      sum = hn::MulAdd(hn::Load(d, a + c * ld + i), vectors[c], sum);
    }
    hn::Store(sum, d, z + i);
  }
}

template <class T>
void Reflect(int64_t m, int64_t n, const T* a, int64_t ld, const T* v, T tau, int64_t first, T* y,
             T* r, T* z) {
  std::fill_n(z, m, T(0));
  int64_t j = 0;
  for (; j + kColumns <= n; j += kColumns) {
    ReflectColumns<kColumns>(m, a + j * ld, ld, v, tau, first, y + j, r + j, z);
  }
  for (; j < n; ++j) ReflectColumns<1>(m, a + j * ld, ld, v, tau, first, y + j, r + j, z);
}

template <class T>
const BidiagonalKernels<T>* Kernels() {
  static const BidiagonalKernels<T> kernels = {Reflect<T>};
  return &kernels;
}

const BidiagonalKernels<float>* F32() { return Kernels<float>(); }
const BidiagonalKernels<double>* F64() { return Kernels<double>(); }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace otium::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace otium::cpu {
OTIUM_BEST_REAL_KERNELS(BidiagonalKernels)
}  // namespace otium::cpu
#endif  // HWY_ONCE
