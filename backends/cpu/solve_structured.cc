// SPDX-License-Identifier: Apache-2.0
//
// Systems whose matrix is its own factor: diagonal, triangular, orthogonal.

#include <algorithm>
#include <cmath>
#include <memory>

#include "backends/cpu/gemm.h"
#include "backends/cpu/lapack.h"
#include "backends/cpu/prepare.h"
#include "backends/cpu/solve_call.h"
#include "backends/cpu/solve_factors.h"
#include "backends/cpu/triangle.h"
#include "backends/cpu/workspace.h"

namespace otium::cpu {
namespace {

// ---- diagonal

template <class T>
double RcondOfDiagonal(const Matrix<const T>& A) {
  double least = HUGE_VAL, largest = 0;
  for (int64_t i = 0; i < A.rows; ++i) {
    const double size = std::abs(A(i, i));
    least = std::min(least, size);
    largest = std::max(largest, size);
  }
  return least / largest;
}

template <class T>
struct DiagonalLauncher {
  static void Launch(const LaunchArgs& args) {
    const auto& s = *static_cast<const SolveCall*>(args.state);
    if (s.batch.count == 0) s.info.Clear(args);
    RunBatch(s.batch, args, [&](Range matrices, char*, StepInfo* info) {
      for (int64_t p = matrices.begin; p < matrices.end; ++p) {
        const auto A = s.A<T>(args, p);
        const int64_t code = FirstZeroOfDiagonal(A);
        if (code == 0) {
          if (args.wants_rcond) TellRcond(info, RcondOfDiagonal(A), p);
          const auto B = s.Right<T>(args, p);
          const auto X = s.Solution<T>(args, p);
          for (int64_t i = 0; i < s.n; ++i) {
            for (int64_t j = 0; j < s.columns; ++j) X(i, j) = Quotient(B(i, j), A(i, i));
          }
        }
        s.Finish<T>(args, p, code, info);
      }
    });
  }
};

// ---- triangular

template <class T>
double RcondOfTriangle(const Triangle<T>& A, const RcondArrays<T>& a) {
  typename RcondArrays<T>::Real rcond = 0;
  // A matrix by rows is its transpose to LAPACK, whose largest sums are those of rows.
  const bool by_columns = A.matrix.row_stride == 1;
  const char norm = by_columns ? '1' : 'I', uplo = A.upper == by_columns ? 'U' : 'L',
             diag = A.unit ? 'U' : 'N';
  const auto n = static_cast<lapack_int>(A.matrix.rows);
  const auto ld = std::max(
      n, static_cast<lapack_int>(by_columns ? A.matrix.column_stride : A.matrix.row_stride));
  lapack_int code = 0;
  OTIUM_LAPACK(T, trcon, &norm, &uplo, &diag, &n, A.matrix.data, &ld, &rcond, a.work, a.second(),
               &code);
  return code == 0 ? rcond : -1;
}

struct TriangularSolve : SolveCall {
  using SolveCall::SolveCall;
  bool upper = false, unit = false;
  bool copies = false;  // A lies as BLIS does not take it.
};

template <class T>
struct TriangularArrays {
  TriangularArrays(Workspace& memory, bool copies, int64_t n)
      : matrix(ColumnMajor(memory.Take<T>(copies ? n * n : 0), n, n)), rcond(memory, n) {}
  Matrix<T> matrix;
  RcondArrays<T> rcond;
};

template <class T>
struct TriangularLauncher {
  static void Launch(const LaunchArgs& args) {
    const auto& s = *static_cast<const TriangularSolve*>(args.state);
    if (s.batch.count == 0) s.info.Clear(args);
    RunBatch(s.batch, args, [&](Range matrices, char* memory, StepInfo* info) {
      Workspace workspace(memory);
      const TriangularArrays<T> arrays(workspace, s.copies, s.n);
      for (int64_t p = matrices.begin; p < matrices.end; ++p) {
        Triangle<T> A{s.A<T>(args, p), s.upper, s.unit};
        const int64_t code = s.unit ? 0 : FirstZeroOfDiagonal(A.matrix);
        if (code == 0) {
          if (s.copies) {
            Copy(A.matrix, arrays.matrix);
            A.matrix = arrays.matrix;
          }
          if (args.wants_rcond && s.n > 0 && std::isfinite(Norm1(A.matrix))) {
            TellRcond(info, RcondOfTriangle(A, arrays.rcond), p);
          }
          const auto X = s.Solution<T>(args, p);
          Copy(s.Right<T>(args, p), X);
          SolveTriangle(s.left ? A : A.Transposed(), X);
        }
        s.Finish<T>(args, p, code, info);
      }
    });
  }
};

// ---- orthogonal: X = A.H B, or X.T = conj(A) B.T

template <class T>
struct OrthogonalLauncher {
  static void Launch(const LaunchArgs& args) {
    const auto& s = *static_cast<const SolveCall*>(args.state);
    s.info.Clear(args);
    if (s.batch.count == 0 || s.n == 0) return;
    const auto A = s.A<T>(args, 0);
    const auto B = s.Right<T>(args, 0);
    const auto X = s.Solution<T>(args, 0);
    GemmArgs<T> g;
    g.m = g.k = s.n;
    g.n = s.columns;
    g.a = {A.data, A.row_stride, A.column_stride, !std::is_floating_point_v<T>};
    if (s.left) g.a = g.a.Transposed();
    g.b = {B.data, B.row_stride, B.column_stride};
    g.c = {X.data, X.row_stride, X.column_stride};
    const Sizes a = BatchStrides(s, s.a, args.operands[0], 2),
                b = BatchStrides(s, s.b, args.operands[1], s.tail),
                x = BatchStrides(s, s.x, args.results[0], s.tail), none(s.batch.sizes.size(), 0);
    BatchedGemm({s.batch.sizes, a, b, none, x}, g);
  }

