// SPDX-License-Identifier: Apache-2.0

#include "backends/cpu/gemv.h"

#include <algorithm>
#include <complex>
#include <cstdint>
#include <type_traits>

#include "backends/cpu/gemv_kernel.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/scalar.h"
#include "backends/cpu/scratch.h"
#include "backends/cpu/tasks.h"

namespace otium::cpu {
namespace {

// Bytes of A that are worth a task: some 10 us from L3. Column by column more,
// because tasks that share rows leave sums to be added.
constexpr int64_t kRowTaskBytes = 256 << 10;
constexpr int64_t kColumnTaskBytes = 1 << 20;
constexpr int64_t kMaxTasks = 64;
// The sums of a column-major product stay in L1. They are cut no finer than that:
// with 1 KiB of each column at a time the prefetchers lose track, and n = 4000
// took 1.4 times as long.
constexpr int64_t kMaxRowBytes = 16 << 10;
constexpr int64_t kMaxColumnTasks = 16;
constexpr int64_t kMinColumns = 32;
// Shorter rows than this are not cut into several partial sums.
constexpr int64_t kMinRowLength = 4096;

enum class Layout { kRows, kColumns, kNeither };

template <class T>
inline constexpr bool kHasKernels = std::is_floating_point_v<T> || kIsComplex<T>;

template <class T>
Layout LayoutOf(const MatrixIn<T>& a, int64_t m, int64_t n) {
  if (a.col_stride == 1 || n == 1) return Layout::kRows;
  if (a.row_stride == 1 || m == 1) return Layout::kColumns;
  return Layout::kNeither;
}

// The sums of a part of A, types without SIMD kernels or without a unit stride,
// walking along the smaller stride.
template <class T>
void PlainSums(int64_t m, int64_t n, const MatrixIn<T>& a, const AccumulatorOf<T>* x,
               int64_t x_stride, AccumulatorOf<T>* out) {
  using S = AccumulatorOf<T>;
  const auto term = [&](int64_t i, int64_t j) {
    const S element = static_cast<S>(a.data[i * a.row_stride + j * a.col_stride]);
    return Multiply(a.conjugate ? Conjugate(element) : element, x[j * x_stride]);
  };
  std::fill_n(out, m, S(0));
  if (std::abs(a.row_stride) < std::abs(a.col_stride)) {
    for (int64_t j = 0; j < n; ++j) {
      for (int64_t i = 0; i < m; ++i) out[i] = Add(out[i], term(i, j));
    }
  } else {
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) out[i] = Add(out[i], term(i, j));
    }
  }
}

// out[i] = sum_j a(i, j) x(j) for a part of A.
template <class T>
void Sums(Layout layout, int64_t m, int64_t n, const MatrixIn<T>& a, const AccumulatorOf<T>* x,
          int64_t x_stride, AccumulatorOf<T>* out) {
  if constexpr (kHasKernels<T>) {
    const GemvKernels<T>& kernels = BestGemvKernels<T>();
    switch (layout) {
      case Layout::kRows: return kernels.rows(m, n, a.data, a.row_stride, a.conjugate, x, out);
      case Layout::kColumns:
        return kernels.columns(m, n, a.data, a.col_stride, a.conjugate, x, x_stride, out);
      case Layout::kNeither: break;
    }
  }
  PlainSums(m, n, a, x, x_stride, out);
}

// x as the kernels want it: of the accumulator's type, conjugated, and with unit
// stride where rows are dotted with it. Copied only where it is not so already.
template <class T>
class PreparedX {
  using S = AccumulatorOf<T>;

 public:
  PreparedX(const VectorIn<T>& x, int64_t n, Layout layout)
      : copied_(!std::is_same_v<S, T> || (kIsComplex<T> && x.conjugate) ||
                (x.stride != 1 && layout == Layout::kRows)),
        copy_(copied_ ? n : 0) {
    if constexpr (std::is_same_v<S, T>) data_ = x.data;
    stride_ = x.stride;
    if (!copied_) return;
    for (int64_t j = 0; j < n; ++j) {
      const S element = static_cast<S>(x.data[j * x.stride]);
      copy_.data()[j] = x.conjugate ? Conjugate(element) : element;
    }
    data_ = copy_.data();
    stride_ = 1;
  }

