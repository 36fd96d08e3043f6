// SPDX-License-Identifier: Apache-2.0
//
// Matrices of a batch in f64 or c128, for the factorizations of the textbook.

#ifndef OTIUM_BACKENDS_REFERENCE_MATRIX_H_
#define OTIUM_BACKENDS_REFERENCE_MATRIX_H_

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "backends/reference/elements.h"

namespace otium::reference {

inline double Conj(double x) { return x; }
inline std::complex<double> Conj(std::complex<double> x) { return std::conj(x); }

// Row-major, zero at first. W is double or std::complex<double>.
template <class W>
class Matrix {
 public:
  Matrix(int64_t rows, int64_t columns)
      : rows_(rows), columns_(columns), data_(static_cast<size_t>(rows * columns), W(0)) {}
  static Matrix Identity(int64_t n) {
    Matrix m(n, n);
    for (int64_t i = 0; i < n; ++i) m(i, i) = 1;
    return m;
  }

  int64_t rows() const { return rows_; }
  int64_t columns() const { return columns_; }
  W& operator()(int64_t i, int64_t j) { return data_[i * columns_ + j]; }
  const W& operator()(int64_t i, int64_t j) const { return data_[i * columns_ + j]; }

  void Fill(W value) { std::fill(data_.begin(), data_.end(), value); }
  void SwapRows(int64_t i, int64_t k) {
    for (int64_t j = 0; j < columns_; ++j) std::swap((*this)(i, j), (*this)(k, j));
  }

 private:
  int64_t rows_, columns_;
  std::vector<W> data_;
};

template <class W>
Matrix<W> Adjoint(const Matrix<W>& a) {
  Matrix<W> t(a.columns(), a.rows());
  for (int64_t i = 0; i < a.rows(); ++i) {
    for (int64_t j = 0; j < a.columns(); ++j) t(j, i) = Conj(a(i, j));
  }
  return t;
}

template <class W>
Matrix<W> Product(const Matrix<W>& a, const Matrix<W>& b) {
  Matrix<W> c(a.rows(), b.columns());
  for (int64_t i = 0; i < a.rows(); ++i) {
    for (int64_t k = 0; k < a.columns(); ++k) {
      for (int64_t j = 0; j < b.columns(); ++j) c(i, j) = MultiplyAdd(a(i, k), b(k, j), c(i, j));
    }
  }
  return c;
}

template <class W>
bool AllFinite(const Matrix<W>& a) {
  for (int64_t i = 0; i < a.rows(); ++i) {
    for (int64_t j = 0; j < a.columns(); ++j) {
      if (!std::isfinite(std::real(a(i, j))) || !std::isfinite(std::imag(a(i, j)))) return false;
    }
  }
  return true;
}

// The norm of the elements of column j from row `begin` on, without overflow on the way.
template <class W>
double ColumnNorm(const Matrix<W>& a, int64_t j, int64_t begin = 0) {
  double norm = 0;
  for (int64_t i = begin; i < a.rows(); ++i) norm = std::hypot(norm, std::abs(a(i, j)));
  return norm;
}

inline double ScaledBy(double x, int exponent) { return std::ldexp(x, exponent); }
inline std::complex<double> ScaledBy(std::complex<double> x, int exponent) {
  return {std::ldexp(x.real(), exponent), std::ldexp(x.imag(), exponent)};
}
// Multiplies by the power of two that makes the largest element about 1, so that
// squares neither overflow nor vanish; a is the result times 2 to the exponent given
// back.
template <class W>
int ScaleToOne(Matrix<W>* a) {
  double largest = 0;
  for (int64_t i = 0; i < a->rows(); ++i) {
    for (int64_t j = 0; j < a->columns(); ++j) {
      largest =
          std::max({largest, std::abs(std::real((*a)(i, j))), std::abs(std::imag((*a)(i, j)))});
    }
  }
  int exponent = 0;
  std::frexp(largest, &exponent);
  for (int64_t i = 0; i < a->rows(); ++i) {
    for (int64_t j = 0; j < a->columns(); ++j) (*a)(i, j) = ScaledBy((*a)(i, j), -exponent);
  }
  return exponent;
}

template <class W>
inline constexpr W kNan = W(std::numeric_limits<double>::quiet_NaN());

// One launch over a batch of matrices of elements T. Operands and results have the
// batch dimensions first, which broadcast to those of `batch`; what is after them is
// a matrix, a vector (a matrix of one column) or one number (1 x 1).
template <class T>
class MatrixLaunch {
 public:
  using W = Wide<T>;
  using Real = decltype(std::abs(T()));
  MatrixLaunch(const LaunchArgs& args, absl::Span<const int64_t> index, int64_t position)
      : state_(*static_cast<const State*>(args.state)),
        args_(args),
        index_(index),
        position_(position) {}

  // Of this matrix in row-major order of the batch.
  int64_t position() const { return position_; }
  const Attributes& attributes() const { return state_.attributes; }