 private:
  static Sizes BatchStrides(const SolveCall& s, const PhysicalType& type, const View& view,
                            int tail) {
    Sizes strides(s.batch.sizes.size(), 0);
    const size_t own = type.sizes.size() - tail, skip = strides.size() - own;
    for (size_t d = 0; d < own; ++d) {
      if (type.sizes[d] != 1) strides[skip + d] = view.strides[d];
    }
    return strides;
  }
};

}  // namespace

bool IsDiagonal(const KernelCall& call) { return call.operands[0].structure.IsDiagonal(); }
bool IsTriangular(const KernelCall& call) { return call.operands[0].structure.IsTriangular(); }
bool IsOrthogonal(const KernelCall& call) { return call.operands[0].structure.Has(kOrthogonal); }

Prepared PrepareDiagonalSolve(const KernelCall& call) {
  auto s = std::make_shared<SolveCall>(call);
  const double elements = static_cast<double>(s->n) * static_cast<double>(s->columns);
  s->batch = MatrixBatch(s->BatchSizes(), elements, /*bytes=*/0);
  const int64_t bytes = s->batch.workspace_bytes();
  return {ForBlasDType<DiagonalLauncher>(s->a.dtype), std::move(s), bytes};
}

Prepared PrepareTriangularSolve(const KernelCall& call) {
  auto s = std::make_shared<TriangularSolve>(call);
  s->upper = s->a.structure.IsUpper();
  s->unit = s->a.structure.Has(kUnitDiagonal);
  s->copies = !LiesInOrder(s->a);
  const double n = static_cast<double>(s->n), columns = static_cast<double>(s->columns);
  s->batch = MatrixBatch(s->BatchSizes(), n * n * columns,
                         WorkspaceOf<TriangularArrays>(s->a.dtype, s->copies, s->n));
  const int64_t bytes = s->batch.workspace_bytes();
  return {ForBlasDType<TriangularLauncher>(s->a.dtype), std::move(s), bytes};
}

Prepared PrepareOrthogonalSolve(const KernelCall& call) {
  auto s = std::make_shared<SolveCall>(call);
  s->batch = MatrixBatch(s->BatchSizes(), /*flops=*/0, /*bytes=*/0);
  return {ForBlasDType<OrthogonalLauncher>(s->a.dtype), std::move(s), 0};
}

}  // namespace otium::cpu
