// SPDX-License-Identifier: Apache-2.0
//
// The exponential of matrices by scaling and squaring: exp(A) = r(A / 2^s)^(2^s), with
// r = p / q a Padé approximant whose degree and s the norm decides. N. J. Higham, "The
// scaling and squaring method for the matrix exponential revisited", SIAM J. Matrix
// Anal. Appl. 26, 2005. What is zero of a triangular result is set to zero, and its
// diagonal to that of the scalars, in each step: after A. H. Al-Mohy and N. J. Higham,
// "A new scaling and squaring algorithm for the matrix exponential", ibid. 31, 2009.
//
// There are at most as many squarings as the exponents of the type allow, about 1100.

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <type_traits>

#include "backends/cpu/dense_factor.h"
#include "backends/cpu/gemm.h"
#include "backends/cpu/lapack.h"
#include "backends/cpu/matrix_batch.h"
#include "backends/cpu/pivots.h"
#include "backends/cpu/prepare.h"
#include "backends/cpu/workspace.h"

namespace otium::cpu {
namespace {

// The numerator sum(b[k] x^k) of the approximant of degree `degree` (the denominator is
// that of -x), good to the roundoff of the type for norms up to `norm`.
struct Pade {
  int degree;
  double norm;
  std::array<double, 14> b;
};
constexpr std::array<double, 14> k3 = {120, 60, 12, 1};
constexpr std::array<double, 14> k5 = {30240, 15120, 3360, 420, 30, 1};
constexpr std::array<double, 14> k7 = {17297280, 8648640, 1995840, 277200, 25200, 1512, 56, 1};
constexpr std::array<double, 14> k9 = {17643225600, 8821612800, 2075673600, 302702400, 30270240,
                                       2162160,     110880,     3960,       90,        1};
constexpr std::array<double, 14> k13 = {64764752532480000,
                                        32382376266240000,
                                        7771770303897600,
                                        1187353796428800,
                                        129060195264000,
                                        10559470521600,
                                        670442572800,
                                        33522128640,
                                        1323241920,
                                        40840800,
                                        960960,
                                        16380,
                                        182,
                                        1};
constexpr Pade kDoubles[] = {{3, 1.495585217958292e-2, k3},
                             {5, 2.539398330063230e-1, k5},
                             {7, 9.504178996162932e-1, k7},
                             {9, 2.097847961257068e0, k9},
                             {13, 5.371920351148152e0, k13}};
constexpr Pade kFloats[] = {
    {3, 4.258730016922831e-1, k3}, {5, 1.880152677804762e0, k5}, {7, 3.925724783138660e0, k7}};

template <class T>
constexpr absl::Span<const Pade> Approximants() {
  if constexpr (sizeof(Real<T>) == sizeof(double)) return kDoubles;
  else return kFloats;
}

struct ExpState {
  PhysicalType A, result;
  int64_t n = 0;
  MatrixBatch batch;
};

// All matrices are n x n, row-major in one workspace.
template <class T>
class Exponential {
 public:
  Exponential(Workspace& memory, int64_t n) : n_(n), size_(n * n) {
    for (T** m : {&a_, &a2_, &a4_, &a6_, &even_, &odd_, &work_, &x_}) *m = memory.Take<T>(size_);
    pivots_ = memory.Take<int32_t>(n);
    panels_ = memory.Take<T>(LuMemory<T>(n, n));
  }

