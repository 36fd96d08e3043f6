// SPDX-License-Identifier: Apache-2.0
//
// Least squares of one matrix after the other. Tall systems are made square first
// (tall_system.h), after which gels has but to substitute, and gelsy too, unless the rank is
// in doubt. The rest is LAPACK's: its four drivers know no transposed matrices (only gels
// does), and leave nothing of A, so the copy that they need is column-major.
//
// Tested by tests/linalg/least_squares_test.cc.

#ifndef OTIUM_BACKENDS_CPU_LEAST_SQUARES_H_
#define OTIUM_BACKENDS_CPU_LEAST_SQUARES_H_

#include <algorithm>
#include <limits>
#include <optional>

#include "backends/cpu/dense_factor.h"
#include "backends/cpu/lapack.h"
#include "backends/cpu/matrix_batch.h"
#include "backends/cpu/power_scale.h"
#include "backends/cpu/prepare.h"
#include "backends/cpu/tall_system.h"
#include "backends/cpu/workspace.h"
#include "ops/failure_codes.h"

namespace otium::cpu {

enum class LstsqDriver { kGels, kGelsy, kGelsd, kGelss };

// Columns of systems that are worth making square for gelsd and gelss, which go on with what
// is left.
inline constexpr lapack_int kTallColumns = 16;

// gelsy pivots, and counts as many columns as give a condition number of R below 1 / rcond: one
// after the other, it compares |x.H R| of two unit vectors x, which are its estimates of the
// least and the largest singular value. They are between the two, so that the ratio is at most the
// condition number of those columns, and that at most the one of all. A bound on this that is
// kRankMargin times less than 1 / rcond hence means that it counts them all, were it not for
// rounding: its R and ours are exactly those of matrices that differ from A by a multiple of
// m eps |A|, below 30 in LAPACK's tests and below 1 in practice. As the bound is also kRankMargin
// times less than 1 / (m eps), this takes less than a half from the least singular value.
inline constexpr double kRankMargin = 64;

struct LstsqState {
  explicit LstsqState(const KernelCall& call);

  PhysicalType A, B, X, residuals, rank, singular_values;
  LstsqDriver driver = LstsqDriver::kGelsy;
  int tail = 2;       // 1: right-hand sides are vectors.
  bool has_B = true;  // False when there are none, but ranks of A are asked for.
  double rcond = 0;
  lapack_int m = 0, n = 0, k = 0, columns = 1;
  bool is_tall = false;                // It is made square.
  lapack_int rows = 0, rows_of_B = 1;  // What the drivers see.
  // In the workspace of a task, in bytes.
  int64_t tall = 0, lanes = 0, matrix = 0, right = 0, values = 0, work = 0, real_work = 0,
          int_work = 0;
  lapack_int work_size = 1, real_work_size = 1, int_work_size = 1;
  Sizes batch_sizes;
  MatrixBatch batch;

