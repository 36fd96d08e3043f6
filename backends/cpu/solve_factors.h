// SPDX-License-Identifier: Apache-2.0
//
// The factorizations behind the kernels of solve. Each is a class for an element type T:
//
//   Factors(Workspace& memory, const FactorShape& shape)
//   int64_t Factor(const Matrix<const T>& A)   0, or what OpDef::failure of solve knows
//   void Solve(T* x, lapack_int columns)       x = inv(A) x, or inv(A.T) x, column-major
//   void Solve(const Matrix<T>& X)             the same by rows, of those with kByRows
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
#include <utility>

#include "backends/cpu/dense_factor.h"
#include "backends/cpu/dense_ldl.h"
#include "backends/cpu/lapack.h"
#include "backends/cpu/pivots.h"
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

// 1 / (norm * an estimate of norm(inv(A))) from solve(x), which makes inv(A) x of a
// column x, and solve_adjoint(x), which makes inv(A.H) x. N. J. Higham, "FORTRAN codes
// for estimating the one-norm" (1988), as LAPACK's lacn2.
template <class T, class Solve, class SolveAdjoint>
double RcondBySolving(int64_t n, double norm, const RcondArrays<T>& a, const Solve& solve,
                      const SolveAdjoint& solve_adjoint) {
  const auto size = static_cast<lapack_int>(n);
  T* const x = a.work + n;
  typename RcondArrays<T>::Real estimate = 0;
  lapack_int next = 0, memory[3] = {};
  while (true) {
    if constexpr (kIsComplex<T>) {
      OTIUM_LAPACK_COMPLEX(T, lacn2, &size, a.work, x, &estimate, &next, memory);
    } else {
      OTIUM_LAPACK_REAL(T, lacn2, &size, a.work, x, a.integers, &estimate, &next, memory);
    }
    if (next == 0) return 1 / norm / static_cast<double>(estimate);
    if (next == 1) solve(Matrix<T>{x, n, 1, 1, 1});
    else solve_adjoint(Matrix<T>{x, n, 1, 1, 1});
  }
}

// Those of dense matrices: by halves, row-major, and so are the right-hand sides, or of
// one column. They too factor A.T where that is meant.
template <class T>
class GeneralFactors {
 public:
  static constexpr bool kByRows = true;
  GeneralFactors(Workspace& memory, const FactorShape& shape)
      : lu_(memory, shape.n), transposed_(shape.transposed) {}

  int64_t Factor(const Matrix<const T>& A) {
    Copy(transposed_ ? A.Transposed() : A, lu_.matrix);
    return lu_.Factor();
  }
  void Solve(const Matrix<T>& X) const { lu_.Solve(X); }
  // Of A, also where A.T is factored: the adjoint of that is the conjugate of A, of the same
  // norms.
  double Rcond(double norm, const RcondArrays<T>& a) const {
    const auto solve = [&](const Matrix<T>& x) { Solve(x); };
    const auto solve_adjoint = [&](const Matrix<T>& x) {
      SolveLower<T>(lu_.matrix.Transposed(), {.conjugate = true}, x);
      SolveUpper<T>(lu_.matrix.Transposed(), {.unit = true, .conjugate = true}, x);
      ExchangeRowsBack(PivotsAt(lu_.pivots, x.rows), x);
    };
    return transposed_ ? RcondBySolving(lu_.matrix.rows, norm, a, solve_adjoint, solve)
                       : RcondBySolving(lu_.matrix.rows, norm, a, solve, solve_adjoint);
  }

 private:
  const LuArrays<T> lu_;
  const bool transposed_;
};

template <class T>
class DefiniteFactors {
 public:
  static constexpr bool kByRows = true;
  DefiniteFactors(Workspace& memory, const FactorShape& shape)
      : cholesky_(memory, shape.n), transposed_(kIsComplex<T> && shape.transposed) {}

  int64_t Factor(const Matrix<const T>& A) {
    Copy(transposed_ ? A.Transposed() : A, cholesky_.matrix);
    return -cholesky_.Factor();
  }
  void Solve(const Matrix<T>& X) const {
    SolveLower<T>(cholesky_.matrix, {}, X);
    SolveUpper<T>(cholesky_.matrix.Transposed(), {.conjugate = true}, X);
  }
  double Rcond(double norm, const RcondArrays<T>& a) const {
    const auto solve = [&](const Matrix<T>& x) { Solve(x); };
    return RcondBySolving(cholesky_.matrix.rows, norm, a, solve, solve);
  }

 private:
  const CholeskyArrays<T> cholesky_;
  const bool transposed_;
};

// Of symmetric matrices, or of hermitian ones.
template <class T, bool kIsHermitian>
class LdlFactors {
 public:
  static constexpr bool kByRows = true;
  LdlFactors(Workspace& memory, const FactorShape& shape)
      : ldl_(memory, shape.n, kIsHermitian), transposed_(kIsHermitian && shape.transposed) {}

  int64_t Factor(const Matrix<const T>& A) {
    // A symmetric matrix is copied as it lies.
    const bool turned = kIsHermitian ? transposed_ : A.column_stride == 1;
    const Matrix<T>& matrix = ldl_.factors.matrix;
    Copy(A, turned ? matrix.Transposed() : matrix);
    return FactorLdl(ldl_.factors, ldl_.panels);
  }
  void Solve(const Matrix<T>& X) const { SolveByLdl(ldl_.factors, X); }
  double Rcond(double norm, const RcondArrays<T>& a) const {
    const auto solve = [&](const Matrix<T>& x) { Solve(x); };
    // The adjoint of a symmetric matrix is its conjugate.
    const auto solve_adjoint = [&](const Matrix<T>& x) {
      if constexpr (!kIsHermitian) ConjugateAll(x);
      Solve(x);
      if constexpr (!kIsHermitian) ConjugateAll(x);
    };
    return RcondBySolving(ldl_.factors.matrix.rows, norm, a, solve, solve_adjoint);
  }

 private:
  static void ConjugateAll(const Matrix<T>& x) {
    for (int64_t i = 0; i < x.rows; ++i) x(i, 0) = Conjugate(x(i, 0));
  }

  const LdlArrays<T> ldl_;
  const bool transposed_;
};
template <class T>
using SymmetricFactors = LdlFactors<T, false>;
template <class T>
using HermitianFactors = LdlFactors<T, true>;

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_SOLVE_FACTORS_H_
