// SPDX-License-Identifier: Apache-2.0

#include "backends/cpu/small_matrices.h"

#include <algorithm>
#include <complex>
#include <limits>

#include "backends/cpu/simd_dispatch.h"
#include "backends/cpu/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/small_matrices.cc"
#include "hwy/foreach_target.h"  // Must come before highway.h.

#include "backends/cpu/small_lanes-inl.h"
#include "backends/cpu/small_substitution-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace otium::cpu {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// The first failure of each lane.
template <class T>
class Codes {
 public:
  using R = RealType<T>;
  using D = hn::ScalableTag<R>;
  Codes() : codes_(hn::Zero(D())) {}
  // Step k, from 0, failed where `failed`.
  void Note(hn::Mask<D> failed, int64_t k) {
    const D d;
    const auto first = hn::And(failed, hn::Eq(codes_, hn::Zero(d)));
    codes_ = hn::IfThenElse(first, hn::Set(d, static_cast<R>(k + 1)), codes_);
  }
  void StoreTo(SmallGroup<T>& group) const {
    HWY_ALIGN R codes[kMostLanes];
    hn::Store(codes_, D(), codes);
    for (int64_t l = 0; l < group.count; ++l) group.codes[l] = static_cast<int32_t>(codes[l]);
  }

 private:
  RealLanes<T> codes_;
};

// ---- Cholesky

// Columns that are factored together, in registers.
template <class T>
constexpr int kCholeskyColumns = (HWY_MAX_BYTES == 64 ? 4 : 2) / RealOf<T>::kParts;

// x[r][c] = a(i + r, j + c) - the sum over k < j of a(i + r, k) * conj(a(j + c, k)).
template <int kRows, int kColumns, class T>
HWY_INLINE void SubtractProducts(const Grid<T>& a, int64_t i, int64_t j,
                                 typename Grid<T>::V (&x)[kRows][kColumns]) {
  HWY_UNROLL(4)
  for (int r = 0; r < kRows; ++r) {
    HWY_UNROLL(4)
    for (int c = 0; c < kColumns; ++c) x[r][c] = a.Get(i + r, j + c);
  }
  for (int64_t k = 0; k < j; ++k) {
    typename Grid<T>::V y[kColumns];
    HWY_UNROLL(4)
    for (int c = 0; c < kColumns; ++c) y[c] = Conjugate(a.Get(j + c, k));
    HWY_UNROLL(4)
    for (int r = 0; r < kRows; ++r) {
      const auto of_row = a.Get(i + r, k);
      HWY_UNROLL(4)
      for (int c = 0; c < kColumns; ++c) x[r][c] = NegMulAdd(of_row, y[c], x[r][c]);
    }
  }
}

// Columns j to j + kColumns of rows i to i + kRows, below the diagonal.
template <int kRows, int kColumns, class T>
HWY_INLINE void FactorRows(const Grid<T>& a, int64_t i, int64_t j,
                           const RealLanes<T> (&reciprocals)[kColumns]) {
  typename Grid<T>::V x[kRows][kColumns];
  SubtractProducts(a, i, j, x);
  HWY_UNROLL(4)
  for (int c = 0; c < kColumns; ++c) {
    HWY_UNROLL(4)
    for (int r = 0; r < kRows; ++r) {
      x[r][c] = Mul(x[r][c], reciprocals[c]);
      a.Set(i + r, j + c, x[r][c]);
    }
    HWY_UNROLL(4)
    for (int b = c + 1; b < kColumns; ++b) {
      const auto y = Conjugate(a.Get(j + b, j + c));
      HWY_UNROLL(4)
      for (int r = 0; r < kRows; ++r) x[r][b] = NegMulAdd(x[r][c], y, x[r][b]);
    }
  }
}

// Columns j to j + kColumns. Of the diagonal the imaginary parts are not read. No square root is
// so small that its reciprocal overflows.
template <int kColumns, class T>
HWY_INLINE void FactorColumns(const Grid<T>& a, int64_t n, int64_t j, const Ahead<T>& ahead,
                              Codes<T>& codes) {
  const hn::ScalableTag<RealType<T>> d;
  typename Grid<T>::V x[kColumns][kColumns];
  RealLanes<T> reciprocals[kColumns];
  SubtractProducts(a, j, j, x);
  HWY_UNROLL(4)
  for (int c = 0; c < kColumns; ++c) {
    ahead.Column(j + c);
    const auto square = RealPart(x[c][c]);
    codes.Note(hn::Not(hn::Gt(square, hn::Zero(d))), j + c);
    const auto pivot = hn::Sqrt(square);
    reciprocals[c] = Reciprocal(pivot);
    a.SetReal(j + c, j + c, pivot);
    HWY_UNROLL(4)
    for (int r = c + 1; r < kColumns; ++r) {
      x[r][c] = Mul(x[r][c], reciprocals[c]);
      a.Set(j + r, j + c, x[r][c]);
    }
    HWY_UNROLL(4)
    for (int r = c + 1; r < kColumns; ++r) {
      HWY_UNROLL(4)
      for (int b = c + 1; b <= r; ++b) {
        x[r][b] = NegMulAdd(x[r][c], Conjugate(x[b][c]), x[r][b]);
      }
    }
  }
  int64_t i = j + kColumns;
  for (; i + 4 <= n; i += 4) FactorRows<4, kColumns>(a, i, j, reciprocals);
  for (; i < n; ++i) FactorRows<1, kColumns>(a, i, j, reciprocals);
}

