// SPDX-License-Identifier: Apache-2.0
//
// Reductions of contiguous rows. Element i of a row goes to accumulator
// i mod (128 bytes / element), so that there are four AVX2 vectors of them, or
// two of AVX-512, and the same bits on both; then accumulators are folded in
// halves. That is several chains to hide the latency of an addition, and the
// error of a pairwise sum: 512 elements are at most 16 + 5 roundings deep.

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

template <class T, class Op>
HWY_INLINE T Fold(T* accumulators, int count, Op op) {
  for (int half = count / 2; half > 0; half /= 2) {
    for (int l = 0; l < half; ++l) accumulators[l] = op(accumulators[l], accumulators[l + half]);
  }
  return accumulators[0];
}

// On plain values; the inner loop is vectorized by the compiler.
template <class T, class Op>
void Rows(const void* x_data, int64_t rows, int64_t n, void* out_data) {
  constexpr int kLanes = kAccumulatorBytes / sizeof(T);
  const T* x = static_cast<const T*>(x_data);
  T* out = static_cast<T*>(out_data);
  const Op op;
  for (int64_t r = 0; r < rows; ++r, x += n) {
    alignas(64) T acc[kLanes];
    for (int l = 0; l < kLanes; ++l) acc[l] = Op::template Identity<T>();
    int64_t i = 0;
    for (; i + kLanes <= n; i += kLanes) {
      for (int l = 0; l < kLanes; ++l) acc[l] = op(acc[l], x[i + l]);
    }
    for (int l = 0; i + l < n; ++l) acc[l] = op(acc[l], x[i + l]);
    out[r] = Fold(acc, kLanes, op);
  }
}

// The same on vectors. kWidth: reals in an element, 2 for complex sums.
template <class T, class Op, int kWidth = 1>
void VectorRows(const void* x_data, int64_t rows, int64_t n, void* out_data) {
  const hn::ScalableTag<T> d;
  constexpr int64_t kVector = HWY_MAX_BYTES < kAccumulatorBytes ? hn::MaxLanes(hn::ScalableTag<T>())
                                                               : kAccumulatorBytes / sizeof(T);
  constexpr int kLanes = kAccumulatorBytes / sizeof(T);
  constexpr int kVectors = kLanes / kVector;
  const T* x = static_cast<const T*>(x_data);
  T* out = static_cast<T*>(out_data);
  const Op op;
  n *= kWidth;
  for (int64_t r = 0; r < rows; ++r, x += n) {
    hn::Vec<decltype(d)> acc[kVectors];
    HWY_UNROLL(8)
    for (int k = 0; k < kVectors; ++k) acc[k] = hn::Set(d, Op::template Identity<T>());
    int64_t i = 0;
    for (; i + kLanes <= n; i += kLanes) {
      HWY_UNROLL(8)
      for (int k = 0; k < kVectors; ++k) {
        acc[k] = op.Vectors(acc[k], hn::LoadU(d, x + i + k * kVector));
      }
    }
    alignas(64) T lanes[kLanes];
    HWY_UNROLL(8)
    for (int k = 0; k < kVectors; ++k) hn::StoreU(acc[k], d, lanes + k * kVector);
    for (int l = 0; i + l < n; ++l) lanes[l] = op(lanes[l], x[i + l]);
    for (int half = kLanes / 2; half >= kWidth; half /= 2) {
      for (int l = 0; l < half; ++l) lanes[l] = op(lanes[l], lanes[l + half]);
    }
    for (int w = 0; w < kWidth; ++w) out[r * kWidth + w] = lanes[w];
  }
}

// Whether x comes before best: larger (smaller), or the first NaN.
template <bool kMax, class T>
HWY_INLINE bool Beats(T x, T best) {
  return kMax ? x > best || (x != x && best == best) : x < best || (x != x && best == best);
}

template <class T, bool kMax>
void ArgRows(const void* x_data, int64_t rows, int64_t n, void* best, int64_t* index) {
  using Op = std::conditional_t<kMax, MaxOp, MinOp>;
  Rows<T, Op>(x_data, rows, n, best);
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

void Add(ReduceTable* t) {
  using region::ReduceOp;
  auto at = [&](ReduceOp op, DType d) -> RowReduceFn& {
    return t->rows[static_cast<int>(op)][static_cast<int>(d)];
  };
  at(ReduceOp::kSum, DType::kF32) = VectorRows<float, SumOp>;
  at(ReduceOp::kSum, DType::kF64) = VectorRows<double, SumOp>;
  at(ReduceOp::kSum, DType::kC64) = VectorRows<float, SumOp, 2>;
  at(ReduceOp::kSum, DType::kC128) = VectorRows<double, SumOp, 2>;
  at(ReduceOp::kSum, DType::kI32) = Rows<int32_t, SumOp>;
  at(ReduceOp::kSum, DType::kI64) = Rows<int64_t, SumOp>;
  at(ReduceOp::kProd, DType::kF32) = VectorRows<float, ProdOp>;
  at(ReduceOp::kProd, DType::kF64) = VectorRows<double, ProdOp>;
  at(ReduceOp::kProd, DType::kC64) = Rows<std::complex<float>, ProdOp>;
  at(ReduceOp::kProd, DType::kC128) = Rows<std::complex<double>, ProdOp>;
  at(ReduceOp::kProd, DType::kI32) = Rows<int32_t, ProdOp>;
  at(ReduceOp::kProd, DType::kI64) = Rows<int64_t, ProdOp>;
  at(ReduceOp::kMax, DType::kF32) = VectorRows<float, MaxOp>;
  at(ReduceOp::kMax, DType::kF64) = VectorRows<double, MaxOp>;
  at(ReduceOp::kMax, DType::kI32) = Rows<int32_t, MaxOp>;
  at(ReduceOp::kMax, DType::kI64) = Rows<int64_t, MaxOp>;
  at(ReduceOp::kMax, DType::kBool) = Rows<uint8_t, AnyOp>;
  at(ReduceOp::kMin, DType::kF32) = VectorRows<float, MinOp>;
  at(ReduceOp::kMin, DType::kF64) = VectorRows<double, MinOp>;
  at(ReduceOp::kMin, DType::kI32) = Rows<int32_t, MinOp>;
  at(ReduceOp::kMin, DType::kI64) = Rows<int64_t, MinOp>;
  at(ReduceOp::kMin, DType::kBool) = Rows<uint8_t, AllOp>;
  at(ReduceOp::kAll, DType::kBool) = Rows<uint8_t, AllOp>;
  at(ReduceOp::kAny, DType::kBool) = Rows<uint8_t, AnyOp>;
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
