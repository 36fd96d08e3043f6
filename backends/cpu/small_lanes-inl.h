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
#include <type_traits>

#include "backends/cpu/simd_transpose-inl.h"
#include "backends/cpu/small_matrices.h"
#include "backends/cpu/small_numbers-inl.h"
#include "hwy/cache_control.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace otium::cpu::HWY_NAMESPACE {
namespace {

// The parts of an array of numbers: a complex one has two.
template <class T>
const RealType<T>* PartsOf(const T* x) {
  return reinterpret_cast<const RealType<T>*>(x);
}
template <class T>
RealType<T>* PartsOf(T* x) {
  return reinterpret_cast<RealType<T>*>(x);
}

// Arrays of `numbers` of each of `count` matrices, and their lanes: part e of those of
// matrix l is at lanes[e * kTile + l]. A tile is as many parts of as many matrices; the
// last one overlaps the one before.
template <class T>
struct Lanes {
  using R = RealType<T>;
  static constexpr int64_t kLanes = kTile<R>;
  using D = hn::ScalableTag<R>;
  using V = hn::Vec<D>;

  // Lanes without a matrix repeat the last one.
  static void Gather(const T* const* matrices, int64_t count, int64_t numbers, T* to) {
    const D d;
    R* const lanes = PartsOf(to);
    const int64_t elements = numbers * RealOf<T>::kParts;
    const R* from[kLanes];
    for (int64_t l = 0; l < kLanes; ++l) from[l] = PartsOf(matrices[std::min(l, count - 1)]);
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
  static void Scatter(T* const* matrices, int64_t count, int64_t numbers, const T* from,
                      bool streams) {
    const D d;
    const R* const lanes = PartsOf(from);
    const int64_t elements = numbers * RealOf<T>::kParts;
    R* to[kLanes];
    for (int64_t l = 0; l < count; ++l) to[l] = PartsOf(matrices[l]);
    streams = streams && count == kLanes && elements % kLanes == 0;
    for (int64_t l = 0; streams && l < kLanes; ++l) streams = IsAligned(to[l]);
    ForTiles(elements, [&](int64_t e) HWY_ATTR {
      V v[kLanes];
      HWY_UNROLL(16)
      for (int64_t l = 0; l < kLanes; ++l) v[l] = hn::Load(d, lanes + (e + l) * kLanes);
      TransposeTile(d, v);
      if (streams) {
        HWY_UNROLL(16)
        for (int64_t l = 0; l < kLanes; ++l) hn::Stream(v[l], d, to[l] + e);
      } else if (count == kLanes) {
        HWY_UNROLL(16)
        for (int64_t l = 0; l < kLanes; ++l) hn::StoreU(v[l], d, to[l] + e);
      } else {
        for (int64_t l = 0; l < count; ++l) hn::StoreU(v[l], d, to[l] + e);
      }
    });
    if (elements >= kLanes) return;
    for (int64_t e = 0; e < elements; ++e) {
      for (int64_t l = 0; l < count; ++l) to[l][e] = lanes[e * kLanes + l];
    }
  }

 private:
  static bool IsAligned(const R* p) {
    return reinterpret_cast<uintptr_t>(p) % (kLanes * sizeof(R)) == 0;
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
  using Number = NumberOf<T>;
  using V = typename Number::type;
  Grid(T* data, int64_t columns) : Grid(PartsOf(data), columns * kElement, kElement) {}

  Grid Transposed() const { return Grid(data_, column_, row_); }
  V Get(int64_t i, int64_t j) const { return Number::Load(data_ + i * row_ + j * column_); }
  void Set(int64_t i, int64_t j, V v) const { Number::Store(v, data_ + i * row_ + j * column_); }
  void SetReal(int64_t i, int64_t j, RealLanes<T> x) const { Set(i, j, Number::FromReal(x)); }

 private:
  using R = RealType<T>;
  static constexpr int64_t kElement = kTile<R> * RealOf<T>::kParts;
  Grid(R* data, int64_t row_stride, int64_t column_stride)
      : data_(data), row_(row_stride), column_(column_stride) {}

  R* data_;
  int64_t row_, column_;  // Strides.
};

// Tiles of columns: body(std::integral_constant<int, C>(), j) for columns j to j + C, of which
// two numbers each, and some more, are in registers.
template <class T, class Body>
HWY_INLINE void ForColumns(int64_t begin, int64_t end, const Body& body) {
  constexpr int kColumns = RealOf<T>::kComplex && HWY_MAX_BYTES < 64 ? 2 : 4;
  int64_t j = begin;
  for (; j + kColumns <= end; j += kColumns) body(std::integral_constant<int, kColumns>(), j);
  for (; j < end; ++j) body(std::integral_constant<int, 1>(), j);
}

// What the next group will read, asked for column by column while this one is factored:
// by themselves so many short streams are found late, and all at once they are waited for.
// Cholesky of 10,000 f64 16 x 16 takes 1.05 ms, 1.35 with all of it before the first
// column. Batches are taken to lie one matrix after the other, as most do.
template <class T>
class Ahead {
 public:
  explicit Ahead(const SmallGroup<T>& group)
      : vectors_(group.n * RealOf<T>::kParts),
        next_(PartsOf(group.a[0]) + kVector * vectors_ * group.n) {}
  void Column(int64_t k) const {
    for (int64_t v = 0; v < vectors_; ++v) hwy::Prefetch(next_ + (k * vectors_ + v) * kVector);
  }

 private:
  static constexpr int64_t kVector = kTile<RealType<T>>;
  const int64_t vectors_;  // Of a column.
  const RealType<T>* const next_;
};

}  // namespace
}  // namespace otium::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // OTIUM_BACKENDS_CPU_SMALL_LANES_INL_H_
