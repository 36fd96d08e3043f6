// SPDX-License-Identifier: Apache-2.0
//
// Factors of symmetric and hermitian matrices that need not be definite.

#ifndef OTIUM_BACKENDS_REFERENCE_LDL_H_
#define OTIUM_BACKENDS_REFERENCE_LDL_H_

#include <cmath>
#include <cstdint>
#include <vector>

#include "backends/reference/lu.h"
#include "backends/reference/matrix.h"

namespace otium::reference {

// As LAPACK's sytrf and hetrf give them for the lower triangle. L, whose diagonal is 1,
// and D share the lower triangle. Pivot p > 0 at k: D has a block of 1, and rows and
// columns k and p - 1 were exchanged; p < 0 at k and k + 1: a block of 2, and k + 1 was
// exchanged with -p - 1. `code` is 0, or k when D(k, k), from 1, is the first zero.
template <class W>
struct LdlFactors {
  Matrix<W> LD;
  std::vector<int32_t> pivots;
  int64_t code = 0;
};

// The element opposite to x.
template <class W>
W Mirrored(W x, bool hermitian) {
  return hermitian ? Conj(x) : x;
}

// X with [a, b; c, d] X = [x; y], by Cramer's rule.
template <class W>
void SolveTwo(W a, W b, W c, W d, W* x, W* y) {
  const W determinant = Multiply(a, d) - Multiply(b, c);
  const W first = Multiply(d, *x) - Multiply(b, *y), second = Multiply(a, *y) - Multiply(c, *x);
  *x = Divide(first, determinant);
  *y = Divide(second, determinant);
}

// J. R. Bunch and L. Kaufman, "Some stable methods for calculating inertia and solving
// symmetric linear systems", Math. Comp. 31, 1977: partial pivoting. `a` is read below
// the diagonal; its mirror image is kept up to date, so that rows are rows.
template <class W>
LdlFactors<W> FactorLdl(Matrix<W> a, bool hermitian) {
  const int64_t n = a.rows();
  const double alpha = (1 + std::sqrt(17.0)) / 8;
  for (int64_t i = 0; i < n; ++i) {
    if (hermitian) a(i, i) = std::real(a(i, i));
    for (int64_t j = 0; j < i; ++j) a(j, i) = Mirrored(a(i, j), hermitian);
  }
  LdlFactors<W> f{Matrix<W>(n, n), std::vector<int32_t>(static_cast<size_t>(n)), 0};
  for (int64_t k = 0; k < n;) {
    auto largest = [&](int64_t column, int64_t* at) {  // Off the diagonal.
      double size = 0;
      for (int64_t i = k; i < n; ++i) {
        if (i == column || !(PivotSize(a(i, column)) > size)) continue;
        size = PivotSize(a(i, column));
        if (at != nullptr) *at = i;
      }
      return size;
    };
    int64_t other = k, pivot = k, block = 1;
    const double diagonal = PivotSize(a(k, k)), column = largest(k, &other);
    if (diagonal < alpha * column) {
      const double row = largest(other, nullptr);
      if (diagonal < alpha * column * (column / row)) {
        pivot = other;
        if (PivotSize(a(other, other)) < alpha * row) block = 2;
      }
    }
    const int64_t from = k + block - 1;
    if (pivot != from) {
      for (int64_t j = k; j < n; ++j) std::swap(a(from, j), a(pivot, j));
      for (int64_t i = k; i < n; ++i) std::swap(a(i, from), a(i, pivot));
    }
    for (int64_t i = from; i >= k; --i) {
      f.pivots[i] = static_cast<int32_t>(block == 2 ? -(pivot + 1) : pivot + 1);
      for (int64_t j = k; j <= i; ++j) f.LD(i, j) = a(i, j);
    }
    if (block == 1 && a(k, k) == W(0)) {
      if (f.code == 0) f.code = k + 1;
    } else {
      // Row i of L solves L_i D = A_i; then A -= L D L.T, or L.H.
      for (int64_t i = from + 1; i < n; ++i) {
        W x = a(i, k), y = block == 2 ? a(i, k + 1) : W(0);
        if (block == 1) x = Divide(x, a(k, k));
        if (block == 2) SolveTwo(a(k, k), a(k + 1, k), a(k, k + 1), a(k + 1, k + 1), &x, &y);
        f.LD(i, k) = x;
        if (block == 2) f.LD(i, k + 1) = y;
      }
      for (int64_t i = from + 1; i < n; ++i) {
        for (int64_t j = from + 1; j < n; ++j) {
          for (int64_t b = k; b <= from; ++b) {
            a(i, j) -= Multiply(a(i, b), Mirrored(f.LD(j, b), hermitian));
          }
        }
      }
      for (int64_t i = from + 1; i < n && hermitian; ++i) a(i, i) = std::real(a(i, i));
    }
    k += block;
  }
  return f;
}

// Whether those are pivots of such factors.
inline bool ArePivotsOfLdl(const std::vector<int32_t>& pivots) {
  const auto n = static_cast<int64_t>(pivots.size());
  for (int64_t k = 0; k < n; ++k) {
    const int64_t pivot = pivots[k], last = pivot > 0 ? k : k + 1;
    if (std::abs(pivot) <= last || std::abs(pivot) > n || pivots[last] != pivot) return false;
    k = last;
  }
  return true;
}

// X with A X = B for the A that was factored; NaN when the pivots are none.
template <class W>
Matrix<W> SolveByLdl(const LdlFactors<W>& f, Matrix<W> b, bool hermitian) {
  const int64_t n = f.LD.rows();
  if (!ArePivotsOfLdl(f.pivots)) {
    b.Fill(kNan<W>);
    return b;
  }
  auto block_at = [&](int64_t k) { return f.pivots[k] < 0 ? int64_t{2} : int64_t{1}; };
  std::vector<int64_t> blocks;  // Where each begins.
  for (int64_t k = 0; k < n; k += block_at(k)) {
    blocks.push_back(k);
    const int64_t end = k + block_at(k);
    b.SwapRows(end - 1, std::abs(f.pivots[k]) - 1);
    for (int64_t j = 0; j < b.columns(); ++j) {
      for (int64_t i = end; i < n; ++i) {
        for (int64_t c = k; c < end; ++c) b(i, j) -= Multiply(f.LD(i, c), b(c, j));
      }
      if (end == k + 1) {
        b(k, j) = Divide(b(k, j), f.LD(k, k));
      } else {
        const W below = f.LD(k + 1, k);
        SolveTwo(f.LD(k, k), Mirrored(below, hermitian), below, f.LD(k + 1, k + 1), &b(k, j),
                 &b(k + 1, j));
      }
    }
  }
  for (size_t s = blocks.size(); s-- > 0;) {
    const int64_t k = blocks[s], end = k + block_at(k);
    for (int64_t j = 0; j < b.columns(); ++j) {
      for (int64_t c = k; c < end; ++c) {
        for (int64_t i = end; i < n; ++i) {
          b(c, j) -= Multiply(Mirrored(f.LD(i, c), hermitian), b(i, j));
        }
      }
    }
    b.SwapRows(end - 1, std::abs(f.pivots[k]) - 1);
  }
  return b;
}

}  // namespace otium::reference

#endif  // OTIUM_BACKENDS_REFERENCE_LDL_H_
