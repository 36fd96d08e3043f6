// SPDX-License-Identifier: Apache-2.0
//
// Linear systems through LAPACK. Factors live in the step's workspace, one matrix of
// the batch after the other; one that is broadcast is factored once a task.

#include <algorithm>
#include <memory>

#include "backends/cpu/lapack.h"
#include "backends/cpu/matrix_batch.h"
#include "backends/cpu/prepare.h"

namespace otium::cpu {
namespace {

enum class Factorization { kCholesky, kSymmetric, kGeneral };

constexpr lapack_int kSytrfBlock = 64;

struct SolveState {
  PhysicalType A, B, X;
  Factorization factorization = Factorization::kGeneral;
  int tail = 2;  // 1: right-hand sides are vectors.
  int64_t n = 0, columns = 1;
  MatrixBatch batch;
};

// Parts of the workspace of a task, in bytes.
struct Workspace {
  Workspace(const SolveState& s, int64_t item)
      : right(WorkspaceBytes(s.n * s.n * item)),
        pivots(right + WorkspaceBytes(s.n * s.columns * item)),
        work(pivots + WorkspaceBytes(s.n * static_cast<int64_t>(sizeof(lapack_int)))),
        total(work + (s.factorization == Factorization::kSymmetric
                          ? WorkspaceBytes(s.n * kSytrfBlock * item)
                          : 0)) {}
  int64_t factor = 0, right, pivots, work, total;
};

// One task's system, column-major in its workspace.
template <class T>
class System {
 public:
  System(const SolveState& s, char* memory)
      : factorization_(s.factorization),
        factor_(At<T>(memory, 0), s.n, s.n, 1, s.n),
        right_(At<T>(memory, Workspace(s, sizeof(T)).right), s.n, s.columns, 1, s.n),
        pivots_(At<lapack_int>(memory, Workspace(s, sizeof(T)).pivots)),
        work_(At<T>(memory, Workspace(s, sizeof(T)).work)),
        n_(static_cast<lapack_int>(s.n)),
        columns_(static_cast<lapack_int>(s.columns)) {}

  // 0, or what OpDef::failure of solve knows.
  int64_t Factor(const Matrix<const T>& A) {
    Copy(A, factor_);
    const char uplo = 'L';
    lapack_int info = 0;
    switch (factorization_) {
      case Factorization::kCholesky:
        OTIUM_LAPACK(T, potrf, &uplo, &n_, factor_.data, &n_, &info);
        return -info;
      case Factorization::kSymmetric: {
        const lapack_int size = n_ * kSytrfBlock;
        OTIUM_LAPACK(T, sytrf, &uplo, &n_, factor_.data, &n_, pivots_, work_, &size, &info);
        return info;
      }
      case Factorization::kGeneral:
        OTIUM_LAPACK(T, getrf, &n_, &n_, factor_.data, &n_, pivots_, &info);
        return info;
    }
    __builtin_unreachable();
  }

  void Solve(const Matrix<const T>& B, const Matrix<T>& X) {
    Copy(B, right_);
    const char uplo = 'L', trans = 'N';
    lapack_int info = 0;
    T* const b = right_.data;
    switch (factorization_) {
      case Factorization::kCholesky:
        OTIUM_LAPACK(T, potrs, &uplo, &n_, &columns_, factor_.data, &n_, b, &n_, &info);
        break;
      case Factorization::kSymmetric:
        OTIUM_LAPACK(T, sytrs, &uplo, &n_, &columns_, factor_.data, &n_, pivots_, b, &n_, &info);
        break;
      case Factorization::kGeneral:
        OTIUM_LAPACK(T, getrs, &trans, &n_, &columns_, factor_.data, &n_, pivots_, b, &n_, &info);
        break;
    }
    Copy<T>(right_, X);
  }

 private:
  template <class U>
  static U* At(char* memory, int64_t offset) {
    return reinterpret_cast<U*>(memory + offset);
  }

  const Factorization factorization_;
  const Matrix<T> factor_, right_;
  lapack_int* const pivots_;
  T* const work_;
  const lapack_int n_, columns_;
};

template <class T>
struct SolveLauncher {
  static void Launch(const LaunchArgs& args) {
    const auto& s = *static_cast<const SolveState*>(args.state);
    if (s.n == 0 || s.columns == 0) return;
    RunBatch(s.batch, args, [&](Range matrices, char* memory, StepInfo* info) {
      System<T> system(s, memory);
      const T* factored = nullptr;
      for (int64_t p = matrices.begin; p < matrices.end; ++p) {
        const auto A = MatrixOf<const T>(s.batch, s.A, args.operands[0], p);
        if (A.data != factored) Report(info, system.Factor(A), p);
        factored = A.data;
        if (info->code != 0) return;
        system.Solve(MatrixOf<const T>(s.batch, s.B, args.operands[1], p, s.tail),
                     MatrixOf<T>(s.batch, s.X, args.results[0], p, s.tail));
      }
    });
  }
};

Prepared PrepareSolve(const KernelCall& call, Factorization factorization) {
  auto s = std::make_shared<SolveState>();
  s->A = call.operands[0];
  s->B = call.operands[1];
  s->X = call.results[0];
  s->factorization = factorization;
  s->n = s->A.sizes.back();
  const absl::Span<const int64_t> of_A = s->A.sizes, of_B = s->B.sizes, of_X = s->X.sizes;
  if (of_B.size() == 1 || of_B == of_A.first(of_A.size() - 1)) s->tail = 1;
  if (s->tail == 2) s->columns = of_B.back();
  const double n = static_cast<double>(s->n);
  s->batch = MatrixBatch(of_X.first(of_X.size() - s->tail),
                         n * n * (0.7 * n + 2.0 * static_cast<double>(s->columns)),
                         Workspace(*s, ItemSize(s->A.dtype)).total);
  const int64_t bytes = s->batch.workspace_bytes();
  return {ForBlasDType<SolveLauncher>(s->A.dtype), std::move(s), bytes};
}

}  // namespace

// Asking for a solve says that the matrix is nonsingular: psd is then pd.
bool IsDefinite(const KernelCall& call) { return call.operands[0].structure.Has(kPsd); }
// sytrf is for A == A.T, complex or not.
bool IsSymmetric(const KernelCall& call) { return call.operands[0].structure.Has(kSymmetric); }

Prepared PreparePosv(const KernelCall& call) {
  return PrepareSolve(call, Factorization::kCholesky);
}
Prepared PrepareSysv(const KernelCall& call) {
  return PrepareSolve(call, Factorization::kSymmetric);
}
Prepared PrepareGesv(const KernelCall& call) { return PrepareSolve(call, Factorization::kGeneral); }

}  // namespace otium::cpu
