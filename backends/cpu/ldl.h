// SPDX-License-Identifier: Apache-2.0
//
// LAPACK's sytrf and sytrs of the lower triangle of a column-major matrix; of complex
// hermitian ones hetrf and hetrs.

#ifndef OTIUM_BACKENDS_CPU_LDL_H_
#define OTIUM_BACKENDS_CPU_LDL_H_

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "backends/cpu/lapack.h"
#include "backends/cpu/matrix_batch.h"

namespace otium::cpu {

// Elements that `work` must have: LAPACK's block size times n.
constexpr int64_t LdlWorkSize(int64_t n) { return std::max<int64_t>(64 * n, 1); }

// What LAPACK says of the factors A, but that it also says k where D(k, k) is NaN.
template <class T>
int64_t LdlCode(const Matrix<T>& A, lapack_int code) {
  return code > 0 && A(code - 1, code - 1) == T(0) ? code : 0;
}

// 0, or k when D(k, k) is the first zero.
template <class T>
int64_t FactorLdl(const Matrix<T>& A, bool hermitian, lapack_int* pivots, T* work) {
  const char uplo = 'L';
  const auto n = static_cast<lapack_int>(A.rows);
  const lapack_int ld = std::max<lapack_int>(n, 1);
  const auto size = static_cast<lapack_int>(LdlWorkSize(A.rows));
  lapack_int code = 0;
  if constexpr (!std::is_floating_point_v<T>) {
    if (hermitian) {
      OTIUM_LAPACK_COMPLEX(T, hetrf, &uplo, &n, A.data, &ld, pivots, work, &size, &code);
      return LdlCode(A, code);
    }
  }
  OTIUM_LAPACK(T, sytrf, &uplo, &n, A.data, &ld, pivots, work, &size, &code);
  return LdlCode(A, code);
}

// X = inv(A) X, X column-major too.
template <class T>
void SolveByLdl(const Matrix<T>& factor, bool hermitian, const lapack_int* pivots,
                const Matrix<T>& X) {
  const char uplo = 'L';
  const auto n = static_cast<lapack_int>(X.rows), columns = static_cast<lapack_int>(X.columns);
  const lapack_int ld = std::max<lapack_int>(n, 1);
  lapack_int code = 0;
  if constexpr (!std::is_floating_point_v<T>) {
    if (hermitian) {
      OTIUM_LAPACK_COMPLEX(T, hetrs, &uplo, &n, &columns, factor.data, &ld, pivots, X.data, &ld,
                           &code);
      return;
    }
  }
  OTIUM_LAPACK(T, sytrs, &uplo, &n, &columns, factor.data, &ld, pivots, X.data, &ld, &code);
}

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_LDL_H_
