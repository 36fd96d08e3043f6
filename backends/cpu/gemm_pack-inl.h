// SPDX-License-Identifier: Apache-2.0
//
// Packing: rows of A or columns of B regrouped so that the microkernel reads
// them one after the other. Both are one thing, a strip of `width` rows laid out
// column after column; only which stride runs along the strip differs. Elements
// are moved as bits, by size, so c64 shares f64's code.
//
// Where the source runs along k (row-major A, column-major B) a strip is a
// transpose, done in 128-bit vectors and in one pass over the strip: with one
// pass for each few rows, or the last rows one by one, packing took 4 % of a
// product at n = 1000 instead of 2 %.

#if defined(OTIUM_BACKENDS_CPU_GEMM_PACK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef OTIUM_BACKENDS_CPU_GEMM_PACK_INL_H_
#undef OTIUM_BACKENDS_CPU_GEMM_PACK_INL_H_
#else
#define OTIUM_BACKENDS_CPU_GEMM_PACK_INL_H_
#endif

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace otium::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Elements as bits: complex numbers are aligned as their parts are.
struct Bits64 {
  uint32_t low, high;
};
struct Bits128 {
  uint64_t low, high;
};

#if HWY_TARGET != HWY_SCALAR

// out[l * kWidth + i] = in[i * stride + l] for i < kWidth and as many l < k as
// whole vectors of 4 or 2 give; returns how many.
template <int kWidth>
HWY_INLINE int64_t TransposeStrip(int64_t k, const uint32_t* HWY_RESTRICT in, int64_t stride,
                                  uint32_t* HWY_RESTRICT out) {
  const hn::FixedTag<uint32_t, 4> d;
  const hn::FixedTag<uint64_t, 2> dw;
  using W = hn::Vec<decltype(dw)>;
  // Pairs of rows at columns (l, l + 1) and (l + 2, l + 3).
  const auto pair = [&](int64_t i, int64_t l, W& low, W& high) HWY_ATTR {
    const auto r0 = hn::LoadU(d, in + i * stride + l);
    const auto r1 = hn::LoadU(d, in + (i + 1) * stride + l);
    low = hn::BitCast(dw, hn::InterleaveLower(d, r0, r1));
    high = hn::BitCast(dw, hn::InterleaveUpper(d, r0, r1));
  };
  const auto store = [&](W v, uint32_t* to) HWY_ATTR { hn::StoreU(hn::BitCast(d, v), d, to); };
  int64_t l = 0;
  for (; l + 4 <= k; l += 4, out += 4 * kWidth) {
    if constexpr (kWidth == 6) {
      // Two columns of six are three vectors.
      W low0, low2, low4, high0, high2, high4;
      pair(0, l, low0, high0);
      pair(2, l, low2, high2);
      pair(4, l, low4, high4);
      store(hn::InterleaveLower(dw, low0, low2), out);
      store(hn::ConcatUpperLower(dw, low0, low4), out + 4);
      store(hn::InterleaveUpper(dw, low2, low4), out + 8);
      store(hn::InterleaveLower(dw, high0, high2), out + 12);
      store(hn::ConcatUpperLower(dw, high0, high4), out + 16);
      store(hn::InterleaveUpper(dw, high2, high4), out + 20);
    } else {
      static_assert(kWidth % 4 == 0);
      HWY_UNROLL(4)
      for (int i = 0; i < kWidth; i += 4) {
        W low0, low2, high0, high2;
        pair(i, l, low0, high0);
        pair(i + 2, l, low2, high2);
        store(hn::InterleaveLower(dw, low0, low2), out + i);
        store(hn::InterleaveUpper(dw, low0, low2), out + kWidth + i);
        store(hn::InterleaveLower(dw, high0, high2), out + 2 * kWidth + i);
        store(hn::InterleaveUpper(dw, high0, high2), out + 3 * kWidth + i);
      }
    }
  }
  return l;
}

