// SPDX-License-Identifier: Apache-2.0
//
// Gaussian elimination, and what is done with its factors.

#ifndef OTIUM_BACKENDS_REFERENCE_LU_H_
#define OTIUM_BACKENDS_REFERENCE_LU_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "backends/reference/matrix.h"
#include "backends/reference/triangle.h"

namespace otium::reference {

// P.T A = L U of an m x n matrix, the unit lower L and U in one matrix. Row k was
// exchanged with row pivots[k] (from 0). `code` is 0, or k when U(k, k), counted from
// 1, is the first that is zero.
template <class W>
struct LuFactors {
  Matrix<W> LU;
  std::vector<int64_t> pivots;
  int64_t code = 0;

  // Of pivots that are no rows, which a user may give, what comes is NaN.
  bool ArePivotsRows() const {
    for (int64_t p : pivots) {
      if (p < 0 || p >= LU.rows()) return false;
    }
    return true;
  }
  // Exchanges the rows of B as those of A were, or back.
  void Exchange(Matrix<W>* b) const {
    for (size_t k = 0; k < pivots.size(); ++k) b->SwapRows(static_cast<int64_t>(k), pivots[k]);
  }
  void ExchangeBack(Matrix<W>* b) const {
    for (size_t k = pivots.size(); k-- > 0;) b->SwapRows(static_cast<int64_t>(k), pivots[k]);
  }
};

// The size of an element by which LAPACK chooses pivots.
inline double PivotSize(double x) { return std::abs(x); }
inline double PivotSize(std::complex<double> x) { return std::abs(x.real()) + std::abs(x.imag()); }

// Rows are exchanged for the largest pivot, or not at all.
template <class W>
LuFactors<W> FactorLu(Matrix<W> a, bool exchange = true) {
  const int64_t m = a.rows(), n = a.columns();
  std::vector<int64_t> pivots;
  int64_t code = 0;
  for (int64_t k = 0; k < std::min(m, n); ++k) {
    int64_t pivot = k;
    for (int64_t i = k + 1; i < m && exchange; ++i) {
      if (PivotSize(a(i, k)) > PivotSize(a(pivot, k))) pivot = i;
    }
    pivots.push_back(pivot);
    a.SwapRows(k, pivot);
    if (a(k, k) == W(0) && code == 0) code = k + 1;
    for (int64_t i = k + 1; i < m; ++i) {
      if (a(i, k) == W(0) && a(k, k) == W(0)) continue;  // Nothing to eliminate.
      const W factor = a(i, k) = Divide(a(i, k), a(k, k));
      for (int64_t j = k + 1; j < n; ++j) a(i, j) -= Multiply(factor, a(k, j));
    }
  }
  return {std::move(a), std::move(pivots), code};
}

// X with A X = B from the factors of a square A (X A = B unless left; with A.H in place
// of A when adjoint).
template <class W>
Matrix<W> SolveByLu(const LuFactors<W>& f, Matrix<W> b, bool left = true, bool adjoint = false) {
  if (!f.ArePivotsRows()) {
    b.Fill(kNan<W>);
    return b;
  }
  if (!left) return Adjoint(SolveByLu(f, Adjoint(b), true, !adjoint));
  if (adjoint) {
    const Matrix<W> t = Adjoint(f.LU);
    b = SolveTriangle(t, {.upper = false}, std::move(b));
    b = SolveTriangle(t, {.upper = true, .unit = true}, std::move(b));
    f.ExchangeBack(&b);
    return b;
  }
  f.Exchange(&b);
  b = SolveTriangle(f.LU, {.upper = false, .unit = true}, std::move(b));
  return SolveTriangle(f.LU, {.upper = true}, std::move(b));
}

}  // namespace otium::reference

#endif  // OTIUM_BACKENDS_REFERENCE_LU_H_
