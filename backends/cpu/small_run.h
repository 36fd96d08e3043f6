// SPDX-License-Identifier: Apache-2.0
//
// Kernels of small_matrices.h on any batch, also of one.

#ifndef OTIUM_BACKENDS_CPU_SMALL_RUN_H_
#define OTIUM_BACKENDS_CPU_SMALL_RUN_H_

#include <algorithm>
#include <cstdint>

#include "absl/types/span.h"
#include "backends/cpu/matrix_batch.h"
#include "backends/cpu/small_groups.h"
#include "backends/cpu/small_matrices.h"
#include "backends/cpu/workspace.h"

namespace otium::cpu {

template <class T>
struct SmallArrays {
  SmallArrays(Workspace& memory, int64_t n, int64_t columns)
      : group(memory.Take<T>(SmallElements(n, std::max(n, columns)))),
        a(memory.Take<T>(kMostLanes * n * n)),
        b(memory.Take<T>(kMostLanes * n * columns)),
        inverse(memory.Take<T>(n * n)) {}
  T* group;
  T *a, *b;    // What does not lie densely.
  T* inverse;  // For a condition number.
};

// Matrix l of the group is A; all of a batch lie in one order.
template <class T>
inline void SetOperand(const Matrix<const T>& A, const SmallArrays<T>& arrays, int64_t l,
                       SmallGroup<T>& group) {
  group.by_columns = A.row_stride == 1 && A.column_stride == A.rows;
  group.a[l] = Dense(group.by_columns ? A.Transposed() : A, arrays.a + l * A.rows * A.rows);
}

template <class T>
inline Matrix<const T> OperandOf(const SmallGroup<T>& group, int64_t l) {
  const Matrix<const T> A = RowMajor(group.a[l], group.n, group.n);
  return group.by_columns ? A.Transposed() : A;
}

// Runs `kernel` on all matrices. fill(group, arrays, lane, p) says where matrix p of the
// lane lies, finish(group, arrays, lane, p, info) what becomes of its code. `result` is of
// the whole batch: a large one is streamed.
template <class T, class Kernel, class Fill, class Finish>
void RunGroups(const MatrixBatch& batch, const PhysicalType& result, const LaunchArgs& args,
               int64_t n, int64_t columns, const Kernel& kernel, const Fill& fill,
               const Finish& finish) {
  const int64_t lanes = BestSmallKernels<T>().lanes;
  RunBatch(batch, args, [&](Range matrices, char* memory, StepInfo* info) {
    Workspace workspace(memory);
    const SmallArrays<T> arrays(workspace, n, columns);
    SmallGroup<T> group;
    group.n = n;
    group.columns = columns;
    group.streams = IsStreamed(result);
    group.memory = arrays.group;
    ForGroups(
        matrices, lanes, kernel, [&](int64_t l, int64_t p) { fill(group, arrays, l, p); },
        [&](int64_t l, int64_t p) { finish(group, arrays, l, p, info); }, group);
  });
}

inline MatrixBatch SmallBatchOf(absl::Span<const int64_t> sizes, DType dtype, int64_t n,
                                int64_t columns) {
  const double rows = static_cast<double>(n);
  return SmallBatch(sizes, rows * rows * (rows + static_cast<double>(columns)),
                    WorkspaceOf<SmallArrays>(dtype, n, columns));
}

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_SMALL_RUN_H_
