// SPDX-License-Identifier: Apache-2.0
//
// Between gemm.h and gemm_kernel.h: how a product of sizes m, n, k is cut, and
// running one so cut. Used by Gemm and BatchedGemm for float, double and their
// complex types.

#ifndef OTIUM_BACKENDS_CPU_GEMM_DRIVER_H_
#define OTIUM_BACKENDS_CPU_GEMM_DRIVER_H_

#include <cstdint>
#include <type_traits>
#include <utility>

#include "backends/cpu/gemm.h"
#include "backends/cpu/gemm_kernel.h"
#include "backends/cpu/scalar.h"
#include "backends/cpu/scratch.h"

namespace otium::cpu {

// The types whose products run here; the others are made of them or of plain
// loops, in gemm_narrow.cc.
template <class T>
inline constexpr bool kHasGemmKernels = std::is_floating_point_v<T> || kIsComplex<T>;

// C^T = op(B)^T op(A)^T.
template <class T>
GemmArgs<T> Transposed(const GemmArgs<T>& args) {
  GemmArgs<T> t = args;
  std::swap(t.m, t.n);
  t.a = args.b.Transposed();
  t.b = args.a.Transposed();
  t.c0 = args.c0.Transposed();
  t.c = {args.c.data, args.c.col_stride, args.c.row_stride};
  return t;
}

// Who may use the threads: one product inside, or the batch around it.
enum class GemmThreading { kParallel, kSerial };

// Everything here follows from sizes and strides.
struct GemmGrid {
  // Computes C^T = op(B)^T op(A)^T, because the kernels write along rows.
  bool transposed;
  bool pack_a, pack_b;
  int64_t k_blocks;    // Each at most one L1-resident panel of B deep.
  int64_t row_blocks;  // Tasks: row_blocks x column_blocks x k_splits.
  int64_t column_blocks;
  int64_t k_splits;  // Above 1: partial products, added up in order.

  int64_t tasks() const { return row_blocks * column_blocks * k_splits; }
  // One call of the block kernel on the operands as they are.
  bool one_block() const { return tasks() == 1 && k_blocks == 1 && !pack_a && !pack_b; }
};

template <class T>
GemmGrid MakeGemmGrid(const GemmArgs<T>& args, GemmThreading threading);

// m, n and k are positive.
template <class T>
void RunGemm(const GemmArgs<T>& args, const GemmGrid& grid, GemmThreading threading);

// A product that is one block, or many that differ in the addresses of their operands
// only: what there is to set up is set up once. The grid is one_block(). What follows
// them is left to the caller.
template <class T>
class OneBlock {
 public:
  OneBlock(const GemmArgs<T>& first, const GemmGrid& grid);

  // The product whose operands lie that many elements after the first one's.
  void operator()(int64_t a_offset, int64_t b_offset, int64_t c0_offset, int64_t c_offset) const;

 private:
  const GemmKernels<T>& kernels_;
  const bool transposed_;
  const bool reads_c0_;
  const int64_t last_columns_;  // That no vector of B may be read for.
  const Scratch<T> last_panel_;
  GemmBlock<T> block_;
};

// C = beta * C0 and the epilogue: the product when k is 0.
template <class T>
void ScaleOnly(const GemmArgs<T>& args);

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_GEMM_DRIVER_H_
