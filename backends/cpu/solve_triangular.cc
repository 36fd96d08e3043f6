// SPDX-License-Identifier: Apache-2.0
//
// solve_triangular: X is B at first, and is solved for in place. Of systems from the
// right the transposed views are solved.

#include <memory>

#include "backends/cpu/lapack.h"
#include "backends/cpu/prepare.h"
#include "backends/cpu/triangle.h"
#include "backends/cpu/workspace.h"

namespace otium::cpu {
namespace {

struct SolveTriangularState {
  PhysicalType A, B, X;
  bool upper = false, left = true, unit = false;
  bool copies = false;
  MatrixBatch batch;
};

template <class T>
struct SolveTriangularLauncher {
  static void Launch(const LaunchArgs& args) {
    const auto& s = *static_cast<const SolveTriangularState*>(args.state);
    RunBatch(s.batch, args, [&](Range matrices, char* memory, StepInfo*) {
      Workspace workspace(memory);
      const TriangleCopy<T> copy(workspace, s.copies, s.A.sizes.back());
      for (int64_t p = matrices.begin; p < matrices.end; ++p) {
        Triangle<T> A{MatrixOf<const T>(s.batch, s.A, args.operands[0], p), s.upper, s.unit,
                      s.A.conjugated};
        A.matrix = copy.Of(A.matrix);
        const auto B = MatrixOf<const T>(s.batch, s.B, args.operands[1], p);
        const auto X = MatrixOf<T>(s.batch, s.X, args.results[0], p);
        if (B.data != X.data) Copy(B, X);
        if (s.left) SolveTriangle(A, X);
        else SolveTriangle(A.Transposed(), X.Transposed());
      }
    });
  }
};

}  // namespace

Prepared PrepareSolveTriangular(const KernelCall& call) {
  auto s = std::make_shared<SolveTriangularState>();
  s->A = call.operands[0];
  s->B = call.operands[1];
  s->X = call.results[0];
  s->upper = call.attributes.Get<bool>("upper");
  s->left = call.attributes.Get<bool>("left");
  s->unit = call.attributes.Get<bool>("unitriangular");
  s->copies = !LiesInOrder(s->A);
  const absl::Span<const int64_t> sizes = s->X.sizes;
  const size_t r = sizes.size();
  const int64_t n = s->A.sizes.back();
  const double flops = static_cast<double>(n) * static_cast<double>(sizes[r - 1] * sizes[r - 2]);
  s->batch =
      MatrixBatch(sizes.first(r - 2), flops, WorkspaceOf<TriangleCopy>(s->A.dtype, s->copies, n));
  const int64_t bytes = s->batch.workspace_bytes();
  return {ForBlasDType<SolveTriangularLauncher>(s->A.dtype), std::move(s), bytes};
}

}  // namespace otium::cpu
