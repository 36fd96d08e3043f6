// SPDX-License-Identifier: Apache-2.0
//
// Long rows and columns: each pass of a row (or of a panel of columns) walks
// chunks, chunks leave partial results, and those are joined in order. Either a
// thread has whole rows, or, when rows are few, threads share the chunks of one;
// the tree of partial results is the same.

#include <algorithm>
#include <cstring>
#include <memory>

#include "backends/cpu/parallel.h"
#include "backends/cpu/tape_task.h"

namespace otium::cpu {
namespace {

int64_t RoundUp(int64_t x, int64_t unit) { return (x + unit - 1) / unit * unit; }
int64_t Ceiling(int64_t x, int64_t unit) { return (x + unit - 1) / unit; }

// Where a reduction's partial result lies within those of its pass.
struct PartialField {
  const TapeReduce* reduce;
  int64_t item;
  int64_t values;   // Offset of the values,
  int64_t indices;  // and of their indices, for argmax and argmin.
};

// Partial results of a pass: `width` values of each reduction.
class PartialShape {
 public:
  PartialShape(const Tape& tape, const TapePass& pass, int64_t width) : width_(width) {
    for (uint16_t r : pass.reduces) {
      const TapeReduce& reduce = tape.reduces[r];
      PartialField field{&reduce, ItemSize(reduce.dtype), bytes_, 0};
      bytes_ += RoundUp(width * field.item, kSplatBytes);
      field.indices = bytes_;
      if (reduce.is_arg) bytes_ += RoundUp(width * 8, kSplatBytes);
      fields_.push_back(field);
    }
  }
  const std::vector<PartialField>& fields() const { return fields_; }
  int64_t bytes() const { return bytes_; }
  int64_t width() const { return width_; }

  // a = a combined with b, which comes after it.
  void Combine(char* a, const char* b) const {
    for (const PartialField& f : fields_) {
      CombineField(f, a + f.values, reinterpret_cast<int64_t*>(a + f.indices), b + f.values,
                   reinterpret_cast<const int64_t*>(b + f.indices), width_);
    }
  }
  static void CombineField(const PartialField& f, void* a, int64_t* a_index, const void* b,
                           const int64_t* b_index, int64_t n) {
    if (f.reduce->is_arg) {
      f.reduce->merge(b, b_index, n, a, a_index);
    } else {
      const MapOperand in[2] = {{a, -1}, {b, -1}};
      f.reduce->combine(in, a, n);
    }
  }

 private:
  int64_t width_;
  int64_t bytes_ = 0;
  std::vector<PartialField> fields_;
};

// Joins partial results in order, kRadix of a level at a time.
class PartialTree {
 public:
  static constexpr int kRadix = 8;
  PartialTree(const PartialShape& shape, int64_t partials)
      : shape_(shape), levels_(LevelsFor(partials)), buffers_(levels_ * shape.bytes()) {}

  void Push(const char* partial) { PushAt(0, partial); }
  // The result of all; must have had one.
  char* Finish() {
    char* result = nullptr;
    for (int l = 0; l < levels_; ++l) {
      if (counts_[l] == 0) continue;
      if (result != nullptr) shape_.Combine(Level(l), result);
      result = Level(l);
      counts_[l] = 0;
    }
    return result;
  }

 private:
  static int LevelsFor(int64_t partials) {
    int levels = 1;
    for (; partials >= kRadix; partials /= kRadix) ++levels;
    return levels;
  }
  char* Level(int l) { return buffers_.data() + l * shape_.bytes(); }
  void PushAt(int l, const char* partial) {
    if (counts_[l] == 0) std::memcpy(Level(l), partial, shape_.bytes());
    else shape_.Combine(Level(l), partial);
    if (++counts_[l] == kRadix && l + 1 < levels_) {
      counts_[l] = 0;
      PushAt(l + 1, Level(l));
    }
  }