// L in the lower triangle of a, with L L.H = a, in place.
template <class T>
Codes<T> FactorCholesky(const Grid<T>& a, int64_t n, const Ahead<T>& ahead) {
  Codes<T> codes;
  int64_t j = 0;
  for (; j + kCholeskyColumns<T> <= n; j += kCholeskyColumns<T>) {
    FactorColumns<kCholeskyColumns<T>>(a, n, j, ahead, codes);
  }
  for (; j < n; ++j) FactorColumns<1>(a, n, j, ahead, codes);
  return codes;
}

// ---- LU

// Row k of `rows` is exchanged with each lane's pivot row, for kColumns columns from j on;
// then multiples of it, by the factors in column k of a, are taken from the rows below.
// Grids are copies, which no store can change.
template <int kColumns, class T>
HWY_INLINE void Eliminate(Grid<T> a, int64_t n, int64_t k, RealLanes<T> pivot_row, Grid<T> rows,
                          int64_t j) {
  const hn::ScalableTag<RealType<T>> d;
  typename Grid<T>::V upper[kColumns], pivot[kColumns];
  HWY_UNROLL(4)
  for (int c = 0; c < kColumns; ++c) pivot[c] = upper[c] = rows.Get(k, j + c);
  for (int64_t i = k + 1; i < n; ++i) {
    const auto is_pivot = hn::Eq(pivot_row, hn::Set(d, static_cast<RealType<T>>(i)));
    HWY_UNROLL(4)
    for (int c = 0; c < kColumns; ++c) {
      pivot[c] = IfThenElse(is_pivot, rows.Get(i, j + c), pivot[c]);
    }
  }
  HWY_UNROLL(4)
  for (int c = 0; c < kColumns; ++c) rows.Set(k, j + c, pivot[c]);
  for (int64_t i = k + 1; i < n; ++i) {
    const auto is_pivot = hn::Eq(pivot_row, hn::Set(d, static_cast<RealType<T>>(i)));
    const auto factor = a.Get(i, k);
    HWY_UNROLL(4)
    for (int c = 0; c < kColumns; ++c) {
      const auto x = IfThenElse(is_pivot, upper[c], rows.Get(i, j + c));
      rows.Set(i, j + c, NegMulAdd(factor, pivot[c], x));
    }
  }
}

// Row k is exchanged with each lane's pivot row, for columns from `begin` to `end`.
template <class T>
HWY_INLINE void Exchange(const Grid<T>& rows, int64_t n, int64_t k, RealLanes<T> pivot_row,
                         int64_t begin, int64_t end) {
  const hn::ScalableTag<RealType<T>> d;
  for (int64_t j = begin; j < end; ++j) {
    const auto upper = rows.Get(k, j);
    auto pivot = upper;
    for (int64_t i = k + 1; i < n; ++i) {
      const auto is_pivot = hn::Eq(pivot_row, hn::Set(d, static_cast<RealType<T>>(i)));
      const auto lower = rows.Get(i, j);
      pivot = IfThenElse(is_pivot, lower, pivot);
      rows.Set(i, j, IfThenElse(is_pivot, upper, lower));
    }
    rows.Set(k, j, pivot);
  }
}

// The row of the first of the largest elements in column k, from row k on; NaN is none.
template <class T>
HWY_INLINE RealLanes<T> FindPivot(const Grid<T>& a, int64_t n, int64_t k) {
  using R = RealType<T>;
  const hn::ScalableTag<R> d;
  auto most = SizeOf(a.Get(k, k));
  for (int64_t i = k + 1; i < n; ++i) most = hn::Max(SizeOf(a.Get(i, k)), most);
  auto row = hn::Set(d, static_cast<R>(k));
  for (int64_t i = n; i-- > k;) {
    const auto is_most = hn::Eq(SizeOf(a.Get(i, k)), most);
    row = hn::IfThenElse(is_most, hn::Set(d, static_cast<R>(i)), row);
  }
  return row;
}

