// SPDX-License-Identifier: Apache-2.0
//
// Tapes against the interpreter (close), against their ops run one by one (bit
// by bit), and against themselves on another number of threads (bit by bit): on
// random regions of random shapes, strides and dtypes.

#include "backends/cpu/tape.h"

#include <complex>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "backends/cpu/parallel.h"
#include "backends/region/lower.h"
#include "engine/graph/function.h"
#include "gtest/gtest.h"
#include "ops/ops.h"
#include "tests/region/run_by_ops.h"

namespace otium {
namespace {

using Random = std::mt19937;

int64_t Pick(Random& random, int64_t low, int64_t high) {
  return std::uniform_int_distribution<int64_t>(low, high)(random);
}

template <class T>
T Element(Random& random) {
  const float x = 0.5f + static_cast<float>(random() % 1024) / 1024;
  if constexpr (std::is_same_v<T, bool>) return random() % 2 == 0;
  else if constexpr (std::is_integral_v<T>) return static_cast<T>(random() % 7);
  else if constexpr (std::is_same_v<T, std::complex<float>> || std::is_same_v<T, std::complex<double>>) {
    return T(x, static_cast<typename T::value_type>(0.25));
  } else return T(x);
}

// Values in [0.5, 1.5): dense, with a gap between rows, transposed in memory, or
// expanded along a dimension.
Tensor RandomTensor(DType dtype, Sizes sizes, Random& random) {
  const int rank = static_cast<int>(sizes.size());
  Sizes storage = sizes;
  const int64_t layout = rank == 0 ? 0 : Pick(random, 0, 5);
  const int a = rank == 0 ? 0 : static_cast<int>(Pick(random, 0, rank - 1));
  if (layout == 1) storage[rank - 1] += 3;
  if (layout == 2) std::swap(storage[a], storage[rank - 1]);
  if (layout == 3) storage[a] = 1;
  Tensor whole = *Tensor::Allocate(dtype, storage);
  DispatchDType(dtype, [&]<class Tag>(Tag) {
    using T = typename Tag::type;
    for (int64_t i = 0; i < whole.NumElements(); ++i) whole.mutable_data<T>()[i] = Element<T>(random);
  });
  Sizes strides(whole.strides().begin(), whole.strides().end());
  if (layout == 2) std::swap(strides[a], strides[rank - 1]);
  if (layout == 3) strides[a] = 0;
  return Tensor(whole.buffer(), 0, dtype, sizes, strides);
}

struct RegionCase {
  GraphPtr body;
  std::vector<Tensor> inputs;
  std::string Describe() const {
    std::string text;
    for (const Tensor& t : inputs) {
      absl::StrAppend(&text, DTypeName(t.dtype()), "[", absl::StrJoin(t.sizes(), ","), "]/[",
                      absl::StrJoin(t.strides(), ","), "] ");
    }
    const auto program = region::LowerRegion(*body);
    return absl::StrCat(text, "\n", program.ok() ? program->ToString() : program.status().ToString());
  }
};

// Expressions of which every value stays of the order of 1, so that errors stay
// of the order of eps.
RegionCase RandomRegion(DType dtype, Random& random) {
  static constexpr int64_t kSizes[] = {0, 1, 2, 3, 5, 7, 16, 33, 40, 130, 300, 700};
  const int rank = static_cast<int>(Pick(random, 0, 3));
  Sizes shape;
  for (int d = 0; d < rank; ++d) {
    int64_t size = kSizes[Pick(random, d == 0 ? 1 : 0, std::size(kSizes) - 1)];
    if (rank == 3) size = std::min<int64_t>(size, 40);
    shape.push_back(size);
  }
  RegionCase c;
  Function::Builder b("region");
  std::vector<Expr> values;
  auto add_input = [&](Sizes sizes) {
    c.inputs.push_back(RandomTensor(dtype, sizes, random));
    values.push_back(b.Input(absl::StrCat("x", c.inputs.size()), dtype, Shape(absl::MakeConstSpan(sizes))));
  };
  add_input(shape);
  for (int64_t extra = Pick(random, 0, 2); extra > 0; --extra) {
    Sizes sizes = shape;
    for (int64_t& s : sizes) {
      if (Pick(random, 0, 2) == 0) s = 1;
    }
    if (!sizes.empty() && Pick(random, 0, 2) == 0) sizes.erase(sizes.begin());
    add_input(sizes);
  }
  Ints dims;
  for (int d = 0; d < rank; ++d) {
    if (Pick(random, 0, 1) == 0) dims.push_back(d);
  }
  const bool reduces = Pick(random, 0, 3) != 0;
  double count = 1;
  for (int64_t d : dims) count *= static_cast<double>(shape[d]);
  auto pick = [&] { return values[Pick(random, 0, static_cast<int64_t>(values.size()) - 1)]; };
  // Of the full shape: x1 takes part.
  auto full = [&](Expr v) { return v.shape().rank() == rank && v.shape() == values[0].shape() ? v : v * 0.5 + values[0] * 0.5; };
  for (int64_t n = Pick(random, 1, 8); n > 0; --n) {
    switch (Pick(random, 0, 7)) {
      case 0: values.push_back((pick() + pick()) * 0.5); break;
      case 1: values.push_back(pick() * pick() / (1 + pick())); break;
      case 2: values.push_back(exp(-pick())); break;
      case 3: values.push_back(pick() / (pick() + 0.5)); break;
      case 4:
        if (!IsComplex(dtype)) values.push_back(relu(pick() - 0.25) + 0.5);
        break;
      case 5:
        if (reduces && count > 0) values.push_back(sum(full(pick()), dims, /*keepdim=*/true) / count);
        break;
      case 6:
        if (reduces && count > 1) {
          const auto [var, mean] = var_mean(full(pick()), dims, 0, /*keepdim=*/true);
          values.push_back(mean + cast(var, dtype));
        }
        break;
      case 7: values.push_back(pick() - 0.5 * pick() + 1); break;
    }
  }
  b.Output("y0", full(values.back()));
  if (Pick(random, 0, 1) == 0) b.Output("y1", full(pick()));
  if (reduces) b.Output("y2", sum(full(pick()), dims));
  const absl::StatusOr<Function> f = b.Build();
  EXPECT_TRUE(f.ok()) << f.status();
  c.body = f->graph_ptr();
  return c;
}

class TapeOf : public testing::TestWithParam<DType> {};

TEST_P(TapeOf, RandomRegions) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    Random random(seed);
    const RegionCase c = RandomRegion(GetParam(), random);
    if (!region::LowerRegion(*c.body).ok()) continue;  // A sum over a value that varies less.
    cpu::SetThreads(1);
    const std::vector<Tensor> tape = RunAsTape(*c.body, c.inputs);
    cpu::SetThreads(3);
    const std::vector<Tensor> threaded = RunAsTape(*c.body, c.inputs);
    const std::vector<Tensor> by_ops = RunByOps(*c.body, c.inputs);
    const std::vector<Tensor> interpreted = RunInterpreted(*c.body, c.inputs);
    const double tolerance = 64 * c.body->num_nodes() * Epsilon(GetParam());
    for (size_t r = 0; r < tape.size(); ++r) {
      EXPECT_EQ(BitDifference(tape[r], threaded[r]), "") << "threads, seed " << seed << " result " << r;
      EXPECT_EQ(BitDifference(tape[r], by_ops[r]), "") << "ops, seed " << seed << " result " << r << "\n" << c.Describe();
      EXPECT_EQ(Difference(tape[r], interpreted[r], tolerance), "")
          << "interpreter, seed " << seed << " result " << r << "\n" << c.Describe();
    }
    if (HasFailure()) break;
  }
}

INSTANTIATE_TEST_SUITE_P(DTypes, TapeOf,
                         testing::Values(DType::kF32, DType::kF64, DType::kC64, DType::kC128,
                                         DType::kF16, DType::kBF16),
                         [](const testing::TestParamInfo<DType>& info) {
                           return std::string(DTypeName(info.param));
                         });

}  // namespace
}  // namespace otium
