// SPDX-License-Identifier: Apache-2.0
//
// A few extreme eigenvalues of A x = lambda B x by the locally optimal block
// preconditioned conjugate gradient method (A. V. Knyazev, SIAM J. Sci. Comput. 23,
// 2001). Each iteration looks for the best vectors in the space of the X that it has,
// their (preconditioned) residuals W and its last steps P:
//
//   Z = [W, P], made B-orthonormal to X and in itself
//   [X, Z].H A [X, Z] = C diag(lambda) C.H,  the wanted k:  X, P = [X, Z] C, Z C
//
// Vectors that have converged have no residual and no step among Z. A basis is made
// orthonormal by the eigenvalues of its Gram matrix, which tell the directions that are
// there twice; they are dropped (A. Stathopoulos, K. Wu, "A block orthogonalization
// procedure with constant synchronization requirements", SIAM J. Sci. Comput. 23, 2002).
//
// The vectors are X.H B X = 1, lambda is descending when the largest are wanted, else
// ascending. All matrices are row-major.

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numbers>

#include "backends/cpu/dense_factor.h"
#include "backends/cpu/gemm.h"
#include "backends/cpu/lapack.h"
#include "backends/cpu/matrix_batch.h"
#include "backends/cpu/prepare.h"
#include "backends/cpu/workspace.h"
#include "backends/philox.h"

namespace otium::cpu {
namespace {

struct LobpcgState {
  PhysicalType A, B, X, iK;
  PhysicalType values, vectors;
  int64_t n = 0;
  int64_t k = 0;       // Vectors that are iterated,
  int64_t wanted = 0;  // and the first of them that are results.
  int64_t niter = 0;
  double tol = 0;
  bool largest = true;
  uint64_t stream = 0;
  MatrixBatch batch;
};

constexpr int64_t kUsualIterations = 1000;

template <class T>
struct LobpcgArrays {
  LobpcgArrays(Workspace& memory, int64_t n, int64_t k) {
    for (T** m : {&A, &B}) *m = memory.Take<T>(n * n);
    for (T** m : {&S, &P, &AS, &BS, &product}) *m = memory.Take<T>(n * 3 * k);
    for (T** m : {&small, &gram}) *m = memory.Take<T>(9 * k * k);
    lapack = memory.Take<T>(9 * k);
    lapack_real = memory.Take<Real<T>>(9 * k);
    for (Real<T>** v : {&values, &scales, &lambda}) *v = memory.Take<Real<T>>(3 * k);
    active = memory.Take<int64_t>(k);
    panels = memory.Take<T>(CholeskyMemory(n));
  }

  T *A, *B, *S, *P, *AS, *BS, *product, *small, *gram, *lapack, *panels;
  Real<T>*lapack_real, *values, *scales, *lambda;
  int64_t* active;
};

// Number i of the stream, as randn gives it.
template <class T>
T NormalAt(uint64_t seed, uint64_t stream, uint64_t i) {
  auto real = [&](uint64_t j) {
    return sizeof(Real<T>) == 8 ? NormalDoubleAt(seed, stream, j) : NormalFloatAt(seed, stream, j);
  };
  if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(real(i));
  } else {
    const double scale = std::numbers::sqrt2 / 2;
    return T(static_cast<Real<T>>(scale * real(2 * i)),
             static_cast<Real<T>>(scale * real(2 * i + 1)));
  }
}

// A dense copy of m times the power of two that makes its largest element about 1, or
// a little less so that the exponent is even: m is the copy times 2 to the exponent.
template <class T>
int CopyScaled(const Matrix<const T>& m, T* copy) {
  Real<T> largest = 0;
  for (int64_t i = 0; i < m.rows; ++i) {
    for (int64_t j = 0; j < m.columns; ++j) {
      const T& x = m(i, j);
      largest = std::max({largest, std::abs(std::real(x)), std::abs(std::imag(x))});
    }
  }
  int exponent = largest == 0 ? 0 : std::ilogb(largest) + 1;
  exponent += exponent % 2;
  const Real<T> half = std::scalbn(Real<T>(1), -exponent / 2);
  for (int64_t i = 0; i < m.rows; ++i) {
    for (int64_t j = 0; j < m.columns; ++j) *copy++ = m(i, j) * half * half;
  }
  return exponent;
}

template <class T>
class Iteration {
 public:
  Iteration(const LobpcgState& s, Workspace& memory)
      : s_(s), n_(s.n), k_(s.k), stride_(3 * s.k), w_(memory, s.n, s.k) {}

