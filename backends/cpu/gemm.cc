// SPDX-License-Identifier: Apache-2.0

#include "backends/cpu/gemm.h"

#include <algorithm>
#include <bit>
#include <complex>
#include <cstdint>
#include <utility>

#include "absl/functional/function_ref.h"
#include "backends/cpu/gemm_driver.h"
#include "backends/cpu/gemm_kernel.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/scalar.h"
#include "backends/cpu/scratch.h"
#include "backends/cpu/tasks.h"

namespace otium::cpu {
namespace {

// A panel of B, nr columns, may fill this much of L1.
constexpr int64_t kPanelBytes = 24 << 10;
// A packed block of A may fill this much of L2, and needs no more rows than this:
// B is read from L3 once for each block. 126 rows (n = 1000) ran 3 % faster than
// 96 and 10 % faster than 60; more did not help.
constexpr int64_t kBlockBytes = 384 << 10;
constexpr int64_t kMaxBlockRows = 168;
// Multiply-adds that are worth a task: some 10 us.
constexpr int64_t kTaskWork = 1 << 19;
// Tasks that a product should have, so that the last ones do not leave threads
// idle for long; each costs a pass over B or another packing of A.
constexpr int64_t kEnoughTasks = 8;
constexpr int64_t kMinTaskPanels = 4;
constexpr int64_t kMinTaskColumns = 256;
// Below these, packing costs more than it gains: A used for few panels of B, B
// for few of A or small enough for L2.
constexpr int64_t kMaxUnpackedColumnPanels = 12;
constexpr int64_t kMaxUnpackedRowPanels = 4;
constexpr int64_t kMaxUnpackedBytes = 128 << 10;
// Depth of one partial product when there are too few tiles for the threads.
constexpr int64_t kMinSplitDepth = 2048;

void For(GemmThreading threading, int64_t tasks, absl::FunctionRef<void(int64_t)> body) {
  if (threading == GemmThreading::kParallel) return ParallelFor(tasks, body);
  for (int64_t i = 0; i < tasks; ++i) body(i);
}

template <class T>
void ApplyEpilogue(const GemmArgs<T>& args, bool transposed, Range rows, Range columns) {
  if (args.epilogue.apply == nullptr) return;
  GemmTile<T> tile = {rows.begin, columns.begin, rows.size(), columns.size(),
                      args.c.data + rows.begin * args.c.row_stride +
                          columns.begin * args.c.col_stride,
                      args.c.row_stride, args.c.col_stride};
  if (transposed) {
    std::swap(tile.row, tile.column);
    std::swap(tile.rows, tile.columns);
    std::swap(tile.row_stride, tile.col_stride);
  }
  args.epilogue.apply(args.epilogue.context, tile);
}

// One product being run: operands already in the grid's orientation.
template <class T>
class Run {
 public:
  Run(const GemmArgs<T>& args, const GemmGrid& grid, GemmThreading threading)
      : p_(args),
        grid_(grid),
        threading_(threading),
        kernels_(BestGemmKernels<T>()),
        padded_n_(CeilDiv(args.n, kernels_.nr) * kernels_.nr),
        packed_b_(grid.pack_b ? padded_n_ * args.k : 0),
        partial_(grid.k_splits > 1 ? grid.k_splits * args.m * args.n : 0) {}

  void operator()() {
    if (grid_.pack_b) PackB();
    For(threading_, grid_.tasks(), [&](int64_t task) { Task(task); });
    if (grid_.k_splits > 1) AddPartials();
  }

 private:
  // Packed B: one slab for each block of k, in it one panel after the other.
  T* Slab(Range depth) const { return packed_b_.data() + depth.begin * padded_n_; }

  void PackB() {
    const int64_t panels = padded_n_ / kernels_.nr;
    constexpr int64_t kTaskElements = 1 << 15;
    const int64_t parts = std::clamp<int64_t>(
        panels * kernels_.nr * (p_.k / grid_.k_blocks) / kTaskElements, 1, panels);
    For(threading_, parts * grid_.k_blocks, [&](int64_t task) {
      const Range depth = Part(p_.k, grid_.k_blocks, task / parts);
      const Range columns = Part(p_.n, kernels_.nr, parts, task % parts);
      kernels_.pack_b(depth.size(), columns.size(),
                      p_.b.data + depth.begin * p_.b.row_stride +
                          columns.begin * p_.b.col_stride,
                      p_.b.row_stride, p_.b.col_stride,
                      Slab(depth) + columns.begin * depth.size());
    });
  }

