// SPDX-License-Identifier: Apache-2.0

#include "backends/cpu/symmetric_kernel.h"

#include <algorithm>

#include "backends/cpu/simd_dispatch.h"
#include "backends/cpu/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/symmetric_kernel.cc"
#include "hwy/foreach_target.h"  // Must come before highway.h.

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace otium::cpu {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// Rows that are read at once, so that of y little is read and written: for each there is a
// sum and an element of x in a register.
constexpr int kAtOnce = 4;

// y += kRows rows of A, of `columns`, times x, and the mirror image of what is left of the
// square.
template <int kRows, class T>
HWY_INLINE void AddRows(int64_t row, int64_t columns, const T* a, int64_t ld, const T* x, T* y) {
  const hn::ScalableTag<T> d;
  using V = hn::Vec<decltype(d)>;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const int64_t square = row / kSymmetricSquare * kSymmetricSquare;
  V sums[kRows], factors[kRows];
  HWY_UNROLL(8)
  for (int r = 0; r < kRows; ++r) {
    sums[r] = hn::Zero(d);
    factors[r] = hn::Set(d, x[row + r]);
  }
  int64_t j = 0;
  for (; j < square; j += lanes) {
    const V xs = hn::LoadU(d, x + j);
    V ys = hn::LoadU(d, y + j);
    HWY_UNROLL(8)
    for (int r = 0; r < kRows; ++r) {
      const V as = hn::LoadU(d, a + r * ld + j);
      sums[r] = hn::MulAdd(as, xs, sums[r]);
      ys = hn::MulAdd(as, factors[r], ys);
    }
    hn::StoreU(ys, d, y + j);
  }
  for (; j < square + kSymmetricSquare; j += lanes) {
    const auto inside = hn::FirstN(d, static_cast<size_t>(std::max<int64_t>(columns - j, 0)));
    const V xs = hn::LoadU(d, x + j);
    HWY_UNROLL(8)
    for (int r = 0; r < kRows; ++r) {
      const V as = hn::IfThenElseZero(inside, hn::LoadU(d, a + r * ld + j));
      sums[r] = hn::MulAdd(as, xs, sums[r]);
    }
  }
  for (int r = 0; r < kRows; ++r) y[row + r] += hn::GetLane(hn::SumOfLanes(d, sums[r]));
}

template <class T>
void MultiplyRows(int64_t begin, int64_t end, const T* a, int64_t ld, const T* x, T* y) {
  const int64_t squares = (end + kSymmetricSquare - 1) / kSymmetricSquare;
  std::fill_n(y, squares * kSymmetricSquare, T(0));
  int64_t i = begin;
  for (; i + kAtOnce <= end; i += kAtOnce) AddRows<kAtOnce>(i, end, a + i * ld, ld, x, y);
  for (; i < end; ++i) AddRows<1>(i, end, a + i * ld, ld, x, y);
}

template <class T>
const SymmetricKernels<T>* Kernels() {
  static const SymmetricKernels<T> kernels = {MultiplyRows<T>};
  return &kernels;
}

const SymmetricKernels<float>* F32() { return Kernels<float>(); }
const SymmetricKernels<double>* F64() { return Kernels<double>(); }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace otium::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace otium::cpu {
OTIUM_BEST_REAL_KERNELS(SymmetricKernels)
}  // namespace otium::cpu
#endif  // HWY_ONCE
