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
#include "tests/rounds.h"

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
  else if constexpr (std::is_same_v<T, std::complex<float>> ||
                     std::is_same_v<T, std::complex<double>>) {
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
    for (int64_t i = 0; i < whole.NumElements(); ++i) {
      whole.mutable_data<T>()[i] = Element<T>(random);
    }
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
    return absl::StrCat(text, "\n",
                        program.ok() ? program->ToString() : program.status().ToString());
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
    values.push_back(
        b.Input(absl::StrCat("x", c.inputs.size()), dtype, Shape(absl::MakeConstSpan(sizes))));
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
  auto full = [&](Expr v) {
    return v.shape().rank() == rank && v.shape() == values[0].shape() ? v
                                                                      : v * 0.5 + values[0] * 0.5;
  };
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
        if (reduces && count > 0) {
          values.push_back(sum(full(pick()), dims, /*keepdim=*/true) / count);
        }
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
  int ran = 0;
  for (int seed = 0; seed < Rounds(300); ++seed) {
    Random random(seed);
    const RegionCase c = RandomRegion(GetParam(), random);
    if (!region::LowerRegion(*c.body).ok()) continue;  // A sum over a value that varies less.
    ++ran;
    cpu::SetThreads(1);
    const std::vector<Tensor> tape = RunAsTape(*c.body, c.inputs);
    cpu::SetThreads(3);
    const std::vector<Tensor> threaded = RunAsTape(*c.body, c.inputs);
    const std::vector<Tensor> by_ops = RunByOps(*c.body, c.inputs);
    const std::vector<Tensor> interpreted = RunInterpreted(*c.body, c.inputs);
    const double tolerance = 64 * c.body->num_nodes() * Epsilon(GetParam());
    for (size_t r = 0; r < tape.size(); ++r) {
      EXPECT_EQ(BitDifference(tape[r], threaded[r]), "")
          << "threads, seed " << seed << " result " << r;
      EXPECT_EQ(BitDifference(tape[r], by_ops[r]), "")
          << "ops, seed " << seed << " result " << r << "\n"
          << c.Describe();
      EXPECT_EQ(Difference(tape[r], interpreted[r], tolerance), "")
          << "interpreter, seed " << seed << " result " << r << "\n"
          << c.Describe();
    }
    if (HasFailure()) break;
  }
  EXPECT_GT(ran, Rounds(200));
}

INSTANTIATE_TEST_SUITE_P(DTypes, TapeOf,
                         testing::Values(DType::kF32, DType::kF64, DType::kC64, DType::kC128,
                                         DType::kF16, DType::kBF16),
                         [](const testing::TestParamInfo<DType>& info) {
                           return std::string(DTypeName(info.param));
                         });

GraphPtr BodyOf(Function::Builder& b) {
  const absl::StatusOr<Function> f = b.Build();
  EXPECT_TRUE(f.ok()) << f.status();
  return f->graph_ptr();
}

// A region whose result lies where an operand does: what place may ask for.
void CheckInPlace(Function::Builder& b, Sizes sizes) {
  const GraphPtr body = BodyOf(b);
  Random random(5);
  Tensor x = *Tensor::Allocate(DType::kF32, sizes);
  for (int64_t i = 0; i < x.NumElements(); ++i) x.mutable_data<float>()[i] = Element<float>(random);
  const std::vector<Tensor> expected = RunAsTape(*body, {x});
  const auto tape = cpu::CompileTape(*region::LowerRegion(*body));
  ASSERT_TRUE(tape.ok()) << tape.status();
  const View view{x.mutable_data(), x.sizes().data(), x.strides().data()};
  cpu::RunTape(**tape, &view, &view);
  EXPECT_EQ(BitDifference(x, expected[0]), "");
}

TEST(TapeTest, InPlace) {
  for (const Sizes& sizes : {Sizes{40, 30}, Sizes{5, 700}, Sizes{2, 40000}}) {
    Function::Builder rows("rows");
    const Expr x = rows.Input("x", DType::kF32, Shape(absl::MakeConstSpan(sizes)));
    rows.Output("y", softmax(x * 2, -1) + x);
    CheckInPlace(rows, sizes);
    Function::Builder columns("columns");
    const Expr z = columns.Input("z", DType::kF32, Shape(absl::MakeConstSpan(sizes)));
    columns.Output("y", (z - mean(z, Ints{0}, /*keepdim=*/true)) * z);
    CheckInPlace(columns, sizes);
  }
}

