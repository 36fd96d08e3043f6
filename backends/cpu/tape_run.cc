// SPDX-License-Identifier: Apache-2.0
//
// Tiles, one after the other: what all modes share, and the two modes in which
// tiles have nothing to do with each other.

#include <algorithm>
#include <cstring>

#include "backends/cpu/parallel.h"
#include "backends/cpu/tape_task.h"

namespace otium::cpu {

using region::Level;

int64_t TaskGrain(const Tape& tape) {
  constexpr double kTaskNanoseconds = 20000;
  return std::clamp<int64_t>(static_cast<int64_t>(kTaskNanoseconds / tape.weight), 1024, 65536);
}

TapeTask::TapeTask(const TapeLaunch& launch)
    : launch_(launch),
      tape_(launch.tape),
      layout_(launch.layout),
      large_(tape_.memory_bytes <= kSmallBytes ? 0 : tape_.memory_bytes),
      memory_(tape_.memory_bytes <= kSmallBytes ? small_ : large_.data()),
      slots_(tape_.slots.size()),
      held_(layout_.loads.size()) {
  for (size_t s = 0; s < tape_.slots.size(); ++s) {
    const SlotStart& start = tape_.slots[s];
    const char* base = memory_;
    if (start.area == SlotStart::kConstants) base = tape_.constants;
    if (start.area == SlotStart::kUniforms) base = launch.uniforms;
    slots_[s] = {base + start.offset, start.repeated ? 0 : -1};
  }
}

void TapeTask::ShareRows(const TapeTask& other) {
  for (Slot s : tape_.row_slots) slots_[s] = other.slots_[s];
}

void TapeTask::Load(absl::Span<const uint16_t> loads, const TileRange& tile) {
  if (tile.rows == 0 || tile.columns == 0) return;
  for (uint16_t l : loads) {
    const TapeArray& array = layout_.loads[l];
    const TapeLoad& load = tape_.loads[l];
    char* const buffer = memory_ + load.buffer;
    if (IsDense(layout_, array, tile)) {
      slots_[load.slot] = {AddressOf(layout_, array, launch_.loads[l], tile), -1};
    } else if (tape_.mode == TapeMode::kPointwise && IsOneElement(layout_, array, tile)) {
      Splat(AddressOf(layout_, array, launch_.loads[l], tile), array.item, buffer);
      slots_[load.slot] = {buffer, 0};
      held_[l] = {};
    } else {
      Held& held = held_[l];
      const bool is_held = array.same_in_all_rows && held.column == tile.column &&
                           held.columns == tile.columns && held.rows >= tile.rows;
      if (!is_held) GatherTile(layout_, array, launch_.loads[l], tile, buffer);
      held = {tile.column, tile.columns, tile.rows};
      slots_[load.slot] = {buffer, -1};
    }
  }
}

void TapeTask::LoadRows(const TileRange& tile) {
  for (uint16_t l : tape_.row_loads) {
    const TapeArray& array = layout_.loads[l];
    const TapeLoad& load = tape_.loads[l];
    char* const buffer = memory_ + load.buffer;
    if (tape_.mode == TapeMode::kLong && tile.rows == 1) {
      Splat(AddressOf(layout_, array, launch_.loads[l], tile), array.item, buffer);
      slots_[load.slot].data = buffer;
    } else if (IsDense(layout_, array, tile)) {
      slots_[load.slot].data = AddressOf(layout_, array, launch_.loads[l], tile);
    } else {
      GatherTile(layout_, array, launch_.loads[l], tile, buffer);
      slots_[load.slot].data = buffer;
    }
  }
}

void TapeTask::BindStores(absl::Span<const uint16_t> stores, const TileRange& tile) {
  for (uint16_t s : stores) {
    const TapeStore& store = tape_.stores[s];
    const bool direct = store.direct && IsDense(layout_, layout_.stores[s], tile);
    slots_[store.slot].data = direct
                                  ? AddressOf(layout_, layout_.stores[s], launch_.stores[s], tile)
                                  : memory_ + store.buffer;
  }
}

void TapeTask::Store(absl::Span<const uint16_t> stores, const TileRange& tile) {
  for (uint16_t s : stores) {
    const TapeStore& store = tape_.stores[s];
    if (slots_[store.slot].data != memory_ + store.buffer) continue;
    ScatterTile(layout_, layout_.stores[s], launch_.stores[s], tile, slots_[store.slot].data);
  }
}

void TapeTask::StoreRows(const TileRange& tile) {
  for (uint16_t s : tape_.row_stores) {
    ScatterTile(layout_, layout_.stores[s], launch_.stores[s], tile,
                slots_[tape_.stores[s].slot].data);
  }
}

void TapeTask::Run(absl::Span<const TapeStep> steps, int64_t elements, int64_t rows) {
  for (const TapeStep& step : steps) {
    switch (step.kind) {
      case TapeStep::kElement:
      case TapeStep::kRow: {
        MapOperand in[3];
        for (int k = 0; k < 3; ++k) {
          if (step.in[k] != kNoSlot) in[k] = slots_[step.in[k]];
        }
        const int64_t n = step.kind == TapeStep::kElement ? elements
                          : rows == 0                     ? kSplatBytes / step.item
                                                          : rows;
        step.map(in, out(step.out), n);
        break;
      }
      case TapeStep::kExpand: Expand(step, rows, elements / std::max<int64_t>(rows, 1)); break;
      case TapeStep::kReduce: {
        const TapeReduce& reduce = tape_.reduces[step.index];
        const int64_t n = elements / std::max<int64_t>(rows, 1);
        if (reduce.is_arg) {
          // The best values themselves are of no interest.
          alignas(16) char best[kBlock * 16];
          reduce.arg_rows(slots_[step.in[0]].data, rows, n, best,
                          static_cast<int64_t*>(out(step.out)));
        } else {
          reduce.rows(slots_[step.in[0]].data, rows, n, out(step.out));
        }
        break;
      }
    }
  }
}

void TapeTask::Expand(const TapeStep& step, int64_t rows, int64_t columns) {
  DispatchItem(step.item, [&]<class T>(T) {
    const T* from = static_cast<const T*>(slots_[step.in[0]].data);
    T* to = static_cast<T*>(out(step.out));
    for (int64_t r = 0; r < rows; ++r, to += columns) std::fill_n(to, columns, from[r]);
  });
}

void ComputeUniforms(const Tape& tape, const View* inputs, char* memory) {
  for (uint16_t l : tape.uniform_loads) {
    const TapeLoad& load = tape.loads[l];
    Splat(inputs[load.input].data, ItemSize(load.dtype), memory + tape.slots[load.slot].offset);
  }
  for (const TapeStep& step : tape.uniform_steps) {
    MapOperand in[3];
    for (int k = 0; k < 3; ++k) {
      if (step.in[k] == kNoSlot) continue;
      const SlotStart& start = tape.slots[step.in[k]];
      in[k] = {(start.area == SlotStart::kConstants ? tape.constants : memory) + start.offset, 0};
    }
    step.map(in, memory + tape.slots[step.out].offset, kSplatBytes / step.item);
  }
}

namespace {

// Whether an array is dense along rows but not along columns.
bool HasTransposed(const TapeLayout& layout) {
  if (layout.rows.rank == 0 || layout.columns.rank == 0) return false;
  const int last = layout.rows.rank - 1;
  auto transposed = [&](const TapeArray& a) {
    return a.columns[0] != 0 && a.columns[0] != 1 && a.rows[last] == 1;
  };
  return std::any_of(layout.loads.begin(), layout.loads.end(), transposed) ||
         std::any_of(layout.stores.begin(), layout.stores.end(), transposed);
}

}  // namespace

void RunPointwise(const TapeLaunch& launch) {
  const Tape& tape = launch.tape;
  const TapeLayout& layout = launch.layout;
  const int64_t rows = layout.rows.count, columns = layout.columns.count;
  if (rows == 0 || columns == 0) return;
  int64_t c = std::min(columns, tape.tile);
  int64_t r = std::min(rows, tape.tile / c);
  // Rows that are dense each, but not one after the other, are used where they are.
  auto in_rows = [&](const TapeArray& a) {
    return layout.columns.rank == 1 && a.columns[0] == 1 && !a.same_in_all_rows &&
           (layout.rows.rank != 1 || a.rows[0] != columns);
  };
  constexpr int64_t kLongRow = 128;
  if (c >= kLongRow && (std::any_of(layout.loads.begin(), layout.loads.end(), in_rows) ||
                        std::any_of(layout.stores.begin(), layout.stores.end(), in_rows))) {
    r = 1;
  }
  // Blocks of lines (16 f32) by as many, so that either side reads whole lines.
  constexpr int64_t kLine = 16;
  if (HasTransposed(layout) && rows >= kLine && columns >= kLine && tape.tile >= kLine * kLine) {
    r = kLine;
    c = std::min(columns, tape.tile / kLine);
  }
  const int64_t across = (columns + c - 1) / c;
  const int64_t tiles = (rows + r - 1) / r * across;
  const TapePass& pass = tape.passes[0];
  const int64_t grain = std::max<int64_t>(TaskGrain(tape) / (r * c), 1);
  ParallelForRanges(tiles, launch.parallel ? grain : tiles, [&](int64_t begin, int64_t end) {
    TapeTask task(launch);
    for (int64_t i = begin; i < end; ++i) {
      TileRange tile;
      tile.row = i / across * r;
      tile.rows = std::min(r, rows - tile.row);
      tile.column = i % across * c;
      tile.columns = std::min(c, columns - tile.column);
      task.Load(pass.loads, tile);
      task.BindStores(pass.stores, tile);
      task.Run(pass.steps, tile.rows * tile.columns, 0);
      task.Store(pass.stores, tile);
    }
  });
}

void RunPacked(const TapeLaunch& launch) {
  const Tape& tape = launch.tape;
  const int64_t n = tape.reduced;
  const int64_t rows = tape.tile / std::max<int64_t>(n, 1);
  const int64_t grain = std::max<int64_t>(TaskGrain(tape) / std::max<int64_t>(tape.tile, 1), 1);
  const TapePass& pass = tape.passes[0];
  const int64_t kept = launch.layout.rows.count;
  ParallelForRanges(kept, launch.parallel ? grain * rows : kept, [&](int64_t begin, int64_t end) {
    TapeTask task(launch);
    for (int64_t row = begin; row < end; row += rows) {
      TileRange values;
      values.row = row;
      values.rows = std::min(rows, end - row);
      TileRange tile = values;
      tile.columns = n;
      task.LoadRows(values);
      task.Load(pass.loads, tile);
      task.BindStores(pass.stores, tile);
      task.Run(pass.row_steps, 0, tile.rows);
      task.Run(pass.steps, tile.rows * n, tile.rows);
      if (n > 0) task.Store(pass.stores, tile);
      task.StoreRows(values);
    }
  });
}

}  // namespace otium::cpu
