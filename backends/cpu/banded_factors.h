// SPDX-License-Identifier: Apache-2.0
//
// LAPACK's factorizations of banded matrices, as those of solve_factors.h: of A only the
// bands are read, into memory of their size.

#ifndef OTIUM_BACKENDS_CPU_BANDED_FACTORS_H_
#define OTIUM_BACKENDS_CPU_BANDED_FACTORS_H_

#include <algorithm>
#include <complex>
#include <cstdint>
#include <type_traits>

#include "backends/cpu/lapack.h"
#include "backends/cpu/solve_factors.h"
#include "backends/cpu/workspace.h"

namespace otium::cpu {

template <class T>
class TridiagonalFactors {
 public:
  TridiagonalFactors(Workspace& memory, const FactorShape& shape)
      : below_(memory.Take<T>(shape.n)),
        diagonal_(memory.Take<T>(shape.n)),
        above_(memory.Take<T>(shape.n)),
        second_(memory.Take<T>(shape.n)),
        pivots_(memory.Take<lapack_int>(shape.n)),
        n_(static_cast<lapack_int>(shape.n)),
        ld_(std::max<lapack_int>(n_, 1)),
        trans_(shape.transposed ? 'T' : 'N') {}

  int64_t Factor(const Matrix<const T>& A) {
    for (int64_t i = 0; i < n_; ++i) {
      diagonal_[i] = A(i, i);
      if (i + 1 == n_) continue;
      below_[i] = A(i + 1, i);
      above_[i] = A(i, i + 1);
    }
    lapack_int code = 0;
    OTIUM_LAPACK(T, gttrf, &n_, below_, diagonal_, above_, second_, pivots_, &code);
    return code;
  }
  void Solve(T* x, lapack_int columns) const {
    lapack_int code = 0;
    OTIUM_LAPACK(T, gttrs, &trans_, &n_, &columns, below_, diagonal_, above_, second_, pivots_, x,
                 &ld_, &code);
  }
  double Rcond(double norm, const RcondArrays<T>& a) const {
    auto anorm = static_cast<typename RcondArrays<T>::Real>(norm), rcond = anorm;
    lapack_int code = 0;
    if constexpr (std::is_floating_point_v<T>) {
      OTIUM_LAPACK_REAL(T, gtcon, &kNorm1, &n_, below_, diagonal_, above_, second_, pivots_, &anorm,
                        &rcond, a.work, a.integers, &code);
    } else {
      OTIUM_LAPACK_COMPLEX(T, gtcon, &kNorm1, &n_, below_, diagonal_, above_, second_, pivots_,
                           &anorm, &rcond, a.work, &code);
    }
    return rcond;
  }

 private:
  T* const below_;
  T* const diagonal_;
  T* const above_;
  T* const second_;  // Above `above_`, where rows are exchanged.
  lapack_int* const pivots_;
  const lapack_int n_, ld_;
  const char trans_;
};

template <class T>
class DefiniteTridiagonalFactors {
 public:
  DefiniteTridiagonalFactors(Workspace& memory, const FactorShape& shape)
      : diagonal_(memory.Take<Real>(shape.n)),
        below_(memory.Take<T>(shape.n)),
        n_(static_cast<lapack_int>(shape.n)),
        ld_(std::max<lapack_int>(n_, 1)),
        transposed_(shape.transposed) {}

  int64_t Factor(const Matrix<const T>& A) {
    for (int64_t i = 0; i < n_; ++i) {
      diagonal_[i] = std::real(A(i, i));
      if (i + 1 < n_) below_[i] = transposed_ ? A(i, i + 1) : A(i + 1, i);
    }
    lapack_int code = 0;
    OTIUM_LAPACK(T, pttrf, &n_, diagonal_, below_, &code);
    return -code;
  }
  void Solve(T* x, lapack_int columns) const {
    lapack_int code = 0;
    if constexpr (std::is_floating_point_v<T>) {
      OTIUM_LAPACK_REAL(T, pttrs, &n_, &columns, diagonal_, below_, x, &ld_, &code);
    } else {
      const char uplo = 'L';
      OTIUM_LAPACK_COMPLEX(T, pttrs, &uplo, &n_, &columns, diagonal_, below_, x, &ld_, &code);
    }
  }
  double Rcond(double norm, const RcondArrays<T>& a) const {
    auto anorm = static_cast<Real>(norm), rcond = anorm;
    lapack_int code = 0;
    OTIUM_LAPACK(T, ptcon, &n_, diagonal_, below_, &anorm, &rcond, a.reals, &code);
    return rcond;
  }

