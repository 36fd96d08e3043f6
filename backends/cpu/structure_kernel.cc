// SPDX-License-Identifier: Apache-2.0

#include "backends/cpu/structure_kernel.h"

#include <algorithm>
#include <cmath>

#include "backends/cpu/simd_dispatch.h"
#include "backends/cpu/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/structure_kernel.cc"
#include "hwy/foreach_target.h"  // Must come before highway.h.

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace otium::cpu {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

template <class T>
bool AllZero(const T* x, int64_t n) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    if (!hn::AllTrue(d, hn::Eq(hn::LoadU(d, x + i), hn::Zero(d)))) return false;
  }
  for (; i < n; ++i) {
    if (x[i] != T(0)) return false;
  }
  return true;
}

template <class T>
RowDifference<T> Compare(const T* x, const T* y, int64_t n, bool conjugate) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  // Numbers that are not finite make 0 * x NaN, which a sum keeps and a maximum need not.
  auto magnitudes = hn::Zero(d), differences = hn::Zero(d), zeros = hn::Zero(d);
  // -1 in the lanes of imaginary parts, which vectors of one lane have not.
  const auto one = hn::Set(d, T(1)), sign = conjugate ? hn::OddEven(hn::Neg(one), one) : one;
  int64_t i = 0;
  for (; i + lanes <= n && lanes > 1; i += lanes) {
    const auto a = hn::LoadU(d, x + i), b = hn::Mul(sign, hn::LoadU(d, y + i));
    magnitudes = hn::Max(magnitudes, hn::Max(hn::Abs(a), hn::Abs(b)));
    differences = hn::Max(differences, hn::Abs(hn::Sub(a, b)));
    zeros = hn::MulAdd(hn::Zero(d), a, hn::MulAdd(hn::Zero(d), b, zeros));
  }
  RowDifference<T> r{hn::GetLane(hn::MaxOfLanes(d, magnitudes)),
                     hn::GetLane(hn::MaxOfLanes(d, differences))};
  T zero = hn::GetLane(hn::SumOfLanes(d, zeros));
  for (; i < n; ++i) {
    const T b = conjugate && i % 2 == 1 ? -y[i] : y[i];
    r.magnitude = std::max({r.magnitude, std::abs(x[i]), std::abs(b)});
    r.difference = std::max(r.difference, std::abs(x[i] - b));
    zero += T(0) * x[i] + T(0) * b;
  }
  r.magnitude += zero;
  return r;
}

template <class T>
const StructureKernels<T>* Kernels() {
  static const StructureKernels<T> kernels = {AllZero<T>, Compare<T>};
  return &kernels;
}

const StructureKernels<float>* F32() { return Kernels<float>(); }
const StructureKernels<double>* F64() { return Kernels<double>(); }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace otium::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace otium::cpu {
OTIUM_BEST_REAL_KERNELS(StructureKernels)
}  // namespace otium::cpu
#endif  // HWY_ONCE
