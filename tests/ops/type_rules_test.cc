// SPDX-License-Identifier: Apache-2.0
//
// The type rules of creation, elementwise and reduction ops: results for every
// dtype, and the exact text of what is refused.

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "ops/ops.h"
#include "tests/ops/evaluate.h"

namespace otium {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

// The dtype of the result for operands of each dtype, "-" where the op refuses
// it: what PyTorch 2.15's CPU build gives for torch.ones(2, 2, dtype=...).
struct DTypeRow {
  std::function<Expr(Expr)> apply;
  const char* name;
  const char* results;
};

std::vector<DTypeRow> DTypeRows() {
  constexpr const char* kFloats = "f32 f32 f32 f16 bf16 f32 f64 c64 c128";
  constexpr const char* kNumbers = "- i32 i64 f16 bf16 f32 f64 c64 c128";
  constexpr const char* kRealNumbers = "- i32 i64 f16 bf16 f32 f64 - -";
  constexpr const char* kReals = "bool i32 i64 f16 bf16 f32 f64 - -";
  constexpr const char* kAll = "bool i32 i64 f16 bf16 f32 f64 c64 c128";
  constexpr const char* kTests = "bool bool bool bool bool bool bool bool bool";
  constexpr const char* kOrders = "bool bool bool bool bool bool bool - -";
  constexpr const char* kInexact = "- - - f16 bf16 f32 f64 c64 c128";
  constexpr const char* kFloating = "- - - f16 bf16 f32 f64 - -";
  constexpr const char* kSums = "i64 i64 i64 f16 bf16 f32 f64 c64 c128";
  constexpr const char* kMagnitudes = "- - - f16 bf16 f32 f64 f32 f64";
#define OTIUM_UNARY(op, results)               \
  {                                            \
    [](Expr x) { return op(x); }, #op, results \
  }
#define OTIUM_BINARY(op, results)                 \
  {                                               \
    [](Expr x) { return op(x, x); }, #op, results \
  }
  return {
      OTIUM_UNARY(sqrt, kFloats),
      OTIUM_UNARY(rsqrt, kFloats),
      OTIUM_UNARY(exp, kFloats),
      OTIUM_UNARY(log, kFloats),
      OTIUM_UNARY(log1p, kFloats),
      OTIUM_UNARY(expm1, kFloats),
      OTIUM_UNARY(sin, kFloats),
      OTIUM_UNARY(cos, kFloats),
      OTIUM_UNARY(tan, kFloats),
      OTIUM_UNARY(tanh, kFloats),
      OTIUM_UNARY(sigmoid, kFloats),
      OTIUM_UNARY(reciprocal, kFloats),
      OTIUM_UNARY(erf, "f32 f32 f32 f16 bf16 f32 f64 - -"),
      OTIUM_UNARY(square, "i64 i32 i64 f16 bf16 f32 f64 c64 c128"),
      OTIUM_UNARY(abs, "- i32 i64 f16 bf16 f32 f64 f32 f64"),
      OTIUM_UNARY(-, kNumbers),
      OTIUM_UNARY(sign, kReals),
      OTIUM_UNARY(floor, kRealNumbers),
      OTIUM_UNARY(ceil, kRealNumbers),
      OTIUM_UNARY(round, kRealNumbers),
      OTIUM_UNARY(relu, kRealNumbers),
      OTIUM_UNARY(gelu, kFloating),
      OTIUM_UNARY(silu, kInexact),
      OTIUM_UNARY(softplus, kFloating),
      OTIUM_UNARY(leaky_relu, kFloating),
      OTIUM_UNARY(conj, kAll),
      OTIUM_UNARY(real, "bool i32 i64 f16 bf16 f32 f64 f32 f64"),
      OTIUM_UNARY(imag, "- - - - - - - f32 f64"),
      OTIUM_UNARY(angle, "f32 f32 f32 f16 bf16 f32 f64 f32 f64"),
      OTIUM_UNARY(isnan, kTests),
      OTIUM_UNARY(isinf, kTests),
      OTIUM_UNARY(isfinite, kTests),
      OTIUM_UNARY(logical_not, kTests),
      {[](Expr x) { return x + x; }, "add", kAll},
      {[](Expr x) { return x - x; }, "sub", kNumbers},
      {[](Expr x) { return x * x; }, "mul", kAll},
      {[](Expr x) { return x / x; }, "div", kFloats},
      OTIUM_BINARY(pow, kNumbers),
      OTIUM_BINARY(minimum, kReals),
      OTIUM_BINARY(maximum, kReals),
      OTIUM_BINARY(floor_divide, kRealNumbers),
      OTIUM_BINARY(remainder, kRealNumbers),
      OTIUM_BINARY(fmod, kRealNumbers),
      OTIUM_BINARY(lt, kOrders),
      OTIUM_BINARY(le, kOrders),
      OTIUM_BINARY(gt, kOrders),
      OTIUM_BINARY(ge, kOrders),
      OTIUM_BINARY(eq, kTests),
      OTIUM_BINARY(ne, kTests),
      OTIUM_BINARY(logical_and, kTests),
      OTIUM_BINARY(logical_or, kTests),
      OTIUM_BINARY(logical_xor, kTests),
      OTIUM_BINARY(atan2, "f32 f32 f32 f16 bf16 f32 f64 - -"),
      {[](Expr x) { return clamp(x, x, x); }, "clamp", kRealNumbers},
      {[](Expr x) { return clamp(x, 0); }, "clamp by 0", "i64 i32 i64 f16 bf16 f32 f64 - -"},
      {[](Expr x) { return where(eq(x, x), x, x); }, "where", kAll},
      {[](Expr x) { return lerp(x, x, x); }, "lerp", kInexact},
      {[](Expr x) { return addcmul(x, x, x); }, "addcmul", kNumbers},
      {[](Expr x) { return addcdiv(x, x, x); }, "addcdiv", kInexact},
      OTIUM_UNARY(sum, kSums),
      OTIUM_UNARY(prod, kSums),
      OTIUM_UNARY(mean, kInexact),
      OTIUM_UNARY(var, kMagnitudes),
      OTIUM_UNARY(otium::std, kMagnitudes),
      {[](Expr x) { return var_mean(x).first; }, "var of var_mean", kMagnitudes},
      {[](Expr x) { return var_mean(x).second; }, "mean of var_mean", kInexact},
      OTIUM_UNARY(amax, kReals),
      OTIUM_UNARY(amin, kReals),
      OTIUM_UNARY(argmax, "- i64 i64 i64 i64 i64 i64 - -"),
      OTIUM_UNARY(argmin, "- i64 i64 i64 i64 i64 i64 - -"),
      OTIUM_UNARY(all, kTests),
      OTIUM_UNARY(any, kTests),
      OTIUM_UNARY(count_nonzero, "i64 i64 i64 i64 i64 i64 i64 i64 i64"),
      {[](Expr x) {
         return logsumexp(x, {0, 1});
       },
       "logsumexp", kFloats},
      OTIUM_UNARY(trace, "- i64 i64 f16 bf16 f32 f64 c64 c128"),
      {[](Expr x) { return softmax(x, 0); }, "softmax", kFloating},
      {[](Expr x) { return log_softmax(x, 0); }, "log_softmax", kFloating},
      {[](Expr x) { return cumsum(x, 0); }, "cumsum", kSums},
      {[](Expr x) { return cumprod(x, 0); }, "cumprod", kSums},
      OTIUM_UNARY(vector_norm, kMagnitudes),
      OTIUM_UNARY(norm, kMagnitudes),
      {[](Expr x) { return norm(x, 1); }, "norm of order 1", kMagnitudes},
  };
#undef OTIUM_UNARY
#undef OTIUM_BINARY
}

TEST(TypeRulesTest, DTypesArePyTorchs) {
  for (const DTypeRow& row : DTypeRows()) {
    const std::vector<std::string> results = absl::StrSplit(row.results, ' ');
    ASSERT_EQ(results.size(), static_cast<size_t>(kNumDTypes)) << row.name;
    for (int d = 0; d < kNumDTypes; ++d) {
      const Expr y = row.apply(Typed(static_cast<DType>(d), {2, 2}));
      const std::string got = y.status().ok() ? std::string(DTypeName(y.dtype())) : "-";
      EXPECT_EQ(got, results[d]) << row.name << " of " << DTypeName(static_cast<DType>(d)) << ": "
                                 << y.status();
    }
  }
}

const Dim n = Dim::Symbol("n"), m = Dim::Symbol("m");
Expr X() { return Typed(DType::kF32, {m, n, 3}); }
Expr A() { return Typed(DType::kF64, {2, 3}); }
Expr Z() { return Typed(DType::kC64, {2}); }

struct Case {
  Expr expr;
  const char* type;
};

void Check(const std::vector<Case>& cases) {
  for (size_t i = 0; i < cases.size(); ++i) {
    EXPECT_EQ(TypeOf(cases[i].expr), cases[i].type) << "case " << i;
  }
}

TEST(TypeRulesTest, Shapes) {
  Check({
      {sum(X()), "f32[]"},
      {sum(X(), Ints{1}), "f32[m, 3]"},
      {sum(X(), Ints{-1, 0}), "f32[n]"},
      {sum(X(), Ints{-1, 0}, true), "f32[1, n, 1]"},
      {sum(X(), Ints{}), "f32[]"},
      {all(X(), Ints{}), "bool[m, n, 3]"},
      {argmax(X()), "i64[]"},
      {argmax(X(), -1, true), "i64[m, n, 1]"},
      {sum(Typed(DType::kF32, {}), Ints{0}), "f32[]"},
      {sum(Typed(DType::kF32, {}), Ints{-1}, true), "f32[]"},
      {softmax(X(), -2), "f32[m, n, 3]"},
      {cumsum(Typed(DType::kBool, {}), 0), "i64[]"},
      {trace(Typed(DType::kF64, {4, m, n})), "f64[4]"},
      {norm(A(), "fro"), "f64[]"},
      {norm(X(), 1, Ints{0, 2}), "f32[n]"},
      {norm(X(), 3, Ints{0}, true), "f32[1, n, 3]"},
      {norm(X()), "f32[]"},
      {amax(Typed(DType::kF32, {0, 3}), Ints{1}), "f32[0]"},
      {where(Typed(DType::kBool, {3}, "c"), Typed(DType::kF32, {2, 1}), 1), "f32[2, 3]"},
      {clamp(Typed(DType::kI32, {2}), std::nullopt, 0.5), "f32[2]"},
  });
}

TEST(TypeRulesTest, Creation) {
  Check({
      {zeros({m, n}), "f64[m, n] weak"},
      {ones({2}, DType::kBool), "bool[2]"},
      {full({2}, 3), "i64[2] weak"},
      {full({2}, 0.5), "f64[2] weak"},
      {full({2}, std::complex<double>(0, 1)), "c128[2] weak"},
      {full({2}, 1.5, DType::kI32), "i32[2]"},
      {full({2}, Typed(DType::kF16, {})), "f16[2]"},
      {eye(n), "f64[n, n] weak"},
      {eye(n, 3, DType::kC64), "c64[n, 3]"},
      {arange(5), "i64[5] weak"},
      {arange(5.0), "f64[5] weak"},
      {arange(5, DType::kF32), "f32[5]"},
      {arange(n), "i64[n] weak"},
      {arange(1, n), "i64[n - 1] weak"},
      {arange(0, 2 * n, 3), "i64[(2*n + 2) // 3] weak"},
      {arange(n, 0, -1), "i64[n] weak"},
      {arange(5, 0, -2), "i64[3] weak"},
      {arange(0, 1, 0.3), "f64[4] weak"},
      {arange(0.5, 5.5, 1.5, DType::kI64), "i64[4]"},
      {arange(3, 3), "i64[0] weak"},
      {linspace(0, 1, n), "f64[n] weak"},
      {linspace(0, 10, 4, DType::kI32), "i32[4]"},
      {rand({n}), "f32[n]"},
      {randn({n}, DType::kC128), "c128[n]"},
      {zeros_like(X()), "f32[m, n, 3]"},
      {ones_like(Z(), DType::kI32), "i32[2]"},
      {full_like(Typed(DType::kI64, {2}), 1.5), "i64[2]"},
      {rand_like(A()), "f64[2, 3]"},
      {randn_like(Typed(DType::kI64, {2}), DType::kF16), "f16[2]"},
  });
}

TEST(TypeRulesTest, Errors) {
  const Expr empty = Typed(DType::kF32, {0, 3}), b = Typed(DType::kBool, {2}, "b");
  Check({
      {lt(Z(), 1), "lt: a is c64[2], it must be of a bool, integer or floating dtype"},
      {floor(b), "floor: x is bool[2], it must be of an integer or floating dtype"},
      {mean(b), "mean: x is bool[2], it must be of a floating or complex dtype"},
      {gelu(Z()), "gelu: x is c64[2], it must be of a floating dtype"},
      {gelu(A(), "sigmoid"), "gelu: approximate is 'sigmoid', it must be 'none' or 'tanh'"},
      {A() + Typed(DType::kF64, {4}, "y"),
       "add: shapes [2, 3] and [4] do not broadcast: 3 is not 4"},
      {where(A(), A(), A()), "where: condition is f64[2, 3], it must be of a bool dtype"},
      {clamp(A(), std::nullopt), "clamp: needs min or max"},
      {sum(A(), Ints{2}), "sum: dimension 2 is out of range [-2, 1]"},
      {sum(A(), Ints{0, -2}), "sum: dimension -2 appears twice"},
      {softmax(A(), 5), "softmax: dimension 5 is out of range [-2, 1]"},
      {amax(empty), "amax: x is f32[0, 3], dimension 0 is empty, and of nothing it is not defined"},
      {argmin(empty, 0),
       "argmin: x is f32[0, 3], dimension 0 is empty, and of nothing it is not defined"},
      {vector_norm(empty, kInf),
       "vector_norm: x is f32[0, 3], dimension 0 is empty, and of nothing it is not defined"},
      {vector_norm(A(), std::numeric_limits<double>::quiet_NaN()), "vector_norm: ord is nan"},
      {norm(Typed(DType::kF16, {2, 3}), 2),
       "norm: x is f16[2, 3], of which there are no singular values; it must be f32, f64, c64 or "
       "c128"},
      {norm(A(), 3), "norm: ord is 3, matrices have 'fro', 'nuc', 1, -1, 2, -2, inf and -inf"},
      {norm(A(), "fro", Ints{0}), "norm: ord is 'fro', vectors have numbers only"},
      {norm(X(), 1),
       "norm: x is f32[m, n, 3], with ord and without dim it must have 1 or 2 "
       "dimensions"},
      {norm(X(), 1, Ints{0, 1, 2}), "norm: dim has 3 dimensions, it must have 1 or 2"},
      {norm(Typed(DType::kF32, {3, 0}), -1),
       "norm: x is f32[3, 0], dimension 1 is empty, and of nothing it is not defined"},
      {trace(Typed(DType::kF32, {3}, "A")),
       "trace: A is f32[3], it must have at least 2 dimensions"},
      {full({2}, A()), "full: fill_value is f64[2, 3], it must have 0 dimensions"},
      {full({2}, std::complex<double>(0, 1), DType::kF32),
       "full: fill_value is c128[], which f32 cannot hold"},
      {zeros({-1}), "zeros: the result f64[-1] has a negative size"},
      {arange(5, 0), "arange: the step 1 does not lead from 5 to 0"},
      {arange(0.0, 1, -0.5), "arange: the step -0.5 does not lead from 0 to 1"},
      {arange(0, 5, 0), "arange: the step is 0"},
      {arange(0, 1e300), "arange: the result f64[2305843009213693952] is too large"},
      {arange(0, kInf), "arange: the range is not finite"},
      {arange(0.5, n), "arange: the size n meets a floating number: the length would be unknown"},
      {arange(0, 5, n), "arange: the step is n, it must be a known number"},
      {arange(5, DType::kBool), "arange: dtype is bool, it must be integer or floating"},
      {linspace(0, 1, 3, DType::kBool), "linspace: dtype is bool, it must be a number's"},
      {linspace(0, 1, -1), "linspace: the result f64[-1] has a negative size"},
      {rand({2}, DType::kI32), "rand: dtype is i32, it must be floating or complex"},
      {rand_like(b), "rand_like: dtype is bool, it must be floating or complex"},
  });
}

// As PyTorch: x < 3000000000 must not compare with what is left of it in 32 bits.
TEST(TypeRulesTest, NumbersThatIntegersCannotHold) {
  const Expr i = Typed(DType::kI32, {2});
  const int64_t big = int64_t{1} << 31;
  Check({
      {lt(i, big), "lt: b is 2147483648, which i32 cannot hold"},
      {-big - 1 + i, "add: a is -2147483649, which i32 cannot hold"},
      {clamp(i, 0, big), "clamp: max is 2147483648, which i32 cannot hold"},
      {where(gt(i, 0), i, big), "where: b is 2147483648, which i32 cannot hold"},
      {lt(i, big - 1), "bool[2]"},
      {i + -big, "i32[2]"},
      {i + 1e10, "f32[2]"},
      {i + cast(big, DType::kI32), "i32[2]"},
      {Typed(DType::kI64, {2}) + big, "i64[2]"},
      {full({2}, big) + big, "i64[2] weak"},
  });
}

// A number is refused, a tensor is not: its values are known only to the run.
TEST(TypeRulesTest, NegativePowersOfIntegers) {
  const Expr i = Typed(DType::kI64, {2}), j = Typed(DType::kI32, {2});
  const char* why =
      ": a negative power of an integer is no integer, cast x to a floating dtype or write ";
  EXPECT_EQ(TypeOf(pow(i, -1)), absl::StrCat("pow: x is i64[2] and exponent is -1", why, "-1.0"));
  EXPECT_EQ(TypeOf(pow(j, -3)), absl::StrCat("pow: x is i32[2] and exponent is -3", why, "-3.0"));
  // Not the pow of <cmath>.
  EXPECT_EQ(TypeOf(otium::pow(2, -1)),
            absl::StrCat("pow: x is i64[] and exponent is -1", why, "-1.0"));
  for (const Expr& e : {pow(i, 0), pow(i, 2), pow(i, -1.0), pow(A(), -1), otium::pow(2.0, -1),
                        pow(i, j), pow(i, constant(Tensor::Of<int64_t>({-1, 1})))}) {
    EXPECT_TRUE(e.status().ok()) << e.status();
  }
}

TEST(TypeRulesTest, AttributesAreChecked) {
  auto make = [](Op op, std::vector<NamedAttribute> attributes) {
    return TypeOf(MakeExpr(op, {A()}, std::move(attributes)));
  };
  EXPECT_EQ(make(Op::argmax, {{"dim", Ints{0, 1}}}),
            "argmax: dim has 2 dimensions, it must be one or none");
  EXPECT_EQ(make(Op::norm, {{"ord", true}}), "norm: ord must be a number or a string");
  EXPECT_EQ(make(Op::norm, {{"ord", int64_t{1}}}), "f64[]");
  EXPECT_EQ(TypeOf(MakeExpr(Op::arange, {}, {{"start", std::string("1")}})),
            "arange: start must be a number or a size");
}

}  // namespace
}  // namespace otium