  // `tail` is how many of the last dimensions are the matrix: 2, 1 or 0.
  Matrix<W> Operand(int i, int tail = 2) const {
    const Place p = At(state_.operands[i], args_.operands[i], tail);
    Matrix<W> m(p.rows, p.columns);
    const T* data = args_.operands[i].as<const T>() + p.offset;
    for (int64_t r = 0; r < p.rows; ++r) {
      for (int64_t c = 0; c < p.columns; ++c) m(r, c) = Load(data[r * p.row + c * p.column]);
    }
    return m;
  }
  // The elements of an operand of another dtype (pivots).
  template <class R>
  std::vector<R> Vector(int i) const {
    const Place p = At(state_.operands[i], args_.operands[i], 1);
    std::vector<R> values(static_cast<size_t>(p.rows));
    for (int64_t r = 0; r < p.rows; ++r) {
      values[r] = args_.operands[i].as<const R>()[p.offset + r * p.row];
    }
    return values;
  }

  void SetResult(int i, const Matrix<W>& m, int tail = 2) const { SetElements<T>(i, m, tail); }
  // Of a result whose elements are complex, or real, when those of T need not be.
  void SetComplex(int i, const Matrix<std::complex<double>>& m, int tail = 2) const {
    SetElements<std::complex<Real>>(i, m, tail);
  }
  void SetReals(int i, const std::vector<double>& values) const {
    SetVector(i, std::vector<Real>(values.begin(), values.end()));
  }
  // Elements of a result of another dtype (info, pivots, real values).
  template <class R>
  void SetVector(int i, const std::vector<R>& values) const {
    const Place p = At(state_.results[i], args_.results[i], 1);
    R* data = args_.results[i].as<R>() + p.offset;
    for (int64_t r = 0; r < p.rows; ++r) data[r * p.row] = values[r];
  }
  template <class R>
  void SetNumber(int i, R value) const {
    args_.results[i].as<R>()[At(state_.results[i], args_.results[i], 0).offset] = value;
  }

  // Of the failures of a launch the first is told; 0 is none.
  void Fail(int64_t code) const {
    if (code == 0 || args_.info->code != 0) return;
    args_.info->code = code;
    args_.info->batch = position_;
  }

 private:
  struct Place {
    int64_t offset, rows, columns, row, column;
  };
  template <class R, class V>
  void SetElements(int i, const Matrix<V>& m, int tail) const {
    const Place p = At(state_.results[i], args_.results[i], tail);
    R* data = args_.results[i].as<R>() + p.offset;
    for (int64_t r = 0; r < p.rows; ++r) {
      for (int64_t c = 0; c < p.columns; ++c) data[r * p.row + c * p.column] = Store<R>(m(r, c));
    }
  }
  Place At(const PhysicalType& type, const View& view, int tail) const {
    const int batch = type.rank() - tail;
    Place p{0, 1, 1, 0, 0};
    const size_t skip = index_.size() - batch;
    for (int d = 0; d < batch; ++d) {
      if (type.sizes[d] != 1) p.offset += index_[skip + d] * view.strides[d];
    }
    if (tail >= 1) p.rows = type.sizes[batch], p.row = view.strides[batch];
    if (tail >= 2) p.columns = type.sizes[batch + 1], p.column = view.strides[batch + 1];
    return p;
  }

  const State& state_;
  const LaunchArgs& args_;
  const absl::Span<const int64_t> index_;
  const int64_t position_;
};

// Calls body(MatrixLaunch<T>) for each matrix of a batch of those sizes, T being the
// element type of operand 0: f32, f64, c64 or c128.
template <class Body>
void ForEachMatrix(const LaunchArgs& args, absl::Span<const int64_t> batch, Body&& body) {
  const State& s = *static_cast<const State*>(args.state);
  DispatchDType(s.operands[0].dtype, [&]<class Tag>(Tag) {
    using T = typename Tag::type;
    if constexpr (!std::is_integral_v<T> && sizeof(T) >= 4) {
      int64_t position = 0;
      ForEachIndex(batch, [&](absl::Span<const int64_t> index) {
        body(MatrixLaunch<T>(args, index, position++));
      });
    }
  });
}

// The batch of a result whose last `tail` dimensions are a matrix.
inline absl::Span<const int64_t> BatchOfResult(const LaunchArgs& args, int result = 0,
                                               int tail = 2) {
  const PhysicalType& type = static_cast<const State*>(args.state)->results[result];
  return absl::MakeConstSpan(type.sizes).first(type.sizes.size() - tail);
}

// The batch of operand 0, a matrix.
inline absl::Span<const int64_t> BatchOfOperand(const LaunchArgs& args) {
  const PhysicalType& type = static_cast<const State*>(args.state)->operands[0];
  return absl::MakeConstSpan(type.sizes).first(type.sizes.size() - 2);
}

}  // namespace otium::reference

#endif  // OTIUM_BACKENDS_REFERENCE_MATRIX_H_