  void Task(int64_t task) {
    const int64_t split = task % grid_.k_splits;
    task /= grid_.k_splits;
    const Range columns = Part(p_.n, kernels_.nr, grid_.column_blocks, task % grid_.column_blocks);
    const Range rows = Part(p_.m, kernels_.mr, grid_.row_blocks, task / grid_.column_blocks);
    const Range k_blocks = Part(grid_.k_blocks, grid_.k_splits, split);
    const int64_t deepest = CeilDiv(p_.k, grid_.k_blocks);

    GemmBlock<T> g = {};
    g.m = rows.size();
    g.n = columns.size();
    g.conj_a = p_.a.conjugate;
    g.conj_b = p_.b.conjugate;
    if (grid_.k_splits > 1) {
      g.c = partial_.data() + split * p_.m * p_.n + rows.begin * p_.n + columns.begin;
      g.c_row = p_.n;
      g.c_col = 1;
      g.alpha = T(1);
      g.beta = T(0);
      g.c0 = g.c;
    } else {
      g.c = p_.c.data + rows.begin * p_.c.row_stride + columns.begin * p_.c.col_stride;
      g.c_row = p_.c.row_stride;
      g.c_col = p_.c.col_stride;
      g.alpha = p_.alpha;
      g.beta = p_.beta;
      g.c0 = p_.c0.data + rows.begin * p_.c0.row_stride + columns.begin * p_.c0.col_stride;
      g.c0_row = p_.c0.row_stride;
      g.c0_col = p_.c0.col_stride;
      if (p_.beta == T(0)) g.c0 = g.c;
    }
    const Scratch<T> packed_a(grid_.pack_a ? CeilDiv(g.m, kernels_.mr) * kernels_.mr * deepest : 0);
    const bool last_alone = !grid_.pack_b && g.n % kernels_.lanes != 0;
    const Scratch<T> last_panel(last_alone ? kernels_.nr * deepest : 0);
    for (int64_t block = k_blocks.begin; block < k_blocks.end; ++block) {
      const Range depth = Part(p_.k, grid_.k_blocks, block);
      g.k = depth.size();
      SetA(g, rows.begin, depth, packed_a.data());
      SetB(g, columns.begin, depth, last_panel.data());
      kernels_.block(g);
      g.beta = T(1);
      g.c0 = g.c;
      g.c0_row = g.c_row;
      g.c0_col = g.c_col;
    }
    if (grid_.k_splits == 1) ApplyEpilogue(p_, grid_.transposed, rows, columns);
  }

  void SetA(GemmBlock<T>& g, int64_t row, Range depth, T* packed) const {
    const T* a = p_.a.data + row * p_.a.row_stride + depth.begin * p_.a.col_stride;
    if (grid_.pack_a) {
      kernels_.pack_a(g.m, g.k, a, p_.a.row_stride, p_.a.col_stride, packed);
      g.a = packed;
      g.a_row = 1;
      g.a_col = kernels_.mr;
      g.a_panel = kernels_.mr * g.k;
    } else {
      g.a = a;
      g.a_row = p_.a.row_stride;
      g.a_col = p_.a.col_stride;
      g.a_panel = kernels_.mr * g.a_row;
    }
  }

  void SetB(GemmBlock<T>& g, int64_t column, Range depth, T* last_panel) const {
    if (grid_.pack_b) {
      g.b = Slab(depth) + column * g.k;
      g.b_row = kernels_.nr;
      g.b_panel = kernels_.nr * g.k;
    } else {
      g.b = p_.b.data + depth.begin * p_.b.row_stride + column;
      g.b_row = p_.b.row_stride;
      g.b_panel = kernels_.nr;
      if (last_panel != nullptr) {
        const int64_t whole = g.n / kernels_.nr * kernels_.nr;
        kernels_.pack_b(g.k, g.n - whole, g.b + whole, g.b_row, 1, last_panel);
        g.b_last = last_panel;
      }
    }
  }

