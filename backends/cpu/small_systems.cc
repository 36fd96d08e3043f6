// SPDX-License-Identifier: Apache-2.0
//
// Systems of small matrices, and of the factors of such: solve, solve_triangular, lu_solve.

#include <algorithm>
#include <memory>
#include <numeric>
#include <utility>

#include "backends/cpu/lapack.h"
#include "backends/cpu/matrix_batch.h"
#include "backends/cpu/pivots.h"
#include "backends/cpu/prepare.h"
#include "backends/cpu/small_groups.h"
#include "backends/cpu/small_matrices.h"
#include "backends/cpu/small_run.h"
#include "backends/cpu/solve_call.h"

namespace otium::cpu {
namespace {

// ---- solve

// The reciprocal condition number of the matrix in a lane, by its inverse.
template <class T>
double RcondOfLane(const SmallGroup<T>& group, const SmallArrays<T>& arrays, int64_t l) {
  SmallGroup<T> one = group;
  one.count = 1;
  one.columns = group.n;
  one.a[0] = group.a[l];
  one.out[0] = arrays.inverse;
  BestSmallKernels<T>().inverse(one);
  return 1 / (Norm1(OperandOf(group, l)) * Norm1(RowMajor(arrays.inverse, group.n, group.n)));
}

struct SolveState {
  explicit SolveState(const KernelCall& call) : call(call) {}
  SolveCall call;
  bool is_definite = false;
};

template <class T>
struct SolveLauncher {
  static void Launch(const LaunchArgs& args) {
    const auto& s = *static_cast<const SolveState*>(args.state);
    const SolveCall& c = s.call;
    if (c.batch.count == 0) return c.info.Clear(args);
    const SmallKernels<T>& kernels = BestSmallKernels<T>();
    const Matrices<const T> A(c.batch, c.a, args.operands[0]);
    const Matrices<const T> B(c.batch, c.b, args.operands[1], c.tail);
    const Matrices<T> X(c.batch, c.x, args.results[0], c.tail);
    RunGroups<T>(
        c.batch, c.x, args, c.n, c.columns, s.is_definite ? kernels.solve_definite : kernels.solve,
        [&](SmallGroup<T>& group, const SmallArrays<T>& arrays, int64_t l, int64_t p) {
          SetOperand(A(p), arrays, l, group);
          group.b[l] = Dense(B(p), arrays.b + l * c.n * c.columns);
          group.out[l] = X(p).data;
        },
        [&](SmallGroup<T>& group, const SmallArrays<T>& arrays, int64_t l, int64_t p,
            StepInfo* info) {
          const int64_t code = group.codes[l];
          if (code == 0 && args.wants_rcond) TellRcond(info, RcondOfLane(group, arrays, l), p);
          c.Finish<T>(args, p, s.is_definite ? -code : code, info);
        });
  }
};

Prepared PrepareSystem(const KernelCall& call, bool is_definite) {
  auto s = std::make_shared<SolveState>(call);
  s->is_definite = is_definite;
  SolveCall& c = s->call;
  c.batch = SmallBatchOf(c.BatchSizes(), c.a.dtype, c.n, c.columns);
  const int64_t bytes = c.batch.workspace_bytes();
  return {ForBlasDType<SolveLauncher>(c.a.dtype), std::move(s), bytes};
}

// ---- triangles

// Operand 0 is a triangle, or LU with pivots for operand 1; the last one is B.
struct TrianglesState {
  PhysicalType A, pivots, B, X;
  SmallTriangle triangles[2];
  int count = 0;
  bool adjoint = false;  // Of LU.
  int64_t n = 0, columns = 0;
  MatrixBatch batch;
};

// `kernel` of small matrices with these triangles.
template <class T>
auto Substitution(const TrianglesState& s) {
  return [&s](SmallGroup<T>& group) {
    BestSmallKernels<T>().substitute(group, absl::MakeConstSpan(s.triangles, s.count));
  };
}

template <class T>
struct TriangleLauncher {
  static void Launch(const LaunchArgs& args) {
    const auto& s = *static_cast<const TrianglesState*>(args.state);
    const Matrices<const T> A(s.batch, s.A, args.operands[0]), B(s.batch, s.B, args.operands[1]);
    const Matrices<T> X(s.batch, s.X, args.results[0]);
    RunGroups<T>(
        s.batch, s.X, args, s.n, s.columns, Substitution<T>(s),
        [&](SmallGroup<T>& group, const SmallArrays<T>& arrays, int64_t l, int64_t p) {
          SetOperand(A(p), arrays, l, group);
          group.b[l] = Dense(B(p), arrays.b + l * s.n * s.columns);
          group.out[l] = X(p).data;
        },
        [](auto&&...) {});
  }
};

// B, row by row, with the rows that pivots say exchanged; with pivots that are not, as it is.
template <class T>
void CopyInOrder(const Matrix<const T>& B, const Matrix<const int32_t>& pivots, T* copy) {
  int64_t order[kSmallMatrix];
  std::iota(order, order + B.rows, 0);
  if (AreRows(pivots, B.rows)) ExchangeRows(pivots, RowMajor(order, B.rows, 1));
  for (int64_t i = 0; i < B.rows; ++i) {
    for (int64_t j = 0; j < B.columns; ++j) *copy++ = B(order[i], j);
  }
}

// A = P L U: rows of B are exchanged before the triangles, those of X after their transposes.
template <class T>
struct SmallLuSolveLauncher {
  static void Launch(const LaunchArgs& args) {
    const auto& s = *static_cast<const TrianglesState*>(args.state);
    const Matrices<const T> LU(s.batch, s.A, args.operands[0]), B(s.batch, s.B, args.operands[2]);
    const Matrices<const int32_t> pivots(s.batch, s.pivots, args.operands[1], /*tail=*/1);
    const Matrices<T> X(s.batch, s.X, args.results[0]);
    RunGroups<T>(
        s.batch, s.X, args, s.n, s.columns, Substitution<T>(s),
        [&](SmallGroup<T>& group, const SmallArrays<T>& arrays, int64_t l, int64_t p) {
          SetOperand(LU(p), arrays, l, group);
          group.out[l] = X(p).data;
          T* const copy = arrays.b + l * s.n * s.columns;
          const Matrix<const T> b = B(p);
          group.b[l] = s.adjoint ? Dense(b, copy) : copy;
          if (!s.adjoint) CopyInOrder(b, pivots(p), copy);
        },
        [&](SmallGroup<T>&, const SmallArrays<T>&, int64_t, int64_t p, StepInfo*) {
          const Matrix<const int32_t> rows = pivots(p);
          if (!AreRows(rows, s.n)) FillNan(X(p));
          else if (s.adjoint) ExchangeRowsBack(rows, X(p));
        });
  }
};

template <template <class> class Launcher>
Prepared Finished(std::shared_ptr<TrianglesState> s) {
  const absl::Span<const int64_t> sizes = s->X.sizes;
  s->n = s->A.sizes.back();
  s->columns = sizes.back();
  s->batch = SmallBatchOf(sizes.first(sizes.size() - 2), s->A.dtype, s->n, s->columns);
  const int64_t bytes = s->batch.workspace_bytes();
  return {ForBlasDType<Launcher>(s->A.dtype), std::move(s), bytes};
}

}  // namespace

bool IsSmallSystem(const KernelCall& call) {
  if (!IsSmall(call)) return false;
  const SolveCall c(call);
  return c.left && c.columns >= 1 && c.columns <= kSmallMatrix;
}
bool IsSmallDefiniteSystem(const KernelCall& call) {
  return IsSmallSystem(call) && IsDefinite(call);
}
// With more columns the lanes of a row are as good, and one system alone, for which the others
// are idle, would take 2.3 times as long. Of complex numbers rows fill vectors with half as many.
bool IsSmallFactored(const KernelCall& call) {
  const int64_t most = IsComplex(call.results[0].dtype) ? 4 : 8;
  const int64_t columns = call.results[0].sizes.back();
  return IsSmall(call) && call.attributes.Get<bool>("left") && columns >= 1 && columns <= most;
}

Prepared PrepareSmallSolve(const KernelCall& call) { return PrepareSystem(call, false); }
Prepared PrepareSmallDefiniteSolve(const KernelCall& call) { return PrepareSystem(call, true); }
Prepared PrepareSmallTriangle(const KernelCall& call) {
  auto s = std::make_shared<TrianglesState>();
  s->A = call.operands[0];
  s->B = call.operands[1];
  s->X = call.results[0];
  s->triangles[0] = {.upper = call.attributes.Get<bool>("upper"),
                     .unit = call.attributes.Get<bool>("unitriangular"),
                     .conjugated = s->A.conjugated};
  s->count = 1;
  return Finished<TriangleLauncher>(std::move(s));
}
Prepared PrepareSmallLuSolve(const KernelCall& call) {
  auto s = std::make_shared<TrianglesState>();
  s->A = call.operands[0];
  s->pivots = call.operands[1];
  s->B = call.operands[2];
  s->X = call.results[0];
  s->adjoint = call.attributes.Get<bool>("adjoint");
  const SmallTriangle L{.unit = true}, U{.upper = true};
  const SmallTriangle adjoint_U{.transposed = true, .conjugated = true},
      adjoint_L{.transposed = true, .upper = true, .unit = true, .conjugated = true};
  s->triangles[0] = s->adjoint ? adjoint_U : L;
  s->triangles[1] = s->adjoint ? adjoint_L : U;
  s->count = 2;
  return Finished<SmallLuSolveLauncher>(std::move(s));
}

}  // namespace otium::cpu
