// SPDX-License-Identifier: Apache-2.0
//
// Factorizations, solutions, inverses and determinants of small matrices, in groups of
// as many as a vector has lanes: of any batch, also of one.

#include <algorithm>
#include <memory>

#include "backends/cpu/info_result.h"
#include "backends/cpu/matrix_batch.h"
#include "backends/cpu/prepare.h"
#include "backends/cpu/scaled_product.h"
#include "backends/cpu/small_groups.h"
#include "backends/cpu/small_matrices.h"
#include "backends/cpu/solve_call.h"
#include "backends/cpu/workspace.h"

namespace otium::cpu {
namespace {

template <class T>
struct SmallArrays {
  SmallArrays(Workspace& memory, int64_t n, int64_t columns)
      : group(memory.Take<T>(SmallElements(n, std::max(n, columns)))),
        a(memory.Take<T>(kMostLanes * n * n)),
        b(memory.Take<T>(kMostLanes * n * columns)),
        inverse(memory.Take<T>(n * n)) {}
  T* group;
  T *a, *b;    // What does not lie densely.
  T* inverse;  // For a condition number.
};

// Matrix l of the group is A; all of a batch lie in one order.
template <class T>
inline void SetOperand(const Matrix<const T>& A, const SmallArrays<T>& arrays, int64_t l,
                       SmallGroup<T>& group) {
  group.by_columns = A.row_stride == 1 && A.column_stride == A.rows;
  group.a[l] = Dense(group.by_columns ? A.Transposed() : A, arrays.a + l * A.rows * A.rows);
}

template <class T>
Matrix<const T> OperandOf(const SmallGroup<T>& group, int64_t l) {
  const Matrix<const T> A = RowMajor(group.a[l], group.n, group.n);
  return group.by_columns ? A.Transposed() : A;
}

// Runs `kernel` on all matrices. fill(group, arrays, lane, p) says where matrix p of the
// lane lies, finish(group, arrays, lane, p, info) what becomes of its code. `result` is of
// the whole batch: a large one is streamed.
template <class T, class Kernel, class Fill, class Finish>
void RunGroups(const MatrixBatch& batch, const PhysicalType& result, const LaunchArgs& args,
               int64_t n, int64_t columns, const Kernel& kernel, const Fill& fill,
               const Finish& finish) {
  const int64_t lanes = BestSmallKernels<T>().lanes;
  RunBatch(batch, args, [&](Range matrices, char* memory, StepInfo* info) {
    Workspace workspace(memory);
    const SmallArrays<T> arrays(workspace, n, columns);
    SmallGroup<T> group;
    group.n = n;
    group.columns = columns;
    group.streams = IsStreamed(result);
    group.memory = arrays.group;
    ForGroups(
        matrices, lanes, kernel, [&](int64_t l, int64_t p) { fill(group, arrays, l, p); },
        [&](int64_t l, int64_t p) { finish(group, arrays, l, p, info); }, group);
  });
}

MatrixBatch BatchOf(absl::Span<const int64_t> sizes, DType dtype, int64_t n, int64_t columns) {
  const double rows = static_cast<double>(n);
  return SmallBatch(sizes, rows * rows * (rows + static_cast<double>(columns)),
                    WorkspaceOf<SmallArrays>(dtype, n, columns));
}

// ---- what has a matrix for an operand and a matrix, or numbers, for a result

struct FactorState {
  PhysicalType A, result, second;  // The second is pivots, or logabsdet.
  InfoResult info;
  bool upper = false;
  int64_t n = 0;
  MatrixBatch batch;
};

// The operand and the result of a launch.
template <class T>
struct FactorMatrices {
  FactorMatrices(const FactorState& s, const LaunchArgs& args)
      : A(s.batch, s.A, args.operands[0]), result(s.batch, s.result, args.results[0]) {}

  void Fill(SmallGroup<T>& group, const SmallArrays<T>& arrays, int64_t l, int64_t p) const {
    SetOperand(A(p), arrays, l, group);
    group.out[l] = result(p).data;
  }