  // Code 0, or 1: a basis lacks directions, or B is not positive definite.
  int64_t Run(const LaunchArgs& args, int64_t p) {
    const auto A = MatrixOf<const T>(s_.batch, s_.A, args.operands[0], p);
    Matrix<const T> B, X;
    if (s_.B.present) B = MatrixOf<const T>(s_.batch, s_.B, args.operands[1], p);
    if (s_.X.present) X = MatrixOf<const T>(s_.batch, s_.X, args.operands[2], p);
    if (s_.iK.present) iK_ = MatrixOf<const T>(s_.batch, s_.iK, args.operands[3], p);
    if (!AllFinite(A) || !AllFinite(B) || !AllFinite(X) || !AllFinite(iK_)) {
      return SetNan(args, p);
    }
    a_exponent_ = CopyScaled(A, w_.A);
    if (s_.B.present) {
      CopyScaled(B, w_.B);
      if (!FactorB()) return 1;
      b_exponent_ = CopyScaled(B, w_.B);
    }
    norm_ = LongestColumn(w_.A);
    if (s_.X.present) CopyScaled(X, w_.product);
    for (int64_t i = 0; i < n_ * k_; ++i) {
      w_.S[i / k_ * stride_ + i % k_] =
          s_.X.present ? w_.product[i]
                       : NormalAt<T>(args.seed, s_.stream, static_cast<uint64_t>(p * n_ * k_ + i));
    }
    for (int pass = 0; pass < 2; ++pass) {
      if (Orthonormalize(w_.S, k_) != k_) return 1;
    }
    if (!FindBest(0)) return 1;
    steps_ = 0;
    for (int64_t i = 0;; ++i) {
      const int64_t residuals = FindResiduals();
      if (residuals < 0) return SetNan(args, p);
      if (residuals == 0 || w_.active[0] >= s_.wanted || i == s_.niter) break;
      const int64_t directions = FindDirections(residuals);
      if (directions < 0) return 1;
      if (directions == 0) break;  // All that is left is noise.
      if (!FindBest(directions)) return 1;
    }
    SetResults(args, p);
    return 0;
  }

 private:
  MatrixIn<T> In(const T* block) const { return {block, stride_, 1}; }
  static MatrixIn<T> Adjoint(const MatrixIn<T>& m) {
    return {m.data, m.col_stride, m.row_stride, true};
  }

  // c = alpha a b + beta c, of m x k and k x n.
  static void Multiply(const MatrixIn<T>& a, const MatrixIn<T>& b, int64_t m, int64_t n, int64_t k,
                       T* c, int64_t stride, T alpha = T(1), T beta = T(0)) {
    GemmArgs<T> args;
    args.m = m, args.n = n, args.k = k;
    args.a = a, args.b = b;
    args.c = {c, stride, 1};
    args.c0 = {c, stride, 1};
    args.alpha = alpha, args.beta = beta;
    Gemm(args);
  }

  // Whether B is positive definite, which few vectors may not show; B is lost.
  bool FactorB() { return FactorCholesky(RowMajor(w_.B, n_, n_), w_.panels) == 0; }

  // B times columns of S; those themselves when there is no B.
  const T* TimesB(const T* block, int64_t columns) {
    if (!s_.B.present) return block;
    Multiply({w_.B, n_, 1}, In(block), n_, columns, n_, w_.BS, stride_);
    return w_.BS;
  }

  Real<T> ColumnNorm(const T* block, int64_t j) const {
    Real<T> sum = 0;
    for (int64_t i = 0; i < n_; ++i) sum += std::norm(block[i * stride_ + j]);
    return std::sqrt(sum);
  }
  double LongestColumn(const T* matrix) const {
    double longest = 0;
    for (int64_t j = 0; j < n_; ++j) {
      double sum = 0;
      for (int64_t i = 0; i < n_; ++i) sum += std::norm(std::complex<double>(matrix[i * n_ + j]));
      longest = std::max(longest, std::sqrt(sum));
    }
    return longest;
  }

  // The eigenvalues of the m x m hermitian `matrix` become values, ascending, its rows
  // the conjugates of the eigenvectors: the matrix is its conjugate to LAPACK.
  bool Eigen(T* matrix, int64_t m, Real<T>* values) {
    if (!AllFinite<T>(RowMajor(matrix, m, m))) return false;
    const char job = 'V', uplo = 'U';
    const auto size = static_cast<lapack_int>(m), work = static_cast<lapack_int>(9 * k_);
    lapack_int info = 0;
    if constexpr (!kIsComplex<T>) {
      OTIUM_LAPACK_REAL(T, syev, &job, &uplo, &size, matrix, &size, values, w_.lapack, &work,
                        &info);
    } else {
      OTIUM_LAPACK_COMPLEX(T, heev, &job, &uplo, &size, matrix, &size, values, w_.lapack, &work,
                           w_.lapack_real, &info);
    }
    return info == 0;
  }

