// SPDX-License-Identifier: Apache-2.0

#include "backends/cpu/small_matrices.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "backends/cpu/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/small_matrices.cc"
#include "hwy/foreach_target.h"  // Must come before highway.h.

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace otium::cpu {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// ---- matrices to lanes and back

// Four vectors of f32 (two of f64), whose 128-bit blocks are matrices, transposed.
#if HWY_TARGET != HWY_SCALAR
template <class D>
HWY_INLINE void TransposeBlocks(D d, float, hn::Vec<D>* v) {
  const hn::Repartition<double, D> wide;
  const auto low01 = hn::BitCast(wide, hn::InterleaveLower(d, v[0], v[1]));
  const auto high01 = hn::BitCast(wide, hn::InterleaveUpper(d, v[0], v[1]));
  const auto low23 = hn::BitCast(wide, hn::InterleaveLower(d, v[2], v[3]));
  const auto high23 = hn::BitCast(wide, hn::InterleaveUpper(d, v[2], v[3]));
  v[0] = hn::BitCast(d, hn::InterleaveLower(wide, low01, low23));
  v[1] = hn::BitCast(d, hn::InterleaveUpper(wide, low01, low23));
  v[2] = hn::BitCast(d, hn::InterleaveLower(wide, high01, high23));
  v[3] = hn::BitCast(d, hn::InterleaveUpper(wide, high01, high23));
}
template <class D>
HWY_INLINE void TransposeBlocks(D d, double, hn::Vec<D>* v) {
  const auto low = hn::InterleaveLower(d, v[0], v[1]);
  v[1] = hn::InterleaveUpper(d, v[0], v[1]);
  v[0] = low;
}
#endif

// Arrays of `elements` numbers of each of `count` matrices, and their lanes: element e of
// matrix l is at lanes[e * Lanes + l]. The numbers pass through `stage`, as large as
// `lanes`, in pieces of 128 bits.
template <class T>
class Lanes {
 public:
  static constexpr int64_t kBlock = 16 / static_cast<int64_t>(sizeof(T));
  using D = hn::ScalableTag<T>;

  static int64_t Count() { return static_cast<int64_t>(hn::Lanes(D())); }

  // Lanes without a matrix repeat the last one.
  static void Gather(const T* const* matrices, int64_t count, int64_t elements, T* stage,
                     T* lanes) {
    const int64_t n = Count();
    const int64_t pieces = Pieces(elements);
    for (int64_t l = 0; l < n; ++l) {
      const T* from = matrices[std::min(l, count - 1)];
      for (int64_t p = 0; p < pieces; ++p) {
        std::memcpy(stage + StageOf(l, p), from + p * kBlock, 16);
      }
      for (int64_t e = pieces * kBlock; e < elements; ++e) lanes[e * n + l] = from[e];
    }
    Transpose(pieces, stage, lanes);
  }

  static void Scatter(T* const* matrices, int64_t count, int64_t elements, T* stage,
                      const T* lanes) {
    const int64_t n = Count();
    const int64_t pieces = Pieces(elements);
    Transpose(pieces, lanes, stage);
    for (int64_t l = 0; l < count; ++l) {
      T* to = matrices[l];
      for (int64_t p = 0; p < pieces; ++p) {
        std::memcpy(to + p * kBlock, stage + StageOf(l, p), 16);
      }
      for (int64_t e = pieces * kBlock; e < elements; ++e) to[e] = lanes[e * n + l];
    }
  }

 private:
  // Whole ones; vectors of one lane need none.
  static int64_t Pieces(int64_t elements) { return Count() < kBlock ? 0 : elements / kBlock; }

  // Matrix l is block l / kBlock of vector l % kBlock of each piece.
  static int64_t StageOf(int64_t l, int64_t piece) {
    return (piece * kBlock + l % kBlock) * Count() + l / kBlock * kBlock;
  }

  static void Transpose(int64_t pieces, const T* from, T* to) {
#if HWY_TARGET == HWY_SCALAR
    (void)pieces, (void)from, (void)to;
#else
    const D d;
    const int64_t n = Count();
    for (int64_t p = 0; p < pieces; ++p, from += kBlock * n, to += kBlock * n) {
      hn::Vec<D> v[kBlock];
      for (int64_t q = 0; q < kBlock; ++q) v[q] = hn::Load(d, from + q * n);
      TransposeBlocks(d, T(), v);
      for (int64_t q = 0; q < kBlock; ++q) hn::Store(v[q], d, to + q * n);
    }
#endif
  }
};

// ---- matrices of vectors

// Element (i, j) of all matrices of a group.
template <class T>
class Grid {
 public:
  using D = hn::ScalableTag<T>;
  using V = hn::Vec<D>;
  Grid(T* data, int64_t columns) : Grid(data, columns * Lanes<T>::Count(), Lanes<T>::Count()) {}

  Grid Transposed() const { return Grid(data_, column_, row_); }
  V Get(int64_t i, int64_t j) const { return hn::Load(D(), data_ + i * row_ + j * column_); }
  void Set(int64_t i, int64_t j, V v) const { hn::Store(v, D(), data_ + i * row_ + j * column_); }

 private:
  Grid(T* data, int64_t row_stride, int64_t column_stride)
      : data_(data), row_(row_stride), column_(column_stride) {}

  T* data_;
  int64_t row_, column_;  // Strides.
};

// The first failure of each lane.
template <class T>
class Codes {
 public:
  using D = hn::ScalableTag<T>;
  using V = hn::Vec<D>;
  Codes() : codes_(hn::Zero(D())) {}
  // Step k, from 0, failed where `failed`.
  void Note(hn::Mask<D> failed, int64_t k) {
    const D d;
    const auto first = hn::And(failed, hn::Eq(codes_, hn::Zero(d)));
    codes_ = hn::IfThenElse(first, hn::Set(d, static_cast<T>(k + 1)), codes_);
  }
  void StoreTo(SmallGroup<T>& group) const {
    HWY_ALIGN T codes[kMostLanes];
    hn::Store(codes_, D(), codes);
    for (int64_t l = 0; l < group.count; ++l) group.codes[l] = static_cast<int32_t>(codes[l]);
  }

 private:
  V codes_;
};

// to(i + r, j + c) -= the sum over k < terms of x(i + r, k) * y(k, j + c), for r < kRows,
// c < kColumns: in registers.
template <int kRows, int kColumns, class T>
HWY_INLINE void SubtractProduct(const Grid<T>& x, const Grid<T>& y, int64_t i, int64_t j,
                                int64_t begin, int64_t end, const Grid<T>& to) {
  using V = typename Grid<T>::V;
  V sums[kRows][kColumns];
  HWY_UNROLL(4)
  for (int r = 0; r < kRows; ++r) {
    HWY_UNROLL(4)
    for (int c = 0; c < kColumns; ++c) sums[r][c] = to.Get(i + r, j + c);
  }
  for (int64_t k = begin; k < end; ++k) {
    V of_y[kColumns];
    HWY_UNROLL(4)
    for (int c = 0; c < kColumns; ++c) of_y[c] = y.Get(k, j + c);
    HWY_UNROLL(4)
    for (int r = 0; r < kRows; ++r) {
      const V of_x = x.Get(i + r, k);
      HWY_UNROLL(4)
      for (int c = 0; c < kColumns; ++c) {
        sums[r][c] = hn::NegMulAdd(of_x, of_y[c], sums[r][c]);
      }
    }
  }
  HWY_UNROLL(4)
  for (int r = 0; r < kRows; ++r) {
    HWY_UNROLL(4)
    for (int c = 0; c < kColumns; ++c) to.Set(i + r, j + c, sums[r][c]);
  }
}

// The same for column j of rows i to n.
template <class T>
HWY_INLINE void SubtractFromColumn(const Grid<T>& x, const Grid<T>& y, int64_t i, int64_t n,
                                   int64_t j, int64_t terms, const Grid<T>& to) {
  for (; i + 4 <= n; i += 4) SubtractProduct<4, 1>(x, y, i, j, 0, terms, to);
  for (; i < n; ++i) SubtractProduct<1, 1>(x, y, i, j, 0, terms, to);
}

// The same for row i, all of its `columns`.
template <class T>
HWY_INLINE void SubtractFromRow(const Grid<T>& x, int64_t i, int64_t begin, int64_t end,
                                int64_t columns, const Grid<T>& to) {
  int64_t j = 0;
  for (; j + 4 <= columns; j += 4) SubtractProduct<1, 4>(x, to, i, j, begin, end, to);
  for (; j < columns; ++j) SubtractProduct<1, 1>(x, to, i, j, begin, end, to);
}

// Quotients by one divisor a lane: products with its reciprocal, but where that could
// overflow.
template <class T>
class Divider {
 public:
  using D = hn::ScalableTag<T>;
  using V = hn::Vec<D>;
  explicit Divider(V divisor)
      : divisor_(divisor),
        reciprocal_(hn::Div(hn::Set(D(), T(1)), divisor)),
        is_tiny_(hn::Lt(hn::Abs(divisor), hn::Set(D(), std::numeric_limits<T>::min()))),
        any_is_tiny_(!hn::AllFalse(D(), is_tiny_)) {}

  V Divide(V x) const {
    const V product = hn::Mul(x, reciprocal_);
    return any_is_tiny_ ? hn::IfThenElse(is_tiny_, hn::Div(x, divisor_), product) : product;
  }

 private:
  const V divisor_, reciprocal_;
  const hn::Mask<D> is_tiny_;
  const bool any_is_tiny_;
};

template <class T>
HWY_INLINE void DivideRow(const Grid<T>& rows, int64_t i, int64_t columns,
                          typename Grid<T>::V divisor) {
  const Divider<T> divider(divisor);
  for (int64_t j = 0; j < columns; ++j) rows.Set(i, j, divider.Divide(rows.Get(i, j)));
}

// L in the lower triangle of a, in place.
template <class T>
Codes<T> FactorCholesky(const Grid<T>& a, int64_t n) {
  const hn::ScalableTag<T> d;
  Codes<T> codes;
  for (int64_t j = 0; j < n; ++j) {
    SubtractFromColumn(a, a.Transposed(), j, n, j, j, a);
    const auto square = a.Get(j, j);
    codes.Note(hn::Not(hn::Gt(square, hn::Zero(d))), j);
    const auto pivot = hn::Sqrt(square);
    a.Set(j, j, pivot);
    const Divider<T> divider(pivot);
    for (int64_t i = j + 1; i < n; ++i) a.Set(i, j, divider.Divide(a.Get(i, j)));
  }
  return codes;
}

// P a = L U in place, by partial pivoting, column by column, with P applied to b.
// `pivots` gets the row, from 0, that row k was exchanged with.
template <class T>
Codes<T> FactorLu(const Grid<T>& a, int64_t n, const Grid<T>& b, int64_t columns, T* pivots) {
  const hn::ScalableTag<T> d;
  const int64_t lanes = Lanes<T>::Count();
  Codes<T> codes;
  for (int64_t k = 0; k < n; ++k) {
    for (int64_t i = 1; i < k; ++i) SubtractProduct<1, 1>(a, a, i, k, 0, i, a);
    SubtractFromColumn(a, a, std::max<int64_t>(k, 1), n, k, k, a);
    auto most = hn::Abs(a.Get(k, k));
    auto pivot_row = hn::Set(d, static_cast<T>(k));
    for (int64_t i = k + 1; i < n; ++i) {
      const auto magnitude = hn::Abs(a.Get(i, k));
      const auto is_more = hn::Gt(magnitude, most);
      most = hn::IfThenElse(is_more, magnitude, most);
      pivot_row = hn::IfThenElse(is_more, hn::Set(d, static_cast<T>(i)), pivot_row);
    }
    hn::Store(pivot_row, d, pivots + k * lanes);
    // A lane exchanges row k with one other at most.
    for (int64_t i = k + 1; i < n; ++i) {
      const auto is_pivot = hn::Eq(pivot_row, hn::Set(d, static_cast<T>(i)));
      if (hn::AllFalse(d, is_pivot)) continue;
      auto exchange = [&](const Grid<T>& rows, int64_t width) HWY_ATTR {
        for (int64_t j = 0; j < width; ++j) {
          const auto upper = rows.Get(k, j), lower = rows.Get(i, j);
          rows.Set(k, j, hn::IfThenElse(is_pivot, lower, upper));
          rows.Set(i, j, hn::IfThenElse(is_pivot, upper, lower));
        }
      };
      exchange(a, n);
      exchange(b, columns);
    }
    const auto pivot = a.Get(k, k);
    const auto is_zero = hn::Eq(pivot, hn::Zero(d));
    codes.Note(is_zero, k);
    // A column of zeros stays as it is.
    const Divider<T> divider(hn::IfThenElse(is_zero, hn::Set(d, T(1)), pivot));
    for (int64_t i = k + 1; i < n; ++i) a.Set(i, k, divider.Divide(a.Get(i, k)));
  }
  return codes;
}

// b = inverse(U) b for the upper triangle of a.
template <class T>
void SubstituteBackward(const Grid<T>& a, int64_t n, const Grid<T>& b, int64_t columns) {
  for (int64_t i = n; i-- > 0;) {
    SubtractFromRow(a, i, i + 1, n, columns, b);
    DivideRow(b, i, columns, a.Get(i, i));
  }
}

// b = inverse(L) b for the lower triangle of a, whose diagonal is 1 when kUnit.
template <bool kUnit, class T>
void SubstituteForward(const Grid<T>& a, int64_t n, const Grid<T>& b, int64_t columns) {
  for (int64_t i = 0; i < n; ++i) {
    SubtractFromRow(a, i, 0, i, columns, b);
    if (!kUnit) DivideRow(b, i, columns, a.Get(i, i));
  }
}

// ---- groups

// Where the parts of a group's memory are.
template <class T>
struct Parts {
  explicit Parts(const SmallGroup<T>& group)
      : a(group.memory),
        b(a + group.n * group.n * kMostLanes),
        pivots(b + group.n * group.columns * kMostLanes),
        stage(pivots + group.n * kMostLanes) {}
  Grid<T> A(int64_t n) const { return Grid<T>(a, n); }
  Grid<T> B(int64_t columns) const { return Grid<T>(b, columns); }

  T *a, *b, *pivots, *stage;
};

template <class T>
void GroupCholesky(SmallGroup<T>& group, bool upper) {
  const hn::ScalableTag<T> d;
  const int64_t n = group.n;
  const Parts<T> parts(group);
  Lanes<T>::Gather(group.a, group.count, n * n, parts.stage, parts.a);
  // U is the transpose of the L of the transpose.
  const Grid<T> a = upper ? parts.A(n).Transposed() : parts.A(n);
  FactorCholesky(a, n).StoreTo(group);
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = i + 1; j < n; ++j) a.Set(i, j, hn::Zero(d));
  }
  Lanes<T>::Scatter(group.out, group.count, n * n, parts.stage, parts.a);
}

