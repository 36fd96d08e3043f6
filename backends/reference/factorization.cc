// SPDX-License-Identifier: Apache-2.0
//
// Textbook factorizations in f64 or c128.

#include <cmath>

#include "backends/reference/ldl.h"
#include "backends/reference/lu.h"
#include "backends/reference/matrix.h"
#include "backends/reference/triangle.h"

namespace otium::reference {
namespace {

// L of a hermitian matrix of which the lower triangle is read; `code` is 0, or k when
// the leading minor of order k is not positive definite.
template <class W>
Matrix<W> CholeskyFactor(const Matrix<W>& a, int64_t* code) {
  const int64_t n = a.rows();
  Matrix<W> L(n, n);
  *code = 0;
  for (int64_t j = 0; j < n; ++j) {
    double d = std::real(a(j, j));
    for (int64_t k = 0; k < j; ++k) d -= std::norm(L(j, k));
    if (!(d > 0) && *code == 0) *code = j + 1;
    const double pivot = std::sqrt(d);
    L(j, j) = pivot;
    for (int64_t i = j + 1; i < n; ++i) {
      W sum = a(i, j);
      for (int64_t k = 0; k < j; ++k) sum -= Multiply(L(i, k), Conj(L(j, k)));
      L(i, j) = sum / pivot;
    }
  }
  return L;
}

template <class Launch>
int64_t FactorByCholesky(const Launch& launch) {
  const bool upper = launch.attributes().template Get<bool>("upper");
  const auto A = launch.Operand(0);
  int64_t code;
  auto L = CholeskyFactor(upper ? Adjoint(A) : A, &code);
  if (code != 0) L.Fill(kNan<typename Launch::W>);
  launch.SetResult(0, upper ? Adjoint(L) : L);
  return code;
}

// The lower factor that operand `i` holds, or the adjoint of the upper one.
template <class Launch>
Matrix<typename Launch::W> LowerFactor(const Launch& launch, int i) {
  auto L = launch.Operand(i);
  return launch.attributes().template Get<bool>("upper") ? Adjoint(L) : L;
}

template <class W>
Matrix<W> SolveByCholesky(const Matrix<W>& L, Matrix<W> b) {
  return SolveTriangle(Adjoint(L), {.upper = true},
                       SolveTriangle(L, {.upper = false}, std::move(b)));
}

// Results LU and pivots.
template <class Launch>
int64_t FactorByLu(const Launch& launch) {
  const auto f = FactorLu(launch.Operand(0), launch.attributes().template Get<bool>("pivot"));
  launch.SetResult(0, f.LU);
  std::vector<int32_t> pivots;
  for (int64_t p : f.pivots) pivots.push_back(static_cast<int32_t>(p + 1));
  launch.SetVector(1, pivots);
  return f.code;
}

// The factors that operands 0 and 1 hold.
template <class Launch>
LuFactors<typename Launch::W> LuOperands(const Launch& launch) {
  LuFactors<typename Launch::W> f{launch.Operand(0), {}, 0};
  for (int32_t p : launch.template Vector<int32_t>(1)) f.pivots.push_back(p - 1);
  return f;
}

// Results P, L and U.
template <class Launch, class W>
void SetPermutation(const Launch& launch, const LuFactors<W>& f) {
  auto P = Matrix<W>::Identity(f.LU.rows());
  if (f.ArePivotsRows()) f.ExchangeBack(&P);
  else P.Fill(kNan<W>);
  launch.SetResult(0, P);
}
template <class Launch, class W>
void SetTriangles(const Launch& launch, const LuFactors<W>& f) {
  const int64_t m = f.LU.rows(), n = f.LU.columns(), k = std::min(m, n);
  Matrix<W> L(m, k), U(k, n);
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) (i > j ? L : U)(i, j) = f.LU(i, j);
    if (i < k) L(i, i) = 1;
  }
  launch.SetResult(1, L);
  launch.SetResult(2, U);
}

