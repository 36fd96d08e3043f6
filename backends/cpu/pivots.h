// SPDX-License-Identifier: Apache-2.0
//
// The exchanges of rows that LU factors come with: row k with row pivots[k], from 1, one after
// the other.

#ifndef OTIUM_BACKENDS_CPU_PIVOTS_H_
#define OTIUM_BACKENDS_CPU_PIVOTS_H_

#include <cstdint>
#include <utility>

#include "backends/cpu/matrix_batch.h"

namespace otium::cpu {

// Whether all are rows of a matrix of m rows. Of pivots that are not what comes is NaN.
inline bool AreRows(const Matrix<const int32_t>& pivots, int64_t m) {
  for (int64_t k = 0; k < pivots.rows; ++k) {
    if (pivots(k, 0) < 1 || pivots(k, 0) > m) return false;
  }
  return true;
}

template <class T>
void ExchangeTwoRows(const Matrix<T>& X, int64_t i, int64_t k) {
  if (i == k) return;
  for (int64_t j = 0; j < X.columns; ++j) std::swap(X(i, j), X(k, j));
}

template <class T>
void ExchangeRows(const Matrix<const int32_t>& pivots, const Matrix<T>& X) {
  for (int64_t k = 0; k < X.rows; ++k) ExchangeTwoRows(X, k, pivots(k, 0) - 1);
}

// The other way around.
template <class T>
void ExchangeRowsBack(const Matrix<const int32_t>& pivots, const Matrix<T>& X) {
  for (int64_t k = X.rows; k-- > 0;) ExchangeTwoRows(X, k, pivots(k, 0) - 1);
}

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_PIVOTS_H_
