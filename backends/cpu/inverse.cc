// SPDX-License-Identifier: Apache-2.0
//
// Inverses, made where the result is, by substitution into the identity. A general matrix
// is factored as solve factors it, so that the pivot that is zero is the one solve finds.

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <memory>

#include "backends/cpu/dense_block.h"
#include "backends/cpu/dense_factor.h"
#include "backends/cpu/info_result.h"
#include "backends/cpu/lapack.h"
#include "backends/cpu/prepare.h"
#include "backends/cpu/scalar.h"
#include "backends/cpu/triangle.h"
#include "backends/cpu/workspace.h"

namespace otium::cpu {
namespace {

struct InverseState {
  PhysicalType A, X;
  InfoResult info;
  int64_t n = 0;
  bool upper = false;      // Which triangle is inverted.
  bool is_factor = false;  // A is that triangle of a Cholesky factor.
  MatrixBatch batch;
};

// Makes X hermitian by its lower triangle.
template <class T>
void Mirror(const Matrix<T>& X) {
  for (int64_t i = 0; i < X.rows; ++i) {
    X(i, i) = std::real(X(i, i));
    for (int64_t j = 0; j < i; ++j) X(j, i) = Conjugate(X(i, j));
  }
}

// Each inverts one matrix, and gives back the code.
//
// LAPACK's inverses scale by the reciprocals of diagonal elements: where one is infinite
// by a zero, which NaN does not survive. Of what is not finite would come what is, and is
// wrong: it is not inverted, but NaN.
template <class T>
int64_t InvertDiagonal(const InverseState& s, const Matrix<const T>& A, const Matrix<T>& X, char*) {
  std::fill_n(X.data, s.n * s.n, T(0));
  for (int64_t i = 0; i < s.n; ++i) X(i, i) = Quotient(T(1), A(i, i));
  return FirstZeroOfDiagonal(A);
}

// Rows and columns of triangles that are not halved.
constexpr int64_t kWholeTriangle = 48;

// X, which is zero, becomes the inverse of a triangle of A without zeros on its diagonal,
// by halves:
//   inv [L1 0; M L2] = [inv L1, 0; -inv L2 M inv L1, inv L2]
// What is no product costs a share of kWholeTriangle / n.
template <class T>
void InvertByHalves(const Matrix<const T>& A, bool upper, const Matrix<T>& X) {
  const int64_t n = A.rows;
  if (n <= kWholeTriangle) {
    for (int64_t i = 0; i < n; ++i) X(i, i) = 1;
    return upper ? SolveUpper(A, {}, X) : SolveLower(A, {}, X);
  }
  const int64_t h = n / 2, r = n - h;
  const Matrix<const T> A1 = A.Block(0, 0, h, h), A2 = A.Block(h, h, r, r),
                        M = upper ? A.Block(0, h, h, r) : A.Block(h, 0, r, h);
  const Matrix<T> X1 = X.Block(0, 0, h, h), X2 = X.Block(h, h, r, r),
                  Y = upper ? X.Block(0, h, h, r) : X.Block(h, 0, r, h), by = upper ? X2 : X1;
  InvertByHalves(A1, upper, X1);
  InvertByHalves(A2, upper, X2);
  Multiply<T>(T(-1), M, by, T(0), Y);
  if (upper) SolveUpper(A1, {}, Y);
  else SolveLower(A2, {}, Y);
}

template <class T>
int64_t InvertTriangle(const InverseState& s, const Matrix<const T>& A, const Matrix<T>& X, char*) {
  CopyTriangle(A, s.upper, X);
  if (!AllFinite<T>(X)) {
    // The zeros beside the triangle are known to be zeros.
    for (int64_t i = 0; i < s.n; ++i) {
      FillNan(s.upper ? X.Block(i, i, 1, s.n - i) : X.Block(i, 0, 1, i + 1));
    }
    return 0;
  }
  if (const int64_t zero = FirstZeroOfDiagonal<T>(X); zero != 0) return zero;
  std::fill_n(X.data, s.n * s.n, T(0));
  InvertByHalves(A, s.upper, X);
  return 0;
}

// inv(L).H inv(L) of A = L L.H.
template <class T>
int64_t InvertDefinite(const InverseState& s, const Matrix<const T>& A, const Matrix<T>& X,
                       char* memory) {
  Workspace workspace(memory);
  const CholeskyArrays<T> cholesky(workspace, s.n);
  const Matrix<T>& L = cholesky.matrix;
  CopyTriangle(A, s.upper, X);
  if (!AllFinite<T>(X)) {
    FillNan(X);
    return 0;
  }
  for (int64_t i = 0; i < s.n; ++i) {
    for (int64_t j = 0; j <= i; ++j) L(i, j) = s.upper ? Conjugate(X(j, i)) : X(i, j);
  }
  const int64_t code = s.is_factor ? FirstZeroOfDiagonal<T>(L) : -cholesky.Factor();
  if (code != 0) return code;
  std::fill_n(X.data, s.n * s.n, T(0));
  InvertByHalves<T>(L, /*upper=*/false, X);
  SolveUpper<T>(L.Transposed(), {.conjugate = true}, X);
  Mirror(X);
  return 0;
}

template <class T>
int64_t InvertGeneral(const InverseState& s, const Matrix<const T>& A, const Matrix<T>& X,
                      char* memory) {
  Workspace workspace(memory);
  const LuArrays<T> lu(workspace, s.n);
  Copy(A, lu.matrix);
  if (const int64_t code = lu.Factor(); code != 0) return code;
  // An infinity times a zero of the identity is NaN, but not in all columns.
  if (!AllFinite(A)) {
    FillNan(X);
    return 0;
  }
  std::fill_n(X.data, s.n * s.n, T(0));
  for (int64_t i = 0; i < s.n; ++i) X(i, i) = T(1);
  lu.Solve(X);
  return 0;
}

// Invert<T> is one of those.
template <class T>
using InvertFn = int64_t (*)(const InverseState&, const Matrix<const T>&, const Matrix<T>&, char*);

template <class T>
void InvertBatch(const LaunchArgs& args, InvertFn<T> invert) {
  const auto& s = *static_cast<const InverseState*>(args.state);
  RunBatch(s.batch, args, [&](Range matrices, char* memory, StepInfo* info) {
    for (int64_t p = matrices.begin; p < matrices.end; ++p) {
      const auto X = MatrixOf<T>(s.batch, s.X, args.results[0], p);
      const auto A = MatrixOf<const T>(s.batch, s.A, args.operands[0], p);
      const int64_t code = invert(s, A, X, memory);
      if (code == 0 && args.wants_rcond && !s.is_factor) {
        TellRcond(info, 1 / (Norm1(A) * Norm1(X)), p);
      }
      s.info.Set(s.batch, args, p, code, info);
      if (code != 0 && s.info.present()) FillNan(X);
    }
  });
}

template <class T>
struct DiagonalInverse {
  static void Launch(const LaunchArgs& args) { InvertBatch<T>(args, InvertDiagonal<T>); }
};
template <class T>
struct TriangularInverse {
  static void Launch(const LaunchArgs& args) { InvertBatch<T>(args, InvertTriangle<T>); }
};
template <class T>
struct DefiniteInverse {
  static void Launch(const LaunchArgs& args) { InvertBatch<T>(args, InvertDefinite<T>); }
};
template <class T>
struct GeneralInverse {
  static void Launch(const LaunchArgs& args) { InvertBatch<T>(args, InvertGeneral<T>); }
};

std::shared_ptr<InverseState> MakeState(const KernelCall& call, double flops_of_cube,
                                        int64_t bytes = 0) {
  auto s = std::make_shared<InverseState>();
  s->A = call.operands[0];
  s->X = call.results[0];
  s->info = InfoResult(call, 1);
  const absl::Span<const int64_t> sizes = s->X.sizes;
  s->n = sizes.back();
  const double n = static_cast<double>(s->n);
  s->batch = MatrixBatch(sizes.first(sizes.size() - 2), flops_of_cube * n * n * n, bytes);
  return s;
}

}  // namespace

Prepared PrepareDiagonalInverse(const KernelCall& call) {
  auto s = MakeState(call, 1);
  const int64_t bytes = s->batch.workspace_bytes();
  return {ForBlasDType<DiagonalInverse>(s->A.dtype), std::move(s), bytes};
}

Prepared PrepareTrtri(const KernelCall& call) {
  auto s = MakeState(call, 1.0 / 3);
  s->upper = s->A.structure.IsUpper();
  const int64_t bytes = s->batch.workspace_bytes();
  return {ForBlasDType<TriangularInverse>(s->A.dtype), std::move(s), bytes};
}

Prepared PreparePotri(const KernelCall& call) {
  const PhysicalType& A = call.operands[0];
  auto s = MakeState(call, 1, WorkspaceOf<CholeskyArrays>(A.dtype, A.sizes.back()));
  s->is_factor = call.op.id == Op::cholesky_inverse;
  if (s->is_factor) s->upper = call.attributes.Get<bool>("upper");
  const int64_t bytes = s->batch.workspace_bytes();
  return {ForBlasDType<DefiniteInverse>(s->A.dtype), std::move(s), bytes};
}

Prepared PrepareGetri(const KernelCall& call) {
  const PhysicalType& A = call.operands[0];
  auto s = MakeState(call, 2, WorkspaceOf<LuArrays>(A.dtype, A.sizes.back()));
  const int64_t bytes = s->batch.workspace_bytes();
  return {ForBlasDType<GeneralInverse>(s->A.dtype), std::move(s), bytes};
}

}  // namespace otium::cpu
