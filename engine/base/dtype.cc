// SPDX-License-Identifier: Apache-2.0
#include "engine/base/dtype.h"

#include <algorithm>
#include <limits>

namespace otium {
namespace {

struct DTypeInfo {
  absl::string_view name;
  int item_size;
  DTypeCategory category;
  DType real, complex, wide;
  double epsilon;
};

using enum DType;

constexpr DTypeInfo kInfo[kNumDTypes] = {
    {"bool", 1, DTypeCategory::kBool, kBool, kC64, kI64, 0},
    {"i32", 4, DTypeCategory::kInteger, kI32, kC64, kI64, 0},
    {"i64", 8, DTypeCategory::kInteger, kI64, kC64, kI64, 0},
    {"f16", 2, DTypeCategory::kFloat, kF16, kC64, kF64, 0x1p-10},
    {"bf16", 2, DTypeCategory::kFloat, kBF16, kC64, kF64, 0x1p-7},
    {"f32", 4, DTypeCategory::kFloat, kF32, kC64, kF64, 0x1p-23},
    {"f64", 8, DTypeCategory::kFloat, kF64, kC128, kF64, 0x1p-52},
    {"c64", 8, DTypeCategory::kComplex, kF32, kC64, kC128, 0x1p-23},
    {"c128", 16, DTypeCategory::kComplex, kF64, kC128, kC128, 0x1p-52},
};

const DTypeInfo& Info(DType dtype) { return kInfo[static_cast<int>(dtype)]; }

}  // namespace

absl::string_view DTypeName(DType dtype) { return Info(dtype).name; }

std::optional<DType> DTypeFromName(absl::string_view name) {
  for (int i = 0; i < kNumDTypes; ++i) {
    if (kInfo[i].name == name) return static_cast<DType>(i);
  }
  return std::nullopt;
}

int64_t ItemSize(DType dtype) { return Info(dtype).item_size; }
DTypeCategory Category(DType dtype) { return Info(dtype).category; }
DType RealDType(DType dtype) { return Info(dtype).real; }
DType ComplexDType(DType dtype) { return Info(dtype).complex; }
DType WideDType(DType dtype) { return Info(dtype).wide; }
double Epsilon(DType dtype) { return Info(dtype).epsilon; }

DType PromoteDTypes(DType a, DType b) {
  if (a == b) return a;
  if (a > b) std::swap(a, b);
  if (a == kF16 && b == kBF16) return kF32;
  // An f64 beside a c64 needs both the width and the imaginary part.
  if (a == kF64 && b == kC64) return kC128;
  return b;
}

}  // namespace otium
