// SPDX-License-Identifier: Apache-2.0
//
// The matrices that tests of linear algebra compute with: the reference's, of c128
// whatever the dtype, with the formulas of the field.

#ifndef OTIUM_TESTS_LINALG_MATRIX_H_
#define OTIUM_TESTS_LINALG_MATRIX_H_

#include <complex>
#include <type_traits>
#include <utility>
#include <vector>

#include "backends/reference/matrix.h"
#include "engine/base/tensor.h"

namespace otium {

using C128 = std::complex<double>;
using CMatrix = reference::Matrix<C128>;

// The matrices of a batch, which are the last `tail` dimensions: 2, or 1 (columns), or 0.
inline std::vector<CMatrix> Matrices(const Tensor& tensor, int tail = 2) {
  const Tensor dense = tensor.Contiguous();
  const int r = dense.rank();
  const int64_t rows = tail >= 1 ? dense.sizes()[r - tail] : 1;
  const int64_t columns = tail == 2 ? dense.sizes()[r - 1] : 1;
  int64_t count = 1;
  for (int d = 0; d < r - tail; ++d) count *= dense.sizes()[d];
  std::vector<CMatrix> matrices;
  DispatchDType(dense.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* p = dense.data<T>();
    for (int64_t b = 0; b < count; ++b) {
      CMatrix m(rows, columns);
      for (int64_t i = 0; i < rows; ++i) {
        for (int64_t j = 0; j < columns; ++j, ++p) {
          if constexpr (sizeof(T) == 2) m(i, j) = static_cast<double>(static_cast<float>(*p));
          else m(i, j) = C128(*p);
        }
      }
      matrices.push_back(std::move(m));
    }
  });
  return matrices;
}

// Rounded; of real dtypes the real parts.
inline Tensor TensorOf(const CMatrix& m, DType dtype) {
  Tensor t = *Tensor::Allocate(dtype, {m.rows(), m.columns()});
  DispatchDType(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* p = t.mutable_data<T>();
    for (int64_t i = 0; i < m.rows(); ++i) {
      for (int64_t j = 0; j < m.columns(); ++j, ++p) {
        if constexpr (std::is_floating_point_v<T>) *p = static_cast<T>(m(i, j).real());
        else if constexpr (!std::is_integral_v<T> && sizeof(T) >= 8) *p = static_cast<T>(m(i, j));
      }
    }
  });
  return t;
}
inline CMatrix Rounded(const CMatrix& m, DType dtype) { return Matrices(TensorOf(m, dtype))[0]; }

inline CMatrix operator*(const CMatrix& a, const CMatrix& b) { return reference::Product(a, b); }
inline CMatrix operator-(const CMatrix& a, const CMatrix& b) {
  CMatrix c(a.rows(), a.columns());
  for (int64_t i = 0; i < a.rows(); ++i) {
    for (int64_t j = 0; j < a.columns(); ++j) c(i, j) = a(i, j) - b(i, j);
  }
  return c;
}

using reference::Adjoint;
inline CMatrix Transposed(const CMatrix& a) {
  CMatrix t(a.columns(), a.rows());
  for (int64_t i = 0; i < a.rows(); ++i) {
    for (int64_t j = 0; j < a.columns(); ++j) t(j, i) = a(i, j);
  }
  return t;
}

// a @ diag(d), d a column.
inline CMatrix TimesDiagonal(CMatrix a, const CMatrix& d) {
  for (int64_t i = 0; i < a.rows(); ++i) {
    for (int64_t j = 0; j < a.columns(); ++j) a(i, j) *= d(j, 0);
  }
  return a;
}
inline CMatrix Diagonal(const std::vector<double>& values) {
  const auto n = static_cast<int64_t>(values.size());
  CMatrix d(n, n);
  for (int64_t i = 0; i < n; ++i) d(i, i) = values[i];
  return d;
}

inline CMatrix FirstColumns(const CMatrix& a, int64_t columns) {
  CMatrix c(a.rows(), columns);
  for (int64_t i = 0; i < a.rows(); ++i) {
    for (int64_t j = 0; j < columns; ++j) c(i, j) = a(i, j);
  }
  return c;
}
inline CMatrix FirstRows(const CMatrix& a, int64_t rows) {
  return Transposed(FirstColumns(Transposed(a), rows));
}

// The upper triangle becomes the mirror image of the lower one.
inline void MirrorLower(CMatrix* a, bool hermitian) {
  for (int64_t i = 0; i < a->rows(); ++i) {
    if (hermitian) (*a)(i, i) = (*a)(i, i).real();
    for (int64_t j = 0; j < i; ++j) (*a)(j, i) = hermitian ? std::conj((*a)(i, j)) : (*a)(i, j);
  }
}

}  // namespace otium

#endif  // OTIUM_TESTS_LINALG_MATRIX_H_
