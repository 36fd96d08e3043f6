// SPDX-License-Identifier: Apache-2.0
//
// The microkernels behind gemm_kernel.h, for the target being compiled. No
// ordinary guard: each target includes this once.
//
// Measured on Zen 3 with blocks in cache: 95-99 % of the FMA peak in f32 and
// f64. Writing the loop in assembly, unrolling it and prefetching A gained
// nothing on top: the compilers keep all sums in registers.

#if defined(OTIUM_BACKENDS_CPU_GEMM_KERNEL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef OTIUM_BACKENDS_CPU_GEMM_KERNEL_INL_H_
#undef OTIUM_BACKENDS_CPU_GEMM_KERNEL_INL_H_
#else
#define OTIUM_BACKENDS_CPU_GEMM_KERNEL_INL_H_
#endif

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "backends/cpu/gemm_kernel.h"
#include "backends/cpu/scalar.h"
#include "backends/cpu/simd_complex-inl.h"
#include "backends/cpu/tasks.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace otium::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Registers decide the tile: 6 rows of 2 vectors are 12 sums, which leaves 4 of
// 16 registers for B and the broadcast; AVX-512 has 32. In real rows: a complex
// row is two of them.
#if HWY_CAP_GE512
inline constexpr int kTileRows = 12;
#else
inline constexpr int kTileRows = 6;
#endif
inline constexpr int kTileVectors = 2;

// C tile = alpha * sum + beta * C0 for any strides, by elements.
template <class T>
HWY_NOINLINE void StoreElements(const GemmBlock<T>& g, T* c, const T* c0, int64_t rows,
                                int64_t columns, const T* sum, int64_t sum_row) {
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t j = 0; j < columns; ++j) {
      c[r * g.c_row + j * g.c_col] = ScaleAndAdd(g.alpha, sum[r * sum_row + j], g.beta,
                                                 [&] { return c0[r * g.c0_row + j * g.c0_col]; });
    }
  }
}

#if HWY_TARGET != HWY_SCALAR

// Of a lambda: part of the function around it, whatever the compiler thinks of that.
#undef OTIUM_INLINE_LAMBDA
#define OTIUM_INLINE_LAMBDA HWY_ATTR __attribute__((always_inline))

// f(std::integral_constant<int, 0>()), ... up to kCount - 1. Unlike a loop that is
// unrolled, this is straight code from the start, so that arrays of sums indexed by
// it are registers: GCC 12 kept a copy of the tile in memory otherwise, which took a
// tenth of the time of a tile 256 deep.
template <int kCount, class F>
HWY_INLINE void Unrolled(F&& f) {
  [&]<int... kIndex>(std::integer_sequence<int, kIndex...>) OTIUM_INLINE_LAMBDA {
    (f(std::integral_constant<int, kIndex>()), ...);
  }
  (std::make_integer_sequence<int, kCount>());
}

// Memory that is wanted soon and asked for meanwhile: a cache line after every
// `steps` steps of k. All of it at once, before the loop, would wait for the few
// lines that a core can have under way: that took 4 % of f32 and 9 % of f64.
struct Ahead {
  const char* line;
  int64_t steps;
};

// Column l of A (real rows, `row` apart in pairs when complex) times row l of B,
// added up over l. kRows real rows; kStep is 1, or 2 where real rows come in
// pairs (re, im) so that row r lies at (r / 2) * row + r % 2.
template <int kRows, int kVectors, int kStep, class D, class T = hn::TFromD<D>>
HWY_INLINE void Accumulate(D d, int64_t k, const T* HWY_RESTRICT a, int64_t row, int64_t col,
                           const T* HWY_RESTRICT b, int64_t b_row, Ahead ahead,
                           hn::Vec<D> (&sum)[kRows][kVectors]) {
  constexpr int64_t kLanes = hn::MaxLanes(d);
  Unrolled<kRows>([&](auto r) OTIUM_INLINE_LAMBDA {
    Unrolled<kVectors>([&](auto v) OTIUM_INLINE_LAMBDA { sum[r][v] = hn::Zero(d); });
  });
  for (int64_t l = 0; l < k;) {
    const int64_t end = std::min(k, l + ahead.steps);
    for (; l < end; ++l) {
      hn::Vec<D> bv[kVectors];
      Unrolled<kVectors>([&](auto v) OTIUM_INLINE_LAMBDA { bv[v] = hn::LoadU(d, b + v * kLanes); });
      Unrolled<kRows>([&](auto r) OTIUM_INLINE_LAMBDA {
        const hn::Vec<D> av = hn::Set(d, a[(r / kStep) * row + r % kStep]);
        Unrolled<kVectors>(
            [&](auto v) OTIUM_INLINE_LAMBDA { sum[r][v] = hn::MulAdd(av, bv[v], sum[r][v]); });
      });
      a += col;
      b += b_row;
    }
    __builtin_prefetch(ahead.line, /*write=*/0, /*locality=*/2);
    ahead.line += 64;
  }
}

