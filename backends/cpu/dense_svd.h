// SPDX-License-Identifier: Apache-2.0
//
// The singular value decomposition of a dense matrix: to a bidiagonal one by reflectors
// (dense_bidiagonal.h), which divide and conquer decomposes (bidiagonal_svd.h), and its
// vectors back. A matrix of many more rows than columns is factored as Q R before, and R
// decomposed. One thread of Zen 5 takes 153 ms for 1000 x 1000 in f64: 59 to reduce it, 43
// for the bidiagonal matrix and 51 for the way back; values alone take 71. T is float,
// double, or complex of those.
//
// Tested by tests/cpu/dense_svd_test.cc and tests/linalg/spectral_test.cc.

#ifndef OTIUM_BACKENDS_CPU_DENSE_SVD_H_
#define OTIUM_BACKENDS_CPU_DENSE_SVD_H_

#include <cstdint>
#include <optional>

#include "backends/cpu/bidiagonal_svd.h"
#include "backends/cpu/dense_bidiagonal.h"
#include "backends/cpu/matrix_batch.h"
#include "backends/cpu/scalar.h"
#include "backends/cpu/workspace.h"

namespace otium::cpu {

// What is asked for beside the values.
enum class SvdVectors { kNone, kReduced, kFull };

template <class T>
class DenseSvd {
 public:
  // Of matrices [m, n], with min(m, n) > 0.
  DenseSvd(Workspace& memory, int64_t m, int64_t n, SvdVectors vectors);

  // A = U diag(values) Vh, values in descending order. U and Vh are not read where no
  // vectors are asked for. False when an iteration did not converge.
  bool Decompose(const Matrix<const T>& A, Real<T>* values, const Matrix<T>& U,
                 const Matrix<T>& Vh);

 private:
  int CopyScaled(const Matrix<const T>& A) const;
  void MakeLeft(const Matrix<T>& left) const;

  // Of A or A.T, rows >= columns.
  int64_t rows_, columns_;
  bool is_wide_, factors_first_;
  // Row-major, its Q R and the factors of Q's reflectors.
  Matrix<T> factored_;
  T* tau_;
  // Column-major, what becomes bidiagonal.
  Matrix<T> matrix_;
  Bidiagonal<T> bidiagonal_;
  BidiagonalArrays<T> panel_;
  std::optional<BidiagonalSvd<Real<T>>> vectors_;
  T* work_;
};

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_DENSE_SVD_H_
