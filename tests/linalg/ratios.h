// SPDX-License-Identifier: Apache-2.0
//
// What factorizations promise, in the units of LAPACK's tests: a ratio is an error over
// n eps and the norm of what was factored, and should be below 30. Everything is
// computed in c128, whatever the dtype.

#ifndef OTIUM_TESTS_LINALG_RATIOS_H_
#define OTIUM_TESTS_LINALG_RATIOS_H_

#include <algorithm>
#include <cmath>
#include <complex>
#include <vector>

#include "backends/reference/matrix.h"
#include "engine/base/tensor.h"

namespace otium {

inline constexpr double kMostRatio = 30;

using C128 = std::complex<double>;
using CMatrix = reference::Matrix<C128>;

// The matrices of a batch, which are the last `tail` dimensions: 2, or 1 (columns), or 0.
inline std::vector<CMatrix> Matrices(const Tensor& tensor, int tail = 2) {
  const Tensor dense = tensor.Contiguous();
  const int r = dense.rank();
  const int64_t rows = tail >= 1 ? dense.sizes()[r - tail] : 1;
  const int64_t columns = tail == 2 ? dense.sizes()[r - 1] : 1;
  int64_t count = 1;
  for (int d = 0; d < r - tail; ++d) count *= dense.sizes()[d];
  std::vector<CMatrix> matrices;
  DispatchDType(dense.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* p = dense.data<T>();
    for (int64_t b = 0; b < count; ++b) {
      CMatrix m(rows, columns);
      for (int64_t i = 0; i < rows; ++i) {
        for (int64_t j = 0; j < columns; ++j, ++p) {
          if constexpr (sizeof(T) == 2) m(i, j) = static_cast<double>(static_cast<float>(*p));
          else m(i, j) = C128(*p);
        }
      }
      matrices.push_back(std::move(m));
    }
  });
  return matrices;
}

inline CMatrix Minus(const CMatrix& a, const CMatrix& b) {
  CMatrix c(a.rows(), a.columns());
  for (int64_t i = 0; i < a.rows(); ++i) {
    for (int64_t j = 0; j < a.columns(); ++j) c(i, j) = a(i, j) - b(i, j);
  }
  return c;
}

// a @ diag(d), d a column.
inline CMatrix TimesDiagonal(CMatrix a, const CMatrix& d) {
  for (int64_t i = 0; i < a.rows(); ++i) {
    for (int64_t j = 0; j < a.columns(); ++j) a(i, j) *= d(j, 0);
  }
  return a;
}

inline CMatrix FirstColumns(const CMatrix& a, int64_t columns) {
  CMatrix c(a.rows(), columns);
  for (int64_t i = 0; i < a.rows(); ++i) {
    for (int64_t j = 0; j < columns; ++j) c(i, j) = a(i, j);
  }
  return c;
}
inline CMatrix FirstRows(const CMatrix& a, int64_t rows) {
  return reference::Adjoint(FirstColumns(reference::Adjoint(a), rows));
}

// Frobenius; NaN when an element is NaN.
inline double NormOf(const CMatrix& a) {
  double norm = 0;
  for (int64_t i = 0; i < a.rows(); ++i) {
    for (int64_t j = 0; j < a.columns(); ++j) norm = std::hypot(norm, std::abs(a(i, j)));
  }
  return norm;
}

// error / (n eps scale), n the largest size of the matrices; 0 where both are 0, or
// below the normal numbers.
inline double Ratio(double error, double scale, int64_t n, DType dtype) {
  const double tiny = ItemSize(RealDType(dtype)) == 4 ? 1.2e-38 : 2.3e-308;
  const double size = static_cast<double>(std::max<int64_t>(n, 1));
  return error / (size * std::max(Epsilon(dtype) * scale, tiny));
}

// ||A - B|| / (n ||A|| eps)
inline double DifferenceRatio(const CMatrix& a, const CMatrix& b, DType dtype) {
  return Ratio(NormOf(Minus(a, b)), NormOf(a), std::max(a.rows(), a.columns()), dtype);
}

// ||I - Q.H Q|| / (n eps)
inline double OrthogonalityRatio(const CMatrix& q, DType dtype) {
  const CMatrix product = reference::Product(reference::Adjoint(q), q);
  return Ratio(NormOf(Minus(CMatrix::Identity(q.columns()), product)), 1, q.rows(), dtype);
}

}  // namespace otium

#endif  // OTIUM_TESTS_LINALG_RATIOS_H_
