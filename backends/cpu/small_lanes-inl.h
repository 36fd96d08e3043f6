// SPDX-License-Identifier: Apache-2.0
//
// Small matrices to lanes of vectors and back, and what they are there. No ordinary guard: each
// target includes this once.
//
// Tested by tests/cpu/small_matrices_test.cc.

#if defined(OTIUM_BACKENDS_CPU_SMALL_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef OTIUM_BACKENDS_CPU_SMALL_LANES_INL_H_
#undef OTIUM_BACKENDS_CPU_SMALL_LANES_INL_H_
#else
#define OTIUM_BACKENDS_CPU_SMALL_LANES_INL_H_
#endif

#include <algorithm>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "backends/cpu/simd_transpose-inl.h"
#include "backends/cpu/small_matrices.h"
#include "hwy/cache_control.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace otium::cpu::HWY_NAMESPACE {
namespace {

// Arrays of `elements` numbers of each of `count` matrices, and their lanes: element e of
// matrix l is at lanes[e * kTile + l]. A tile is as many elements of as many matrices; the
// last one overlaps the one before.
template <class T>
struct Lanes {
  static constexpr int64_t kLanes = kTile<T>;
  using D = hn::ScalableTag<T>;
  using V = hn::Vec<D>;

  // Lanes without a matrix repeat the last one.
  static void Gather(const T* const* matrices, int64_t count, int64_t elements, T* lanes) {
    const D d;
    const T* from[kLanes];
    for (int64_t l = 0; l < kLanes; ++l) from[l] = matrices[std::min(l, count - 1)];
    ForTiles(elements, [&](int64_t e) HWY_ATTR {
      V v[kLanes];
      HWY_UNROLL(16)
      for (int64_t l = 0; l < kLanes; ++l) v[l] = hn::LoadU(d, from[l] + e);
      TransposeTile(d, v);
      HWY_UNROLL(16)
      for (int64_t l = 0; l < kLanes; ++l) hn::Store(v[l], d, lanes + (e + l) * kLanes);
    });
    if (elements >= kLanes) return;
    for (int64_t e = 0; e < elements; ++e) {
      for (int64_t l = 0; l < kLanes; ++l) lanes[e * kLanes + l] = from[l][e];
    }
  }

  // Past the caches when `streams`, and where the matrices lie so that this can be.
  static void Scatter(T* const* matrices, int64_t count, int64_t elements, const T* lanes,
                      bool streams) {
    const D d;
    streams = streams && count == kLanes && elements % kLanes == 0;
    for (int64_t l = 0; streams && l < kLanes; ++l) streams = IsAligned(matrices[l]);
    ForTiles(elements, [&](int64_t e) HWY_ATTR {
      V v[kLanes];
      HWY_UNROLL(16)
      for (int64_t l = 0; l < kLanes; ++l) v[l] = hn::Load(d, lanes + (e + l) * kLanes);
      TransposeTile(d, v);
      if (streams) {
        HWY_UNROLL(16)
        for (int64_t l = 0; l < kLanes; ++l) hn::Stream(v[l], d, matrices[l] + e);
      } else if (count == kLanes) {
        HWY_UNROLL(16)
        for (int64_t l = 0; l < kLanes; ++l) hn::StoreU(v[l], d, matrices[l] + e);
      } else {
        for (int64_t l = 0; l < count; ++l) hn::StoreU(v[l], d, matrices[l] + e);
      }
    });
    if (elements >= kLanes) return;
    for (int64_t e = 0; e < elements; ++e) {
      for (int64_t l = 0; l < count; ++l) matrices[l][e] = lanes[e * kLanes + l];
    }
  }

 private:
  static bool IsAligned(const T* p) {
    return reinterpret_cast<uintptr_t>(p) % (kLanes * sizeof(T)) == 0;
  }

  template <class Body>
  static HWY_INLINE void ForTiles(int64_t elements, const Body& body) {
    int64_t e = 0;
    for (; e + kLanes <= elements; e += kLanes) body(e);
    if (e < elements && elements >= kLanes) body(elements - kLanes);
  }
};

// Element (i, j) of all matrices of a group.
template <class T>
class Grid {
 public:
  using D = hn::ScalableTag<T>;
  using V = hn::Vec<D>;
  Grid(T* data, int64_t columns) : Grid(data, columns * kTile<T>, kTile<T>) {}

  Grid Transposed() const { return Grid(data_, column_, row_); }
  V Get(int64_t i, int64_t j) const { return hn::Load(D(), data_ + i * row_ + j * column_); }
  void Set(int64_t i, int64_t j, V v) const { hn::Store(v, D(), data_ + i * row_ + j * column_); }

 private:
  Grid(T* data, int64_t row_stride, int64_t column_stride)
      : data_(data), row_(row_stride), column_(column_stride) {}

  T* data_;
  int64_t row_, column_;  // Strides.
};

// Tiles of columns: body(std::integral_constant<int, C>(), j) for columns j to j + C.
template <class Body>
HWY_INLINE void ForColumns(int64_t begin, int64_t end, const Body& body) {
  int64_t j = begin;
  for (; j + 4 <= end; j += 4) body(std::integral_constant<int, 4>(), j);
  for (; j < end; ++j) body(std::integral_constant<int, 1>(), j);
}

// The power of two of each lane with which numbers of at most `largest` are below 4, and the
// largest is about 1: no rounding, and squares are in the range. It is of `largest` alone,
// which may be zero or infinite.
template <class T>
struct PowerScale {
  using D = hn::ScalableTag<T>;
  using V = hn::Vec<D>;
  explicit PowerScale(V largest) {
    const D d;
    const hn::RebindToUnsigned<D> bits;
    constexpr T kMin = std::numeric_limits<T>::min();
    // Infinity has the bits of the exponent; those of a power and its reciprocal have one sum.
    reciprocal = hn::And(hn::Clamp(largest, hn::Set(d, kMin), hn::Set(d, 1 / kMin)),
                         hn::Set(d, std::numeric_limits<T>::infinity()));
    const auto sum =
        hn::Add(hn::BitCast(bits, hn::Set(d, T(1))), hn::BitCast(bits, hn::Set(d, T(1))));
    factor = hn::BitCast(d, hn::Sub(sum, hn::BitCast(bits, reciprocal)));
  }
  V factor, reciprocal;
};

// What the next group will read, asked for column by column while this one is factored:
// by themselves so many short streams are found late, and all at once they are waited for.
// Cholesky of 10,000 f64 16 x 16 takes 1.05 ms, 1.35 with all of it before the first
// column. Batches are taken to lie one matrix after the other, as most do.
template <class T>
class Ahead {
 public:
  explicit Ahead(const SmallGroup<T>& group)
      : n_(group.n), next_(group.a[0] + kTile<T> * n_ * n_) {}
  void Column(int64_t k) const {
    for (int64_t i = 0; i < n_; ++i) hwy::Prefetch(next_ + (k * n_ + i) * kTile<T>);
  }

 private:
  const int64_t n_;
  const T* const next_;
};

}  // namespace
}  // namespace otium::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // OTIUM_BACKENDS_CPU_SMALL_LANES_INL_H_