template <class T>
void GroupLu(SmallGroup<T>& group) {
  const int64_t n = group.n, lanes = Lanes<T>::Count();
  const Parts<T> parts(group);
  Lanes<T>::Gather(group.a, group.count, n * n, parts.stage, parts.a);
  FactorLu(parts.A(n), n, parts.B(0), 0, parts.pivots).StoreTo(group);
  Lanes<T>::Scatter(group.out, group.count, n * n, parts.stage, parts.a);
  for (int64_t l = 0; l < group.count; ++l) {
    for (int64_t k = 0; k < n; ++k) {
      group.pivots[l][k] = static_cast<int32_t>(parts.pivots[k * lanes + l]) + 1;
    }
  }
}

template <class T>
void GroupLuDiagonal(SmallGroup<T>& group) {
  const int64_t n = group.n, lanes = Lanes<T>::Count();
  const Parts<T> parts(group);
  Lanes<T>::Gather(group.a, group.count, n * n, parts.stage, parts.a);
  FactorLu(parts.A(n), n, parts.B(0), 0, parts.pivots).StoreTo(group);
  for (int64_t l = 0; l < group.count; ++l) {
    bool is_odd = false;
    for (int64_t k = 0; k < n; ++k) {
      group.out[l][k] = parts.a[(k * n + k) * lanes + l];
      is_odd ^= parts.pivots[k * lanes + l] != static_cast<T>(k);
    }
    if (is_odd) group.out[l][0] = -group.out[l][0];
  }
}