  // Makes m columns of S a B-orthonormal basis of what they span to working precision,
  // the first of them; how many, or -1.
  int64_t Orthonormalize(T* block, int64_t m) {
    Multiply(Adjoint(In(block)), In(TimesB(block, m)), m, m, n_, w_.gram, m);
    for (int64_t i = 0; i < m; ++i) {
      const Real<T> length = std::real(w_.gram[i * m + i]);
      w_.scales[i] = length > std::numeric_limits<Real<T>>::min() ? 1 / std::sqrt(length) : 0;
    }
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < m; ++j) w_.gram[i * m + j] *= w_.scales[i] * w_.scales[j];
    }
    if (!Eigen(w_.gram, m, w_.values)) return -1;
    constexpr Real<T> kEps = std::numeric_limits<Real<T>>::epsilon();
    const Real<T> noise = 4 * kEps * static_cast<Real<T>>(m) * w_.values[m - 1];
    if (w_.values[0] < -std::sqrt(kEps)) return -1;
    const int64_t dropped =
        std::count_if(w_.values, w_.values + m, [&](Real<T> v) { return !(v > noise); });
    const int64_t rank = m - dropped;
    // Column j of the factor, scaled rows of the Gram matrix's eigenvectors.
    for (int64_t j = 0; j < rank; ++j) {
      T* const row = w_.gram + (dropped + j) * m;
      const Real<T> factor = 1 / std::sqrt(w_.values[dropped + j]);
      for (int64_t i = 0; i < m; ++i) row[i] *= factor * w_.scales[i];
    }
    const MatrixIn<T> factor{w_.gram + dropped * m, 1, m, true};
    Multiply(In(block), factor, n_, rank, m, w_.product, stride_);
    CopyColumns(w_.product, block, rank);
    return rank;
  }

  void CopyColumns(const T* from, T* to, int64_t columns) const {
    for (int64_t i = 0; i < n_; ++i) {
      std::copy_n(from + i * stride_, columns, to + i * stride_);
    }
  }

  // The best k vectors of [X, Z], Z of so many columns, and the step to them.
  bool FindBest(int64_t directions) {
    const int64_t m = k_ + directions;
    Multiply({w_.A, n_, 1}, In(w_.S), n_, m, n_, w_.AS, stride_);
    Multiply(Adjoint(In(w_.S)), In(w_.AS), m, m, n_, w_.small, m);
    if (!Eigen(w_.small, m, w_.values)) return false;
    // Eigenvector j is row first + j * step.
    const int64_t first = s_.largest ? m - 1 : 0, step = s_.largest ? -1 : 1;
    for (int64_t j = 0; j < k_; ++j) w_.lambda[j] = w_.values[first + j * step];
    const MatrixIn<T> C{w_.small + first * m, 1, step * m, true};
    const MatrixIn<T> of_Z{C.data + k_, 1, step * m, true};
    Multiply(In(w_.S + k_), of_Z, n_, k_, directions, w_.P, stride_);
    Multiply(In(w_.S), C, n_, k_, m, w_.product, stride_);
    CopyColumns(w_.product, w_.S, k_);
    steps_ = directions > 0 ? k_ : 0;
    Refine();
    return true;
  }

  // X (3 - X.H B X) / 2 is orthonormal but for the square of what X lacks to be so.
  void Refine() {
    Multiply(Adjoint(In(w_.S)), In(TimesB(w_.S, k_)), k_, k_, n_, w_.gram, k_);
    for (int64_t i = 0; i < k_ * k_; ++i) w_.gram[i] *= Real<T>(-0.5);
    for (int64_t i = 0; i < k_; ++i) w_.gram[i * k_ + i] += Real<T>(1.5);
    Multiply(In(w_.S), {w_.gram, k_, 1}, n_, k_, k_, w_.product, stride_);
    CopyColumns(w_.product, w_.S, k_);
  }

  // Makes AS the residuals A X - B X lambda; how many are too large (`active`, ascending), or -1
  // when a number is not finite.
  int64_t FindResiduals() {
    Multiply({w_.A, n_, 1}, In(w_.S), n_, k_, n_, w_.AS, stride_);
    const T* const BX = TimesB(w_.S, k_);
    int64_t count = 0;
    for (int64_t j = 0; j < k_; ++j) {
      for (int64_t i = 0; i < n_; ++i) {
        w_.AS[i * stride_ + j] -= w_.lambda[j] * BX[i * stride_ + j];
      }
      const double residual = ColumnNorm(w_.AS, j);
      if (!std::isfinite(residual)) return -1;
      const double allowed = s_.tol * norm_ * static_cast<double>(ColumnNorm(w_.S, j));
      if (residual > allowed) w_.active[count++] = j;
    }
    return count;
  }

  // Makes Z of the active residuals and steps; how many columns it has, or -1.
  int64_t FindDirections(int64_t residuals) {
    int64_t columns = 0;
    for (int64_t a = 0; a < residuals; ++a) {
      for (int64_t i = 0; i < n_; ++i) {
        w_.product[i * stride_ + a] = w_.AS[i * stride_ + w_.active[a]];
      }
    }
    T* const Z = w_.S + k_;
    if (s_.iK.present) {
      Multiply({iK_.data, iK_.row_stride, iK_.column_stride}, In(w_.product), n_, residuals, n_, Z,
               stride_);
    } else {
      CopyColumns(w_.product, Z, residuals);
    }
    columns = residuals;
    for (int64_t a = 0; a < residuals && steps_ > 0; ++a, ++columns) {
      for (int64_t i = 0; i < n_; ++i) {
        Z[i * stride_ + columns] = w_.P[i * stride_ + w_.active[a]];
      }
    }
    for (int pass = 0; pass < 2 && columns > 0; ++pass) {
      // Z -= X (B X).H Z.
      Multiply(Adjoint(In(TimesB(w_.S, k_))), In(Z), k_, columns, n_, w_.gram, columns);
      Multiply(In(w_.S), {w_.gram, columns, 1}, n_, columns, k_, Z, stride_, T(-1), T(1));
      columns = Orthonormalize(Z, columns);
    }
    return columns;
  }

  int64_t SetNan(const LaunchArgs& args, int64_t p) {
    const Real<T> nan = std::numeric_limits<Real<T>>::quiet_NaN();
    std::fill_n(w_.lambda, k_, nan);
    std::fill_n(w_.S, n_ * stride_, T(nan));
    SetResults(args, p);
    return 0;
  }

  void SetResults(const LaunchArgs& args, int64_t p) const {
    const auto values = MatrixOf<Real<T>>(s_.batch, s_.values, args.results[0], p, 1);
    const auto vectors = MatrixOf<T>(s_.batch, s_.vectors, args.results[1], p);
    const Real<T> scale = std::scalbn(Real<T>(1), -b_exponent_ / 2);
    for (int64_t j = 0; j < s_.wanted; ++j) {
      values(j, 0) = std::scalbn(w_.lambda[j], a_exponent_ - b_exponent_);
      for (int64_t i = 0; i < n_; ++i) vectors(i, j) = w_.S[i * stride_ + j] * scale;
    }
  }

  const LobpcgState& s_;
  const int64_t n_, k_, stride_;
  LobpcgArrays<T> w_;  // S = [X, Z].
  Matrix<const T> iK_;
  int a_exponent_ = 0, b_exponent_ = 0;
  double norm_ = 0;    // Of A: its longest column, at most its 2-norm.
  int64_t steps_ = 0;  // Columns of P.
};

