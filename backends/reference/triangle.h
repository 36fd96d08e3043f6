// SPDX-License-Identifier: Apache-2.0
//
// Substitution.

#ifndef OTIUM_BACKENDS_REFERENCE_TRIANGLE_H_
#define OTIUM_BACKENDS_REFERENCE_TRIANGLE_H_

#include <cstdint>

#include "backends/reference/matrix.h"

namespace otium::reference {

// Which triangle of a matrix is meant, and whether its diagonal is 1 without looking.
struct Triangle {
  bool upper = false;
  bool unit = false;
};

// X with T X = B for that triangle T of `a`, of which nothing else is read.
template <class W>
Matrix<W> SolveTriangle(const Matrix<W>& a, Triangle triangle, Matrix<W> b) {
  const int64_t n = a.rows();
  for (int64_t j = 0; j < b.columns(); ++j) {
    for (int64_t step = 0; step < n; ++step) {
      const int64_t i = triangle.upper ? n - 1 - step : step;
      const int64_t begin = triangle.upper ? i + 1 : 0, end = triangle.upper ? n : i;
      for (int64_t k = begin; k < end; ++k) b(i, j) -= Multiply(a(i, k), b(k, j));
      if (!triangle.unit) b(i, j) = Divide(b(i, j), a(i, i));
    }
  }
  return b;
}

}  // namespace otium::reference

#endif  // OTIUM_BACKENDS_REFERENCE_TRIANGLE_H_
