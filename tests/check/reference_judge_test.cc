// SPDX-License-Identifier: Apache-2.0
//
// --check finds what is wrong and nothing else: results of the CPU backend, which
// rounds in another order than the reference, agree, also where terms cancel,
// overflow or underflow; the same results with a fault put in do not.

#include <cmath>
#include <complex>
#include <limits>

#include "engine/otium.h"
#include "gtest/gtest.h"
#include "ops/ops.h"
#include "tests/check/judged.h"

namespace otium::cli {
namespace {

using C = std::complex<float>;

TEST(ReferenceJudge, ProductsAndFaultsInThem) {
  for (const DType dtype : {DType::kF32, DType::kF64}) {
    Function::Builder b("f");
    const Expr A = b.Input("A", dtype, {40, 300}), B = b.Input("B", dtype, {300, 30});
    b.Output("y", softmax(mm(A, B) / 10, 1));
    const Judged j =
        Computed(b, {{"A", Random(dtype, {40, 300}, 1)}, {"B", Random(dtype, {300, 30}, 2)}});
    EXPECT_TRUE(j.Judge().comparison.agrees()) << j.Judge().comparison.difference;
    // Of results up to 1, a thousandth; and what is no number.
    if (dtype == DType::kF64) {
      EXPECT_FALSE(j.JudgeWith(77, j.At<double>(77) + 1e-9).comparison.agrees());
      EXPECT_FALSE(j.JudgeWith<double>(77, NAN).comparison.agrees());
    } else {
      EXPECT_FALSE(j.JudgeWith(77, j.At<float>(77) + 1e-1f).comparison.agrees());
      EXPECT_FALSE(j.JudgeWith<float>(77, INFINITY).comparison.agrees());
    }
  }
}

// The variance as a difference of two numbers near 1e6: of the result, which is about
// 1, no digit is right. Of the two numbers all but a few are, and a fault of a part of
// them is found.
TEST(ReferenceJudge, ResultsSmallBesideWhatTheyAreMadeOf) {
  Function::Builder b("f");
  const Expr x = b.Input("x", DType::kF32, {1000}) + 1000;
  b.Output("y", mean(square(x)) - square(mean(x)));
  const Judged j = Computed(b, {{"x", Random(DType::kF32, {1000}, 1)}});
  EXPECT_TRUE(j.Judge().comparison.agrees()) << j.Judge().comparison.difference;
  EXPECT_FALSE(j.JudgeWith(0, j.At<float>(0) + 2e5f).comparison.agrees());
}

// Two ways to one vector; what is left are the roundings of either.
TEST(ReferenceJudge, ExactCancellation) {
  Function::Builder b("f");
  const Expr A = b.Input("A", DType::kF64, {60, 60}), B = b.Input("B", DType::kF64, {60, 60});
  const Expr x = b.Input("x", DType::kF64, {60});
  b.Output("y", mv(A, mv(B, x)) - mv(mm(A, B), x));
  const Judged j = Computed(b, {{"A", Random(DType::kF64, {60, 60}, 1)},
                                {"B", Random(DType::kF64, {60, 60}, 2)},
                                {"x", Random(DType::kF64, {60}, 3)}});
  EXPECT_TRUE(j.Judge().comparison.agrees()) << j.Judge().comparison.difference;
  EXPECT_FALSE(j.JudgeWith(5, 1e-8).comparison.agrees());
  // Nothing left at all is within the bound, too.
  EXPECT_TRUE(j.JudgeWith(5, 0.0).comparison.agrees());
}

// Which part of a complex overflow is infinite and which NaN depends on the order.
TEST(ReferenceJudge, ComplexOverflow) {
  Function::Builder b("f");
  const Expr A = b.Input("A", DType::kC64, {30, 30});
  b.Output("y", mm(A * 1e25, A * 1e25));
  b.Output("z", exp(A * 100) * exp(A * 90) * (A * 1e20));
  const Judged j = Computed(b, {{"A", Random(DType::kC64, {30, 30}, 1)}});
  const auto verdicts = *JudgeByReference(j.function, j.inputs, {}, {}, j.results);
  for (const Verdict& v : verdicts) {
    EXPECT_TRUE(v.comparison.agrees()) << v.name << ": " << v.comparison.difference;
  }
}

// A product that does not overflow is compared beside one that does.
TEST(ReferenceJudge, FaultsBesideOverflow) {
  Function::Builder b("f");
  const Expr x = b.Input("x", DType::kC64, {3});
  b.Output("y", x * x);
  const Judged j = Computed(b, {{"x", Tensor::Of<C>({C(1e30f, 1e30f), C(1, 2), C(INFINITY, 1)})}});
  EXPECT_TRUE(j.Judge().comparison.agrees()) << j.Judge().comparison.difference;
  EXPECT_FALSE(j.JudgeWith<C>(1, {-3, 5}).comparison.agrees());
  // (inf + 1j)^2 is inf + inf j in any order.
  EXPECT_FALSE(j.JudgeWith<C>(2, {NAN, INFINITY}).comparison.agrees());
}

// Products near 1e-318, each of whose roundings is one of 5e-324.
TEST(ReferenceJudge, SubnormalProducts) {
  Function::Builder b("f");
  const Expr x = b.Input("x", DType::kF64, {50, 800});
  b.Output("y", prod(abs(x) * 0.05 + 0.36, 1));
  const Judged j = Computed(b, {{"x", Random(DType::kF64, {50, 800}, 1)}});
  EXPECT_TRUE(j.Judge().comparison.agrees()) << j.Judge().comparison.difference;
  EXPECT_FALSE(j.JudgeWith(7, 1e-300).comparison.agrees());
}

// A number with a NaN and an infinite part has an infinite absolute value, and the sum
// of the squares of its parts is NaN.
TEST(ReferenceJudge, NormsOfInfinitiesAndNaN) {
  Function::Builder b("f");
  const Expr x = b.Input("x", DType::kC64, {2, 3});
  b.Output("y", vector_norm(x, 2, 1));
  const Judged j =
      Computed(b, {{"x", Tensor::Of<std::complex<float>>(
                             {{{1, 0}, {NAN, INFINITY}, {2, 0}}, {{3, 0}, {0, 4}, {0, 0}}})}});
  EXPECT_TRUE(j.Judge().comparison.agrees()) << j.Judge().comparison.difference;
  EXPECT_FALSE(j.JudgeWith(1, 5.001f).comparison.agrees());
}

// What roundings decide cannot be judged; what they do not must be right.
TEST(ReferenceJudge, IntegersAndBools) {
  Function::Builder b("f");
  const Expr x = b.Input("x", DType::kF32, {4});
  b.Output("y", cast(floor(x * 3), DType::kI64));
  const Judged j = Computed(b, {{"x", Tensor::Of<float>({0.5f, 1, 1.5f, 2})}});
  EXPECT_TRUE(j.Judge().comparison.agrees()) << j.Judge().comparison.difference;
  EXPECT_FALSE(j.JudgeWith<int64_t>(0, 2).comparison.agrees());
  // 3 * 1 is 3, or just below.
  EXPECT_TRUE(j.JudgeWith<int64_t>(1, 2).comparison.agrees());
}

}  // namespace
}  // namespace otium::cli
