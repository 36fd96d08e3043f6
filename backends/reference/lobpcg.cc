// SPDX-License-Identifier: Apache-2.0
//
// What the iteration lobpcg tends to: some of all eigenvalues of A x = lambda B x, by
// Cholesky's factor of B. The start, the preconditioner and the bounds of the iteration
// have no say.

#include "backends/reference/jacobi.h"
#include "backends/reference/matrix.h"

namespace otium::reference {
namespace {

// L with B = L L.H; nothing when B is not positive definite.
template <class W>
std::optional<Matrix<W>> CholeskyOf(const Matrix<W>& B) {
  const int64_t n = B.rows();
  Matrix<W> L(n, n);
  for (int64_t j = 0; j < n; ++j) {
    double d = std::real(B(j, j));
    for (int64_t k = 0; k < j; ++k) d -= std::norm(L(j, k));
    if (!(d > 0)) return std::nullopt;
    L(j, j) = std::sqrt(d);
    for (int64_t i = j + 1; i < n; ++i) {
      W sum = B(i, j);
      for (int64_t k = 0; k < j; ++k) sum -= Multiply(L(i, k), Conj(L(j, k)));
      L(i, j) = sum / L(j, j);
    }
  }
  return L;
}

// L^-1 b, and L^-H b.
template <class W>
Matrix<W> SolveLower(const Matrix<W>& L, Matrix<W> b) {
  for (int64_t j = 0; j < b.columns(); ++j) {
    for (int64_t i = 0; i < L.rows(); ++i) {
      for (int64_t k = 0; k < i; ++k) b(i, j) -= Multiply(L(i, k), b(k, j));
      b(i, j) /= L(i, i);
    }
  }
  return b;
}
template <class W>
Matrix<W> SolveAdjoint(const Matrix<W>& L, Matrix<W> b) {
  for (int64_t j = 0; j < b.columns(); ++j) {
    for (int64_t i = L.rows(); i-- > 0;) {
      for (int64_t k = i + 1; k < L.rows(); ++k) b(i, j) -= Multiply(Conj(L(k, i)), b(k, j));
      b(i, j) /= L(i, i);
    }
  }
  return b;
}

}  // namespace

// Code 1: B is not positive definite.
void Lobpcg(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const bool largest = s.attributes.Get<bool>("largest");
  const int64_t k = s.results[0].sizes.back();
  ForEachMatrix(args, BatchOfResult(args, 1), [&]<class T>(const MatrixLaunch<T>& launch) {
    using W = typename MatrixLaunch<T>::W;
    Matrix<W> A = launch.Operand(0);
    std::optional<Matrix<W>> L = Matrix<W>::Identity(A.rows());
    if (s.Has(1)) L = CholeskyOf(launch.Operand(1));
    if (!L.has_value()) return launch.Fail(1);
    A = SolveLower(*L, Adjoint(SolveLower(*L, A)));
    const auto eigen = AllFinite(A) ? EigenOfHermitian(A) : std::nullopt;
    std::vector<int64_t> picked;
    for (int64_t j = 0; j < k; ++j) picked.push_back(largest ? A.rows() - 1 - j : j);
    std::vector<double> values(k, NAN);
    Matrix<W> vectors(A.rows(), k);
    vectors.Fill(kNan<W>);
    if (eigen.has_value()) {
      for (int64_t j = 0; j < k; ++j) values[j] = eigen->values[picked[j]];
      vectors = SolveAdjoint(*L, PickColumns(eigen->vectors, picked));
    }
    launch.SetReals(0, values);
    launch.SetResult(1, vectors);
  });
}

}  // namespace otium::reference
