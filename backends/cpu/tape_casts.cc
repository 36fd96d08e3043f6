// SPDX-License-Identifier: Apache-2.0
//
// Conversions between all dtypes. Floats become integers by truncation, and the
// smallest integer when they do not fit, as x86 hardware does it; anything but
// zero is true.

#include <complex>
#include <limits>

#include "backends/cpu/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/tape_casts.cc"
#include "hwy/foreach_target.h"

#include "backends/cpu/tape_loops-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace otium::cpu {
namespace HWY_NAMESPACE {
namespace {

template <class T>
constexpr bool kIsHalf = std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16>;
template <class T>
constexpr bool kIsComplex =
    std::is_same_v<T, std::complex<float>> || std::is_same_v<T, std::complex<double>>;

template <class To, class From>
HWY_INLINE To Convert(From x) {
  if constexpr (kIsHalf<From>) {
    return Convert<To>(static_cast<float>(x));
  } else if constexpr (kIsHalf<To>) {
    return To(static_cast<float>(x));
  } else if constexpr (std::is_same_v<To, bool>) {
    return x != From(0);
  } else if constexpr (kIsComplex<To>) {
    using R = typename To::value_type;
    if constexpr (kIsComplex<From>) return To(static_cast<R>(x.real()), static_cast<R>(x.imag()));
    else return To(static_cast<R>(x), R(0));
  } else if constexpr (std::is_integral_v<To> && std::is_floating_point_v<From>) {
    // Both bounds are powers of two, so exact; a float holds none between the
    // largest i32 and 2^31.
    constexpr From kLimit = sizeof(To) == 4 ? From(0x1p31) : From(0x1p63);
    constexpr bool kExactBelow = sizeof(To) == 4 && sizeof(From) == 8;
    const bool fits = (kExactBelow ? x > -kLimit - 1 : x >= -kLimit) && x < kLimit;
    const To converted = static_cast<To>(fits ? x : From(0));
    return fits ? converted : std::numeric_limits<To>::min();
  } else {
    return static_cast<To>(x);
  }
}

template <class To, class From>
void CastLoop(const MapOperand* in, void* out, int64_t n) {
  Scalars1<To, From>(in, out, n, [](From x) { return Convert<To>(x); });
}

#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
// Eight at a time by the conversion instructions.
void HalfToFloat(const MapOperand* in, void* out_data, int64_t n) {
  const Float16* a = static_cast<const Float16*>(in[0].data);
  float* out = static_cast<float*>(out_data);
  int64_t i = 0;
  if (in[0].mask != 0) {
    for (; i + 8 <= n; i += 8) {
      const __m128i h = _mm_loadu_si128(reinterpret_cast<const __m128i*>(a + i));
      _mm256_storeu_ps(out + i, _mm256_cvtph_ps(h));
    }
  }
  for (; i < n; ++i) out[i] = static_cast<float>(a[i & in[0].mask]);
}
void FloatToHalf(const MapOperand* in, void* out_data, int64_t n) {
  const float* a = static_cast<const float*>(in[0].data);
  Float16* out = static_cast<Float16*>(out_data);
  int64_t i = 0;
  if (in[0].mask != 0) {
    for (; i + 8 <= n; i += 8) {
      // Not NaN: Float16 keeps no payload.
      const __m256 x = _mm256_loadu_ps(a + i);
      const __m128i h = _mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT);
      if (_mm256_movemask_ps(_mm256_cmp_ps(x, x, _CMP_UNORD_Q)) != 0) {
        for (int l = 0; l < 8; ++l) out[i + l] = Float16(a[i + l]);
      } else {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), h);
      }
    }
  }
  for (; i < n; ++i) out[i] = Float16(a[i & in[0].mask]);
}
void RoundToHalf(const MapOperand* in, void* out_data, int64_t n) {
  const float* a = static_cast<const float*>(in[0].data);
  float* out = static_cast<float*>(out_data);
  int64_t i = 0;
  if (in[0].mask != 0) {
    for (; i + 8 <= n; i += 8) {
      const __m256 x = _mm256_loadu_ps(a + i);
      _mm256_storeu_ps(out + i, _mm256_cvtph_ps(_mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT)));
    }
  }
  for (; i < n; ++i) out[i] = static_cast<float>(Float16(a[i & in[0].mask]));
}
#endif

void Add(MapTable* t) {
  for (int from = 0; from < kNumDTypes; ++from) {
    DispatchDType(static_cast<DType>(from), [&]<class A>(A) {
      for (int to = 0; to < kNumDTypes; ++to) {
        DispatchDType(static_cast<DType>(to), [&]<class B>(B) {
          using From = typename A::type;
          using To = typename B::type;
          if constexpr (!kIsComplex<From> || kIsComplex<To> || std::is_same_v<To, bool>) {
            t->casts[from][to] = CastLoop<To, From>;
          }
        });
      }
    });
  }
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
  constexpr int kHalf = static_cast<int>(DType::kF16), kFloat = static_cast<int>(DType::kF32);
  t->casts[kHalf][kFloat] = HalfToFloat;
  t->casts[kFloat][kHalf] = FloatToHalf;
  t->at(region::ScalarOp::round_f16, DType::kF32) = RoundToHalf;
#endif
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace otium::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace otium::cpu {
namespace {
HWY_EXPORT(Add);

const MapTable& Table() {
  static const MapTable* const table = [] {
    auto* t = new MapTable;
    AddFloatMaps(t);
    AddMathMaps(t);
    AddOtherMaps(t);
    AddCasts(t);
    return t;
  }();
  return *table;
}

// add, sub, mul, div: 0 to 3; others -1.
int PairIndex(region::ScalarOp op) {
  switch (op) {
    case region::ScalarOp::add: return 0;
    case region::ScalarOp::sub: return 1;
    case region::ScalarOp::mul: return 2;
    case region::ScalarOp::div: return 3;
    default: return -1;
  }
}
}  // namespace

void AddCasts(MapTable* table) { HWY_DYNAMIC_DISPATCH(Add)(table); }

MapFn FindMap(region::ScalarOp op, DType operands) {
  return Table().maps[static_cast<int>(op)][static_cast<int>(operands)];
}

MapFn FindCast(DType from, DType to) {
  return Table().casts[static_cast<int>(from)][static_cast<int>(to)];
}

MapFn FindPair(region::ScalarOp first, region::ScalarOp second, bool swapped, DType dtype) {
  const int i = PairIndex(first), j = PairIndex(second);
  if (i < 0 || j < 0 || (dtype != DType::kF32 && dtype != DType::kF64)) return nullptr;
  return Table().pairs[dtype == DType::kF64][i][j][swapped];
}

}  // namespace otium::cpu
#endif  // HWY_ONCE
