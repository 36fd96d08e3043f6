// SPDX-License-Identifier: Apache-2.0
//
// Tapes: how the CPU runs loop programs, without a compiler at run time. A tape is
// a list of steps, each a vector loop (tape_kernels.h) over one tile: as many
// elements as fit the first-level cache for all values that are alive at once.
//
//   (a * b + a) / (b * b + 1)       r0 = pair mul add (in0, in1, in0)
//                                   r1 = pair mul add (in1, in1, 1)
//                                   out = div (r0, r1)
//
// Steps name slots. A slot is an address and whether it is an array or one value
// repeated: a register (a tile-sized buffer, reused when its value is dead), a
// constant, the operand's own memory when the tile lies there in one piece, else
// a register that it is gathered into. Results likewise.
//
// Four ways to walk the space, by its shape alone:
//   kPointwise  nothing is reduced: tiles of any shape, no order matters.
//   kPacked     rows of at most kPackedRow elements: several rows a tile, all
//               stages of a tile one after the other, row values are vectors.
//   kLong       longer rows: one row at a time in blocks of kBlock elements, one
//               pass over the blocks a stage. Values that later stages need are
//               kept (rows up to kCachedRow) or computed again.
//   kColumns    the reduced dimensions are not innermost: accumulators for a
//               panel of columns, one pass over the rows a stage.
//
// Trees of partial results depend on the length of the row only: 128-byte
// accumulators for a block and, 8 by 8, for the blocks of a chunk (rows;
// tape_reduce.cc), or steps of a chunk 16 by 16 (columns); then chunks 8 by 8. So
// errors grow with the logarithm of the length. Chunks are what threads share
// when rows are few.
//
// Tested by tests/region/tape_test.cc.

#ifndef OTIUM_BACKENDS_CPU_TAPE_H_
#define OTIUM_BACKENDS_CPU_TAPE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "backends/backend.h"
#include "backends/cpu/streaming.h"
#include "backends/cpu/tape_kernels.h"
#include "backends/region/loop_program.h"