// P a = L U by partial pivoting, with b = inv(L) P b. U is in a's upper triangle; below it
// are the columns of L, each with its rows in the order of its step. eliminated(k, pivot_row)
// is called after step k, with the rows, from 0, that row k was exchanged with.
template <class T, class Eliminated>
HWY_INLINE Codes<T> FactorLu(const Grid<T>& a, int64_t n, const Grid<T>& b, int64_t columns,
                             const Ahead<T>& ahead, const Eliminated& eliminated) {
  using R = RealType<T>;
  const hn::ScalableTag<R> d;
  Codes<T> codes;
  for (int64_t k = 0; k < n; ++k) {
    ahead.Column(k);
    const auto pivot_row = FindPivot(a, n, k);
    Exchange(a, n, k, pivot_row, k, k + 1);
    const auto pivot = a.Get(k, k);
    const auto is_zero = hn::Eq(SizeOf(pivot), hn::Zero(d));
    codes.Note(is_zero, k);
    // A column of zeros stays as it is.
    const auto one = Grid<T>::Number::FromReal(hn::Set(d, R(1)));
    const Divider<T> divider(IfThenElse(is_zero, one, pivot));
    for (int64_t i = k + 1; i < n; ++i) a.Set(i, k, divider.Divide(a.Get(i, k)));
    ForColumns<T>(k + 1, n, [&](auto width, int64_t j) HWY_ATTR {
      Eliminate<width>(a, n, k, pivot_row, a, j);
    });
    ForColumns<T>(0, columns, [&](auto width, int64_t j) HWY_ATTR {
      Eliminate<width>(a, n, k, pivot_row, b, j);
    });
    eliminated(k, pivot_row);
  }
  return codes;
}

// ---- groups

// Where the parts of a group's memory are.
template <class T>
struct Parts {
  explicit Parts(const SmallGroup<T>& group)
      : a(group.memory), b(a + group.n * group.n * kMostLanes) {}
  Grid<T> B(int64_t columns) const { return Grid<T>(b, columns); }

  T *a, *b;
};

// The matrices a in their part.
template <class T>
Grid<T> GatherMatrices(const SmallGroup<T>& group, const Parts<T>& parts) {
  const int64_t n = group.n;
  Lanes<T>::Gather(group.a, group.count, n * n, parts.a);
  const Grid<T> a(parts.a, n);
  for (int64_t i = 0; group.by_columns && i < n; ++i) {
    for (int64_t j = 0; j < i; ++j) {
      const auto x = a.Get(i, j);
      a.Set(i, j, a.Get(j, i));
      a.Set(j, i, x);
    }
  }
  return a;
}

template <class T>
void GroupCholesky(SmallGroup<T>& group, bool upper) {
  const hn::ScalableTag<RealType<T>> d;
  const int64_t n = group.n;
  const Parts<T> parts(group);
  const Grid<T> matrices = GatherMatrices(group, parts);
  // U is the transpose of the L of the transpose, also where that is the conjugate.
  const Grid<T> a = upper ? matrices.Transposed() : matrices;
  FactorCholesky(a, n, Ahead<T>(group)).StoreTo(group);
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = i + 1; j < n; ++j) a.SetReal(i, j, hn::Zero(d));
  }
  Lanes<T>::Scatter(group.out, group.count, n * n, parts.a, group.streams);
}

template <class T>
void GroupLu(SmallGroup<T>& group) {
  using V = RealLanes<T>;
  const hn::ScalableTag<RealType<T>> d;
  const int64_t n = group.n;
  const Parts<T> parts(group);
  const Grid<T> a = GatherMatrices(group, parts);
  const auto eliminated = [&](int64_t k, V pivot_row) HWY_ATTR {
    Exchange(a, n, k, pivot_row, 0, k);
    HWY_ALIGN RealType<T> rows[kMostLanes];
    hn::Store(pivot_row, d, rows);
    for (int64_t l = 0; l < group.count; ++l) {
      group.pivots[l][k] = static_cast<int32_t>(rows[l]) + 1;
    }
  };
  FactorLu(a, n, a, 0, Ahead<T>(group), eliminated).StoreTo(group);
  Lanes<T>::Scatter(group.out, group.count, n * n, parts.a, group.streams);
}

