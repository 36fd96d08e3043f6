// SPDX-License-Identifier: Apache-2.0
//
// Many small products of the same sizes and strides, by code that libxsmm
// generates for them. On Zen 3 it is 1.1 to 4 times as fast as the kernels of
// gemm_kernel.h for 4 to 100 rows where sizes are whole vectors, and up to 20
// times where they are not. Generating takes some 30 us once for each kind, which
// is then kept by libxsmm for good, and the first one 5 ms to find out about the
// machine: so for batches with enough to do, not for single products.
//
// Tested by tests/cpu/gemm_test.cc.

#ifndef OTIUM_BACKENDS_CPU_GEMM_JIT_H_
#define OTIUM_BACKENDS_CPU_GEMM_JIT_H_

#include <cstdint>

#include "backends/cpu/gemm.h"

namespace otium::cpu {

// Real T only. Empty where these sizes, strides, factors or this machine have no
// generated code; the caller then has other kernels.
template <class T>
class JitGemm {
 public:
  // For `items` products that differ from `first` in the addresses only. What follows
  // them is left to the caller.
  JitGemm(const GemmArgs<T>& first, int64_t items);

  explicit operator bool() const { return kernel_ != nullptr; }

  // The product whose operands lie that many elements after the first one's.
  void operator()(int64_t a_offset, int64_t b_offset, int64_t c0_offset, int64_t c_offset) const;

 private:
  using Kernel = void (*)(const T*, const T*, T*, ...);  // As libxsmm declares it.

  GemmArgs<T> first_;
  bool swapped_;  // C^T = B^T A^T, because C is column-major.
  Kernel kernel_ = nullptr;
};

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_GEMM_JIT_H_
