// SPDX-License-Identifier: Apache-2.0

#include "backends/cpu/gemm_kernel.h"

#include <complex>

#include "backends/cpu/simd_dispatch.h"
#include "backends/cpu/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/gemm_kernel.cc"
#include "hwy/foreach_target.h"  // Must come before highway.h.

#include "backends/cpu/gemm_kernel-inl.h"
#include "backends/cpu/gemm_pack-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace otium::cpu::HWY_NAMESPACE {

namespace {

template <class T>
const GemmKernels<T>* Kernels() {
  constexpr int kParts = RealOf<T>::kParts;
  constexpr int kMr = kTileRows / kParts;
  constexpr int kRealLanes = hn::MaxLanes(hn::ScalableTag<typename RealOf<T>::type>());
  constexpr int kLanes = kRealLanes > 1 ? kRealLanes / kParts : 1;
  constexpr int kNr = kTileVectors * kLanes;
  static constexpr GemmKernels<T> kKernels = {
      kMr, kNr, kLanes, Block<T>,
      [](int64_t m, int64_t k, const T* a, int64_t row_stride, int64_t col_stride, T* out) {
        PackStrips<T, kMr>(m, k, a, row_stride, col_stride, out, /*fill=*/false);
      },
      [](int64_t k, int64_t n, const T* b, int64_t row_stride, int64_t col_stride, T* out) {
        PackStrips<T, kNr>(n, k, b, col_stride, row_stride, out, /*fill=*/true);
      }};
  return &kKernels;
}

const GemmKernels<float>* F32() { return Kernels<float>(); }
const GemmKernels<double>* F64() { return Kernels<double>(); }
const GemmKernels<std::complex<float>>* C64() { return Kernels<std::complex<float>>(); }
const GemmKernels<std::complex<double>>* C128() { return Kernels<std::complex<double>>(); }

}  // namespace
}  // namespace otium::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace otium::cpu {
OTIUM_BEST_REAL_KERNELS(GemmKernels)
OTIUM_BEST_COMPLEX_KERNELS(GemmKernels)
}  // namespace otium::cpu
#endif  // HWY_ONCE
