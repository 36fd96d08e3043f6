// SPDX-License-Identifier: Apache-2.0
//
// What kernels of small matrices share: a batch in groups of as many as a vector has lanes.

#ifndef OTIUM_BACKENDS_CPU_SMALL_GROUPS_H_
#define OTIUM_BACKENDS_CPU_SMALL_GROUPS_H_

#include <algorithm>
#include <cstdint>

#include "absl/types/span.h"
#include "backends/backend.h"
#include "backends/cpu/matrix_batch.h"
#include "backends/cpu/small_matrices.h"
#include "backends/cpu/streaming.h"

namespace otium::cpu {

// For matrices that take so many flops one by one: tasks get whole groups.
inline MatrixBatch SmallBatch(absl::Span<const int64_t> sizes, double flops, int64_t bytes) {
  constexpr double kFlopsAtOnce = 8;  // In lanes.
  return MatrixBatch(sizes, flops / kFlopsAtOnce, bytes, /*grain=*/kMostLanes);
}

// Row-major: the matrix where it lies when it is dense there, else its copy.
template <class T>
inline const T* Dense(const Matrix<const T>& m, T* copy) {
  const bool is_dense = m.row_stride == m.columns && (m.column_stride == 1 || m.columns == 1);
  if (is_dense) return m.data;
  Copy(m, Matrix<T>{copy, m.rows, m.columns, m.columns, 1});
  return copy;
}

// A large result of a batch is streamed.
inline bool IsStreamed(const PhysicalType& result) {
  return result.NumElements() * ItemSize(result.dtype) >= kStreamedBytes;
}

// Runs `kernel` on groups of at most `lanes` of the matrices. fill(lane, p) says where matrix
// p of the lane lies, finish(lane, p) what becomes of its codes.
template <class Group, class Kernel, class Fill, class Finish>
void ForGroups(Range matrices, int64_t lanes, const Kernel& kernel, const Fill& fill,
               const Finish& finish, Group& group) {
  for (int64_t first = matrices.begin; first < matrices.end; first += lanes) {
    group.count = std::min(lanes, matrices.end - first);
    for (int64_t l = 0; l < group.count; ++l) fill(l, first + l);
    kernel(group);
    for (int64_t l = 0; l < group.count; ++l) finish(l, first + l);
  }
  if (group.streams) FinishStreams();
}

template <template <class> class Launcher>
LaunchFn ForRealDType(DType dtype) {
  return dtype == DType::kF32 ? &Launcher<float>::Launch : &Launcher<double>::Launch;
}

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_SMALL_GROUPS_H_