  const Matrices<const T> A;
  const Matrices<T> result;
};

// The code of matrix p; where it is not 0 and the op does not fail, the result is NaN.
template <class T>
void FinishMatrix(const FactorState& s, const LaunchArgs& args, int64_t p, int64_t code,
                  StepInfo* info) {
  s.info.Set(s.batch, args, p, code, info);
  if (code != 0 && s.info.present()) {
    FillNan(MatrixOf<T>(s.batch, s.result, args.results[0], p));
  }
}

template <class T>
struct CholeskyLauncher {
  static void Launch(const LaunchArgs& args) {
    const auto& s = *static_cast<const FactorState*>(args.state);
    const FactorMatrices<T> matrices(s, args);
    RunGroups<T>(
        s.batch, s.result, args, s.n, 0,
        [&](SmallGroup<T>& group) { BestSmallKernels<T>().cholesky(group, s.upper); },
        [&](auto&&... to) { matrices.Fill(to...); },
        [&](SmallGroup<T>& group, const SmallArrays<T>&, int64_t l, int64_t p, StepInfo* info) {
          FinishMatrix<T>(s, args, p, group.codes[l], info);
        });
  }
};

template <class T>
struct InverseLauncher {
  static void Launch(const LaunchArgs& args) {
    const auto& s = *static_cast<const FactorState*>(args.state);
    const FactorMatrices<T> matrices(s, args);
    RunGroups<T>(
        s.batch, s.result, args, s.n, s.n, BestSmallKernels<T>().inverse,
        [&](auto&&... to) { matrices.Fill(to...); },
        [&](SmallGroup<T>& group, const SmallArrays<T>&, int64_t l, int64_t p, StepInfo* info) {
          if (group.codes[l] == 0 && args.wants_rcond) {
            const double norm = Norm1(OperandOf(group, l));
            TellRcond(info, 1 / (norm * Norm1(RowMajor(group.out[l], s.n, s.n))), p);
          }
          FinishMatrix<T>(s, args, p, group.codes[l], info);
        });
  }
};

// Factors are kept where a pivot is zero.
template <class T>
struct LuLauncher {
  static void Launch(const LaunchArgs& args) {
    const auto& s = *static_cast<const FactorState*>(args.state);
    const FactorMatrices<T> matrices(s, args);
    RunGroups<T>(
        s.batch, s.result, args, s.n, 0, BestSmallKernels<T>().lu,
        [&](SmallGroup<T>& group, const SmallArrays<T>& arrays, int64_t l, int64_t p) {
          matrices.Fill(group, arrays, l, p);
          group.pivots[l] = MatrixOf<int32_t>(s.batch, s.second, args.results[1], p, 1).data;
        },
        [&](SmallGroup<T>& group, const SmallArrays<T>&, int64_t l, int64_t p, StepInfo* info) {
          s.info.Set(s.batch, args, p, group.codes[l], info);
        });
  }
};

// det, and slogdet, which has two results.
template <class T>
struct DeterminantLauncher {
  static void Launch(const LaunchArgs& args) {
    const auto& s = *static_cast<const FactorState*>(args.state);
    const Matrices<const T> matrices(s.batch, s.A, args.operands[0]);
    const bool has_log = s.second.present;
    RunGroups<T>(
        s.batch, s.result, args, s.n, 1, BestSmallKernels<T>().lu_diagonal,
        [&](SmallGroup<T>& group, const SmallArrays<T>& arrays, int64_t l, int64_t p) {
          SetOperand(matrices(p), arrays, l, group);
          group.out[l] = arrays.b + l * s.n;
        },
        [&](SmallGroup<T>& group, const SmallArrays<T>&, int64_t l, int64_t p, StepInfo*) {
          ScaledProduct<double> det;
          for (int64_t k = 0; k < s.n; ++k) det.Multiply(group.out[l][k]);
          args.results[0].as<T>()[BatchOffset(s.batch, s.result, args.results[0], 0, p)] =
              static_cast<T>(has_log ? det.Sign() : det.Value());
          if (!has_log) return;
          args.results[1].as<T>()[BatchOffset(s.batch, s.second, args.results[1], 0, p)] =
              static_cast<T>(det.LogOfSize());
        });
  }
};

std::shared_ptr<FactorState> MakeFactorState(const KernelCall& call, int64_t columns) {
  auto s = std::make_shared<FactorState>();
  s->A = call.operands[0];
  s->result = call.results[0];
  s->n = s->A.sizes.back();
  const absl::Span<const int64_t> sizes = s->A.sizes;
  s->batch = BatchOf(sizes.first(sizes.size() - 2), s->A.dtype, s->n, columns);
  s->second.present = false;
  return s;
}

template <template <class> class Launcher>
Prepared Finished(std::shared_ptr<FactorState> s) {
  const int64_t bytes = s->batch.workspace_bytes();
  return {ForSmallDType<Launcher>(s->A.dtype), std::move(s), bytes};
}

// ---- systems

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
    RunGroups<T>(
        c.batch, c.x, args, c.n, c.columns, s.is_definite ? kernels.solve_definite : kernels.solve,
        [&](SmallGroup<T>& group, const SmallArrays<T>& arrays, int64_t l, int64_t p) {
          SetOperand(c.A<T>(args, p), arrays, l, group);
          group.b[l] = Dense(c.Right<T>(args, p), arrays.b + l * c.n * c.columns);
          group.out[l] = c.Solution<T>(args, p).data;
        },
        [&](SmallGroup<T>& group, const SmallArrays<T>& arrays, int64_t l, int64_t p,
            StepInfo* info) {
          const int64_t code = group.codes[l];
          if (code == 0 && args.wants_rcond) TellRcond(info, RcondOfLane(group, arrays, l), p);
          c.Finish<T>(args, p, s.is_definite ? -code : code, info);
        });
  }
};

