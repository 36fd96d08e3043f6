// SPDX-License-Identifier: Apache-2.0
//
// Eigenvalues by the textbook, in f64 or c128.

#include "backends/reference/hessenberg.h"
#include "backends/reference/jacobi.h"
#include "backends/reference/matrix.h"
#include "ops/failure_codes.h"

namespace otium::reference {
namespace {

// Eigenvalues, and vectors when they are a result too.
template <class Launch>
int64_t SetEigen(const Launch& launch, bool vectors) {
  const auto A = launch.Operand(0);
  if (!AllFinite(A)) return kNotFinite;
  const int64_t n = A.rows();
  ComplexMatrix a(n, n), values(n, 1), columns(n, n);
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) a(i, j) = A(i, j);
  }
  const int exponent = ScaleToOne(&a);
  const Schur s = SchurOf(std::move(a));
  for (int64_t k = 0; k < n && s.code == 0; ++k) {
    values(k, 0) = ScaledBy(s.T(k, k), exponent);
    if (!vectors) continue;
    const ComplexMatrix x = EigenvectorOf(s, k);
    for (int64_t i = 0; i < n; ++i) columns(i, k) = x(i, 0);
  }
  launch.SetComplex(0, values, 1);
  if (vectors) launch.SetComplex(1, columns);
  return s.code;
}

// The hermitian matrix of which a triangle is given.
template <class W>
Matrix<W> Mirrored(Matrix<W> a, bool upper) {
  for (int64_t i = 0; i < a.rows(); ++i) {
    a(i, i) = std::real(a(i, i));
    for (int64_t j = 0; j < i; ++j) {
      if (upper) a(i, j) = Conj(a(j, i));
      else a(j, i) = Conj(a(i, j));
    }
  }
  return a;
}

template <class Launch>
int64_t SetHermitianEigen(const Launch& launch, bool vectors) {
  const bool upper = launch.attributes().template Get<std::string>("UPLO") == "U";
  auto A = Mirrored(launch.Operand(0), upper);
  if (!AllFinite(A)) return kNotFinite;
  const int64_t n = A.rows();
  const auto eigen = EigenOfHermitian(std::move(A));
  if (!eigen.has_value()) return n;
  launch.SetReals(0, eigen->values);
  if (vectors) launch.SetResult(1, eigen->vectors);
  return 0;
}

}  // namespace

void Eig(const LaunchArgs& args) {
  ForEachMatrix(args, BatchOfResult(args, 0, 1),
                [](const auto& launch) { launch.Fail(SetEigen(launch, /*vectors=*/true)); });
}
void Eigvals(const LaunchArgs& args) {
  ForEachMatrix(args, BatchOfResult(args, 0, 1),
                [](const auto& launch) { launch.Fail(SetEigen(launch, /*vectors=*/false)); });
}
void Eigh(const LaunchArgs& args) {
  ForEachMatrix(args, BatchOfResult(args, 0, 1), [](const auto& launch) {
    launch.Fail(SetHermitianEigen(launch, /*vectors=*/true));
  });
}
void Eigvalsh(const LaunchArgs& args) {
  ForEachMatrix(args, BatchOfResult(args, 0, 1), [](const auto& launch) {
    launch.Fail(SetHermitianEigen(launch, /*vectors=*/false));
  });
}

}  // namespace otium::reference
