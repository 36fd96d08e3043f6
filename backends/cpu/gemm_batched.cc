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
// Elements of C after which an epilogue runs on items that are done: few enough to be
// in the second-level cache still. A tenth of them is slower than a second pass over
// memory: the loop, which takes 300 ns to start, waits for lines that have not come.
constexpr int64_t kElementsAtOnce = 32768;
// Tasks that a batch is cut into at least, where an epilogue wants long ones.
constexpr int64_t kEnoughTasks = 64;

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
    if (first.epilogue.apply != nullptr) {
      item.epilogue = {
          .apply = ApplyToItem<T>, .context = &epilogue, .whole_rows = first.epilogue.whole_rows};
    }
    run(item);
  }
}

// The items shared among the threads: `make()` gives each task its own
// multiply(a, b, c0, c), called with the offsets of every item. The epilogue follows
// when a few are done.
template <class T, class Make>
void MultiplyAll(const GemmBatch& batch, const GemmArgs<T>& args, int64_t items, int64_t grain,
                 Make make) {
  const GemmEpilogue<T>& epilogue = args.epilogue;
  int64_t at_once = items;
  if (epilogue.apply != nullptr) {
    at_once = std::max<int64_t>(kElementsAtOnce / (args.m * args.n), 1);
    grain = std::max(grain, std::min(at_once, items / kEnoughTasks));
  }
  ParallelForRanges(items, grain, [&](int64_t begin, int64_t end) {
    const auto& multiply = make();
    Walk walk(batch, begin);
    for (int64_t first = begin; first < end; first += at_once) {
      const int64_t last = std::min(first + at_once, end);
      for (int64_t i = first; i < last; ++i, walk.Next()) {
        multiply(walk.a, walk.b, walk.c0, walk.c);
      }
      if (epilogue.apply != nullptr) epilogue.apply_items(epilogue.context, first, last - first);
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
      const bool as_wholes = args.epilogue.apply == nullptr || args.epilogue.apply_items != nullptr;
      if constexpr (!kIsComplex<T>) {
        if (items >= kManyItems && as_wholes) {
          if (const JitGemm<T> jit(args, items); jit) {
            return MultiplyAll(batch, args, items, grain,
                               [&]() -> const JitGemm<T>& { return jit; });
          }
        }
      }
      const GemmThreading threading =
          items < kManyItems ? GemmThreading::kParallel : GemmThreading::kSerial;
      const GemmGrid grid = MakeGemmGrid(args, threading);
      if (grid.one_block() && as_wholes) {
        return MultiplyAll(batch, args, items, grain, [&] { return OneBlock<T>(args, grid); });
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
