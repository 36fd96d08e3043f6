// SPDX-License-Identifier: Apache-2.0
//
// Batches. Many items: the threads share the batch and each item is one serial
// product. Few: one item after the other, each on all threads.

#include <algorithm>
#include <complex>
#include <cstdint>

#include "absl/container/inlined_vector.h"
#include "backends/cpu/gemm.h"
#include "backends/cpu/gemm_driver.h"
#include "backends/cpu/gemm_jit.h"
#include "backends/cpu/gemm_kernel.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/scratch.h"

namespace otium::cpu {
namespace {

// With fewer items than this, tasks inside the items balance better.
constexpr int64_t kManyItems = 16;
// Multiply-adds that are worth a task.
constexpr double kTaskWork = 1 << 19;

// Walks the items in row-major order: the offsets of each operand.
class Walk {
 public:
  Walk(const GemmBatch& batch, int64_t first) : batch_(batch), index_(batch.sizes.size()) {
    for (size_t d = batch.sizes.size(); d-- > 0;) {
      index_[d] = first % batch.sizes[d];
      first /= batch.sizes[d];
      Move(d, index_[d]);
    }
  }

  void Next() {
    for (size_t d = index_.size(); d-- > 0;) {
      if (++index_[d] < batch_.sizes[d]) return Move(d, 1);
      Move(d, 1 - batch_.sizes[d]);
      index_[d] = 0;
    }
  }

  int64_t a = 0, b = 0, c0 = 0, c = 0;

 private:
  void Move(size_t d, int64_t steps) {
    a += steps * batch_.a_strides[d];
    b += steps * batch_.b_strides[d];
    c0 += steps * batch_.c0_strides[d];
    c += steps * batch_.c_strides[d];
  }

  const GemmBatch& batch_;
  absl::InlinedVector<int64_t, 4> index_;
};

template <class T>
struct ItemEpilogue {
  const GemmEpilogue<T>* inner;
  int64_t first_row;
};

template <class T>
void ApplyToItem(const void* context, const GemmTile<T>& tile) {
  const auto& item = *static_cast<const ItemEpilogue<T>*>(context);
  GemmTile<T> moved = tile;
  moved.row += item.first_row;
  item.inner->apply(item.inner->context, moved);
}

template <class T>
GemmArgs<T> Item(const GemmArgs<T>& first, const Walk& walk) {
  GemmArgs<T> item = first;
  item.a.data += walk.a;
  item.b.data += walk.b;
  if (item.c0.data != nullptr) item.c0.data += walk.c0;
  item.c.data += walk.c;
  return item;
}

// Items [begin, end), one after the other: run(item).
template <class T, class RunItem>
void RunItems(const GemmBatch& batch, const GemmArgs<T>& first, int64_t begin, int64_t end,
              RunItem run) {
  Walk walk(batch, begin);
  for (int64_t i = begin; i < end; ++i, walk.Next()) {
    GemmArgs<T> item = Item(first, walk);
    const ItemEpilogue<T> epilogue = {&first.epilogue, i * first.m};
    if (first.epilogue.apply != nullptr) item.epilogue = {ApplyToItem<T>, &epilogue, first.epilogue.whole_rows};
    run(item);
  }
}

// The items shared among the threads: `make()` gives each task its own
// multiply(a, b, c0, c), called with the offsets of every item.
template <class Make>
void MultiplyAll(const GemmBatch& batch, int64_t items, int64_t grain, Make make) {
  ParallelForRanges(items, grain, [&](int64_t begin, int64_t end) {
    const auto& multiply = make();
    Walk walk(batch, begin);
    for (int64_t i = begin; i < end; ++i, walk.Next()) {
      multiply(walk.a, walk.b, walk.c0, walk.c);
    }
  });
}

// Items that a task should take together.
template <class T>
int64_t ItemsPerTask(const GemmArgs<T>& args, int64_t items) {
  const double work = static_cast<double>(args.m) * static_cast<double>(args.n) *
                      static_cast<double>(std::max<int64_t>(args.k, 1));
  return static_cast<int64_t>(std::clamp(kTaskWork / work, 1.0, static_cast<double>(items)));
}

}  // namespace

template <class T>
void BatchedGemm(const GemmBatch& batch, const GemmArgs<T>& args) {
  int64_t items = 1;
  for (int64_t size : batch.sizes) items *= size;
  if (items == 0 || args.m == 0 || args.n == 0) return;
  const auto run_all = [&](auto run) {
    if (items < kManyItems) return RunItems(batch, args, 0, items, run);
    ParallelForRanges(items, ItemsPerTask(args, items),
                      [&](int64_t begin, int64_t end) { RunItems(batch, args, begin, end, run); });
  };
  if constexpr (kHasGemmKernels<T>) {
    if (args.k > 0) {
      const int64_t grain = ItemsPerTask(args, items);
      if constexpr (!kIsComplex<T>) {
        if (items >= kManyItems) {
          if (const JitGemm<T> jit(args, items); jit) {
            return MultiplyAll(batch, items, grain, [&]() -> const JitGemm<T>& { return jit; });
          }
        }
      }
      const GemmThreading threading =
          items < kManyItems ? GemmThreading::kParallel : GemmThreading::kSerial;
      const GemmGrid grid = MakeGemmGrid(args, threading);
      if (grid.one_block() && args.epilogue.apply == nullptr) {
        return MultiplyAll(batch, items, grain, [&] { return OneBlock<T>(args, grid); });
      }
      run_all([&](const GemmArgs<T>& item) { RunGemm(item, grid, threading); });
      return;
    }
  }
  run_all([](const GemmArgs<T>& item) { Gemm(item); });
}

template void BatchedGemm(const GemmBatch&, const GemmArgs<float>&);
template void BatchedGemm(const GemmBatch&, const GemmArgs<double>&);
template void BatchedGemm(const GemmBatch&, const GemmArgs<std::complex<float>>&);
template void BatchedGemm(const GemmBatch&, const GemmArgs<std::complex<double>>&);
template void BatchedGemm(const GemmBatch&, const GemmArgs<int32_t>&);
template void BatchedGemm(const GemmBatch&, const GemmArgs<int64_t>&);
template void BatchedGemm(const GemmBatch&, const GemmArgs<Float16>&);
template void BatchedGemm(const GemmBatch&, const GemmArgs<BFloat16>&);

}  // namespace otium::cpu
