// SPDX-License-Identifier: Apache-2.0
//
// What a run promises its caller: buffers for results, inputs that are given
// away, limits, cancellation, threads, failures that leave the program usable.

#include <algorithm>
#include <atomic>
#include <cmath>
#include <complex>
#include <iterator>
#include <limits>
#include <random>
#include <thread>

#include "absl/strings/str_cat.h"
#include "engine/otium.h"
#include "engine/run/plan_cache.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace otium {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Program CompileOrDie(Function::Builder& builder) {
  const absl::StatusOr<Function> function = builder.Build();
  EXPECT_TRUE(function.ok()) << function.status();
  absl::StatusOr<Program> program = Compile(*function);
  EXPECT_TRUE(program.ok()) << program.status();
  return *std::move(program);
}

// z = 2 x + y, t = x.T, w = z.
Program Example() {
  Function::Builder b("example");
  const Dim m = Dim::Symbol("m"), n = Dim::Symbol("n");
  const Expr x = b.Input("x", DType::kF64, {m, n}), y = b.Input("y", DType::kF64, {m, n});
  const Expr z = 2 * x + y;
  b.Output("z", z);
  b.Output("t", z.T());
  b.Output("w", z);
  return CompileOrDie(b);
}

const Tensor kX = Tensor::Of<double>({{1, 2, 3}, {4, 5, 6}});
const Tensor kY = Tensor::Of<double>({{10, 20, 30}, {40, 50, 60}});

// ---- buffers for results

TEST(ResultBuffers, EachIsFilled) {
  const Program program = Example();
  const Tensor z = *Tensor::Allocate(DType::kF64, {2, 3}),
               t = *Tensor::Allocate(DType::kF64, {3, 2}),
               w = *Tensor::Allocate(DType::kF64, {2, 3});
  const auto all = {std::pair("z", z), std::pair("t", t), std::pair("w", w)};
  // Every subset: results that share memory otherwise must not when asked apart.
  for (int subset = 0; subset < 8; ++subset) {
    RunOptions options;
    int i = 0;
    for (const auto& [name, tensor] : all) {
      Tensor buffer = tensor;
      std::fill_n(buffer.mutable_data<double>(), 6, -1.0);
      if ((subset >> i++ & 1) != 0) options.results.Set(name, buffer);
    }
    const absl::StatusOr<TensorMap> r = program.Run({{"x", kX}, {"y", kY}}, options);
    ASSERT_TRUE(r.ok()) << r.status();
    EXPECT_THAT((*r)["z"].ToVector<double>(), ElementsAre(12, 24, 36, 48, 60, 72));
    EXPECT_THAT((*r)["t"].ToVector<double>(), ElementsAre(12, 48, 24, 60, 36, 72));
    EXPECT_THAT((*r)["w"].ToVector<double>(), ElementsAre(12, 24, 36, 48, 60, 72));
    for (const auto& [name, tensor] : options.results) {
      EXPECT_EQ((*r)[name].data(), tensor.data()) << name;
      EXPECT_TRUE(Tensor::BitwiseEqual(tensor, (*r)[name])) << name;
    }
    // What the caller writes into its buffers later is seen in no other result.
    for (const auto& [name, tensor] : options.results) {
      for (const auto& [other, result] : *r) {
        if (name == other) continue;
        EXPECT_NE(tensor.buffer().get(), result.buffer().get()) << name << other;
      }
    }
  }
}

