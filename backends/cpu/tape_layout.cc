// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/tape_layout.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace otium::cpu {
namespace {

using region::IndexMap;
using region::kBroadcast;

// Strides of every array along the dimensions of the space, one list a dimension.
struct SpaceDim {
  int64_t size;
  absl::InlinedVector<int64_t, 6> strides;  // Loads, then stores.
};

bool CanMerge(const SpaceDim& outer, const SpaceDim& inner) {
  for (size_t a = 0; a < outer.strides.size(); ++a) {
    if (outer.strides[a] != inner.strides[a] * inner.size) return false;
  }
  return true;
}

int64_t StrideAlong(int d, const IndexMap& map, const View& view) {
  return map[d] == kBroadcast ? 0 : view.strides[map[d]];
}

using Dims = absl::InlinedVector<SpaceDim, 6>;

// Merges neighbours that all arrays walk as one.
void Merge(Dims* dims) {
  size_t kept = 0;
  for (size_t d = 0; d < dims->size(); ++d) {
    if (kept > 0 && CanMerge((*dims)[kept - 1], (*dims)[d])) {
      SpaceDim& merged = (*dims)[kept - 1];
      merged.size *= (*dims)[d].size;
      merged.strides = (*dims)[d].strides;
    } else {
      if (kept != d) (*dims)[kept] = std::move((*dims)[d]);
      ++kept;
    }
  }
  dims->erase(dims->begin() + static_cast<std::ptrdiff_t>(kept), dims->end());
}

template <class Member>
void PlaceGroup(const Dims& dims, Member member, DimGroup* group, TapeLayout* layout) {
  group->rank = static_cast<int>(dims.size());
  group->count = 1;
  for (int d = 0; d < group->rank; ++d) {
    group->sizes[d] = dims[d].size;
    group->count *= dims[d].size;
    size_t a = 0;
    for (TapeArray& array : layout->loads) (array.*member)[d] = dims[d].strides[a++];
    for (TapeArray& array : layout->stores) (array.*member)[d] = dims[d].strides[a++];
  }
}

// Result 0 is written along its densest dimension; an input that is dense along
// another one (a transposed one) gets that as the innermost dimension of rows, so
// that tiles are blocks of both.
void PlacePointwise(Dims dims, TapeLayout* layout) {
  const size_t store = layout->loads.size();
  auto magnitude = [&](const SpaceDim& d) { return std::abs(d.strides[store]); };
  std::stable_sort(dims.begin(), dims.end(), [&](const SpaceDim& a, const SpaceDim& b) {
    return magnitude(a) > magnitude(b);
  });
  Merge(&dims);
  Dims columns;
  if (!dims.empty()) {
    columns.push_back(dims.back());
    dims.pop_back();
    for (size_t a = 0; a < store; ++a) {
      if (std::abs(columns[0].strides[a]) <= 1) continue;
      auto dense = std::find_if(dims.begin(), dims.end(),
                                [&](const SpaceDim& d) { return d.strides[a] == 1; });
      if (dense == dims.end()) continue;
      std::rotate(dense, dense + 1, dims.end());
      break;
    }
  }
  PlaceGroup(columns, &TapeArray::columns, &layout->columns, layout);
  PlaceGroup(dims, &TapeArray::rows, &layout->rows, layout);
  PlaceGroup({}, &TapeArray::outer, &layout->outer, layout);
}

// dst[r * columns + c] = src[r * rs + c * cs], strides in elements.
template <class T>
void Gather2D(const T* src, int64_t rs, int64_t cs, int64_t rows, int64_t columns, T* dst) {
  if (cs == 1) {
    for (int64_t r = 0; r < rows; ++r, src += rs, dst += columns) {
      if (columns >= 16) {
        std::memcpy(dst, src, columns * sizeof(T));
      } else {
        for (int64_t c = 0; c < columns; ++c) dst[c] = src[c];
      }
    }
  } else if (cs == 0) {
    for (int64_t r = 0; r < rows; ++r, src += rs, dst += columns) std::fill_n(dst, columns, *src);
  } else if (rs == 1 && rows >= 4) {
    // Along the dense side: each line of memory is read once.
    for (int64_t c = 0; c < columns; ++c) {
      for (int64_t r = 0; r < rows; ++r) dst[r * columns + c] = src[c * cs + r];
    }
  } else {
    for (int64_t r = 0; r < rows; ++r, src += rs, dst += columns) {
      for (int64_t c = 0; c < columns; ++c) dst[c] = src[c * cs];
    }
  }
}

template <class T>
void Scatter2D(const T* src, int64_t rs, int64_t cs, int64_t rows, int64_t columns, T* dst) {
  for (int64_t r = 0; r < rows; ++r, src += columns, dst += rs) {
    if (cs == 1) {
      std::memcpy(dst, src, columns * sizeof(T));
    } else {
      for (int64_t c = 0; c < columns; ++c) dst[c * cs] = src[c];
    }
  }
}

// Calls f(address, row stride, column stride, rows, columns, first element of the
// register) for rectangles that cover the tile.
template <class F>
void ForEachRectangle(const TapeLayout& layout, const TapeArray& a, char* data,
                      const TileRange& tile, F&& f) {
  char* base = data + OffsetOf(layout.outer, a.outer, tile.outer) * a.item;
  // Row values are stored also when what was reduced is empty.
  auto last = [](const DimGroup& group) {
    return group.rank == 0 ? 1 : std::max<int64_t>(group.sizes[group.rank - 1], 1);
  };
  const int64_t last_size = last(layout.columns), row_size = last(layout.rows);
  const int64_t cs = layout.columns.rank == 0 ? 0 : a.columns[layout.columns.rank - 1];
  const int64_t rs = layout.rows.rank == 0 ? 0 : a.rows[layout.rows.rank - 1];
  for (int64_t r = 0; r < tile.rows;) {
    const int64_t row = tile.row + r;
    const int64_t rows =
        layout.rows.rank <= 1 ? tile.rows : std::min(tile.rows - r, row_size - row % row_size);
    char* at_row = base + OffsetOf(layout.rows, a.rows, row) * a.item;
    if (layout.columns.rank <= 1 || tile.columns <= last_size - tile.column % last_size) {
      f(at_row + OffsetOf(layout.columns, a.columns, tile.column) * a.item, rs, cs, rows,
        tile.columns, r * tile.columns);
    } else {
      // Columns wrap around within the tile: piece by piece, row by row.
      for (int64_t i = 0; i < rows; ++i) {
        for (int64_t c = 0; c < tile.columns;) {
          const int64_t column = tile.column + c;
          const int64_t n = std::min(tile.columns - c, last_size - column % last_size);
          f(at_row + (i * rs + OffsetOf(layout.columns, a.columns, column)) * a.item, rs, cs,
            int64_t{1}, n, (r + i) * tile.columns + c);
          c += n;
        }
      }
    }
    r += rows;
  }
}

void FindRepeated(TapeLayout* layout) {
  for (TapeArray& a : layout->loads) {
    auto zero = [](const DimGroup& group, const int64_t* strides) {
      return std::all_of(strides, strides + group.rank, [](int64_t s) { return s == 0; });
    };
    a.same_in_all_rows = zero(layout->outer, a.outer) && zero(layout->rows, a.rows);
  }
}

}  // namespace

