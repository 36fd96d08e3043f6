// SPDX-License-Identifier: Apache-2.0
//
// The three tiers of promotion, against torch.result_type of PyTorch 2.15, run for
// every pair below. One deviation: f16 and bf16 have no complex partner here, so
// torch's complex32 and bcomplex32 are c64 in these tables.

#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "ops/ops.h"
#include "tests/ops/evaluate.h"

namespace otium {
namespace {

DType At(int i) { return static_cast<DType>(i); }

// Row i, column j of a table whose lines are words.
std::string Cell(const char* const* table, int i, int j) {
  const std::vector<std::string> words = absl::StrSplit(table[i], ' ');
  return words[j];
}

// Rows: a tensor with dimensions; columns: the same, in the order of DType.
constexpr const char* kTensorTensor[] = {
    "bool i32 i64 f16 bf16 f32 f64 c64 c128",       "i32 i32 i64 f16 bf16 f32 f64 c64 c128",
    "i64 i64 i64 f16 bf16 f32 f64 c64 c128",        "f16 f16 f16 f16 f32 f32 f64 c64 c128",
    "bf16 bf16 bf16 f32 bf16 f32 f64 c64 c128",     "f32 f32 f32 f32 f32 f32 f64 c64 c128",
    "f64 f64 f64 f64 f64 f64 f64 c128 c128",        "c64 c64 c64 c64 c64 c64 c128 c64 c128",
    "c128 c128 c128 c128 c128 c128 c128 c128 c128",
};
// Rows: a tensor with dimensions; columns: a 0-D tensor.
constexpr const char* kTensorScalar[] = {
    "bool i32 i64 f16 bf16 f32 f64 c64 c128",       "i32 i32 i32 f16 bf16 f32 f64 c64 c128",
    "i64 i64 i64 f16 bf16 f32 f64 c64 c128",        "f16 f16 f16 f16 f16 f16 f16 c64 c64",
    "bf16 bf16 bf16 bf16 bf16 bf16 bf16 c64 c64",   "f32 f32 f32 f32 f32 f32 f32 c64 c64",
    "f64 f64 f64 f64 f64 f64 f64 c128 c128",        "c64 c64 c64 c64 c64 c64 c64 c64 c64",
    "c128 c128 c128 c128 c128 c128 c128 c128 c128",
};
// Rows: a tensor, with dimensions or 0-D; columns: the numbers 1, 1.0 and 1j.
constexpr const char* kTensorNumber[] = {
    "i64 f32 c64", "i32 f32 c64",  "i64 f32 c64", "f16 f16 c64",    "bf16 bf16 c64",
    "f32 f32 c64", "f64 f64 c128", "c64 c64 c64", "c128 c128 c128",
};

TEST(PromotionTest, TwoTensors) {
  for (int i = 0; i < kNumDTypes; ++i) {
    for (int j = 0; j < kNumDTypes; ++j) {
      const Expr sum = Typed(At(i), {2}) + Typed(At(j), {2}, "y");
      EXPECT_EQ(TypeOf(sum), Cell(kTensorTensor, i, j) + "[2]") << i << " " << j;
      const Expr scalars = Typed(At(i), {}) + Typed(At(j), {}, "y");
      EXPECT_EQ(TypeOf(scalars), Cell(kTensorTensor, i, j) + "[]") << i << " " << j;
    }
  }
}

TEST(PromotionTest, TensorAndScalarTensor) {
  for (int i = 0; i < kNumDTypes; ++i) {
    for (int j = 0; j < kNumDTypes; ++j) {
      const Expr x = Typed(At(i), {2}), s = Typed(At(j), {}, "s");
      EXPECT_EQ(TypeOf(x + s), Cell(kTensorScalar, i, j) + "[2]") << i << " " << j;
      EXPECT_EQ(TypeOf(s * x), Cell(kTensorScalar, i, j) + "[2]") << i << " " << j;
    }
  }
}

TEST(PromotionTest, TensorAndNumber) {
  const Arg numbers[] = {1, 1.0, std::complex<double>(0, 1)};
  for (int i = 0; i < kNumDTypes; ++i) {
    for (int j = 0; j < 3; ++j) {
      for (const Shape& shape : {Shape(), Shape({2})}) {
        const Expr x = Typed(At(i), shape);
        const std::string want = Cell(kTensorNumber, i, j) + shape.ToString();
        EXPECT_EQ(TypeOf(x + numbers[j]), want);
        EXPECT_EQ(TypeOf(numbers[j] * x), want);
      }
    }
  }
}

TEST(PromotionTest, WhatMakesNumbersStaysWeak) {
  const Expr n = Arg(Dim::Symbol("n")).expr();
  EXPECT_EQ(TypeOf(n * 2), "i64[] weak");
  EXPECT_EQ(TypeOf(n * 0.5), "f64[] weak");
  EXPECT_EQ(TypeOf(n / 2), "f64[] weak");
  EXPECT_EQ(TypeOf(sqrt(n)), "f64[] weak");
  EXPECT_EQ(TypeOf(0.1 * eye(3)), "f64[3, 3] weak");
  EXPECT_EQ(TypeOf(0.1 * eye(3) + 1), "f64[3, 3] weak");
  EXPECT_EQ(TypeOf(arange(4) * 0.5), "f64[4] weak");
  EXPECT_EQ(TypeOf(Typed(DType::kF16, {3, 3}) + (0.1 * eye(3) + n)), "f16[3, 3]");
  EXPECT_EQ(TypeOf(Typed(DType::kI32, {4}) + arange(4)), "i32[4]");
  EXPECT_EQ(TypeOf(Typed(DType::kI32, {4}) * (arange(4) * 0.5)), "f32[4]");
  // What settles: a comparison, a reduction, a cast.
  EXPECT_EQ(TypeOf(lt(n, 2)), "bool[]");
  EXPECT_EQ(TypeOf(sum(ones({3}))), "f32[]");
  EXPECT_EQ(TypeOf(sum(arange(3))), "i64[]");
  EXPECT_EQ(TypeOf(cast(ones({3}), DType::kF64)), "f64[3]");
}

TEST(PromotionTest, FactorsTakeTheDTypeOfTheOthers) {
  const Expr x = Typed(DType::kF32, {2}), i = Typed(DType::kI32, {2});
  EXPECT_EQ(TypeOf(addcmul(x, x, x, Typed(DType::kF64, {}, "v"))), "f32[2]");
  EXPECT_EQ(TypeOf(addcmul(i, i, i, 3)), "i32[2]");
  EXPECT_EQ(TypeOf(addcmul(i, i, i, 0.5)),
            "addcmul: value is f64[], which i32 operands do not take");
  EXPECT_EQ(TypeOf(addcmul(x, x, x, Typed(DType::kF32, {2}, "v"))),
            "addcmul: value is f32[2], it must be 0-D");
}

}  // namespace
}  // namespace otium
