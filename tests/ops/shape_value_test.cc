// SPDX-License-Identifier: Apache-2.0
//
// What the shape, indexing and joining ops compute, element by element, against
// their definitions.

#include <optional>
#include <vector>

#include "gtest/gtest.h"
#include "ops/ops.h"
#include "tests/ops/reference_run.h"

namespace otium {
namespace {

using testing_ops::At;
using testing_ops::ForEach;
using testing_ops::Iota;
using testing_ops::ReferenceValue;
using testing_ops::Text;

std::string Value(const Expr& expr) {
  const absl::StatusOr<Tensor> value = ReferenceValue(expr);
  return value.ok() ? Text(*value) : std::string(value.status().message());
}

Expr X(absl::Span<const int64_t> sizes) { return constant(Iota(DType::kF64, sizes)); }
Expr Vector(std::initializer_list<int64_t> values) {
  return constant(Tensor::Copy(values.begin(), DType::kI64, {static_cast<int64_t>(values.size())}));
}

// Expected values are Python's: list(range(n))[start:end:step].
TEST(ShapeValues, SliceIsPythons) {
  const struct {
    int64_t n;
    std::optional<int64_t> start, end;
    int64_t step;
    std::vector<double> want;
  } cases[] = {
      {5, std::nullopt, std::nullopt, -1, {4, 3, 2, 1, 0}},
      {5, std::nullopt, std::nullopt, 1, {0, 1, 2, 3, 4}},
      {5, 1, -1, 1, {1, 2, 3}},
      {5, -1, 0, -1, {4, 3, 2, 1}},
      {5, -2, std::nullopt, 1, {3, 4}},
      {0, std::nullopt, std::nullopt, -1, {}},
      {0, 0, 3, 1, {}},
      {5, 9, std::nullopt, -2, {4, 2, 0}},
      {5, -9, 9, 1, {0, 1, 2, 3, 4}},
      {5, std::nullopt, -9, -1, {4, 3, 2, 1, 0}},
      {5, 3, 3, 1, {}},
      {5, 4, 1, 1, {}},
      {5, 1, 4, -1, {}},
      {1, std::nullopt, std::nullopt, -3, {0}},
      {5, std::nullopt, std::nullopt, 2, {0, 2, 4}},
      {5, std::nullopt, std::nullopt, -2, {4, 2, 0}},
      {5, 2, -9, -1, {2, 1, 0}},
      {1, -2, -1, 2, {}},
      {4, -2, 9, -3, {}},
      {0, -2, std::nullopt, -1, {}},
      {4, -1, 2, 2, {}},
      {5, -1, -9, -2, {4, 2, 0}},
      {5, 6, -3, 2, {}},
      {1, -3, 1, -2, {}},
      {5, -5, std::nullopt, -3, {0}},
      {0, 1, -6, -2, {}},
      {0, 3, -6, 1, {}},
      {4, 9, -2, -3, {3}},
      {5, -5, -6, -1, {0}},
      {5, -5, -6, -2, {0}},
      {5, 1, 5, 1, {1, 2, 3, 4}},
      {0, 1, 9, 2, {}},
      {4, -3, 6, -3, {}},
      {4, 6, -1, -1, {}},
      {4, -1, -2, -1, {3}},
      {1, 5, -3, 1, {}},
      {4, -2, -3, -3, {2}},
      {1, -5, -9, 3, {}},
      {0, -5, -3, 2, {}},
      {4, 3, 0, 1, {}},
      {5, -9, -3, -1, {}},
      {0, 5, -6, 1, {}},
      {5, 1, std::nullopt, 3, {1, 4}},
      {5, -6, 6, 1, {0, 1, 2, 3, 4}},
  };
  for (const auto& c : cases) {
    auto dim = [](const std::optional<int64_t>& v) {
      return v.has_value() ? std::optional<Dim>(*v) : std::nullopt;
    };
    const Expr sliced = slice(X({c.n}), 0, dim(c.start), dim(c.end), c.step);
    const absl::StatusOr<Tensor> value = ReferenceValue(sliced);
    ASSERT_TRUE(value.ok()) << value.status();
    EXPECT_EQ(value->ToVector<double>(), c.want)
        << c.n << " " << c.start.value_or(99) << ":" << c.end.value_or(99) << ":" << c.step;
  }
}

TEST(ShapeValues, SliceAlongOneDimension) {
  EXPECT_EQ(Value(slice(X({2, 3}), 1, 1)), "[[1, 2], [4, 5]]");
  EXPECT_EQ(Value(slice(X({2, 3}), 0, std::nullopt, std::nullopt, -1)), "[[3, 4, 5], [0, 1, 2]]");
  EXPECT_EQ(Value(narrow(X({2, 3}), -1, -2, 1)), "[[1], [4]]");
  EXPECT_EQ(Value(select(X({2, 3}), 0, -1)), "[3, 4, 5]");
  EXPECT_EQ(Value(select(X({2, 3}), 1, 1)), "[1, 4]");
}

TEST(ShapeValues, Reshaping) {
  EXPECT_EQ(Value(reshape(X({2, 3}), {3, -1})), "[[0, 1], [2, 3], [4, 5]]");
  EXPECT_EQ(Value(flatten(X({2, 3}).T())), "[0, 3, 1, 4, 2, 5]");
  EXPECT_EQ(Value(unflatten(X({4}), 0, {2, 2})), "[[0, 1], [2, 3]]");
  EXPECT_EQ(Value(squeeze(X({1, 2, 1}))), "[0, 1]");
  EXPECT_EQ(Value(unsqueeze(X({2}), 1)), "[[0], [1]]");
  EXPECT_EQ(Value(expand(X({2, 1}), {2, 2, 3})),
            "[[[0, 0, 0], [1, 1, 1]], [[0, 0, 0], [1, 1, 1]]]");
  EXPECT_EQ(Value(broadcast_to(X({2}), {2, 2})), "[[0, 1], [0, 1]]");
}

// Each against its definition on every index.
TEST(ShapeValues, Permuting) {
  const Tensor x = Iota(DType::kF64, {2, 3, 4});
  const Tensor p = *ReferenceValue(permute(constant(x), {2, 0, 1}));
  const Tensor t = *ReferenceValue(transpose(constant(x), 0, -1));
  const Tensor moved = *ReferenceValue(movedim(constant(x), {0}, {-1}));
  const Tensor both = *ReferenceValue(movedim(constant(x), {0, 2}, {1, 0}));
  ForEach(x.sizes(), [&](const Sizes& i) {
    EXPECT_EQ(At(p, {i[2], i[0], i[1]}), At(x, i));
    EXPECT_EQ(At(t, {i[2], i[1], i[0]}), At(x, i));
    EXPECT_EQ(At(moved, {i[1], i[2], i[0]}), At(x, i));
    EXPECT_EQ(At(both, {i[2], i[0], i[1]}), At(x, i));
  });
}

TEST(ShapeValues, FlipAndRoll) {
  EXPECT_EQ(Value(flip(X({2, 3}), {1})), "[[2, 1, 0], [5, 4, 3]]");
  EXPECT_EQ(Value(flip(X({2, 3}), {0, 1})), "[[5, 4, 3], [2, 1, 0]]");
  EXPECT_EQ(Value(roll(X({5}), {2}, Ints{0})), "[3, 4, 0, 1, 2]");
  EXPECT_EQ(Value(roll(X({5}), {-7}, Ints{0})), "[2, 3, 4, 0, 1]");
  EXPECT_EQ(Value(roll(X({2, 3}), {1})), "[[5, 0, 1], [2, 3, 4]]");
  EXPECT_EQ(Value(roll(X({2, 3}), {1, 1}, Ints{0, 1})), "[[5, 3, 4], [2, 0, 1]]");
  EXPECT_EQ(Value(roll(X({0, 3}), {1})), "[]");
}

TEST(ShapeValues, IndexTensors) {
  EXPECT_EQ(Value(index_select(X({3, 2}), 0, Vector({2, 0, 2}))), "[[4, 5], [0, 1], [4, 5]]");
  EXPECT_EQ(Value(index_select(X({2, 3}), 1, Vector({1}))), "[[1], [4]]");
  EXPECT_EQ(Value(index_select(X({3}), 0, Vector({0, 3}))),
            "index_select: element 1 of index is 3, out of range for dimension 0 of size 3");
  EXPECT_EQ(Value(index_select(X({3}), 0, Vector({-1}))),
            "index_select: element 0 of index is -1, out of range for dimension 0 of size 3");
  const Expr index = constant(Tensor::Of<int64_t>({{2, 0}, {1, 1}}));
  EXPECT_EQ(Value(gather(X({2, 3}), 1, index)), "[[2, 0], [4, 4]]");
  EXPECT_EQ(Value(gather(X({3, 2}), 0, index)), "[[4, 1], [2, 3]]");
  EXPECT_EQ(Value(gather(X({2, 2}), 1, index)),
            "gather: element 0 of index is 2, out of range for dimension 1 of size 2");
}

TEST(ShapeValues, DiagonalsAndTriangles) {
  EXPECT_EQ(Value(diag(X({2}), 1)), "[[0, 0, 0], [0, 0, 1], [0, 0, 0]]");
  EXPECT_EQ(Value(diag(X({2}), -1)), "[[0, 0, 0], [0, 0, 0], [0, 1, 0]]");
  EXPECT_EQ(Value(diag(X({3, 3}))), "[0, 4, 8]");
  EXPECT_EQ(Value(diag(X({3, 3}), -1)), "[3, 7]");
  EXPECT_EQ(Value(diagonal(X({2, 2, 2}), 0, 0, 2)), "[[0, 5], [2, 7]]");
  EXPECT_EQ(Value(diagonal(X({2, 3}), 5)), "[]");
  EXPECT_EQ(Value(tril(X({3, 3}))), "[[0, 0, 0], [3, 4, 0], [6, 7, 8]]");
  EXPECT_EQ(Value(tril(X({2, 3}), 1)), "[[0, 1, 0], [3, 4, 5]]");
  EXPECT_EQ(Value(triu(X({3, 3}), 1)), "[[0, 1, 2], [0, 0, 5], [0, 0, 0]]");
  EXPECT_EQ(Value(triu(X({3, 2}), -1)), "[[0, 1], [2, 3], [0, 5]]");
}

TEST(ShapeValues, Joining) {
  EXPECT_EQ(Value(cat({X({1, 2}), X({2, 2})})), "[[0, 1], [0, 1], [2, 3]]");
  EXPECT_EQ(Value(cat({X({2, 1}), X({2, 2})}, 1)), "[[0, 0, 1], [1, 2, 3]]");
  EXPECT_EQ(Value(cat({X({0}), X({2})})), "[0, 1]");
  EXPECT_EQ(Value(cat({X({0}), X({2, 1}), X({0}), X({2, 2})}, -1)), "[[0, 0, 1], [1, 2, 3]]");
  EXPECT_EQ(Value(stack({X({2}), X({2})}, 1)), "[[0, 0], [1, 1]]");
  EXPECT_EQ(Value(block_diag({X({1, 2}), X({2}), X({2, 1})})),
            "[[0, 1, 0, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 1]]");
  const Pieces pieces = split(X({2, 5}), {2}, 1);
  EXPECT_EQ(Value(pieces[0]), "[[0, 1], [5, 6]]");
  EXPECT_EQ(Value(pieces[1]), "[[2, 3], [7, 8]]");
  EXPECT_EQ(Value(pieces[2]), "[[4], [9]]");
  EXPECT_EQ(Value(split(X({5}), {1, 4})[1]), "[1, 2, 3, 4]");
}

// Bits move, whatever they mean.
TEST(ShapeValues, EveryDType) {
  for (int d = 0; d < kNumDTypes; ++d) {
    const auto dtype = static_cast<DType>(d);
    const Tensor x = Iota(dtype, {3, 3});
    const absl::StatusOr<Tensor> y = ReferenceValue(
        tril(flip(cat({slice(constant(x), 0, 1), slice(constant(x), 0, 0, 1)}), {0, 1})));
    ASSERT_TRUE(y.ok()) << y.status();
    ForEach(x.sizes(), [&](const Sizes& i) {
      const std::complex<double> want = i[1] > i[0] ? 0.0 : At(x, {(3 - i[0]) % 3, 2 - i[1]});
      EXPECT_EQ(At(*y, i), want) << DTypeName(dtype);
    });
  }
}

}  // namespace
}  // namespace otium
