// SPDX-License-Identifier: Apache-2.0

#include "backends/cpu/gemm.h"

#include <complex>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "backends/cpu/gemm_jit.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/scalar.h"
#include "gtest/gtest.h"
#include "tests/cpu/product_test_util.h"

namespace otium::cpu {
namespace {

template <class T>
class GemmTest : public ::testing::Test {
 protected:
  ~GemmTest() override { SetThreads(before_); }
  const int before_ = Threads();
};
using AllTypes = ::testing::Types<float, double, std::complex<float>, std::complex<double>, int32_t,
                                  int64_t, Float16, BFloat16>;
TYPED_TEST_SUITE(GemmTest, AllTypes);

template <class T>
struct Case {
  Case(Random& random, int64_t batch_size, int64_t rows, int64_t columns, int64_t depth)
      : batch(batch_size),
        m(rows),
        n(columns),
        k(depth),
        a(random, batch, m, k, Matrices<T>::Use::kRead),
        b(random, batch, k, n, Matrices<T>::Use::kRead),
        c0(random, batch, m, n, Matrices<T>::Use::kRead),
        c(random, batch, m, n, Matrices<T>::Use::kWrite),
        in_place(random.Coin()),
        conj_a(random.Coin()),
        conj_b(random.Coin()),
        alpha(random.Factor<AccumulatorOf<T>>()),
        beta(random.Factor<AccumulatorOf<T>>()) {}

  GemmArgs<T> Args() {
    GemmArgs<T> args;
    args.m = m;
    args.n = n;
    args.k = k;
    args.a = a.in(conj_a);
    args.b = b.in(conj_b);
    args.c0 = (in_place ? c : c0).in(false);
    args.c = c.out();
    args.alpha = alpha;
    args.beta = beta;
    return args;
  }

  void Run(const GemmArgs<T>& args) {
    if (batch == 1) return Gemm(args);
    const int64_t a_stride = a.batch_stride(), b_stride = b.batch_stride(),
                  c0_stride = (in_place ? c : c0).batch_stride(), c_stride = c.batch_stride();
    const GemmBatch list = {
        {&batch, 1}, {&a_stride, 1}, {&b_stride, 1}, {&c0_stride, 1}, {&c_stride, 1}};
    BatchedGemm(list, args);
  }

  // The number of wrong elements; `before` is C's buffer before the run.
  int64_t Wrong(const std::vector<T>& before) const {
    int64_t wrong = c.ChangedOutside(before);
    for (int64_t p = 0; p < batch; ++p) {
      for (int64_t i = 0; i < m; ++i) {
        for (int64_t j = 0; j < n; ++j) {
          Exact<T> sum(0);
          long double magnitude = 0;
          for (int64_t l = 0; l < k; ++l) {
            const Exact<T> x = ToExact(a.At(p, i, l)), y = ToExact(b.At(p, l, j));
            sum = Add(sum, Multiply(conj_a ? Conjugate(x) : x, conj_b ? Conjugate(y) : y));
            magnitude += Magnitude<T>(x) * Magnitude<T>(y);
          }
          const T old = in_place ? before[c.Offset(p, i, j)] : c0.At(p, i, j);
          if (!IsClose<T>(c.At(p, i, j), alpha, sum, magnitude, beta, ToExact(old), k)) ++wrong;
        }
      }
    }
    return wrong;
  }

  std::string Describe() const {
    return std::to_string(batch) + " x " + std::to_string(m) + "x" + std::to_string(n) + "x" +
           std::to_string(k) + " a " + std::to_string(a.row()) + "," + std::to_string(a.col()) +
           " b " + std::to_string(b.row()) + "," + std::to_string(b.col()) + " c0 " +
           std::to_string(c0.row()) + "," + std::to_string(c0.col()) + " c " +
           std::to_string(c.row()) + "," + std::to_string(c.col()) + (in_place ? " in place" : "") +
           (conj_a ? " conj(a)" : "") + (conj_b ? " conj(b)" : "");
  }

