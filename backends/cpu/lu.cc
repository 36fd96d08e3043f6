// SPDX-License-Identifier: Apache-2.0
//
// LU factors, what they are taken apart into, and solutions by them.

#include <algorithm>
#include <memory>

#include "backends/cpu/dense_block.h"
#include "backends/cpu/dense_factor.h"
#include "backends/cpu/info_result.h"
#include "backends/cpu/lapack.h"
#include "backends/cpu/pivots.h"
#include "backends/cpu/prepare.h"
#include "backends/cpu/scalar.h"
#include "backends/cpu/triangle.h"
#include "backends/cpu/workspace.h"

namespace otium::cpu {
namespace {

// ---- factors

struct LuState {
  PhysicalType A, LU, pivots;
  InfoResult info;
  bool pivot = true;
  int64_t m = 0, n = 0;
  MatrixBatch batch;
};

// Columns that are eliminated one by one.
constexpr int64_t kPlainColumns = 32;

// Without exchanges, by halves that end in products; the code is getrf's. Where there are no
// such factors they have infinities.
template <class T>
int64_t Eliminate(const Matrix<T>& A) {
  const int64_t m = A.rows, n = A.columns;
  int64_t code = 0;
  if (std::min(m, n) > kPlainColumns) {
    const int64_t first = Half(std::min(m, n), kPlainColumns), rest = n - first;
    const Matrix<T> A11 = A.Block(0, 0, first, first), A12 = A.Block(0, first, first, rest);
    const Matrix<T> A21 = A.Block(first, 0, m - first, first);
    const Matrix<T> A22 = A.Block(first, first, m - first, rest);
    code = Eliminate(A.Block(0, 0, m, first));
    SolveLower<T>(A11, {.unit = true}, A12);
    SubtractProduct<T>(A21, A12, A22);
    const int64_t more = Eliminate(A22);
    return code != 0 || more == 0 ? code : first + more;
  }
  for (int64_t k = 0; k < std::min(m, n); ++k) {
    if (A(k, k) == T(0) && code == 0) code = k + 1;
    for (int64_t i = k + 1; i < m; ++i) {
      if (A(i, k) == T(0) && A(k, k) == T(0)) continue;  // Nothing to eliminate.
      const T factor = A(i, k) = Quotient(A(i, k), A(k, k));
      for (int64_t j = k + 1; j < n; ++j) A(i, j) -= Multiply(factor, A(k, j));
    }
  }
  return code;
}

template <class T>
struct LuPanels {
  LuPanels(Workspace& memory, int64_t m, int64_t n) : panels(memory.Take<T>(LuMemory<T>(m, n))) {}
  T* panels;
};

template <class T>
struct LuLauncher {
  static void Launch(const LaunchArgs& args) {
    const auto& s = *static_cast<const LuState*>(args.state);
    RunBatch(s.batch, args, [&](Range matrices, char* memory, StepInfo* info) {
      Workspace workspace(memory);
      const LuPanels<T> arrays(workspace, s.m, s.n);
      for (int64_t p = matrices.begin; p < matrices.end; ++p) {
        const auto A = MatrixOf<const T>(s.batch, s.A, args.operands[0], p);
        const auto LU = MatrixOf<T>(s.batch, s.LU, args.results[0], p);
        int32_t* const pivots =
            MatrixOf<int32_t>(s.batch, s.pivots, args.results[1], p, /*tail=*/1).data;
        // Factored where the result is.
        Copy(A, LU);
        int64_t code;
        if (s.pivot) {
          code = FactorLu(LU, pivots, arrays.panels);
        } else {
          code = Eliminate(LU);
          for (int64_t k = 0; k < std::min(s.m, s.n); ++k) pivots[k] = static_cast<int32_t>(k + 1);
        }
        s.info.Set(s.batch, args, p, code, info);
      }
    });
  }
};

// ---- P, L and U

struct LuUnpackState {
  PhysicalType LU, pivots, P, L, U;
  bool has_data = true, has_pivots = true;
  MatrixBatch batch;
};

// Row order[i] of column i is 1: of P with A = P L U. LAPACK exchanged the rows of A one
// after the other; P undoes that.
template <class T>
void SetPermutation(const Matrix<const int32_t>& pivots, int32_t* order, const Matrix<T>& P) {
  const int64_t m = P.rows;
  if (!AreRows(pivots, m)) return FillNan(P);
  for (int64_t i = 0; i < m; ++i) order[i] = static_cast<int32_t>(i);
  for (int64_t k = 0; k < pivots.rows; ++k) std::swap(order[k], order[pivots(k, 0) - 1]);
  std::fill_n(P.data, m * m, T(0));
  for (int64_t i = 0; i < m; ++i) P(order[i], i) = T(1);
}

template <class T>
void SetTriangles(const Matrix<const T>& LU, const Matrix<T>& L, const Matrix<T>& U) {
  for (int64_t i = 0; i < L.rows; ++i) {
    for (int64_t j = 0; j < L.columns; ++j) L(i, j) = i > j ? LU(i, j) : T(i == j ? 1 : 0);
  }
  for (int64_t i = 0; i < U.rows; ++i) {
    for (int64_t j = 0; j < U.columns; ++j) U(i, j) = i > j ? T(0) : LU(i, j);
  }
}

template <class T>
struct LuUnpackArrays {
  LuUnpackArrays(Workspace& memory, int64_t m) : order(memory.Take<int32_t>(m)) {}
  int32_t* order;
};

template <class T>
struct LuUnpackLauncher {
  static void Launch(const LaunchArgs& args) {
    const auto& s = *static_cast<const LuUnpackState*>(args.state);
    RunBatch(s.batch, args, [&](Range matrices, char* memory, StepInfo*) {
      Workspace workspace(memory);
      const LuUnpackArrays<T> arrays(workspace, s.LU.sizes[s.LU.rank() - 2]);
      for (int64_t p = matrices.begin; p < matrices.end; ++p) {
        if (s.has_pivots) {
          SetPermutation(MatrixOf<const int32_t>(s.batch, s.pivots, args.operands[1], p, 1),
                         arrays.order, MatrixOf<T>(s.batch, s.P, args.results[0], p));
        }
        if (s.has_data) {
          SetTriangles(MatrixOf<const T>(s.batch, s.LU, args.operands[0], p),
                       MatrixOf<T>(s.batch, s.L, args.results[1], p),
                       MatrixOf<T>(s.batch, s.U, args.results[2], p));
        }
      }
    });
  }
};

// ---- solutions

struct LuSolveState {
  PhysicalType LU, pivots, B, X;
  bool left = true, adjoint = false;
  bool copies = false;
  MatrixBatch batch;
};

// X = inv(op(A)) X with A = P L U and op the transpose, the conjugate, both or neither.
template <class T>
void SolveByLu(const Matrix<const T>& LU, const Matrix<const int32_t>& pivots, bool transposed,
               bool conjugate, const Matrix<T>& X) {
  const Triangle<T> L{LU, /*upper=*/false, /*unit=*/true, conjugate};
  const Triangle<T> U{LU, /*upper=*/true, /*unit=*/false, conjugate};
  if (transposed) {
    SolveTriangle(U.Transposed(), X);
    SolveTriangle(L.Transposed(), X);
    ExchangeRowsBack(pivots, X);
  } else {
    ExchangeRows(pivots, X);
    SolveTriangle(L, X);
    SolveTriangle(U, X);
  }
}

template <class T>
struct LuSolveLauncher {
  static void Launch(const LaunchArgs& args) {
    const auto& s = *static_cast<const LuSolveState*>(args.state);
    RunBatch(s.batch, args, [&](Range matrices, char* memory, StepInfo*) {
      Workspace workspace(memory);
      const TriangleCopy<T> copy(workspace, s.copies, s.LU.sizes.back());
      for (int64_t p = matrices.begin; p < matrices.end; ++p) {
        const auto LU = copy.Of(MatrixOf<const T>(s.batch, s.LU, args.operands[0], p));
        const auto pivots = MatrixOf<const int32_t>(s.batch, s.pivots, args.operands[1], p, 1);
        const auto B = MatrixOf<const T>(s.batch, s.B, args.operands[2], p);
        const auto X = MatrixOf<T>(s.batch, s.X, args.results[0], p);
        if (!AreRows(pivots, LU.rows)) {
          FillNan(X);
          continue;
        }
        Copy(B, X);
        // X A = B is A.T X.T = B.T; with A.H it is conj(A) X.T = B.T.
        SolveByLu(LU, pivots, /*transposed=*/s.left == s.adjoint, /*conjugate=*/s.adjoint,
                  s.left ? X : X.Transposed());
      }
    });
  }
};

}  // namespace

bool Pivots(const KernelCall& call) { return call.attributes.Get<bool>("pivot"); }
bool DoesNotPivot(const KernelCall& call) { return !Pivots(call); }

Prepared PrepareLuFactor(const KernelCall& call) {
  auto s = std::make_shared<LuState>();
  s->A = call.operands[0];
  s->LU = call.results[0];
  s->pivots = call.results[1];
  s->info = InfoResult(call, 2);
  s->pivot = call.attributes.Get<bool>("pivot");
  const absl::Span<const int64_t> sizes = s->A.sizes;
  const size_t batch = sizes.size() - 2;
  s->m = sizes[batch];
  s->n = sizes[batch + 1];
  const double m = static_cast<double>(s->m), n = static_cast<double>(s->n);
  s->batch = MatrixBatch(sizes.first(batch), m * n * std::min(m, n),
                         WorkspaceOf<LuPanels>(s->A.dtype, s->m, s->n));
  const int64_t bytes = s->batch.workspace_bytes();
  return {ForBlasDType<LuLauncher>(s->A.dtype), std::move(s), bytes};
}

Prepared PrepareLuUnpack(const KernelCall& call) {
  auto s = std::make_shared<LuUnpackState>();
  s->LU = call.operands[0];
  s->pivots = call.operands[1];
  s->P = call.results[0];
  s->L = call.results[1];
  s->U = call.results[2];
  s->has_data = call.attributes.Get<bool>("unpack_data");
  s->has_pivots = call.attributes.Get<bool>("unpack_pivots");
  const absl::Span<const int64_t> sizes = s->LU.sizes;
  const size_t batch = sizes.size() - 2;
  const double m = static_cast<double>(sizes[batch]), n = static_cast<double>(sizes[batch + 1]);
  s->batch = MatrixBatch(sizes.first(batch), m * (m + n),
                         WorkspaceOf<LuUnpackArrays>(s->LU.dtype, sizes[batch]));
  const int64_t bytes = s->batch.workspace_bytes();
  return {ForBlasDType<LuUnpackLauncher>(s->LU.dtype), std::move(s), bytes};
}

Prepared PrepareLuSolve(const KernelCall& call) {
  auto s = std::make_shared<LuSolveState>();
  s->LU = call.operands[0];
  s->pivots = call.operands[1];
  s->B = call.operands[2];
  s->X = call.results[0];
  s->left = call.attributes.Get<bool>("left");
  s->adjoint = call.attributes.Get<bool>("adjoint");
  s->copies = !LiesInOrder(s->LU);
  const absl::Span<const int64_t> sizes = s->X.sizes;
  const size_t batch = sizes.size() - 2;
  const int64_t n = s->LU.sizes.back();
  const double elements = static_cast<double>(sizes[batch] * sizes[batch + 1]);
  s->batch = MatrixBatch(sizes.first(batch), 2 * static_cast<double>(n) * elements,
                         WorkspaceOf<TriangleCopy>(s->LU.dtype, s->copies, n));
  const int64_t bytes = s->batch.workspace_bytes();
  return {ForBlasDType<LuSolveLauncher>(s->LU.dtype), std::move(s), bytes};
}

}  // namespace otium::cpu
