// SPDX-License-Identifier: Apache-2.0
//
// What runs compute: what may not be optimized away, numbers as their dtypes hold them;
// and what may not be built.

#include <cmath>
#include <complex>
#include <iterator>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "engine/otium.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/run/example.h"

namespace otium {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// ---- declarations

// Of the input and its default, as graph files check them.
TEST(Build, WrongDeclarationsAreRefused) {
  const Dim n = Dim::Symbol("n");
  const Expr two = constant(Tensor::Of<double>({1, 2}));
  const struct {
    DType dtype;
    Shape shape;
    Structure structure;
    Expr default_value;
    const char* error;
  } cases[] = {
      {DType::kF64,
       {2, 3},
       {.flags = kSymmetric},
       {},
       "the input x is f64[2, 3], only square matrices are symmetric"},
      {DType::kF64, {n}, {.lower = 0}, {}, "the input x is f64[n], it has no matrices to be upper"},
      {DType::kF64,
       {n, n},
       {.flags = kPositive},
       {},
       "the input x is f64[n, n], only scalars are positive or nonnegative"},
      {DType::kF64, {-2}, {}, {}, "the input x: f64[-2] has a negative size"},
      {DType::kF64,
       {int64_t{1} << 40, n, int64_t{1} << 40},
       {},
       {},
       "the input x: f64[1099511627776, n, 1099511627776] is too large"},
      {DType::kF64, {3}, {}, two, "the default of x is f64[2], not f64[3]"},
      {DType::kF64, {n}, {}, two, "the default of x is f64[2], not f64[n]"},
      {DType::kF32, {2}, {}, two, "the default of x is f64[2], not f32[2]"},
      {DType::kI64, {}, {}, Arg(0.5).expr(), "the default of x is f64[], not i64[]"},
  };
  for (const auto& c : cases) {
    Function::Builder b("f");
    const Expr x = b.Input("x", c.dtype, c.shape, c.structure, c.default_value);
    b.Output("y", x + 1);
    const absl::StatusOr<Function> f = b.Build();
    EXPECT_EQ(f.status().code(), absl::StatusCode::kInvalidArgument) << c.error;
    EXPECT_EQ(f.status().message(), c.error);
    EXPECT_THAT(std::string(PositionOf(f.status()).file), testing::HasSubstr("program_test"));
  }
  // A number takes the dtype that is declared, if it is of its kind.
  Function::Builder b("f");
  b.Output("y", b.Input("x", DType::kF32, {}, {}, Arg(2).expr()));
  EXPECT_TRUE(b.Build().ok());
}

// ---- what may not be optimized away

float OneOfMany(std::mt19937& random) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  constexpr float kSpecial[] = {
      std::numeric_limits<float>::quiet_NaN(), kInf, -kInf, 0, -0.0f, 1e30f, 1e-40f};
  if (random() % 200 == 0) return kSpecial[random() % std::size(kSpecial)];
  return std::normal_distribution<float>()(random);
}

// Sums of scaled products become products that add, with NaN, infinity and zeros in
// the factors as well as in the matrices, and also when nothing is summed up.
TEST(Run, ProductsThatAddKeepNaNAndInfinity) {
  std::mt19937 random(7);
  for (int i = 0; i < 150; ++i) {
    const auto size = [&] { return static_cast<int64_t>(1 + random() % 30); };
    const int64_t items = size(), m = size(), n = size(), k = i % 5 == 0 ? 0 : size();
    const Sizes shapes[3][3] = {{{m, k}, {k}, {m}},
                                {{m, k}, {k, n}, {m, n}},
                                {{items, m, k}, {items, k, n}, {items, m, n}}};
    Function::Builder b("f");
    TensorMap inputs;
    auto input = [&](const char* name, const Sizes& sizes, bool special) {
      Tensor t = *Tensor::Allocate(DType::kF32, sizes);
      for (int64_t e = 0; e < t.NumElements(); ++e) {
        float& x = t.mutable_data<float>()[e];
        do x = OneOfMany(random);
        while (special && std::isnormal(x) && std::abs(x) < 1e20f);
      }
      inputs.Set(name, std::move(t));
      return b.Input(name, DType::kF32, Shape(absl::MakeConstSpan(sizes)));
    };
    const Sizes* const shape = shapes[i % 3];
    const Expr A = input("A", shape[0], false), B = input("B", shape[1], false);
    const Expr C = input("C", shape[2], false);
    const Expr s = input("s", {}, i % 2 == 0), t = input("t", {}, i % 2 == 1);
    const Expr p = i % 3 == 0 ? mv(A, B) : i % 3 == 1 ? mm(A, B) : bmm(A, B);
    switch (random() % 5) {
      case 0: b.Output("z", s * p + C); break;
      case 1: b.Output("z", C * 3 - s * (t * p)); break;
      case 2: b.Output("z", t * C - p / 2); break;
      case 3: b.Output("z", relu(t * p * 2 - C)); break;
      default: b.Output("z", C / 2 + -p * t); break;
    }
    const absl::StatusOr<Function> f = b.Build();
    ASSERT_TRUE(f.ok()) << f.status();
    std::vector<float> values[2];
    for (bool optimize : {false, true}) {
      const absl::StatusOr<TensorMap> r =
          Compile(*f, {.optimize = {.optimize = optimize}})->Run(inputs);
      ASSERT_TRUE(r.ok()) << r.status();
      values[optimize ? 1 : 0] = (*r)["z"].ToVector<float>();
    }
    for (size_t e = 0; e < values[0].size(); ++e) {
      const float want = values[0][e], got = values[1][e];
      EXPECT_EQ(std::isnan(got), std::isnan(want)) << "case " << i << " element " << e;
      EXPECT_TRUE(std::isinf(got) == std::isinf(want) && (!std::isinf(want) || got == want))
          << "case " << i << " element " << e << ": " << got << ", not " << want;
    }
  }
}