// The sums of a tile as elements of A * B: for complex, from those with re(a)
// and im(a) and the two conjugations. conj(a) b changes the sign of the second;
// a conj(b) is conj(conj(a) b), whose zeros are those that the sum of a conj(b)
// would end in, never -0, by adding 0.
template <class T, int kRows, int kVectors, class D>
HWY_INLINE void Combine(D d, bool conj_a, bool conj_b, hn::Vec<D> (&sum)[kRows][kVectors]) {
  if constexpr (RealOf<T>::kComplex) {
    const hn::Vec<D> times_i = conj_a != conj_b ? ImagSigns(d) : RealSigns(d);
    const hn::Vec<D> conj = conj_b ? ImagSigns(d) : hn::Zero(d);
    Unrolled<kRows / 2>([&](auto r) OTIUM_INLINE_LAMBDA {
      Unrolled<kVectors>([&](auto v) OTIUM_INLINE_LAMBDA {
        const hn::Vec<D> im = hn::Xor(hn::Reverse2(d, sum[2 * r + 1][v]), times_i);
        sum[r][v] = hn::Add(hn::Xor(hn::Add(sum[2 * r][v], im), conj), hn::Zero(d));
      });
    });
  }
}

// One vector of C0, or its first `count` lanes: a row of it, or one element for
// all columns.
template <class T, bool kWhole, class D>
HWY_INLINE hn::Vec<D> LoadC0(D d, const T* c0, bool broadcast, size_t count) {
  if (!broadcast) {
    const auto* from = reinterpret_cast<const hn::TFromD<D>*>(c0);
    return kWhole ? hn::LoadU(d, from) : hn::MaskedLoad(hn::FirstN(d, count), d, from);
  }
  if constexpr (RealOf<T>::kComplex) {
    return SetComplex(d, *c0);
  } else {
    return hn::Set(d, *c0);
  }
}

// C tile = alpha * sum + beta * C0, along rows. kWhole: the tile's columns fill its
// vectors; otherwise the last vector has `last` lanes.
template <class T, int kRows, int kVectors, bool kWhole, int kSums, class D>
HWY_INLINE void StoreVectors(D d, const GemmBlock<T>& g, T* c, const T* c0, size_t last,
                             hn::Vec<D> (&sum)[kSums][kVectors]) {
  using R = hn::TFromD<D>;
  constexpr int64_t kLanes = hn::MaxLanes(d) * sizeof(R) / sizeof(T);
  const bool broadcast = g.c0_col == 0;
  Unrolled<kRows>([&](auto r) OTIUM_INLINE_LAMBDA {
    Unrolled<kVectors>([&](auto v) OTIUM_INLINE_LAMBDA {
      constexpr bool kAll = kWhole || v < kVectors - 1;
      hn::Vec<D> x = sum[r][v];
      if (g.alpha != T(1)) x = Scale(d, x, g.alpha);
      if (g.beta != T(0)) {
        const T* const from = c0 + r * g.c0_row + (broadcast ? 0 : v * kLanes);
        hn::Vec<D> y = LoadC0<T, kAll>(d, from, broadcast, last);
        if (g.beta != T(1)) y = Scale(d, y, g.beta);
        x = hn::Add(x, y);
      }
      R* const to = reinterpret_cast<R*>(c + r * g.c_row + v * kLanes);
      if constexpr (kAll) {
        hn::StoreU(x, d, to);
      } else {
        hn::BlendedStore(x, hn::FirstN(d, last), d, to);
      }
    });
  });
}

