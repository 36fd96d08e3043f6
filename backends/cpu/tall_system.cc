// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/tall_system.h"

#include <algorithm>
#include <cmath>
#include <complex>

#include "backends/cpu/dense_factor.h"
#include "backends/cpu/dense_qr.h"
#include "backends/cpu/power_scale.h"

namespace otium::cpu {
namespace {

// Of the inverse, computed at once.
constexpr int64_t kInverseColumns = 64;

}  // namespace

template <class T>
TallSystem<T>::TallSystem(Workspace& memory, int64_t m, int64_t n, int64_t columns)
    : n_(n),
      both_(RowMajor(memory.Take<T>(m * (n + columns)), m, n + columns)),
      tau_(memory.Take<T>(n)),
      inverse_(memory.Take<T>(n * std::min(n, kInverseColumns))),
      memory_(memory.Take<T>(QrMemory(m, n + columns, n))) {}

template <class T>
void TallSystem<T>::Factor(const Matrix<const T>& A, const Matrix<const T>& B) {
  const Matrix<T> left = both_.Block(0, 0, A.rows, n_),
                  right = both_.Block(0, n_, B.rows, both_.columns - n_);
  Copy(A, left);
  exponent_of_A_ = ExponentToTake(LargestMagnitude(A));
  ScaleByPower(-exponent_of_A_, left);
  if (B.rows == 0) {
    FactorQr(left, n_, tau_, memory_);
    return;
  }
  Copy(B, right);
  exponent_of_B_ = ExponentToTake(LargestMagnitude(B));
  ScaleByPower(-exponent_of_B_, right);
  FactorQr(both_, n_, tau_, memory_);
}

template <class T>
typename TallSystem<T>::Real TallSystem<T>::Unreached(int64_t j) const {
  Real sum = 0;
  for (int64_t i = n_; i < both_.rows; ++i) {
    sum += std::norm(TimesPower(both_(i, n_ + j), exponent_of_B_));
  }
  return sum;
}

// Columns of the inverse are zero below the diagonal, so that a block of them is what the
// rows down to its last make of that of the identity: n^3 / 3 flops.
template <class T>
double TallSystem<T>::ConditionBound() const {
  const Matrix<T> R = Left();
  double of_R = 0, of_inverse = 0;
  for (int64_t i = 0; i < n_; ++i) {
    for (int64_t j = i; j < n_; ++j) of_R += std::norm(R(i, j));
  }
  for (int64_t j = 0; j < n_; j += kInverseColumns) {
    const int64_t columns = std::min(kInverseColumns, n_ - j), rows = j + columns;
    const Matrix<T> X = RowMajor(inverse_, rows, columns);
    std::fill_n(inverse_, rows * columns, T(0));
    for (int64_t i = 0; i < columns; ++i) X(j + i, i) = T(1);
    SolveUpper<T>(R.Block(0, 0, rows, rows), {}, X);
    for (int64_t i = 0; i < rows * columns; ++i) of_inverse += std::norm(inverse_[i]);
  }
  return std::sqrt(of_R) * std::sqrt(of_inverse);
}

template class TallSystem<float>;
template class TallSystem<double>;
template class TallSystem<std::complex<float>>;
template class TallSystem<std::complex<double>>;

}  // namespace otium::cpu
