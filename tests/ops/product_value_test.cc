// SPDX-License-Identifier: Apache-2.0
//
// What the products compute. The reference kernels judge all others, so here they
// are judged: by loops over indices written out for each op, on small integers,
// for which every dtype is exact.

#include <random>

#include "gtest/gtest.h"
#include "ops/ops.h"
#include "tests/ops/reference_run.h"

namespace otium {
namespace {

using testing_ops::At;
using testing_ops::ForEach;
using testing_ops::RandomIntegers;
using testing_ops::ReferenceValue;
using testing_ops::Text;
using C = std::complex<double>;

constexpr DType kNumberDTypes[] = {DType::kI32, DType::kI64, DType::kF16, DType::kBF16,
                                   DType::kF32, DType::kF64, DType::kC64, DType::kC128};
constexpr int64_t n = 3, m = 4, p = 2, batch = 3;

// Random operands of one dtype, as tensors and as expressions.
class ProductValues : public testing::TestWithParam<DType> {
 protected:
  Tensor Make(std::initializer_list<int64_t> sizes) {
    return RandomIntegers(GetParam(), absl::MakeConstSpan(sizes.begin(), sizes.size()), &random_);
  }
  // Every element of the value of `expr` is `want(index)`.
  template <class Want>
  void Expect(const Expr& expr, Want want) {
    const absl::StatusOr<Tensor> value = ReferenceValue(expr);
    ASSERT_TRUE(value.ok()) << value.status();
    EXPECT_EQ(value->dtype(), GetParam());
    ForEach(value->sizes(), [&](const Sizes& i) { EXPECT_EQ(At(*value, i), want(i)); });
  }
  template <class Term>
  static C Sum(int64_t count, Term term) {
    C sum = 0;
    for (int64_t l = 0; l < count; ++l) sum += term(l);
    return sum;
  }