// kRows rows (of T) of one tile; kPacked: A's panel has the packed strides.
template <class T, int kRows, int kVectors, bool kPacked>
HWY_NOINLINE void Tile(const GemmBlock<T>& g, const T* a, const T* b, int64_t b_row, Ahead ahead,
                       T* c, const T* c0, int64_t columns) {
  using R = typename RealOf<T>::type;
  constexpr int kParts = RealOf<T>::kParts;
  const hn::ScalableTag<R> d;
  constexpr int64_t kLanes = hn::MaxLanes(d) / kParts;
  const bool vectors = g.c_col == 1 && (columns == kVectors * kLanes || !HWY_MEM_OPS_MIGHT_FAULT) &&
                       (g.beta == T(0) || g.c0_col == 1 || g.c0_col == 0);
  if (vectors) {
    for (int r = 0; r < kRows; ++r) {
      __builtin_prefetch(c + r * g.c_row, 1);
      __builtin_prefetch(c + r * g.c_row + columns - 1, 1);
    }
  }
  hn::Vec<decltype(d)> sum[kRows * kParts][kVectors];
  Accumulate<kRows * kParts, kVectors, kParts>(
      d, g.k, reinterpret_cast<const R*>(a), kPacked ? kParts : g.a_row * kParts,
      kPacked ? kTileRows : g.a_col * kParts, reinterpret_cast<const R*>(b), b_row * kParts, ahead,
      sum);
  Combine<T>(d, g.conj_a, g.conj_b, sum);
  if (vectors) {
    const size_t last = kParts * static_cast<size_t>(columns - (kVectors - 1) * kLanes);
    if (columns == kVectors * kLanes)
      return StoreVectors<T, kRows, kVectors, true>(d, g, c, c0, last, sum);
    return StoreVectors<T, kRows, kVectors, false>(d, g, c, c0, last, sum);
  }
  HWY_ALIGN R buffer[kRows * kVectors * hn::MaxLanes(d)];
  Unrolled<kRows>([&](auto r) OTIUM_INLINE_LAMBDA {
    Unrolled<kVectors>([&](auto v) OTIUM_INLINE_LAMBDA {
      hn::Store(sum[r][v], d, buffer + (r * kVectors + v) * hn::MaxLanes(d));
    });
  });
  StoreElements(g, c, c0, kRows, columns, reinterpret_cast<const T*>(buffer), kVectors * kLanes);
}

// All tiles of one panel of A, or of all of an unpacked A, against one panel of B.
// Rows that do not fill a tile go in smaller ones.
template <class T, int kVectors, bool kPacked>
HWY_INLINE void PanelTimesPanel(const GemmBlock<T>& g, const T* a, const T* b, int64_t b_row,
                                Ahead ahead, T* c, const T* c0, int64_t rows, int64_t columns) {
  constexpr int kMr = kTileRows / RealOf<T>::kParts;
  constexpr int kOneVectorRows = 8 / RealOf<T>::kParts;
  const int64_t a_row = kPacked ? 1 : g.a_row;
  const auto piece = [&](auto tile, int64_t size) {
    if (rows < size) return;
    tile(g, a, b, b_row, ahead, c, c0, columns);
    rows -= size;
    a += size * a_row;
    c += size * g.c_row;
    c0 += size * g.c0_row;
  };
  // One vector of columns leaves registers for more rows at once than a panel has.
  if constexpr (!kPacked && kVectors == 1 && kMr < kOneVectorRows) {
    while (rows >= kOneVectorRows) piece(Tile<T, kOneVectorRows, 1, false>, kOneVectorRows);
  }
  // Tiles of one or two rows wait for each multiply-add, so 7 and 8 rows are 4 and
  // the rest, not 6 and the rest.
  constexpr int kLeave = !kPacked && kMr == 6 ? 2 : 0;
  while (rows >= kMr && (rows == kMr || rows > kMr + kLeave)) {
    piece(Tile<T, kMr, kVectors, kPacked>, kMr);
  }
  if constexpr (kMr > 8) piece(Tile<T, 8, kVectors, kPacked>, 8);
  if constexpr (kMr == 6) {
    if (rows == 5) return piece(Tile<T, 5, kVectors, kPacked>, 5);
  }
  if constexpr (kMr > 4) piece(Tile<T, 4, kVectors, kPacked>, 4);
  if constexpr (kMr > 4) piece(Tile<T, 4, kVectors, kPacked>, 4);
  if constexpr (kMr > 3) piece(Tile<T, 3, kVectors, kPacked>, 3);
  piece(Tile<T, 2, kVectors, kPacked>, 2);
  piece(Tile<T, 1, kVectors, kPacked>, 1);
}