  bool HasResiduals() const { return has_B && m > n && driver != LstsqDriver::kGelsy; }
  bool HasRank() const { return driver != LstsqDriver::kGels; }
  bool HasValues() const { return driver == LstsqDriver::kGelsd || driver == LstsqDriver::kGelss; }
  // For gels and gelsy: with a condition number below this X is by substitution.
  double MostCondition() const {
    if (driver == LstsqDriver::kGels) return std::numeric_limits<double>::infinity();
    return 1 / (kRankMargin * std::max(rcond, Epsilon(A.dtype) * m));
  }
};

// The arrays of one call.
template <class T>
struct LstsqArrays {
  T* a = nullptr;
  T* b = nullptr;
  Real<T>* values = nullptr;
  T* work = nullptr;
  lapack_int lwork = -1;
  Real<T>* real_work = nullptr;
  lapack_int* int_work = nullptr;  // Pivots of gelsy.
};

template <class T>
lapack_int CallLstsqDriver(const LstsqState& s, const LstsqArrays<T>& x, lapack_int* rank) {
  // What exactly zero gives: gelsd takes a zero for its own default.
  const auto rcond = std::max(static_cast<Real<T>>(s.rcond), std::numeric_limits<Real<T>>::min());
  const lapack_int &m = s.rows, &n = s.n, &nrhs = s.columns, &ldb = s.rows_of_B;
  lapack_int info = 0;
  switch (s.driver) {
    case LstsqDriver::kGels: {
      const char trans = 'N';
      OTIUM_LAPACK(T, gels, &trans, &m, &n, &nrhs, x.a, &m, x.b, &ldb, x.work, &x.lwork, &info);
      break;
    }
    case LstsqDriver::kGelsy:
      if constexpr (kIsComplex<T>) {
        OTIUM_LAPACK_COMPLEX(T, gelsy, &m, &n, &nrhs, x.a, &m, x.b, &ldb, x.int_work, &rcond, rank,
                             x.work, &x.lwork, x.real_work, &info);
      } else {
        OTIUM_LAPACK_REAL(T, gelsy, &m, &n, &nrhs, x.a, &m, x.b, &ldb, x.int_work, &rcond, rank,
                          x.work, &x.lwork, &info);
      }
      break;
    case LstsqDriver::kGelsd:
      if constexpr (kIsComplex<T>) {
        OTIUM_LAPACK_COMPLEX(T, gelsd, &m, &n, &nrhs, x.a, &m, x.b, &ldb, x.values, &rcond, rank,
                             x.work, &x.lwork, x.real_work, x.int_work, &info);
      } else {
        OTIUM_LAPACK_REAL(T, gelsd, &m, &n, &nrhs, x.a, &m, x.b, &ldb, x.values, &rcond, rank,
                          x.work, &x.lwork, x.int_work, &info);
      }
      break;
    case LstsqDriver::kGelss:
      if constexpr (kIsComplex<T>) {
        OTIUM_LAPACK_COMPLEX(T, gelss, &m, &n, &nrhs, x.a, &m, x.b, &ldb, x.values, &rcond, rank,
                             x.work, &x.lwork, x.real_work, &info);
      } else {
        OTIUM_LAPACK_REAL(T, gelss, &m, &n, &nrhs, x.a, &m, x.b, &ldb, x.values, &rcond, rank,
                          x.work, &x.lwork, &info);
      }
      break;
  }
  return info;
}

// The drivers bring B into a range where nothing overflows, and of what they give back
// only the solution out of it again: what the rest is to be multiplied by.
template <class R>
R ResidualScale(R largest) {
  const R smallest = std::numeric_limits<R>::min() / std::numeric_limits<R>::epsilon();
  if (largest > 0 && largest < smallest) return largest / smallest;
  return largest > 1 / smallest ? largest * smallest : R(1);
}

template <class T>
class LstsqSolver {
 public:
  LstsqSolver(const LstsqState& s, const LaunchArgs& args, char* memory) : s_(s), args_(args) {
    x_ = {.a = ArrayAt<T>(memory, s.matrix),
          .b = ArrayAt<T>(memory, s.right),
          .values = ArrayAt<Real<T>>(memory, s.values),
          .work = ArrayAt<T>(memory, s.work),
          .lwork = s.work_size,
          .real_work = ArrayAt<Real<T>>(memory, s.real_work),
          .int_work = ArrayAt<lapack_int>(memory, s.int_work)};
    if (s.is_tall) {
      Workspace workspace(memory + s.tall);
      tall_.emplace(workspace, s.m, s.n, s.columns);
    }
  }

  // The code of the failure of matrix p, or 0.
  int64_t Solve(int64_t p) {
    const auto A = MatrixOf<const T>(s_.batch, s_.A, args_.operands[0], p);
    if (!AllFinite(A)) return kNotFinite;
    Matrix<const T> B;
    if (s_.has_B) {
      B = MatrixOf<const T>(s_.batch, s_.B, args_.operands[1], p, s_.tail);
      if (!AllFinite(B)) return kNotFinite;
    }
    if (s_.is_tall) return SolveTall(p, A, B);
    // To LAPACK's gels zero is of full rank.
    if (s_.driver == LstsqDriver::kGels && s_.k > 0 && LargestMagnitude(A) == 0) return 1;
    const auto b = ColumnMajor(x_.b, s_.rows_of_B, s_.columns);
    std::fill_n(x_.b, b.rows * b.columns, T(0));
    Real<T> largest = 0;
    if (s_.has_B) {
      largest = LargestMagnitude(B);
      if (s_.columns > 0) Copy(B, b.Block(0, 0, B.rows, B.columns));
    }
    lapack_int rank = 0;
    if (s_.k > 0) {
      Copy(A, ColumnMajor(x_.a, A.rows, A.columns));
      if (const int64_t code = Drive(&rank); code != 0) return code;
    }
    const bool full = rank == s_.n;
    if (s_.has_B) {
      const auto X = MatrixOf<T>(s_.batch, s_.X, args_.results[0], p, s_.tail);
      // Without equations X is zero.
      for (int64_t j = 0; s_.k == 0 && j < X.columns; ++j) {
        for (int64_t i = 0; i < X.rows; ++i) X(i, j) = T(0);
      }
      if (s_.k > 0) Copy<T>(b.Block(0, 0, X.rows, X.columns), X);
    }
    if (s_.HasResiduals()) {
      // From row n on B holds what no X reaches.
      const Real<T> scale = full ? ResidualScale(largest) : kNotANumber;
      SetResiduals(p, [&](int64_t j) {
        Real<T> sum = 0;
        for (int64_t i = s_.n; i < s_.m; ++i) sum += std::norm(b(i, j) * scale);
        return sum;
      });
    }
    SetRank(p, rank);
    return 0;
  }