 private:
  std::mt19937 random_{17};
};

TEST_P(ProductValues, Vectors) {
  const Tensor x = Make({m}), y = Make({m}), z = Make({n});
  const Expr ex = constant(x), ey = constant(y), ez = constant(z);
  const C want = Sum(m, [&](int64_t l) { return At(x, {l}) * At(y, {l}); });
  Expect(dot(ex, ey), [&](const Sizes&) { return want; });
  const C conjugated = Sum(m, [&](int64_t l) { return std::conj(At(x, {l})) * At(y, {l}); });
  Expect(vdot(ex, ey), [&](const Sizes&) { return conjugated; });
  Expect(inner(ex, ey), [&](const Sizes&) { return want; });
  Expect(matmul(ex, ey), [&](const Sizes&) { return want; });
  Expect(outer(ex, ez), [&](const Sizes& i) { return At(x, {i[0]}) * At(z, {i[1]}); });
}

TEST_P(ProductValues, MatricesAndFusedForms) {
  const Tensor A = Make({n, m}), B = Make({m, p}), x = Make({m}), y = Make({n}), c = Make({n, p}),
               row = Make({p});
  const Expr eA = constant(A), eB = constant(B), ex = constant(x), ey = constant(y);
  auto mv_at = [&](int64_t i) {
    return Sum(m, [&](int64_t l) { return At(A, {i, l}) * At(x, {l}); });
  };
  auto mm_at = [&](int64_t i, int64_t j) {
    return Sum(m, [&](int64_t l) { return At(A, {i, l}) * At(B, {l, j}); });
  };
  Expect(mv(eA, ex), [&](const Sizes& i) { return mv_at(i[0]); });
  Expect(mm(eA, eB), [&](const Sizes& i) { return mm_at(i[0], i[1]); });
  Expect(addmv(ey, eA, ex, 2, -3),
         [&](const Sizes& i) { return 2.0 * At(y, i) - 3.0 * mv_at(i[0]); });
  Expect(addmm(constant(c), eA, eB), [&](const Sizes& i) { return At(c, i) + mm_at(i[0], i[1]); });
  Expect(addmm(constant(row), eA, eB, -1, 2),
         [&](const Sizes& i) { return 2.0 * mm_at(i[0], i[1]) - At(row, {i[1]}); });
  Expect(addr(constant(c), ey, constant(row), 2, -1),
         [&](const Sizes& i) { return 2.0 * At(c, i) - At(y, {i[0]}) * At(row, {i[1]}); });
}

TEST_P(ProductValues, Batches) {
  const Tensor A = Make({batch, n, m}), B = Make({batch, m, p}), c = Make({batch, 1, p}),
               d = Make({n, 1});
  const Expr eA = constant(A), eB = constant(B);
  auto at = [&](int64_t b, int64_t i, int64_t j) {
    return Sum(m, [&](int64_t l) { return At(A, {b, i, l}) * At(B, {b, l, j}); });
  };
  Expect(bmm(eA, eB), [&](const Sizes& i) { return at(i[0], i[1], i[2]); });
  Expect(baddbmm(constant(c), eA, eB, 2, 3), [&](const Sizes& i) {
    return 2.0 * At(c, {i[0], 0, i[2]}) + 3.0 * at(i[0], i[1], i[2]);
  });
  Expect(addbmm(constant(d), eA, eB, 2, -1), [&](const Sizes& i) {
    return 2.0 * At(d, {i[0], 0}) - Sum(batch, [&](int64_t b) { return at(b, i[0], i[1]); });
  });
}

TEST_P(ProductValues, MatmulBroadcasts) {
  const Tensor A = Make({2, 1, n, m}), B = Make({batch, m, p}), x = Make({m}), y = Make({n});
  auto at = [&](int64_t a, int64_t b, int64_t i, int64_t j) {
    return Sum(m, [&](int64_t l) { return At(A, {a, 0, i, l}) * At(B, {b, l, j}); });
  };
  Expect(matmul(constant(A), constant(B)),
         [&](const Sizes& i) { return at(i[0], i[1], i[2], i[3]); });
  Expect(matmul(constant(x), constant(B)), [&](const Sizes& i) {
    return Sum(m, [&](int64_t l) { return At(x, {l}) * At(B, {i[0], l, i[1]}); });
  });
  Expect(matmul(constant(A), constant(x)), [&](const Sizes& i) {
    return Sum(m, [&](int64_t l) { return At(A, {i[0], 0, i[2], l}) * At(x, {l}); });
  });
  Expect(matmul(constant(y), select(select(constant(A), 0, 1), 0, 0)), [&](const Sizes& i) {
    return Sum(n, [&](int64_t l) { return At(y, {l}) * At(A, {1, 0, l, i[0]}); });
  });
}

TEST_P(ProductValues, Contractions) {
  const Tensor a = Make({2, n, m}), b = Make({m, 3, n}), c = Make({p, m}), s = Make({});
  const Expr ea = constant(a), eb = constant(b), ec = constant(c);
  Expect(inner(ea, ec), [&](const Sizes& i) {
    return Sum(m, [&](int64_t l) { return At(a, {i[0], i[1], l}) * At(c, {i[2], l}); });
  });
  Expect(inner(constant(s), ec), [&](const Sizes& i) { return At(s, {}) * At(c, i); });
  Expect(tensordot(ea, eb, 1), [&](const Sizes& i) {
    return Sum(m, [&](int64_t l) { return At(a, {i[0], i[1], l}) * At(b, {l, i[2], i[3]}); });
  });
  Expect(tensordot(ea, eb, {2, -2}, {0, 2}), [&](const Sizes& i) {
    return Sum(m * n, [&](int64_t l) {
      return At(a, {i[0], l % n, l / n}) * At(b, {l / n, i[1], l % n});
    });
  });
  Expect(tensordot(ec, constant(s), 0), [&](const Sizes& i) { return At(c, i) * At(s, {}); });
  Expect(kron(ec, select(ea, 0, 1)), [&](const Sizes& i) {
    return At(c, {i[0] / n, i[1] / m}) * At(a, {1, i[0] % n, i[1] % m});
  });
  Expect(kron(constant(s), ec), [&](const Sizes& i) { return At(s, {}) * At(c, i); });
}

TEST_P(ProductValues, Einsum) {
  const Tensor a = Make({2, n, m}), b = Make({2, m, p}), q = Make({n, n}), r = Make({n, 1});
  const Expr ea = constant(a), eb = constant(b), eq = constant(q), er = constant(r);
  Expect(einsum("bij,bjk->ikb", {ea, eb}), [&](const Sizes& i) {
    return Sum(m, [&](int64_t l) { return At(a, {i[2], i[0], l}) * At(b, {i[2], l, i[1]}); });
  });
  Expect(einsum("ii", {eq}), [&](const Sizes&) {
    return Sum(n, [&](int64_t l) { return At(q, {l, l}); });
  });
  Expect(einsum("ii->i", {eq}), [&](const Sizes& i) { return At(q, {i[0], i[0]}); });
  Expect(einsum("...j->j...", {ea}), [&](const Sizes& i) { return At(a, {i[1], i[2], i[0]}); });
  // A size of 1 stretches.
  Expect(einsum("ij,ij->j", {eq, er}), [&](const Sizes& i) {
    return Sum(n, [&](int64_t l) { return At(q, {l, i[0]}) * At(r, {l, 0}); });
  });
  Expect(einsum("ij,jk,ik->", {eq, eq, eq}), [&](const Sizes&) {
    return Sum(n * n * n, [&](int64_t l) {
      const int64_t i = l / (n * n), j = l / n % n, k = l % n;
      return At(q, {i, j}) * At(q, {j, k}) * At(q, {i, k});
    });
  });
}

INSTANTIATE_TEST_SUITE_P(DTypes, ProductValues, testing::ValuesIn(kNumberDTypes),
                         [](const auto& info) { return std::string(DTypeName(info.param)); });

std::string Value(const Expr& expr) {
  const absl::StatusOr<Tensor> value = ReferenceValue(expr);
  return value.ok() ? Text(*value) : std::string(value.status().message());
}

// A sum of nothing is 0: what is left is beta * input.
TEST(Products, EmptySums) {
  const Expr A = constant(*Tensor::Allocate(DType::kF64, {2, 0}));
  const Expr B = constant(*Tensor::Allocate(DType::kF64, {0, 2}));
  const Expr v = constant(*Tensor::Allocate(DType::kF64, {0}));
  const Expr c = constant(Tensor::Of<double>({{1, 2}, {3, 4}}));
  EXPECT_EQ(Value(dot(v, v)), "0");
  EXPECT_EQ(Value(mv(A, v)), "[0, 0]");
  EXPECT_EQ(Value(mm(B, A)), "[]");
  EXPECT_EQ(Value(addmm(c, A, B, 3)), "[[3, 6], [9, 12]]");
  EXPECT_EQ(Value(addbmm(c, expand(A, {5, -1, -1}), expand(B, {5, -1, -1}), 2)),
            "[[2, 4], [6, 8]]");
  EXPECT_EQ(Value(einsum("ij,jk", {A, B})), "[[0, 0], [0, 0]]");
}

// A beta of 0 hides what is in input, also one computed in the graph.
TEST(Products, ZeroBetaDoesNotRead) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Expr bad = constant(Tensor::Of<double>({{nan, nan}, {nan, nan}}));
  const Expr A = constant(Tensor::Of<double>({{1, 2}, {3, 4}}));
  const Expr x = constant(Tensor::Of<double>({1, 1}));
  const Expr zero = constant(Tensor::Scalar(1.0)) - constant(Tensor::Scalar(1.0));
  EXPECT_EQ(Value(addmm(bad, A, A, zero)), "[[7, 10], [15, 22]]");
  EXPECT_EQ(Value(addmv(select(bad, 0, 0), A, x, 0)), "[3, 7]");
  EXPECT_EQ(Value(addr(bad, x, x, 0.0)), "[[1, 1], [1, 1]]");
  EXPECT_EQ(Value(baddbmm(bad, unsqueeze(A, 0), unsqueeze(A, 0), 0)), "[[[7, 10], [15, 22]]]");
  EXPECT_EQ(Value(addbmm(bad, unsqueeze(A, 0), unsqueeze(A, 0), 0)), "[[7, 10], [15, 22]]");
}

// Factors of f64 products are f64: never rounded on the way.
TEST(Products, FactorsKeepTheirDigits) {
  const Expr A = constant(Tensor::Of<double>({{1}}));
  const Expr x = constant(Tensor::Of<double>({1}));
  const double alpha = 1 + 0x1p-50;
  const Tensor value = *ReferenceValue(addmv(x, A, x, 0, alpha));
  EXPECT_EQ(value.ToVector<double>()[0], alpha);
}

// Integers wrap around as those of the machine do.
TEST(Products, IntegersWrap) {
  const Expr x = constant(Tensor::Of<int32_t>({1 << 30, 1 << 30, 1 << 30, 1 << 30, 7}));
  const Expr y = constant(Tensor::Of<int32_t>({1, 1, 1, 1, 1}));
  EXPECT_EQ(Value(dot(x, y)), "7");
  const Expr big = constant(Tensor::Of<int64_t>({int64_t{1} << 62, int64_t{1} << 62}));
  EXPECT_EQ(Value(dot(big, constant(Tensor::Of<int64_t>({2, 2})))), "0");
}

}  // namespace
}  // namespace otium
