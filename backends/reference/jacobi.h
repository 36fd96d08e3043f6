// SPDX-License-Identifier: Apache-2.0
//
// Eigenvalues of hermitian matrices and singular values by Jacobi's rotations: sweeps
// over all pairs of columns, until no pair needs one. See G. H. Golub, C. F. Van Loan,
// "Matrix Computations", sections 8.5 and 8.6.

#ifndef OTIUM_BACKENDS_REFERENCE_JACOBI_H_
#define OTIUM_BACKENDS_REFERENCE_JACOBI_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <optional>
#include <vector>

#include "backends/reference/matrix.h"
#include "backends/reference/qr.h"

namespace otium::reference {

// Ten are many; a matrix that takes more has elements that are not finite.
inline constexpr int kMostSweeps = 60;
inline constexpr double kUnit = std::numeric_limits<double>::epsilon() / 2;

// The unitary [c, s; -s w, c w] whose columns make [x, z; conj(z), y] diagonal; z != 0.
template <class W>
struct Rotation {
  Rotation(double x, double y, W z) : w(Conj(z) / std::abs(z)) {
    const double theta = (y - x) / (2 * std::abs(z));
    const double t = std::copysign(1 / (std::abs(theta) + std::hypot(1, theta)), theta);
    c = 1 / std::hypot(1, t);
    s = t * c;
  }
  // Columns p and q of m, times it.
  void ApplyToColumns(Matrix<W>* m, int64_t p, int64_t q) const {
    for (int64_t i = 0; i < m->rows(); ++i) {
      const W x = (*m)(i, p), y = Multiply(w, (*m)(i, q));
      (*m)(i, p) = c * x - s * y;
      (*m)(i, q) = s * x + c * y;
    }
  }
  // Its adjoint times rows p and q.
  void ApplyToRows(Matrix<W>* m, int64_t p, int64_t q) const {
    for (int64_t j = 0; j < m->columns(); ++j) {
      const W x = (*m)(p, j), y = Multiply(Conj(w), (*m)(q, j));
      (*m)(p, j) = c * x - s * y;
      (*m)(q, j) = s * x + c * y;
    }
  }
  W w;
  double c, s;
};

template <class W>
Matrix<W> PickColumns(const Matrix<W>& m, const std::vector<int64_t>& columns) {
  Matrix<W> picked(m.rows(), static_cast<int64_t>(columns.size()));
  for (int64_t j = 0; j < picked.columns(); ++j) {
    for (int64_t i = 0; i < m.rows(); ++i) picked(i, j) = m(i, columns[j]);
  }
  return picked;
}

// The order that sorts values, equal ones as they are.
template <class Less>
std::vector<int64_t> SortedOrder(const std::vector<double>& values, Less less) {
  std::vector<int64_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t i, int64_t j) { return less(values[i], values[j]); });
  return order;
}

template <class W>
struct HermitianEigen {
  std::vector<double> values;  // Ascending.
  Matrix<W> vectors;           // Columns.
};

// Of a finite hermitian a; nothing when the sweeps do not end.
template <class W>
std::optional<HermitianEigen<W>> EigenOfHermitian(Matrix<W> a) {
  const int64_t n = a.rows();
  const int exponent = ScaleToOne(&a);
  Matrix<W> V = Matrix<W>::Identity(n);
  bool rotated = n > 0;
  for (int sweep = 0; rotated; ++sweep) {
    if (sweep == kMostSweeps) return std::nullopt;
    rotated = false;
    for (int64_t p = 0; p < n; ++p) {
      for (int64_t q = p + 1; q < n; ++q) {
        // Beside the largest element, 1; smaller ones may still matter to a graded
        // matrix, whose diagonal says how much.
        const double x = std::real(a(p, p)), y = std::real(a(q, q));
        if (std::abs(a(p, q)) <= kUnit * kUnit + kUnit / 16 * std::sqrt(std::abs(x * y))) continue;
        rotated = true;
        const Rotation<W> rotation(x, y, a(p, q));
        rotation.ApplyToColumns(&a, p, q);
        rotation.ApplyToRows(&a, p, q);
        rotation.ApplyToColumns(&V, p, q);
        a(p, q) = a(q, p) = 0;
        a(p, p) = std::real(a(p, p));
        a(q, q) = std::real(a(q, q));
      }
    }
  }
  HermitianEigen<W> eigen{std::vector<double>(n), Matrix<W>(n, n)};
  for (int64_t i = 0; i < n; ++i) eigen.values[i] = std::ldexp(std::real(a(i, i)), exponent);
  eigen.vectors = PickColumns(V, SortedOrder(eigen.values, std::less<>()));
  std::sort(eigen.values.begin(), eigen.values.end());
  return eigen;
}