// Results LD and pivots.
template <class Launch>
int64_t FactorByLdl(const Launch& launch) {
  const auto f = FactorLdl(launch.Operand(0), launch.attributes().template Get<bool>("hermitian"));
  launch.SetResult(0, f.LD);
  launch.SetVector(1, f.pivots);
  return f.code;
}

}  // namespace

// Code k: the leading minor of order k is not positive definite.
void Cholesky(const LaunchArgs& args) {
  ForEachMatrix(args, BatchOfResult(args),
                [](const auto& launch) { launch.Fail(FactorByCholesky(launch)); });
}
void CholeskyEx(const LaunchArgs& args) {
  ForEachMatrix(args, BatchOfResult(args), [](const auto& launch) {
    launch.SetNumber(1, static_cast<int32_t>(FactorByCholesky(launch)));
  });
}

void CholeskySolve(const LaunchArgs& args) {
  ForEachMatrix(args, BatchOfResult(args), [](const auto& launch) {
    launch.SetResult(0, SolveByCholesky(LowerFactor(launch, 1), launch.Operand(0)));
  });
}

// Code k: L(k, k) is zero.
void CholeskyInverse(const LaunchArgs& args) {
  ForEachMatrix(args, BatchOfResult(args), [](const auto& launch) {
    using W = typename std::decay_t<decltype(launch)>::W;
    const auto L = LowerFactor(launch, 0);
    for (int64_t k = L.rows(); k > 0; --k) {
      if (L(k - 1, k - 1) == W(0)) launch.Fail(k);
    }
    launch.SetResult(0, SolveByCholesky(L, Matrix<W>::Identity(L.rows())));
  });
}

// Code k: U(k, k) is zero.
void LuFactor(const LaunchArgs& args) {
  ForEachMatrix(args, BatchOfOperand(args),
                [](const auto& launch) { launch.Fail(FactorByLu(launch)); });
}
void LuFactorEx(const LaunchArgs& args) {
  ForEachMatrix(args, BatchOfOperand(args), [](const auto& launch) {
    launch.SetNumber(2, static_cast<int32_t>(FactorByLu(launch)));
  });
}
void Lu(const LaunchArgs& args) {
  ForEachMatrix(args, BatchOfOperand(args), [](const auto& launch) {
    const bool pivot = launch.attributes().template Get<bool>("pivot");
    const auto f = FactorLu(launch.Operand(0), pivot);
    if (pivot) SetPermutation(launch, f);
    SetTriangles(launch, f);
  });
}
void LuUnpack(const LaunchArgs& args) {
  ForEachMatrix(args, BatchOfOperand(args), [](const auto& launch) {
    const auto f = LuOperands(launch);
    if (launch.attributes().template Get<bool>("unpack_pivots")) SetPermutation(launch, f);
    if (launch.attributes().template Get<bool>("unpack_data")) SetTriangles(launch, f);
  });
}
void LuSolve(const LaunchArgs& args) {
  ForEachMatrix(args, BatchOfResult(args), [](const auto& launch) {
    launch.SetResult(0, SolveByLu(LuOperands(launch), launch.Operand(2),
                                  launch.attributes().template Get<bool>("left"),
                                  launch.attributes().template Get<bool>("adjoint")));
  });
}

// Code k: D(k, k) is zero.
void LdlFactor(const LaunchArgs& args) {
  ForEachMatrix(args, BatchOfOperand(args),
                [](const auto& launch) { launch.Fail(FactorByLdl(launch)); });
}
void LdlFactorEx(const LaunchArgs& args) {
  ForEachMatrix(args, BatchOfOperand(args), [](const auto& launch) {
    launch.SetNumber(2, static_cast<int32_t>(FactorByLdl(launch)));
  });
}
void LdlSolve(const LaunchArgs& args) {
  ForEachMatrix(args, BatchOfResult(args), [](const auto& launch) {
    using W = typename std::decay_t<decltype(launch)>::W;
    const LdlFactors<W> f{launch.Operand(0), launch.template Vector<int32_t>(1), 0};
    launch.SetResult(
        0, SolveByLdl(f, launch.Operand(2), launch.attributes().template Get<bool>("hermitian")));
  });
}

}  // namespace otium::reference
