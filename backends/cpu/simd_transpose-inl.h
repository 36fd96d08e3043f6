// SPDX-License-Identifier: Apache-2.0
//
// Square tiles transposed in registers: as many vectors as one has lanes. No ordinary
// guard: each target includes this once.

#if defined(OTIUM_BACKENDS_CPU_SIMD_TRANSPOSE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef OTIUM_BACKENDS_CPU_SIMD_TRANSPOSE_INL_H_
#undef OTIUM_BACKENDS_CPU_SIMD_TRANSPOSE_INL_H_
#else
#define OTIUM_BACKENDS_CPU_SIMD_TRANSPOSE_INL_H_
#endif

#include <cstdint>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace otium::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Rows and columns of a tile.
template <class T>
inline constexpr int64_t kTile = HWY_LANES(T);

#if HWY_TARGET == HWY_SCALAR

template <class D>
HWY_INLINE void TransposeTile(D, hn::Vec<D>*) {}

#else

// Four vectors of f32 (two of f64), each of whose 128-bit blocks is a row, transposed.
template <class D>
HWY_INLINE void TransposeInBlocks(D d, float, hn::Vec<D>* v) {
  const hn::Repartition<double, D> wide;
  const auto low01 = hn::BitCast(wide, hn::InterleaveLower(d, v[0], v[1]));
  const auto high01 = hn::BitCast(wide, hn::InterleaveUpper(d, v[0], v[1]));
  const auto low23 = hn::BitCast(wide, hn::InterleaveLower(d, v[2], v[3]));
  const auto high23 = hn::BitCast(wide, hn::InterleaveUpper(d, v[2], v[3]));
  v[0] = hn::BitCast(d, hn::InterleaveLower(wide, low01, low23));
  v[1] = hn::BitCast(d, hn::InterleaveUpper(wide, low01, low23));
  v[2] = hn::BitCast(d, hn::InterleaveLower(wide, high01, high23));
  v[3] = hn::BitCast(d, hn::InterleaveUpper(wide, high01, high23));
}
template <class D>
HWY_INLINE void TransposeInBlocks(D d, double, hn::Vec<D>* v) {
  const auto low = hn::InterleaveLower(d, v[0], v[1]);
  v[1] = hn::InterleaveUpper(d, v[0], v[1]);
  v[0] = low;
}

// Blocks as elements: as many vectors, kStride apart, as one has blocks.
template <int kStride, class D>
HWY_INLINE void TransposeBlocks(D d, hn::Vec<D>* v) {
#if HWY_MAX_BYTES == 32
  const auto lower = hn::ConcatLowerLower(d, v[kStride], v[0]);
  v[kStride] = hn::ConcatUpperUpper(d, v[kStride], v[0]);
  v[0] = lower;
#elif HWY_MAX_BYTES == 64
  const auto low02 = hn::ConcatLowerLower(d, v[2 * kStride], v[0]);
  const auto low13 = hn::ConcatLowerLower(d, v[3 * kStride], v[kStride]);
  const auto high02 = hn::ConcatUpperUpper(d, v[2 * kStride], v[0]);
  const auto high13 = hn::ConcatUpperUpper(d, v[3 * kStride], v[kStride]);
  v[0] = hn::OddEvenBlocks(hn::SwapAdjacentBlocks(low13), low02);
  v[kStride] = hn::OddEvenBlocks(low13, hn::SwapAdjacentBlocks(low02));
  v[2 * kStride] = hn::OddEvenBlocks(hn::SwapAdjacentBlocks(high13), high02);
  v[3 * kStride] = hn::OddEvenBlocks(high13, hn::SwapAdjacentBlocks(high02));
#else
  static_assert(HWY_MAX_BYTES == 16);
  (void)d, (void)v;
#endif
}

// v[i][j] = v[j][i], of kTile vectors.
template <class D>
HWY_INLINE void TransposeTile(D d, hn::Vec<D>* v) {
  using T = hn::TFromD<D>;
  constexpr int kBlock = 16 / static_cast<int>(sizeof(T));
  HWY_UNROLL(4)
  for (int q = 0; q < kTile<T>; q += kBlock) TransposeInBlocks(d, T(), v + q);
  HWY_UNROLL(4)
  for (int q = 0; q < kBlock; ++q) TransposeBlocks<kBlock>(d, v + q);
}

#endif  // HWY_TARGET

}  // namespace otium::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // OTIUM_BACKENDS_CPU_SIMD_TRANSPOSE_INL_H_
