// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/bidiagonal_svd.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <limits>

#include "backends/cpu/dense_block.h"
#include "backends/cpu/lapack.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/tasks.h"

// LAPACK's, but not in lapack.h. Strings are followed by their lengths, at the end.
#define OTIUM_DECLARE(T, lasd4, lasdq)                                                          \
  extern "C" void lasd4(const lapack_int* n, const lapack_int* i, const T* d, const T* z,       \
                        T* delta, const T* rho, T* sigma, T* work, lapack_int* info);           \
  extern "C" void lasdq(const char* uplo, const lapack_int* sqre, const lapack_int* n,          \
                        const lapack_int* ncvt, const lapack_int* nru, const lapack_int* ncc,   \
                        T* d, T* e, T* vt, const lapack_int* ldvt, T* u, const lapack_int* ldu, \
                        T* c, const lapack_int* ldc, T* work, lapack_int* info, size_t);
OTIUM_DECLARE(float, slasd4_, slasdq_)
OTIUM_DECLARE(double, dlasd4_, dlasdq_)
#undef OTIUM_DECLARE

namespace otium::cpu {
namespace {

auto Lasd4(float) { return slasd4_; }
auto Lasd4(double) { return dlasd4_; }
auto Lasdq(float) { return slasdq_; }
auto Lasdq(double) { return dlasdq_; }

// Most rows of what is not divided: with LAPACK's 25, 24 x 24 took half as long again.
constexpr int64_t kLeaf = 12;
// Elements of a task of the secular equation: some 10 us.
constexpr int64_t kTaskElements = 4096;

// Where a column of vectors has elements: in the rows of the left half, in all, in those
// of the right half. Columns that the equation leaves alone come last.
enum Kind : int32_t { kLeft, kBoth, kRight, kDeflated };

// `n` rows of the matrix from `begin` on. They reach into one column more, but for the
// last ones, and have one right vector more, the last, which they map to zero.
template <class T>
class Piece {
 public:
  Piece(const BidiagonalSvd<T>& svd, int64_t ld, T* diagonal, T* above, int64_t begin, int64_t n)
      : svd_(svd),
        ld_(ld),
        diagonal_(diagonal),
        above_(above),
        begin_(begin),
        n_(n),
        m_(begin + n == ld ? n : n + 1),
        middle_(n / 2),
        X_{svd.left + begin * (ld + 1), n, n, 1, ld},
        Y_{svd.right + begin * (ld + 1), m_, m_, 1, ld},
        W_{svd.vectors + begin * (ld + 1), m_, n, 1, ld},
        Q_{svd.secular + begin * (ld + 1), n, n, 1, ld},
        d_(diagonal + begin),
        row_(svd.row + begin),
        z_(svd.z + begin),
        poles_(svd.poles + begin),
        norms_(svd.norms + begin),
        order_(svd.order + begin),
        columns_(svd.columns + begin),
        places_(svd.places + begin),
        kinds_(svd.kinds + begin) {}

  bool Solve() {
    if (n_ <= kLeaf) return SolveLeaf();
    Piece halves[] = {{svd_, ld_, diagonal_, above_, begin_, middle_},
                      {svd_, ld_, diagonal_, above_, begin_ + middle_ + 1, n_ - middle_ - 1}};
    bool solved[2];
    ParallelFor(2, [&](int64_t half) { solved[half] = halves[half].Solve(); });
    return solved[0] && solved[1] && Merge();
  }

 private:
  bool SolveLeaf() {
    const auto n = static_cast<lapack_int>(n_), m = static_cast<lapack_int>(m_), extra = m - n,
               ld = static_cast<lapack_int>(ld_), none = 0;
    T vt[(kLeaf + 1) * (kLeaf + 1)] = {}, work[4 * kLeaf];
    for (int64_t i = 0; i < m_; ++i) vt[i * (m_ + 1)] = T(1);
    for (int64_t i = 0; i < n_; ++i) X_(i, i) = T(1);
    lapack_int info = 0;
    Lasdq(T())("U", &extra, &n, &m, &n, &none, d_, above_ + begin_, vt, &m, X_.data, &ld, X_.data,
               &ld, work, &info, 1);
    Copy<T>(RowMajor(vt, m_, m_), Y_);
    return info == 0;
  }