  int64_t batch, m, n, k;
  Matrices<T> a, b, c0, c;
  bool in_place, conj_a, conj_b;
  AccumulatorOf<T> alpha, beta;
};

TYPED_TEST(GemmTest, RandomSizesStridesAndFactors) {
  Random random(1);
  for (int round = 0; round < 400; ++round) {
    const int64_t most = round < 300 ? 20 : 70;
    Case<TypeParam> x(random, 1, random.Int(0, most), random.Int(0, most), random.Int(0, most));
    const std::vector<TypeParam> before = x.c.buffer();
    x.Run(x.Args());
    ASSERT_EQ(x.Wrong(before), 0) << x.Describe();
  }
}

// Sizes on both sides of every cut: k blocks, row and column blocks, partial
// sums over k.
TYPED_TEST(GemmTest, SizesThatAreCut) {
  Random random(2);
  const int64_t sizes[][3] = {{130, 140, 20}, {7, 400, 300},  {400, 7, 300}, {3, 5, 5000},
                              {64, 64, 400},  {200, 50, 100}, {25, 33, 800}, {1, 300, 300},
                              {300, 1, 300},  {90, 200, 50}};
  for (const auto& size : sizes) {
    for (int round = 0; round < 3; ++round) {
      Case<TypeParam> x(random, 1, size[0], size[1], size[2]);
      const std::vector<TypeParam> before = x.c.buffer();
      x.Run(x.Args());
      ASSERT_EQ(x.Wrong(before), 0) << x.Describe();
    }
  }
}

TYPED_TEST(GemmTest, Batches) {
  Random random(3);
  for (int round = 0; round < 100; ++round) {
    Case<TypeParam> x(random, random.Int(0, 40), random.Int(0, 12), random.Int(0, 18),
                      random.Int(0, 12));
    const std::vector<TypeParam> before = x.c.buffer();
    x.Run(x.Args());
    ASSERT_EQ(x.Wrong(before), 0) << x.Describe();
  }
}

// Those of a batch's layouts and factors that code is generated for.
TYPED_TEST(GemmTest, GeneratedCode) {
  if constexpr (std::is_same_v<TypeParam, float> || std::is_same_v<TypeParam, double>) {
    Random random(6);
    int generated = 0;
    for (int round = 0; round < 2000; ++round) {
      Case<TypeParam> x(random, 3, random.Int(1, 20), random.Int(1, 20), random.Int(1, 20));
      const JitGemm<TypeParam> multiply(x.Args(), /*items=*/1 << 20);
      if (!multiply) continue;
      ++generated;
      const std::vector<TypeParam> before = x.c.buffer();
      for (int64_t p = 0; p < x.batch; ++p) {
        multiply(p * x.a.batch_stride(), p * x.b.batch_stride(),
                 p * (x.in_place ? x.c : x.c0).batch_stride(), p * x.c.batch_stride());
      }
      ASSERT_EQ(x.Wrong(before), 0) << x.Describe();
    }
#if defined(OTIUM_HAVE_LIBXSMM)
    if (__builtin_cpu_supports("avx2")) {
      EXPECT_GT(generated, 20);
    }
#endif
  }
}

// The kernels of batches may sum in another order than a single product: sums of
// ten terms of at most 1, both with their error.
TYPED_TEST(GemmTest, BatchOfManySmallProducts) {
  Random random(7);
  Case<TypeParam> x(random, 600, 8, 9, 10);
  const int64_t sizes[] = {20, 30}, a[] = {30 * 80, 80}, b[] = {0, 90}, c[] = {30 * 72, 72};
  std::vector<TypeParam> A(600 * 80), B(30 * 90), C(600 * 72), one(72);
  for (TypeParam& v : A) v = random.Value<TypeParam>();
  for (TypeParam& v : B) v = random.Value<TypeParam>();
  GemmArgs<TypeParam> args;
  args.m = 8, args.n = 9, args.k = 10;
  args.a = {A.data(), 10, 1};
  args.b = {B.data(), 9, 1};
  args.c = {C.data(), 9, 1};
  BatchedGemm(GemmBatch{sizes, a, b, c, c}, args);
  for (int64_t p = 0; p < 600; ++p) {
    args.a.data = A.data() + p * 80;
    args.b.data = B.data() + p % 30 * 90;
    args.c.data = one.data();
    Gemm(args);
    for (int64_t i = 0; i < 72; ++i) {
      ASSERT_LE(Magnitude<TypeParam>(ToExact(C[p * 72 + i]) - ToExact(one[i])),
                2 * 10 * 10 * StoreEpsilon<TypeParam>())
          << p << " " << i;
    }
  }
}

// (2, 1) x (1, 3) items: each operand repeated along one dimension.
TYPED_TEST(GemmTest, BatchDimensionsAreStretchedByZeroStrides) {
  using T = TypeParam;
  using S = AccumulatorOf<T>;
  constexpr int64_t kSize = 3, kItem = kSize * kSize;
  Random random(4);
  std::vector<T> a(2 * kItem), b(3 * kItem), c(6 * kItem);
  for (T& x : a) x = random.Value<T>();
  for (T& x : b) x = random.Value<T>();
  GemmArgs<T> args;
  args.m = args.n = args.k = kSize;
  args.a = {a.data(), kSize, 1};
  args.b = {b.data(), kSize, 1};
  args.c = {c.data(), kSize, 1};
  const int64_t sizes[] = {2, 3}, a_strides[] = {kItem, 0}, b_strides[] = {0, kItem},
                c_strides[] = {3 * kItem, kItem};
  BatchedGemm(GemmBatch{sizes, a_strides, b_strides, c_strides, c_strides}, args);
  std::vector<T> one(kItem);
  for (int64_t p = 0; p < 6; ++p) {
    args.a.data = a.data() + p / 3 * kItem;
    args.b.data = b.data() + p % 3 * kItem;
    args.c.data = one.data();
    Gemm(args);
    for (int64_t i = 0; i < kItem; ++i) {
      EXPECT_EQ(static_cast<S>(c[p * kItem + i]), static_cast<S>(one[i])) << p << " " << i;
    }
  }
}

TYPED_TEST(GemmTest, BetaZeroReadsNothing) {
  using T = TypeParam;
  using S = AccumulatorOf<T>;
  if constexpr (!std::is_integral_v<T>) {
    for (int64_t k : {0, 5, 400}) {
      for (int64_t m : {5, 40}) {
        Random random(5);
        Case<T> x(random, 1, m, 37, k);
        x.in_place = true;
        x.alpha = S(1);
        x.beta = S(0);
        x.c.FillAll(T(std::numeric_limits<float>::quiet_NaN()));
        const std::vector<T> before = x.c.buffer();
        GemmArgs<T> args = x.Args();
        args.c0.data = nullptr;
        x.Run(args);
        EXPECT_EQ(x.Wrong(before), 0) << x.Describe();
      }
    }
  }
}

// A conjugate in a flag and one in memory are the same matrix, to the sign of a
// zero: log and angle tell -1 + 0j from -1 - 0j.
TYPED_TEST(GemmTest, ConjugateFlagsGiveTheBitsOfConjugates) {
  using T = TypeParam;
  if constexpr (kIsComplex<T>) {
    Random random(9);
    for (int64_t size : {1, 3, 20, 70}) {
      // Small integers, so that some sums are zero; 0 has no sign.
      std::vector<T> values[2], conjugates[2], flagged(size * size), stored(size * size);
      for (int i = 0; i < 2; ++i) {
        for (int64_t e = 0; e < size * size; ++e) {
          const int64_t real = random.Int(-1, 1), imag = random.Int(-1, 1);
          values[i].push_back(T(real, imag));
          conjugates[i].push_back(T(real, -imag));
        }
      }
      for (int flags = 1; flags < 4; ++flags) {
        const bool conj_a = (flags & 1) != 0, conj_b = (flags & 2) != 0;
        GemmArgs<T> args;
        args.m = args.n = args.k = size;
        args.a = {values[0].data(), size, 1, conj_a};
        args.b = {values[1].data(), size, 1, conj_b};
        args.c = {flagged.data(), size, 1};
        Gemm(args);
        args.a = {(conj_a ? conjugates : values)[0].data(), size, 1};
        args.b = {(conj_b ? conjugates : values)[1].data(), size, 1};
        args.c = {stored.data(), size, 1};
        Gemm(args);
        EXPECT_EQ(std::memcmp(flagged.data(), stored.data(), stored.size() * sizeof(T)), 0)
            << size << (conj_a ? " conj(a)" : "") << (conj_b ? " conj(b)" : "");
      }
    }
  }
}

TYPED_TEST(GemmTest, SameBitsForAnyNumberOfThreads) {
  using T = TypeParam;
  const int64_t sizes[][4] = {{1, 150, 160, 170}, {1, 9, 11, 9000}, {1, 500, 12, 64},
                              {20, 30, 40, 50},   {3, 100, 90, 80}, {1, 12, 700, 300}};
  for (const auto& size : sizes) {
    Random random(6);
    Case<T> x(random, size[0], size[1], size[2], size[3]);
    x.in_place = false;
    std::vector<T> first;
    for (int threads : {1, 2, 3, 8}) {
      SetThreads(threads);
      x.Run(x.Args());
      if (threads == 1) {
        first = x.c.buffer();
      } else {
        EXPECT_EQ(std::memcmp(first.data(), x.c.buffer().data(), first.size() * sizeof(T)), 0)
            << x.Describe() << ", " << threads << " threads";
      }
    }
  }
}

// An epilogue that adds 100 * row + column sees each element exactly once, after
// it is finished, whatever the orientation.
TYPED_TEST(GemmTest, EpilogueSeesEachFinishedElementOnce) {
  using T = TypeParam;
  using S = AccumulatorOf<T>;
  const auto add_position = [](const void*, const GemmTile<T>& tile) {
    for (int64_t i = 0; i < tile.rows; ++i) {
      for (int64_t j = 0; j < tile.columns; ++j) {
        S& x = tile.data[i * tile.row_stride + j * tile.col_stride];
        x = Add(x, static_cast<S>((tile.row + i) % 4 * 16 + (tile.column + j) % 16));
      }
    }
  };
  const int64_t sizes[][4] = {{1, 70, 80, 30},   {1, 5, 6, 7},  {1, 4, 6, 6000}, {20, 5, 4, 3},
                              {1, 300, 300, 20}, {2, 6, 40, 0}, {1, 33, 1, 9}};
  for (const auto& size : sizes) {
    for (bool column_major : {false, true}) {
      const int64_t batch = size[0], m = size[1], n = size[2], k = size[3];
      const std::vector<T> a(batch * m * k, T(S(1))), b(batch * k * n, T(S(1)));
      std::vector<T> c(batch * m * n);
      GemmArgs<T> args;
      args.m = m;
      args.n = n;
      args.k = k;
      // The product is zero, so that 16-bit types hold every sum exactly.
      args.alpha = S(0);
      args.a = {a.data(), k, 1};
      args.b = {b.data(), n, 1};
      args.c = {c.data(), column_major ? 1 : n, column_major ? m : 1};
      args.epilogue = {add_position, nullptr};
      const int64_t a_stride = m * k, b_stride = k * n, c_stride = m * n;
      BatchedGemm(
          GemmBatch{{&batch, 1}, {&a_stride, 1}, {&b_stride, 1}, {&c_stride, 1}, {&c_stride, 1}},
          args);
      int64_t wrong = 0;
      for (int64_t p = 0; p < batch; ++p) {
        for (int64_t i = 0; i < m; ++i) {
          for (int64_t j = 0; j < n; ++j) {
            const T x = c[p * m * n + i * args.c.row_stride + j * args.c.col_stride];
            if (static_cast<S>(x) != static_cast<S>((p * m + i) % 4 * 16 + j % 16)) ++wrong;
          }
        }
      }
      EXPECT_EQ(wrong, 0) << batch << " x " << m << "x" << n << "x" << k << " " << column_major;
    }
  }
}

TYPED_TEST(GemmTest, NegativeStrides) {
  using T = TypeParam;
  using S = AccumulatorOf<T>;
  Random random(8);
  std::vector<T> a(30), b(30), flipped_a(30), c(25), expected(25);
  for (T& x : a) x = random.Value<T>();
  for (T& x : b) x = random.Value<T>();
  for (int i = 0; i < 30; ++i) flipped_a[i] = a[29 - i];
  GemmArgs<T> args;
  args.m = args.n = 5;
  args.k = 6;
  args.a = {flipped_a.data() + 29, -6, -1};
  args.b = {b.data(), 5, 1};
  args.c = {c.data(), 5, 1};
  Gemm(args);
  args.a = {a.data(), 6, 1};
  args.c.data = expected.data();
  Gemm(args);
  for (int i = 0; i < 25; ++i) EXPECT_EQ(static_cast<S>(c[i]), static_cast<S>(expected[i]));
}

}  // namespace
}  // namespace otium::cpu