template <class T>
void GroupLuDiagonal(SmallGroup<T>& group) {
  using V = RealLanes<T>;
  const hn::ScalableTag<RealType<T>> d;
  const int64_t n = group.n;
  const Parts<T> parts(group);
  const Grid<T> a = GatherMatrices(group, parts), diagonal = parts.B(1);
  V signs = hn::Zero(d);
  const auto eliminated = [&](int64_t k, V pivot_row) HWY_ATTR {
    diagonal.Set(k, 0, a.Get(k, k));
    const auto stays = hn::Eq(pivot_row, hn::Set(d, static_cast<RealType<T>>(k)));
    signs = hn::Xor(signs, hn::IfThenZeroElse(stays, hn::SignBit(d)));
  };
  FactorLu(a, n, a, 0, Ahead<T>(group), eliminated).StoreTo(group);
  diagonal.Set(0, 0, Xor(diagonal.Get(0, 0), signs));
  Lanes<T>::Scatter(group.out, group.count, n, parts.b, /*streams=*/false);
}

template <class T>
void GroupSolve(SmallGroup<T>& group) {
  using V = RealLanes<T>;
  const int64_t n = group.n, columns = group.columns;
  const Parts<T> parts(group);
  const Grid<T> a = GatherMatrices(group, parts), b = parts.B(columns);
  Lanes<T>::Gather(group.b, group.count, n * columns, parts.b);
  FactorLu(a, n, b, columns, Ahead<T>(group), [](int64_t, V) {}).StoreTo(group);
  Substitute(a, {.upper = true}, n, b, columns);
  Lanes<T>::Scatter(group.out, group.count, n * columns, parts.b, group.streams);
}

template <class T>
void GroupSolveDefinite(SmallGroup<T>& group) {
  const int64_t n = group.n, columns = group.columns;
  const Parts<T> parts(group);
  const Grid<T> a = GatherMatrices(group, parts), b = parts.B(columns);
  Lanes<T>::Gather(group.b, group.count, n * columns, parts.b);
  FactorCholesky(a, n, Ahead<T>(group)).StoreTo(group);
  Substitute(a, {.upper = false}, n, b, columns);
  Substitute(a.Transposed(), {.upper = true, .conjugated = true}, n, b, columns);
  Lanes<T>::Scatter(group.out, group.count, n * columns, parts.b, group.streams);
}

template <class T>
void GroupSubstitute(SmallGroup<T>& group, absl::Span<const SmallTriangle> triangles) {
  const int64_t n = group.n, columns = group.columns;
  const Parts<T> parts(group);
  const Grid<T> rows(parts.a, n), b = parts.B(columns);
  Lanes<T>::Gather(group.a, group.count, n * n, parts.a);
  Lanes<T>::Gather(group.b, group.count, n * columns, parts.b);
  for (const SmallTriangle& triangle : triangles) {
    const bool transposed = triangle.transposed != group.by_columns;
    Substitute(transposed ? rows.Transposed() : rows, triangle, n, b, columns);
  }
  Lanes<T>::Scatter(group.out, group.count, n * columns, parts.b, group.streams);
}

// The right-hand sides are the identity. Of a matrix that is not finite the inverse is NaN
// in all its elements, as it is of larger ones.
template <class T>
void GroupInverse(SmallGroup<T>& group) {
  using V = RealLanes<T>;
  const hn::ScalableTag<RealType<T>> d;
  const int64_t n = group.n;
  const Parts<T> parts(group);
  const Grid<T> a = GatherMatrices(group, parts), b = parts.B(n);
  V ones = hn::Set(d, RealType<T>(1));  // Or NaN.
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      ones = AddZeroTimes(a.Get(i, j), ones);
      b.SetReal(i, j, hn::Set(d, RealType<T>(i == j)));
    }
  }
  FactorLu(a, n, b, n, Ahead<T>(group), [](int64_t, V) {}).StoreTo(group);
  Substitute(a, {.upper = true}, n, b, n);
  if (!hn::AllTrue(d, hn::Eq(ones, ones))) {
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t j = 0; j < n; ++j) b.Set(i, j, Mul(b.Get(i, j), ones));
    }
  }
  Lanes<T>::Scatter(group.out, group.count, n * n, parts.b, group.streams);
}

template <class T>
const SmallKernels<T>* Kernels() {
  static const SmallKernels<T> kernels = {
      kTile<RealType<T>>, GroupCholesky<T>,      GroupLu<T>,         GroupLuDiagonal<T>,
      GroupSolve<T>,      GroupSolveDefinite<T>, GroupSubstitute<T>, GroupInverse<T>};
  return &kernels;
}

const SmallKernels<float>* F32() { return Kernels<float>(); }
const SmallKernels<double>* F64() { return Kernels<double>(); }
const SmallKernels<std::complex<float>>* C64() { return Kernels<std::complex<float>>(); }
const SmallKernels<std::complex<double>>* C128() { return Kernels<std::complex<double>>(); }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace otium::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace otium::cpu {
OTIUM_BEST_REAL_KERNELS(SmallKernels)
OTIUM_BEST_COMPLEX_KERNELS(SmallKernels)
}  // namespace otium::cpu
#endif  // HWY_ONCE
