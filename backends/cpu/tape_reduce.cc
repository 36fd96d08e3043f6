// SPDX-License-Identifier: Apache-2.0
//
// Reductions of contiguous rows. Element i of a row goes to accumulator
// i mod (128 bytes / element), so that there are four AVX2 vectors of them, or
// two of AVX-512, and the same bits on both; then accumulators are folded in
// halves. That is several chains to hide the latency of an addition, and the
// error of a pairwise sum: 512 elements are at most 16 + 5 roundings deep.
//
// Longer rows keep the accumulators apart until their end: folding them after
// each block of 512 took a sixth of the time of a sum out of memory. And memory is
// read at several places by turns, 512 bytes at each: one stream of addresses gets
// 17 to 28 GB/s here, four 25 to 47 (Zen 3), as each page has a prefetcher of its
// own. Prefetch instructions instead made one stream slower.

#include <algorithm>
#include <complex>
#include <limits>

#include "backends/cpu/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/tape_reduce.cc"
#include "hwy/foreach_target.h"

#include "backends/cpu/tape_loops-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace otium::cpu {
namespace HWY_NAMESPACE {
namespace {

constexpr int kAccumulatorBytes = 128;

struct SumOp {
  template <class V>
  HWY_INLINE V Vectors(V a, V b) const { return hn::Add(a, b); }
  template <class T>
  HWY_INLINE T operator()(T a, T b) const {
    if constexpr (std::is_integral_v<T>) {
      return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
    } else {
      return a + b;
    }
  }
  template <class T>
  static T Identity() { return T(0); }
};
struct ProdOp {
  template <class V>
  HWY_INLINE V Vectors(V a, V b) const { return hn::Mul(a, b); }
  template <class T>
  HWY_INLINE T operator()(T a, T b) const {
    if constexpr (std::is_integral_v<T>) {
      return static_cast<T>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
    } else if constexpr (sizeof(T) > sizeof(decltype(std::real(a)))) {
      return T(a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real());
    } else {
      return a * b;
    }
  }
  template <class T>
  static T Identity() { return T(1); }
};
struct MaxOp {
  template <class V>
  HWY_INLINE V Vectors(V a, V b) const {
    const V most = hn::Max(a, b);
    return hn::IfThenElse(hn::Eq(a, a), hn::IfThenElse(hn::Eq(b, b), most, b), a);
  }
  template <class T>
  HWY_INLINE T operator()(T a, T b) const { return a != a ? a : b != b ? b : a > b ? a : b; }
  template <class T>
  static T Identity() {
    if constexpr (std::is_floating_point_v<T>) return -std::numeric_limits<T>::infinity();
    else return std::numeric_limits<T>::lowest();
  }
};
struct MinOp {
  template <class V>
  HWY_INLINE V Vectors(V a, V b) const {
    const V least = hn::Min(a, b);
    return hn::IfThenElse(hn::Eq(a, a), hn::IfThenElse(hn::Eq(b, b), least, b), a);
  }
  template <class T>
  HWY_INLINE T operator()(T a, T b) const { return a != a ? a : b != b ? b : a < b ? a : b; }
  template <class T>
  static T Identity() {
    if constexpr (std::is_floating_point_v<T>) return std::numeric_limits<T>::infinity();
    else return std::numeric_limits<T>::max();
  }
};
struct AllOp {
  template <class T>
  HWY_INLINE T operator()(T a, T b) const { return a & b; }
  template <class T>
  static T Identity() { return T(1); }
};
struct AnyOp {
  template <class T>
  HWY_INLINE T operator()(T a, T b) const { return a | b; }
  template <class T>
  static T Identity() { return T(0); }
};

// One accumulator for each element of 128 bytes, as plain values; loops over them
// are vectorized by the compiler.
template <class T, class Op>
struct PlainAccumulators {
  static constexpr int kLanes = kAccumulatorBytes / sizeof(T);
  using Element = T;
  T lanes[kLanes];