  const PartialShape& shape_;
  const int levels_;
  Scratch<char> buffers_;
  int counts_[24] = {};
};

// What a walk says of itself; LongWalk and ColumnsWalk are the two.
//   sites(), chunks()                      how many rows or panels, and chunks of each
//   Partial(pass)                          the shape of what a chunk leaves
//   Begin(task, site)                      loads row values
//   RowWidth(site)                         how many there are (0: one, repeated)
//   Chunk(task, pass, shape, site, chunk, partial)
//   Finish(task, shape, site, partial)     the row values of reductions
//   End(task, site)                        stores row values
template <class Walk>
void RunSites(const TapeLaunch& launch, const Walk& walk, int64_t site_elements) {
  const Tape& tape = launch.tape;
  const int64_t sites = walk.sites(), chunks = walk.chunks();
  if (sites == 0) return;
  std::vector<PartialShape> shapes;
  for (const TapePass& pass : tape.passes) shapes.push_back(walk.Partial(pass));

  // Shared chunks, where whole sites would leave threads idle.
  constexpr int64_t kFewSites = 16;
  if (sites < kFewSites && chunks > 1) {
    std::vector<std::unique_ptr<TapeTask>> tasks;
    for (int64_t s = 0; s < sites; ++s) {
      tasks.push_back(std::make_unique<TapeTask>(launch));
      walk.Begin(*tasks[s], s);
    }
    for (size_t p = 0; p < tape.passes.size(); ++p) {
      const TapePass& pass = tape.passes[p];
      const PartialShape& shape = shapes[p];
      for (int64_t s = 0; s < sites; ++s) tasks[s]->Run(pass.row_steps, 0, walk.RowWidth(s));
      Scratch<char> partials(sites * chunks * shape.bytes());
      ParallelFor(sites * chunks, [&](int64_t i) {
        TapeTask task(launch);
        task.ShareRows(*tasks[i / chunks]);
        walk.Chunk(task, pass, shape, i / chunks, i % chunks, partials.data() + i * shape.bytes());
      });
      if (shape.bytes() == 0) continue;
      for (int64_t s = 0; s < sites; ++s) {
        PartialTree tree(shape, chunks);
        for (int64_t c = 0; c < chunks; ++c) {
          tree.Push(partials.data() + (s * chunks + c) * shape.bytes());
        }
        walk.Finish(*tasks[s], shape, s, tree.Finish());
      }
    }
    for (int64_t s = 0; s < sites; ++s) {
      tasks[s]->Run(tape.last_row_steps, 0, walk.RowWidth(s));
      walk.End(*tasks[s], s);
    }
    return;
  }

  const int64_t grain = std::max<int64_t>(TaskGrain(tape) / std::max<int64_t>(site_elements, 1), 1);
  ParallelForRanges(sites, grain, [&](int64_t begin, int64_t end) {
    TapeTask task(launch);
    int64_t partial_bytes = 0;
    for (const PartialShape& shape : shapes) partial_bytes = std::max(partial_bytes, shape.bytes());
    Scratch<char> partial(partial_bytes);
    for (int64_t s = begin; s < end; ++s) {
      walk.Begin(task, s);
      for (size_t p = 0; p < tape.passes.size(); ++p) {
        const TapePass& pass = tape.passes[p];
        task.Run(pass.row_steps, 0, walk.RowWidth(s));
        if (chunks == 1) {
          walk.Chunk(task, pass, shapes[p], s, 0, partial.data());
          if (shapes[p].bytes() > 0) walk.Finish(task, shapes[p], s, partial.data());
          continue;
        }
        PartialTree tree(shapes[p], chunks);
        for (int64_t c = 0; c < chunks; ++c) {
          walk.Chunk(task, pass, shapes[p], s, c, partial.data());
          if (shapes[p].bytes() > 0) tree.Push(partial.data());
        }
        if (shapes[p].bytes() > 0) walk.Finish(task, shapes[p], s, tree.Finish());
      }
      task.Run(tape.last_row_steps, 0, walk.RowWidth(s));
      walk.End(task, s);
    }
  });
}

// Rows of more than kPackedRow elements; a site is a row.
class LongWalk {
 public:
  LongWalk(const Tape& tape, const TapeLayout& layout) : tape_(tape), layout_(layout) {}

  int64_t sites() const { return tape_.kept; }
  int64_t chunks() const { return Ceiling(tape_.reduced, kChunk); }
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
    // Block results of all reductions, before they are folded.
    const size_t reductions = shape.fields().size();
    struct Blocks {
      alignas(16) char values[kBlocksPerChunk * 16];
      int64_t indices[kBlocksPerChunk];
    };
    Scratch<Blocks> blocks(reductions > 2 ? static_cast<int64_t>(reductions) : 0);
    Blocks few[2];
    Blocks* const results = reductions > 2 ? blocks.data() : few;

