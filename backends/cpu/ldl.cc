// SPDX-License-Identifier: Apache-2.0
//
// ldl_factor and ldl_solve (dense_ldl.h), whose factors are LAPACK's of the lower triangle:
// those of the upper one are others.

#include <memory>

#include "backends/cpu/dense_ldl.h"
#include "backends/cpu/info_result.h"
#include "backends/cpu/lapack.h"
#include "backends/cpu/prepare.h"
#include "backends/cpu/triangle.h"
#include "backends/cpu/workspace.h"

namespace otium::cpu {
namespace {

struct LdlState {
  PhysicalType A, LD, pivots;
  InfoResult info;
  bool hermitian = false;
  int64_t n = 0;
  MatrixBatch batch;
};

// lower = the lower triangle of A.
template <class T>
void CopyLower(const Matrix<const T>& A, const Matrix<T>& lower) {
  for (int64_t j = 0; j < A.columns; ++j) {
    for (int64_t i = j; i < A.rows; ++i) lower(i, j) = A(i, j);
  }
}

template <class T>
struct LdlLauncher {
  static void Launch(const LaunchArgs& args) {
    const auto& s = *static_cast<const LdlState*>(args.state);
    RunBatch(s.batch, args, [&](Range matrices, char* memory, StepInfo* info) {
      Workspace workspace(memory);
      const LdlArrays<T> arrays(workspace, s.n, s.hermitian);
      for (int64_t p = matrices.begin; p < matrices.end; ++p) {
        CopyLower(MatrixOf<const T>(s.batch, s.A, args.operands[0], p), arrays.factors.matrix);
        const int64_t code = FactorLdl(arrays.factors, arrays.panels);
        ToLapack(arrays.factors, MatrixOf<int32_t>(s.batch, s.pivots, args.results[1], p, 1).data);
        CopyTriangle<T>(arrays.factors.matrix, /*upper=*/false,
                        MatrixOf<T>(s.batch, s.LD, args.results[0], p));
        s.info.Set(s.batch, args, p, code, info);
      }
    });
  }
};

struct LdlSolveState {
  PhysicalType LD, pivots, B, X;
  bool hermitian = false;
  int64_t n = 0;
  MatrixBatch batch;
};

template <class T>
struct LdlSolveLauncher {
  static void Launch(const LaunchArgs& args) {
    const auto& s = *static_cast<const LdlSolveState*>(args.state);
    RunBatch(s.batch, args, [&](Range matrices, char* memory, StepInfo*) {
      Workspace workspace(memory);
      const LdlArrays<T> arrays(workspace, s.n, s.hermitian);
      for (int64_t p = matrices.begin; p < matrices.end; ++p) {
        const auto pivots = MatrixOf<const int32_t>(s.batch, s.pivots, args.operands[1], p, 1);
        const auto X = MatrixOf<T>(s.batch, s.X, args.results[0], p);
        if (!ArePivotsOfLdl(pivots)) {
          FillNan(X);
          continue;
        }
        CopyLower(MatrixOf<const T>(s.batch, s.LD, args.operands[0], p), arrays.factors.matrix);
        FromLapack(pivots, arrays.factors);
        Copy(MatrixOf<const T>(s.batch, s.B, args.operands[2], p), X);
        SolveByLdl(arrays.factors, X);
      }
    });
  }
};

}  // namespace

Prepared PrepareLdlFactor(const KernelCall& call) {
  auto s = std::make_shared<LdlState>();
  s->A = call.operands[0];
  s->LD = call.results[0];
  s->pivots = call.results[1];
  s->info = InfoResult(call, 2);
  s->hermitian = call.attributes.Get<bool>("hermitian");
  const absl::Span<const int64_t> sizes = s->A.sizes;
  s->n = sizes.back();
  const double n = static_cast<double>(s->n);
  s->batch = MatrixBatch(sizes.first(sizes.size() - 2), n * n * n / 3,
                         WorkspaceOf<LdlArrays>(s->A.dtype, s->n, s->hermitian));
  const int64_t bytes = s->batch.workspace_bytes();
  return {ForBlasDType<LdlLauncher>(s->A.dtype), std::move(s), bytes};
}

Prepared PrepareLdlSolve(const KernelCall& call) {
  auto s = std::make_shared<LdlSolveState>();
  s->LD = call.operands[0];
  s->pivots = call.operands[1];
  s->B = call.operands[2];
  s->X = call.results[0];
  s->hermitian = call.attributes.Get<bool>("hermitian");
  const absl::Span<const int64_t> sizes = s->X.sizes;
  s->n = s->LD.sizes.back();
  const double n = static_cast<double>(s->n);
  s->batch =
      MatrixBatch(sizes.first(sizes.size() - 2), 2 * n * n * static_cast<double>(sizes.back()),
                  WorkspaceOf<LdlArrays>(s->LD.dtype, s->n, s->hermitian));
  const int64_t bytes = s->batch.workspace_bytes();
  return {ForBlasDType<LdlSolveLauncher>(s->LD.dtype), std::move(s), bytes};
}

}  // namespace otium::cpu