void MakeLayout(const Tape& tape, const View* inputs, const View* results,
                absl::Span<const int64_t> sizes, TapeLayout* layout) {
  const region::LoopProgram& p = tape.program;
  layout->loads.resize(tape.loads.size());
  layout->stores.resize(tape.stores.size());
  for (size_t l = 0; l < tape.loads.size(); ++l) {
    layout->loads[l].item = ItemSize(tape.loads[l].dtype);
  }
  for (size_t s = 0; s < tape.stores.size(); ++s) {
    layout->stores[s].item = ItemSize(tape.stores[s].dtype);
  }
  auto dims_of = [&](int begin, int end) {
    Dims dims;
    for (int d = begin; d < end; ++d) {
      SpaceDim dim{sizes[d], {}};
      for (const TapeLoad& l : tape.loads) {
        dim.strides.push_back(StrideAlong(d, l.map, inputs[l.input]));
      }
      for (const TapeStore& s : tape.stores) {
        dim.strides.push_back(StrideAlong(d, s.map, results[s.result]));
      }
      dims.push_back(std::move(dim));
    }
    return dims;
  };
  if (tape.mode == TapeMode::kPointwise) {
    PlacePointwise(dims_of(0, p.rank()), layout);
    return FindRepeated(layout);
  }
  Dims before = dims_of(0, p.reduced_begin);
  Dims reduced = dims_of(p.reduced_begin, p.reduced_end);
  Dims after = dims_of(p.reduced_end, p.rank());
  Merge(&before);
  Merge(&reduced);
  Merge(&after);
  if (tape.mode == TapeMode::kColumns) {
    PlaceGroup(before, &TapeArray::outer, &layout->outer, layout);
    PlaceGroup(reduced, &TapeArray::rows, &layout->rows, layout);
    PlaceGroup(after, &TapeArray::columns, &layout->columns, layout);
  } else {
    PlaceGroup(after, &TapeArray::outer, &layout->outer, layout);
    PlaceGroup(before, &TapeArray::rows, &layout->rows, layout);
    PlaceGroup(reduced, &TapeArray::columns, &layout->columns, layout);
  }
  FindRepeated(layout);
}