  void AddPartials() {
    const int64_t grain = std::max<int64_t>(1, kTaskWork / 64 / (p_.n * grid_.k_splits));
    For(threading_, CeilDiv(p_.m, grain), [&](int64_t task) {
      const Range rows = {task * grain, std::min(p_.m, (task + 1) * grain)};
      for (int64_t i = rows.begin; i < rows.end; ++i) {
        for (int64_t j = 0; j < p_.n; ++j) {
          T sum = partial_.data()[i * p_.n + j];
          for (int64_t split = 1; split < grid_.k_splits; ++split) {
            sum += partial_.data()[(split * p_.m + i) * p_.n + j];
          }
          p_.c.data[i * p_.c.row_stride + j * p_.c.col_stride] =
              ScaleAndAdd(p_.alpha, sum, p_.beta, [&] {
                return p_.c0.data[i * p_.c0.row_stride + j * p_.c0.col_stride];
              });
        }
      }
      ApplyEpilogue(p_, grid_.transposed, rows, {0, p_.n});
    });
  }

  const GemmArgs<T> p_;
  const GemmGrid grid_;
  const GemmThreading threading_;
  const GemmKernels<T>& kernels_;
  const int64_t padded_n_;
  const Scratch<T> packed_b_;
  const Scratch<T> partial_;
};

}  // namespace

template <class T>
GemmGrid MakeGemmGrid(const GemmArgs<T>& given, GemmThreading threading) {
  const GemmKernels<T>& kernels = BestGemmKernels<T>();
  GemmGrid grid = {};
  grid.transposed = given.c.col_stride != 1 && given.n > 1 &&
                    (given.c.row_stride == 1 || given.m == 1);
  const GemmArgs<T> args = grid.transposed ? Transposed(given) : given;

  const int64_t row_panels = CeilDiv(args.m, kernels.mr);
  const int64_t column_panels = CeilDiv(args.n, kernels.nr);
  const int64_t deepest =
      std::max<int64_t>(256, kPanelBytes / (kernels.nr * static_cast<int64_t>(sizeof(T))));
  grid.k_blocks = CeilDiv(args.k, deepest);
  const int64_t depth = CeilDiv(args.k, grid.k_blocks);
  const int64_t size = static_cast<int64_t>(sizeof(T));
  const int64_t most_row_panels = std::max<int64_t>(
      1, std::min(kBlockBytes / (depth * size), kMaxBlockRows) / kernels.mr);

  // In floating point, for sizes whose product overflows; exact where it counts.
  const double work = static_cast<double>(args.m) * static_cast<double>(args.n) *
                      static_cast<double>(args.k) * (kIsComplex<T> ? 4 : 1);
  const double most_tasks = threading == GemmThreading::kParallel ? kEnoughTasks : 1;
  const int64_t wanted = static_cast<int64_t>(
      std::clamp(work / static_cast<double>(kTaskWork), 1.0, most_tasks));
  const int64_t least = CeilDiv(row_panels, most_row_panels);
  const int64_t most_columns =
      args.epilogue.whole_rows ? 1 : std::max<int64_t>(1, args.n / kMinTaskColumns);
  grid.column_blocks = std::clamp<int64_t>(wanted / least, 1, most_columns);
  grid.row_blocks = std::max(
      least, std::min(CeilDiv(wanted, grid.column_blocks),
                      static_cast<int64_t>(std::bit_floor(
                          static_cast<uint64_t>(row_panels / kMinTaskPanels)))));
  const int64_t tiles = grid.row_blocks * grid.column_blocks;
  grid.k_splits =
      std::clamp<int64_t>(std::min(wanted / tiles, args.k / kMinSplitDepth), 1, grid.k_blocks);

  // Rows of B whose distance is a multiple of half a page share few places in L1.
  const bool crowded = args.b.row_stride * size % 2048 == 0 && args.k > 16;
  grid.pack_a = column_panels > kMaxUnpackedColumnPanels;
  grid.pack_b = args.b.col_stride != 1 ||
                (row_panels > kMaxUnpackedRowPanels &&
                 (crowded || args.k * args.n * size > kMaxUnpackedBytes));
  return grid;
}

template <class T>
OneBlock<T>::OneBlock(const GemmArgs<T>& first, const GemmGrid& grid)
    : kernels_(BestGemmKernels<T>()),
      transposed_(grid.transposed),
      reads_c0_(first.beta != T(0)),
      last_columns_((transposed_ ? first.m : first.n) % kernels_.lanes == 0
                        ? 0
                        : (transposed_ ? first.m : first.n) % kernels_.nr),
      last_panel_(last_columns_ > 0 ? kernels_.nr * first.k : 0),
      block_{} {
  const GemmArgs<T> args = transposed_ ? Transposed(first) : first;
  GemmBlock<T>& g = block_;
  g.m = args.m;
  g.n = args.n;
  g.k = args.k;
  g.a = args.a.data;
  g.a_row = args.a.row_stride;
  g.a_col = args.a.col_stride;
  g.a_panel = kernels_.mr * g.a_row;
  g.b = args.b.data;
  g.b_row = args.b.row_stride;
  g.b_panel = kernels_.nr;
  g.b_last = last_panel_.data();
  g.c = args.c.data;
  g.c_row = args.c.row_stride;
  g.c_col = args.c.col_stride;
  g.c0 = args.c0.data;
  g.c0_row = args.c0.row_stride;
  g.c0_col = args.c0.col_stride;
  g.alpha = args.alpha;
  g.beta = args.beta;
  g.conj_a = args.a.conjugate;
  g.conj_b = args.b.conjugate;
}

template <class T>
void OneBlock<T>::operator()(int64_t a_offset, int64_t b_offset, int64_t c0_offset,
                             int64_t c_offset) const {
  GemmBlock<T> g = block_;
  g.a += transposed_ ? b_offset : a_offset;
  g.b += transposed_ ? a_offset : b_offset;
  g.c += c_offset;
  g.c0 = reads_c0_ ? g.c0 + c0_offset : g.c;
  if (last_columns_ > 0) {
    kernels_.pack_b(g.k, last_columns_, g.b + g.n - last_columns_, g.b_row, 1, last_panel_.data());
  }
  kernels_.block(g);
}

template <class T>
void RunGemm(const GemmArgs<T>& args, const GemmGrid& grid, GemmThreading threading) {
  if (grid.one_block() && args.epilogue.apply == nullptr) {
    return OneBlock<T>(args, grid)(0, 0, 0, 0);
  }
  Run<T>(grid.transposed ? Transposed(args) : args, grid, threading)();
}

template <class T>
void ScaleOnly(const GemmArgs<T>& args) {
  for (int64_t i = 0; i < args.m; ++i) {
    for (int64_t j = 0; j < args.n; ++j) {
      args.c.data[i * args.c.row_stride + j * args.c.col_stride] =
          ScaleAndAdd(T(1), T(0), args.beta, [&] {
            return args.c0.data[i * args.c0.row_stride + j * args.c0.col_stride];
          });
    }
  }
  ApplyEpilogue(args, /*transposed=*/false, {0, args.m}, {0, args.n});
}

template <class T>
void Gemm(const GemmArgs<T>& args) {
  if (args.m == 0 || args.n == 0) return;
  if (args.k == 0) return ScaleOnly(args);
  RunGemm(args, MakeGemmGrid(args, GemmThreading::kParallel), GemmThreading::kParallel);
}

#define OTIUM_INSTANTIATE(T)                                                      \
  template class OneBlock<T>;                                                     \
  template GemmGrid MakeGemmGrid(const GemmArgs<T>&, GemmThreading);              \
  template void RunGemm(const GemmArgs<T>&, const GemmGrid&, GemmThreading);      \
  template void ScaleOnly(const GemmArgs<T>&);                                    \
  template void Gemm(const GemmArgs<T>&);
OTIUM_INSTANTIATE(float)
OTIUM_INSTANTIATE(double)
OTIUM_INSTANTIATE(std::complex<float>)
OTIUM_INSTANTIATE(std::complex<double>)
#undef OTIUM_INSTANTIATE

}  // namespace otium::cpu
