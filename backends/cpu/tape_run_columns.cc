// SPDX-License-Identifier: Apache-2.0
//
// Reductions of dimensions that are not innermost.

#include <algorithm>
#include <cstring>

#include "backends/cpu/tape_sites.h"

namespace otium::cpu {
namespace {

// Reduced dimensions that are not innermost; a site is a panel of columns at one
// outer index. When columns are few, a step takes several rows, which lie one
// after the other in the accumulators and are folded at the end.
class ColumnsWalk {
 public:
  ColumnsWalk(const Tape& tape, const TapeLayout& layout)
      : tape_(tape), layout_(layout), panels_(CeilDiv(tape.inner, tape.panel)) {}

  int64_t sites() const { return layout_.outer.count * panels_; }
  int64_t steps() const { return CeilDiv(tape_.reduced, tape_.rows_a_step); }
  int64_t chunks() const { return std::max<int64_t>(CeilDiv(steps(), kStepsPerChunk), 1); }
  int64_t RowWidth(int64_t site) const { return Columns(site) * tape_.rows_a_step; }
  PartialShape Partial(const TapePass& pass) const {
    return PartialShape(tape_, pass, tape_.panel * tape_.rows_a_step);
  }

  void Begin(TapeTask& task, int64_t site) const {
    TileRange tile = PanelTile(site);
    tile.rows = tape_.rows_a_step;  // Row values are repeated for each row of a step.
    task.LoadRows(tile);
  }
  void End(TapeTask& task, int64_t site) const { task.StoreRows(PanelTile(site)); }

  void Chunk(TapeTask& task, const TapePass& pass, const PartialShape& shape, int64_t site,
             int64_t chunk, char* partial) const {
    Scratch<char> sums(pass.reduces.empty() ? 0 : shape.bytes());
    const int64_t first = chunk * kStepsPerChunk;
    const int64_t end = std::min(first + kStepsPerChunk, steps());
    if (SumsMemory(pass, PanelTile(site))) {
      return SumMemory(task, pass, shape, PanelTile(site), {first, end}, partial, sums.data());
    }
    for (int64_t step = first; step < end; ++step) {
      const int64_t in_group = (step - first) % kRadix;
      // The first group of 16 steps is summed in place.
      char* const to = step - first < kRadix ? partial : sums.data();
      Step(task, pass, shape, site, step, in_group == 0, to);
      const bool last = in_group == kRadix - 1 || step == end - 1;
      if (last && to != partial && shape.bytes() > 0) shape.Combine(partial, to);
    }
    if (first >= end) Identity(shape, partial);
  }

  void Finish(TapeTask& task, const PartialShape& shape, int64_t site, char* partial) const {
    const int64_t columns = Columns(site);
    for (const PartialField& f : shape.fields()) {
      char* values = partial + f.values;
      auto* indices = reinterpret_cast<int64_t*>(partial + f.indices);
      for (int64_t rows = tape_.rows_a_step; rows > 1;) {
        const int64_t half = (rows + 1) / 2;
        PartialShape::CombineField(f, values, indices, values + half * columns * f.item,
                                   indices + half * columns, (rows - half) * columns);
        rows = half;
      }
      const void* result = f.reduce->is_arg ? static_cast<const void*>(indices) : values;
      const int64_t bytes = columns * (f.reduce->is_arg ? 8 : f.item);
      char* out = static_cast<char*>(task.out(f.reduce->out));
      for (int64_t r = 0; r < tape_.rows_a_step; ++r) std::memcpy(out + r * bytes, result, bytes);
    }
  }

 private:
  // Steps of a chunk that are added up one after the other.
  static constexpr int64_t kRadix = 16;

  int64_t Columns(int64_t site) const {
    return std::min(tape_.panel, tape_.inner - site % panels_ * tape_.panel);
  }
  TileRange PanelTile(int64_t site) const {
    TileRange tile;
    tile.outer = site / panels_;
    tile.column = site % panels_ * tape_.panel;
    tile.columns = Columns(site);
    return tile;
  }