// What follows of a value is no promise: data may break it, here by inf * 0, and
// only what was declared is checked.
TEST(Run, InferredStructureIsNotCheckedWhenItCrossesASegment) {
  Function::Builder b("crossing");
  const Expr A = b.Input("A", DType::kF64, {3, 3}), x = b.Input("x", DType::kF64, {3});
  const Expr L = tril(A);
  b.Output("z", mm(L, L) * sum(nonzero(x)));
  const double inf = std::numeric_limits<double>::infinity();
  const absl::StatusOr<TensorMap> r =
      CompileOrDie(b).Run({{"A", Tensor::Of<double>({{1, 0, 0}, {1, 1, 0}, {1, inf, 1}})},
                           {"x", Tensor::Of<double>({0, 5, 7})}});
  ASSERT_TRUE(r.ok()) << r.status();
  EXPECT_EQ((*r)["z"].ToVector<double>()[3], 2 * 3);
}

TEST(Run, RandomDefaultsAreStreamsOfTheirOwn) {
  Function::Builder b("noise");
  const Expr x = b.Input("x", DType::kF64, {5}, {}, rand({5}, DType::kF64));
  const Expr y = b.Input("y", DType::kF64, {5}, {}, rand({5}, DType::kF64));
  b.Output("x", x + 0);
  b.Output("y", y + 0);
  b.Output("z", rand({5}, DType::kF64));
  const absl::StatusOr<TensorMap> r = CompileOrDie(b).Run(TensorMap());
  ASSERT_TRUE(r.ok()) << r.status();
  EXPECT_NE((*r)["x"].ToVector<double>(), (*r)["y"].ToVector<double>());
  EXPECT_NE((*r)["x"].ToVector<double>(), (*r)["z"].ToVector<double>());
  EXPECT_NE((*r)["y"].ToVector<double>(), (*r)["z"].ToVector<double>());
}

TEST(Run, ComplexNormsOfInfinitiesAndTinyNumbers) {
  using C = std::complex<double>;
  const double inf = std::numeric_limits<double>::infinity();
  const auto norm_of = [](const Tensor& x) {
    Function::Builder b("norm");
    b.Output("z", norm(b.Input("x", DType::kC128, {2})));
    return (*CompileOrDie(b).Run({{"x", x}}))["z"].ToVector<double>()[0];
  };
  EXPECT_EQ(norm_of(Tensor::Of({C(1, 2), C(inf, 0)})), inf);
  EXPECT_EQ(norm_of(Tensor::Of({C(3e-320, 0), C(0, 4e-320)})), 5e-320);
  EXPECT_EQ(norm_of(Tensor::Of({C(3e300, 0), C(0, 4e300)})), 5e300);
}

// ---- names

TEST(Names, AreThoseOfGraphFiles) {
  const auto built = [](absl::string_view input, absl::string_view size, absl::string_view output) {
    Function::Builder b("f");
    b.Output(output, b.Input(input, DType::kF32, {Dim::Symbol(size)}) + 1);
    return b.Build().status();
  };
  EXPECT_TRUE(built("x", "n", "z").ok());
  EXPECT_THAT(built("x y", "n", "z").message(), HasSubstr("the input 'x y' cannot be called so"));
  EXPECT_THAT(built("x", "1n", "z").message(), HasSubstr("the size '1n' cannot be called so"));
  EXPECT_THAT(built("x", "n", "if").message(), HasSubstr("the output 'if' cannot be called so"));
  EXPECT_FALSE(built("", "n", "z").ok());
}

// ---- numbers in loops

// The nearest f32, and what 32 bits leave of an i64: a cast to a wider dtype must
// not bring back the rest.
TEST(Numbers, AreAsTheirDTypeHoldsThem) {
  Function::Builder b("casts");
  const Expr x = b.Input("x", DType::kF64, {2});
  b.Output("to_f32", x + full_like(x, 0.1, DType::kF32));
  b.Output("to_c64", real(x + cast(full_like(x, 0.1, DType::kC64), DType::kC128)));
  b.Output("from_i64", x + cast(full_like(x, (int64_t{1} << 24) + 1, DType::kI64), DType::kF32));
  b.Output("to_i32", x + cast(full_like(x, (int64_t{5} << 32) + 7, DType::kI64), DType::kI32));
  const auto r = CompileOrDie(b).Run({{"x", Tensor::Of<double>({0, 1})}});
  ASSERT_TRUE(r.ok()) << r.status();
  const double nearest = 0.1f;
  EXPECT_THAT((*r)["to_f32"].ToVector<double>(), ElementsAre(nearest, 1 + nearest));
  EXPECT_THAT((*r)["to_c64"].ToVector<double>(), ElementsAre(nearest, 1 + nearest));
  EXPECT_THAT((*r)["from_i64"].ToVector<double>(), ElementsAre(16777216, 16777217));
  EXPECT_THAT((*r)["to_i32"].ToVector<double>(), ElementsAre(7, 8));
}

}  // namespace
}  // namespace otium
