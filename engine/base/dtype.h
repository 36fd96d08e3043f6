// SPDX-License-Identifier: Apache-2.0
//
// Element types, and PyTorch's promotion lattice over them.

#ifndef OTIUM_ENGINE_BASE_DTYPE_H_
#define OTIUM_ENGINE_BASE_DTYPE_H_

#include <complex>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

#include "absl/strings/string_view.h"
#include "engine/base/export.h"
#include "engine/base/half.h"

namespace otium {

// Ordered so that, within a category, a larger value is the wider type.
enum class DType : uint8_t { kBool, kI32, kI64, kF16, kBF16, kF32, kF64, kC64, kC128 };
inline constexpr int kNumDTypes = 9;

// bool < integer < float < complex: the category decides before the width.
enum class DTypeCategory : uint8_t { kBool, kInteger, kFloat, kComplex };

// "f32", as graph files write it.
OTIUM_EXPORT absl::string_view DTypeName(DType dtype);
// Empty when there is none of that name.
OTIUM_EXPORT std::optional<DType> DTypeFromName(absl::string_view name);
// Bytes of one element.
OTIUM_EXPORT int64_t ItemSize(DType dtype);
OTIUM_EXPORT DTypeCategory Category(DType dtype);

inline bool IsComplex(DType dtype) { return dtype >= DType::kC64; }
inline bool IsFloat(DType dtype) { return dtype >= DType::kF16 && dtype <= DType::kF64; }
inline bool IsInteger(DType dtype) { return dtype == DType::kI32 || dtype == DType::kI64; }
inline bool IsInexact(DType dtype) { return dtype >= DType::kF16; }

// c64 -> f32, c128 -> f64, others themselves.
OTIUM_EXPORT DType RealDType(DType dtype);
// f32 -> c64, f64 -> c128, f16 and bf16 -> c64, complex themselves.
OTIUM_EXPORT DType ComplexDType(DType dtype);
// What sums of products of this type are carried in: i64, f64 or c128.
OTIUM_EXPORT DType WideDType(DType dtype);
// The unit roundoff spacing of 1.0 (machine epsilon); 0 for exact types.
OTIUM_EXPORT double Epsilon(DType dtype);

// The common type of two tensors, as torch.promote_types: f16 with bf16 is f32.
OTIUM_EXPORT DType PromoteDTypes(DType a, DType b);

template <class T>
struct TypeTag {
  using type = T;
};

// Calls `f(TypeTag<T>{})` with the C++ type of `dtype`.
template <class F>
decltype(auto) DispatchDType(DType dtype, F&& f) {
  switch (dtype) {
    case DType::kBool: return f(TypeTag<bool>{});
    case DType::kI32: return f(TypeTag<int32_t>{});
    case DType::kI64: return f(TypeTag<int64_t>{});
    case DType::kF16: return f(TypeTag<Float16>{});
    case DType::kBF16: return f(TypeTag<BFloat16>{});
    case DType::kF32: return f(TypeTag<float>{});
    case DType::kF64: return f(TypeTag<double>{});
    case DType::kC64: return f(TypeTag<std::complex<float>>{});
    case DType::kC128: return f(TypeTag<std::complex<double>>{});
  }
  __builtin_unreachable();
}

// The dtype of a C++ element type; others do not compile.
template <class T>
constexpr DType DTypeOf() {
  if constexpr (std::is_same_v<T, bool>) return DType::kBool;
  else if constexpr (std::is_same_v<T, int32_t>) return DType::kI32;
  else if constexpr (std::is_integral_v<T> && sizeof(T) == 8) return DType::kI64;
  else if constexpr (std::is_same_v<T, Float16>) return DType::kF16;
  else if constexpr (std::is_same_v<T, BFloat16>) return DType::kBF16;
  else if constexpr (std::is_same_v<T, float>) return DType::kF32;
  else if constexpr (std::is_same_v<T, double>) return DType::kF64;
  else if constexpr (std::is_same_v<T, std::complex<float>>) return DType::kC64;
  else {
    static_assert(std::is_same_v<T, std::complex<double>>, "not an element type");
    return DType::kC128;
  }
}

}  // namespace otium

#endif  // OTIUM_ENGINE_BASE_DTYPE_H_