template <class T>
void GroupSolve(SmallGroup<T>& group) {
  const int64_t n = group.n, columns = group.columns;
  const Parts<T> parts(group);
  const Grid<T> a = parts.A(n), b = parts.B(columns);
  Lanes<T>::Gather(group.a, group.count, n * n, parts.stage, parts.a);
  Lanes<T>::Gather(group.b, group.count, n * columns, parts.stage, parts.b);
  FactorLu(a, n, b, columns, parts.pivots).StoreTo(group);
  SubstituteForward<true>(a, n, b, columns);
  SubstituteBackward(a, n, b, columns);
  Lanes<T>::Scatter(group.out, group.count, n * columns, parts.stage, parts.b);
}

template <class T>
void GroupSolveDefinite(SmallGroup<T>& group) {
  const int64_t n = group.n, columns = group.columns;
  const Parts<T> parts(group);
  const Grid<T> a = parts.A(n), b = parts.B(columns);
  Lanes<T>::Gather(group.a, group.count, n * n, parts.stage, parts.a);
  Lanes<T>::Gather(group.b, group.count, n * columns, parts.stage, parts.b);
  FactorCholesky(a, n).StoreTo(group);
  SubstituteForward<false>(a, n, b, columns);
  SubstituteBackward(a.Transposed(), n, b, columns);
  Lanes<T>::Scatter(group.out, group.count, n * columns, parts.stage, parts.b);
}

