// SPDX-License-Identifier: Apache-2.0
//
// Singular values of a random subspace: N. Halko, P. G. Martinsson, J. A. Tropp,
// "Finding structure with randomness", 2011, algorithms 4.4 and 5.1.

#include <numbers>

#include "backends/philox.h"
#include "backends/reference/jacobi.h"
#include "backends/reference/matrix.h"
#include "backends/reference/qr.h"

namespace otium::reference {
namespace {

// What randn gives of that size, before rounding.
template <class T>
Matrix<Wide<T>> RandomMatrix(const LaunchArgs& args, const Attributes& attributes, int64_t rows,
                             int64_t columns) {
  using W = Wide<T>;
  const auto stream = static_cast<uint64_t>(attributes.Get<int64_t>("stream"));
  auto number = [&](uint64_t i) {
    return sizeof(typename MatrixLaunch<T>::Real) == 8 ? NormalDoubleAt(args.seed, stream, i)
                                                       : NormalFloatAt(args.seed, stream, i);
  };
  Matrix<W> m(rows, columns);
  for (int64_t i = 0; i < rows * columns; ++i) {
    const auto k = static_cast<uint64_t>(i);
    if constexpr (std::is_same_v<W, double>) m(i / columns, i % columns) = number(k);
    else m(i / columns, i % columns) = W(number(2 * k), number(2 * k + 1)) / std::numbers::sqrt2;
  }
  return m;
}

template <class W>
Matrix<W> BasisOf(const Matrix<W>& a) {
  return ColumnsOfQ(FactorQr(a), std::min(a.rows(), a.columns()));
}

// Code -1: an element is not finite.
template <class T>
void LowRank(const LaunchArgs& args, const MatrixLaunch<T>& launch, Matrix<Wide<T>> A) {
  const State& s = *static_cast<const State*>(args.state);
  if (!AllFinite(A)) return launch.Fail(-1);
  const bool wide = A.rows() < A.columns();
  if (wide) A = Adjoint(A);
  const int64_t q = s.results[1].sizes.back();
  auto Q = BasisOf(Product(A, RandomMatrix<T>(args, s.attributes, A.columns(), q)));
  for (int64_t i = s.attributes.Get<int64_t>("niter"); i > 0; --i) {
    Q = BasisOf(Product(Adjoint(A), Q));
    Q = BasisOf(Product(A, Q));
  }
  const auto svd = SvdOf(Product(Adjoint(Q), A), /*full=*/false);
  const auto left = Product(Q, svd->U), right = Adjoint(svd->Vh);
  launch.SetResult(0, wide ? right : left);
  launch.SetReals(1, svd->S);
  launch.SetResult(2, wide ? left : right);
}

}  // namespace

void SvdLowrank(const LaunchArgs& args) {
  const bool less = static_cast<const State*>(args.state)->Has(1);
  ForEachMatrix(args, BatchOfResult(args), [&]<class T>(const MatrixLaunch<T>& launch) {
    auto A = launch.Operand(0);
    if (less) {
      const auto M = launch.Operand(1);
      for (int64_t i = 0; i < A.rows(); ++i) {
        for (int64_t j = 0; j < A.columns(); ++j) {
          A(i, j) -= M(M.rows() == 1 ? 0 : i, M.columns() == 1 ? 0 : j);
        }
      }
    }
    LowRank(args, launch, std::move(A));
  });
}

void PcaLowrank(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  ForEachMatrix(args, BatchOfResult(args), [&]<class T>(const MatrixLaunch<T>& launch) {
    auto A = launch.Operand(0);
    for (int64_t j = 0; j < A.columns() && s.attributes.Get<bool>("center"); ++j) {
      Wide<T> sum(0);
      for (int64_t i = 0; i < A.rows(); ++i) sum += A(i, j);
      for (int64_t i = 0; i < A.rows(); ++i) A(i, j) -= sum / static_cast<double>(A.rows());
    }
    LowRank(args, launch, std::move(A));
  });
}

}  // namespace otium::reference