  void Compute(const Matrix<const T>& A, const Matrix<T>& result) {
    band_ = BandOf(A);
    if (!band_.finite) return FillNan(result);
    if (!band_.lower && !band_.upper) return OfDiagonal(A, result);
    Copy(A, RowMajor(a_, n_, n_));

    int exponent = 0;  // Of a power of two that the norm is divided by.
    const double norm = OneNorm(&exponent);
    const absl::Span<const Pade> approximants = Approximants<T>();
    const Pade* pade = approximants.data();
    while (pade != &approximants.back() && std::ldexp(norm, exponent) > pade->norm) ++pade;
    int squarings = 0;
    if (std::ldexp(norm, exponent) > pade->norm) {
      squarings = std::max(0, exponent + std::ilogb(norm / pade->norm) + 1);
    }
    Scale(-squarings);
    if (!Approximate(*pade)) return FillNan(result);
    KeepTriangle(A, -squarings);
    for (int s = squarings; s > 0; --s) {
      Multiply(x_, x_, work_);
      std::swap(x_, work_);
      KeepTriangle(A, 1 - s);
    }
    Copy<T>(RowMajor(x_, n_, n_), result);
  }

 private:
  struct Band {
    bool finite = true;
    bool lower = false, upper = false;  // Whether something is there.
  };

  static Band BandOf(const Matrix<const T>& A) {
    Band band;
    for (int64_t i = 0; i < A.rows; ++i) {
      for (int64_t j = 0; j < A.columns; ++j) {
        const T& x = A(i, j);
        band.finite &= IsFinite(x);
        if (x == T(0)) continue;
        if (i > j) band.lower = true;
        if (i < j) band.upper = true;
      }
    }
    return band;
  }

  void OfDiagonal(const Matrix<const T>& A, const Matrix<T>& result) const {
    for (int64_t i = 0; i < n_; ++i) {
      for (int64_t j = 0; j < n_; ++j) result(i, j) = i == j ? std::exp(A(i, i)) : T(0);
    }
  }

  // Of a_ / 2^exponent, which is not infinite.
  double OneNorm(int* exponent) const {
    double largest = 0;
    for (int64_t i = 0; i < size_; ++i) {
      largest = std::max({largest, static_cast<double>(std::abs(std::real(a_[i]))),
                          static_cast<double>(std::abs(std::imag(a_[i])))});
    }
    *exponent = largest == 0 ? 0 : std::ilogb(largest);
    double norm = 0;
    for (int64_t j = 0; j < n_; ++j) {
      double sum = 0;
      for (int64_t i = 0; i < n_; ++i) {
        const std::complex<double> x(a_[i * n_ + j]);
        sum += std::abs(std::complex<double>(std::scalbn(x.real(), -*exponent),
                                             std::scalbn(x.imag(), -*exponent)));
      }
      norm = std::max(norm, sum);
    }
    return norm;
  }

  void Scale(int exponent) {
    // In two steps, for powers that the type does not hold.
    const Real<T> half = std::scalbn(Real<T>(1), exponent / 2),
                  rest = std::scalbn(Real<T>(1), exponent - exponent / 2);
    for (int64_t i = 0; i < size_; ++i) a_[i] = a_[i] * half * rest;
  }

  // What is known of x_, which is exp(2^exponent A), of a triangular A.
  void KeepTriangle(const Matrix<const T>& A, int exponent) {
    if (band_.lower && band_.upper) return;
    const Real<T> half = std::scalbn(Real<T>(1), exponent / 2),
                  rest = std::scalbn(Real<T>(1), exponent - exponent / 2);
    for (int64_t i = 0; i < n_; ++i) {
      T* const row = x_ + i * n_;
      if (!band_.lower) std::fill(row, row + i, T(0));
      if (!band_.upper) std::fill(row + i + 1, row + n_, T(0));
      row[i] = std::exp(A(i, i) * half * rest);
    }
  }

  // to = a @ b.
  void Multiply(const T* a, const T* b, T* to) const {
    GemmArgs<T> args;
    args.m = args.n = args.k = n_;
    args.a = {a, n_, 1};
    args.b = {b, n_, 1};
    args.c = {to, n_, 1};
    Gemm(args);
  }
  void AddTo(T* to, double factor, const T* x) const {
    const auto f = static_cast<Real<T>>(factor);
    for (int64_t i = 0; i < size_; ++i) to[i] += f * x[i];
  }
  void SetIdentity(T* to, double factor) const {
    std::fill_n(to, size_, T(0));
    for (int64_t i = 0; i < n_; ++i) to[i * (n_ + 1)] = T(static_cast<Real<T>>(factor));
  }

