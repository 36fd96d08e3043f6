// SPDX-License-Identifier: Apache-2.0
//
// Results that are rearrangements: each row of the result, from left to right, is
// a few runs, and a run is elements at one distance from each other in some
// operand, or zeros, or elements looked up one by one. An op says which runs its
// rows have; how they are copied, cut into tasks and spread over threads is here.
//
//   tril: WriteRows<uint32_t>(result, rank, kDense, [&](auto index, auto& out) {
//     const int64_t keep = index.back() + 1;
//     out.Copy(keep, x + index.back() * x_row_stride, x_column_stride);
//     out.Zero(columns - keep);
//   });
//
// Elements are moved as bits: what matters of the dtype is its size. A task sees a
// window of columns of some rows, and the runs are clipped to it: so one long row
// is cut too, and sources that lie by columns are read in windows narrow enough
// for their cache lines to stay until the next row wants its part of them.
//
// Tested by tests/backends/kernels_test.cc, whose larger cases have many tasks.

#ifndef OTIUM_BACKENDS_CPU_ROWS_H_
#define OTIUM_BACKENDS_CPU_ROWS_H_

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "absl/types/span.h"
#include "backends/backend.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/tasks.h"

namespace otium::cpu {

// Of a complex number, which is aligned as its parts are.
template <class U>
struct BitPair {
  U real, imag;
};

// Calls f(E()) with unsigned integers of the size and alignment of the dtype.
template <class F>
void DispatchItem(DType dtype, F&& f) {
  switch (dtype) {
    case DType::kBool: return f(uint8_t());
    case DType::kF16:
    case DType::kBF16: return f(uint16_t());
    case DType::kI32:
    case DType::kF32: return f(uint32_t());
    case DType::kI64:
    case DType::kF64: return f(uint64_t());
    case DType::kC64: return f(BitPair<uint32_t>());
    case DType::kC128: return f(BitPair<uint64_t>());
  }
  __builtin_unreachable();
}

// Columns [begin, end) of one row; runs that lie outside are skipped.
template <class E>
class RowWriter {
 public:
  RowWriter(E* row, int64_t begin, int64_t end) : row_(row), begin_(begin), end_(end) {}

  void Zero(int64_t n) {
    const Range run = Next(n);
    if (run.size() > 0)
      std::memset(static_cast<void*>(row_ + run.begin), 0, run.size() * sizeof(E));
  }

  // from[0], from[stride], ...; `from` need not be a valid address when n is 0.
  void Copy(int64_t n, const E* from, int64_t stride) {
    const int64_t first = column_;
    const Range run = Next(n);
    if (run.size() <= 0) return;
    from += (run.begin - first) * stride;
    E* to = row_ + run.begin;
    if (stride == 1) {
      std::memcpy(static_cast<void*>(to), from, run.size() * sizeof(E));
    } else {
      for (int64_t j = 0; j < run.size(); ++j) to[j] = from[j * stride];
    }
  }

  // Elements of another making: write(begin, end, to) writes those numbered from
  // begin to end to `to`, some hundreds of them at a time.
  template <class F>
  void Generate(int64_t n, F&& write) {
    constexpr int64_t kSome = 512;
    const int64_t first = column_;
    const Range run = Next(n);
    for (int64_t j = run.begin; j < run.end; j += kSome) {
      write(j - first, std::min(j + kSome, run.end) - first, row_ + j);
    }
  }

 private:
  Range Next(int64_t n) {
    const Range run{std::max(column_, begin_), std::min(column_ + n, end_)};
    column_ += n;
    return run;
  }

  E* const row_;
  const int64_t begin_, end_;
  int64_t column_ = 0;
};

// How the last dimension of the sources lies.
enum class RowSource : uint8_t { kDense, kStrided };

// Writes a dense row-major array of `sizes`. row(index, out) is called for every
// row, of which `index` has all but the last coordinate, once for each window.
template <class E, class Row>
void WriteRows(void* result, absl::Span<const int64_t> sizes, RowSource source, const Row& row) {
  // Some microseconds of work. 64 columns: as many cache lines and pages of a
  // source that lies by columns.
  constexpr int64_t kTask = (int64_t{1} << 17) / static_cast<int64_t>(sizeof(E));
  constexpr int64_t kNarrow = 64;
  const auto outer = sizes.first(sizes.empty() ? 0 : sizes.size() - 1);
  const int64_t columns = sizes.empty() ? 1 : sizes.back();
  int64_t rows = 1;
  for (int64_t s : outer) rows *= s;
  if (rows == 0 || columns == 0) return;
  const int64_t width =
      std::min(columns, source == RowSource::kStrided && rows > 1 ? kNarrow : kTask);
  const int64_t height = std::max<int64_t>(kTask / width, 1);
  const int64_t windows = CeilDiv(columns, width);
  ParallelFor(windows * CeilDiv(rows, height), [&](int64_t task) {
    const int64_t first = task / windows * height;
    const int64_t begin = task % windows * width, end = std::min(columns, begin + width);
    Sizes index(outer.size());
    int64_t rest = first;
    for (size_t d = outer.size(); d-- > 0; rest /= outer[d]) index[d] = rest % outer[d];
    const int64_t last = std::min(rows, first + height);
    for (int64_t r = first; r < last; ++r) {
      RowWriter<E> out(static_cast<E*>(result) + r * columns, begin, end);
      row(absl::Span<const int64_t>(index), out);
      for (size_t d = outer.size(); d-- > 0 && ++index[d] == outer[d];) index[d] = 0;
    }
  });
}

// The element of an array at `index`, which may lack the last coordinates.
inline int64_t OffsetOf(absl::Span<const int64_t> index, const int64_t* strides) {
  int64_t offset = 0;
  for (size_t d = 0; d < index.size(); ++d) offset += index[d] * strides[d];
  return offset;
}

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_ROWS_H_