  // The values of the halves stand in d, and their vectors in X and Y, before and after
  // `middle`. From here on all is scaled to the largest number 1.
  bool Merge() {
    const T alpha = d_[middle_], beta = above_[begin_ + middle_];
    d_[middle_] = T(0);
    const T norm = std::max({std::abs(alpha), std::abs(beta), *std::max_element(d_, d_ + n_)});
    for (int64_t i = 0; i < n_; ++i) d_[i] /= norm;
    MakeRow(alpha / norm, beta / norm);
    Deflate();
    if (!FindRoots()) return false;
    MakeZ();
    MakeRight();
    UpdateVectors(Y_, middle_ + 1);
    MakeLeft();
    UpdateVectors(X_, middle_);
    for (int64_t k = 0; k < n_; ++k) d_[k] = norm * row_[k];
    return true;
  }

  // The middle row times the right vectors. Where two of these are mapped to zero, they
  // are turned so that it has no element at the last.
  void MakeRow(T alpha, T beta) {
    for (int64_t i = 0; i <= middle_; ++i) row_[i] = alpha * Y_(middle_, i);
    for (int64_t i = middle_ + 1; i < n_; ++i) row_[i] = beta * Y_(middle_ + 1, i);
    X_(middle_, middle_) = T(1);
    T& first = row_[middle_];
    if (m_ > n_) {
      const T last = beta * Y_(middle_ + 1, n_), length = std::hypot(first, last);
      const bool is_tiny = length <= kTolerance;
      Rotate(Y_, n_, middle_, is_tiny ? T(1) : first / length, is_tiny ? T(0) : last / length);
      first = length;
    }
    if (std::abs(first) <= kTolerance) first = kTolerance;
  }

  // Leaves to the equation what is far enough apart, and not zero, in the row. Of two
  // values that are the same both vectors are turned so that one has a zero there.
  void Deflate() {
    int64_t sorted = 0;
    for (int64_t i = 0; i < n_; ++i) {
      kinds_[i] = i < middle_ ? kLeft : i > middle_ ? kRight : kBoth;
      if (i != middle_) order_[sorted++] = static_cast<int32_t>(i);
    }
    std::sort(order_, order_ + sorted,
              [&](int32_t i, int32_t j) { return d_[i] != d_[j] ? d_[i] < d_[j] : i < j; });
    count_ = 0;
    Keep(static_cast<int32_t>(middle_));
    int32_t before = -1;
    for (int64_t k = 0; k < sorted; ++k) {
      const int32_t i = order_[k];
      if (std::abs(row_[i]) <= kTolerance) {
        kinds_[i] = kDeflated;
        continue;
      }
      if (before >= 0 && d_[i] - d_[before] <= kTolerance) {
        const T length = std::hypot(row_[i], row_[before]);
        const T c = row_[i] / length, s = row_[before] / length;
        Rotate(X_, before, i, c, s);
        Rotate(Y_, before, i, c, s);
        row_[i] = length;
        if (kinds_[i] != kinds_[before]) kinds_[i] = kBoth;
        kinds_[before] = kDeflated;
      } else if (before >= 0) {
        Keep(before);
      }
      before = i;
    }
    if (before >= 0) Keep(before);
    if (count_ > 1) poles_[1] = std::max(poles_[1], kTolerance / 2);
    Arrange();
  }
  void Keep(int32_t i) {
    columns_[count_] = i;
    poles_[count_] = d_[i];
    z_[count_++] = row_[i];
  }

  // Column i = c i - s j, column j = c j + s i.
  static void Rotate(const Matrix<T>& V, int64_t i, int64_t j, T c, T s) {
    T *const x = &V(0, i), *const y = &V(0, j);
    for (int64_t k = 0; k < V.rows; ++k) {
      const T xk = x[k], yk = y[k];
      x[k] = c * xk - s * yk;
      y[k] = c * yk + s * xk;
    }
  }

