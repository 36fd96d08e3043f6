// SPDX-License-Identifier: Apache-2.0
//
// Rows of more than kPackedRow elements.

#include <algorithm>
#include <cstring>

#include "backends/cpu/tape_sites.h"

namespace otium::cpu {
namespace {

// Rows of more than kPackedRow elements; a site is a row.
class LongWalk {
 public:
  LongWalk(const Tape& tape, const TapeLayout& layout) : tape_(tape), layout_(layout) {}

  int64_t sites() const { return layout_.rows.count; }
  int64_t chunks() const { return CeilDiv(tape_.reduced, kChunk); }
  int64_t RowWidth(int64_t) const { return 0; }
  PartialShape Partial(const TapePass& pass) const { return PartialShape(tape_, pass, 1); }

  static TileRange RowTile(int64_t row) {
    TileRange tile;
    tile.row = row;
    return tile;
  }
  void Begin(TapeTask& task, int64_t row) const { task.LoadRows(RowTile(row)); }
  void End(TapeTask& task, int64_t row) const { task.StoreRows(RowTile(row)); }

  void Chunk(TapeTask& task, const TapePass& pass, const PartialShape& shape, int64_t row,
             int64_t chunk, char* partial) const {
    TileRange tile = RowTile(row);
    const int64_t begin = chunk * kChunk, end = std::min(begin + kChunk, tape_.reduced);
    tile.column = begin;
    tile.columns = end - begin;
    if (OnlyReducesMemory(tape_, pass, layout_, tile.columns)) {
      task.Load(pass.loads, tile);
      for (const PartialField& f : shape.fields()) {
        ReduceMemory(task, f, tile, partial);
      }
      return;
    }
    const size_t reductions = shape.fields().size();
    Scratch<Running> many(reductions > 2 ? static_cast<int64_t>(reductions) : 0);
    Running few[2];
    Running* const running = reductions > 2 ? many.data() : few;
    for (int64_t b = 0; begin + b * kBlock < end; ++b) {
      tile.column = begin + b * kBlock;
      tile.columns = std::min(kBlock, end - tile.column);
      for (const TapeCache& cache : tape_.caches) {
        task.slot(cache.slot).data = task.memory() + cache.offset + tile.column * cache.item;
      }
      task.Load(pass.loads, tile);
      task.BindStores(pass.stores, tile);
      task.Run(pass.steps, tile.columns, 0);
      for (size_t f = 0; f < reductions; ++f) {
        ReduceBlock(task, shape.fields()[f], tile, b, &running[f]);
      }
      task.Store(pass.stores, tile);
    }
    for (size_t f = 0; f < reductions; ++f) {
      const PartialField& field = shape.fields()[f];
      if (field.reduce->is_arg) {
        std::memcpy(partial + field.values, running[f].best, field.item);
        std::memcpy(partial + field.indices, &running[f].index, 8);
      } else {
        field.reduce->long_row.finish(&running[f].blocks, partial + field.values);
      }
    }
  }

  void Finish(TapeTask& task, const PartialShape& shape, int64_t, const char* partial) const {
    for (const PartialField& f : shape.fields()) {
      if (f.reduce->is_arg) Splat(partial + f.indices, 8, task.out(f.reduce->out));
      else Splat(partial + f.values, f.item, task.out(f.reduce->out));
    }
  }

 private:
  // What a reduction has come to within a chunk.
  struct Running {
    BlockReduceState blocks;
    // argmax and argmin: the value, and where in the row.
    alignas(16) char best[16];
    int64_t index;
  };

  // One more block, the b-th of the chunk.
  static void ReduceBlock(TapeTask& task, const PartialField& f, const TileRange& tile, int64_t b,
                          Running* running) {
    const void* x = task.slot(f.reduce->in).data;
    if (!f.reduce->is_arg) return f.reduce->long_row.blocks(x, tile.columns, b, &running->blocks);
    alignas(16) char best[16];
    int64_t index = 0;
    f.reduce->arg_rows(x, 1, tile.columns, best, &index);
    index += tile.column;
    if (b == 0) {
      std::memcpy(running->best, best, sizeof(best));
      running->index = index;
    } else {
      f.reduce->merge(best, &index, 1, running->best, &running->index);
    }
  }

  // All of a chunk at once.
  static void ReduceMemory(TapeTask& task, const PartialField& f, const TileRange& tile,
                           char* partial) {
    const void* x = task.slot(f.reduce->in).data;
    if (f.reduce->is_arg) {
      auto* const index = reinterpret_cast<int64_t*>(partial + f.indices);
      f.reduce->arg_rows(x, 1, tile.columns, partial + f.values, index);
      *index += tile.column;
    } else {
      f.reduce->long_row.rows(x, /*stride=*/0, /*rows=*/1, tile.columns, partial + f.values);
    }
  }

  const Tape& tape_;
  const TapeLayout& layout_;
};

// Rows that are only reduced, out of memory: the kernel reads kRowsByTurns by turns, and
// is given kRowsAtOnce, so that what is set up for each counts less. The bits are those
// of LongWalk.
constexpr int64_t kRowsByTurns = 4;

bool TakesRowsByTurns(const Tape& tape, const TapeLayout& layout) {
  return tape.kept >= kRowsByTurns && tape.reduced <= kChunk && tape.passes.size() == 1 &&
         OnlyReducesMemory(tape, tape.passes[0], layout, tape.reduced) &&
         std::none_of(tape.reduces.begin(), tape.reduces.end(),
                      [](const TapeReduce& r) { return r.is_arg; });
}

// Row values are vectors here, of as many elements as there are rows.
void RunRowsByTurns(const TapeLaunch& launch) {
  const Tape& tape = launch.tape;
  const TapePass& pass = tape.passes[0];
  const int64_t grain = std::max<int64_t>(TaskGrain(tape) / tape.reduced, kRowsAtOnce);
  ParallelForRanges(tape.kept, grain, [&](int64_t begin, int64_t end) {
    TapeTask task(launch);
    for (Slot s : tape.row_slots) task.slot(s).mask = -1;
    for (int64_t first = begin; first < end; first += kRowsAtOnce) {
      TileRange rows = LongWalk::RowTile(first);
      rows.rows = std::min(kRowsAtOnce, end - first);
      task.LoadRows(rows);
      task.Run(pass.row_steps, 0, rows.rows);
      task.Load(pass.loads, LongWalk::RowTile(first));
      for (uint16_t r : pass.reduces) {
        const TapeReduce& reduce = tape.reduces[r];
        reduce.long_row.rows(task.slot(reduce.in).data,
                             RowStride(tape, pass, launch.layout, reduce), rows.rows, tape.reduced,
                             task.out(reduce.out));
      }
      task.Run(tape.last_row_steps, 0, rows.rows);
      task.StoreRows(rows);
    }
  });
}

}  // namespace

void RunLong(const TapeLaunch& launch) {
  if (TakesRowsByTurns(launch.tape, launch.layout)) return RunRowsByTurns(launch);
  RunSites(launch, LongWalk(launch.tape, launch.layout), launch.tape.reduced);
}

}  // namespace otium::cpu
