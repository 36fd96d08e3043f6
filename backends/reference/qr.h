// SPDX-License-Identifier: Apache-2.0
//
// QR by Householder reflectors, with LAPACK's conventions: the diagonal of R is real
// and has the sign that the element there had not.

#ifndef OTIUM_BACKENDS_REFERENCE_QR_H_
#define OTIUM_BACKENDS_REFERENCE_QR_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "backends/reference/matrix.h"

namespace otium::reference {

// A = H(0) H(1) ... R with H(k) = I - tau[k] v v^H: R on and above the diagonal of `a`,
// below it, in column k, v from row k + 1 on; v is 1 in row k and 0 before.
template <class W>
struct Reflectors {
  Matrix<W> a;
  std::vector<W> tau;
};

// Makes the reflector of column k, H^H x = beta e, and gives back its tau. Of x about 1:
// below the normal numbers beta would be too coarse for H to be unitary.
template <class W>
W MakeReflector(Matrix<W>* a, int64_t k) {
  const double tail = ColumnNorm(*a, k, k + 1);
  if (tail == 0 && std::imag((*a)(k, k)) == 0) return W(0);
  int exponent = 0;
  std::frexp(std::max(std::abs((*a)(k, k)), tail), &exponent);
  for (int64_t i = k; i < a->rows(); ++i) (*a)(i, k) = ScaledBy((*a)(i, k), -exponent);
  const W alpha = (*a)(k, k);
  const double norm = std::hypot(std::abs(alpha), ColumnNorm(*a, k, k + 1));
  const double beta = -std::copysign(norm, std::real(alpha));
  for (int64_t i = k + 1; i < a->rows(); ++i) (*a)(i, k) = Divide((*a)(i, k), alpha - beta);
  (*a)(k, k) = std::ldexp(beta, exponent);
  return (beta - alpha) / beta;
}

// c = (I - tau v v^H) c in the columns from `first` on.
template <class W>
void ApplyReflector(const Matrix<W>& a, int64_t k, W tau, Matrix<W>* c, int64_t first = 0) {
  for (int64_t j = first; j < c->columns(); ++j) {
    W product = (*c)(k, j);
    for (int64_t i = k + 1; i < a.rows(); ++i) product += Multiply(Conj(a(i, k)), (*c)(i, j));
    product = Multiply(tau, product);
    (*c)(k, j) -= product;
    for (int64_t i = k + 1; i < a.rows(); ++i) (*c)(i, j) -= Multiply(a(i, k), product);
  }
}

template <class W>
Reflectors<W> FactorQr(Matrix<W> a) {
  std::vector<W> tau;
  for (int64_t k = 0; k < std::min(a.rows(), a.columns()); ++k) {
    tau.push_back(MakeReflector(&a, k));
    ApplyReflector(a, k, Conj(tau[k]), &a, k + 1);
  }
  return {std::move(a), std::move(tau)};
}

// Q @ c.
template <class W>
Matrix<W> ApplyQ(const Reflectors<W>& f, Matrix<W> c) {
  for (auto k = static_cast<int64_t>(f.tau.size()); k-- > 0;) {
    ApplyReflector(f.a, k, f.tau[k], &c);
  }
  return c;
}
// Q.H @ c.
template <class W>
Matrix<W> ApplyAdjointQ(const Reflectors<W>& f, Matrix<W> c) {
  for (size_t k = 0; k < f.tau.size(); ++k) {
    ApplyReflector(f.a, static_cast<int64_t>(k), Conj(f.tau[k]), &c);
  }
  return c;
}

// The first columns of Q, or of R its first rows.
template <class W>
Matrix<W> ColumnsOfQ(const Reflectors<W>& f, int64_t columns) {
  Matrix<W> c(f.a.rows(), columns);
  for (int64_t i = 0; i < columns; ++i) c(i, i) = 1;
  return ApplyQ(f, std::move(c));
}
template <class W>
Matrix<W> RowsOfR(const Reflectors<W>& f, int64_t rows) {
  Matrix<W> R(rows, f.a.columns());
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = i; j < R.columns(); ++j) R(i, j) = f.a(i, j);
  }
  return R;
}

}  // namespace otium::reference

#endif  // OTIUM_BACKENDS_REFERENCE_QR_H_