  const S* data() const { return data_; }
  int64_t stride() const { return stride_; }

 private:
  const bool copied_;
  const Scratch<S> copy_;
  const S* data_ = nullptr;
  int64_t stride_;
};

}  // namespace

template <class T>
void Gemv(const GemvArgs<T>& args) {
  using S = AccumulatorOf<T>;
  const int64_t m = args.m, n = args.n;
  if (m == 0) return;
  const Layout layout = LayoutOf(args.a, m, n);
  const PreparedX<T> x(args.x, n, layout);

  const int64_t size = static_cast<int64_t>(sizeof(T));
  const double bytes = static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(size);
  const bool by_columns = layout == Layout::kColumns;
  const int64_t target = static_cast<int64_t>(
      std::clamp(bytes / static_cast<double>(by_columns ? kColumnTaskBytes : kRowTaskBytes), 1.0,
                 static_cast<double>(by_columns ? kMaxColumnTasks : kMaxTasks)));
  const int64_t row_blocks =
      by_columns ? CeilDiv(m * size, kMaxRowBytes) : std::min(target, CeilDiv(m, 8));
  const int64_t column_blocks = std::clamp<int64_t>(
      std::min(target / row_blocks, n / (by_columns ? kMinColumns : kMinRowLength)), 1, kMaxTasks);

  // Rows [begin, end) of the result, of which `sums` are the products.
  const auto finish = [&](int64_t begin, int64_t end, const S* sums) {
    if constexpr (kHasKernels<T>) {
      if (args.y.stride == 1 && (args.beta == S(0) || args.y0.stride == 1)) {
        T* const y = args.y.data + begin;
        BestGemvKernels<T>().axpby(end - begin, args.alpha, sums, args.beta,
                                   args.beta == S(0) ? y : args.y0.data + begin, y);
        return;
      }
    }
    for (int64_t i = begin; i < end; ++i) {
      args.y.data[i * args.y.stride] =
          static_cast<T>(ScaleAndAdd(args.alpha, sums[i - begin], args.beta, [&] {
            return static_cast<S>(args.y0.data[i * args.y0.stride]);
          }));
    }
  };
  const int64_t padded_m = CeilDiv(m, kGemvPad) * kGemvPad;
  const Scratch<S> sums(padded_m * column_blocks);
  ParallelFor(row_blocks * column_blocks, [&](int64_t task) {
    const Range rows = Part(m, kGemvPad, row_blocks, task / column_blocks);
    const Range columns = Part(n, column_blocks, task % column_blocks);
    MatrixIn<T> part = args.a;
    part.data += rows.begin * part.row_stride + columns.begin * part.col_stride;
    S* out = sums.data() + task % column_blocks * padded_m + rows.begin;
    Sums(layout, rows.size(), columns.size(), part, x.data() + columns.begin * x.stride(),
         x.stride(), out);
    if (column_blocks > 1) return;
    finish(rows.begin, rows.end, out);
  });
  if (column_blocks == 1) return;
  for (int64_t block = 1; block < column_blocks; ++block) {
    const S* partial = sums.data() + block * padded_m;
    for (int64_t i = 0; i < m; ++i) sums.data()[i] = Add(sums.data()[i], partial[i]);
  }
  finish(0, m, sums.data());
}

