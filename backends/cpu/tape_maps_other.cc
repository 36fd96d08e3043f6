// SPDX-License-Identifier: Apache-2.0
//
// Comparisons, integers, bools, and what complex numbers have of their own:
// plain loops, which the compiler vectorizes for each target.

#include <cmath>
#include <complex>

#include "backends/cpu/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/tape_maps_other.cc"
#include "hwy/foreach_target.h"

#include "backends/complex_math.h"
#include "backends/cpu/tape_loops-inl.h"
#include "backends/region/scalar_math.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace otium::cpu {
namespace HWY_NAMESPACE {
namespace {

using region::ScalarOp;

template <class R, class A, class Op>
void Map1(const MapOperand* in, void* out, int64_t n) {
  Scalars1<R, A>(in, out, n, Op());
}
template <class R, class A, class Op>
void Map2(const MapOperand* in, void* out, int64_t n) {
  Scalars2<R, A, A>(in, out, n, Op());
}

#define OTIUM_FUNCTOR1(name, expression)    \
  struct name {                             \
    template <class T>                      \
    HWY_INLINE auto operator()(T x) const { \
      return expression;                    \
    }                                       \
  }
#define OTIUM_FUNCTOR2(name, expression)         \
  struct name {                                  \
    template <class T>                           \
    HWY_INLINE auto operator()(T x, T y) const { \
      return expression;                         \
    }                                            \
  }

OTIUM_FUNCTOR2(EqOp, x == y);
OTIUM_FUNCTOR2(NeOp, x != y);
OTIUM_FUNCTOR2(LtOp, x < y);
OTIUM_FUNCTOR2(LeOp, x <= y);
OTIUM_FUNCTOR2(GtOp, x > y);
OTIUM_FUNCTOR2(GeOp, x >= y);
OTIUM_FUNCTOR2(AndOp, (x != 0) & (y != 0));
OTIUM_FUNCTOR2(OrOp, (x != 0) | (y != 0));
OTIUM_FUNCTOR2(LeastOp, x < y ? x : y);
OTIUM_FUNCTOR2(MostOp, x > y ? x : y);
OTIUM_FUNCTOR1(SameOp, x);
OTIUM_FUNCTOR1(IntSignOp, static_cast<T>((x > 0) - (x < 0)));
OTIUM_FUNCTOR1(IntReluOp, x < 0 ? T(0) : x);

// Integers wrap around.
template <class T>
using Unsigned = std::make_unsigned_t<T>;
OTIUM_FUNCTOR2(IntAddOp, static_cast<T>(Unsigned<T>(x) + Unsigned<T>(y)));
OTIUM_FUNCTOR2(IntSubOp, static_cast<T>(Unsigned<T>(x) - Unsigned<T>(y)));
OTIUM_FUNCTOR2(IntMulOp, static_cast<T>(Unsigned<T>(x) * Unsigned<T>(y)));
OTIUM_FUNCTOR1(IntNegOp, static_cast<T>(Unsigned<T>(0) - Unsigned<T>(x)));
OTIUM_FUNCTOR1(IntAbsOp, x < 0 ? static_cast<T>(Unsigned<T>(0) - Unsigned<T>(x)) : x);

OTIUM_FUNCTOR2(IntPowOp, region::IntegerPower(x, y));
OTIUM_FUNCTOR2(IntFloorDivideOp, region::IntegerFloorQuotient(x, y));
OTIUM_FUNCTOR2(IntRemainderOp, region::IntegerFloorRemainder(x, y));
OTIUM_FUNCTOR2(IntFmodOp, region::IntegerRemainder(x, y));

OTIUM_FUNCTOR2(FloorDivideOp, region::FloorQuotient(x, y));
OTIUM_FUNCTOR2(RemainderOp, region::FloorRemainder(x, y));
OTIUM_FUNCTOR2(FmodOp, std::fmod(x, y));
OTIUM_FUNCTOR1(IsNanOp, x != x);
OTIUM_FUNCTOR1(IsInfOp, std::fabs(x) == std::numeric_limits<T>::infinity());
OTIUM_FUNCTOR1(IsFiniteOp, std::fabs(x) < std::numeric_limits<T>::infinity());
// The argument of a real number: 0, pi, or NaN.
OTIUM_FUNCTOR1(RealAngleOp, x != x ? x : x < 0 ? static_cast<T>(M_PI) : T(0));

struct RoundF16Op {
  float operator()(float x) const { return static_cast<float>(Float16(x)); }
};
struct RoundBF16Op {
  float operator()(float x) const { return static_cast<float>(BFloat16(x)); }
};

OTIUM_FUNCTOR1(CRealOp, x.real());
OTIUM_FUNCTOR1(CImagOp, x.imag());
OTIUM_FUNCTOR1(CAbsOp, std::hypot(x.real(), x.imag()));
OTIUM_FUNCTOR1(CArgOp, std::atan2(x.imag(), x.real()));
OTIUM_FUNCTOR1(CIsNanOp, x.real() != x.real() || x.imag() != x.imag());
OTIUM_FUNCTOR1(CIsInfOp, IsInfOp()(x.real()) || IsInfOp()(x.imag()));
OTIUM_FUNCTOR1(CIsFiniteOp, IsFiniteOp()(x.real()) && IsFiniteOp()(x.imag()));
OTIUM_FUNCTOR1(CExpOp, std::exp(x));
OTIUM_FUNCTOR1(CLogOp, std::log(x));
OTIUM_FUNCTOR1(CSinOp, std::sin(x));
OTIUM_FUNCTOR1(CCosOp, std::cos(x));
OTIUM_FUNCTOR1(CTanOp, std::tan(x));
OTIUM_FUNCTOR1(CTanhOp, std::tanh(x));
OTIUM_FUNCTOR1(CSqrtOp, std::sqrt(x));
OTIUM_FUNCTOR1(CExpm1Op, region::ComplexExpm1(x));
OTIUM_FUNCTOR1(CLog1pOp, region::ComplexLog1p(x));

// Those of c64 in double, where nothing of the way overflows.
using Wide = std::complex<double>;
OTIUM_FUNCTOR2(CDivOp, T(ComplexQuotient(Wide(x), Wide(y))));
OTIUM_FUNCTOR1(CReciprocalOp, T(ComplexQuotient(1, Wide(x))));
OTIUM_FUNCTOR2(CPowOp, T(region::ComplexPower(Wide(x), Wide(y))));

#undef OTIUM_FUNCTOR1
#undef OTIUM_FUNCTOR2

template <class T>
void Select(const MapOperand* in, void* out_data, int64_t n) {
  const uint8_t* c = static_cast<const uint8_t*>(in[0].data);
  const T* a = static_cast<const T*>(in[1].data);
  const T* b = static_cast<const T*>(in[2].data);
  T* out = static_cast<T*>(out_data);
  const int64_t cm = in[0].mask, am = in[1].mask, bm = in[2].mask;
  if ((cm & am & bm) != 0) {
    OTIUM_INDEPENDENT
    for (int64_t i = 0; i < n; ++i) out[i] = c[i] != 0 ? a[i] : b[i];
  } else if (cm != 0 && am != 0) {
    const T y = b[0];
    OTIUM_INDEPENDENT
    for (int64_t i = 0; i < n; ++i) out[i] = c[i] != 0 ? a[i] : y;
  } else if (cm != 0 && bm != 0) {
    const T x = a[0];
    OTIUM_INDEPENDENT
    for (int64_t i = 0; i < n; ++i) out[i] = c[i] != 0 ? x : b[i];
  } else {
    for (int64_t i = 0; i < n; ++i) out[i] = c[i & cm] != 0 ? a[i & am] : b[i & bm];
  }
}

template <class T>
void AddEquality(MapTable* t, DType d) {
  t->at(ScalarOp::eq, d) = Map2<bool, T, EqOp>;
  t->at(ScalarOp::ne, d) = Map2<bool, T, NeOp>;
  t->at(ScalarOp::select, d) = Select<T>;
}

template <class T>
void AddOrder(MapTable* t, DType d) {
  AddEquality<T>(t, d);
  t->at(ScalarOp::lt, d) = Map2<bool, T, LtOp>;
  t->at(ScalarOp::le, d) = Map2<bool, T, LeOp>;
  t->at(ScalarOp::gt, d) = Map2<bool, T, GtOp>;
  t->at(ScalarOp::ge, d) = Map2<bool, T, GeOp>;
}

// What rounding and taking parts leave as it is.
template <class T>
void AddSame(MapTable* t, DType d) {
  for (ScalarOp op : {ScalarOp::copy, ScalarOp::conj, ScalarOp::real, ScalarOp::floor,
                      ScalarOp::ceil, ScalarOp::round}) {
    t->at(op, d) = Map1<T, T, SameOp>;
  }
}

template <class T>
void AddInteger(MapTable* t, DType d) {
  AddOrder<T>(t, d);
  AddSame<T>(t, d);
  t->at(ScalarOp::add, d) = Map2<T, T, IntAddOp>;
  t->at(ScalarOp::sub, d) = Map2<T, T, IntSubOp>;
  t->at(ScalarOp::mul, d) = Map2<T, T, IntMulOp>;
  t->at(ScalarOp::pow, d) = Map2<T, T, IntPowOp>;
  t->at(ScalarOp::floor_divide, d) = Map2<T, T, IntFloorDivideOp>;
  t->at(ScalarOp::remainder, d) = Map2<T, T, IntRemainderOp>;
  t->at(ScalarOp::fmod, d) = Map2<T, T, IntFmodOp>;
  t->at(ScalarOp::minimum, d) = Map2<T, T, LeastOp>;
  t->at(ScalarOp::maximum, d) = Map2<T, T, MostOp>;
  t->at(ScalarOp::neg, d) = Map1<T, T, IntNegOp>;
  t->at(ScalarOp::abs, d) = Map1<T, T, IntAbsOp>;
  t->at(ScalarOp::sign, d) = Map1<T, T, IntSignOp>;
  t->at(ScalarOp::relu, d) = Map1<T, T, IntReluOp>;
}

template <class T>
void AddFloat(MapTable* t, DType d) {
  AddOrder<T>(t, d);
  t->at(ScalarOp::isnan, d) = Map1<bool, T, IsNanOp>;
  t->at(ScalarOp::isinf, d) = Map1<bool, T, IsInfOp>;
  t->at(ScalarOp::isfinite, d) = Map1<bool, T, IsFiniteOp>;
  t->at(ScalarOp::angle, d) = Map1<T, T, RealAngleOp>;
  t->at(ScalarOp::floor_divide, d) = Map2<T, T, FloorDivideOp>;
  t->at(ScalarOp::remainder, d) = Map2<T, T, RemainderOp>;
  t->at(ScalarOp::fmod, d) = Map2<T, T, FmodOp>;
}

template <class T>
void AddComplex(MapTable* t, DType d) {
  using C = std::complex<T>;
  AddEquality<C>(t, d);
  t->at(ScalarOp::div, d) = Map2<C, C, CDivOp>;
  t->at(ScalarOp::pow, d) = Map2<C, C, CPowOp>;
  t->at(ScalarOp::reciprocal, d) = Map1<C, C, CReciprocalOp>;
  t->at(ScalarOp::real, d) = Map1<T, C, CRealOp>;
  t->at(ScalarOp::imag, d) = Map1<T, C, CImagOp>;
  t->at(ScalarOp::abs, d) = Map1<T, C, CAbsOp>;
  t->at(ScalarOp::angle, d) = Map1<T, C, CArgOp>;
  t->at(ScalarOp::isnan, d) = Map1<bool, C, CIsNanOp>;
  t->at(ScalarOp::isinf, d) = Map1<bool, C, CIsInfOp>;
  t->at(ScalarOp::isfinite, d) = Map1<bool, C, CIsFiniteOp>;
  t->at(ScalarOp::exp, d) = Map1<C, C, CExpOp>;
  t->at(ScalarOp::log, d) = Map1<C, C, CLogOp>;
  t->at(ScalarOp::sin, d) = Map1<C, C, CSinOp>;
  t->at(ScalarOp::cos, d) = Map1<C, C, CCosOp>;
  t->at(ScalarOp::tan, d) = Map1<C, C, CTanOp>;
  t->at(ScalarOp::tanh, d) = Map1<C, C, CTanhOp>;
  t->at(ScalarOp::sqrt, d) = Map1<C, C, CSqrtOp>;
  t->at(ScalarOp::expm1, d) = Map1<C, C, CExpm1Op>;
  t->at(ScalarOp::log1p, d) = Map1<C, C, CLog1pOp>;
}

void Add(MapTable* t) {
  AddInteger<int32_t>(t, DType::kI32);
  AddInteger<int64_t>(t, DType::kI64);
  AddFloat<float>(t, DType::kF32);
  AddFloat<double>(t, DType::kF64);
  AddComplex<float>(t, DType::kC64);
  AddComplex<double>(t, DType::kC128);
  t->at(ScalarOp::round_f16, DType::kF32) = Map1<float, float, RoundF16Op>;
  t->at(ScalarOp::round_bf16, DType::kF32) = Map1<float, float, RoundBF16Op>;
  // Bools are bytes that are 0 or 1.
  AddOrder<uint8_t>(t, DType::kBool);
  AddSame<uint8_t>(t, DType::kBool);
  t->at(ScalarOp::logical_and, DType::kBool) = Map2<uint8_t, uint8_t, AndOp>;
  t->at(ScalarOp::logical_or, DType::kBool) = Map2<uint8_t, uint8_t, OrOp>;
  t->at(ScalarOp::minimum, DType::kBool) = Map2<uint8_t, uint8_t, AndOp>;
  t->at(ScalarOp::maximum, DType::kBool) = Map2<uint8_t, uint8_t, OrOp>;
  t->at(ScalarOp::sign, DType::kBool) = Map1<uint8_t, uint8_t, SameOp>;
  t->at(ScalarOp::relu, DType::kBool) = Map1<uint8_t, uint8_t, SameOp>;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace otium::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace otium::cpu {
namespace {
HWY_EXPORT(Add);
}  // namespace
void AddOtherMaps(MapTable* table) { HWY_DYNAMIC_DISPATCH(Add)(table); }
}  // namespace otium::cpu
#endif  // HWY_ONCE