  void Step(TapeTask& task, const TapePass& pass, const PartialShape& shape, int64_t site,
            int64_t step, bool start, char* sums) const {
    const TileRange panel = PanelTile(site);
    TileRange tile = panel;
    tile.row = step * tape_.rows_a_step;
    tile.rows = std::min(tape_.rows_a_step, tape_.reduced - tile.row);
    // Nothing but reductions of memory: the panel is one tile.
    const bool whole = tape_.rows_a_step > 1 ||
                       OnlyReducesMemory(tape_, pass, layout_, panel.columns);
    const int64_t width = whole ? panel.columns : tape_.tile;
    for (int64_t c = 0; c < panel.columns; c += width) {
      tile.column = panel.column + c;
      tile.columns = std::min(width, panel.columns - c);
      const int64_t n = tile.rows * tile.columns;
      for (const TapePanelView& v : tape_.panel_views) {
        task.slot(v.view).data = static_cast<const char*>(task.slot(v.panel).data) + c * v.item;
      }
      task.Load(pass.loads, tile);
      task.BindStores(pass.stores, tile);
      task.Run(pass.steps, n, 0);
      for (const PartialField& f : shape.fields()) {
        const void* x = task.slot(f.reduce->in).data;
        Accumulate(f, x, n, tile, start, sums + f.values + c * f.item,
                   reinterpret_cast<int64_t*>(sums + f.indices) + c, panel.columns);
      }
      task.Store(pass.stores, tile);
    }
  }

  // Whether the pass is sums of memory, a row a step.
  bool SumsMemory(const TapePass& pass, const TileRange& panel) const {
    return tape_.rows_a_step == 1 && !pass.reduces.empty() &&
           OnlyReducesMemory(tape_, pass, layout_, panel.columns) &&
           std::all_of(pass.reduces.begin(), pass.reduces.end(), [&](uint16_t r) {
             return tape_.reduces[r].column_sum != nullptr;
           });
  }
  // The same bits as by steps, kRadix rows at once.
  void SumMemory(TapeTask& task, const TapePass& pass, const PartialShape& shape, TileRange tile,
                 Range rows, char* partial, char* sums) const {
    if (rows.size() <= 0) return Identity(shape, partial);
    for (tile.row = rows.begin; tile.row < rows.end; tile.row += kRadix) {
      char* const to = tile.row == rows.begin ? partial : sums;
      task.Load(pass.loads, tile);
      for (const PartialField& f : shape.fields()) {
        f.reduce->column_sum(task.slot(f.reduce->in).data,
                             RowStride(tape_, pass, layout_, *f.reduce),
                             std::min(kRadix, rows.end - tile.row), tile.columns, to + f.values);
      }
      if (to != partial) shape.Combine(partial, to);
    }
  }

  void Accumulate(const PartialField& f, const void* x, int64_t n, const TileRange& tile,
                  bool start, char* values, int64_t* indices, int64_t columns) const {
    if (!start) {
      if (f.reduce->is_arg) {
        f.reduce->update(x, n, tile.row, tile.columns, values, indices);
      } else {
        const MapOperand in[2] = {{values, -1}, {x, -1}};
        f.reduce->combine(in, values, n);
      }
      return;
    }
    std::memcpy(values, x, n * f.item);
    if (f.reduce->is_arg) {
      for (int64_t i = 0; i < n; ++i) indices[i] = tile.row + i / tile.columns;
    }
    // The last step may have fewer rows than the accumulators have room for.
    for (int64_t i = n; tape_.rows_a_step > 1 && i < columns * tape_.rows_a_step; ++i) {
      WriteIdentity(f.reduce->op, f.reduce->dtype, values + i * f.item);
      if (f.reduce->is_arg) indices[i] = INT64_MAX;
    }
  }

  static void Identity(const PartialShape& shape, char* partial) {
    for (const PartialField& f : shape.fields()) {
      for (int64_t i = 0; i < shape.width(); ++i) {
        WriteIdentity(f.reduce->op, f.reduce->dtype, partial + f.values + i * f.item);
      }
    }
  }

  const Tape& tape_;
  const TapeLayout& layout_;
  const int64_t panels_;
};

}  // namespace

void RunColumns(const TapeLaunch& launch) {
  const Tape& tape = launch.tape;
  if (tape.kept == 0) return;
  RunSites(launch, ColumnsWalk(tape, launch.layout), tape.reduced * tape.panel);
}

}  // namespace otium::cpu