 private:
  using Real = decltype(std::abs(T()));
  Real* const diagonal_;
  T* const below_;
  const lapack_int n_, ld_;
  const bool transposed_;
};

// Column j of a banded matrix is column j of `bands`, whose row 0 is the top one.
template <class T>
void CopyBands(const Matrix<const T>& A, int64_t lower, int64_t upper, const Matrix<T>& bands) {
  for (int64_t j = 0; j < A.columns; ++j) {
    const int64_t begin = std::max<int64_t>(j - upper, 0), end = std::min(j + lower + 1, A.rows);
    for (int64_t i = begin; i < end; ++i) bands(upper + i - j, j) = A(i, j);
  }
}

template <class T>
class BandFactors {
 public:
  // Exchanged rows fill as many bands above the upper ones as there are lower ones.
  BandFactors(Workspace& memory, const FactorShape& shape)
      : lower_(static_cast<lapack_int>(shape.lower)),
        upper_(static_cast<lapack_int>(shape.upper)),
        ld_bands_(2 * lower_ + upper_ + 1),
        bands_(ColumnMajor(memory.Take<T>(ld_bands_ * shape.n), ld_bands_, shape.n)),
        pivots_(memory.Take<lapack_int>(shape.n)),
        n_(static_cast<lapack_int>(shape.n)),
        ld_(std::max<lapack_int>(n_, 1)),
        trans_(shape.transposed ? 'T' : 'N') {}

  int64_t Factor(const Matrix<const T>& A) {
    CopyBands(A, lower_, upper_, bands_.Block(lower_, 0, lower_ + upper_ + 1, n_));
    lapack_int code = 0;
    OTIUM_LAPACK(T, gbtrf, &n_, &n_, &lower_, &upper_, bands_.data, &ld_bands_, pivots_, &code);
    return code;
  }
  void Solve(T* x, lapack_int columns) const {
    lapack_int code = 0;
    OTIUM_LAPACK(T, gbtrs, &trans_, &n_, &lower_, &upper_, &columns, bands_.data, &ld_bands_,
                 pivots_, x, &ld_, &code);
  }
  double Rcond(double norm, const RcondArrays<T>& a) const {
    auto anorm = static_cast<typename RcondArrays<T>::Real>(norm), rcond = anorm;
    lapack_int code = 0;
    OTIUM_LAPACK(T, gbcon, &kNorm1, &n_, &lower_, &upper_, bands_.data, &ld_bands_, pivots_, &anorm,
                 &rcond, a.work, a.second(), &code);
    return rcond;
  }

 private:
  const lapack_int lower_, upper_, ld_bands_;
  const Matrix<T> bands_;
  lapack_int* const pivots_;
  const lapack_int n_, ld_;
  const char trans_;
};

template <class T>
class DefiniteBandFactors {
 public:
  DefiniteBandFactors(Workspace& memory, const FactorShape& shape)
      : lower_(static_cast<lapack_int>(shape.lower)),
        ld_bands_(lower_ + 1),
        bands_(ColumnMajor(memory.Take<T>(ld_bands_ * shape.n), ld_bands_, shape.n)),
        n_(static_cast<lapack_int>(shape.n)),
        ld_(std::max<lapack_int>(n_, 1)),
        transposed_(shape.transposed) {}

  int64_t Factor(const Matrix<const T>& A) {
    CopyBands(transposed_ ? A.Transposed() : A, lower_, 0, bands_);
    lapack_int code = 0;
    OTIUM_LAPACK(T, pbtrf, &kUplo, &n_, &lower_, bands_.data, &ld_bands_, &code);
    return -code;
  }
  void Solve(T* x, lapack_int columns) const {
    lapack_int code = 0;
    OTIUM_LAPACK(T, pbtrs, &kUplo, &n_, &lower_, &columns, bands_.data, &ld_bands_, x, &ld_, &code);
  }
  double Rcond(double norm, const RcondArrays<T>& a) const {
    auto anorm = static_cast<typename RcondArrays<T>::Real>(norm), rcond = anorm;
    lapack_int code = 0;
    OTIUM_LAPACK(T, pbcon, &kUplo, &n_, &lower_, bands_.data, &ld_bands_, &anorm, &rcond, a.work,
                 a.second(), &code);
    return rcond;
  }

 private:
  static constexpr char kUplo = 'L';
  const lapack_int lower_, ld_bands_;
  const Matrix<T> bands_;
  const lapack_int n_, ld_;
  const bool transposed_;
};

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_BANDED_FACTORS_H_