// The panel of B stays in L1 while the panels of A pass by, out of L2.
template <class T, bool kPacked>
void BlockLoop(const GemmBlock<T>& g) {
  constexpr int kParts = RealOf<T>::kParts;
  constexpr int64_t kMr = kTileRows / kParts;
  constexpr int64_t kLanes = hn::MaxLanes(hn::ScalableTag<typename RealOf<T>::type>()) / kParts;
  constexpr int64_t kNr = kTileVectors * kLanes;
  constexpr int64_t kSize = sizeof(T);
  for (int64_t j = 0; j < g.n; j += kNr) {
    const int64_t columns = std::min(kNr, g.n - j);
    const bool last = g.b_last != nullptr && columns < kNr;
    const T* b = last ? g.b_last : g.b + (j / kNr) * g.b_panel;
    const int64_t b_row = last ? kNr : g.b_row;
    // The next packed panel comes from L3 or memory, and its first use would wait
    // for it: each tile asks for its share of it.
    const char* next = reinterpret_cast<const char*>(g.b + (j / kNr + 1) * g.b_panel);
    const int64_t share = kPacked && g.b_row == kNr && j + kNr < g.n
                              ? CeilDiv(CeilDiv(g.k * kNr * kSize, 64), CeilDiv(g.m, kMr))
                              : 0;
    const int64_t step = kPacked ? kMr : g.m;
    for (int64_t i = 0; i < g.m; i += step, next += 64 * share) {
      const int64_t rows = std::min(step, g.m - i);
      const T* a = g.a + (i / kMr) * g.a_panel;
      T* c = g.c + i * g.c_row + j * g.c_col;
      const T* c0 = g.c0 + i * g.c0_row + j * g.c0_col;
      const Ahead ahead = {share > 0 ? next : reinterpret_cast<const char*>(b),
                           share > 0 ? std::max<int64_t>(1, g.k / share) : g.k};
      if (columns > kLanes) {
        PanelTimesPanel<T, 2, kPacked>(g, a, b, b_row, ahead, c, c0, rows, columns);
      } else {
        PanelTimesPanel<T, 1, kPacked>(g, a, b, b_row, ahead, c, c0, rows, columns);
      }
    }
  }
}

template <class T>
void Block(const GemmBlock<T>& g) {
  constexpr int64_t kMr = kTileRows / RealOf<T>::kParts;
  if (g.a_row == 1 && g.a_col == kMr) {
    BlockLoop<T, true>(g);
  } else {
    BlockLoop<T, false>(g);
  }
}

#else  // HWY_SCALAR: no vectors, and a compiler that makes none for us.

template <class T>
void Block(const GemmBlock<T>& g) {
  constexpr int64_t kMr = kTileRows / RealOf<T>::kParts;
  for (int64_t j = 0; j < g.n; ++j) {
    const int64_t first = j / kTileVectors * kTileVectors;
    const bool last = g.b_last != nullptr && g.n - first < kTileVectors;
    const T* b = last ? g.b_last : g.b + first / kTileVectors * g.b_panel;
    const int64_t b_row = last ? kTileVectors : g.b_row;
    for (int64_t i = 0; i < g.m; ++i) {
      const T* a = g.a + i / kMr * g.a_panel + i % kMr * g.a_row;
      T sum(0);
      for (int64_t l = 0; l < g.k; ++l) {
        const T x = a[l * g.a_col];
        const T y = b[l * b_row + j - first];
        sum += Multiply(g.conj_a ? Conjugate(x) : x, g.conj_b ? Conjugate(y) : y);
      }
      StoreElements(g, g.c + i * g.c_row + j * g.c_col, g.c0 + i * g.c0_row + j * g.c0_col, 1, 1,
                    &sum, 1);
    }
  }
}

#endif  // HWY_TARGET != HWY_SCALAR

}  // namespace otium::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // OTIUM_BACKENDS_CPU_GEMM_KERNEL_INL_H_
