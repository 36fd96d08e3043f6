// SPDX-License-Identifier: Apache-2.0
//
// Products with what follows them on their tiles: bit for bit what the product
// and the loop give one after the other.

#include "backends/region/product_region.h"

#include "absl/algorithm/container.h"
#include "absl/strings/str_join.h"
#include "engine/otium.h"
#include "gtest/gtest.h"
#include "ops/ops.h"

namespace otium {
namespace {

struct Sizes3 {
  int64_t m, n, k;
};

// Steps of the plan that runs, and its results.
struct Ran {
  std::vector<std::string> kernels;
  TensorMap results;
};

Ran RunFused(const Function& f, const TensorMap& inputs, std::vector<std::string> disabled = {}) {
  CompileOptions options;
  options.optimize.disabled_passes = std::move(disabled);
  const absl::StatusOr<Program> program = Compile(f, options);
  EXPECT_TRUE(program.ok()) << program.status();
  Ran ran;
  const auto plan = program->PlanFor(inputs, {});
  EXPECT_TRUE(plan.ok()) << plan.status();
  for (const PlanStep& s : (*plan)->steps) {
    ran.kernels.push_back(absl::StrCat(s.op->name, " ", s.kernel.name));
  }
  absl::StatusOr<TensorMap> results = program->Run(inputs);
  EXPECT_TRUE(results.ok()) << results.status();
  if (results.ok()) ran.results = *std::move(results);
  return ran;
}

Tensor RandomTensor(DType dtype, const Sizes& sizes, uint64_t seed) {
  RunOptions options;
  options.seed = seed;
  const Expr x = randn(Dims(sizes.begin(), sizes.end()), dtype);
  return (*Evaluate({x}, {}, options))[0];
}

class ProductRegionTest : public testing::TestWithParam<DType> {};

TEST_P(ProductRegionTest, IsTheProductAndTheLoop) {
  const DType dtype = GetParam();
  // One tile, several, a split inner dimension, vectors, nothing to sum, nothing.
  for (const Sizes3& s : {Sizes3{5, 6, 4},
                          {200, 300, 70},
                          {33, 17, 5000},
                          {1, 50, 9},
                          {50, 1, 9},
                          {1, 1, 3},
                          {4, 6, 0},
                          {0, 6, 4},
                          {700, 600, 300}}) {
    Function::Builder b("f");
    const Expr A = b.Input("A", dtype, {s.m, s.k}), B = b.Input("B", dtype, {s.k, s.n});
    const Expr bias = b.Input("bias", dtype, {s.n}), r = b.Input("r", dtype, {s.m, s.n});
    const Expr scale = b.Input("scale", dtype, {});
    b.Output("y", square(addmm(bias, A, B, 1, 2)) * scale - r);
    b.Output("z", mm(A, B) / 3);
    const absl::StatusOr<Function> f = b.Build();
    ASSERT_TRUE(f.ok()) << f.status();
    const TensorMap inputs = {{"A", RandomTensor(dtype, {s.m, s.k}, 1)},
                              {"B", RandomTensor(dtype, {s.k, s.n}, 2)},
                              {"bias", RandomTensor(dtype, {s.n}, 3)},
                              {"r", RandomTensor(dtype, {s.m, s.n}, 4)},
                              {"scale", RandomTensor(dtype, {}, 5)}};
    const Ran fused = RunFused(*f, inputs), apart = RunFused(*f, inputs, {"fuse_epilogues"});
    EXPECT_EQ(fused.kernels, std::vector<std::string>(2, "fused cpu.gemm"));
    EXPECT_GT(apart.kernels.size(), 2);
    for (const char* name : {"y", "z"}) {
      EXPECT_TRUE(Tensor::BitwiseEqual(fused.results[name], apart.results[name]))
          << name << " " << s.m << "x" << s.n << "x" << s.k;
    }
  }
}

// Rows in registers, in several blocks, and more of them than a task takes; few rows
// so long that they stay for the threads to share.
TEST_P(ProductRegionTest, ReducesWholeRows) {
  const DType dtype = GetParam();
  if (IsComplex(dtype)) return;
  struct Case {
    Sizes3 sizes;
    bool fused;
  };
  for (const auto& [s, is_fused] : {Case{{5, 6, 4}, true},
                                    {{300, 250, 70}, true},
                                    {{200, 512, 300}, true},
                                    {{1000, 700, 30}, true},
                                    {{770, 3000, 5}, true},
                                    {{9, 400, 5000}, true},
                                    {{100, 600, 20}, false},
                                    {{800, 5000, 3}, false}}) {
    Function::Builder b("f");
    const Expr A = b.Input("A", dtype, {s.m, s.k}), B = b.Input("B", dtype, {s.k, s.n});
    const Expr bias = b.Input("bias", dtype, {s.n}), r = b.Input("r", dtype, {s.m, 1});
    const Expr C = b.Input("C", dtype, {s.m, s.k});
    b.Output("y", softmax(mm(A, B) + bias, 1));
    const Expr p = relu(mm(C, B)) - r;
    b.Output("z", p / sqrt(sum(square(p), Ints{1}, /*keepdim=*/true)) * bias);
    const absl::StatusOr<Function> f = b.Build();
    ASSERT_TRUE(f.ok()) << f.status();
    const TensorMap inputs = {{"A", RandomTensor(dtype, {s.m, s.k}, 1)},
                              {"B", RandomTensor(dtype, {s.k, s.n}, 2)},
                              {"bias", RandomTensor(dtype, {s.n}, 3)},
                              {"r", RandomTensor(dtype, {s.m, 1}, 4)},
                              {"C", RandomTensor(dtype, {s.m, s.k}, 5)}};
    const Ran fused = RunFused(*f, inputs), apart = RunFused(*f, inputs, {"fuse_epilogues"});
    EXPECT_EQ(fused.kernels == std::vector<std::string>(2, "fused cpu.gemm"), is_fused)
        << s.m << "x" << s.n << ": " << absl::StrJoin(fused.kernels, ", ");
    EXPECT_GT(apart.kernels.size(), 2);
    for (const char* name : {"y", "z"}) {
      EXPECT_TRUE(Tensor::BitwiseEqual(fused.results[name], apart.results[name]))
          << name << " " << s.m << "x" << s.n << "x" << s.k;
    }
  }
}

// Attention: batches whose items are shared by the threads, one by one and each;
// rows that no item has alone.
TEST_P(ProductRegionTest, ReducesWholeRowsOfBatches) {
  const DType dtype = GetParam();
  if (IsComplex(dtype)) return;
  for (const Sizes& s : {Sizes{3, 80, 60, 30},
                         {20, 70, 310, 30},
                         {300, 8, 9, 10},
                         {2, 800, 600, 10},
                         {5, 1, 500, 3},
                         {1, 5, 6, 7},
                         {0, 3, 5, 2}}) {
    const int64_t b = s[0], m = s[1], n = s[2], k = s[3];
    Function::Builder builder("f");
    const Expr A = builder.Input("A", dtype, {b, m, k}), B = builder.Input("B", dtype, {b, k, n});
    const Expr mask = builder.Input("mask", dtype, {m, n});
    const Expr items = builder.Input("items", dtype, {b, 1, 1});
    builder.Output("y", softmax(bmm(A, B) * items + mask, -1));
    const absl::StatusOr<Function> f = builder.Build();
    ASSERT_TRUE(f.ok()) << f.status();
    const TensorMap inputs = {{"A", RandomTensor(dtype, {b, m, k}, 1)},
                              {"B", RandomTensor(dtype, {b, k, n}, 2)},
                              {"mask", RandomTensor(dtype, {m, n}, 3)},
                              {"items", RandomTensor(dtype, {b, 1, 1}, 5)}};
    const Ran fused = RunFused(*f, inputs), apart = RunFused(*f, inputs, {"fuse_epilogues"});
    EXPECT_EQ(fused.kernels, std::vector<std::string>{"fused cpu.gemm"})
        << absl::StrJoin(fused.kernels, ", ");
    EXPECT_EQ(apart.kernels.size(), 2);
    EXPECT_TRUE(Tensor::BitwiseEqual(fused.results["y"], apart.results["y"]))
        << b << "x" << m << "x" << n << "x" << k;
  }
}

// Few items, of which each is shared by the threads; many, of one block and of
// several; many that are small enough for generated code; a batch of one.
TEST_P(ProductRegionTest, OfBatches) {
  const DType dtype = GetParam();
  for (const Sizes& s : {Sizes{3, 80, 60, 30},
                         {20, 70, 110, 30},
                         {17, 150, 130, 120},
                         {300, 8, 9, 10},
                         {5, 1, 5000, 3},
                         {5, 5000, 1, 3},
                         {5, 1, 7, 3},
                         {6, 7, 1, 3},
                         {9, 1, 1, 4},
                         {1, 5, 6, 7},
                         {4, 3, 5, 0},
                         {0, 3, 5, 2}}) {
    const int64_t b = s[0], m = s[1], n = s[2], k = s[3];
    Function::Builder builder("f");
    const Expr A = builder.Input("A", dtype, {b, m, k}), B = builder.Input("B", dtype, {b, k, n});
    const Expr bias = builder.Input("bias", dtype, {n}),
               rows = builder.Input("rows", dtype, {m, 1});
    const Expr items = builder.Input("items", dtype, {b, 1, 1});
    const Expr r = builder.Input("r", dtype, {b, m, n});
    builder.Output("y", square(baddbmm(bias, A, B, 1, 2)) * items - r * rows);
    builder.Output("z", bmm(A, B) * rows + r.T().T() * items);
    const absl::StatusOr<Function> f = builder.Build();
    ASSERT_TRUE(f.ok()) << f.status();
    const TensorMap inputs = {
        {"A", RandomTensor(dtype, {b, m, k}, 1)},     {"B", RandomTensor(dtype, {b, k, n}, 2)},
        {"bias", RandomTensor(dtype, {n}, 3)},        {"rows", RandomTensor(dtype, {m, 1}, 4)},
        {"items", RandomTensor(dtype, {b, 1, 1}, 5)}, {"r", RandomTensor(dtype, {b, m, n}, 6)}};
    const Ran fused = RunFused(*f, inputs), apart = RunFused(*f, inputs, {"fuse_epilogues"});
    EXPECT_EQ(fused.kernels, std::vector<std::string>(2, "fused cpu.gemm"));
    EXPECT_GT(apart.kernels.size(), 2);
    for (const char* name : {"y", "z"}) {
      EXPECT_TRUE(Tensor::BitwiseEqual(fused.results[name], apart.results[name]))
          << name << " " << b << "x" << m << "x" << n << "x" << k;
    }
  }
}

// Several batch dimensions, operands that repeat along some of them or lack them, and
// batches that are no one batch: heads between the rows.
TEST_P(ProductRegionTest, OfManyBatches) {
  const DType dtype = GetParam();
  for (const Sizes& s : {Sizes{2, 3, 80, 60, 30},
                         {4, 5, 70, 110, 30},
                         {20, 15, 8, 9, 10},
                         {3, 1, 1, 7, 3},
                         {1, 2, 5, 1, 3},
                         {2, 2, 1, 1, 4},
                         {2, 3, 4, 5, 0},
                         {2, 0, 4, 5, 3}}) {
    const int64_t b = s[0], h = s[1], m = s[2], n = s[3], k = s[4];
    Function::Builder builder("f");
    const Expr A = builder.Input("A", dtype, {b, m, h, k}),
               B = builder.Input("B", dtype, {h, k, n});
    const Expr C = builder.Input("C", dtype, {b, 1, n, k}),
               bias = builder.Input("bias", dtype, {n});
    const Expr mask = builder.Input("mask", dtype, {b, 1, 1, n});
    const Expr r = builder.Input("r", dtype, {h, m, 1});
    const Expr heads = transpose(A, 1, 2);
    builder.Output("y", square(matmul(heads, B) / 2 + mask) - bias);
    builder.Output("z", matmul(heads, C.T()) * r + mask * bias);
    const absl::StatusOr<Function> f = builder.Build();
    ASSERT_TRUE(f.ok()) << f.status();
    const TensorMap inputs = {
        {"A", RandomTensor(dtype, {b, m, h, k}, 1)},    {"B", RandomTensor(dtype, {h, k, n}, 2)},
        {"C", RandomTensor(dtype, {b, 1, n, k}, 3)},    {"bias", RandomTensor(dtype, {n}, 4)},
        {"mask", RandomTensor(dtype, {b, 1, 1, n}, 5)}, {"r", RandomTensor(dtype, {h, m, 1}, 6)}};
    const Ran fused = RunFused(*f, inputs), apart = RunFused(*f, inputs, {"fuse_epilogues"});
    EXPECT_EQ(absl::c_count(fused.kernels, "fused cpu.gemm"), 2)
        << absl::StrJoin(fused.kernels, ", ");
    EXPECT_EQ(absl::c_count(apart.kernels, "fused cpu.gemm"), 0);
    for (const char* name : {"y", "z"}) {
      EXPECT_TRUE(Tensor::BitwiseEqual(fused.results[name], apart.results[name]))
          << name << " " << b << "x" << h << "x" << m << "x" << n << "x" << k;
    }
  }
}

// Attention with heads.
TEST_P(ProductRegionTest, ReducesWholeRowsOfManyBatches) {
  const DType dtype = GetParam();
  if (IsComplex(dtype)) return;
  for (const Sizes& s : {Sizes{2, 3, 80, 60, 30}, {4, 5, 70, 310, 30}, {20, 15, 8, 9, 10}}) {
    const int64_t b = s[0], h = s[1], m = s[2], n = s[3], k = s[4];
    Function::Builder builder("f");
    const Expr q = builder.Input("q", dtype, {b, h, m, k}),
               K = builder.Input("k", dtype, {b, h, n, k});
    const Expr v = builder.Input("v", dtype, {b, h, n, k});
    const Expr mask = builder.Input("mask", dtype, {b, 1, 1, n});
    builder.Output("y", matmul(softmax(matmul(q, K.T()) / 8 + mask, -1), v));
    const absl::StatusOr<Function> f = builder.Build();
    ASSERT_TRUE(f.ok()) << f.status();
    const TensorMap inputs = {{"q", RandomTensor(dtype, {b, h, m, k}, 1)},
                              {"k", RandomTensor(dtype, {b, h, n, k}, 2)},
                              {"v", RandomTensor(dtype, {b, h, n, k}, 3)},
                              {"mask", RandomTensor(dtype, {b, 1, 1, n}, 4)}};
    const Ran fused = RunFused(*f, inputs), apart = RunFused(*f, inputs, {"fuse_epilogues"});
    EXPECT_EQ(fused.kernels,
              (std::vector<std::string>{"fused cpu.gemm", "matmul cpu.batched_gemm"}));
    EXPECT_EQ(apart.kernels.size(), 3);
    EXPECT_TRUE(Tensor::BitwiseEqual(fused.results["y"], apart.results["y"]))
        << b << "x" << h << "x" << m << "x" << n << "x" << k;
  }
}

// Layers on batches of rows: one product of all rows with what follows. Without the
// pass that sinks reshapes the same bits, and more steps.
TEST_P(ProductRegionTest, OfTheRowsOfBatches) {
  const DType dtype = GetParam();
  for (const Sizes& s : {Sizes{2, 3, 5, 6, 4},
                         {3, 4, 20, 70, 30},
                         {1, 1, 3, 4, 2},
                         {2, 1, 1, 5, 3},
                         {2, 3, 4, 5, 0},
                         {2, 0, 4, 5, 3}}) {
    const int64_t b = s[0], h = s[1], m = s[2], n = s[3], k = s[4];
    Function::Builder builder("f");
    const Expr x = builder.Input("x", dtype, {b, m, k}),
               X = builder.Input("X", dtype, {b, h, m, k});
    const Expr W = builder.Input("W", dtype, {n, k}), bias = builder.Input("bias", dtype, {n});
    const Expr r = builder.Input("r", dtype, {b, m, n}),
               c = builder.Input("c", dtype, {b, h, m, 1});
    builder.Output("y", square(r * 3 - matmul(x, W.T())));
    builder.Output("z", square(matmul(X, W.T()) / 2 + bias) * (c + 1));
    if (!IsComplex(dtype)) builder.Output("p", softmax(matmul(X, W.T() * 2) + bias, -1));
    const absl::StatusOr<Function> f = builder.Build();
    ASSERT_TRUE(f.ok()) << f.status();
    const TensorMap inputs = {
        {"x", RandomTensor(dtype, {b, m, k}, 1)}, {"X", RandomTensor(dtype, {b, h, m, k}, 2)},
        {"W", RandomTensor(dtype, {n, k}, 3)},    {"bias", RandomTensor(dtype, {n}, 4)},
        {"r", RandomTensor(dtype, {b, m, n}, 5)}, {"c", RandomTensor(dtype, {b, h, m, 1}, 6)}};
    // Without alpha and beta, which round otherwise.
    const Ran sunk = RunFused(*f, inputs, {"fuse_products"}),
              apart = RunFused(*f, inputs, {"fuse_products", "sink_reshapes"});
    const size_t outputs = f->graph().outputs().size();
    EXPECT_EQ(absl::c_count(sunk.kernels, "fused cpu.gemm"), outputs)
        << absl::StrJoin(sunk.kernels, ", ");
    EXPECT_EQ(absl::c_count(apart.kernels, "fused cpu.gemm"), 0);
    for (const auto& [name, value] : sunk.results) {
      EXPECT_TRUE(Tensor::BitwiseEqual(value, apart.results[name]))
          << name << " " << b << "x" << h << "x" << m << "x" << n << "x" << k;
    }
    const Ran all = RunFused(*f, inputs);
    EXPECT_EQ(absl::c_count(all.kernels, "fused cpu.gemm"), outputs)
        << absl::StrJoin(all.kernels, ", ");
  }
}

INSTANTIATE_TEST_SUITE_P(DTypes, ProductRegionTest,
                         testing::Values(DType::kF32, DType::kF64, DType::kC64, DType::kC128));

// A square product that is read transposed is no element-by-element matter.
TEST(ProductRegion, TransposedReadsAreRefused) {
  Function::Builder b("f");
  const Expr A = b.Input("A", DType::kF32, {8, 8}), B = b.Input("B", DType::kF32, {8, 8});
  const Expr p = mm(A, B);
  b.Output("y", p + p.T());
  EXPECT_EQ(region::FindProductRegion(b.Build()->graph()), nullptr);
}

// A matmul of matrices begins a region, one with a vector has no rows.
TEST(ProductRegion, MatmulWithAVectorIsRefused) {
  for (const bool vector : {false, true}) {
    Function::Builder b("f");
    const Expr A = b.Input("A", DType::kF32, {3, 8, 8});
    const Expr x = b.Input("x", DType::kF32, vector ? Shape({8}) : Shape({8, 1}));
    b.Output("y", relu(matmul(A, x)));
    EXPECT_EQ(region::FindProductRegion(b.Build()->graph()) == nullptr, vector);
  }
}

}  // namespace
}  // namespace otium