  static PlainAccumulators Identity() {
    PlainAccumulators a;
    for (int l = 0; l < kLanes; ++l) a.lanes[l] = Op::template Identity<T>();
    return a;
  }
  template <int64_t kElements>
  void AddAll(const T* x) {
    Add(x, kElements);
  }
  void Add(const T* x, int64_t n) {
    const Op op;
    int64_t i = 0;
    for (; i + kLanes <= n; i += kLanes) {
      for (int l = 0; l < kLanes; ++l) lanes[l] = op(lanes[l], x[i + l]);
    }
    for (int l = 0; i + l < n; ++l) lanes[l] = op(lanes[l], x[i + l]);
  }
  void Add(const PlainAccumulators& other) {
    for (int l = 0; l < kLanes; ++l) lanes[l] = Op()(lanes[l], other.lanes[l]);
  }
  static PlainAccumulators Load(const void* from) {
    PlainAccumulators a;
    std::memcpy(a.lanes, from, kAccumulatorBytes);
    return a;
  }
  void Store(void* to) const { std::memcpy(to, lanes, kAccumulatorBytes); }
  T Fold() {
    for (int half = kLanes / 2; half > 0; half /= 2) {
      for (int l = 0; l < half; ++l) lanes[l] = Op()(lanes[l], lanes[l + half]);
    }
    return lanes[0];
  }
};

// The same in vectors of R, the real parts of T: complex sums are two real ones.
template <class T, class R, class Op>
struct VectorAccumulators {
  static constexpr int kWidth = sizeof(T) / sizeof(R);
  static constexpr int64_t kLanes = kAccumulatorBytes / sizeof(R);
  static constexpr int64_t kVector = std::min<int64_t>(hn::MaxLanes(hn::ScalableTag<R>()), kLanes);
  static constexpr int kVectors = kLanes / kVector;
  using D = hn::ScalableTag<R>;
  using Element = T;
  hn::Vec<D> v[kVectors];

  static HWY_INLINE VectorAccumulators Identity() {
    VectorAccumulators a;
    HWY_UNROLL(8)
    for (int k = 0; k < kVectors; ++k) a.v[k] = hn::Set(D(), Op::template Identity<R>());
    return a;
  }
  // The same for a number that is known when this is compiled: no loop is left.
  template <int64_t kElements>
  HWY_INLINE void AddAll(const T* elements) {
    const R* x = reinterpret_cast<const R*>(elements);
    HWY_UNROLL(16)
    for (int64_t i = 0; i < kElements * kWidth; i += kLanes) {
      HWY_UNROLL(8)
      for (int k = 0; k < kVectors; ++k) {
        v[k] = Op().Vectors(v[k], hn::LoadU(D(), x + i + k * kVector));
      }
    }
  }
  HWY_INLINE void Add(const T* elements, int64_t n) {
    const Op op;
    const R* x = reinterpret_cast<const R*>(elements);
    n *= kWidth;
    int64_t i = 0;
    for (; i + kLanes <= n; i += kLanes) {
      HWY_UNROLL(8)
      for (int k = 0; k < kVectors; ++k) {
        v[k] = op.Vectors(v[k], hn::LoadU(D(), x + i + k * kVector));
      }
    }
    HWY_UNROLL(8)
    for (int k = 0; k < kVectors && i < n; ++k, i += kVector) {
      const auto first = hn::FirstN(D(), static_cast<size_t>(std::min(kVector, n - i)));
      const hn::Vec<D> identity = hn::Set(D(), Op::template Identity<R>());
      v[k] = op.Vectors(v[k], hn::IfThenElse(first, hn::MaskedLoad(first, D(), x + i), identity));
    }
  }
  HWY_INLINE void Add(const VectorAccumulators& other) {
    HWY_UNROLL(8)
    for (int k = 0; k < kVectors; ++k) v[k] = Op().Vectors(v[k], other.v[k]);
  }
  static HWY_INLINE VectorAccumulators Load(const void* from) {
    VectorAccumulators a;
    HWY_UNROLL(8)
    for (int k = 0; k < kVectors; ++k) {
      a.v[k] = hn::LoadU(D(), static_cast<const R*>(from) + k * kVector);
    }
    return a;
  }
  HWY_INLINE void Store(void* to) const {
    HWY_UNROLL(8)
    for (int k = 0; k < kVectors; ++k) {
      hn::StoreU(v[k], D(), static_cast<R*>(to) + k * kVector);
    }
  }
#if HWY_TARGET == HWY_SCALAR
  T Fold() const {
    R lanes[kLanes];
    Store(lanes);
    for (int half = kLanes / 2; half >= kWidth; half /= 2) {
      for (int l = 0; l < half; ++l) lanes[l] = Op()(lanes[l], lanes[l + half]);
    }
    T result;
    std::memcpy(&result, lanes, sizeof(T));
    return result;
  }
#else
  // In registers: through memory it took a twelfth of the time of rows of 3,000.
  HWY_INLINE T Fold() const {
    hn::Vec<D> x[kVectors];
    for (int k = 0; k < kVectors; ++k) x[k] = v[k];
    HWY_UNROLL(8)
    for (int half = kVectors / 2; half > 0; half /= 2) {
      HWY_UNROLL(8)
      for (int k = 0; k < half; ++k) x[k] = Op().Vectors(x[k], x[k + half]);
    }
    return FoldLanes(D(), x[0]);
  }