template <class T>
struct LobpcgLauncher {
  static void Launch(const LaunchArgs& args) {
    const auto& s = *static_cast<const LobpcgState*>(args.state);
    RunBatch(s.batch, args, [&](Range matrices, char* memory, StepInfo* info) {
      for (int64_t p = matrices.begin; p < matrices.end; ++p) {
        Workspace workspace(memory);
        Report(info, Iteration<T>(s, workspace).Run(args, p), p);
      }
    });
  }
};

}  // namespace

Prepared PrepareLobpcg(const KernelCall& call) {
  auto s = std::make_shared<LobpcgState>();
  PhysicalType* const operands[] = {&s->A, &s->B, &s->X, &s->iK};
  for (size_t i = 0; i < 4; ++i) {
    if (call.Has(i)) *operands[i] = call.operands[i];
    else operands[i]->present = false;
  }
  s->values = call.results[0];
  s->vectors = call.results[1];
  const absl::Span<const int64_t> sizes = s->vectors.sizes;
  s->n = sizes[sizes.size() - 2];
  s->wanted = sizes.back();
  const int64_t* const random = call.attributes.Find<int64_t>("n");
  s->k = s->X.present ? s->X.sizes.back() : random != nullptr ? *random : s->wanted;
  const int64_t* niter = call.attributes.Find<int64_t>("niter");
  s->niter = niter == nullptr ? kUsualIterations : *niter;
  const double* tol = call.attributes.Find<double>("tol");
  s->tol = tol == nullptr ? std::sqrt(Epsilon(s->A.dtype)) : *tol;
  s->largest = call.attributes.Get<bool>("largest");
  s->stream = static_cast<uint64_t>(call.attributes.Get<int64_t>("stream"));
  const double flops = 200.0 * static_cast<double>(s->n) * static_cast<double>(s->n * s->k);
  s->batch = MatrixBatch(sizes.first(sizes.size() - 2), flops,
                         WorkspaceOf<LobpcgArrays>(s->A.dtype, s->n, s->k));
  const int64_t bytes = s->batch.workspace_bytes();
  return {ForBlasDType<LobpcgLauncher>(s->A.dtype), std::move(s), bytes};
}

}  // namespace otium::cpu
