// SPDX-License-Identifier: Apache-2.0
//
// Textbook factorizations in f64 or c128.

#include <cmath>

#include "backends/reference/matrix.h"

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

}  // namespace otium::reference