// Inputs that are read elsewhere too, after result 0 was written there.
TEST(TapeTest, NotInPlace) {
  Function::Builder b("reads");
  const Expr x = b.Input("x", DType::kF32, {50, 50}), y = b.Input("y", DType::kF32, {50, 50});
  b.Output("z", x + transpose(x, 0, 1) * y);
  EXPECT_EQ(region::OverwritableInputs(*region::LowerRegion(b.Build()->graph())) & 3, 2);
  Function::Builder rows("rows");
  const Expr A = rows.Input("A", DType::kF32, {50, 50}), v = rows.Input("v", DType::kF32, {50}),
             w = rows.Input("w", DType::kF32, {50});
  rows.Output("y", sum(A * v, Ints{1}) + v + w);
  EXPECT_EQ(region::OverwritableInputs(*region::LowerRegion(rows.Build()->graph())) & 7, 4);
}

// A transposed matrix is taken in blocks, and the last block of a row of blocks may be
// one column wide: of a vector along the rows that is one element, then all of it again.
TEST(TapeTest, OneColumnLeftOfATransposedMatrix) {
  constexpr int64_t kRows = 48;
  // Blocks are 16, 32, 64 or 128 columns wide, by the size of a tile.
  for (const int64_t columns : {17, 33, 65, 129}) {
    Function::Builder b("scaled");
    const Expr matrix = b.Input("A", DType::kF64, {kRows, columns});
    b.Output("y", matrix * b.Input("v", DType::kF64, {columns}));
    const auto tape = cpu::CompileTape(*region::LowerRegion(*BodyOf(b)));
    ASSERT_TRUE(tape.ok()) << tape.status();
    std::vector<double> A(kRows * columns), v(columns), y(kRows * columns);
    for (size_t i = 0; i < A.size(); ++i) A[i] = static_cast<double>(i);
    for (size_t j = 0; j < v.size(); ++j) v[j] = static_cast<double>(j + 1);
    const int64_t sizes[] = {kRows, columns}, by_columns[] = {1, kRows}, by_rows[] = {columns, 1};
    const int64_t one = 1;
    const View inputs[] = {{A.data(), sizes, by_columns}, {v.data(), &columns, &one}};
    const View result{y.data(), sizes, by_rows};
    cpu::RunTape(**tape, inputs, &result);
    for (int64_t i = 0; i < kRows; ++i) {
      for (int64_t j = 0; j < columns; ++j) {
        ASSERT_EQ(y[i * columns + j], A[j * kRows + i] * v[j])
            << i << ", " << j << " of " << columns;
      }
    }
  }
}

// Long rows are reduced eight at once, with the other values of those rows: also the one
// that is left.
TEST(TapeTest, ReducedRowsWithValuesOfTheirOwn) {
  constexpr int64_t kColumns = 300;
  for (const int64_t rows : {4, 8, 9, 15, 17}) {
    Function::Builder b("rows");
    const Expr matrix = b.Input("A", DType::kF64, {rows, kColumns});
    b.Output("y", sum(matrix, Ints{1}) * 2 + b.Input("v", DType::kF64, {rows}));
    const auto tape = cpu::CompileTape(*region::LowerRegion(*BodyOf(b)));
    ASSERT_TRUE(tape.ok()) << tape.status();
    std::vector<double> A(rows * kColumns), v(2 * rows), y(rows);
    for (size_t i = 0; i < A.size(); ++i) A[i] = static_cast<double>(i % 1000);
    for (size_t i = 0; i < v.size(); ++i) v[i] = static_cast<double>(i * 7);
    const int64_t sizes[] = {rows, kColumns}, strides[] = {kColumns, 1};
    // Side by side, and every other one.
    for (const int64_t stride : {1, 2}) {
      const int64_t one = 1;
      const View inputs[] = {{A.data(), sizes, strides}, {v.data(), &rows, &stride}};
      const View result{y.data(), &rows, &one};
      cpu::RunTape(**tape, inputs, &result);
      for (int64_t i = 0; i < rows; ++i) {
        double expected = v[i * stride];
        for (int64_t j = 0; j < kColumns; ++j) expected += 2 * A[i * kColumns + j];
        ASSERT_EQ(y[i], expected) << "row " << i << " of " << rows;
      }
    }
  }
}

// What finishes a product: a rectangle of it, with a leading dimension.
TEST(TapeTest, OnATileOfAProduct) {
  Function::Builder b("epilogue");
  const Expr c = b.Input("c", DType::kF32, {50, 70}), bias = b.Input("bias", DType::kF32, {70});
  const Expr scale = b.Input("scale", DType::kF32, {});
  b.Output("y", relu(c * scale - bias));
  const auto tape = cpu::CompileTape(*region::LowerRegion(*BodyOf(b)));
  ASSERT_TRUE(tape.ok()) << tape.status();
  constexpr int64_t kLd = 90;
  std::vector<float> product(50 * kLd), expected, v(70);
  for (size_t i = 0; i < product.size(); ++i) product[i] = static_cast<float>(i % 37);
  for (size_t i = 0; i < v.size(); ++i) v[i] = static_cast<float>(i % 7);
  expected = product;
  for (int64_t r = 10; r < 43; ++r) {
    for (int64_t j = 16; j < 61; ++j) {
      float& e = expected[r * kLd + j];
      e = std::max(e * 0.5f - v[j], 0.0f);
    }
  }
  float half = 0.5f;
  const int64_t one = 1, seventy = 70;
  const View inputs[] = {{}, {v.data(), &seventy, &one}, {&half, nullptr, nullptr}};
  cpu::RunTapeOnTile(**tape, inputs, product.data() + 10 * kLd + 16, kLd, 10, 16, 33, 45);
  EXPECT_EQ(product, expected);
}

