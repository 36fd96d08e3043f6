// SPDX-License-Identifier: Apache-2.0
//
// Products of the types without microkernels. Float16 and BFloat16 are widened
// to float once, multiplied by the float kernels and rounded once; the copies
// are O(n^2) beside O(n^3) work. Integers, which wrap around, run through a
// blocked loop that leaves the vectors to the compiler.

#include <algorithm>
#include <cstdint>

#include "backends/cpu/gemm.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/scalar.h"
#include "backends/cpu/scratch.h"
#include "backends/cpu/tasks.h"

namespace otium::cpu {
namespace {

// Elements copied or rounded by one task.
constexpr int64_t kCopyGrain = 1 << 15;

// fn(i, j) for all elements, rows shared among the threads.
template <class F>
void ForElements(int64_t rows, int64_t columns, const F& fn) {
  if (columns == 0) return;
  ParallelForRanges(rows, std::max<int64_t>(1, kCopyGrain / columns),
                    [&](int64_t begin, int64_t end) {
                      for (int64_t i = begin; i < end; ++i) {
                        for (int64_t j = 0; j < columns; ++j) fn(i, j);
                      }
                    });
}

template <class T>
void Widen(const MatrixIn<T>& from, int64_t rows, int64_t columns, float* to) {
  ForElements(rows, columns, [&](int64_t i, int64_t j) {
    to[i * columns + j] = static_cast<float>(from.data[i * from.row_stride + j * from.col_stride]);
  });
}

// The caller's epilogue, on the float tiles.
template <class T>
void ApplyWide(const void* context, const GemmTile<float>& tile) {
  const auto& epilogue = *static_cast<const GemmEpilogue<T>*>(context);
  epilogue.apply(epilogue.context, GemmTile<T>{tile.row, tile.column, tile.rows, tile.columns,
                                               tile.data, tile.row_stride, tile.col_stride});
}

template <class T>
void WidenedGemm(const GemmArgs<T>& args) {
  const int64_t m = args.m, n = args.n, k = args.k;
  const Scratch<float> a(m * k), b(k * n), c(m * n);
  Widen(args.a, m, k, a.data());
  Widen(args.b, k, n, b.data());
  if (args.beta != 0) Widen(args.c0, m, n, c.data());
  GemmArgs<float> wide;
  wide.m = m;
  wide.n = n;
  wide.k = k;
  wide.a = {a.data(), k, 1};
  wide.b = {b.data(), n, 1};
  wide.c0 = {c.data(), n, 1};
  wide.c = {c.data(), n, 1};
  wide.alpha = args.alpha;
  wide.beta = args.beta;
  if (args.epilogue.apply != nullptr) {
    wide.epilogue = {
        .apply = ApplyWide<T>, .context = &args.epilogue, .whole_rows = args.epilogue.whole_rows};
  }
  Gemm(wide);
  ForElements(m, n, [&](int64_t i, int64_t j) {
    args.c.data[i * args.c.row_stride + j * args.c.col_stride] = T(c.data()[i * n + j]);
  });
}

// Columns of B that one row of sums covers: a whole number of vectors for every
// target, and little enough to stay in L1 with all of kDepth rows of B.
constexpr int64_t kWidth = 32;
constexpr int64_t kRows = 64;

template <class T>
void IntegerTile(const GemmArgs<T>& args, Range rows, Range columns, const T* packed) {
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    T sums[kWidth] = {};
    const T* a = args.a.data + i * args.a.row_stride;
    for (int64_t l = 0; l < args.k; ++l) {
      const T element = a[l * args.a.col_stride];
      const T* b = packed + l * kWidth;
      for (int64_t j = 0; j < kWidth; ++j) sums[j] = Add(sums[j], Multiply(element, b[j]));
    }
    for (int64_t j = columns.begin; j < columns.end; ++j) {
      args.c.data[i * args.c.row_stride + j * args.c.col_stride] = ScaleAndAdd(
          args.alpha, sums[j - columns.begin], args.beta,
          [&] { return args.c0.data[i * args.c0.row_stride + j * args.c0.col_stride]; });
    }
  }
  if (args.epilogue.apply == nullptr) return;
  args.epilogue.apply(
      args.epilogue.context,
      GemmTile<T>{rows.begin, columns.begin, rows.size(), columns.size(),
                  args.c.data + rows.begin * args.c.row_stride + columns.begin * args.c.col_stride,
                  args.c.row_stride, args.c.col_stride});
}

template <class T>
void IntegerGemm(const GemmArgs<T>& args) {
  const int64_t strips = CeilDiv(args.n, kWidth);
  const Scratch<T> packed(strips * args.k * kWidth);
  ForElements(strips, args.k, [&](int64_t strip, int64_t l) {
    T* to = packed.data() + (strip * args.k + l) * kWidth;
    const T* from = args.b.data + l * args.b.row_stride + strip * kWidth * args.b.col_stride;
    const int64_t width = std::min(kWidth, args.n - strip * kWidth);
    for (int64_t j = 0; j < kWidth; ++j) to[j] = j < width ? from[j * args.b.col_stride] : T(0);
  });
  const int64_t row_blocks = CeilDiv(args.m, kRows);
  ParallelFor(row_blocks * strips, [&](int64_t task) {
    const int64_t strip = task / row_blocks, block = task % row_blocks;
    IntegerTile(args, {block * kRows, std::min(args.m, (block + 1) * kRows)},
                {strip * kWidth, std::min(args.n, (strip + 1) * kWidth)},
                packed.data() + strip * args.k * kWidth);
  });
}

}  // namespace

template <>
void Gemm(const GemmArgs<Float16>& args) {
  WidenedGemm(args);
}

template <>
void Gemm(const GemmArgs<BFloat16>& args) {
  WidenedGemm(args);
}

template <>
void Gemm(const GemmArgs<int32_t>& args) {
  IntegerGemm(args);
}

template <>
void Gemm(const GemmArgs<int64_t>& args) {
  IntegerGemm(args);
}

}  // namespace otium::cpu