    tile.column = begin;
    tile.columns = end - begin;
    if (pass.steps.empty() && pass.stores.empty() && AllDense(pass, tile)) {
      // Nothing but reductions of memory: all blocks in one call.
      task.Load(pass.loads, tile);
      const int64_t whole = tile.columns / kBlock, rest = tile.columns % kBlock;
      for (size_t f = 0; f < reductions; ++f) {
        const PartialField& field = shape.fields()[f];
        const char* x = static_cast<const char*>(task.slot(field.reduce->in).data);
        ReduceBlocks(field, x, whole, kBlock, 0, begin, &results[f].values[0], results[f].indices);
        if (rest > 0) {
          ReduceBlocks(field, x + whole * kBlock * field.item, 1, rest, whole,
                       begin, &results[f].values[0], results[f].indices);
        }
      }
    } else {
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
          const PartialField& field = shape.fields()[f];
          ReduceBlocks(field, task.slot(field.reduce->in).data, 1, tile.columns, b, begin,
                       results[f].values, results[f].indices);
        }
        task.Store(pass.stores, tile);
      }
    }
    const int64_t count = Ceiling(end - begin, kBlock);
    for (size_t f = 0; f < reductions; ++f) {
      const PartialField& field = shape.fields()[f];
      char* values = results[f].values;
      int64_t* indices = results[f].indices;
      for (int64_t n = count; n > 1;) {
        const int64_t half = (n + 1) / 2;
        PartialShape::CombineField(field, values, indices, values + half * field.item,
                                   indices + half, n - half);
        n = half;
      }
      std::memcpy(partial + field.values, values, field.item);
      if (field.reduce->is_arg) std::memcpy(partial + field.indices, indices, 8);
    }
  }

  void Finish(TapeTask& task, const PartialShape& shape, int64_t, const char* partial) const {
    for (const PartialField& f : shape.fields()) {
      if (f.reduce->is_arg) Splat(partial + f.indices, 8, task.out(f.reduce->out));
      else Splat(partial + f.values, f.item, task.out(f.reduce->out));
    }
  }

 private:
  bool AllDense(const TapePass& pass, const TileRange& tile) const {
    return std::all_of(pass.loads.begin(), pass.loads.end(), [&](uint16_t l) {
      return IsDense(layout_, layout_.loads[l], tile);
    });
  }

  // `rows` blocks of n elements, of which the first is block b of the chunk.
  static void ReduceBlocks(const PartialField& f, const void* x, int64_t rows, int64_t n,
                           int64_t b, int64_t begin, char* values, int64_t* indices) {
    if (f.reduce->is_arg) {
      f.reduce->arg_rows(x, rows, n, values + b * f.item, indices + b);
      for (int64_t i = b; i < b + rows; ++i) indices[i] += begin + i * kBlock;
    } else {
      f.reduce->rows(x, rows, n, values + b * f.item);
    }
  }

  const Tape& tape_;
  const TapeLayout& layout_;
};

// Reduced dimensions that are not innermost; a site is a panel of columns at one
// outer index. When columns are few, a step takes several rows, which lie one
// after the other in the accumulators and are folded at the end.
class ColumnsWalk {
 public:
  ColumnsWalk(const Tape& tape, const TapeLayout& layout)
      : tape_(tape), layout_(layout), panels_(Ceiling(tape.inner, tape.panel)) {}

  int64_t sites() const { return layout_.outer.count * panels_; }
  int64_t steps() const { return Ceiling(tape_.reduced, tape_.rows_a_step); }
  int64_t chunks() const { return std::max<int64_t>(Ceiling(steps(), kStepsPerChunk), 1); }
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
    constexpr int kRadix = 16;
    Scratch<char> sums(pass.reduces.empty() ? 0 : shape.bytes());
    const int64_t first = chunk * kStepsPerChunk;
    const int64_t end = std::min(first + kStepsPerChunk, steps());
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
                       (pass.steps.empty() && pass.stores.empty() && AllDense(pass, tile));
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

  bool AllDense(const TapePass& pass, const TileRange& tile) const {
    return std::all_of(pass.loads.begin(), pass.loads.end(), [&](uint16_t l) {
      return IsDense(layout_, layout_.loads[l], tile);
    });
  }

  const Tape& tape_;
  const TapeLayout& layout_;
  const int64_t panels_;
};

}  // namespace

void RunLong(const TapeLaunch& launch) {
  RunSites(launch, LongWalk(launch.tape, launch.layout), launch.tape.reduced);
}

void RunColumns(const TapeLaunch& launch) {
  const Tape& tape = launch.tape;
  if (tape.kept == 0) return;
  RunSites(launch, ColumnsWalk(tape, launch.layout), tape.reduced * tape.panel);
}

}  // namespace otium::cpu