template <class W>
struct SingularValues {
  Matrix<W> U;            // [m, min(m, n)], or [m, m].
  std::vector<double> S;  // Descending.
  Matrix<W> Vh;           // [min(m, n), n], or [n, n].
};

// Rotates the columns of a until they are orthogonal, and those of V along; false when
// the sweeps do not end.
template <class W>
bool OrthogonalizeColumns(Matrix<W>* a, Matrix<W>* V) {
  const double tolerance = kUnit * static_cast<double>(a->rows());
  bool rotated = true;
  for (int sweep = 0; rotated; ++sweep) {
    if (sweep == kMostSweeps) return false;
    rotated = false;
    for (int64_t p = 0; p < a->columns(); ++p) {
      for (int64_t q = p + 1; q < a->columns(); ++q) {
        double x = 0, y = 0;
        W z = W(0);
        for (int64_t i = 0; i < a->rows(); ++i) {
          x += std::norm((*a)(i, p));
          y += std::norm((*a)(i, q));
          z += Multiply(Conj((*a)(i, p)), (*a)(i, q));
        }
        if (std::abs(z) <= tolerance * std::sqrt(x) * std::sqrt(y) || z == W(0)) continue;
        rotated = true;
        const Rotation<W> rotation(x, y, z);
        rotation.ApplyToColumns(a, p, q);
        rotation.ApplyToColumns(V, p, q);
      }
    }
  }
  return true;
}

// Of a finite a; nothing when the sweeps do not end.
template <class W>
std::optional<SingularValues<W>> SvdOf(Matrix<W> a, bool full) {
  if (a.rows() < a.columns()) {
    auto adjoint = SvdOf(Adjoint(a), full);
    if (!adjoint.has_value()) return std::nullopt;
    return SingularValues<W>{Adjoint(adjoint->Vh), std::move(adjoint->S), Adjoint(adjoint->U)};
  }
  const int64_t m = a.rows(), n = a.columns();
  const int exponent = ScaleToOne(&a);
  Matrix<W> V = Matrix<W>::Identity(n);
  if (!OrthogonalizeColumns(&a, &V)) return std::nullopt;
  std::vector<double> norms(n);
  for (int64_t j = 0; j < n; ++j) norms[j] = ColumnNorm(a, j);
  const std::vector<int64_t> order = SortedOrder(norms, std::greater<>());
  SingularValues<W> svd{PickColumns(a, order), {}, Adjoint(PickColumns(V, order))};
  // The columns whose squares are numbers; the others have no direction, and QR of the
  // first gives what is orthogonal to them.
  std::vector<int64_t> kept;
  for (int64_t j = 0; j < n; ++j) {
    const double norm = norms[order[j]];
    svd.S.push_back(std::ldexp(norm, exponent));
    if (norm < 1e-140) continue;
    for (int64_t i = 0; i < m; ++i) svd.U(i, j) /= norm;
    kept.push_back(j);
  }
  const auto rank = static_cast<int64_t>(kept.size()), columns = full ? m : n;
  if (rank == columns) return svd;
  const Matrix<W> basis = ColumnsOfQ(FactorQr(PickColumns(svd.U, kept)), columns);
  Matrix<W> U(m, columns);
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < columns; ++j) U(i, j) = j < rank ? svd.U(i, j) : basis(i, j);
  }
  svd.U = std::move(U);
  return svd;
}

}  // namespace otium::reference

#endif  // OTIUM_BACKENDS_REFERENCE_JACOBI_H_
