// SPDX-License-Identifier: Apache-2.0
//
// Least squares by LAPACK's four drivers, or what does the same (least_squares.h); small real
// systems in groups of as many as a vector has lanes. A matrix that is broadcast is factored
// for each of its right-hand sides.

#include "backends/cpu/least_squares.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "backends/cpu/matrix_batch.h"
#include "backends/cpu/prepare.h"
#include "backends/cpu/small_groups.h"
#include "backends/cpu/small_least_squares.h"
#include "backends/cpu/workspace.h"

namespace otium::cpu {
namespace {

template <class T>
struct SmallLstsqArrays {
  SmallLstsqArrays(Workspace& memory, int64_t m, int64_t n, int64_t columns)
      : group(memory.Take<T>(SmallLeastSquaresElements(m, n, columns))),
        a(memory.Take<T>(kMostLanes * m * n)),
        b(memory.Take<T>(kMostLanes * m * columns)) {}
  T* group;
  T *a, *b;  // What does not lie densely.
};

template <class T>
struct LstsqLauncher {
  static void Launch(const LaunchArgs& args) {
    const auto& s = *static_cast<const LstsqState*>(args.state);
    RunBatch(s.batch, args, [&](Range matrices, char* memory, StepInfo* info) {
      LstsqSolver<T> solver(s, args, memory);
      for (int64_t p = matrices.begin; p < matrices.end; ++p) Report(info, solver.Solve(p), p);
    });
  }
};

// What is not solved in lanes is by LstsqSolver. Lanes may leave anything in its results before.
template <class T>
struct SmallLstsqLauncher {
  static void Launch(const LaunchArgs& args) {
    const auto& s = *static_cast<const LstsqState*>(args.state);
    const SmallLeastSquaresKernels<T>& kernels = BestSmallLeastSquaresKernels<T>();
    const Matrices<const T> A(s.batch, s.A, args.operands[0]);
    const Matrices<const T> B(s.batch, s.B, args.operands[1], s.tail);
    const Matrices<T> X(s.batch, s.X, args.results[0], s.tail);
    RunBatch(s.batch, args, [&](Range matrices, char* memory, StepInfo* info) {
      LstsqSolver<T> solver(s, args, memory);
      Workspace workspace(memory + s.lanes);
      const SmallLstsqArrays<T> arrays(workspace, s.m, s.n, s.columns);
      SmallLeastSquaresGroup<T> group;
      group.m = s.m;
      group.n = s.n;
      group.columns = s.columns;
      group.most_condition = s.MostCondition();
      group.has_residuals = s.HasResiduals();
      group.streams = IsStreamed(s.X);
      group.memory = arrays.group;
      ForGroups(
          matrices, kernels.lanes, kernels.solve,
          [&](int64_t l, int64_t p) {
            group.a[l] = Dense(A(p), arrays.a + l * s.m * s.n);
            group.b[l] = Dense(B(p), arrays.b + l * s.m * s.columns);
            group.x[l] = X(p).data;
            if (group.has_residuals) group.residuals[l] = solver.ResidualsOf(p);
          },
          [&](int64_t l, int64_t p) {
            if (group.is_solved[l]) solver.SetRank(p, s.n);
            else Report(info, solver.Solve(p), p);
          },
          group);
    });
  }
};

// Where the drivers say so: rwork of fixed sizes, and jpvt.
void SetFixedSizes(LstsqState* s) {
  if (s->driver == LstsqDriver::kGelsy) {
    s->real_work_size = 2 * s->n;
    s->int_work_size = s->n;
  }
  if (s->driver == LstsqDriver::kGelss) s->real_work_size = 5 * s->k;
}

// Lays out the workspace of a task.
template <class T>
int64_t LayOut(LstsqState* s) {
  T told = T(1);
  Real<T> told_real = Real<T>(s->real_work_size);
  lapack_int told_int = s->int_work_size, rank = 0;
  if (s->k > 0) {
    CallLstsqDriver<T>(*s, {.work = &told, .real_work = &told_real, .int_work = &told_int}, &rank);
  }
  s->work_size = WorkSize(told);
  s->real_work_size = WorkSize(told_real);
  s->int_work_size = std::max(s->int_work_size, told_int);
  WorkspaceLayout layout;
  s->matrix = layout.Add<T>(int64_t{s->rows} * s->n);
  s->right = layout.Add<T>(int64_t{s->rows_of_B} * s->columns);
  if (s->HasValues()) s->values = layout.Add<Real<T>>(s->k);
  s->work = layout.Add<T>(s->work_size);
  if (kIsComplex<T>) s->real_work = layout.Add<Real<T>>(s->real_work_size);
  s->int_work = layout.Add<lapack_int>(s->int_work_size);
  Workspace memory(nullptr);
  if (s->is_tall) TallSystem<T>(memory, s->m, s->n, s->columns);
  s->tall = layout.Add<char>(memory.used());
  return layout.bytes();
}

// The state but for its batch, and the bytes of a task.
std::pair<std::shared_ptr<LstsqState>, int64_t> MakeState(const KernelCall& call) {
  auto s = std::make_shared<LstsqState>(call);
  SetFixedSizes(s.get());
  int64_t bytes = 0;
  ForBlasType(s->A.dtype, [&]<class T>(T) { bytes = LayOut<T>(s.get()); });
  return {std::move(s), bytes};
}

}  // namespace

LstsqState::LstsqState(const KernelCall& call)
    : A(call.operands[0]),
      B(call.operands[1]),
      X(call.results[0]),
      residuals(call.results[1]),
      rank(call.results[2]),
      singular_values(call.results[3]) {
  const std::string& name = call.attributes.Get<std::string>("driver");
  driver = name == "gels"    ? LstsqDriver::kGels
           : name == "gelsy" ? LstsqDriver::kGelsy
           : name == "gelsd" ? LstsqDriver::kGelsd
                             : LstsqDriver::kGelss;
  const absl::Span<const int64_t> of_A = A.sizes, of_B = B.sizes, of_X = X.sizes;
  m = static_cast<lapack_int>(of_A[of_A.size() - 2]);
  n = static_cast<lapack_int>(of_A.back());
  k = std::min(m, n);
  if (HasValues()) is_tall = n >= kTallColumns && 2 * int64_t{m} >= 3 * int64_t{n};
  else is_tall = n >= 1 && m >= n;
  rows = is_tall ? n : m;
  rows_of_B = std::max({rows, n, 1});
  if (of_B.size() == 1 || of_B == of_A.first(of_A.size() - 1)) tail = 1;
  // With no column the drivers would not look at A.
  if (tail == 2) columns = std::max<lapack_int>(static_cast<lapack_int>(of_B.back()), 1);
  absl::Span<const int64_t> of_batch = of_X.first(of_X.size() - tail);
  has_B = std::find(of_batch.begin(), of_batch.end(), 0) == of_batch.end();
  if (!has_B) of_batch = of_A.first(of_A.size() - 2);
  batch_sizes.assign(of_batch.begin(), of_batch.end());
  const double* given = call.attributes.Find<double>("rcond");
  rcond = given != nullptr ? *given : Epsilon(A.dtype) * std::max(m, n);
}

bool IsSmallLstsq(const KernelCall& call) {
  const LstsqState s(call);
  return !s.HasValues() && s.is_tall && s.X.NumElements() > 0 &&
         IsSmallLeastSquares(s.m, s.n, s.columns);
}

Prepared PrepareSmallLstsq(const KernelCall& call) {
  auto [s, solver_bytes] = MakeState(call);
  const double m = s->m, n = s->n;
  s->lanes = solver_bytes;
  s->batch =
      SmallBatch(s->batch_sizes, 2 * m * n * (n + 2.0 * s->columns),
                 solver_bytes + WorkspaceOf<SmallLstsqArrays>(s->A.dtype, s->m, s->n, s->columns));
  const int64_t bytes = s->batch.workspace_bytes();
  return {ForRealDType<SmallLstsqLauncher>(s->A.dtype), std::move(s), bytes};
}

Prepared PrepareLstsq(const KernelCall& call) {
  auto [s, task_bytes] = MakeState(call);
  const double m = s->m, n = s->n;
  s->batch = MatrixBatch(s->batch_sizes, 2 * m * n * (s->k + 2.0 * s->columns), task_bytes);
  const int64_t bytes = s->batch.workspace_bytes();
  return {ForBlasDType<LstsqLauncher>(s->A.dtype), std::move(s), bytes};
}

}  // namespace otium::cpu
