// SPDX-License-Identifier: Apache-2.0
//
// LU with partial pivoting of a panel, by blocks of columns: a block takes what the columns
// before do to it in registers, tile by tile, and is then factored column by column. No
// ordinary guard: each target includes this once.
//
// Tested by tests/cpu/dense_factor_test.cc.

#if defined(OTIUM_BACKENDS_CPU_LU_PANEL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef OTIUM_BACKENDS_CPU_LU_PANEL_INL_H_
#undef OTIUM_BACKENDS_CPU_LU_PANEL_INL_H_
#else
#define OTIUM_BACKENDS_CPU_LU_PANEL_INL_H_
#endif

#include <algorithm>
#include <cstdint>
#include <utility>

#include "backends/cpu/panel_vectors-inl.h"
#include "backends/cpu/simd_transpose-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace otium::cpu::HWY_NAMESPACE {
namespace {

// Columns are ld apart and begin at a whole vector, and may be read and spoilt up to the
// next one after their end. Tiles of rows are vectors.
template <class T>
struct LuPanel {
  using V = hn::Vec<TagOf<T>>;
  // Columns that are factored together.
  static constexpr int64_t kBlock = std::max<int64_t>(kTile<RealType<T>>, 8);
  // Of them, those whose sums are in registers at once.
  static constexpr int kColumns = HWY_MAX_BYTES == 64 ? 8 : 4;

  T* Column(int64_t j) const { return data + j * ld; }

