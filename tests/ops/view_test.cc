// SPDX-License-Identifier: Apache-2.0
//
// Affine views and reshape strides against the reference kernels, which copy, on
// random shapes and random chains.

#include "engine/place/view.h"

#include <random>

#include "engine/graph/function.h"
#include "gtest/gtest.h"
#include "ops/ops.h"
#include "tests/ops/reference_run.h"

namespace otium {
namespace {

using testing_ops::ForEach;
using testing_ops::Iota;
using testing_ops::RunByReference;

int64_t Pick(std::mt19937* random, int64_t low, int64_t high) {
  return low + static_cast<int64_t>((*random)() % static_cast<uint64_t>(high - low + 1));
}

// One random view of x, of every kind that is affine. Sizes and ranks stay small.
Expr RandomView(const Expr& x, std::mt19937* random) {
  const int rank = x.type().rank();
  auto dim = [&] { return Pick(random, -rank, rank - 1); };
  const int64_t kind = Pick(random, 0, 10);
  if (kind == 0 && rank < 5) return unsqueeze(x, Pick(random, -rank - 1, rank));
  if (kind == 1) return squeeze(x);
  if (kind == 2 && rank < 5) {
    Dims sizes(x.shape().dims().begin(), x.shape().dims().end());
    for (Dim& d : sizes) {
      if (d.Is(1)) d = Pick(random, 0, 3);
      else if (Pick(random, 0, 1) == 0) d = -1;
    }
    if (Pick(random, 0, 1) == 0) sizes.insert(sizes.begin(), Pick(random, 1, 2));
    return expand(x, sizes);
  }
  if (rank == 0) return broadcast_to(x, {2, 3});
  if (kind == 3) return transpose(x, dim(), dim());
  if (kind == 4) {
    Ints dims;
    for (int d = 0; d < rank; ++d) dims.push_back(d);
    std::shuffle(dims.begin(), dims.end(), *random);
    return Pick(random, 0, 1) == 0 ? permute(x, dims) : movedim(x, {dims[0]}, {dims[rank - 1]});
  }
  if (kind == 5) return flip(x, {dim()});
  const int64_t d = dim();
  const int64_t size = x.shape()[static_cast<int>((d + rank) % rank)].value();
  if (kind == 6 && size > 0) return select(x, d, Pick(random, -size, size - 1));
  if (kind == 7 && size > 0) {
    const int64_t start = Pick(random, 0, size);
    return narrow(x, d, start, Pick(random, 0, size - start));
  }
  if (kind == 8 && size > 0) {
    const Pieces pieces = split(x, {Pick(random, 1, size)}, d);
    return pieces[Pick(random, 0, pieces.size() - 1)];
  }
  if (kind == 9 && rank >= 2) {
    const int64_t other = (d + rank + 1) % rank;
    return diagonal(x, Pick(random, -2, 2), d, other);
  }
  auto bound = [&]() -> std::optional<Dim> {
    if (Pick(random, 0, 2) == 0) return std::nullopt;
    return Dim(Pick(random, -size - 1, size + 1));
  };
  const std::optional<Dim> start = bound(), end = bound();
  return slice(x, d, start, end,
               Pick(random, 0, 1) == 0 ? Pick(random, 1, 3) : -Pick(random, 1, 3));
}

// The tensor that `view` shows of dense `x`, read element by element.
Tensor Show(const Tensor& x, const AffineView& view, absl::Span<const int64_t> sizes) {
  const AffineView::Strided strided = view.Apply(x.strides());
  return Tensor(x.buffer(), x.byte_offset() + strided.offset * ItemSize(x.dtype()), x.dtype(),
                sizes, strided.strides)
      .Contiguous();
}

TEST(View, ChainsOfViewsAreOneView) {
  std::mt19937 random(7);
  int reached = 0;
  for (int round = 0; round < 3000; ++round) {
    Sizes sizes;
    for (int64_t r = Pick(&random, 0, 4); r > 0; --r) sizes.push_back(Pick(&random, 1, 4));
    Function::Builder builder("views");
    Expr x = builder.Input("x", DType::kF64, Shape(absl::Span<const int64_t>(sizes)));
    const int64_t length = Pick(&random, 1, 4);
    for (int64_t i = 0; i < length; ++i) x = RandomView(x, &random);
    ASSERT_TRUE(x.status().ok()) << x.status();
    builder.Output("y", x);
    const Function f = *builder.Build();
    const Graph& graph = f.graph();
    const Tensor data = Iota(DType::kF64, sizes);
    const std::vector<Tensor> want = *RunByReference(graph, {data});

    // Follow the output to the input.
    ValueId v = graph.outputs()[0].value;
    AffineView whole = AffineView::Identity(graph.type(v).rank());
    while (!graph.Is(graph.producer(v), Op::input)) {
      const NodeId n = graph.producer(v);
      const std::optional<AffineView> view = ViewOf(graph, n, graph.result_index(v));
      ASSERT_TRUE(view.has_value()) << graph.op(n).name;
      whole = whole.After(*view);
      v = graph.operands(n)[0];
    }
    const Tensor got = Show(data, whole, want[0].sizes());
    EXPECT_TRUE(Tensor::BitwiseEqual(got, want[0]))
        << testing_ops::Text(got) << " is not " << testing_ops::Text(want[0]);
    reached += want[0].NumElements() > 1;
  }
  EXPECT_GT(reached, 1000);
}

TEST(View, ReshapesOfOnesAreAffineAndOthersNot) {
  Function::Builder builder("reshapes");
  const Expr x = builder.Input("x", DType::kF32, {2, 1, 3});
  builder.Output("ones", reshape(x, {1, 2, 3, 1}));
  builder.Output("merged", reshape(x, {6}));
  builder.Output("flat_ones", flatten(x, 0, 1));
  builder.Output("cut", unflatten(x, 2, {3, 1}));
  const Function f = *builder.Build();
  auto view = [&](int i) {
    const ValueId v = f.graph().outputs()[i].value;
    return ViewOf(f.graph(), f.graph().producer(v), 0);
  };
  ASSERT_TRUE(view(0).has_value());
  EXPECT_EQ(view(0)->Apply({3, 3, 1}).strides, (Sizes{0, 3, 1, 0}));
  EXPECT_FALSE(view(1).has_value());
  EXPECT_TRUE(view(2).has_value());
  EXPECT_TRUE(view(3).has_value());
}

// The strides exist when the offsets of the elements, in order, are an affine
// function of the new index: decided here by trying them all.
std::optional<Sizes> ReshapeStridesByTrial(absl::Span<const int64_t> sizes,
                                           absl::Span<const int64_t> strides,
                                           absl::Span<const int64_t> new_sizes) {
  std::vector<int64_t> offsets;
  ForEach(sizes, [&](const Sizes& index) {
    int64_t offset = 0;
    for (size_t d = 0; d < index.size(); ++d) offset += index[d] * strides[d];
    offsets.push_back(offset);
  });
  Sizes result;
  const Sizes dense = ContiguousStrides(new_sizes);
  for (size_t d = 0; d < new_sizes.size(); ++d) {
    result.push_back(new_sizes[d] == 1 ? 0 : offsets[dense[d]] - offsets[0]);
  }
  size_t k = 0;
  bool affine = true;
  ForEach(new_sizes, [&](const Sizes& index) {
    int64_t offset = offsets[0];
    for (size_t d = 0; d < index.size(); ++d) offset += index[d] * result[d];
    affine = affine && offset == offsets[k++];
  });
  return affine ? std::optional<Sizes>(result) : std::nullopt;
}

TEST(View, ReshapeStridesExistExactlyWhenTheyCan) {
  std::mt19937 random(11);
  int possible = 0, impossible = 0;
  for (int round = 0; round < 20000; ++round) {
    Sizes sizes, strides;
    int64_t count = 1;
    for (int64_t r = Pick(&random, 0, 4); r > 0; --r) sizes.push_back(Pick(&random, 1, 4));
    for (int64_t s : sizes) count *= s;
    // Dense, with some dimensions exchanged, expanded, spread or reversed.
    strides = ContiguousStrides(sizes);
    for (int64_t& s : strides) {
      switch (Pick(&random, 0, 9)) {
        case 0: s = 0; break;
        case 1: s *= 2; break;
        case 2: s = -s; break;
        case 3: std::swap(s, strides[0]); break;
        default: break;
      }
    }
    Sizes new_sizes;
    for (int64_t rest = count; rest > 1 || Pick(&random, 0, 2) == 0;) {
      const int64_t piece = Pick(&random, 1, 6);
      if (rest % piece != 0) continue;
      new_sizes.push_back(piece);
      rest /= piece;
      if (new_sizes.size() > 6 && rest == 1) break;
    }
    const std::optional<Sizes> got = ReshapeStrides(sizes, strides, new_sizes);
    const std::optional<Sizes> want = ReshapeStridesByTrial(sizes, strides, new_sizes);
    ASSERT_EQ(got.has_value(), want.has_value())
        << testing::PrintToString(sizes) << testing::PrintToString(strides)
        << testing::PrintToString(new_sizes);
    (want.has_value() ? possible : impossible) += 1;
    if (!got.has_value()) continue;
    for (size_t d = 0; d < new_sizes.size(); ++d) {
      if (new_sizes[d] > 1) {
        EXPECT_EQ((*got)[d], (*want)[d]);
      }
    }
  }
  EXPECT_GT(possible, 5000);
  EXPECT_GT(impossible, 2000);
  EXPECT_EQ(ReshapeStrides({2, 0, 3}, {9, 9, 9}, {0, 5}), (Sizes{5, 1}));
}

}  // namespace
}  // namespace otium
