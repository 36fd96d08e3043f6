// SPDX-License-Identifier: Apache-2.0
//
// Matrices of c128, for what tests say of factorizations in a formula.

#ifndef OTIUM_TESTS_DENSE_MATRIX_H_
#define OTIUM_TESTS_DENSE_MATRIX_H_

#include <algorithm>
#include <complex>
#include <cstdint>
#include <utility>
#include <vector>

#include "engine/base/tensor.h"

namespace otium {

class DenseMatrix {
 public:
  using Scalar = std::complex<double>;
  DenseMatrix(int64_t rows, int64_t columns)
      : rows_(rows), columns_(columns), data_(static_cast<size_t>(rows * columns)) {}
  static DenseMatrix Identity(int64_t n) {
    DenseMatrix m(n, n);
    for (int64_t i = 0; i < n; ++i) m(i, i) = 1;
    return m;
  }
  // Each of the matrices [..., m, n] of f32, f64, c64 or c128, in order.
  static std::vector<DenseMatrix> All(const Tensor& t) {
    std::vector<DenseMatrix> matrices;
    const Tensor dense = t.Contiguous();
    const int64_t m = t.sizes()[t.rank() - 2], n = t.sizes()[t.rank() - 1];
    int64_t count = 1;
    for (int d = 0; d + 2 < t.rank(); ++d) count *= t.sizes()[d];
    for (int64_t p = 0; p < count; ++p) {
      DenseMatrix a(m, n);
      for (int64_t i = 0; i < m * n; ++i) a.data_[i] = Element(dense, p * m * n + i);
      matrices.push_back(std::move(a));
    }
    return matrices;
  }

  // The matrix in a dtype, rounded; the imaginary parts are dropped by real ones.
  Tensor ToTensor(DType dtype) const {
    Tensor t = *Tensor::Allocate(dtype, {rows_, columns_});
    for (size_t i = 0; i < data_.size(); ++i) {
      switch (dtype) {
        case DType::kF32: t.mutable_data<float>()[i] = static_cast<float>(data_[i].real()); break;
        case DType::kF64: t.mutable_data<double>()[i] = data_[i].real(); break;
        case DType::kC64:
          t.mutable_data<std::complex<float>>()[i] = std::complex<float>(data_[i]);
          break;
        default: t.mutable_data<std::complex<double>>()[i] = data_[i]; break;
      }
    }
    return t;
  }

  int64_t rows() const { return rows_; }
  int64_t columns() const { return columns_; }
  Scalar& operator()(int64_t i, int64_t j) { return data_[i * columns_ + j]; }
  const Scalar& operator()(int64_t i, int64_t j) const { return data_[i * columns_ + j]; }
  void SwapRows(int64_t i, int64_t k) {
    for (int64_t j = 0; j < columns_; ++j) std::swap((*this)(i, j), (*this)(k, j));
  }
  void SwapColumns(int64_t j, int64_t k) {
    for (int64_t i = 0; i < rows_; ++i) std::swap((*this)(i, j), (*this)(i, k));
  }

  DenseMatrix Transposed() const {
    DenseMatrix t(columns_, rows_);
    for (int64_t i = 0; i < rows_; ++i) {
      for (int64_t j = 0; j < columns_; ++j) t(j, i) = (*this)(i, j);
    }
    return t;
  }
  DenseMatrix Adjoint() const {
    DenseMatrix t = Transposed();
    for (Scalar& x : t.data_) x = std::conj(x);
    return t;
  }
  friend DenseMatrix operator*(const DenseMatrix& a, const DenseMatrix& b) {
    DenseMatrix c(a.rows_, b.columns_);
    for (int64_t i = 0; i < a.rows_; ++i) {
      for (int64_t k = 0; k < a.columns_; ++k) {
        for (int64_t j = 0; j < b.columns_; ++j) c(i, j) += a(i, k) * b(k, j);
      }
    }
    return c;
  }
  friend DenseMatrix operator*(double scale, DenseMatrix a) {
    for (Scalar& x : a.data_) x *= scale;
    return a;
  }
  friend DenseMatrix operator-(DenseMatrix a, const DenseMatrix& b) {
    for (size_t i = 0; i < a.data_.size(); ++i) a.data_[i] -= b.data_[i];
    return a;
  }

  // The largest sum of magnitudes in a column; NaN when an element is.
  double Norm1() const {
    double norm = 0;
    for (int64_t j = 0; j < columns_; ++j) {
      double sum = 0;
      for (int64_t i = 0; i < rows_; ++i) sum += std::abs((*this)(i, j));
      if (!(sum <= norm)) norm = sum;
    }
    return norm;
  }

 private:
  static Scalar Element(const Tensor& dense, int64_t i) {
    switch (dense.dtype()) {
      case DType::kF32: return dense.data<float>()[i];
      case DType::kF64: return dense.data<double>()[i];
      case DType::kC64: return Scalar(dense.data<std::complex<float>>()[i]);
      default: return dense.data<std::complex<double>>()[i];
    }
  }

  int64_t rows_, columns_;
  std::vector<Scalar> data_;
};

// norm1(difference) / (n norm1(A) eps): below 30 LAPACK's tests are content.
inline constexpr double kMostOfRatio = 30;
inline double Ratio(const DenseMatrix& difference, const DenseMatrix& A, double eps) {
  const double error = difference.Norm1();
  const double n = static_cast<double>(std::max<int64_t>({A.rows(), A.columns(), 1}));
  return error == 0 ? 0 : error / (n * A.Norm1() * eps);
}

}  // namespace otium

#endif  // OTIUM_TESTS_DENSE_MATRIX_H_