bool IsDense(const TapeLayout& layout, const TapeArray& array, const TileRange& tile) {
  if (tile.columns > 1) {
    if (layout.columns.rank != 1 || array.columns[0] != 1) return false;
  }
  if (tile.rows == 1) return true;
  return layout.rows.rank == 1 && array.rows[0] == tile.columns;
}

bool IsOneElement(const TapeLayout& layout, const TapeArray& array, const TileRange& tile) {
  if (tile.columns > 1) {
    for (int d = 0; d < layout.columns.rank; ++d) {
      if (array.columns[d] != 0) return false;
    }
  }
  if (tile.rows > 1) {
    for (int d = 0; d < layout.rows.rank; ++d) {
      if (array.rows[d] != 0) return false;
    }
  }
  return true;
}

void GatherTile(const TapeLayout& layout, const TapeArray& array, char* data, const TileRange& tile,
                void* to) {
  DispatchItem(array.item, [&]<class T>(T) {
    ForEachRectangle(
        layout, array, data, tile,
        [&](char* at, int64_t rs, int64_t cs, int64_t rows, int64_t columns, int64_t first) {
          Gather2D(reinterpret_cast<const T*>(at), rs, cs, rows, columns,
                   static_cast<T*>(to) + first);
        });
  });
}

void ScatterTile(const TapeLayout& layout, const TapeArray& array, char* data,
                 const TileRange& tile, const void* from) {
  DispatchItem(array.item, [&]<class T>(T) {
    ForEachRectangle(
        layout, array, data, tile,
        [&](char* at, int64_t rs, int64_t cs, int64_t rows, int64_t columns, int64_t first) {
          Scatter2D(static_cast<const T*>(from) + first, rs, cs, rows, columns,
                    reinterpret_cast<T*>(at));
        });
  });
}

void Splat(const void* from, int64_t item, void* to) {
  DispatchItem(item, [&]<class T>(T) {
    T value;
    std::memcpy(&value, from, sizeof(T));
    T* out = static_cast<T*>(to);
    for (size_t i = 0; i < kSplatBytes / sizeof(T); ++i) out[i] = value;
  });
}

}  // namespace otium::cpu