template <int kWidth>
HWY_INLINE int64_t TransposeStrip(int64_t k, const Bits64* HWY_RESTRICT in, int64_t stride,
                                  Bits64* HWY_RESTRICT out) {
  const hn::FixedTag<uint64_t, 2> d;
  const auto words = []<class U>(U* bits) {
    return reinterpret_cast<std::conditional_t<std::is_const_v<U>, const uint64_t*, uint64_t*>>(bits);
  };
  int64_t l = 0;
  for (; l + 2 <= k; l += 2, out += 2 * kWidth) {
    HWY_UNROLL(8)
    for (int i = 0; i + 2 <= kWidth; i += 2) {
      const auto r0 = hn::LoadU(d, words(in + i * stride + l));
      const auto r1 = hn::LoadU(d, words(in + (i + 1) * stride + l));
      hn::StoreU(hn::InterleaveLower(d, r0, r1), d, words(out + i));
      hn::StoreU(hn::InterleaveUpper(d, r0, r1), d, words(out + kWidth + i));
    }
    if constexpr (kWidth % 2 == 1) {
      out[kWidth - 1] = in[(kWidth - 1) * stride + l];
      out[2 * kWidth - 1] = in[(kWidth - 1) * stride + l + 1];
    }
  }
  return l;
}

#endif  // HWY_TARGET != HWY_SCALAR

template <int kBytes>
struct BitsOf;
template <>
struct BitsOf<4> {
  using type = uint32_t;
};
template <>
struct BitsOf<8> {
  using type = Bits64;
};
template <>
struct BitsOf<16> {
  using type = Bits128;
};

// out[l * kWidth + i] = in[i * stride + l * step] for i < width, l < k; `width`
// is kWidth where that is known when compiling.
template <int kWidth, class U, class Width>
HWY_INLINE void PackStrip(Width width, int64_t k, const U* HWY_RESTRICT in, int64_t stride,
                          int64_t step, U* HWY_RESTRICT out) {
  if (stride == 1) {
    for (int64_t l = 0; l < k; ++l) std::memcpy(out + l * kWidth, in + l * step, width * sizeof(U));
    return;
  }
  int64_t l = 0;
#if HWY_TARGET != HWY_SCALAR
  if constexpr (sizeof(U) < 16 && !std::is_integral_v<Width>) {
    if (step == 1) l = TransposeStrip<kWidth>(k, in, stride, out);
  }
#endif
  for (; l < k; ++l) {
    for (int64_t i = 0; i < width; ++i) out[l * kWidth + i] = in[i * stride + l * step];
  }
}

// Strips of kWidth rows, each k * kWidth elements, out of `rows` rows.
template <class T, int kWidth>
void PackStrips(int64_t rows, int64_t k, const T* in, int64_t stride, int64_t step, T* out,
                bool fill) {
  using U = typename BitsOf<sizeof(T)>::type;
  const U* from = reinterpret_cast<const U*>(in);
  U* to = reinterpret_cast<U*>(out);
  const int64_t whole = rows / kWidth;
  // Where the strips lie side by side in memory, some columns of all strips at a
  // time, so that the source is read in long runs.
  constexpr int64_t kSideBySide = 8;
  const int64_t depth = stride == 1 ? kSideBySide : k;
  for (int64_t l = 0; l < k; l += depth) {
    for (int64_t strip = 0; strip < whole; ++strip) {
      PackStrip<kWidth>(std::integral_constant<int64_t, kWidth>(), std::min(depth, k - l),
                        from + strip * kWidth * stride + l * step, stride, step,
                        to + (strip * k + l) * kWidth);
    }
  }
  rows -= whole * kWidth;
  if (rows == 0) return;
  from += whole * kWidth * stride;
  to += whole * kWidth * k;
  if (fill) std::memset(static_cast<void*>(to), 0, sizeof(U) * k * kWidth);
  PackStrip<kWidth>(rows, k, from, stride, step, to);
}

}  // namespace otium::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // OTIUM_BACKENDS_CPU_GEMM_PACK_INL_H_