namespace otium::cpu {

inline constexpr int64_t kBlock = kReduceBlock;
inline constexpr int64_t kBlocksPerChunk = 64;
inline constexpr int64_t kChunk = kBlock * kBlocksPerChunk;
inline constexpr int64_t kPackedRow = 256;
inline constexpr int64_t kCachedRow = 16384;
// Rows whose values a slot has room for in the mode kLong.
inline constexpr int64_t kRowsAtOnce = 8;
// Columns: elements in a panel, and steps (of one or more rows) in a chunk.
inline constexpr int64_t kPanelBytes = 16384;
inline constexpr int64_t kStepsPerChunk = 128;

enum class TapeMode : uint8_t { kPointwise, kPacked, kLong, kColumns };

using Slot = uint16_t;
inline constexpr Slot kNoSlot = 0xffff;

// Where a slot points when a task starts; loads and stores move theirs.
struct SlotStart {
  enum Area : uint8_t { kConstants, kUniforms, kMemory };
  Area area = kMemory;
  bool repeated = false;  // One value, kSplatBytes of it.
  int64_t offset = 0;     // Bytes.
};

struct TapeStep {
  enum Kind : uint8_t {
    kElement,  // over the elements of the tile
    kRow,      // over its row values
    kExpand,   // kPacked: each row value repeated along its row
    kReduce,   // kPacked: reduces[index]
  };
  Kind kind = kElement;
  uint8_t item = 0;    // kExpand, kRow: bytes of an element of `out`.
  uint16_t index = 0;  // kReduce
  MapFn map = nullptr;
  Slot in[3] = {kNoSlot, kNoSlot, kNoSlot};
  Slot out = kNoSlot;
};

struct TapeLoad {
  uint16_t input;
  region::Level level;
  DType dtype;
  Slot slot;
  int64_t buffer;  // Offset in task memory, for what must be gathered.
  region::IndexMap map;
};

struct TapeStore {
  uint16_t result;
  region::Level level;
  DType dtype;
  Slot slot;       // Of the value in its memory dtype.
  int64_t buffer;  // Where the slot points when the result is not written in place.
  // Whether the step that computes it may write into the result: operands that
  // the result may overwrite are not read after it.
  bool direct = false;
  region::IndexMap map;
};

struct TapeReduce {
  region::ReduceOp op;
  DType dtype;  // Of what is reduced.
  Slot in;
  Slot out;  // The row value.
  bool is_arg = false;
  RowReduceFn rows = nullptr;  // kPacked
  BlockReduce long_row;        // kLong
  ColumnSumFn column_sum = nullptr;  // kColumns, sums of some dtypes
  RowArgReduceFn arg_rows = nullptr;
  MapFn combine = nullptr;
  ArgUpdateFn update = nullptr;
  ArgMergeFn merge = nullptr;
};

// One pass over the elements of a row: loads, steps, then reductions, then stores.
// In the modes kPointwise and kPacked there is one pass only.
struct TapePass {
  std::vector<TapeStep> row_steps;  // Before the elements.
  std::vector<uint16_t> loads;      // Indices into Tape::loads.
  std::vector<TapeStep> steps;
  std::vector<uint16_t> reduces;  // kLong, kColumns.
  std::vector<uint16_t> stores;
};

// kLong: an element value kept for later stages, block after block.
struct TapeCache {
  Slot slot;
  int64_t offset;  // In task memory.
  int64_t item;
};
// kColumns: the slot by which elements see a row value, at the tile's columns.
struct TapePanelView {
  Slot panel;
  Slot view;
  int64_t item;
};

struct Tape {
  region::LoopProgram program;
  TapeMode mode = TapeMode::kPointwise;
  int64_t kept = 1;  // Product of the kept dimensions.
  int64_t reduced = 1;
  int64_t tile = 0;  // Elements a register holds.
  std::vector<TapeLoad> loads;
  std::vector<TapeStore> stores;
  std::vector<TapeReduce> reduces;
  std::vector<TapePass> passes;
  std::vector<TapeStep> last_row_steps;  // After the last pass.
  std::vector<uint16_t> row_loads;       // Loaded once a row, packed rows or panel.
  std::vector<uint16_t> row_stores;
  std::vector<TapeStep> uniform_steps;  // Once a launch.
  std::vector<uint16_t> uniform_loads;
  std::vector<TapeCache> caches;
  std::vector<TapePanelView> panel_views;
  std::vector<SlotStart> slots;
  std::vector<Slot> row_slots;       // Those of row values.
  std::vector<char> constant_bytes;  // With room to align.
  const char* constants = nullptr;   // kSplatBytes-aligned, kSplatBytes each.
  int64_t uniform_bytes = 0;
  int64_t memory_bytes = 0;  // Of a task.
  // kColumns.
  int64_t inner = 1;        // Kept dimensions after the reduced ones.
  int64_t panel = 1;        // Columns of `inner` in a panel.
  int64_t rows_a_step = 1;  // Rows that fill a tile together, when columns are few.
  // Nanoseconds an element, roughly: how much work to give a task.
  double weight = 1;
};

// Fails (kInvalidArgument) for dtypes that an instruction has no loop for.
absl::StatusOr<std::shared_ptr<const Tape>> CompileTape(region::LoopProgram program);

// Runs a tape on views of its inputs and results. Result 0 may lie over inputs of
// region::OverwritableInputs.
void RunTape(const Tape& tape, const View* inputs, const View* results);

// Runs a tape of one result, on this thread, in place on a rectangle of it: rows
// [row, row + rows) and columns [column, column + columns) of a row-major matrix
// with leading dimension `ld`, whose element (row, column) is at `tile`. Rows count
// on through a batch of matrices; the rectangle lies in one of them. Input 0 is the
// result itself (the product that the tape finishes); the other inputs broadcast to
// it. The tape is elementwise, or the rectangle is whole rows and rows are what it
// reduces.
void RunTapeOnTile(const Tape& tape, const View* inputs, void* tile, int64_t ld, int64_t row,
                   int64_t column, int64_t rows, int64_t columns);

// The same for `count` whole matrices of the batch that `result` is, from the one of
// index `first` on, in row-major order. Input 0 lies where the result does.
void RunTapeOnMatrices(const Tape& tape, const View* inputs, const View& result, int64_t first,
                       int64_t count);

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_TAPE_H_
