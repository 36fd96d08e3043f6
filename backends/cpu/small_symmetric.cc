// SPDX-License-Identifier: Apache-2.0
//
// Eigenvalues of small symmetric matrices, of any batch, in groups of as many as a vector
// has lanes.

#include <memory>
#include <string>
#include <utility>

#include "backends/cpu/matrix_batch.h"
#include "backends/cpu/prepare.h"
#include "backends/cpu/small_eigen.h"
#include "backends/cpu/small_groups.h"
#include "backends/cpu/workspace.h"
#include "ops/failure_codes.h"

namespace otium::cpu {
namespace {

struct SmallEigenState {
  PhysicalType A, values, vectors;
  bool has_vectors = false;
  bool upper = false;
  int64_t n = 0;
  MatrixBatch batch;
};

template <class T>
struct SmallEigenArrays {
  SmallEigenArrays(Workspace& memory, int64_t n)
      : group(memory.Take<T>(SmallEigenElements(n))), a(memory.Take<T>(kMostLanes * n * n)) {}
  T* group;
  T* a;  // What does not lie densely.
};

template <class T>
struct SmallEigenLauncher {
  static void Launch(const LaunchArgs& args) {
    const auto& s = *static_cast<const SmallEigenState*>(args.state);
    const Matrices<const T> matrices(s.batch, s.A, args.operands[0]);
    const Matrices<T> values(s.batch, s.values, args.results[0], /*tail=*/1);
    // Without vectors there is no type of theirs.
    const Matrices<T> vectors =
        s.has_vectors ? Matrices<T>(s.batch, s.vectors, args.results[1]) : values;
    RunBatch(s.batch, args, [&](Range range, char* memory, StepInfo* info) {
      Workspace workspace(memory);
      const SmallEigenArrays<T> arrays(workspace, s.n);
      SmallEigenGroup<T> group;
      group.n = s.n;
      group.has_vectors = s.has_vectors;
      group.streams = s.has_vectors && IsStreamed(s.vectors);
      group.memory = arrays.group;
      ForGroups(
          range, BestSmallEigenKernels<T>().lanes, BestSmallEigenKernels<T>().symmetric,
          [&](int64_t l, int64_t p) {
            const Matrix<const T> A = matrices(p);
            // By columns the other triangle of the transpose is the same.
            const bool by_columns = A.row_stride == 1 && A.column_stride == A.rows;
            group.upper = s.upper != by_columns;
            group.a[l] = Dense(by_columns ? A.Transposed() : A, arrays.a + l * s.n * s.n);
            group.values[l] = values(p).data;
            group.vectors[l] = vectors(p).data;
          },
          [&](int64_t l, int64_t p) {
            if (!group.is_finite[l]) Report(info, kNotFinite, p);
          },
          group);
    });
  }
};

}  // namespace

Prepared PrepareSmallEigh(const KernelCall& call) {
  auto s = std::make_shared<SmallEigenState>();
  s->A = call.operands[0];
  s->values = call.results[0];
  s->has_vectors = call.results.size() > 1;
  if (s->has_vectors) s->vectors = call.results[1];
  s->upper = call.attributes.Get<std::string>("UPLO") == "U";
  s->n = s->A.sizes.back();
  const absl::Span<const int64_t> sizes = s->A.sizes;
  // Some sweeps, of which each rotates 2 n or 3 n elements with 4 flops for n^2 / 2 pairs.
  const double n = static_cast<double>(s->n), factor = s->has_vectors ? 60 : 30;
  s->batch = SmallBatch(sizes.first(sizes.size() - 2), factor * n * n * n,
                        WorkspaceOf<SmallEigenArrays>(s->A.dtype, s->n));
  const DType dtype = s->A.dtype;
  const int64_t bytes = s->batch.workspace_bytes();
  return {ForRealDType<SmallEigenLauncher>(dtype), std::move(s), bytes};
}

}  // namespace otium::cpu