// The right-hand sides are the identity.
template <class T>
void GroupInverse(SmallGroup<T>& group) {
  const hn::ScalableTag<T> d;
  const int64_t n = group.n;
  const Parts<T> parts(group);
  const Grid<T> a = parts.A(n), b = parts.B(n);
  Lanes<T>::Gather(group.a, group.count, n * n, parts.stage, parts.a);
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) b.Set(i, j, hn::Set(d, T(i == j)));
  }
  FactorLu(a, n, b, n, parts.pivots).StoreTo(group);
  SubstituteForward<true>(a, n, b, n);
  SubstituteBackward(a, n, b, n);
  Lanes<T>::Scatter(group.out, group.count, n * n, parts.stage, parts.b);
}

template <class T>
const SmallKernels<T>* Kernels() {
  static const SmallKernels<T> kernels = {
      Lanes<T>::Count(), GroupCholesky<T>,      GroupLu<T>,     GroupLuDiagonal<T>,
      GroupSolve<T>,     GroupSolveDefinite<T>, GroupInverse<T>};
  return &kernels;
}

const SmallKernels<float>* F32() { return Kernels<float>(); }
const SmallKernels<double>* F64() { return Kernels<double>(); }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace otium::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace otium::cpu {
namespace {
HWY_EXPORT(F32);
HWY_EXPORT(F64);
}  // namespace

template <>
const SmallKernels<float>& BestSmallKernels() {
  static const SmallKernels<float>* const kernels = HWY_DYNAMIC_DISPATCH(F32)();
  return *kernels;
}

template <>
const SmallKernels<double>& BestSmallKernels() {
  static const SmallKernels<double>* const kernels = HWY_DYNAMIC_DISPATCH(F64)();
  return *kernels;
}

}  // namespace otium::cpu
#endif  // HWY_ONCE
