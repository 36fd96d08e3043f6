// SPDX-License-Identifier: Apache-2.0
//
// Arithmetic of f32 and f64, and what complex arithmetic shares with it.

#include <complex>

#include "backends/cpu/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/tape_maps_float.cc"
#include "hwy/foreach_target.h"

#include "backends/cpu/tape_loops-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace otium::cpu {
namespace HWY_NAMESPACE {
namespace {

using region::ScalarOp;

// One vector expression an op, with its own name because it is a template
// argument of loops and pairs.
struct AddOp {
  template <class D, class V>
  HWY_INLINE V operator()(D, V a, V b) const {
    return hn::Add(a, b);
  }
};
struct SubOp {
  template <class D, class V>
  HWY_INLINE V operator()(D, V a, V b) const {
    return hn::Sub(a, b);
  }
};
struct MulOp {
  template <class D, class V>
  HWY_INLINE V operator()(D, V a, V b) const {
    return hn::Mul(a, b);
  }
};
struct DivOp {
  template <class D, class V>
  HWY_INLINE V operator()(D, V a, V b) const {
    return hn::Div(a, b);
  }
};
// x86 gives the second operand when either is NaN; others give NaN.
struct MinimumOp {
  template <class D, class V>
  HWY_INLINE V operator()(D, V a, V b) const {
    const V least = hn::Min(a, b);
    return hn::IfThenElse(hn::Eq(a, a), hn::IfThenElse(hn::Eq(b, b), least, b), a);
  }
};
struct MaximumOp {
  template <class D, class V>
  HWY_INLINE V operator()(D, V a, V b) const {
    const V most = hn::Max(a, b);
    return hn::IfThenElse(hn::Eq(a, a), hn::IfThenElse(hn::Eq(b, b), most, b), a);
  }
};
struct CopyOp {
  template <class D, class V>
  HWY_INLINE V operator()(D, V a) const {
    return a;
  }
};
struct NegOp {
  template <class D, class V>
  HWY_INLINE V operator()(D, V a) const {
    return hn::Neg(a);
  }
};
struct AbsOp {
  template <class D, class V>
  HWY_INLINE V operator()(D, V a) const {
    return hn::Abs(a);
  }
};
// -1, 0 or 1; 0 of NaN.
struct SignOp {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V a) const {
    const V zero = hn::Zero(d);
    const V one = hn::Set(d, hn::TFromD<D>(1));
    return hn::IfThenElse(hn::Lt(a, zero), hn::Neg(one),
                          hn::IfThenElse(hn::Gt(a, zero), one, zero));
  }
};
struct ReluOp {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V a) const {
    return hn::IfThenElse(hn::Lt(a, hn::Zero(d)), hn::Zero(d), a);
  }
};
struct SqrtOp {
  template <class D, class V>
  HWY_INLINE V operator()(D, V a) const {
    return hn::Sqrt(a);
  }
};
struct ReciprocalOp {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V a) const {
    return hn::Div(hn::Set(d, hn::TFromD<D>(1)), a);
  }
};
struct FloorOp {
  template <class D, class V>
  HWY_INLINE V operator()(D, V a) const {
    return hn::Floor(a);
  }
};
struct CeilOp {
  template <class D, class V>
  HWY_INLINE V operator()(D, V a) const {
    return hn::Ceil(a);
  }
};
struct RoundOp {
  template <class D, class V>
  HWY_INLINE V operator()(D, V a) const {
    return hn::Round(a);
  }
};
// Complex numbers lie as pairs of real and imaginary part. Plain products, not
// Annex G's: infinities may give NaN, as they do in NumPy and PyTorch.
#if HWY_TARGET == HWY_SCALAR
template <class T>
void ComplexMul(const MapOperand* in, void* out, int64_t n) {
  using C = std::complex<T>;
  Scalars2<C, C, C>(in, out, n, [](C a, C b) {
    return C(a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real());
  });
}
template <class T>
void Conj(const MapOperand* in, void* out, int64_t n) {
  using C = std::complex<T>;
  Scalars1<C, C>(in, out, n, [](C a) { return std::conj(a); });
}
#else
template <class T>
void ComplexMul(const MapOperand* in, void* out, int64_t n) {
  Vectors2<T>(in, out, n * 2, []<class D, class V>(D d, V a, V b) HWY_ATTR {
    const V t = hn::Mul(hn::DupEven(a), b);
    const V u = hn::Mul(hn::DupOdd(a), hn::Reverse2(d, b));
    return hn::OddEven(hn::Add(t, u), hn::Sub(t, u));
  });
}
template <class T>
void Conj(const MapOperand* in, void* out, int64_t n) {
  Vectors1<T>(in, out, n * 2,
              []<class D, class V>(D, V a) HWY_ATTR { return hn::OddEven(hn::Neg(a), a); });
}
#endif