 private:
  template <class Lanes>
  static HWY_INLINE T FoldLanes(Lanes d, hn::Vec<Lanes> x) {
    if constexpr (hn::MaxLanes(d) > kWidth) {
      const hn::Half<Lanes> half;
      return FoldLanes(half, Op().Vectors(hn::LowerHalf(half, x), hn::UpperHalf(half, x)));
    } else {
      T result;
      hn::StoreU(x, d, reinterpret_cast<R*>(&result));
      return result;
    }
  }
#endif
};

template <class Accumulators>
void Rows(const void* x_data, int64_t rows, int64_t n, void* out_data) {
  using T = typename Accumulators::Element;
  const T* x = static_cast<const T*>(x_data);
  T* out = static_cast<T*>(out_data);
  for (int64_t r = 0; r < rows; ++r, x += n) {
    Accumulators sum = Accumulators::Identity();
    sum.Add(x, n);
    out[r] = sum.Fold();
  }
}

constexpr int64_t kGroup = 8;  // Blocks.

template <class Accumulators>
void Blocks(const void* x_data, int64_t n, int64_t first, BlockReduceState* state) {
  using T = typename Accumulators::Element;
  const T* x = static_cast<const T*>(x_data);
  Accumulators row = first == 0 ? Accumulators::Identity() : Accumulators::Load(state->row);
  Accumulators group =
      first % kGroup == 0 ? Accumulators::Identity() : Accumulators::Load(state->group);
  for (int64_t i = 0, b = first; i < n; i += kReduceBlock) {
    Accumulators block = Accumulators::Identity();
    block.Add(x + i, std::min(kReduceBlock, n - i));
    group.Add(block);
    if (++b % kGroup == 0) {
      row.Add(group);
      group = Accumulators::Identity();
    }
  }
  group.Store(state->group);
  row.Store(state->row);
}

// Four streams, `stride` elements apart, by turns; n is at most a block.
template <class Accumulators, class T>
HWY_INLINE void AddFour(const T* x, int64_t stride, int64_t n, Accumulators (&sums)[4]) {
  constexpr int64_t kTurn = 512 / sizeof(T);
  int64_t i = 0;
  for (; i + kTurn <= n; i += kTurn) {
    HWY_UNROLL(4)
    for (int s = 0; s < 4; ++s) sums[s].template AddAll<kTurn>(x + s * stride + i);
  }
  if (i == n) return;
  HWY_UNROLL(4)
  for (int s = 0; s < 4; ++s) sums[s].Add(x + s * stride + i, n - i);
}

template <class Accumulators>
HWY_INLINE void SetIdentity(Accumulators (&sums)[4]) {
  for (Accumulators& sum : sums) sum = Accumulators::Identity();
}

template <class Accumulators>
void FinishBlocks(BlockReduceState* state, void* out) {
  Accumulators row = Accumulators::Load(state->row);
  row.Add(Accumulators::Load(state->group));
  const typename Accumulators::Element result = row.Fold();
  std::memcpy(out, &result, sizeof(result));
}

template <class Accumulators>
void LongRows(const void* x_data, int64_t stride, int64_t rows, int64_t n, void* out_data) {
  using T = typename Accumulators::Element;
  stride /= static_cast<int64_t>(sizeof(T));
  const T* x = static_cast<const T*>(x_data);
  T* out = static_cast<T*>(out_data);
  Accumulators row[4], group[4], block[4];
  for (; rows >= 4; rows -= 4, x += 4 * stride, out += 4) {
    SetIdentity(row);
    SetIdentity(group);
    for (int64_t i = 0, b = 0; i < n; i += kReduceBlock) {
      SetIdentity(block);
      AddFour(x + i, stride, std::min(kReduceBlock, n - i), block);
      ++b;
      for (int s = 0; s < 4; ++s) {
        group[s].Add(block[s]);
        if (b % kGroup != 0) continue;
        row[s].Add(group[s]);
        group[s] = Accumulators::Identity();
      }
    }
    for (int s = 0; s < 4; ++s) {
      row[s].Add(group[s]);
      out[s] = row[s].Fold();
    }
  }
  constexpr int64_t kGroupSize = kGroup * kReduceBlock;
  for (; rows > 0; --rows, x += stride, ++out) {
    Accumulators sum = Accumulators::Identity();
    int64_t i = 0;
    for (; i + 4 * kGroupSize <= n; i += 4 * kGroupSize) {
      SetIdentity(group);
      for (int64_t j = 0; j < kGroupSize; j += kReduceBlock) {
        SetIdentity(block);
        AddFour(x + i + j, kGroupSize, kReduceBlock, block);
        for (int s = 0; s < 4; ++s) group[s].Add(block[s]);
      }
      for (int s = 0; s < 4; ++s) sum.Add(group[s]);
    }
    BlockReduceState state;
    sum.Store(state.row);
    Blocks<Accumulators>(x + i, n - i, i / kReduceBlock, &state);
    FinishBlocks<Accumulators>(&state, out);
  }
}

// kRows rows by turns, 128 bytes of each: the sums stay in registers meanwhile, and
// as many streams of addresses are read. One row after the other took 1.4 times as
// long, and so did a number of rows that the compiler does not know. kStart: the
// first of them are the sums.
template <int64_t kRows, bool kStart, class T, class Sum>
HWY_INLINE void AddRowsToColumns(const char* x, int64_t stride, int64_t n, T* sums) {
  constexpr int64_t kColumns = kAccumulatorBytes / sizeof(T);
  const auto at = [&](int64_t row, int64_t column) {
    return reinterpret_cast<const T*>(x + row * stride) + column;
  };
  int64_t j = 0;
  for (; j + kColumns <= n; j += kColumns) {
    Sum sum = Sum::Load(kStart ? at(0, j) : sums + j);
    HWY_UNROLL(8)
    for (int64_t r = kStart; r < kRows; ++r) sum.template AddAll<kColumns>(at(r, j));
    sum.Store(sums + j);
  }
  if (j == n) return;
  alignas(64) T last[kColumns] = {};
  std::copy_n(kStart ? at(0, j) : sums + j, n - j, last);
  Sum sum = Sum::Load(last);
  for (int64_t r = kStart; r < kRows; ++r) sum.Add(at(r, j), n - j);
  sum.Store(last);
  std::copy_n(last, n - j, sums + j);
}

template <class T, class R>
void ColumnSums(const void* x_data, int64_t stride, int64_t rows, int64_t n, void* sums_data) {
  using Sum = VectorAccumulators<T, R, SumOp>;
  constexpr int64_t kRowsByTurns = 8;
  const char* x = static_cast<const char*>(x_data);
  T* sums = static_cast<T*>(sums_data);
  int64_t row = rows < kRowsByTurns ? 1 : kRowsByTurns;
  if (row == 1) AddRowsToColumns<1, true, T, Sum>(x, stride, n, sums);
  else AddRowsToColumns<kRowsByTurns, true, T, Sum>(x, stride, n, sums);
  for (; row + kRowsByTurns <= rows; row += kRowsByTurns) {
    AddRowsToColumns<kRowsByTurns, false, T, Sum>(x + row * stride, stride, n, sums);
  }
  for (; row < rows; ++row) AddRowsToColumns<1, false, T, Sum>(x + row * stride, stride, n, sums);
}

// Whether x comes before best: larger (smaller), or the first NaN.
template <bool kMax, class T>
HWY_INLINE bool Beats(T x, T best) {
  return kMax ? x > best || (x != x && best == best) : x < best || (x != x && best == best);
}

template <class T, bool kMax>
void ArgRows(const void* x_data, int64_t rows, int64_t n, void* best, int64_t* index) {
  using Op = std::conditional_t<kMax, MaxOp, MinOp>;
  Rows<PlainAccumulators<T, Op>>(x_data, rows, n, best);
  const T* x = static_cast<const T*>(x_data);
  for (int64_t r = 0; r < rows; ++r, x += n) {
    const T value = static_cast<const T*>(best)[r];
    int64_t i = 0;
    if (value != value) {
      while (i + 1 < n && x[i] == x[i]) ++i;
    } else {
      while (i + 1 < n && x[i] != value) ++i;
    }
    index[r] = i;
  }
}

template <class T, bool kMax>
void Update(const void* x_data, int64_t n, int64_t i0, int64_t width, void* best_data,
            int64_t* index) {
  const T* x = static_cast<const T*>(x_data);
  T* best = static_cast<T*>(best_data);
  for (int64_t i = 0; i < n; i += width, ++i0) {
    const int64_t end = std::min(i + width, n);
    OTIUM_INDEPENDENT
    for (int64_t j = i; j < end; ++j) {
      const bool beats = Beats<kMax>(x[j], best[j]);
      best[j] = beats ? x[j] : best[j];
      index[j] = beats ? i0 : index[j];
    }
  }
}

template <class T, bool kMax>
void Merge(const void* x_data, const int64_t* x_index, int64_t n, void* best_data,
           int64_t* index) {
  const T* x = static_cast<const T*>(x_data);
  T* best = static_cast<T*>(best_data);
  for (int64_t j = 0; j < n; ++j) {
    const bool equal = x[j] == best[j] || (x[j] != x[j] && best[j] != best[j]);
    if (Beats<kMax>(x[j], best[j]) || (equal && x_index[j] < index[j])) {
      best[j] = x[j];
      index[j] = x_index[j];
    }
  }
}

template <class T>
void AddOrdered(ReduceTable* t, DType dtype) {
  const int d = static_cast<int>(dtype);
  t->arg_rows[0][d] = ArgRows<T, true>;
  t->arg_rows[1][d] = ArgRows<T, false>;
  t->update[0][d] = Update<T, true>;
  t->update[1][d] = Update<T, false>;
  t->merge[0][d] = Merge<T, true>;
  t->merge[1][d] = Merge<T, false>;
}

template <class Accumulators>
void AddReduce(ReduceTable* t, region::ReduceOp op, DType dtype) {
  const int o = static_cast<int>(op), d = static_cast<int>(dtype);
  t->rows[o][d] = Rows<Accumulators>;
  t->blocks[o][d] = {Blocks<Accumulators>, FinishBlocks<Accumulators>, LongRows<Accumulators>};
}

void Add(ReduceTable* t) {
  using region::ReduceOp;
  const auto vectors = [&]<class T, class R, class Op>(ReduceOp op, DType dtype, T, R, Op) {
    AddReduce<VectorAccumulators<T, R, Op>>(t, op, dtype);
  };
  const auto plain = [&]<class T, class Op>(ReduceOp op, DType dtype, T, Op) {
    AddReduce<PlainAccumulators<T, Op>>(t, op, dtype);
  };
  vectors(ReduceOp::kSum, DType::kF32, float(), float(), SumOp());
  vectors(ReduceOp::kSum, DType::kF64, double(), double(), SumOp());
  vectors(ReduceOp::kSum, DType::kC64, std::complex<float>(), float(), SumOp());
  vectors(ReduceOp::kSum, DType::kC128, std::complex<double>(), double(), SumOp());
  plain(ReduceOp::kSum, DType::kI32, int32_t(), SumOp());
  plain(ReduceOp::kSum, DType::kI64, int64_t(), SumOp());
  vectors(ReduceOp::kProd, DType::kF32, float(), float(), ProdOp());
  vectors(ReduceOp::kProd, DType::kF64, double(), double(), ProdOp());
  plain(ReduceOp::kProd, DType::kC64, std::complex<float>(), ProdOp());
  plain(ReduceOp::kProd, DType::kC128, std::complex<double>(), ProdOp());
  plain(ReduceOp::kProd, DType::kI32, int32_t(), ProdOp());
  plain(ReduceOp::kProd, DType::kI64, int64_t(), ProdOp());
  vectors(ReduceOp::kMax, DType::kF32, float(), float(), MaxOp());
  vectors(ReduceOp::kMax, DType::kF64, double(), double(), MaxOp());
  plain(ReduceOp::kMax, DType::kI32, int32_t(), MaxOp());
  plain(ReduceOp::kMax, DType::kI64, int64_t(), MaxOp());
  plain(ReduceOp::kMax, DType::kBool, uint8_t(), AnyOp());
  vectors(ReduceOp::kMin, DType::kF32, float(), float(), MinOp());
  vectors(ReduceOp::kMin, DType::kF64, double(), double(), MinOp());
  plain(ReduceOp::kMin, DType::kI32, int32_t(), MinOp());
  plain(ReduceOp::kMin, DType::kI64, int64_t(), MinOp());
  plain(ReduceOp::kMin, DType::kBool, uint8_t(), AllOp());
  plain(ReduceOp::kAll, DType::kBool, uint8_t(), AllOp());
  plain(ReduceOp::kAny, DType::kBool, uint8_t(), AnyOp());
  t->column_sums[static_cast<int>(DType::kF32)] = ColumnSums<float, float>;
  t->column_sums[static_cast<int>(DType::kF64)] = ColumnSums<double, double>;
  t->column_sums[static_cast<int>(DType::kC64)] = ColumnSums<std::complex<float>, float>;
  t->column_sums[static_cast<int>(DType::kC128)] = ColumnSums<std::complex<double>, double>;
  AddOrdered<float>(t, DType::kF32);
  AddOrdered<double>(t, DType::kF64);
  AddOrdered<int32_t>(t, DType::kI32);
  AddOrdered<int64_t>(t, DType::kI64);
  AddOrdered<uint8_t>(t, DType::kBool);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace otium::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace otium::cpu {
namespace {
HWY_EXPORT(Add);

const ReduceTable& Table() {
  static const ReduceTable* const table = [] {
    auto* t = new ReduceTable;
    HWY_DYNAMIC_DISPATCH(Add)(t);
    return t;
  }();
  return *table;
}

using region::ReduceOp;
using region::ScalarOp;

template <class T>
void Write(T value, void* out) {
  std::memcpy(out, &value, sizeof(T));
}
}  // namespace

RowReduceFn FindRowReduce(ReduceOp op, DType dtype) {
  return Table().rows[static_cast<int>(op)][static_cast<int>(dtype)];
}
BlockReduce FindBlockReduce(ReduceOp op, DType dtype) {
  return Table().blocks[static_cast<int>(op)][static_cast<int>(dtype)];
}
ColumnSumFn FindColumnSum(DType dtype) { return Table().column_sums[static_cast<int>(dtype)]; }
RowArgReduceFn FindRowArgReduce(ReduceOp op, DType dtype) {
  return Table().arg_rows[op == ReduceOp::kArgMin][static_cast<int>(dtype)];
}
ArgUpdateFn FindArgUpdate(ReduceOp op, DType dtype) {
  return Table().update[op == ReduceOp::kArgMin][static_cast<int>(dtype)];
}
ArgMergeFn FindArgMerge(ReduceOp op, DType dtype) {
  return Table().merge[op == ReduceOp::kArgMin][static_cast<int>(dtype)];
}

ScalarOp CombineOp(ReduceOp op, DType dtype) {
  switch (op) {
    case ReduceOp::kSum: return ScalarOp::add;
    case ReduceOp::kProd: return ScalarOp::mul;
    case ReduceOp::kMax:
    case ReduceOp::kArgMax: return dtype == DType::kBool ? ScalarOp::logical_or : ScalarOp::maximum;
    case ReduceOp::kMin:
    case ReduceOp::kArgMin: return dtype == DType::kBool ? ScalarOp::logical_and : ScalarOp::minimum;
    case ReduceOp::kAll: return ScalarOp::logical_and;
    case ReduceOp::kAny: return ScalarOp::logical_or;
  }
  __builtin_unreachable();
}

void WriteIdentity(ReduceOp op, DType dtype, void* out) {
  DispatchDType(dtype, [&]<class Tag>(Tag) {
    using T = typename Tag::type;
    if constexpr (sizeof(T) != 2) {
      switch (op) {
        case ReduceOp::kSum:
        case ReduceOp::kAny: return Write(T(0), out);
        case ReduceOp::kProd:
        case ReduceOp::kAll: return Write(T(1), out);
        case ReduceOp::kMax:
        case ReduceOp::kArgMax:
        case ReduceOp::kMin:
        case ReduceOp::kArgMin: break;
      }
      if constexpr (std::is_arithmetic_v<T>) {
        using Limits = std::numeric_limits<T>;
        const bool max = op == ReduceOp::kMax || op == ReduceOp::kArgMax;
        const T high = Limits::has_infinity ? Limits::infinity() : Limits::max();
        const T low = Limits::has_infinity ? -Limits::infinity() : Limits::lowest();
        Write(max ? low : high, out);
      }
    }
  });
}

}  // namespace otium::cpu
#endif  // HWY_ONCE