  // Where the columns go in W, by their kinds: k of the equation to places[k]. What comes
  // to place p is column order[p].
  void Arrange() {
    std::fill_n(of_kind_, 3, 0);
    for (int64_t k = 0; k < count_; ++k) ++of_kind_[kinds_[columns_[k]]];
    int64_t next[] = {0, of_kind_[kLeft], of_kind_[kLeft] + of_kind_[kBoth], count_};
    for (int64_t k = 0; k < count_; ++k) {
      places_[k] = static_cast<int32_t>(next[kinds_[columns_[k]]]++);
      order_[places_[k]] = columns_[k];
    }
    for (int64_t i = 0; i < n_; ++i) {
      if (kinds_[i] == kDeflated) order_[next[kDeflated]++] = static_cast<int32_t>(i);
    }
    for (int64_t p = count_; p < n_; ++p) row_[p] = d_[order_[p]];
  }

  // body(k) for each root, in tasks.
  template <class Body>
  void ForRoots(const Body& body) const {
    ParallelForRanges(count_, CeilDiv(kTaskElements, count_), [&](int64_t begin, int64_t end) {
      for (int64_t k = begin; k < end; ++k) body(k);
    });
  }

  // The new values, in `row`; Q(i, k) = pole(i)^2 - root(k)^2 to full precision.
  bool FindRoots() {
    T rho = 0;
    for (int64_t i = 0; i < count_; ++i) rho += z_[i] * z_[i];
    if (count_ == 1) {
      row_[0] = std::abs(z_[0]);
      Q_(0, 0) = -rho;
      return true;
    }
    const T length = std::sqrt(rho);
    for (int64_t i = 0; i < count_; ++i) z_[i] /= length;
    std::atomic<bool> converged = true;
    ForRoots([&](int64_t k) {
      const auto n = static_cast<lapack_int>(count_), root = static_cast<lapack_int>(k + 1);
      T *const differences = &Q_(0, k), *const sums = &W_(0, k);
      lapack_int info = 0;
      Lasd4(T())(&n, &root, poles_, z_, differences, &rho, &row_[k], sums, &info);
      if (info != 0) converged = false;
      for (int64_t i = 0; i < count_; ++i) differences[i] *= sums[i];
    });
    return converged;
  }

  // The row whose equation has exactly the roots that were found: its vectors are
  // orthogonal, those of the row that there was need not be.
  void MakeZ() {
    if (count_ == 1) return;
    ParallelForRanges(count_, RoundUp(CeilDiv(kTaskElements, count_), 16),
                      [&](int64_t begin, int64_t end) { MakeZ(begin, end); });
  }
  void MakeZ(int64_t begin, int64_t end) {
    T* const squares = norms_;
    const int64_t last = count_ - 1;
    std::copy(&Q_(begin, last), &Q_(begin, last) + (end - begin), squares + begin);
    for (int64_t k = 0; k < last; ++k) {
      const T* const products = &Q_(0, k);
      const auto multiply = [&](int64_t from, int64_t to, T pole) {
        for (int64_t i = from; i < to; ++i) {
          squares[i] *= products[i] / ((poles_[i] - pole) * (poles_[i] + pole));
        }
      };
      multiply(begin, std::min(end, k + 1), poles_[k + 1]);
      multiply(std::max(begin, k + 1), end, poles_[k]);
    }
    for (int64_t i = begin; i < end; ++i) {
      z_[i] = std::copysign(std::sqrt(std::abs(squares[i])), z_[i]);
    }
  }