// Ranges of matrices that begin and end within dimensions of the batch, one of which is
// 1, are what the whole is there; the others stay as they are.
TEST(TapeTest, OnMatricesOfABatch) {
  const Sizes sizes = {3, 1, 4, 5, 2, 7};
  for (const bool reduces : {false, true}) {
    Function::Builder b("epilogue");
    const Expr c = b.Input("c", DType::kF32, {3, 1, 4, 5, 2, 7});
    const Expr items = b.Input("items", DType::kF32, {3, 1, 1, 5, 1, 1});
    const Expr mask = b.Input("mask", DType::kF32, {4, 1, 2, 7});
    const Expr y = c * items - mask;
    b.Output("y", reduces ? softmax(y, -1) : y);
    const GraphPtr body = BodyOf(b);
    const auto tape = cpu::CompileTape(*region::LowerRegion(*body));
    ASSERT_TRUE(tape.ok()) << tape.status();
    Random random(1);
    const Tensor in[] = {RandomTensor(DType::kF32, sizes, random).Contiguous(),
                         RandomTensor(DType::kF32, {3, 1, 1, 5, 1, 1}, random),
                         RandomTensor(DType::kF32, {4, 1, 2, 7}, random)};
    const std::vector<float> whole =
        RunAsTape(*body, {in[0], in[1], in[2]})[0].Contiguous().ToVector<float>();
    constexpr int64_t kItems = 60, kItem = 14;
    for (int64_t first = 0; first < kItems; ++first) {
      for (int64_t last = first; last <= kItems; ++last) {
        std::vector<float> values = in[0].ToVector<float>(), expected = values;
        std::copy(whole.begin() + first * kItem, whole.begin() + last * kItem,
                  expected.begin() + first * kItem);
        std::vector<View> views;
        for (const Tensor& t : in) {
          views.push_back({const_cast<void*>(t.data()), t.sizes().data(), t.strides().data()});
        }
        views[0].data = values.data();
        cpu::RunTapeOnMatrices(**tape, views.data(), views[0], first, last - first);
        ASSERT_EQ(values, expected) << first << " to " << last;
      }
    }
  }
}

// More reductions than a byte counts, over rows longer than a block.
TEST(TapeTest, ManyReductions) {
  constexpr int64_t kRows = 3, kColumns = 400;
  constexpr int kSums = 300;
  Function::Builder b("many");
  const Expr x = b.Input("x", DType::kF32, {kRows, kColumns});
  for (int i = 0; i < kSums; ++i) {
    b.Output(absl::StrCat("y", i), sum(x * constant(Tensor::Scalar(i + 1.0f)), Ints{1}));
  }
  Tensor t = *Tensor::Allocate(DType::kF32, {kRows, kColumns});
  std::fill_n(t.mutable_data<float>(), t.NumElements(), 1.0f);
  const std::vector<Tensor> y = RunAsTape(*BodyOf(b), {t});
  for (int i = 0; i < kSums; ++i) {
    EXPECT_EQ(y[i].ToVector<float>(), std::vector<float>(kRows, kColumns * (i + 1.0f))) << i;
  }
}

// The error of sums grows with the logarithm of their length: 0.1f a million times,
// in rows and in columns.
TEST(TapeTest, LongSumsAreExact) {
  for (const Sizes& sizes : {Sizes{1000000}, Sizes{500000, 2}}) {
    Function::Builder b("sum");
    const Expr x = b.Input("x", DType::kF32, Shape(absl::MakeConstSpan(sizes)));
    b.Output("y", sum(x, Ints{0}));
    Tensor t = *Tensor::Allocate(DType::kF32, sizes);
    std::fill_n(t.mutable_data<float>(), t.NumElements(), 0.1f);
    const std::vector<Tensor> y = RunAsTape(*BodyOf(b), {t});
    const double exact = static_cast<double>(sizes[0]) * static_cast<double>(0.1f);
    // 16 + 5 in accumulators (16 + 16 in steps), 6 + 8 in chunks and above.
    EXPECT_NEAR(*y[0].data<float>(), exact, 40 * Epsilon(DType::kF32) * exact);
  }
}

}  // namespace
}  // namespace otium
