// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/tall_system.h"

#include <cmath>

#include "backends/cpu/dense_qr.h"
#include "backends/cpu/power_scale.h"

namespace otium::cpu {

template <class T>
TallSystem<T>::TallSystem(Workspace& memory, int64_t m, int64_t n, int64_t columns)
    : n_(n),
      both_(RowMajor(memory.Take<T>(m * (n + columns)), m, n + columns)),
      tau_(memory.Take<T>(n)),
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
T TallSystem<T>::Unreached(int64_t j) const {
  T sum = 0;
  for (int64_t i = n_; i < both_.rows; ++i) {
    const T x = std::scalbn(both_(i, n_ + j), exponent_of_B_);
    sum += x * x;
  }
  return sum;
}

template class TallSystem<float>;
template class TallSystem<double>;

}  // namespace otium::cpu
