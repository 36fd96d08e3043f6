// SPDX-License-Identifier: Apache-2.0
//
// Packing: rows of A or columns of B regrouped so that the microkernel reads
// them one after the other. Both are one thing, a strip of `width` rows laid out
// column after column; only which stride runs along the strip differs. Elements
// are moved as bits, by size, so c64 shares f64's code.
//
// Where the source runs along k (row-major A, column-major B) the strip is a
// transpose, done in 128-bit squares: 4x4 of 32 bits, 2x2 of 64.

#if defined(OTIUM_BACKENDS_CPU_GEMM_PACK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef OTIUM_BACKENDS_CPU_GEMM_PACK_INL_H_
#undef OTIUM_BACKENDS_CPU_GEMM_PACK_INL_H_
#else
#define OTIUM_BACKENDS_CPU_GEMM_PACK_INL_H_
#endif

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace otium::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET != HWY_SCALAR
// out[l * ld + i] = in[i * stride + l] for i < 4, l < k.
HWY_INLINE void TransposeRows(int64_t k, const uint32_t* HWY_RESTRICT in, int64_t stride,
                              uint32_t* HWY_RESTRICT out, int64_t ld) {
  const hn::FixedTag<uint32_t, 4> d;
  const hn::FixedTag<uint64_t, 2> dw;
  int64_t l = 0;
  for (; l + 4 <= k; l += 4) {
    const auto r0 = hn::LoadU(d, in + l);
    const auto r1 = hn::LoadU(d, in + stride + l);
    const auto r2 = hn::LoadU(d, in + 2 * stride + l);
    const auto r3 = hn::LoadU(d, in + 3 * stride + l);
    const auto lo01 = hn::BitCast(dw, hn::InterleaveLower(d, r0, r1));
    const auto lo23 = hn::BitCast(dw, hn::InterleaveLower(d, r2, r3));
    const auto hi01 = hn::BitCast(dw, hn::InterleaveUpper(d, r0, r1));
    const auto hi23 = hn::BitCast(dw, hn::InterleaveUpper(d, r2, r3));
    hn::StoreU(hn::BitCast(d, hn::InterleaveLower(dw, lo01, lo23)), d, out + l * ld);
    hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(dw, lo01, lo23)), d, out + (l + 1) * ld);
    hn::StoreU(hn::BitCast(d, hn::InterleaveLower(dw, hi01, hi23)), d, out + (l + 2) * ld);
    hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(dw, hi01, hi23)), d, out + (l + 3) * ld);
  }
  for (; l < k; ++l) {
    for (int64_t i = 0; i < 4; ++i) out[l * ld + i] = in[i * stride + l];
  }
}

// The same for i < 2.
HWY_INLINE void TransposeRows(int64_t k, const uint64_t* HWY_RESTRICT in, int64_t stride,
                              uint64_t* HWY_RESTRICT out, int64_t ld) {
  const hn::FixedTag<uint64_t, 2> d;
  int64_t l = 0;
  for (; l + 2 <= k; l += 2) {
    const auto r0 = hn::LoadU(d, in + l);
    const auto r1 = hn::LoadU(d, in + stride + l);
    hn::StoreU(hn::InterleaveLower(d, r0, r1), d, out + l * ld);
    hn::StoreU(hn::InterleaveUpper(d, r0, r1), d, out + (l + 1) * ld);
  }
  for (; l < k; ++l) {
    for (int64_t i = 0; i < 2; ++i) out[l * ld + i] = in[i * stride + l];
  }
}

#endif  // HWY_TARGET != HWY_SCALAR

struct Bits128 {
  uint64_t low, high;
};

template <int kBytes>
struct BitsOf;
template <>
struct BitsOf<4> {
  using type = uint32_t;
};
template <>
struct BitsOf<8> {
  using type = uint64_t;
};
template <>
struct BitsOf<16> {
  using type = Bits128;
};

// out[l * ld + i] = in[i * stride + l * step] for i < width, l < k.
template <class U>
void PackStrip(int64_t width, int64_t k, const U* HWY_RESTRICT in, int64_t stride, int64_t step,
               U* HWY_RESTRICT out, int64_t ld) {
  int64_t i = 0;
#if HWY_TARGET != HWY_SCALAR
  if constexpr (sizeof(U) < 16) {
    constexpr int64_t kSquare = 16 / sizeof(U);
    if (step == 1) {
      for (; i + kSquare <= width; i += kSquare) {
        TransposeRows(k, in + i * stride, stride, out + i, ld);
      }
    }
  }
#endif
  if (i == width) return;
  if (stride == 1) {
    for (int64_t l = 0; l < k; ++l) {
      std::memcpy(out + l * ld + i, in + l * step + i, (width - i) * sizeof(U));
    }
    return;
  }
  for (int64_t l = 0; l < k; ++l) {
    for (int64_t r = i; r < width; ++r) out[l * ld + r] = in[r * stride + l * step];
  }
}

// Strips of kWidth rows, each k * kWidth elements, out of `rows` rows.
template <class T, int kWidth>
void PackStrips(int64_t rows, int64_t k, const T* in, int64_t stride, int64_t step, T* out,
                bool fill) {
  using U = typename BitsOf<sizeof(T)>::type;
  const U* from = reinterpret_cast<const U*>(in);
  U* to = reinterpret_cast<U*>(out);
  for (int64_t i = 0; i < rows; i += kWidth, to += k * kWidth) {
    const int64_t width = std::min<int64_t>(kWidth, rows - i);
    if (width < kWidth) {
      if (fill) std::memset(static_cast<void*>(to), 0, sizeof(U) * k * kWidth);
      PackStrip(width, k, from + i * stride, stride, step, to, kWidth);
    } else {
      PackStrip(int64_t{kWidth}, k, from + i * stride, stride, step, to, kWidth);
    }
  }
}

}  // namespace otium::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // OTIUM_BACKENDS_CPU_GEMM_PACK_INL_H_
