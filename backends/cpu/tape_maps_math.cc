// SPDX-License-Identifier: Apache-2.0
//
// Transcendental functions of f32 and f64 from a vector math library: glibc's
// libmvec on x86-64, SLEEF on 64-bit ARM, the standard library one by one where
// there is neither or Clang compiles this. Highway's own are wrong at NaN, infinity and large
// arguments. libmvec promises 4 ulp.

#include <cmath>

#include "backends/cpu/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/tape_maps_math.cc"
#include "hwy/foreach_target.h"

#include "backends/cpu/tape_loops-inl.h"
#include "hwy/highway.h"

#if defined(__aarch64__)
#include <sleef.h>
#endif

HWY_BEFORE_NAMESPACE();
namespace otium::cpu {
namespace HWY_NAMESPACE {

// Clang passes vectors that the file's own target lacks in memory, whatever the
// function's target is, so it cannot call libmvec from here: pow(a, b) was a to some
// power that lay in a register. (GCC goes by the function's target.)
#if defined(__clang__)
#define OTIUM_CALLS_LIBMVEC 0
#else
#define OTIUM_CALLS_LIBMVEC 1
#endif

// OTIUM_MATH1(name): name##_map, the function called name of vectors of T.
#if HWY_TARGET == HWY_AVX2 && OTIUM_CALLS_LIBMVEC
#define OTIUM_MATH1(name)                       \
  extern "C" __m256 _ZGVdN8v_##name##f(__m256); \
  extern "C" __m256d _ZGVdN4v_##name(__m256d);  \
  OTIUM_MATH1_OP(name, _ZGVdN8v_##name##f, _ZGVdN4v_##name)
#define OTIUM_MATH2(name)                                \
  extern "C" __m256 _ZGVdN8vv_##name##f(__m256, __m256); \
  extern "C" __m256d _ZGVdN4vv_##name(__m256d, __m256d); \
  OTIUM_MATH2_OP(name, _ZGVdN8vv_##name##f, _ZGVdN4vv_##name)
#elif HWY_TARGET == HWY_AVX3 && OTIUM_CALLS_LIBMVEC
#define OTIUM_MATH1(name)                        \
  extern "C" __m512 _ZGVeN16v_##name##f(__m512); \
  extern "C" __m512d _ZGVeN8v_##name(__m512d);   \
  OTIUM_MATH1_OP(name, _ZGVeN16v_##name##f, _ZGVeN8v_##name)
#define OTIUM_MATH2(name)                                 \
  extern "C" __m512 _ZGVeN16vv_##name##f(__m512, __m512); \
  extern "C" __m512d _ZGVeN8vv_##name(__m512d, __m512d);  \
  OTIUM_MATH2_OP(name, _ZGVeN16vv_##name##f, _ZGVeN8vv_##name)
#elif HWY_TARGET == HWY_NEON
// SLEEF's erfc promises 1.5 ulp, all others 1.0.
#define Sleef_erfcf4_u10 Sleef_erfcf4_u15
#define Sleef_erfcd2_u10 Sleef_erfcd2_u15
#define OTIUM_MATH1(name) OTIUM_MATH1_OP(name, Sleef_##name##f4_u10, Sleef_##name##d2_u10)
#define OTIUM_MATH2(name) OTIUM_MATH2_OP(name, Sleef_##name##f4_u10, Sleef_##name##d2_u10)
#endif

#ifdef OTIUM_MATH1
#define OTIUM_MATH1_OP(name, of_float, of_double)                          \
  struct name##_vector {                                                   \
    template <class D, class V>                                            \
    HWY_INLINE V operator()(D, V a) const {                                \
      if constexpr (sizeof(hn::TFromD<D>) == 4) return V{of_float(a.raw)}; \
      else return V{of_double(a.raw)};                                     \
    }                                                                      \
  };                                                                       \
  template <class T>                                                       \
  void name##_map(const MapOperand* in, void* out, int64_t n) {            \
    Vectors1<T>(in, out, n, name##_vector());                              \
  }
#define OTIUM_MATH2_OP(name, of_float, of_double)                                 \
  struct name##_vector {                                                          \
    template <class D, class V>                                                   \
    HWY_INLINE V operator()(D, V a, V b) const {                                  \
      if constexpr (sizeof(hn::TFromD<D>) == 4) return V{of_float(a.raw, b.raw)}; \
      else return V{of_double(a.raw, b.raw)};                                     \
    }                                                                             \
  };                                                                              \
  template <class T>                                                              \
  void name##_map(const MapOperand* in, void* out, int64_t n) {                   \
    Vectors2<T>(in, out, n, name##_vector());                                     \
  }
#else
#define OTIUM_MATH1(name)                                         \
  template <class T>                                              \
  void name##_map(const MapOperand* in, void* out, int64_t n) {   \
    Scalars1<T, T>(in, out, n, [](T x) { return std::name(x); }); \
  }
#define OTIUM_MATH2(name)                                                    \
  template <class T>                                                         \
  void name##_map(const MapOperand* in, void* out, int64_t n) {              \
    Scalars2<T, T, T>(in, out, n, [](T x, T y) { return std::name(x, y); }); \
  }
#endif

OTIUM_MATH1(exp)
OTIUM_MATH1(expm1)
OTIUM_MATH1(log)
OTIUM_MATH1(log1p)
OTIUM_MATH1(sin)
OTIUM_MATH1(cos)
OTIUM_MATH1(tan)
OTIUM_MATH1(tanh)
OTIUM_MATH1(erf)
OTIUM_MATH1(erfc)
OTIUM_MATH2(pow)
OTIUM_MATH2(atan2)

namespace {

template <class T>
void AddOf(MapTable* t, DType d) {
  using region::ScalarOp;
  t->at(ScalarOp::exp, d) = exp_map<T>;
  t->at(ScalarOp::expm1, d) = expm1_map<T>;
  t->at(ScalarOp::log, d) = log_map<T>;
  t->at(ScalarOp::log1p, d) = log1p_map<T>;
  t->at(ScalarOp::sin, d) = sin_map<T>;
  t->at(ScalarOp::cos, d) = cos_map<T>;
  t->at(ScalarOp::tan, d) = tan_map<T>;
  t->at(ScalarOp::tanh, d) = tanh_map<T>;
  t->at(ScalarOp::erf, d) = erf_map<T>;
  t->at(ScalarOp::erfc, d) = erfc_map<T>;
  t->at(ScalarOp::pow, d) = pow_map<T>;
  t->at(ScalarOp::atan2, d) = atan2_map<T>;
}

void Add(MapTable* t) {
  AddOf<float>(t, DType::kF32);
  AddOf<double>(t, DType::kF64);
}

}  // namespace
#undef OTIUM_MATH1
#undef OTIUM_MATH2
#undef OTIUM_MATH1_OP
#undef OTIUM_MATH2_OP
#undef OTIUM_CALLS_LIBMVEC
}  // namespace HWY_NAMESPACE
}  // namespace otium::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace otium::cpu {
namespace {
HWY_EXPORT(Add);
}  // namespace
void AddMathMaps(MapTable* table) { HWY_DYNAMIC_DISPATCH(Add)(table); }
}  // namespace otium::cpu
#endif  // HWY_ONCE