  // x_ = q(a_)^-1 p(a_), with p = even + odd powers and q = even - odd. False when q
  // is singular, which it is not where the approximant is good.
  bool Approximate(const Pade& pade) {
    const auto& b = pade.b;
    Multiply(a_, a_, a2_);
    if (pade.degree >= 5) Multiply(a2_, a2_, a4_);
    if (pade.degree >= 7) Multiply(a4_, a2_, a6_);
    SetIdentity(even_, b[0]);
    SetIdentity(work_, b[1]);
    const T* const powers[] = {a2_, a4_, a6_};
    for (int k = 2; k < std::min(pade.degree, 8); k += 2) {
      AddTo(even_, b[k], powers[k / 2 - 1]);
      AddTo(work_, b[k + 1], powers[k / 2 - 1]);
    }
    if (pade.degree == 9) {
      Multiply(a4_, a4_, x_);
      AddTo(even_, b[8], x_);
      AddTo(work_, b[9], x_);
    }
    if (pade.degree == 13) {
      AddHighPowers(&b[8], even_);
      AddHighPowers(&b[9], work_);
    }
    Multiply(a_, work_, odd_);
    for (int64_t i = 0; i < size_; ++i) {
      work_[i] = even_[i] - odd_[i];
      x_[i] = even_[i] + odd_[i];
    }
    return Solve();
  }

  // x_ = work_^-1 x_.
  bool Solve() {
    const Matrix<T> q = RowMajor(work_, n_, n_), x = RowMajor(x_, n_, n_);
    if (FactorLu(q, pivots_, panels_) != 0) return false;
    ExchangeRows(PivotsAt(pivots_, n_), x);
    SolveLower<T>(q, {.unit = true}, x);
    SolveUpper<T>(q, {}, x);
    return true;
  }

  // to += a6 @ (b[0] a2 + b[2] a4 + b[4] a6).
  void AddHighPowers(const double* b, T* to) {
    std::fill_n(x_, size_, T(0));
    AddTo(x_, b[0], a2_);
    AddTo(x_, b[2], a4_);
    AddTo(x_, b[4], a6_);
    Multiply(a6_, x_, odd_);
    AddTo(to, 1, odd_);
  }

  const int64_t n_, size_;
  Band band_;
  T *a_, *a2_, *a4_, *a6_, *even_, *odd_, *work_, *x_;
  int32_t* pivots_;
  T* panels_;
};

template <class T>
struct ExpLauncher {
  static void Launch(const LaunchArgs& args) {
    const auto& s = *static_cast<const ExpState*>(args.state);
    if (s.n == 0) return;
    RunBatch(s.batch, args, [&](Range matrices, char* memory, StepInfo*) {
      for (int64_t p = matrices.begin; p < matrices.end; ++p) {
        Workspace workspace(memory);
        Exponential<T>(workspace, s.n)
            .Compute(MatrixOf<const T>(s.batch, s.A, args.operands[0], p),
                     MatrixOf<T>(s.batch, s.result, args.results[0], p));
      }
    });
  }
};

}  // namespace

Prepared PrepareMatrixExp(const KernelCall& call) {
  auto s = std::make_shared<ExpState>();
  s->A = call.operands[0];
  s->result = call.results[0];
  s->n = s->A.sizes.back();
  const double n = static_cast<double>(s->n);
  const int64_t bytes = WorkspaceOf<Exponential>(s->A.dtype, s->n);
  const absl::Span<const int64_t> sizes = s->A.sizes;
  s->batch = MatrixBatch(sizes.first(sizes.size() - 2), 20 * n * n * n, bytes);
  const int64_t workspace = s->batch.workspace_bytes();
  return {ForBlasDType<ExpLauncher>(s->A.dtype), std::move(s), workspace};
}

}  // namespace otium::cpu