std::string ErrorWith(const TensorMap& results) {
  const absl::StatusOr<TensorMap> r = Example().Run({{"x", kX}, {"y", kY}}, {.results = results});
  EXPECT_EQ(r.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(r.status().message());
}

TEST(ResultBuffers, WrongOnesAreRefused) {
  EXPECT_EQ(ErrorWith({{"z", *Tensor::Allocate(DType::kF32, {2, 3})}}),
            "the buffer for z is f32[2, 3], the result is f64");
  EXPECT_EQ(ErrorWith({{"z", *Tensor::Allocate(DType::kF64, {3, 2})}}),
            "the buffer for z is [3, 2], the result is [2, 3]");
  EXPECT_EQ(ErrorWith({{"q", *Tensor::Allocate(DType::kF64, {3, 2})}}), "there is no output q");
  const Tensor wide = *Tensor::Allocate(DType::kF64, {4, 3});
  EXPECT_EQ(ErrorWith({{"z", Tensor(wide.buffer(), 0, DType::kF64, {2, 3}, {6, 1})}}),
            "the buffer for z is not dense memory of the host");
  EXPECT_EQ(ErrorWith({{"z", kX}}), "the buffer for z overlaps the input x");
  EXPECT_EQ(ErrorWith({{"z", Tensor(wide.buffer(), 0, DType::kF64, {2, 3}, {3, 1})},
                       {"w", Tensor(wide.buffer(), 24, DType::kF64, {2, 3}, {3, 1})}}),
            "the buffers for z and w overlap");
  EXPECT_THAT(kX.ToVector<double>(), ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(ResultBuffers, OfASizeThatIsData) {
  Function::Builder b("pick");
  const Expr x = b.Input("x", DType::kF32, {Dim::Symbol("n")});
  b.Output("index", nonzero(x));
  const Program program = CompileOrDie(b);
  const Tensor x_value = Tensor::Of<float>({0, 5, 0, 7});
  const Tensor fits = *Tensor::Allocate(DType::kI64, {2, 1});
  absl::StatusOr<TensorMap> r = program.Run({{"x", x_value}}, {.results = {{"index", fits}}});
  ASSERT_TRUE(r.ok()) << r.status();
  EXPECT_THAT(fits.ToVector<int64_t>(), ElementsAre(1, 3));
  r = program.Run({{"x", x_value}},
                  {.results = {{"index", *Tensor::Allocate(DType::kI64, {4, 1})}}});
  EXPECT_EQ(r.status().message(), "the buffer for index is [4, 1], the result is [2, 1]");
  // Without a buffer, what is returned keeps no more memory than it needs.
  Tensor large = *Tensor::Allocate(DType::kF32, {1000});
  std::fill_n(large.mutable_data<float>(), 1000, 0.0f);
  large.mutable_data<float>()[17] = 1;
  r = program.Run({{"x", large}});
  ASSERT_TRUE(r.ok()) << r.status();
  EXPECT_THAT((*r)["index"].ToVector<int64_t>(), ElementsAre(17));
  EXPECT_EQ((*r)["index"].buffer()->bytes(), 8);
}

// ---- results that are views of one value

TEST(Results, ThatShareMemoryAreNotUnique) {
  absl::StatusOr<TensorMap> r = Example().Run({{"x", kX}, {"y", kY}});
  ASSERT_TRUE(r.ok()) << r.status();
  for (const auto& [name, tensor] : *r) {
    bool shared = false;
    for (const auto& [other, result] : *r) {
      shared = shared || (name != other && result.buffer().get() == tensor.buffer().get());
    }
    EXPECT_EQ(tensor.IsUnique(), !shared) << name;
  }
  // So a run that gets one of them to keep does not write into the other.
  Function::Builder b("update");
  const Expr y = b.Input("y", DType::kF64, {2}), A = b.Input("A", DType::kF64, {2, 2});
  b.Output("z", addmv(y, A, b.Input("x", DType::kF64, {2})));
  const Program update = CompileOrDie(b);
  Function::Builder twice("twice");
  const Expr v = twice.Input("v", DType::kF64, {2});
  twice.Output("a", 2 * v);
  twice.Output("b", flip(2 * v, {0}));
  r = CompileOrDie(twice).Run({{"v", Tensor::Of<double>({1, 2})}});
  ASSERT_TRUE(r.ok()) << r.status();
  Tensor a = (*r)["a"];
  const Tensor reversed = (*r)["b"];
  *r = TensorMap();
  ASSERT_EQ(a.buffer().get(), reversed.buffer().get());
  r = update.Run({{"y", std::move(a)},
                  {"A", Tensor::Of<double>({{1, 0}, {0, 1}})},
                  {"x", Tensor::Of<double>({100, 100})}});
  ASSERT_TRUE(r.ok()) << r.status();
  EXPECT_THAT((*r)["z"].ToVector<double>(), ElementsAre(102, 104));
  EXPECT_THAT(reversed.ToVector<double>(), ElementsAre(4, 2));
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

// ---- inputs that are given away

TEST(GivenAway, AResultTakesTheMemoryOfAnInput) {
  Function::Builder b("update");
  const Dim n = Dim::Symbol("n");
  const Expr y = b.Input("y", DType::kF64, {n}), A = b.Input("A", DType::kF64, {n, n});
  b.Output("z", addmv(y, A, b.Input("x", DType::kF64, {n})));
  const Program program = CompileOrDie(b);
  const Tensor A_value = Tensor::Of<double>({{1, 2}, {3, 4}}),
               x_value = Tensor::Of<double>({1, 10});
  // Held by the caller: never touched.
  const Tensor kept = Tensor::Of<double>({100, 200});
  absl::StatusOr<TensorMap> r = program.Run({{"y", kept}, {"A", A_value}, {"x", x_value}});
  ASSERT_TRUE(r.ok()) << r.status();
  EXPECT_THAT((*r)["z"].ToVector<double>(), ElementsAre(121, 243));
  EXPECT_THAT(kept.ToVector<double>(), ElementsAre(100, 200));
  // Moved: the result is made in it.
  Tensor moved = Tensor::Of<double>({100, 200});
  const void* address = moved.data();
  r = program.Run({{"y", std::move(moved)}, {"A", A_value}, {"x", x_value}});
  ASSERT_TRUE(r.ok()) << r.status();
  EXPECT_THAT((*r)["z"].ToVector<double>(), ElementsAre(121, 243));
  EXPECT_EQ((*r)["z"].data(), address);
  EXPECT_TRUE((*r)["z"].IsUnique());
  // Borrowed memory is not the run's to write.
  double data[] = {100, 200};
  Tensor borrowed = Tensor::Borrow(data, DType::kF64, {2}, {1}, nullptr);
  r = program.Run({{"y", std::move(borrowed)}, {"A", A_value}, {"x", x_value}});
  ASSERT_TRUE(r.ok()) << r.status();
  EXPECT_THAT(data, ElementsAre(100, 200));
}

// Element (i, j) is read after (j, i) was written, and v[j] after v[i].
TEST(GivenAway, WhatIsReadElsewhereTooIsNotOverwritten) {
  constexpr int64_t kSize = 70;
  Function::Builder b("f");
  const Expr x = b.Input("x", DType::kF64, {kSize, kSize}), v = b.Input("v", DType::kF64, {kSize});
  b.Output("y", x * 2 + x.T());
  b.Output("w", sum(exp(v) * unsqueeze(v, 1), Ints{1}) + v);
  const Program program = CompileOrDie(b);
  auto inputs = [&] {
    Tensor matrix = *Tensor::Allocate(DType::kF64, {kSize, kSize});
    Tensor vector = *Tensor::Allocate(DType::kF64, {kSize});
    for (int64_t i = 0; i < kSize * kSize; ++i) matrix.mutable_data<double>()[i] = i * i % 97;
    for (int64_t i = 0; i < kSize; ++i) vector.mutable_data<double>()[i] = i % 7;
    return TensorMap{{"x", std::move(matrix)}, {"v", std::move(vector)}};
  };
  const TensorMap kept = inputs();
  const absl::StatusOr<TensorMap> want = program.Run(kept), got = program.Run(inputs());
  ASSERT_TRUE(want.ok() && got.ok());
  for (const char* name : {"y", "w"}) {
    EXPECT_TRUE(Tensor::BitwiseEqual((*want)[name], (*got)[name])) << name;
  }
}

TEST(GivenAway, WhatALaterSegmentReadsIsKept) {
  Function::Builder b("later");
  const Expr x = b.Input("x", DType::kF64, {3});
  const Expr index = nonzero(x);
  b.Output("early", addmv(x, b.Input("A", DType::kF64, {3, 3}), b.Input("v", DType::kF64, {3})));
  b.Output("late", sum(index) + sum(x));
  const Program program = CompileOrDie(b);
  const absl::StatusOr<TensorMap> r =
      program.Run({{"x", Tensor::Of<double>({0, 5, 7})},
                   {"A", Tensor::Of<double>({{1, 0, 0}, {0, 1, 0}, {0, 0, 1}})},
                   {"v", Tensor::Of<double>({100, 100, 100})}});
  ASSERT_TRUE(r.ok()) << r.status();
  EXPECT_THAT((*r)["early"].ToVector<double>(), ElementsAre(100, 105, 107));
  EXPECT_THAT((*r)["late"].ToVector<double>(), ElementsAre(15));
}

TEST(Results, NeverAliasInputs) {
  Function::Builder b("identity");
  const Dim n = Dim::Symbol("n");
  const Expr x = b.Input("x", DType::kF64, {n, n});
  b.Output("x2", x);
  b.Output("t", x.T());
  b.Output("c", constant(Tensor::Of<double>({1, 2})));
  const Program program = CompileOrDie(b);
  const Tensor value = Tensor::Of<double>({{1, 2}, {3, 4}});
  const absl::StatusOr<TensorMap> r = program.Run({{"x", value}});
  ASSERT_TRUE(r.ok()) << r.status();
  for (const auto& [name, tensor] : *r) {
    EXPECT_NE(tensor.buffer().get(), value.buffer().get()) << name;
  }
  EXPECT_THAT((*r)["t"].ToVector<double>(), ElementsAre(1, 3, 2, 4));
}

// ---- limits, cancellation, failure

TEST(Run, MemoryLimitIsCheckedBeforeTheRun) {
  const Program program = Example();
  const absl::StatusOr<TensorMap> r = program.Run({{"x", kX}, {"y", kY}}, {.memory_limit = 40});
  EXPECT_EQ(r.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(r.status().message()), HasSubstr("the limit is 40"));
  SizeBindings sizes;
  sizes.Set("m", 2);
  sizes.Set("n", 3);
  const auto plan = program.PlanFor(sizes);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_TRUE(program.Run({{"x", kX}, {"y", kY}}, {.memory_limit = (*plan)->peak_bytes}).ok());
}

// 20,000 steps that depend on each other.
Program LongProgram() {
  Function::Builder b("long");
  const Expr A = b.Input("A", DType::kF64, {2, 2});
  Expr x = b.Input("x", DType::kF64, {2});
  for (int i = 0; i < 20000; ++i) x = mv(A, x);
  b.Output("x", x);
  return CompileOrDie(b);
}

TEST(Run, IsCancelledBetweenSteps) {
  const Program program = LongProgram();
  const TensorMap inputs = {{"A", Tensor::Of<double>({{0, 1}, {1, 0}})},
                            {"x", Tensor::Of<double>({1, 2})}};
  CancelFlag flag;
  flag.Cancel();
  EXPECT_EQ(program.Run(inputs, {.cancel = &flag}).status().code(), absl::StatusCode::kCancelled);
  // From another thread, somewhere on the way: some run stops early.
  bool cancelled = false;
  for (int round = 0; round < 200 && !cancelled; ++round) {
    CancelFlag later;
    Profile profile;
    std::thread canceller([&] { later.Cancel(); });
    const absl::StatusOr<TensorMap> r =
        program.Run(inputs, {.cancel = &later, .profile = &profile});
    canceller.join();
    cancelled = r.status().code() == absl::StatusCode::kCancelled && profile.steps.size() < 20000;
  }
  EXPECT_TRUE(cancelled);
  const absl::StatusOr<TensorMap> r = program.Run(inputs);
  ASSERT_TRUE(r.ok()) << r.status();
  EXPECT_THAT((*r)["x"].ToVector<double>(), ElementsAre(1, 2));
}

TEST(Run, FailureLeavesTheProgramUsable) {
  Function::Builder b("factor");
  b.Output("L", cholesky(b.Input("A", DType::kF64, {2, 2})));
  const Program program = CompileOrDie(b);
  for (int round = 0; round < 3; ++round) {
    const absl::StatusOr<TensorMap> bad =
        program.Run({{"A", Tensor::Of<double>({{1, 2}, {2, 1}})}});
    EXPECT_EQ(bad.status().code(), absl::StatusCode::kFailedPrecondition);
    const absl::StatusOr<TensorMap> good =
        program.Run({{"A", Tensor::Of<double>({{4, 2}, {2, 5}})}});
    ASSERT_TRUE(good.ok()) << good.status();
    EXPECT_THAT((*good)["L"].ToVector<double>(), ElementsAre(2, 0, 1, 2));
  }
}

TEST(Run, TheFirstFailureInTheSourceIsReported) {
  Function::Builder b("two");
  const Expr A = b.Input("A", DType::kF64, {2, 2}), B = b.Input("B", DType::kF64, {2, 2});
  const Expr first = cholesky(A);
  const uint32_t line = __LINE__ - 1;
  const Expr second = cholesky(B);
  // The plan may run them in either order.
  b.Output("second", second);
  b.Output("first", first);
  const Program program = CompileOrDie(b);
  const Tensor bad = Tensor::Of<double>({{1, 2}, {2, 1}});
  const absl::StatusOr<TensorMap> r = program.Run({{"A", bad}, {"B", bad}});
  EXPECT_EQ(r.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(PositionOf(r.status()).line, line);
  // Who prints the status reads it, too.
  EXPECT_THAT(r.status().ToString(),
              testing::HasSubstr(absl::StrCat("program_test.cc:", line, ":")));
}

// ---- threads and the cache

// One plan would do for both, but not its positions.
TEST(Run, EqualExpressionsFailOnTheirOwnLines) {
  const Expr A = constant(Tensor::Of<double>({{1, 2}, {2, 1}}));
  const Expr here = cholesky(A);
  const Expr there = cholesky(A);
  const uint32_t line = __LINE__ - 1;
  EXPECT_EQ(PositionOf(Evaluate({here}, {}, {}).status()).line, line - 1);
  EXPECT_EQ(PositionOf(Evaluate({there}, {}, {}).status()).line, line);
}

TEST(Run, EvaluateSaysWhichExpressionIsEmpty) {
  const absl::Status status = Evaluate({ones({2}), Expr()}, {}, {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "expression 1 of 2 is empty");
}

TEST(Run, RandomNodesAreDifferentStreamsWheneverTheyAreEvaluated) {
  const Expr a = rand({100}), b = rand({100});
  ASSERT_TRUE(Evaluate({a}, {}, {}).ok());
  const absl::StatusOr<std::vector<Tensor>> r = Evaluate({a, b, a - b}, {}, {});
  ASSERT_TRUE(r.ok()) << r.status();
  EXPECT_NE((*r)[0].ToVector<float>(), (*r)[1].ToVector<float>());
  EXPECT_NE((*r)[2].ToVector<float>()[0], 0);
}

TEST(Run, TakesMoreOperandsThanSixteenBitsCount) {
  constexpr int64_t kCount = 70000;
  const Expr x = constant(Tensor::Of<float>({1, 2}));
  const absl::StatusOr<std::vector<Tensor>> r =
      Evaluate({sum(cat(std::vector<Expr>(kCount, x), 0))}, {}, {});
  ASSERT_TRUE(r.ok()) << r.status();
  EXPECT_EQ((*r)[0].ToVector<float>()[0], 3.0f * kCount);
}

// A minute of work where anything is quadratic in them.
TEST(Run, TakesThousandsOfInputsAndOutputs) {
  constexpr int kMany = 10000;
  Function::Builder b("many");
  TensorMap inputs;
  RunOptions options;
  for (int i = 0; i < kMany; ++i) {
    const std::string name = absl::StrCat("x", i), result = absl::StrCat("y", i);
    b.Output(result, flip(b.Input(name, DType::kF64, {2}), {0}));
    inputs.Set(name, Tensor::Of<double>({0, 1.0 * i}));
    if (i % 2 == 0) options.results.Set(result, *Tensor::Allocate(DType::kF64, {2}));
  }
  const Program program = CompileOrDie(b);
  const absl::StatusOr<TensorMap> r = program.Run(std::move(inputs), options);
  ASSERT_TRUE(r.ok()) << r.status();
  for (int i = 0; i < kMany; ++i) {
    EXPECT_THAT((*r)[absl::StrCat("y", i)].ToVector<double>(), ElementsAre(i, 0));
  }
}

TEST(Run, IsReentrant) {
  const Program program = Example();
  Function::Builder b("picks");
  const Expr x = b.Input("x", DType::kF64, {Dim::Symbol("n")});
  b.Output("sum", sum(nonzero(x)) + 1);
  const Program segments = CompileOrDie(b);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 40; ++i) {
        // Sizes differ too: threads plan while others run.
        const int64_t n = 1 + (t + i) % 5;
        Tensor x_value = *Tensor::Allocate(DType::kF64, {2, n});
        for (int64_t k = 0; k < 2 * n; ++k) x_value.mutable_data<double>()[k] = t + k;
        const absl::StatusOr<TensorMap> r = program.Run({{"x", x_value}, {"y", x_value}});
        if (!r.ok() || (*r)["z"].ToVector<double>().back() != 3.0 * (t + 2 * n - 1)) ++wrong;
        const absl::StatusOr<TensorMap> s =
            segments.Run({{"x", Tensor::Of<double>({0, 1.0 * (t % 2), 3})}});
        if (!s.ok() || (*s)["sum"].ToVector<int64_t>()[0] != 3 + t % 2) ++wrong;
      }
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(wrong, 0);
}

TEST(PlanCache, KeepsTheLatest) {
  PlanCache cache;
  auto key = [](uint64_t i) { return Hasher().Add(i).Finish(); };
  const auto plan = std::make_shared<const Plan>();
  for (uint64_t i = 0; i < PlanCache::kMaxPlans + 10; ++i) {
    // The first is used all the time, and stays.
    EXPECT_EQ(cache.Find(key(0)) != nullptr, i > 0);
    cache.Insert(key(i), std::make_shared<Executable>(plan));
  }
  EXPECT_NE(cache.Find(key(0)), nullptr);
  for (uint64_t i = 1; i <= 10; ++i) EXPECT_EQ(cache.Find(key(i)), nullptr);
  for (uint64_t i = 11; i < PlanCache::kMaxPlans + 10; ++i) EXPECT_NE(cache.Find(key(i)), nullptr);
  // Who comes second gets what is there.
  const auto there = cache.Find(key(20));
  EXPECT_EQ(cache.Insert(key(20), std::make_shared<Executable>(plan)), there);
}

TEST(PlanCache, MoreSizesThanPlansAreFine) {
  const Program program = Example();
  for (int round = 0; round < 2; ++round) {
    for (int64_t n = 1; n <= static_cast<int64_t>(PlanCache::kMaxPlans) + 20; ++n) {
      Tensor x = *Tensor::Allocate(DType::kF64, {1, n});
      std::fill_n(x.mutable_data<double>(), n, 1.0);
      const absl::StatusOr<TensorMap> r = program.Run({{"x", x}, {"y", x}});
      ASSERT_TRUE(r.ok()) << r.status();
      EXPECT_EQ((*r)["z"].ToVector<double>().back(), 3.0);
    }
  }
}

// ---- sizes that are data

Expr Some() { return constant(Tensor::Of<float>({1, 0, 2})); }

// zeros([k]) has k from no operand: the node that makes k comes first, wherever
// it stands, and its value reaches the segment that needs its size.
TEST(DataSizes, AreKnownToWhatOnlyMentionsThem) {
  const Expr index = nonzero(Some());
  const Dim k = index.shape()[0];
  const Expr square = ones({k, k}, DType::kF32);
  // The mention comes first, and the next size is made of it.
  const Expr next = nonzero(square);
  const Expr last = zeros({next.shape()[0], k});
  const std::vector<Expr> exprs = {square + sum(index), k * sum(index), index, last, next};
  const auto values = Evaluate(exprs);
  ASSERT_TRUE(values.ok()) << values.status();
  EXPECT_THAT((*values)[0].ToVector<float>(), ElementsAre(3, 3, 3, 3));
  EXPECT_THAT((*values)[1].ToVector<int64_t>(), ElementsAre(4));
  EXPECT_THAT((*values)[3].sizes(), ElementsAre(4, 2));
}

TEST(DataSizes, AreThoseOfValuesKnownBefore) {
  const Expr index = nonzero(Some());
  ASSERT_TRUE(Evaluate(index).ok());
  const auto z = Evaluate(ones({index.shape()[0]}, DType::kF32) + sum(index));
  ASSERT_TRUE(z.ok()) << z.status();
  EXPECT_THAT(z->ToVector<float>(), ElementsAre(3, 3));
}

// Canonical text names sizes before it uses them.
TEST(DataSizes, TextIsReadAgain) {
  Function::Builder b("f");
  const Expr index = nonzero(b.Input("x", DType::kF32, {3}));
  b.Output("z", ones({index.shape()[0]}, DType::kF32) + sum(index));
  const std::string text = PrintGraph(b.Build()->graph());
  const ParseResult again = ParseGraphFile(text, "f.otm");
  ASSERT_TRUE(again.ok()) << text;
  EXPECT_EQ(PrintGraph(again.graphs.back().graph()), text);
}

TEST(DataSizes, UnknownOnesAreRefused) {
  EXPECT_THAT(Evaluate(zeros({Dim::Symbol("n")})).status().message(),
              HasSubstr("zeros: the size n is not known"));
  EXPECT_THAT(Evaluate(zeros({nonzero(Some()).shape()[0]})).status().message(),
              HasSubstr("zeros: a size is that of a value which is not computed"));
  Function::Builder b("f");
  b.Output("z", zeros({Dim::Symbol("n")}));
  const Program program = CompileOrDie(b);
  EXPECT_EQ(program.Run({}).status().code(), absl::StatusCode::kInvalidArgument);
  RunOptions options;
  options.sizes.Set("n", 3);
  EXPECT_TRUE(program.Run({}, options).ok());
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
