// SPDX-License-Identifier: Apache-2.0
//
// Gaussian elimination.

#ifndef OTIUM_BACKENDS_REFERENCE_LU_H_
#define OTIUM_BACKENDS_REFERENCE_LU_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "backends/reference/matrix.h"

namespace otium::reference {

// P A = L U of an m x n matrix, the unit lower L and U in one matrix. Row k was
// exchanged with row pivots[k] (from 0), those of the largest |element|. `code` is 0,
// or k when U(k, k), counted from 1, is the first that is zero.
template <class W>
struct LuFactors {
  Matrix<W> LU;
  std::vector<int64_t> pivots;
  int64_t code = 0;
};

template <class W>
LuFactors<W> FactorLu(Matrix<W> a) {
  const int64_t m = a.rows(), n = a.columns();
  std::vector<int64_t> pivots;
  int64_t code = 0;
  for (int64_t k = 0; k < std::min(m, n); ++k) {
    int64_t pivot = k;
    for (int64_t i = k + 1; i < m; ++i) {
      if (std::abs(a(i, k)) > std::abs(a(pivot, k))) pivot = i;
    }
    pivots.push_back(pivot);
    a.SwapRows(k, pivot);
    if (a(k, k) == W(0)) {
      if (code == 0) code = k + 1;
      continue;
    }
    for (int64_t i = k + 1; i < m; ++i) {
      const W factor = a(i, k) = Divide(a(i, k), a(k, k));
      for (int64_t j = k + 1; j < n; ++j) a(i, j) -= Multiply(factor, a(k, j));
    }
  }
  return {std::move(a), std::move(pivots), code};
}

// X with A X = B, from the factors of a square A.
template <class W>
Matrix<W> SolveByLu(const LuFactors<W>& f, Matrix<W> b) {
  const int64_t n = f.LU.rows();
  for (int64_t k = 0; k < n; ++k) b.SwapRows(k, f.pivots[k]);
  for (int64_t j = 0; j < b.columns(); ++j) {
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t k = 0; k < i; ++k) b(i, j) -= Multiply(f.LU(i, k), b(k, j));
    }
    for (int64_t i = n; i-- > 0;) {
      for (int64_t k = i + 1; k < n; ++k) b(i, j) -= Multiply(f.LU(i, k), b(k, j));
      b(i, j) = Divide(b(i, j), f.LU(i, i));
    }
  }
  return b;
}

}  // namespace otium::reference

#endif  // OTIUM_BACKENDS_REFERENCE_LU_H_
