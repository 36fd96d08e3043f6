// SPDX-License-Identifier: Apache-2.0
//
// Singular values and vectors (dense_svd.h). Where that does not converge, by LAPACK's gesvd,
// without a transposition: to it a row-major A is A^T = U' S V'^H, and so A = conj(V') S U'^T.
// Its column-major U' is our row-major Vh, and its V'^H our U, both where they belong.

#include <algorithm>
#include <memory>

#include "backends/cpu/dense_svd.h"
#include "backends/cpu/lapack.h"
#include "backends/cpu/matrix_batch.h"
#include "backends/cpu/prepare.h"
#include "backends/cpu/workspace.h"
#include "ops/failure_codes.h"

namespace otium::cpu {
namespace {

struct SvdState {
  PhysicalType A, U, S, Vh;
  bool has_vectors = false, full = false;
  int64_t m = 0, n = 0, k = 0;
  // In the workspace of a task, in bytes.
  int64_t matrix = 0, work = 0, real_work = 0;
  lapack_int work_size = 1;
  MatrixBatch batch;
};

// The arrays of one call.
template <class T>
struct SvdArrays {
  T* a = nullptr;
  Real<T>* s = nullptr;
  T* u = nullptr;
  T* vh = nullptr;
  T* work = nullptr;
  lapack_int lwork = -1;
  Real<T>* real_work = nullptr;
};

// By an iteration on another bidiagonal matrix, without secular equations. That divide and
// conquer finds all roots of these is not proved: LAPACK's search has a bound of steps.
template <class T>
lapack_int Gesvd(const SvdState& s, const SvdArrays<T>& x) {
  const char job = !s.has_vectors ? 'N' : s.full ? 'A' : 'S';
  const auto rows = static_cast<lapack_int>(s.n), columns = static_cast<lapack_int>(s.m),
             ld_u = static_cast<lapack_int>(s.full ? s.m : s.k);
  lapack_int info = 0;
  if constexpr (kIsComplex<T>) {
    OTIUM_LAPACK_COMPLEX(T, gesvd, &job, &job, &rows, &columns, x.a, &rows, x.s, x.vh, &rows, x.u,
                         &ld_u, x.work, &x.lwork, x.real_work, &info);
  } else {
    OTIUM_LAPACK_REAL(T, gesvd, &job, &job, &rows, &columns, x.a, &rows, x.s, x.vh, &rows, x.u,
                      &ld_u, x.work, &x.lwork, &info);
  }
  return info;
}

SvdVectors VectorsOf(const SvdState& s) {
  return !s.has_vectors ? SvdVectors::kNone : s.full ? SvdVectors::kFull : SvdVectors::kReduced;
}

// Of matrices without elements.
template <class T>
void FillIdentity(const Matrix<T>& m) {
  std::fill_n(m.data, m.rows * m.columns, T(0));
  for (int64_t i = 0; i < std::min(m.rows, m.columns); ++i) m(i, i) = T(1);
}

template <class T>
struct SvdLauncher {
  static void Launch(const LaunchArgs& args) {
    const auto& s = *static_cast<const SvdState*>(args.state);
    RunBatch(s.batch, args, [&](Range matrices, char* memory, StepInfo* info) {
      for (int64_t p = matrices.begin; p < matrices.end; ++p) Decompose(s, args, p, memory, info);
    });
  }

 private:
  static void Decompose(const SvdState& s, const LaunchArgs& args, int64_t p, char* memory,
                        StepInfo* info) {
    const auto A = MatrixOf<const T>(s.batch, s.A, args.operands[0], p);
    SvdArrays<T> x{.a = ArrayAt<T>(memory, s.matrix),
                   .work = ArrayAt<T>(memory, s.work),
                   .lwork = s.work_size,
                   .real_work = ArrayAt<Real<T>>(memory, s.real_work)};
    x.s = MatrixOf<Real<T>>(s.batch, s.S, args.results[s.has_vectors ? 1 : 0], p, 1).data;
    if (s.has_vectors) {
      const auto U = MatrixOf<T>(s.batch, s.U, args.results[0], p);
      const auto Vh = MatrixOf<T>(s.batch, s.Vh, args.results[2], p);
      if (s.k == 0) {
        FillIdentity(U);
        FillIdentity(Vh);
      }
      x.u = U.data;
      x.vh = Vh.data;
    }
    if (s.k == 0) return;
    if (!AllFinite(A)) return Report(info, kNotFinite, p);
    Workspace workspace(memory);
    const int64_t left = s.full ? s.m : s.k, right = s.full ? s.n : s.k;
    if (DenseSvd<T>(workspace, s.m, s.n, VectorsOf(s))
            .Decompose(A, x.s, RowMajor(x.u, s.m, left), RowMajor(x.vh, right, s.n))) {
      return;
    }
    Copy(A, RowMajor(x.a, s.m, s.n));
    Report(info, Gesvd(s, x), p);
  }
};

}  // namespace

Prepared PrepareSvd(const KernelCall& call) {
  auto s = std::make_shared<SvdState>();
  s->A = call.operands[0];
  s->has_vectors = call.results.size() > 1;
  s->S = call.results[s->has_vectors ? 1 : 0];
  if (s->has_vectors) {
    s->U = call.results[0];
    s->Vh = call.results[2];
    s->full = call.attributes.Get<bool>("full_matrices");
  }
  const absl::Span<const int64_t> sizes = s->A.sizes;
  s->m = sizes[sizes.size() - 2];
  s->n = sizes.back();
  s->k = std::min(s->m, s->n);
  // Our own, and what LAPACK does where that did not converge, lie in the same place.
  Workspace own(nullptr);
  WorkspaceLayout layout;
  if (s->k > 0) {
    ForBlasType(s->A.dtype, [&]<class T>(T) {
      T told = T(1);
      const SvdArrays<T> query{.work = &told};
      Gesvd<T>(*s, query);
      s->work_size = WorkSize(told);
      DenseSvd<T>(own, s->m, s->n, VectorsOf(*s));
      s->matrix = layout.Add<T>(s->m * s->n);
      s->work = layout.Add<T>(s->work_size);
      if (kIsComplex<T>) s->real_work = layout.Add<Real<T>>(5 * s->k);
    });
  }
  const double flops = static_cast<double>(s->m) * static_cast<double>(s->n) *
                       static_cast<double>(s->k) * (s->has_vectors ? 22 : 4);
  s->batch =
      MatrixBatch(sizes.first(sizes.size() - 2), flops, std::max(layout.bytes(), own.used()));
  const int64_t bytes = s->batch.workspace_bytes();
  return {ForBlasDType<SvdLauncher>(s->A.dtype), std::move(s), bytes};
}

}  // namespace otium::cpu
