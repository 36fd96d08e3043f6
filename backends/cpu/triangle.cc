// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/triangle.h"

#include <complex>
#include <type_traits>

#include <blis.h>

#include "backends/cpu/dense_factor.h"

namespace otium::cpu {
namespace {

// A matrix of one row or column has a stride that nobody asked for; BLIS wants it to be
// one of a matrix all the same.
template <class T>
Matrix<T> WithBothStrides(Matrix<T> m) {
  if (m.rows == 1) m.row_stride = m.columns == 1 ? 1 : m.columns * m.column_stride;
  if (m.columns == 1) m.column_stride = m.rows * m.row_stride;
  return m;
}

template <class T>
struct BlisTypeOf {
  using type = T;
};
template <>
struct BlisTypeOf<std::complex<float>> {
  using type = scomplex;
};
template <>
struct BlisTypeOf<std::complex<double>> {
  using type = dcomplex;
};

}  // namespace

template <class T>
void SolveTriangle(const Triangle<T>& triangle, const Matrix<T>& X) {
  if (X.rows == 0 || X.columns == 0) return;
  // By rows on all threads, and without the tens of microseconds that BLIS takes to begin.
  if (X.column_stride == 1 || X.columns == 1) {
    const TriangleForm form{triangle.unit, triangle.conjugate};
    if (triangle.upper) return SolveUpper(triangle.matrix, form, X);
    return SolveLower(triangle.matrix, form, X);
  }
  using B = typename BlisTypeOf<T>::type;
  const Matrix<const T> a = WithBothStrides(triangle.matrix);
  const Matrix<T> x = WithBothStrides(X);
  const uplo_t uplo = triangle.upper ? BLIS_UPPER : BLIS_LOWER;
  const trans_t trans = triangle.conjugate ? BLIS_CONJ_NO_TRANSPOSE : BLIS_NO_TRANSPOSE;
  const diag_t diag = triangle.unit ? BLIS_UNIT_DIAG : BLIS_NONUNIT_DIAG;
  T one = T(1);
  auto solve = [&](auto* trsm) {
    trsm(BLIS_LEFT, uplo, trans, diag, x.rows, x.columns, reinterpret_cast<B*>(&one),
         reinterpret_cast<B*>(const_cast<T*>(a.data)), a.row_stride, a.column_stride,
         reinterpret_cast<B*>(x.data), x.row_stride, x.column_stride);
  };
  if constexpr (std::is_same_v<T, float>) {
    solve(bli_strsm);
  } else if constexpr (std::is_same_v<T, double>) {
    solve(bli_dtrsm);
  } else if constexpr (std::is_same_v<T, std::complex<float>>) {
    solve(bli_ctrsm);
  } else {
    solve(bli_ztrsm);
  }
}

template void SolveTriangle(const Triangle<float>&, const Matrix<float>&);
template void SolveTriangle(const Triangle<double>&, const Matrix<double>&);
template void SolveTriangle(const Triangle<std::complex<float>>&,
                            const Matrix<std::complex<float>>&);
template void SolveTriangle(const Triangle<std::complex<double>>&,
                            const Matrix<std::complex<double>>&);

bool LiesInOrder(const PhysicalType& type) {
  // What the signature does not say a later run may bring otherwise.
  const bool ordered = (StrideSignature(type.sizes, type.strides) & 3) != 0;
  return ordered && (type.HasUnitColumnStride() || type.HasUnitRowStride());
}

}  // namespace otium::cpu
