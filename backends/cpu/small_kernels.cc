// SPDX-License-Identifier: Apache-2.0
//
// Factorizations, inverses and determinants of small matrices: a matrix for an operand and a
// matrix, or numbers, for a result.

#include <cmath>
#include <complex>
#include <memory>
#include <type_traits>
#include <utility>

#include "backends/cpu/info_result.h"
#include "backends/cpu/lapack.h"
#include "backends/cpu/matrix_batch.h"
#include "backends/cpu/prepare.h"
#include "backends/cpu/scalar.h"
#include "backends/cpu/scaled_product.h"
#include "backends/cpu/small_groups.h"
#include "backends/cpu/small_matrices.h"
#include "backends/cpu/small_run.h"

namespace otium::cpu {
namespace {

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
    const Matrices<int32_t> pivots(s.batch, s.second, args.results[1], /*tail=*/1);
    RunGroups<T>(
        s.batch, s.result, args, s.n, 0, BestSmallKernels<T>().lu,
        [&](SmallGroup<T>& group, const SmallArrays<T>& arrays, int64_t l, int64_t p) {
          matrices.Fill(group, arrays, l, p);
          group.pivots[l] = pivots(p).data;
        },
        [&](SmallGroup<T>& group, const SmallArrays<T>&, int64_t l, int64_t p, StepInfo* info) {
          s.info.Set(s.batch, args, p, group.codes[l], info);
        });
  }
};

// det, and slogdet, which has two results.
template <class T>
struct DeterminantLauncher {
  using W = std::conditional_t<kIsComplex<T>, std::complex<double>, double>;
  using Real = decltype(std::abs(T()));

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
          ScaledProduct<W> det;
          for (int64_t k = 0; k < s.n; ++k) det.Multiply(W(group.out[l][k]));
          args.results[0].as<T>()[BatchOffset(s.batch, s.result, args.results[0], 0, p)] =
              static_cast<T>(has_log ? det.Sign() : det.Value());
          if (!has_log) return;
          args.results[1].as<Real>()[BatchOffset(s.batch, s.second, args.results[1], 0, p)] =
              static_cast<Real>(det.LogOfSize());
        });
  }
};

std::shared_ptr<FactorState> MakeFactorState(const KernelCall& call, int64_t columns) {
  auto s = std::make_shared<FactorState>();
  s->A = call.operands[0];
  s->result = call.results[0];
  s->n = s->A.sizes.back();
  const absl::Span<const int64_t> sizes = s->A.sizes;
  s->batch = SmallBatchOf(sizes.first(sizes.size() - 2), s->A.dtype, s->n, columns);
  s->second.present = false;
  return s;
}

template <template <class> class Launcher>
Prepared Finished(std::shared_ptr<FactorState> s) {
  const int64_t bytes = s->batch.workspace_bytes();
  return {ForBlasDType<Launcher>(s->A.dtype), std::move(s), bytes};
}

}  // namespace

bool IsSmall(const KernelCall& call) {
  const Sizes& sizes = call.operands[0].sizes;
  const int64_t m = sizes[sizes.size() - 2], n = sizes.back();
  return m == n && n >= 1 && n <= kSmallMatrix;
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

}  // namespace otium::cpu
