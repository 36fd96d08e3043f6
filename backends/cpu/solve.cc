// SPDX-License-Identifier: Apache-2.0
//
// Linear systems through factorizations. Factors live in the step's workspace,
// one matrix of the batch after the other; one that is broadcast is factored once a task.

#include <algorithm>
#include <cmath>
#include <memory>

#include "backends/cpu/banded_factors.h"
#include "backends/cpu/lapack.h"
#include "backends/cpu/prepare.h"
#include "backends/cpu/solve_call.h"
#include "backends/cpu/solve_factors.h"
#include "backends/cpu/workspace.h"

namespace otium::cpu {
namespace {

struct FactoredSolve : SolveCall {
  using SolveCall::SolveCall;
  FactorShape shape;
};

// The memory of a task.
template <template <class> class Factors>
struct Systems {
  template <class T>
  struct Of {
    static constexpr bool kByRows = requires { requires Factors<T>::kByRows; };

    Of(Workspace& memory, const FactorShape& shape, const SolveCall& call)
        : factors(memory, shape),
          rcond(memory, shape.n),
          in_place(call.columns == 1 || kByRows == call.left) {
      T* const copy = memory.Take<T>(in_place ? 0 : shape.n * call.columns);
      right = kByRows ? RowMajor(copy, shape.n, call.columns)
                      : ColumnMajor(copy, shape.n, call.columns);
    }
    // X = inv(A) B.
    void Solve(const Matrix<const T>& B, const Matrix<T>& X) {
      const Matrix<T>& x = in_place ? X : right;
      Copy(B, x);
      if constexpr (kByRows) factors.Solve(x);
      else factors.Solve(x.data, static_cast<lapack_int>(x.columns));
      if (!in_place) Copy<T>(right, X);
    }

    Factors<T> factors;
    RcondArrays<T> rcond;
    const bool in_place;  // X lies as the factors want it.
    Matrix<T> right;
  };
};

template <template <class> class Factors>
struct SolveLauncher {
  template <class T>
  struct Of {
    static void Launch(const LaunchArgs& args) {
      const auto& s = *static_cast<const FactoredSolve*>(args.state);
      if (s.batch.count == 0) s.info.Clear(args);
      RunBatch(s.batch, args, [&](Range matrices, char* memory, StepInfo* info) {
        Workspace workspace(memory);
        typename Systems<Factors>::template Of<T> system(workspace, s.shape, s);
        const T* factored = nullptr;
        int64_t code = 0;
        for (int64_t p = matrices.begin; p < matrices.end; ++p) {
          const auto A = s.A<T>(args, p);
          if (p == matrices.begin || A.data != factored) {
            code = system.factors.Factor(A);
            if (code == 0 && args.wants_rcond && s.n > 0) {
              const double norm = Norm1(A);
              if (std::isfinite(norm)) {
                TellRcond(info, system.factors.Rcond(norm, system.rcond), p);
              }
            }
          }
          factored = A.data;
          if (code == 0) system.Solve(s.Right<T>(args, p), s.Solution<T>(args, p));
          s.Finish<T>(args, p, code, info);
          if (info->code != 0) return;
        }
      });
    }
  };
};

// The number of bands that may be other than zero on a side.
int64_t Band(int64_t width, int64_t n) { return std::min(width, std::max<int64_t>(n - 1, 0)); }

// `flops` of factoring a matrix of that shape, and of solving for one column.
template <template <class> class Factors>
Prepared PrepareFactoredSolve(const KernelCall& call, double (*factor_flops)(const FactorShape&)) {
  auto s = std::make_shared<FactoredSolve>(call);
  const Structure& structure = s->a.structure;
  s->shape = {s->n, Band(structure.lower, s->n), Band(structure.upper, s->n), !s->left};
  const double n = static_cast<double>(s->n), columns = static_cast<double>(s->columns);
  const double bands = static_cast<double>(s->shape.lower + s->shape.upper + 1);
  s->batch = MatrixBatch(s->BatchSizes(), factor_flops(s->shape) + 2 * n * bands * columns,
                         WorkspaceOf<Systems<Factors>::template Of>(s->a.dtype, s->shape,
                                                                    static_cast<SolveCall&>(*s)));
  const int64_t bytes = s->batch.workspace_bytes();
  return {ForBlasDType<SolveLauncher<Factors>::template Of>(s->a.dtype), std::move(s), bytes};
}

double DenseFlops(const FactorShape& shape) {
  const double n = static_cast<double>(shape.n);
  return 0.7 * n * n * n;
}
double BandedFlops(const FactorShape& shape) {
  const double n = static_cast<double>(shape.n), bands = static_cast<double>(shape.lower + 1);
  return 2 * n * bands * (bands + static_cast<double>(shape.upper));
}

}  // namespace

// Asking for a solve says that the matrix is nonsingular: psd is then pd.
bool IsDefinite(const KernelCall& call) { return call.operands[0].structure.Has(kPsd); }
// sytrf is for A == A.T, complex or not.
bool IsSymmetric(const KernelCall& call) { return call.operands[0].structure.Has(kSymmetric); }
bool IsHermitian(const KernelCall& call) { return call.operands[0].structure.Has(kHermitian); }

bool IsTridiagonal(const KernelCall& call) {
  const Structure& s = call.operands[0].structure;
  return s.lower <= 1 && s.upper <= 1;
}
bool IsDefiniteTridiagonal(const KernelCall& call) {
  return IsTridiagonal(call) && IsDefinite(call);
}

// Banded routines take less memory and fewer flops, but each of theirs costs more: they
// work on blocks as small as the bands are narrow. With a third of the matrix in bands
// they have lost by far.
bool IsNarrow(const KernelCall& call) {
  const PhysicalType& A = call.operands[0];
  if (A.structure.lower == kFullBand || A.structure.upper == kFullBand) return false;
  return 2 * A.structure.lower + A.structure.upper + 1 <= A.sizes.back() / 3;
}
bool IsNarrowDefinite(const KernelCall& call) { return IsNarrow(call) && IsDefinite(call); }

Prepared PreparePtsv(const KernelCall& call) {
  return PrepareFactoredSolve<DefiniteTridiagonalFactors>(call, BandedFlops);
}
Prepared PrepareGtsv(const KernelCall& call) {
  return PrepareFactoredSolve<TridiagonalFactors>(call, BandedFlops);
}
Prepared PreparePbsv(const KernelCall& call) {
  return PrepareFactoredSolve<DefiniteBandFactors>(call, BandedFlops);
}
Prepared PrepareGbsv(const KernelCall& call) {
  return PrepareFactoredSolve<BandFactors>(call, BandedFlops);
}
Prepared PreparePosv(const KernelCall& call) {
  return PrepareFactoredSolve<DefiniteFactors>(call, DenseFlops);
}
Prepared PrepareSysv(const KernelCall& call) {
  return PrepareFactoredSolve<SymmetricFactors>(call, DenseFlops);
}
Prepared PrepareHesv(const KernelCall& call) {
  return PrepareFactoredSolve<HermitianFactors>(call, DenseFlops);
}
Prepared PrepareGesv(const KernelCall& call) {
  return PrepareFactoredSolve<GeneralFactors>(call, DenseFlops);
}

}  // namespace otium::cpu