  // The right vectors z(i) / (pole(i)^2 - root(k)^2), scaled to length 1 from norms[k].
  void MakeRight() {
    ForRoots([&](int64_t k) {
      T *const q = &Q_(0, k), *const v = &W_(0, k);
      T sum = 0;
      for (int64_t i = 0; i < count_; ++i) {
        v[i] = z_[i] / q[i];
        sum += v[i] * v[i];
      }
      norms_[k] = std::sqrt(sum);
      const T scale = T(1) / norms_[k];
      for (int64_t i = 0; i < count_; ++i) q[places_[i]] = scale * v[i];
    });
  }
  // The left ones from them: pole(i) times the same, and -1 in the middle.
  void MakeLeft() {
    ForRoots([&](int64_t k) {
      T* const q = &Q_(0, k);
      q[places_[0]] = T(-1) / norms_[k];
      T sum = q[places_[0]] * q[places_[0]];
      for (int64_t i = 1; i < count_; ++i) {
        T& x = q[places_[i]];
        x *= poles_[i];
        sum += x * x;
      }
      const T scale = T(1) / std::sqrt(sum);
      for (int64_t i = 0; i < count_; ++i) q[i] *= scale;
    });
  }

  // V = V Q, where the left half has `first` rows, without the products with zeros.
  void UpdateVectors(const Matrix<T>& V, int64_t first) {
    const int64_t rest = V.rows - first, left = of_kind_[kLeft], both = of_kind_[kBoth];
    ParallelForRanges(n_, CeilDiv(kTaskElements, n_), [&](int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; ++p) std::copy_n(&V(0, order_[p]), V.rows, &W_(0, p));
    });
    Multiply<T>(T(1), W_.Block(0, 0, first, left + both), Q_.Block(0, 0, left + both, count_), T(0),
                V.Block(0, 0, first, count_));
    Multiply<T>(T(1), W_.Block(first, left, rest, count_ - left),
                Q_.Block(left, 0, count_ - left, count_), T(0), V.Block(first, 0, rest, count_));
    for (int64_t p = count_; p < n_; ++p) std::copy_n(&W_(0, p), V.rows, &V(0, p));
  }

  static constexpr T kTolerance = 4 * std::numeric_limits<T>::epsilon();

  const BidiagonalSvd<T>& svd_;
  const int64_t ld_;
  T *const diagonal_, *const above_;
  const int64_t begin_, n_, m_, middle_;
  // The vectors; columns of them, and the matrix of the equation.
  const Matrix<T> X_, Y_, W_, Q_;
  T *const d_, *const row_, *const z_, *const poles_, *const norms_;
  int32_t *const order_, *const columns_, *const places_, *const kinds_;
  // Of the equation, all, and by kind.
  int64_t count_ = 0, of_kind_[3] = {};
};

}  // namespace

template <class T>
bool SolveBidiagonal(int64_t n, T* diagonal, T* above, const BidiagonalSvd<T>& svd) {
  T largest = 0;
  for (int64_t i = 0; i < n; ++i) {
    largest = std::max({largest, std::abs(diagonal[i]), i + 1 < n ? std::abs(above[i]) : T(0)});
  }
  std::fill_n(svd.left, n * n, T(0));
  std::fill_n(svd.right, n * n, T(0));
  if (largest == T(0)) {
    for (int64_t i = 0; i < n; ++i) svd.left[i * (n + 1)] = svd.right[i * (n + 1)] = T(1);
  } else {
    // No piece is zero: each is scaled by its largest number.
    constexpr T kTiny = std::numeric_limits<T>::epsilon() / 2;
    for (int64_t i = 0; i < n; ++i) {
      diagonal[i] /= largest;
      if (std::abs(diagonal[i]) < kTiny) diagonal[i] = std::copysign(kTiny, diagonal[i]);
      if (i + 1 < n) above[i] /= largest;
    }
    if (!Piece<T>(svd, n, diagonal, above, 0, n).Solve()) return false;
  }
  for (int64_t i = 0; i < n; ++i) svd.order[i] = static_cast<int32_t>(i);
  std::sort(svd.order, svd.order + n, [&](int32_t i, int32_t j) {
    return diagonal[i] != diagonal[j] ? diagonal[i] > diagonal[j] : i < j;
  });
  for (int64_t i = 0; i < n; ++i) svd.row[i] = largest * diagonal[svd.order[i]];
  std::copy_n(svd.row, n, diagonal);
  return true;
}

template bool SolveBidiagonal(int64_t, float*, float*, const BidiagonalSvd<float>&);
template bool SolveBidiagonal(int64_t, double*, double*, const BidiagonalSvd<double>&);

}  // namespace otium::cpu
