// SPDX-License-Identifier: Apache-2.0
//
// Long reductions: rows or panels of columns ("sites") that are walked in chunks.
// Each pass of a site walks its chunks, chunks leave partial results, and those are
// joined in order. Either a thread has whole sites, or, when sites are few, threads
// share the chunks of one; the tree of partial results is the same.

#ifndef OTIUM_BACKENDS_CPU_TAPE_SITES_H_
#define OTIUM_BACKENDS_CPU_TAPE_SITES_H_

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "backends/cpu/parallel.h"
#include "backends/cpu/tape_task.h"
#include "backends/cpu/tasks.h"

namespace otium::cpu {

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
      bytes_ += CeilDiv(width * field.item, kSplatBytes) * kSplatBytes;
      field.indices = bytes_;
      if (reduce.is_arg) bytes_ += CeilDiv(width * 8, kSplatBytes) * kSplatBytes;
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

// What a reduction reads as it lies in memory; null when it is computed or kept.
inline const TapeArray* MemoryOf(const Tape& tape, const TapePass& pass, const TapeLayout& layout,
                                 const TapeReduce& reduce) {
  for (uint16_t l : pass.loads) {
    if (tape.loads[l].slot == reduce.in) return &layout.loads[l];
  }
  return nullptr;
}

// Whether the pass does nothing but reduce memory whose rows of `columns` elements
// are dense and evenly spaced: then a kernel can have many rows at once.
inline bool OnlyReducesMemory(const Tape& tape, const TapePass& pass, const TapeLayout& layout,
                              int64_t columns) {
  return pass.steps.empty() && pass.stores.empty() && layout.rows.rank <= 1 &&
         std::all_of(pass.reduces.begin(), pass.reduces.end(), [&](uint16_t r) {
           const TapeArray* array = MemoryOf(tape, pass, layout, tape.reduces[r]);
           return array != nullptr &&
                  (columns <= 1 || (layout.columns.rank == 1 && array->columns[0] == 1));
         });
}

// Bytes from one row of that memory to the next.
inline int64_t RowStride(const Tape& tape, const TapePass& pass, const TapeLayout& layout,
                         const TapeReduce& reduce) {
  const TapeArray* array = MemoryOf(tape, pass, layout, reduce);
  return layout.rows.rank == 0 ? 0 : array->rows[0] * array->item;
}

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
  if (sites < kFewSites && chunks > 1 && launch.parallel) {
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
  ParallelForRanges(sites, launch.parallel ? grain : sites, [&](int64_t begin, int64_t end) {
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

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_TAPE_SITES_H_
