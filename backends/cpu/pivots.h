// SPDX-License-Identifier: Apache-2.0
//
// The exchanges of rows that LU factors come with: row k with row pivots[k], from 1, one after
// the other.

#ifndef OTIUM_BACKENDS_CPU_PIVOTS_H_
#define OTIUM_BACKENDS_CPU_PIVOTS_H_

#include <algorithm>
#include <cstdint>
#include <utility>

#include "backends/cpu/matrix_batch.h"
#include "backends/cpu/parallel.h"

namespace otium::cpu {

// Whether all are rows of a matrix of m rows. Of pivots that are not what comes is NaN.
inline bool AreRows(const Matrix<const int32_t>& pivots, int64_t m) {
  for (int64_t k = 0; k < pivots.rows; ++k) {
    if (pivots(k, 0) < 1 || pivots(k, 0) > m) return false;
  }
  return true;
}

// Those of a factorization that is under way.
inline Matrix<const int32_t> PivotsAt(const int32_t* pivots, int64_t count) {
  return ColumnMajor(pivots, count, 1);
}

// Makes the exchange of row row_of(step) in each step.
template <class T, class RowOf>
void ExchangeRowsInOrder(const Matrix<const int32_t>& pivots, const Matrix<T>& X,
                         const RowOf& row_of) {
  constexpr int64_t kColumns = 128;  // Of one task: some microseconds.
  ParallelForRanges(X.columns, kColumns, [&](int64_t begin, int64_t end) {
    if (X.column_stride == 1) {
      for (int64_t step = 0; step < pivots.rows; ++step) {
        const int64_t k = row_of(step), other = pivots(k, 0) - 1;
        if (other != k) std::swap_ranges(&X(k, begin), &X(k, end - 1) + 1, &X(other, begin));
      }
      return;
    }
    for (int64_t j = begin; j < end; ++j) {
      for (int64_t step = 0; step < pivots.rows; ++step) {
        const int64_t k = row_of(step);
        std::swap(X(k, j), X(pivots(k, 0) - 1, j));
      }
    }
  });
}

template <class T>
void ExchangeRows(const Matrix<const int32_t>& pivots, const Matrix<T>& X) {
  ExchangeRowsInOrder(pivots, X, [](int64_t step) { return step; });
}

// The other way around.
template <class T>
void ExchangeRowsBack(const Matrix<const int32_t>& pivots, const Matrix<T>& X) {
  ExchangeRowsInOrder(pivots, X, [&](int64_t step) { return pivots.rows - 1 - step; });
}

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_PIVOTS_H_
