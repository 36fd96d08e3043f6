// SPDX-License-Identifier: Apache-2.0
//
// Substitution: of rows by halves (dense_factor.h), else by BLIS, whose trsm takes
// matrices of any strides, rows or columns, and transposed, without a copy.

#ifndef OTIUM_BACKENDS_CPU_TRIANGLE_H_
#define OTIUM_BACKENDS_CPU_TRIANGLE_H_

#include <algorithm>
#include <cstdint>

#include "backends/cpu/matrix_batch.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/workspace.h"

namespace otium::cpu {

// A triangle of a square matrix, of which nothing else is read; nor its diagonal, when
// that is 1.
template <class T>
struct Triangle {
  Matrix<const T> matrix;
  bool upper = false;
  bool unit = false;
  bool conjugate = false;  // The conjugates of the elements are meant.

  Triangle Transposed() const { return {matrix.Transposed(), !upper, unit, conjugate}; }
};

// X = inv(triangle) X. X lies by rows or by columns; so does the triangle.
template <class T>
void SolveTriangle(const Triangle<T>& triangle, const Matrix<T>& X);

// Whether the matrices of an operand lie by rows or by columns: one stride is 1, the
// other no less than the size.
bool LiesInOrder(const PhysicalType& type);

// Room for a matrix that does not, which SolveTriangle could not take.
template <class T>
class TriangleCopy {
 public:
  TriangleCopy(Workspace& memory, bool copies, int64_t n)
      : copies_(copies), matrix_(ColumnMajor(memory.Take<T>(copies ? n * n : 0), n, n)) {}
  // The matrix as it lies, or copied.
  Matrix<const T> Of(const Matrix<const T>& matrix) const {
    if (!copies_) return matrix;
    Copy(matrix, matrix_);
    return matrix_;
  }

 private:
  const bool copies_;
  const Matrix<T> matrix_;
};

// That triangle of A, with zeros in place of the other. X is row-major.
template <class T>
void CopyTriangle(const Matrix<const T>& A, bool upper, const Matrix<T>& X) {
  const int64_t n = A.rows;
  ParallelForRanges(n, CopiedRows(n), [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      const int64_t begin = upper ? i : 0, end = upper ? n : i + 1;
      std::fill(&X(i, 0), &X(i, begin), T(0));
      if (A.column_stride == 1) {
        std::copy_n(&A(i, begin), end - begin, &X(i, begin));
      } else {
        for (int64_t j = begin; j < end; ++j) X(i, j) = A(i, j);
      }
      std::fill(&X(i, end), &X(i, n), T(0));
    }
  });
}

// k when element (k, k), from 1, is the first zero of the diagonal; 0 when none is.
template <class T>
int64_t FirstZeroOfDiagonal(const Matrix<const T>& A) {
  for (int64_t k = 0; k < A.rows; ++k) {
    if (A(k, k) == T(0)) return k + 1;
  }
  return 0;
}

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_TRIANGLE_H_