  // Rank and singular values are those of A, which may be broadcast: its first matrix sets
  // them.
  void SetRank(int64_t p, lapack_int rank) {
    if (!s_.HasRank() || !IsFirstOfA(p)) return;
    args_.results[2].as<int64_t>()[BatchOffset(s_.batch, s_.rank, args_.results[2], 0, p)] = rank;
    if (!s_.HasValues()) return;
    const auto values =
        MatrixOf<Real<T>>(s_.batch, s_.singular_values, args_.results[3], p, /*tail=*/1);
    std::copy_n(x_.values, s_.k, values.data);
  }
  // Where those of matrix p go, one for each column.
  Real<T>* ResidualsOf(int64_t p) const {
    return args_.results[1].as<Real<T>>() +
           BatchOffset(s_.batch, s_.residuals, args_.results[1], s_.tail - 1, p);
  }

 private:
  static constexpr Real<T> kNotANumber = std::numeric_limits<Real<T>>::quiet_NaN();

  // The code of the driver's failure, or 0.
  int64_t Drive(lapack_int* rank) {
    if (s_.driver == LstsqDriver::kGelsy) std::fill_n(x_.int_work, s_.n, 0);
    const lapack_int info = CallLstsqDriver(s_, x_, rank);
    return info == 0 ? 0 : s_.driver == LstsqDriver::kGels ? info : kNotConverged;
  }

  int64_t SolveTall(int64_t p, const Matrix<const T>& A, const Matrix<const T>& B) {
    const bool has_B = s_.has_B && B.columns > 0;
    tall_->Factor(A, has_B ? B : Matrix<const T>());
    const Matrix<T> R = tall_->Left(), Y = tall_->Right(),
                    b = ColumnMajor(x_.b, s_.rows_of_B, s_.columns);
    lapack_int rank = s_.n;
    if (s_.driver == LstsqDriver::kGels) {
      for (int64_t i = 0; i < s_.n; ++i) {
        if (R(i, i) == T(0)) return i + 1;
      }
    }
    const bool substitutes =
        s_.driver == LstsqDriver::kGels ||
        (s_.driver == LstsqDriver::kGelsy && tall_->ConditionBound() < s_.MostCondition());
    if (substitutes) {
      if (has_B) SolveUpper<T>(R, {}, Y);
    } else {
      const auto a = ColumnMajor(x_.a, s_.n, s_.n);
      for (int64_t j = 0; j < s_.n; ++j) {
        for (int64_t i = 0; i < s_.n; ++i) a(i, j) = i <= j ? R(i, j) : T(0);
      }
      if (has_B) Copy<T>(Y, b);
      else std::fill_n(x_.b, b.rows * b.columns, T(0));
      if (const int64_t code = Drive(&rank); code != 0) return code;
    }
    if (has_B) {
      const auto X = MatrixOf<T>(s_.batch, s_.X, args_.results[0], p, s_.tail);
      Copy<T>(substitutes ? Y : b, X);
      ScaleByPower(tall_->exponent_of_B() - tall_->exponent_of_A(), X);
    }
    if (s_.HasResiduals()) {
      const bool full = rank == s_.n;
      SetResiduals(p, [&](int64_t j) { return full ? tall_->Unreached(j) : kNotANumber; });
    }
    if (s_.HasValues()) {
      ScaleByPower(tall_->exponent_of_A(), RowMajor(x_.values, 1, s_.n));
    }
    SetRank(p, rank);
    return 0;
  }

  // residual(j) of each column.
  template <class Residual>
  void SetResiduals(int64_t p, const Residual& residual) {
    Real<T>* const r = ResidualsOf(p);
    const int64_t columns = s_.tail == 1 ? 1 : s_.residuals.sizes.back();
    for (int64_t j = 0; j < columns; ++j) r[j] = residual(j);
  }

  bool IsFirstOfA(int64_t p) const {
    const int skip = static_cast<int>(s_.batch.sizes.size()) - (s_.A.rank() - 2);
    for (int d = static_cast<int>(s_.batch.sizes.size()) - 1; d >= 0; --d) {
      const int64_t index = p % s_.batch.sizes[d];
      p /= s_.batch.sizes[d];
      if ((d < skip || s_.A.sizes[d - skip] == 1) && index != 0) return false;
    }
    return true;
  }

  const LstsqState& s_;
  const LaunchArgs& args_;
  LstsqArrays<T> x_;
  std::optional<TallSystem<T>> tall_;
};

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_LEAST_SQUARES_H_
