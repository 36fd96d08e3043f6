// SPDX-License-Identifier: Apache-2.0
//
// What kernels of solve and solve_ex share: A @ X = B as matrices, also where B is a
// vector, or where the system is X @ A = B.

#ifndef OTIUM_BACKENDS_CPU_SOLVE_CALL_H_
#define OTIUM_BACKENDS_CPU_SOLVE_CALL_H_

#include <cstdint>

#include "backends/cpu/info_result.h"
#include "backends/cpu/matrix_batch.h"

namespace otium::cpu {

struct SolveCall {
  // `batch` is left for the kernel, which knows what a system costs.
  explicit SolveCall(const KernelCall& call);

  // Sizes of the batch of X.
  absl::Span<const int64_t> BatchSizes() const;

  // Of system p: A as it is, B and X transposed when the system is X @ A = B. Those two
  // are n x columns.
  template <class T>
  Matrix<const T> A(const LaunchArgs& args, int64_t p) const {
    return MatrixOf<const T>(batch, a, args.operands[0], p);
  }
  template <class T>
  Matrix<const T> Right(const LaunchArgs& args, int64_t p) const {
    const auto m = MatrixOf<const T>(batch, b, args.operands[1], p, tail);
    return left ? m : m.Transposed();
  }
  template <class T>
  Matrix<T> Solution(const LaunchArgs& args, int64_t p) const {
    const auto m = MatrixOf<T>(batch, x, args.results[0], p, tail);
    return left ? m : m.Transposed();
  }
  // The code of system p; where it is not 0 and the op does not fail, X is NaN.
  template <class T>
  void Finish(const LaunchArgs& args, int64_t p, int64_t code, StepInfo* step) const {
    info.Set(batch, args, p, code, step);
    if (code != 0 && info.present()) FillNan(Solution<T>(args, p));
  }

  PhysicalType a, b, x;
  InfoResult info;
  bool left = true;
  int tail = 2;  // 1: right-hand sides are vectors.
  int64_t n = 0, columns = 1;
  MatrixBatch batch;
};

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_SOLVE_CALL_H_
