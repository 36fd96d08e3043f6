// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/dense_svd.h"

#include <algorithm>
#include <complex>

#include "backends/cpu/dense_qr.h"
#include "backends/cpu/lapack.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/power_scale.h"
#include "backends/cpu/reflectors.h"
#include "backends/cpu/scalar.h"

namespace otium::cpu {
namespace {

// So many times as many rows as columns are worth a factorization.
constexpr double kTall = 1.8;
// Rows of a task that gathers vectors.
constexpr int64_t kGatherRows = 16;

// Column k of `to` is column order[k] of a column-major matrix.
template <class T>
void Gather(const Real<T>* from, const int32_t* order, const Matrix<T>& to) {
  ParallelForRanges(to.rows, kGatherRows, [&](int64_t begin, int64_t end) {
    for (int64_t k = 0; k < to.columns; ++k) {
      const Real<T>* const column = from + order[k] * to.rows;
      for (int64_t i = begin; i < end; ++i) to(i, k) = column[i];
    }
  });
}

}  // namespace

template <class T>
DenseSvd<T>::DenseSvd(Workspace& memory, int64_t m, int64_t n, SvdVectors vectors)
    : rows_(std::max(m, n)),
      columns_(std::min(m, n)),
      is_wide_(m <= n),
      factors_first_(static_cast<double>(rows_) >= kTall * static_cast<double>(columns_)),
      factored_(
          RowMajor(factors_first_ ? memory.Take<T>(rows_ * columns_) : nullptr, rows_, columns_)),
      tau_(memory.Take<T>(columns_)),
      matrix_{nullptr, factors_first_ ? columns_ : rows_, columns_, 1, 0},
      bidiagonal_(memory, columns_),
      panel_(memory, matrix_.rows, columns_) {
  matrix_.column_stride = ColumnStride<T>(matrix_.rows);
  matrix_.data = memory.Take<T>(matrix_.column_stride * columns_);
  int64_t work = factors_first_ ? QrMemory(rows_, columns_, columns_) : 0;
  if (vectors == SvdVectors::kNone) {
    work = std::max(work, 4 * columns_);  // Of bdsqr.
  } else {
    vectors_.emplace(memory, columns_);
    const int64_t left = vectors == SvdVectors::kFull ? rows_ : columns_;
    work = std::max(work, ReflectorMemory(rows_, left, columns_));
  }
  work_ = memory.Take<T>(work);
}

// The matrix that becomes bidiagonal, over 2^exponent.
template <class T>
int DenseSvd<T>::CopyScaled(const Matrix<const T>& A) const {
  const int exponent = ExponentToTake(LargestMagnitude(A));
  const Matrix<const T> tall = is_wide_ ? A.Transposed() : A;
  const int64_t stride = matrix_.column_stride;
  for (int64_t j = 0; j < columns_; ++j) {
    std::fill_n(&matrix_(0, j) + matrix_.rows, stride - matrix_.rows, T(0));
  }
  if (!factors_first_) {
    Copy(tall, matrix_);
    ScaleByPower(-exponent, matrix_);
    return exponent;
  }
  Copy(tall, factored_);
  ScaleByPower(-exponent, factored_);
  FactorQr(factored_, columns_, tau_, work_);
  for (int64_t j = 0; j < columns_; ++j) {
    for (int64_t i = 0; i < columns_; ++i) matrix_(i, j) = i <= j ? factored_(i, j) : T(0);
  }
  return exponent;
}

// Q of the bidiagonal matrix's left vectors, and more to make them orthogonal columns of
// all of `left`.
template <class T>
void DenseSvd<T>::MakeLeft(const Matrix<T>& left) const {
  const Matrix<T> first = left.Block(0, 0, columns_, columns_);
  Gather(vectors_->left, vectors_->order, first);
  for (int64_t i = 0; i < rows_; ++i) {
    for (int64_t j = i < columns_ ? columns_ : 0; j < left.columns; ++j) left(i, j) = T(i == j);
  }
  ApplyLeft<T>(matrix_, bidiagonal_, factors_first_ ? first : left, work_);
  if (factors_first_) ApplyReflectors<T>(factored_, tau_, /*adjoint=*/false, left, work_);
}

template <class T>
bool DenseSvd<T>::Decompose(const Matrix<const T>& A, Real<T>* values, const Matrix<T>& U,
                            const Matrix<T>& Vh) {
  const int exponent = CopyScaled(A);
  ReduceToBidiagonal(matrix_, bidiagonal_, panel_);
  if (vectors_) {
    if (!SolveBidiagonal(columns_, bidiagonal_.diagonal, bidiagonal_.above, *vectors_)) {
      return false;
    }
    MakeLeft(is_wide_ ? Vh.Transposed() : U);
    const Matrix<T> right = is_wide_ ? U : Vh.Transposed();
    Gather(vectors_->right, vectors_->order, right);
    ApplyRight<T>(matrix_, bidiagonal_, right, work_);
  } else {
    const auto n = static_cast<lapack_int>(columns_), none = 0, one = 1;
    lapack_int info = 0;
    Real<T> nothing = 0;
    OTIUM_LAPACK_REAL(Real<T>, bdsqr, "U", &n, &none, &none, &none, bidiagonal_.diagonal,
                      bidiagonal_.above, &nothing, &one, &nothing, &one, &nothing, &one,
                      reinterpret_cast<Real<T>*>(work_), &info);
    if (info != 0) return false;
  }
  std::copy_n(bidiagonal_.diagonal, columns_, values);
  ScaleByPower(exponent, RowMajor(values, 1, columns_));
  return true;
}

template class DenseSvd<float>;
template class DenseSvd<double>;
template class DenseSvd<std::complex<float>>;
template class DenseSvd<std::complex<double>>;

}  // namespace otium::cpu
