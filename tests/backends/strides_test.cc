// SPDX-License-Identifier: Apache-2.0
//
// Plans are made for typical strides and run with others: what a plan takes for dense
// must be so in each run.

#include <algorithm>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include "backends/backend.h"
#include "engine/otium.h"
#include "gtest/gtest.h"
#include "ops/ops.h"
#include "tests/rounds.h"

namespace otium {
namespace {

// Dimensions of a view, as sums of multiples of those of its operand.
struct ViewDim {
  int64_t size;
  Sizes coefficients;
};

bool IsDense(const std::vector<ViewDim>& view, const Sizes& strides) {
  PhysicalType type;
  for (const ViewDim& d : view) {
    int64_t stride = 0;
    for (size_t k = 0; k < strides.size(); ++k) stride += d.coefficients[k] * strides[k];
    type.sizes.push_back(d.size);
    type.strides.push_back(stride);
  }
  return type.IsContiguous();
}

class Strides : public testing::Test {
 protected:
  int64_t Pick(int64_t n) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(n)); }

  Sizes RandomSizes() {
    Sizes sizes(1 + Pick(3));
    for (int64_t& s : sizes) s = 1 + Pick(4);
    return sizes;
  }

  // Slices, steps, flips, another order, and sometimes a diagonal.
  std::vector<ViewDim> RandomView(const Sizes& sizes) {
    std::vector<ViewDim> view;
    for (size_t d = 0; d < sizes.size(); ++d) {
      ViewDim dim{1 + Pick(sizes[d]), Sizes(sizes.size(), 0)};
      const int64_t step = 1 + Pick(dim.size > 1 ? (sizes[d] - 1) / (dim.size - 1) : 1);
      dim.coefficients[d] = Pick(2) == 0 ? step : -step;
      view.push_back(std::move(dim));
    }
    std::shuffle(view.begin(), view.end(), random_);
    if (view.size() > 1 && Pick(3) == 0) {
      const ViewDim last = view.back();
      view.pop_back();
      view.back().size = std::min(view.back().size, last.size);
      for (size_t k = 0; k < sizes.size(); ++k) view.back().coefficients[k] += last.coefficients[k];
    }
    return view;
  }

  std::mt19937_64 random_{1};
};

TEST_F(Strides, TypicalOnesHaveNoViewThatHappensToBeDense) {
  for (int round = 0; round < Rounds(100000); ++round) {
    const Sizes sizes = RandomSizes();
    Sizes strides(sizes.size());
    for (int64_t& s : strides) s = Pick(25) - 3;
    const Sizes typical = TypicalStrides(sizes, strides);
    EXPECT_EQ(StrideSignature(sizes, typical), StrideSignature(sizes, strides));
    const std::vector<ViewDim> view = RandomView(sizes);
    if (!IsDense(view, typical)) continue;
    EXPECT_TRUE(IsDense(view, strides))
        << testing::PrintToString(sizes) << " by " << testing::PrintToString(strides) << " as by "
        << testing::PrintToString(typical);
  }
}

TEST_F(Strides, DoNotMatterAlongSizesOfOne) {
  for (int round = 0; round < Rounds(10000); ++round) {
    const Sizes sizes = RandomSizes();
    Sizes strides(sizes.size());
    for (int64_t& s : strides) s = Pick(25) - 3;
    Sizes others = strides;
    for (size_t d = 0; d < sizes.size(); ++d) {
      if (sizes[d] == 1) others[d] = Pick(25) - 3;
    }
    EXPECT_EQ(TypicalStrides(sizes, strides), TypicalStrides(sizes, others));
  }
}

// Element i of a view of memory that holds 0, 1, 2, ...
void ExpectElements(const Tensor& y, const Sizes& strides) {
  std::vector<double> expected;
  for (int64_t i = 0; i < y.sizes()[0]; ++i) {
    for (int64_t j = 0; j < y.sizes()[1]; ++j) {
      for (int64_t k = 0; k < y.sizes()[2]; ++k) {
        expected.push_back(static_cast<double>(i * strides[0] + j * strides[1] + k * strides[2]));
      }
    }
  }
  EXPECT_EQ(y.ToVector<double>(), expected) << testing::PrintToString(strides);
}

// One program: each array runs by the plan that those before left.
TEST_F(Strides, ViewsOfInputs) {
  std::vector<double> data(100);
  for (int i = 0; i < 100; ++i) data[i] = i;
  CompileOptions plain;
  plain.optimize.optimize = false;
  Function::Builder b("f");
  const Expr x = b.Input("x", DType::kF64, {3, 3, 1});
  b.Output("y", movedim(x, {1, 2, 0}, {-3, -2, -1}));
  const absl::StatusOr<Program> moved = Compile(*b.Build(), plain);
  for (const Sizes& s : std::vector<Sizes>{
           {1, 3, 1}, {1, 3, 18}, {1, 6, 18}, {1, 6, 1}, {1, 6, 6}, {1, 5, 1}, {6, 1, 1}}) {
    const Tensor t = Tensor::Borrow(data.data(), DType::kF64, {3, 3, 1}, s, nullptr);
    ExpectElements((*moved->Run({{"x", t}}))["y"], {s[1], s[2], s[0]});
  }
  // A slice of windows, which overlap in one array and not in the other.
  Function::Builder c("f");
  const Expr w = c.Input("x", DType::kF64, {1, 5, 3});
  c.Output("y", permute(slice(w, 1, 0, 2), {0, 2, 1}));
  const absl::StatusOr<Program> windows = Compile(*c.Build(), plain);
  for (const int64_t step : {2, 3, 4}) {
    const Tensor t = Tensor::Borrow(data.data(), DType::kF64, {1, 5, 3}, {0, 1, step}, nullptr);
    ExpectElements((*windows->Run({{"x", t}}))["y"], {0, step, 1});
  }
}

}  // namespace
}  // namespace otium
