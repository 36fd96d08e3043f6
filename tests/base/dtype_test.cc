// SPDX-License-Identifier: Apache-2.0
#include "engine/base/dtype.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <set>
#include <string>

namespace otium {
namespace {

using enum DType;

DType At(int i) { return static_cast<DType>(i); }

TEST(DTypeTest, Names) {
  std::set<std::string> names;
  for (int i = 0; i < kNumDTypes; ++i) {
    names.insert(std::string(DTypeName(At(i))));
    EXPECT_EQ(DTypeFromName(DTypeName(At(i))), At(i));
  }
  EXPECT_EQ(names.size(), static_cast<size_t>(kNumDTypes));
  EXPECT_EQ(DTypeFromName("float"), std::nullopt);
  EXPECT_EQ(DTypeFromName("F32"), std::nullopt);
  EXPECT_EQ(DTypeFromName(""), std::nullopt);
}

TEST(DTypeTest, CppTypes) {
  for (int i = 0; i < kNumDTypes; ++i) {
    DispatchDType(At(i), [i](auto tag) {
      using T = typename decltype(tag)::type;
      EXPECT_EQ(DTypeOf<T>(), At(i));
      EXPECT_EQ(static_cast<int64_t>(sizeof(T)), ItemSize(At(i)));
    });
  }
  EXPECT_EQ(Epsilon(kF32), std::numeric_limits<float>::epsilon());
  EXPECT_EQ(Epsilon(kC128), std::numeric_limits<double>::epsilon());
  // One and its neighbour.
  EXPECT_EQ(Epsilon(kF16), Float16::ToFloat(Float16(1.0f).bits + 1) - 1);
  BFloat16 next(1.0f);
  ++next.bits;
  EXPECT_EQ(Epsilon(kBF16), static_cast<float>(next) - 1);
}

// torch.promote_types, from the table in PyTorch's documentation
// (torch.Tensor, "type promotion"), rows and columns in the order of DType.
TEST(DTypeTest, PromotionIsPyTorchs) {
  constexpr DType kTable[kNumDTypes][kNumDTypes] = {
      // bool  i32   i64   f16   bf16   f32   f64   c64    c128
      {kBool, kI32, kI64, kF16, kBF16, kF32, kF64, kC64, kC128},    // bool
      {kI32, kI32, kI64, kF16, kBF16, kF32, kF64, kC64, kC128},     // i32
      {kI64, kI64, kI64, kF16, kBF16, kF32, kF64, kC64, kC128},     // i64
      {kF16, kF16, kF16, kF16, kF32, kF32, kF64, kC64, kC128},      // f16
      {kBF16, kBF16, kBF16, kF32, kBF16, kF32, kF64, kC64, kC128},  // bf16
      {kF32, kF32, kF32, kF32, kF32, kF32, kF64, kC64, kC128},      // f32
      {kF64, kF64, kF64, kF64, kF64, kF64, kF64, kC128, kC128},     // f64
      {kC64, kC64, kC64, kC64, kC64, kC64, kC128, kC64, kC128},     // c64
      {kC128, kC128, kC128, kC128, kC128, kC128, kC128, kC128, kC128},
  };
  for (int a = 0; a < kNumDTypes; ++a) {
    for (int b = 0; b < kNumDTypes; ++b) {
      EXPECT_EQ(PromoteDTypes(At(a), At(b)), kTable[a][b])
          << DTypeName(At(a)) << " with " << DTypeName(At(b));
    }
  }
}

TEST(DTypeTest, RelatedTypes) {
  for (int i = 0; i < kNumDTypes; ++i) {
    const DType d = At(i);
    EXPECT_EQ(IsComplex(d), Category(d) == DTypeCategory::kComplex);
    EXPECT_EQ(IsFloat(d), Category(d) == DTypeCategory::kFloat);
    EXPECT_EQ(IsInteger(d), Category(d) == DTypeCategory::kInteger);
    EXPECT_EQ(IsInexact(d), IsFloat(d) || IsComplex(d));
    EXPECT_FALSE(IsComplex(RealDType(d)));
    EXPECT_TRUE(IsComplex(ComplexDType(d)));
    EXPECT_EQ(PromoteDTypes(d, WideDType(d)), WideDType(d));
    if (IsComplex(d)) {
      EXPECT_EQ(ComplexDType(RealDType(d)), d);
    }
  }
}

// The value of a binary16 by its definition in IEEE 754.
double HalfByDefinition(uint16_t bits) {
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  const double sign = (bits >> 15) != 0 ? -1 : 1;
  if (exponent == 31) {
    return fraction != 0 ? std::nan("") : sign * std::numeric_limits<double>::infinity();
  }
  return exponent == 0 ? sign * std::ldexp(fraction, -24)
                       : sign * std::ldexp(1024 + fraction, exponent - 25);
}

TEST(HalfTest, EveryPatternHasItsValueAndComesBack) {
  for (uint32_t i = 0; i < 65536; ++i) {
    const auto bits = static_cast<uint16_t>(i);
    const float value = Float16::ToFloat(bits);
    const double expected = HalfByDefinition(bits);
    if (std::isnan(expected)) {
      ASSERT_TRUE(std::isnan(value)) << i;
      ASSERT_EQ(Float16::FromFloat(value) & 0xfe00, 0x7e00 | (bits & 0x8000)) << "quiet, same sign";
      continue;
    }
    ASSERT_EQ(value, expected) << i;
    ASSERT_EQ(std::signbit(value), (bits & 0x8000) != 0) << i;
    ASSERT_EQ(Float16::FromFloat(value), bits);
  }
}

// Between two neighbours every float goes to the nearer, from the middle to the
// even one; also beyond the largest, where the next would be 65536.
TEST(HalfTest, RoundsToNearestEven) {
  for (uint32_t i = 0; i < 0x7c00; ++i) {
    const double below = HalfByDefinition(static_cast<uint16_t>(i));
    const double above = i + 1 == 0x7c00 ? 65536 : HalfByDefinition(static_cast<uint16_t>(i + 1));
    const auto middle = static_cast<float>((below + above) / 2);
    ASSERT_EQ(middle, (below + above) / 2) << "the middle is a float";
    ASSERT_EQ(Float16::FromFloat(middle), i % 2 == 0 ? i : i + 1) << middle;
    ASSERT_EQ(Float16::FromFloat(-middle), 0x8000 | (i % 2 == 0 ? i : i + 1)) << middle;
    ASSERT_EQ(Float16::FromFloat(std::nextafter(middle, 0.0f)), i) << middle;
    ASSERT_EQ(Float16::FromFloat(std::nextafter(middle, 1e9f)), i + 1) << middle;
  }
  EXPECT_EQ(Float16::FromFloat(3e38f), 0x7c00);
  EXPECT_EQ(Float16::FromFloat(1e-45f), 0);
}

TEST(BFloat16Test, EveryPatternComesBackAndNeighboursRoundToNearestEven) {
  for (uint32_t i = 0; i < 65536; ++i) {
    BFloat16 b;
    b.bits = static_cast<uint16_t>(i);
    const auto value = static_cast<float>(b);
    ASSERT_EQ(std::bit_cast<uint32_t>(value), i << 16);
    if (std::isnan(value)) {
      ASSERT_EQ(BFloat16::FromFloat(value), i | 0x40) << "quiet, all else kept";
      continue;
    }
    ASSERT_EQ(BFloat16::FromFloat(value), i);
    if (std::isinf(value)) continue;
    const auto at = [i](uint32_t low) { return std::bit_cast<float>((i << 16) + low); };
    ASSERT_EQ(BFloat16::FromFloat(at(0x7fff)), i);
    ASSERT_EQ(BFloat16::FromFloat(at(0x8000)), i % 2 == 0 ? i : i + 1);
    ASSERT_EQ(BFloat16::FromFloat(at(0x8001)), i + 1);
  }
  // A NaN whose payload is only in the lower half must not become infinity.
  EXPECT_EQ(BFloat16::FromFloat(std::bit_cast<float>(0x7f800001u)), 0x7fc0);
}

}  // namespace
}  // namespace otium
