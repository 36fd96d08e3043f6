// SPDX-License-Identifier: Apache-2.0
//
// Where the arrays of a launch lie, in the terms of its tape: three groups of
// dimensions (outer, rows, columns of tiles), merged where all arrays allow it,
// and each array's strides along them. And moving tiles between strided memory
// and registers.

#ifndef OTIUM_BACKENDS_CPU_TAPE_LAYOUT_H_
#define OTIUM_BACKENDS_CPU_TAPE_LAYOUT_H_

#include <cstdint>

#include "absl/container/inlined_vector.h"
#include "backends/backend.h"
#include "backends/cpu/tape.h"

namespace otium::cpu {

// Dimensions that are walked together, row-major; `count` indices in all.
struct DimGroup {
  int rank = 0;
  int64_t count = 1;
  int64_t sizes[kMaxRank];
};

// One load or store.
struct TapeArray {
  int64_t item = 1;
  // Broadcast along rows: a tile of the same columns holds the same again.
  bool same_in_all_rows = false;
  // Elements, along the dimensions of each group; 0 where broadcast.
  int64_t outer[kMaxRank];
  int64_t rows[kMaxRank];
  int64_t columns[kMaxRank];
};

struct TapeLayout {
  DimGroup outer, rows, columns;
  // As Tape::loads and Tape::stores.
  absl::InlinedVector<TapeArray, 4> loads;
  absl::InlinedVector<TapeArray, 2> stores;
};

// The layout of views with these strides, wherever they are, over a part of the space
// of these sizes: of all of it, those of the program.
// kPointwise: columns are the dimension along which result 0 is densest, rows
// all others. kPacked, kLong: rows are the kept dimensions, columns the reduced
// ones. kColumns: outer, reduced, inner.
void MakeLayout(const Tape& tape, const View* inputs, const View* results,
                absl::Span<const int64_t> sizes, TapeLayout* layout);

// The offset in elements of index `flat` of the group.
inline int64_t OffsetOf(const DimGroup& group, const int64_t* strides, int64_t flat) {
  if (group.rank == 1) return flat * strides[0];
  int64_t offset = 0;
  for (int d = group.rank; d-- > 0 && flat != 0;) {
    offset += flat % group.sizes[d] * strides[d];
    flat /= group.sizes[d];
  }
  return offset;
}

// A rectangle of the (rows, columns) of a layout at one outer index.
struct TileRange {
  int64_t outer = 0;
  int64_t row = 0;
  int64_t rows = 1;
  int64_t column = 0;
  int64_t columns = 1;
};

// `data` is where the array begins, here and below.
inline char* AddressOf(const TapeLayout& layout, const TapeArray& array, char* data,
                       const TileRange& tile) {
  const int64_t offset = OffsetOf(layout.outer, array.outer, tile.outer) +
                         OffsetOf(layout.rows, array.rows, tile.row) +
                         OffsetOf(layout.columns, array.columns, tile.column);
  return data + offset * array.item;
}

// Elements as bytes, for what only moves them: complex numbers are aligned as their
// parts are.
struct Bytes8 {
  uint32_t half[2];
};
struct Bytes16 {
  uint64_t half[2];
};
// Calls `f(T{})` with a T of `item` bytes.
template <class F>
void DispatchItem(int64_t item, F&& f) {
  switch (item) {
    case 1: return f(uint8_t{});
    case 2: return f(uint16_t{});
    case 4: return f(uint32_t{});
    case 8: return f(Bytes8{});
    default: return f(Bytes16{});
  }
}

// Whether the tile lies in one dense row-major piece.
bool IsDense(const TapeLayout& layout, const TapeArray& array, const TileRange& tile);
// Whether all of the tile is one element.
bool IsOneElement(const TapeLayout& layout, const TapeArray& array, const TileRange& tile);

// Between memory and a dense register of tile.rows x tile.columns.
void GatherTile(const TapeLayout& layout, const TapeArray& array, char* data, const TileRange& tile,
                void* to);
void ScatterTile(const TapeLayout& layout, const TapeArray& array, char* data,
                 const TileRange& tile, const void* from);

// `to` filled with copies of one element: kSplatBytes of it.
void Splat(const void* from, int64_t item, void* to);

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_TAPE_LAYOUT_H_
