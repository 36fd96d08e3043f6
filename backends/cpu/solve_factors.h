// SPDX-License-Identifier: Apache-2.0
//
// LAPACK's factorizations behind the kernels of solve. Each is a class for an element
// type T:
//
//   Factors(Workspace& memory, const FactorShape& shape)
//   int64_t Factor(const Matrix<const T>& A)   0, or what OpDef::failure of solve knows
//   void Solve(T* x, lapack_int columns)       x = inv(A) x, or inv(A.T) x, column-major
//   double Rcond(double norm, const RcondArrays<T>&)
//                                              an estimate of 1 / (norm(A) norm(inv(A)))
//
// Those of hermitian matrices have no form for A.T: they factor it.

#ifndef OTIUM_BACKENDS_CPU_SOLVE_FACTORS_H_
#define OTIUM_BACKENDS_CPU_SOLVE_FACTORS_H_

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>
#include <type_traits>

#include "backends/cpu/lapack.h"
#include "backends/cpu/ldl.h"
#include "backends/cpu/workspace.h"

namespace otium::cpu {

struct FactorShape {
  int64_t n = 0;
  int64_t lower = 0, upper = 0;  // Bandwidths, for those that rely on them.
  bool transposed = false;       // A.T is meant.
};

// What LAPACK's estimates of condition numbers work in.
template <class T>
struct RcondArrays {
  using Real = decltype(std::abs(T()));
  RcondArrays(Workspace& memory, int64_t n)
      : work(memory.Take<T>(4 * n)),
        integers(memory.Take<lapack_int>(n)),
        reals(memory.Take<Real>(2 * n)) {}

  // The array that comes after `work`, of integers or, for complex matrices, of reals.
  auto* second() const {
    if constexpr (std::is_floating_point_v<T>) return integers;
    else return reals;
  }

  T* work;
  lapack_int* integers;
  Real* reals;
};

inline constexpr char kNorm1 = '1';

template <class T>
class GeneralFactors {
 public:
  GeneralFactors(Workspace& memory, const FactorShape& shape)
      : factor_(ColumnMajor(memory.Take<T>(shape.n * shape.n), shape.n, shape.n)),
        pivots_(memory.Take<lapack_int>(shape.n)),
        n_(static_cast<lapack_int>(shape.n)),
        ld_(std::max<lapack_int>(n_, 1)),
        trans_(shape.transposed ? 'T' : 'N') {}

  int64_t Factor(const Matrix<const T>& A) {
    Copy(A, factor_);
    lapack_int code = 0;
    OTIUM_LAPACK(T, getrf, &n_, &n_, factor_.data, &ld_, pivots_, &code);
    return code;
  }
  void Solve(T* x, lapack_int columns) const {
    lapack_int code = 0;
    OTIUM_LAPACK(T, getrs, &trans_, &n_, &columns, factor_.data, &ld_, pivots_, x, &ld_, &code);
  }
  double Rcond(double norm, const RcondArrays<T>& a) const {
    auto anorm = static_cast<typename RcondArrays<T>::Real>(norm), rcond = anorm;
    lapack_int code = 0;
    OTIUM_LAPACK(T, gecon, &kNorm1, &n_, factor_.data, &ld_, &anorm, &rcond, a.work, a.second(),
                 &code);
    return rcond;
  }

 private:
  const Matrix<T> factor_;
  lapack_int* const pivots_;
  const lapack_int n_, ld_;
  const char trans_;
};

template <class T>
class DefiniteFactors {
 public:
  DefiniteFactors(Workspace& memory, const FactorShape& shape)
      : factor_(ColumnMajor(memory.Take<T>(shape.n * shape.n), shape.n, shape.n)),
        n_(static_cast<lapack_int>(shape.n)),
        ld_(std::max<lapack_int>(n_, 1)),
        transposed_(shape.transposed) {}

  int64_t Factor(const Matrix<const T>& A) {
    Copy(transposed_ ? A.Transposed() : A, factor_);
    lapack_int code = 0;
    OTIUM_LAPACK(T, potrf, &kUplo, &n_, factor_.data, &ld_, &code);
    return -code;
  }
  void Solve(T* x, lapack_int columns) const {
    lapack_int code = 0;
    OTIUM_LAPACK(T, potrs, &kUplo, &n_, &columns, factor_.data, &ld_, x, &ld_, &code);
  }
  double Rcond(double norm, const RcondArrays<T>& a) const {
    auto anorm = static_cast<typename RcondArrays<T>::Real>(norm), rcond = anorm;
    lapack_int code = 0;
    OTIUM_LAPACK(T, pocon, &kUplo, &n_, factor_.data, &ld_, &anorm, &rcond, a.work, a.second(),
                 &code);
    return rcond;
  }

 private:
  static constexpr char kUplo = 'L';
  const Matrix<T> factor_;
  const lapack_int n_, ld_;
  const bool transposed_;
};

// Of symmetric matrices, or of hermitian ones.
template <class T, bool kIsHermitian>
class LdlFactors {
 public:
  LdlFactors(Workspace& memory, const FactorShape& shape)
      : factor_(ColumnMajor(memory.Take<T>(shape.n * shape.n), shape.n, shape.n)),
        pivots_(memory.Take<lapack_int>(shape.n)),
        work_(memory.Take<T>(LdlWorkSize(shape.n))),
        transposed_(shape.transposed) {}

  int64_t Factor(const Matrix<const T>& A) {
    Copy(transposed_ ? A.Transposed() : A, factor_);
    return FactorLdl(factor_, kIsHermitian, pivots_, work_);
  }
  void Solve(T* x, lapack_int columns) const {
    SolveByLdl(factor_, kIsHermitian, pivots_, ColumnMajor(x, factor_.rows, columns));
  }
  double Rcond(double norm, const RcondArrays<T>& a) const {
    auto anorm = static_cast<typename RcondArrays<T>::Real>(norm), rcond = anorm;
    const char uplo = 'L';
    const auto n = static_cast<lapack_int>(factor_.rows);
    const lapack_int ld = std::max<lapack_int>(n, 1);
    lapack_int code = 0;
    if constexpr (std::is_floating_point_v<T>) {
      OTIUM_LAPACK_REAL(T, sycon, &uplo, &n, factor_.data, &ld, pivots_, &anorm, &rcond, a.work,
                        a.integers, &code);
    } else if constexpr (kIsHermitian) {
      OTIUM_LAPACK_COMPLEX(T, hecon, &uplo, &n, factor_.data, &ld, pivots_, &anorm, &rcond, a.work,
                           &code);
    } else {
      OTIUM_LAPACK_COMPLEX(T, sycon, &uplo, &n, factor_.data, &ld, pivots_, &anorm, &rcond, a.work,
                           &code);
    }
    return rcond;
  }

 private:
  const Matrix<T> factor_;
  lapack_int* const pivots_;
  T* const work_;
  const bool transposed_;
};
template <class T>
using SymmetricFactors = LdlFactors<T, false>;
template <class T>
using HermitianFactors = LdlFactors<T, true>;

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_SOLVE_FACTORS_H_