Prepared PrepareSmall(const KernelCall& call, bool is_definite) {
  auto s = std::make_shared<SolveState>(call);
  s->is_definite = is_definite;
  SolveCall& c = s->call;
  c.batch = BatchOf(c.BatchSizes(), c.a.dtype, c.n, c.columns);
  const int64_t bytes = c.batch.workspace_bytes();
  return {ForSmallDType<SolveLauncher>(c.a.dtype), std::move(s), bytes};
}

}  // namespace

bool IsSmall(const KernelCall& call) {
  const Sizes& sizes = call.operands[0].sizes;
  const int64_t m = sizes[sizes.size() - 2], n = sizes.back();
  return m == n && n >= 1 && n <= kSmallMatrix;
}
bool IsSmallSystem(const KernelCall& call) {
  if (!IsSmall(call)) return false;
  const SolveCall c(call);
  return c.left && c.columns >= 1 && c.columns <= kSmallMatrix;
}
bool IsSmallDefiniteSystem(const KernelCall& call) {
  return IsSmallSystem(call) && IsDefinite(call);
}
bool IsSmallPivoted(const KernelCall& call) { return IsSmall(call) && Pivots(call); }

Prepared PrepareSmallCholesky(const KernelCall& call) {
  auto s = MakeFactorState(call, 0);
  s->info = InfoResult(call, 1);
  s->upper = call.attributes.Get<bool>("upper");
  return Finished<CholeskyLauncher>(std::move(s));
}
Prepared PrepareSmallInverse(const KernelCall& call) {
  auto s = MakeFactorState(call, call.operands[0].sizes.back());
  s->info = InfoResult(call, 1);
  return Finished<InverseLauncher>(std::move(s));
}
Prepared PrepareSmallLu(const KernelCall& call) {
  auto s = MakeFactorState(call, 0);
  s->second = call.results[1];
  s->info = InfoResult(call, 2);
  return Finished<LuLauncher>(std::move(s));
}
Prepared PrepareSmallDeterminant(const KernelCall& call) {
  auto s = MakeFactorState(call, 1);
  if (call.results.size() > 1) s->second = call.results[1];
  return Finished<DeterminantLauncher>(std::move(s));
}
Prepared PrepareSmallSolve(const KernelCall& call) { return PrepareSmall(call, false); }
Prepared PrepareSmallDefiniteSolve(const KernelCall& call) { return PrepareSmall(call, true); }

}  // namespace otium::cpu
