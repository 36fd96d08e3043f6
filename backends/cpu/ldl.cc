// SPDX-License-Identifier: Apache-2.0
//
// Bunch and Kaufman's factors of symmetric and hermitian matrices through LAPACK, of the
// lower triangle of a column-major copy: those of the upper one are others.

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "backends/cpu/info_result.h"
#include "backends/cpu/ldl.h"
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

// lower = the lower triangle of A; LAPACK does not read the other.
template <class T>
void CopyLower(const Matrix<const T>& A, const Matrix<T>& lower) {
  for (int64_t j = 0; j < A.columns; ++j) {
    for (int64_t i = j; i < A.rows; ++i) lower(i, j) = A(i, j);
  }
}

template <class T>
struct LdlArrays {
  LdlArrays(Workspace& memory, int64_t n)
      : factor(ColumnMajor(memory.Take<T>(n * n), n, n)), work(memory.Take<T>(LdlWorkSize(n))) {}
  Matrix<T> factor;
  T* work;
};

template <class T>
struct LdlLauncher {
  static void Launch(const LaunchArgs& args) {
    const auto& s = *static_cast<const LdlState*>(args.state);
    RunBatch(s.batch, args, [&](Range matrices, char* memory, StepInfo* info) {
      Workspace workspace(memory);
      const LdlArrays<T> arrays(workspace, s.n);
      for (int64_t p = matrices.begin; p < matrices.end; ++p) {
        const auto LD = MatrixOf<T>(s.batch, s.LD, args.results[0], p);
        const auto pivots = MatrixOf<lapack_int>(s.batch, s.pivots, args.results[1], p, 1);
        CopyLower(MatrixOf<const T>(s.batch, s.A, args.operands[0], p), arrays.factor);
        const int64_t code = FactorLdl(arrays.factor, s.hermitian, pivots.data, arrays.work);
        CopyTriangle<T>(arrays.factor, /*upper=*/false, LD);
        s.info.Set(s.batch, args, p, code, info);
      }
    });
  }
};

struct LdlSolveState {
  PhysicalType LD, pivots, B, X;
  bool hermitian = false;
  int64_t n = 0, columns = 0;
  MatrixBatch batch;
};

template <class T>
struct LdlSolveArrays {
  LdlSolveArrays(Workspace& memory, int64_t n, int64_t columns)
      : factor(ColumnMajor(memory.Take<T>(n * n), n, n)),
        right(ColumnMajor(memory.Take<T>(n * columns), n, columns)),
        pivots(memory.Take<lapack_int>(n)) {}
  Matrix<T> factor, right;
  lapack_int* pivots;
};

// Whether those are pivots that sytrf could have given; LAPACK trusts them.
bool ArePivots(const lapack_int* pivots, int64_t n) {
  for (int64_t k = 0; k < n; ++k) {
    if (pivots[k] == 0 || std::abs(int64_t{pivots[k]}) > n) return false;
    if (pivots[k] > 0) continue;
    if (k + 1 == n || pivots[k + 1] != pivots[k]) return false;
    ++k;  // A block of two.
  }
  return true;
}

template <class T>
struct LdlSolveLauncher {
  static void Launch(const LaunchArgs& args) {
    const auto& s = *static_cast<const LdlSolveState*>(args.state);
    RunBatch(s.batch, args, [&](Range matrices, char* memory, StepInfo*) {
      Workspace workspace(memory);
      const LdlSolveArrays<T> arrays(workspace, s.n, s.columns);
      for (int64_t p = matrices.begin; p < matrices.end; ++p) {
        CopyLower(MatrixOf<const T>(s.batch, s.LD, args.operands[0], p), arrays.factor);
        const auto pivots = MatrixOf<const int32_t>(s.batch, s.pivots, args.operands[1], p, 1);
        for (int64_t k = 0; k < s.n; ++k) arrays.pivots[k] = pivots(k, 0);
        const auto X = MatrixOf<T>(s.batch, s.X, args.results[0], p);
        if (!ArePivots(arrays.pivots, s.n)) {
          FillNan(X);
          continue;
        }
        Copy(MatrixOf<const T>(s.batch, s.B, args.operands[2], p), arrays.right);
        SolveByLdl(arrays.factor, s.hermitian, arrays.pivots, arrays.right);
        Copy<T>(arrays.right, X);
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
                         WorkspaceOf<LdlArrays>(s->A.dtype, s->n));
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
  s->columns = sizes.back();
  const double n = static_cast<double>(s->n);
  s->batch = MatrixBatch(sizes.first(sizes.size() - 2), 2 * n * n * static_cast<double>(s->columns),
                         WorkspaceOf<LdlSolveArrays>(s->LD.dtype, s->n, s->columns));
  const int64_t bytes = s->batch.workspace_bytes();
  return {ForBlasDType<LdlSolveLauncher>(s->LD.dtype), std::move(s), bytes};
}

}  // namespace otium::cpu
