// SPDX-License-Identifier: Apache-2.0
//
// Compositions of linear algebra: on random shapes the decomposed graph computes what
// the reference kernels of the ops themselves do, keeps types and facts, and leaves
// none of the ops behind. Integers are exact; others are compared to the epsilon times
// the size of the results.

#include <cmath>
#include <limits>
#include <random>

#include "absl/strings/str_cat.h"
#include "engine/graph/capture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/ops.h"
#include "tests/ops/decomposed.h"
#include "tests/ops/reference_run.h"
#include "tests/rounds.h"

namespace otium {
namespace {

using testing_ops::At;
using testing_ops::Decomposed;
using testing_ops::RandomIntegers;
using testing_ops::RunByReference;
using testing_ops::RunDecompose;

Expr In(int i, DType dtype, const Sizes& sizes, Structure structure = {}) {
  TensorType type(dtype, Shape(absl::Span<const int64_t>(sizes)));
  type.structure = NormalizeStructure(structure, dtype, type.shape);
  return InputExpr(absl::StrCat("x", i), type, {});
}

GraphPtr Captured(const std::vector<Expr>& inputs, const std::vector<Expr>& outputs) {
  CaptureRequest request;
  for (const Expr& in : inputs) request.inputs.push_back({in, Expr()});
  for (const Expr& out : outputs)
    request.outputs.emplace_back(absl::StrCat("z", request.outputs.size()), out);
  absl::StatusOr<Graph> graph = Capture(request);
  EXPECT_TRUE(graph.ok()) << graph.status();
  return std::make_shared<const Graph>(*std::move(graph));
}

double Largest(const Tensor& t) {
  double largest = 0;
  testing_ops::ForEach(t.sizes(), [&](const Sizes& i) {
    if (const double size = std::abs(At(t, i)); std::isfinite(size))
      largest = std::max(largest, size);
  });
  return largest;
}

// `roundings`: how many epsilons of the largest element they may differ by.
void ExpectNear(const Tensor& got, const Tensor& want, double roundings) {
  ASSERT_EQ(got.dtype(), want.dtype());
  ASSERT_EQ(Sizes(got.sizes().begin(), got.sizes().end()),
            Sizes(want.sizes().begin(), want.sizes().end()));
  const double allowed = roundings * (IsInexact(want.dtype()) ? Epsilon(want.dtype()) : 0) *
                         std::max(1.0, Largest(want));
  testing_ops::ForEach(want.sizes(), [&](const Sizes& i) {
    const std::complex<double> w = At(want, i), g = At(got, i);
    if (w == g || (std::isnan(std::abs(w)) && std::isnan(std::abs(g)))) return;
    EXPECT_LE(std::abs(w - g), allowed) << w << " and " << g;
  });
}

// Runs the graph of `expr` and what is made of it on `values`.
Decomposed ExpectSame(const Expr& expr, const std::vector<Expr>& inputs,
                      const std::vector<Tensor>& values, double roundings) {
  const GraphPtr graph = Captured(inputs, {expr});
  const std::string op(graph->op(graph->producer(graph->outputs()[0].value)).name);
  Decomposed decomposed = RunDecompose(graph);
  const TensorType& before = graph->type(graph->outputs()[0].value);
  const TensorType& after = decomposed.graph->type(decomposed.graph->outputs()[0].value);
  EXPECT_EQ(before.dtype, after.dtype);
  EXPECT_EQ(before.shape, after.shape) << after.ToString();
  EXPECT_TRUE(after.structure.Implies(before.structure))
      << after.ToString() << " does not say all of " << before.ToString();
  for (NodeId n = 0; n < decomposed.graph->num_nodes(); ++n) {
    EXPECT_NE(decomposed.graph->op(n).name, op);
  }
  const auto want = RunByReference(*graph, values), got = RunByReference(*decomposed.graph, values);
  EXPECT_TRUE(want.ok()) << want.status();
  EXPECT_TRUE(got.ok()) << got.status();
  if (want.ok() && got.ok()) ExpectNear((*got)[0], (*want)[0], roundings);
  return decomposed;
}

int64_t Pick(std::mt19937* random, int64_t low, int64_t high) {
  return low + static_cast<int64_t>((*random)() % static_cast<uint64_t>(high - low + 1));
}

constexpr DType kNumbers[] = {DType::kF32, DType::kF64, DType::kC64, DType::kC128,
                              DType::kI32, DType::kI64, DType::kF16};
constexpr DType kInexact[] = {DType::kF32, DType::kF64, DType::kC64, DType::kC128};

// Some dimensions, at times with one of them 0.
Sizes PickBatch(std::mt19937* random) {
  Sizes batch;
  for (int64_t r = Pick(random, 0, 2); r > 0; --r)
    batch.push_back(Pick(random, 0, 9) == 0 ? 0 : Pick(random, 1, 3));
  return batch;
}

// Two shapes that broadcast to [batch with `size` at `dim`].
std::pair<Sizes, Sizes> PickPair(std::mt19937* random, int64_t size, int64_t* dim) {
  Sizes full = PickBatch(random);
  *dim = Pick(random, 0, static_cast<int64_t>(full.size()));
  full.insert(full.begin() + *dim, size);
  std::pair<Sizes, Sizes> shapes;
  for (Sizes* s : {&shapes.first, &shapes.second}) {
    const int64_t skip = Pick(random, 0, *dim);
    s->assign(full.begin() + skip, full.end());
    for (size_t d = 0; d < s->size(); ++d) {
      if (static_cast<int64_t>(d) + skip != *dim && Pick(random, 0, 3) == 0) (*s)[d] = 1;
    }
  }
  // One of them has all dimensions.
  shapes.first = full;
  if (Pick(random, 0, 1) == 0) *dim -= static_cast<int64_t>(full.size());
  return shapes;
}

TEST(DecomposeLinalg, CrossAndVecdot) {
  std::mt19937 random(1);
  for (int round = 0; round < Rounds(300); ++round) {
    const DType dtype = kNumbers[round % 7];
    int64_t dim;
    const auto [x, y] = PickPair(&random, 3, &dim);
    const std::vector<Expr> in = {In(0, dtype, x), In(1, dtype, y)};
    const std::vector<Tensor> values = {RandomIntegers(dtype, x, &random),
                                        RandomIntegers(dtype, y, &random)};
    ExpectSame(cross(in[0], in[1], dim), in, values, 0);
    ExpectSame(vecdot(in[0], in[1], dim), in, values, 0);
  }
}

TEST(DecomposeLinalg, VecdotOfHalvesAddsInF32) {
  const std::vector<Expr> in = {In(0, DType::kF16, {1, 4})};
  Tensor x = *Tensor::Allocate(DType::kF16, {1, 4});
  for (int i = 0; i < 4; ++i) x.mutable_data<Float16>()[i] = Float16(100.0f);
  // 10000 each: products and sums beyond 2048 are not exact in f16, and 40000 is.
  ExpectSame(vecdot(in[0], in[0]), in, {x}, 0);
}

TEST(DecomposeLinalg, VanderAndTrapezoid) {
  std::mt19937 random(2);
  for (int round = 0; round < Rounds(300); ++round) {
    const DType dtype = kNumbers[round % 7];
    int64_t dim;
    const auto [y, points] = PickPair(&random, Pick(&random, 0, 4), &dim);
    const Expr in_y = In(0, dtype, y);
    const std::vector<Tensor> values = {RandomIntegers(dtype, y, &random)};
    ExpectSame(vander(in_y, Pick(&random, 0, 4)), {in_y}, values, 0);
    ExpectSame(vander(in_y), {in_y}, values, 0);
    ExpectSame(trapezoid(in_y, Expr(), 0.5, dim), {in_y}, values, 0);
    const int64_t rank = static_cast<int64_t>(y.size());
    const Sizes x = Pick(&random, 0, 1) == 0 ? y : Sizes{y[dim < 0 ? dim + rank : dim]};
    const Expr in_x = In(1, dtype, x);
    ExpectSame(trapezoid(in_y, in_x, 1, dim), {in_y, in_x},
               {values[0], RandomIntegers(dtype, x, &random)}, 0);
  }
}

// Not the sum of all less half of the ends, which would be infinity less infinity.
TEST(DecomposeLinalg, TrapezoidOfAnInfiniteEnd) {
  const std::vector<Expr> in = {In(0, DType::kF64, {3})};
  const double infinity = std::numeric_limits<double>::infinity();
  const Decomposed decomposed =
      ExpectSame(trapezoid(in[0]), in, {Tensor::Of<double>({1, 2, infinity})}, 0);
  EXPECT_EQ(decomposed.rules[0], "trapezoid_of_steps");
}

TEST(DecomposeLinalg, MultiDotInAnyOrder) {
  std::mt19937 random(3);
  int reordered = 0;
  for (int round = 0; round < Rounds(300); ++round) {
    const DType dtype = kNumbers[round % 6];
    const int64_t count = Pick(&random, 2, 5);
    std::vector<Sizes> shapes;
    int64_t rows = Pick(&random, 0, 9) == 0 ? 0 : Pick(&random, 1, 6);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t columns = Pick(&random, 0, 9) == 0 ? 0 : Pick(&random, 1, 6);
      shapes.push_back({rows, columns});
      rows = columns;
    }
    if (Pick(&random, 0, 2) == 0) shapes.front() = {shapes.front()[1]};
    if (Pick(&random, 0, 2) == 0) shapes.back() = {shapes.back()[0]};
    std::vector<Expr> in;
    std::vector<Tensor> values;
    for (int64_t i = 0; i < count; ++i) {
      in.push_back(In(static_cast<int>(i), dtype, shapes[i]));
      values.push_back(RandomIntegers(dtype, shapes[i], &random));
    }
    const Decomposed decomposed = ExpectSame(multi_dot(in), in, values, 0);
    reordered += decomposed.rules[0] == "multi_dot_order";
  }
  EXPECT_GT(reordered, Rounds(300) / 4);
}

TEST(DecomposeLinalg, MultiDotOfNamesGoesFromTheLeft) {
  const Dim m = Dim::Symbol("m"), n = Dim::Symbol("n");
  const std::vector<Expr> in = {InputExpr("A", TensorType(DType::kF64, Shape({m, n})), {}),
                                InputExpr("B", TensorType(DType::kF64, Shape({n, m})), {}),
                                InputExpr("x", TensorType(DType::kF64, Shape({m})), {})};
  const Decomposed decomposed = RunDecompose(Captured(in, {multi_dot(in)}));
  EXPECT_THAT(decomposed.rules, testing::Contains("multi_dot"));
  EXPECT_TRUE(decomposed.graph->Is(3, Op::mm));
}

TEST(DecomposeLinalg, MatrixPower) {
  std::mt19937 random(4);
  for (int round = 0; round < Rounds(200); ++round) {
    const DType dtype = kNumbers[round % 7];
    Sizes sizes = PickBatch(&random);
    const int64_t n = Pick(&random, 0, 4);
    sizes.insert(sizes.end(), {n, n});
    const Expr A = In(0, dtype, sizes);
    // Up to the fourth power of elements up to 3 is exact but in f16.
    const int64_t power = dtype == DType::kF16 ? Pick(&random, 0, 1) : Pick(&random, 0, 4);
    ExpectSame(matrix_power(A, power), {A}, {RandomIntegers(dtype, sizes, &random)}, 0);
  }
  // Integers wrap around alike.
  const Expr A = In(0, DType::kI32, {3, 3});
  ExpectSame(matrix_power(A, 1000), {A}, {RandomIntegers(DType::kI32, {3, 3}, &random)}, 0);
}

TEST(DecomposeLinalg, NormsOfSums) {
  std::mt19937 random(5);
  const NormOrder orders[] = {"fro", 1, -1, INFINITY, -INFINITY};
  for (int round = 0; round < Rounds(200); ++round) {
    const DType dtype = kInexact[round % 4];
    Sizes sizes = PickBatch(&random);
    sizes.insert(sizes.begin() + Pick(&random, 0, static_cast<int64_t>(sizes.size())),
                 Pick(&random, 1, 4));
    sizes.push_back(Pick(&random, 1, 4));
    const auto rank = static_cast<int64_t>(sizes.size());
    const Expr A = In(0, dtype, sizes);
    const int64_t rows = Pick(&random, 0, rank - 1);
    const int64_t columns = (rows + Pick(&random, 1, rank - 1)) % rank;
    if (sizes[rows] == 0 || sizes[columns] == 0) continue;
    const DimsArg dim = round % 2 == 0 ? DimsArg({rows, columns}) : DimsArg();
    if (!dim.has_value() && (sizes[rank - 1] == 0 || sizes[rank - 2] == 0)) continue;
    ExpectSame(matrix_norm(A, orders[round % 5], dim, round % 3 == 0), {A},
               {RandomIntegers(dtype, sizes, &random)}, 8);
  }
}

TEST(DecomposeLinalg, Tensorsolve) {
  std::mt19937 random(6);
  for (int round = 0; round < Rounds(100); ++round) {
    const DType dtype = kInexact[round % 4];
    // A diagonally dominant matrix of order n, in the sizes [2, n / 2, n].
    const int64_t n = 2 * Pick(&random, 0, 3);
    const Expr B = In(1, dtype, {2, n / 2});
    const bool moved = round % 2 == 0;
    const Sizes sizes = moved ? Sizes{n, 2, n / 2} : Sizes{2, n / 2, n};
    const Expr A = In(0, dtype, sizes);
    Tensor values = RandomIntegers(dtype, sizes, &random);
    DispatchDType(dtype, [&]<class Tag>(Tag) {
      using T = typename Tag::type;
      if constexpr (!std::is_integral_v<T> && sizeof(T) >= 4) {
        for (int64_t i = 0; i < n; ++i)
          values.mutable_data<T>()[i * n + i] += T(static_cast<float>(8 * n));
      }
    });
    ExpectSame(moved ? tensorsolve(A, B, 0) : tensorsolve(A, B), {A, B},
               {values, RandomIntegers(dtype, {2, n / 2}, &random)}, 8 * static_cast<double>(n));
  }
}

// ---- of spectra: both are as exact as singular values are

// Some matrix; a hermitian one when asked.
Tensor RandomMatrices(DType dtype, const Sizes& sizes, bool hermitian, std::mt19937* random) {
  Tensor t = RandomIntegers(dtype, sizes, random);
  if (!hermitian) return t;
  const int64_t n = sizes.back();
  DispatchDType(dtype, [&]<class Tag>(Tag) {
    using T = typename Tag::type;
    if constexpr (!std::is_integral_v<T> && sizeof(T) >= 4) {
      T* p = t.mutable_data<T>();
      for (int64_t b = 0; n > 0 && b < t.NumElements() / (n * n); ++b, p += n * n) {
        // Of the diagonal and what is above it the real part and nothing are read.
        for (int64_t i = 0; i < n; ++i) {
          for (int64_t j = i + 1; j < n; ++j) p[i * n + j] = T(NAN);
        }
      }
    }
  });
  return t;
}

TEST(DecomposeLinalg, NormsOfSumsOfHalvesAndOfNothing) {
  std::mt19937 random(13);
  for (const DType dtype : {DType::kF16, DType::kBF16, DType::kF32, DType::kC128}) {
    for (const Sizes& sizes : {Sizes{3, 4}, Sizes{2, 3, 3}, Sizes{0, 4}, Sizes{2, 3, 0}}) {
      const Expr A = In(0, dtype, sizes);
      for (const double order : {1.0, double{INFINITY}}) {
        const Decomposed d =
            ExpectSame(norm(A, order, {-2, -1}), {A}, {RandomIntegers(dtype, sizes, &random)}, 8);
        EXPECT_THAT(d.rules, testing::Contains("norm_of_sums"));
      }
    }
  }
}

TEST(DecomposeLinalg, NormsOfSingularValues) {
  std::mt19937 random(7);
  const NormOrder orders[] = {2, -2, "nuc"};
  for (int round = 0; round < Rounds(100); ++round) {
    const DType dtype = kInexact[round % 4];
    const Sizes sizes = {Pick(&random, 1, 4), Pick(&random, 1, 4), Pick(&random, 1, 4)};
    const Expr A = In(0, dtype, sizes);
    const int64_t rows = Pick(&random, 0, 2), columns = (rows + Pick(&random, 1, 2)) % 3;
    const std::vector<Tensor> values = {RandomIntegers(dtype, sizes, &random)};
    ExpectSame(matrix_norm(A, orders[round % 3], {rows, columns}, round % 2 == 0), {A}, values, 32);
    ExpectSame(norm(A, orders[round % 3], {rows, columns}, round % 2 == 0), {A}, values, 32);
  }
  for (const Sizes& empty : {Sizes{0, 3}, Sizes{2, 4, 0}, Sizes{0, 4, 4}}) {
    const Expr A = In(0, DType::kF64, empty);
    ExpectSame(matrix_norm(A, "nuc"), {A}, {RandomIntegers(DType::kF64, empty, &random)}, 0);
    ExpectSame(matrix_norm(A, 2), {A}, {RandomIntegers(DType::kF64, empty, &random)}, 0);
  }
}

TEST(DecomposeLinalg, PinvRankAndCond) {
  std::mt19937 random(8);
  const std::optional<double> tolerances[] = {std::nullopt, 0.0, 1e-3, 2.5};
  for (int round = 0; round < Rounds(200); ++round) {
    const DType dtype = kInexact[round % 4];
    const bool hermitian = Pick(&random, 0, 2) == 0;
    Sizes sizes = PickBatch(&random);
    const int64_t n = Pick(&random, 0, 4);
    sizes.insert(sizes.end(), {hermitian ? n : Pick(&random, 0, 4), n});
    const Expr A = In(0, dtype, sizes);
    const std::vector<Tensor> values = {RandomMatrices(dtype, sizes, hermitian, &random)};
    const auto atol = tolerances[Pick(&random, 0, 3)], rtol = tolerances[Pick(&random, 0, 2)];
    // Up to 1 / sigma of sigma that is 1e-3 or more, or of a matrix of small integers.
    ExpectSame(matrix_rank(A, atol, rtol, hermitian), {A}, values, 0);
    if (rtol != 0.0 && (atol != 0.0 || rtol.has_value())) {
      ExpectSame(pinv(A, atol, rtol, hermitian), {A}, values, 2000);
    }
  }
}

TEST(DecomposeLinalg, CondOfSingularValues) {
  std::mt19937 random(9);
  for (int round = 0; round < Rounds(100); ++round) {
    const DType dtype = kInexact[round % 4];
    Sizes sizes = PickBatch(&random);
    sizes.insert(sizes.end(), {Pick(&random, 0, 4), Pick(&random, 0, 4)});
    const Expr A = In(0, dtype, sizes);
    Tensor values = RandomIntegers(dtype, sizes, &random);
    // Far from singular, where condition numbers are noise.
    DispatchDType(dtype, [&]<class Tag>(Tag) {
      using T = typename Tag::type;
      if constexpr (!std::is_integral_v<T> && sizeof(T) >= 4) {
        const int64_t m = sizes[sizes.size() - 2], n = sizes.back();
        for (int64_t i = 0; i < values.NumElements(); ++i) {
          if (i / n % m == i % n) values.mutable_data<T>()[i] += T(25);
        }
      }
    });
    if (round % 3 == 0) ExpectSame(cond(A), {A}, {values}, 64);
    else ExpectSame(cond(A, round % 3 == 1 ? 2 : -2), {A}, {values}, 64);
  }
  // A zero matrix is singular.
  const Expr A = In(0, DType::kF32, {2, 2});
  ExpectSame(cond(A), {A}, {*testing_ops::ReferenceValue(zeros({2, 2}, DType::kF32))}, 0);
}

// Of the same random start; vectors are free up to a factor, which their product is not.
TEST(DecomposeLinalg, LowRank) {
  std::mt19937 random(10);
  for (int round = 0; round < Rounds(100); ++round) {
    const DType dtype = kInexact[round % 4];
    Sizes sizes = PickBatch(&random);
    const int64_t m = Pick(&random, 0, 6), n = Pick(&random, 0, 6);
    sizes.insert(sizes.end(), {m, n});
    const int64_t q = Pick(&random, 0, std::min(m, n)), niter = Pick(&random, 0, 2);
    std::vector<Expr> in = {In(0, dtype, sizes)};
    std::vector<Tensor> values = {RandomIntegers(dtype, sizes, &random)};
    LowrankResults r;
    if (round % 3 == 0) {
      in.push_back(In(1, dtype, {1, n}));
      values.push_back(RandomIntegers(dtype, {1, n}, &random));
      r = svd_lowrank(in[0], q, niter, in[1]);
    } else if (round % 3 == 1) {
      r = svd_lowrank(in[0], q, niter);
    } else {
      r = pca_lowrank(in[0], q, /*center=*/true, niter);
    }
    const GraphPtr graph = Captured(in, {matmul(r.U * unsqueeze(r.S, -2), r.V.H()), r.S});
    const auto want = RunByReference(*graph, values);
    const auto got = RunByReference(*RunDecompose(graph).graph, values);
    ASSERT_TRUE(want.ok()) << want.status();
    ASSERT_TRUE(got.ok()) << got.status();
    for (int i : {0, 1}) ExpectNear((*got)[i], (*want)[i], 2000);
  }
}

// ---- by inverses

TEST(DecomposeLinalg, Inverses) {
  std::mt19937 random(11);
  const NormOrder orders[] = {"fro", "nuc", 1, -1, INFINITY, -INFINITY};
  for (int round = 0; round < Rounds(100); ++round) {
    const DType dtype = kInexact[round % 4];
    Sizes sizes = PickBatch(&random);
    const int64_t n = 2 * Pick(&random, 0, 2);
    sizes.insert(sizes.end(), {n, n});
    Tensor values = RandomIntegers(dtype, sizes, &random);
    // At times one is singular.
    const bool singular = round % 5 == 0;
    DispatchDType(dtype, [&]<class Tag>(Tag) {
      using T = typename Tag::type;
      if constexpr (!std::is_integral_v<T> && sizeof(T) >= 4) {
        T* p = values.mutable_data<T>();
        for (int64_t i = 0; i < values.NumElements(); ++i) {
          if (i / n % n == i % n) p[i] += T(25);
          if (singular && i < n) p[i] = 0;
        }
      }
    });
    const Expr A = In(0, dtype, sizes);
    ExpectSame(cond(A, orders[round % 6]), {A}, {values}, 64);
    if (singular) continue;
    ExpectSame(matrix_power(A, -Pick(&random, 1, 3)), {A}, {values}, 64);
    if (sizes.size() > 2) continue;
    const Sizes tensor = {n / 2, 2, n};
    const Expr T = In(0, dtype, tensor);
    ExpectSame(tensorinv(T), {T}, {Tensor::Copy(values.data(), dtype, tensor)}, 64);
  }
}

}  // namespace
}  // namespace otium
