// SPDX-License-Identifier: Apache-2.0
//
// Cholesky factors, made where the result is (dense_factor.h). A = U.H U with the transpose
// U of the lower factor of A.T, which is the conjugate of A.

#include <algorithm>
#include <memory>
#include <utility>

#include "backends/cpu/dense_factor.h"
#include "backends/cpu/info_result.h"
#include "backends/cpu/lapack.h"
#include "backends/cpu/matrix_batch.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/prepare.h"
#include "backends/cpu/triangle.h"
#include "backends/cpu/workspace.h"

namespace otium::cpu {
namespace {

struct CholeskyState {
  PhysicalType operand, result;
  InfoResult info;
  bool upper = false;
  MatrixBatch batch;
};

// Factors the triangle of A into L, and gives back the code.
template <class T>
int64_t Factor(const Matrix<const T>& A, bool upper, const Matrix<T>& L, T* panels) {
  CopyTriangle(upper ? A.Transposed() : A, /*upper=*/false, L);
  const int64_t code = FactorCholesky(L, panels);
  ParallelForRanges(L.rows, CopiedRows(L.columns), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      if (!upper) {
        std::fill(&L(i, i) + 1, &L(i, 0) + L.columns, T(0));
        continue;
      }
      for (int64_t j = 0; j < i; ++j) L(j, i) = std::exchange(L(i, j), T(0));
    }
  });
  return code;
}

template <class T>
struct CholeskyPanels {
  CholeskyPanels(Workspace& memory, int64_t n) : panels(memory.Take<T>(CholeskyMemory(n))) {}
  T* panels;
};

template <class T>
struct CholeskyLauncher {
  static void Launch(const LaunchArgs& args) {
    const auto& s = *static_cast<const CholeskyState*>(args.state);
    RunBatch(s.batch, args, [&](Range matrices, char* memory, StepInfo* info) {
      Workspace workspace(memory);
      const CholeskyPanels<T> arrays(workspace, s.result.sizes.back());
      for (int64_t p = matrices.begin; p < matrices.end; ++p) {
        const auto A = MatrixOf<const T>(s.batch, s.operand, args.operands[0], p);
        const auto L = MatrixOf<T>(s.batch, s.result, args.results[0], p);
        const int64_t code = Factor(A, s.upper, L, arrays.panels);
        s.info.Set(s.batch, args, p, code, info);
        if (code != 0 && s.info.present()) FillNan(L);
      }
    });
  }
};

}  // namespace

Prepared PrepareCholesky(const KernelCall& call) {
  auto s = std::make_shared<CholeskyState>();
  s->operand = call.operands[0];
  s->result = call.results[0];
  s->info = InfoResult(call, 1);
  s->upper = call.attributes.Get<bool>("upper");
  const absl::Span<const int64_t> sizes = s->result.sizes;
  const double n = static_cast<double>(sizes.back());
  s->batch = MatrixBatch(sizes.first(sizes.size() - 2), n * n * n / 3,
                         WorkspaceOf<CholeskyPanels>(s->operand.dtype, sizes.back()));
  const int64_t bytes = s->batch.workspace_bytes();
  return {ForBlasDType<CholeskyLauncher>(s->operand.dtype), std::move(s), bytes};
}

}  // namespace otium::cpu
