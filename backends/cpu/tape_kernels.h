// SPDX-License-Identifier: Apache-2.0
//
// The vector loops that tapes are made of: one for each scalar instruction and
// dtype, compiled for every SIMD target and chosen once for the machine.
//
// Element i of a result depends on elements i of the operands only, and not on
// how long the array is or where in it i lies: so the bits of a fused region are
// those of its ops, and cutting an array into tiles changes nothing.
//
// Tested by tests/cpu/tape_kernels_test.cc.

#ifndef OTIUM_BACKENDS_CPU_TAPE_KERNELS_H_
#define OTIUM_BACKENDS_CPU_TAPE_KERNELS_H_

#include <cstdint>

#include "backends/region/loop_program.h"
#include "engine/base/dtype.h"

namespace otium::cpu {

// Widest vector of any target: what a broadcast value is repeated to fill.
inline constexpr int64_t kSplatBytes = 64;

// An operand: an array (mask -1), or one value repeated over kSplatBytes aligned
// bytes (mask 0). Element i is at data[i & mask].
struct MapOperand {
  const void* data;
  int64_t mask;
};
// out[i] = f(in[0][i], in[1][i], ...) for i < n; `out` may be one of the operands.
using MapFn = void (*)(const MapOperand* in, void* out, int64_t n);

// Null where the dtypes of the operands (all but select's condition) have no
// such instruction.
MapFn FindMap(region::ScalarOp op, DType operands);
// From any dtype to any other, f16 and bf16 too; null for complex to real.
MapFn FindCast(DType from, DType to);

// Two instructions in one pass, each rounded: out = second(first(a, b), c), or
// second(c, first(a, b)) when `swapped`. For add, sub, mul and div of f32 and
// f64; null for others.
MapFn FindPair(region::ScalarOp first, region::ScalarOp second, bool swapped, DType dtype);

// out[r] = the reduction of row r, for `rows` rows of n elements one after the
// other. The order of operations is a function of n: 128 bytes of accumulators,
// filled in turn, then folded in halves. An empty row gives the identity.
using RowReduceFn = void (*)(const void* x, int64_t rows, int64_t n, void* out);
RowReduceFn FindRowReduce(region::ReduceOp op, DType dtype);

// A longer row, in blocks of kReduceBlock elements. Each block is added up as a row
// is, and its accumulators, unfolded, to those of the block's group of eight, and
// these to those of the row: an element of n passes at most 16 + 8 + n / 4096
// additions, and the fold happens once. `blocks` takes n elements that begin with
// block `first` (all blocks before the last of a row are whole); block 0 starts
// the state. `finish` gives the reduction, and spoils the state. `rows` is both for
// whole rows in memory, `stride` bytes apart: the same bits, but it reads four rows,
// or four groups of one, by turns (see tape_reduce.cc).
inline constexpr int64_t kReduceBlock = 512;
struct alignas(64) BlockReduceState {
  char group[128];
  char row[128];
};
struct BlockReduce {
  void (*blocks)(const void* x, int64_t n, int64_t first, BlockReduceState* state) = nullptr;
  void (*finish)(BlockReduceState* state, void* out) = nullptr;
  void (*rows)(const void* x, int64_t stride, int64_t rows, int64_t n, void* out) = nullptr;
};
BlockReduce FindBlockReduce(region::ReduceOp op, DType dtype);

// sums[j] = the sum of column j of `rows` >= 1 rows of n elements, `stride` bytes
// apart, added from the first to the last. Null where the dtype has none.
using ColumnSumFn = void (*)(const void* x, int64_t stride, int64_t rows, int64_t n, void* sums);
ColumnSumFn FindColumnSum(DType dtype);

// argmax and argmin: also where (first); index[r] starts at 0 in every row.
using RowArgReduceFn = void (*)(const void* x, int64_t rows, int64_t n, void* out, int64_t* index);
RowArgReduceFn FindRowArgReduce(region::ReduceOp op, DType dtype);

// best[i] = x[i] and index[i] = i0 + i / width, where x[i] beats best[i].
using ArgUpdateFn = void (*)(const void* x, int64_t n, int64_t i0, int64_t width, void* best,
                             int64_t* index);
ArgUpdateFn FindArgUpdate(region::ReduceOp op, DType dtype);
// The same with an index for each x.
using ArgMergeFn = void (*)(const void* x, const int64_t* x_index, int64_t n, void* best,
                            int64_t* index);
ArgMergeFn FindArgMerge(region::ReduceOp op, DType dtype);

// The map that joins two partial results: add for sums, and so on.
region::ScalarOp CombineOp(region::ReduceOp op, DType dtype);
// The bytes of the reduction of nothing.
void WriteIdentity(region::ReduceOp op, DType dtype, void* out);

// out = a copied past the caches (streaming.h). Both 64-byte aligned, bytes a multiple of
// 64.
void StreamCopy(const void* from, void* out, int64_t bytes);

// What the files of kernels fill in, each for the best target of this machine.
struct MapTable {
  MapFn maps[region::kNumScalarOps][kNumDTypes] = {};
  MapFn casts[kNumDTypes][kNumDTypes] = {};
  MapFn pairs[2][4][4][2] = {};  // [f64][first][second][swapped]

  MapFn& at(region::ScalarOp op, DType d) {
    return maps[static_cast<int>(op)][static_cast<int>(d)];
  }
};
struct ReduceTable {
  RowReduceFn rows[8][kNumDTypes] = {};
  BlockReduce blocks[8][kNumDTypes] = {};
  ColumnSumFn column_sums[kNumDTypes] = {};
  // [argmin]
  RowArgReduceFn arg_rows[2][kNumDTypes] = {};
  ArgUpdateFn update[2][kNumDTypes] = {};
  ArgMergeFn merge[2][kNumDTypes] = {};
};
void AddFloatMaps(MapTable* table);
void AddMathMaps(MapTable* table);
void AddOtherMaps(MapTable* table);
void AddCasts(MapTable* table);

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_TAPE_KERNELS_H_