// kWidth: reals in an element, 2 for complex.
template <class T, class Op, int kWidth = 1>
void Map1(const MapOperand* in, void* out, int64_t n) {
  Vectors1<T>(in, out, n * kWidth, Op());
}
template <class T, class Op, int kWidth = 1>
void Map2(const MapOperand* in, void* out, int64_t n) {
  Vectors2<T>(in, out, n * kWidth, Op());
}

template <class First, class Second, bool kSwapped>
struct PairOp {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V a, V b, V c) const {
    const V t = First()(d, a, b);
    return kSwapped ? Second()(d, c, t) : Second()(d, t, c);
  }
};
template <class T, class First, class Second, bool kSwapped>
void Pair(const MapOperand* in, void* out, int64_t n) {
  Vectors3<T>(in, out, n, PairOp<First, Second, kSwapped>());
}

template <class T, class First>
void AddPairsOf(MapFn (*pairs)[2]) {
  // Addition and multiplication commute, bit for bit but for the payload of NaN.
  pairs[0][0] = pairs[0][1] = Pair<T, First, AddOp, false>;
  pairs[1][0] = Pair<T, First, SubOp, false>;
  pairs[1][1] = Pair<T, First, SubOp, true>;
  pairs[2][0] = pairs[2][1] = Pair<T, First, MulOp, false>;
  pairs[3][0] = Pair<T, First, DivOp, false>;
  pairs[3][1] = Pair<T, First, DivOp, true>;
}

template <class T>
void AddReal(MapTable* t, DType real, DType complex) {
  t->at(ScalarOp::add, real) = Map2<T, AddOp>;
  t->at(ScalarOp::sub, real) = Map2<T, SubOp>;
  t->at(ScalarOp::mul, real) = Map2<T, MulOp>;
  t->at(ScalarOp::div, real) = Map2<T, DivOp>;
  t->at(ScalarOp::minimum, real) = Map2<T, MinimumOp>;
  t->at(ScalarOp::maximum, real) = Map2<T, MaximumOp>;
  t->at(ScalarOp::copy, real) = Map1<T, CopyOp>;
  t->at(ScalarOp::conj, real) = Map1<T, CopyOp>;
  t->at(ScalarOp::real, real) = Map1<T, CopyOp>;
  t->at(ScalarOp::neg, real) = Map1<T, NegOp>;
  t->at(ScalarOp::abs, real) = Map1<T, AbsOp>;
  t->at(ScalarOp::sign, real) = Map1<T, SignOp>;
  t->at(ScalarOp::relu, real) = Map1<T, ReluOp>;
  t->at(ScalarOp::sqrt, real) = Map1<T, SqrtOp>;
  t->at(ScalarOp::reciprocal, real) = Map1<T, ReciprocalOp>;
  t->at(ScalarOp::floor, real) = Map1<T, FloorOp>;
  t->at(ScalarOp::ceil, real) = Map1<T, CeilOp>;
  t->at(ScalarOp::round, real) = Map1<T, RoundOp>;
  t->at(ScalarOp::add, complex) = Map2<T, AddOp, 2>;
  t->at(ScalarOp::sub, complex) = Map2<T, SubOp, 2>;
  t->at(ScalarOp::mul, complex) = ComplexMul<T>;
  t->at(ScalarOp::copy, complex) = Map1<T, CopyOp, 2>;
  t->at(ScalarOp::neg, complex) = Map1<T, NegOp, 2>;
  t->at(ScalarOp::conj, complex) = Conj<T>;
  auto& pairs = t->pairs[real == DType::kF64];
  AddPairsOf<T, AddOp>(pairs[0]);
  AddPairsOf<T, SubOp>(pairs[1]);
  AddPairsOf<T, MulOp>(pairs[2]);
  AddPairsOf<T, DivOp>(pairs[3]);
}

void Add(MapTable* t) {
  AddReal<float>(t, DType::kF32, DType::kC64);
  AddReal<double>(t, DType::kF64, DType::kC128);
}

void Stream(const void* from, void* to, int64_t bytes) {
  const hn::ScalableTag<float> d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const float* in = static_cast<const float*>(from);
  float* out = static_cast<float*>(to);
  for (int64_t i = 0; i < bytes / 4; i += lanes) hn::Stream(hn::Load(d, in + i), d, out + i);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace otium::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace otium::cpu {
namespace {
HWY_EXPORT(Add);
HWY_EXPORT(Stream);
}  // namespace

void AddFloatMaps(MapTable* table) { HWY_DYNAMIC_DISPATCH(Add)(table); }

void StreamCopy(const void* from, void* out, int64_t bytes) {
  HWY_DYNAMIC_DISPATCH(Stream)(from, out, bytes);
}

}  // namespace otium::cpu
#endif  // HWY_ONCE
