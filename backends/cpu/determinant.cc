// SPDX-License-Identifier: Apache-2.0
//
// Determinants: products of the diagonal of U, or of the matrix when it is a triangle.

#include <algorithm>
#include <memory>
#include <type_traits>

#include "backends/cpu/dense_factor.h"
#include "backends/cpu/lapack.h"
#include "backends/cpu/prepare.h"
#include "backends/cpu/scaled_product.h"
#include "backends/cpu/workspace.h"

namespace otium::cpu {
namespace {

struct DeterminantState {
  PhysicalType A, first, log;
  bool has_log = false;        // slogdet: results are sign and log.
  bool is_triangular = false;  // Nothing is factored.
  int64_t n = 0;
  MatrixBatch batch;
};

template <class T>
struct DeterminantLauncher {
  using W = std::conditional_t<std::is_floating_point_v<T>, double, std::complex<double>>;
  using Real = decltype(std::abs(T()));

  static ScaledProduct<W> ProductOfDiagonal(const Matrix<const T>& A) {
    ScaledProduct<W> product;
    for (int64_t k = 0; k < A.rows; ++k) product.Multiply(W(A(k, k)));
    return product;
  }

  static ScaledProduct<W> ByFactors(const Matrix<const T>& A, const LuArrays<T>& lu) {
    Copy(A, lu.matrix);
    lu.Factor();
    ScaledProduct<W> product = ProductOfDiagonal(lu.matrix);
    for (int64_t k = 0; k < A.rows; ++k) {
      if (lu.pivots[k] != k + 1) product.Negate();
    }
    return product;
  }

  static void Launch(const LaunchArgs& args) {
    const auto& s = *static_cast<const DeterminantState*>(args.state);
    RunBatch(s.batch, args, [&](Range matrices, char* memory, StepInfo*) {
      Workspace workspace(memory);
      const LuArrays<T> lu(workspace, s.is_triangular ? 0 : s.n);
      for (int64_t p = matrices.begin; p < matrices.end; ++p) {
        const auto A = MatrixOf<const T>(s.batch, s.A, args.operands[0], p);
        const ScaledProduct<W> det = s.is_triangular ? ProductOfDiagonal(A) : ByFactors(A, lu);
        T& first = args.results[0].as<T>()[BatchOffset(s.batch, s.first, args.results[0], 0, p)];
        first = static_cast<T>(s.has_log ? det.Sign() : det.Value());
        if (!s.has_log) continue;
        args.results[1].as<Real>()[BatchOffset(s.batch, s.log, args.results[1], 0, p)] =
            static_cast<Real>(det.LogOfSize());
      }
    });
  }
};

Prepared Prepare(const KernelCall& call, bool is_triangular) {
  auto s = std::make_shared<DeterminantState>();
  s->A = call.operands[0];
  s->first = call.results[0];
  s->has_log = call.results.size() > 1;
  if (s->has_log) s->log = call.results[1];
  s->is_triangular = is_triangular;
  const absl::Span<const int64_t> sizes = s->A.sizes;
  s->n = sizes.back();
  const double n = static_cast<double>(s->n);
  s->batch = MatrixBatch(sizes.first(sizes.size() - 2), is_triangular ? 10 * n : 0.7 * n * n * n,
                         WorkspaceOf<LuArrays>(s->A.dtype, is_triangular ? 0 : s->n));
  const int64_t bytes = s->batch.workspace_bytes();
  return {ForBlasDType<DeterminantLauncher>(s->A.dtype), std::move(s), bytes};
}

}  // namespace

Prepared PrepareTriangularDeterminant(const KernelCall& call) { return Prepare(call, true); }
Prepared PrepareDeterminant(const KernelCall& call) { return Prepare(call, false); }

}  // namespace otium::cpu
