// SPDX-License-Identifier: Apache-2.0
//
// Whose memory results are: buffers that are given for them, inputs that are given away,
// views of one value.

#include <string>
#include <utility>

#include "engine/otium.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/run/example.h"

namespace otium {
namespace {

using testing::ElementsAre;

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

}  // namespace
}  // namespace otium