template <class T>
AccumulatorOf<T> Dot(int64_t n, const VectorIn<T>& x, const VectorIn<T>& y) {
  using S = AccumulatorOf<T>;
  // op(x) . conj(y) is the conjugate of conj(op(x)) . y.
  const bool conj_x = x.conjugate != y.conjugate;
  constexpr int64_t kChunk = 1 << 16;
  const int64_t chunks = std::max<int64_t>(1, CeilDiv(n, kChunk));
  const Scratch<S> partial(chunks > 1 ? chunks : 0);
  const auto chunk_sum = [&](int64_t begin, int64_t end) {
    if constexpr (kHasKernels<T>) {
      if (x.stride == 1 && y.stride == 1) {
        return BestGemvKernels<T>().dot(end - begin, x.data + begin, conj_x, y.data + begin);
      }
    }
    S sum(0);
    for (int64_t i = begin; i < end; ++i) {
      const S element = static_cast<S>(x.data[i * x.stride]);
      sum = Add(sum, Multiply(conj_x ? Conjugate(element) : element,
                              static_cast<S>(y.data[i * y.stride])));
    }
    return sum;
  };
  S sum(0);
  if (chunks == 1) {
    sum = chunk_sum(0, n);
  } else {
    ParallelForRanges(n, kChunk, [&](int64_t begin, int64_t end) {
      partial.data()[begin / kChunk] = chunk_sum(begin, end);
    });
    for (int64_t i = 0; i < chunks; ++i) sum = Add(sum, partial.data()[i]);
  }
  // Adding 0 makes -0 the 0 that a sum of conjugates ends in.
  return y.conjugate ? Add(Conjugate(sum), S(0)) : sum;
}

template <class T>
void Ger(const GerArgs<T>& args) {
  using S = AccumulatorOf<T>;
  if (args.m == 0 || args.n == 0) return;
  if (args.c.col_stride != 1 && args.c.row_stride == 1) {
    return Ger(GerArgs<T>{args.n,
                          args.m,
                          args.y,
                          args.x,
                          args.c0.Transposed(),
                          {args.c.data, args.c.col_stride, args.c.row_stride},
                          args.alpha,
                          args.beta});
  }
  const auto element = [](const VectorIn<T>& v, int64_t i) {
    const S value = static_cast<S>(v.data[i * v.stride]);
    return v.conjugate ? Conjugate(value) : value;
  };
  // y is read for every row: once as the kernel wants it, then from cache.
  const PreparedX<T> y(args.y, args.n, Layout::kRows);
  const int64_t grain =
      std::max<int64_t>(1, kRowTaskBytes / (args.n * static_cast<int64_t>(sizeof(T))));
  ParallelForRanges(args.m, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      T* c = args.c.data + i * args.c.row_stride;
      const T* c0 = args.beta == S(0) ? c : args.c0.data + i * args.c0.row_stride;
      const S scale = Multiply(args.alpha, element(args.x, i));
      if constexpr (kHasKernels<T>) {
        if (args.c.col_stride == 1 && (args.beta == S(0) || args.c0.col_stride == 1)) {
          BestGemvKernels<T>().axpby(args.n, scale, y.data(), args.beta, c0, c);
          continue;
        }
      }
      for (int64_t j = 0; j < args.n; ++j) {
        c[j * args.c.col_stride] =
            static_cast<T>(ScaleAndAdd(S(1), Multiply(scale, y.data()[j]), args.beta,
                                       [&] { return static_cast<S>(c0[j * args.c0.col_stride]); }));
      }
    }
  });
}

#define OTIUM_INSTANTIATE(T)                                                      \
  template void Gemv(const GemvArgs<T>&);                                         \
  template AccumulatorOf<T> Dot(int64_t, const VectorIn<T>&, const VectorIn<T>&); \
  template void Ger(const GerArgs<T>&);
OTIUM_INSTANTIATE(float)
OTIUM_INSTANTIATE(double)
OTIUM_INSTANTIATE(std::complex<float>)
OTIUM_INSTANTIATE(std::complex<double>)
OTIUM_INSTANTIATE(int32_t)
OTIUM_INSTANTIATE(int64_t)
OTIUM_INSTANTIATE(Float16)
OTIUM_INSTANTIATE(BFloat16)
#undef OTIUM_INSTANTIATE

}  // namespace otium::cpu