  int64_t m;
  T* data;
  int64_t ld;
};

template <class T>
void ExchangeRows(const LuPanel<T>& panel, int64_t begin, int64_t end, const int32_t* pivots,
                  int64_t first, int64_t last) {
  for (int64_t j = begin; j < end; ++j) {
    T* const column = panel.Column(j);
    for (int64_t k = first; k < last; ++k) std::swap(column[k], column[pivots[k]]);
  }
}

// sums[v][c] = rows i of columns j - L U, with the first `terms` columns of L and rows of U:
// kVectors vectors of kColumns columns.
template <int kVectors, int kColumns, class T>
HWY_INLINE void SubtractColumns(const LuPanel<T>& panel, int64_t i, int64_t j, int64_t terms,
                                typename LuPanel<T>::V (&sums)[kVectors][kColumns]) {
  const hn::ScalableTag<T> d;
  const int64_t lanes = kTile<T>;
  HWY_UNROLL(4)
  for (int v = 0; v < kVectors; ++v) {
    HWY_UNROLL(8)
    for (int c = 0; c < kColumns; ++c) {
      sums[v][c] = hn::Load(d, panel.Column(j + c) + i + v * lanes);
    }
  }
  const T* L = panel.data + i;
  const T* U = panel.Column(j);
  for (int64_t k = 0; k < terms; ++k, L += panel.ld, ++U) {
    hn::Vec<decltype(d)> of_l[kVectors];
    HWY_UNROLL(4)
    for (int v = 0; v < kVectors; ++v) of_l[v] = hn::Load(d, L + v * lanes);
    HWY_UNROLL(8)
    for (int c = 0; c < kColumns; ++c) {
      const auto of_u = hn::Set(d, U[c * panel.ld]);
      HWY_UNROLL(4)
      for (int v = 0; v < kVectors; ++v) sums[v][c] = hn::NegMulAdd(of_l[v], of_u, sums[v][c]);
    }
  }
}

template <int kVectors, int kColumns, class T>
HWY_INLINE void StoreColumns(const LuPanel<T>& panel, int64_t i, int64_t j,
                             const typename LuPanel<T>::V (&sums)[kVectors][kColumns]) {
  const hn::ScalableTag<T> d;
  HWY_UNROLL(4)
  for (int v = 0; v < kVectors; ++v) {
    HWY_UNROLL(8)
    for (int c = 0; c < kColumns; ++c) {
      hn::Store(sums[v][c], d, panel.Column(j + c) + i + v * kTile<T>);
    }
  }
}

// What the first `terms` columns, which are factored, do to columns j to j + kColumns.
template <int kColumns, class T>
HWY_INLINE void UpdateColumns(const LuPanel<T>& panel, int64_t terms, int64_t j) {
  const hn::ScalableTag<T> d;
  using V = typename LuPanel<T>::V;
  const int64_t lanes = kTile<T>;
  for (int64_t i = 0; i < terms; i += lanes) {
    V x[1][kColumns];
    SubtractColumns(panel, i, j, i, x);
    // The triangle of L in these rows.
    for (int64_t k = 0; k + 1 < lanes; ++k) {
      const V of_l = hn::Load(d, panel.Column(i + k) + i);
      const auto above = hn::FirstN(d, static_cast<size_t>(k + 1));
      const auto lane = hn::IndicesFromVec(d, hn::Set(hn::RebindToUnsigned<decltype(d)>(), k));
      HWY_UNROLL(8)
      for (int c = 0; c < kColumns; ++c) {
        const V less = hn::NegMulAdd(of_l, hn::TableLookupLanes(x[0][c], lane), x[0][c]);
        x[0][c] = hn::IfThenElse(above, x[0][c], less);
      }
    }
    StoreColumns(panel, i, j, x);
  }
  int64_t i = terms;
  for (; i + lanes < panel.m; i += 2 * lanes) {
    V x[2][kColumns];
    SubtractColumns(panel, i, j, terms, x);
    StoreColumns(panel, i, j, x);
  }
  if (i < panel.m) {
    V x[1][kColumns];
    SubtractColumns(panel, i, j, terms, x);
    StoreColumns(panel, i, j, x);
  }
}

// Column k over its pivot, below row k; multiples of that are taken from the columns after
// it, up to `end`.
template <class T>
void EliminateBelow(const LuPanel<T>& panel, int64_t k, int64_t end) {
  const TagOf<T> d;
  const int64_t lanes = LanesOf<T>(), first = k / lanes * lanes;
  const auto above = hn::FirstN(d, static_cast<size_t>((k + 1 - first) * RealOf<T>::kParts));
  T* const L = panel.Column(k);
  const T pivot = L[k];
  if (pivot == T(0)) {
    // A column of zeros stays as it is.
  } else if (HasNoReciprocal(pivot)) {
    DivideEach(pivot, L + k + 1, panel.m - k - 1);
  } else {
    const T factor = Reciprocal(pivot);
    for (int64_t i = first; i < panel.m; i += lanes) {
      const auto x = hn::Load(d, Parts(L + i)), quotient = Scale(d, x, factor);
      hn::Store(i == first ? hn::IfThenElse(above, x, quotient) : quotient, d, Parts(L + i));
    }
  }
  for (int64_t j = k + 1; j < end; ++j) {
    T* const column = panel.Column(j);
    const auto re = hn::Set(d, std::real(column[k])), im = hn::Set(d, std::imag(column[k]));
    for (int64_t i = first; i < panel.m; i += lanes) {
      const auto x = hn::Load(d, Parts(column + i)), of_l = hn::Load(d, Parts(L + i));
      auto less = hn::NegMulAdd(of_l, re, x);
      if constexpr (RealOf<T>::kComplex) less = hn::NegMulAdd(TimesI(d, of_l), im, less);
      hn::Store(i == first ? hn::IfThenElse(above, x, less) : less, d, Parts(column + i));
    }
  }
}

// Columns begin to end, to which all is done that those before do. Gives the first k, from 1,
// where the pivot is zero, or 0.
template <class T>
int64_t FactorColumns(const LuPanel<T>& panel, int64_t begin, int64_t end, int32_t* pivots) {
  int64_t code = 0;
  for (int64_t k = begin; k < end; ++k) {
    pivots[k] = static_cast<int32_t>(FindPivot(panel.Column(k), k, panel.m));
    ExchangeRows(panel, begin, end, pivots, k, k + 1);
    if (panel.Column(k)[k] == T(0) && code == 0) code = k + 1;
    EliminateBelow(panel, k, end);
  }
  return code;
}

// Block by block: what the columns before do to its columns, then column by column.
template <class T>
int64_t FactorLuPanel(int64_t m, int64_t n, T* data, int64_t ld, int32_t* pivots) {
  using Panel = LuPanel<T>;
  const Panel panel{m, data, ld};
  int64_t code = 0;
  for (int64_t begin = 0; begin < n; begin += Panel::kBlock) {
    const int64_t end = std::min(begin + Panel::kBlock, n);
    ExchangeRows(panel, begin, end, pivots, 0, begin);
    int64_t j = begin;
    for (; j + Panel::kColumns <= end; j += Panel::kColumns) {
      UpdateColumns<Panel::kColumns>(panel, begin, j);
    }
    for (; j < end; ++j) UpdateColumns<1>(panel, begin, j);
    const int64_t more = FactorColumns(panel, begin, end, pivots);
    if (code == 0) code = more;
    ExchangeRows(panel, 0, begin, pivots, begin, end);
  }
  return code;
}

}  // namespace
}  // namespace otium::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // OTIUM_BACKENDS_CPU_LU_PANEL_INL_H_
