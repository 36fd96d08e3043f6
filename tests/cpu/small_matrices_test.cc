// SPDX-License-Identifier: Apache-2.0
//
// Groups of small matrices: what the factors promise, that a matrix has the same bits
// in any lane and any company, and failures lane by lane.

#include "backends/cpu/small_matrices.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "backends/cpu/scratch.h"
#include "gtest/gtest.h"
#include "tests/cpu/element_types.h"

namespace otium::cpu {
namespace {

// One matrix after the other, with a group over the first of them.
template <class T>
struct Batch {
  Batch(int64_t count, int64_t n, int64_t columns)
      : n(n),
        columns(columns),
        a(count * n * n),
        b(count * n * columns),
        out(count * n * std::max(n, columns)),
        pivots(count * n),
        memory(SmallElements(n, std::max(n, columns))) {
    group.count = count;
    group.n = n;
    group.columns = columns;
    group.memory = memory.data();
    for (int64_t l = 0; l < count; ++l) {
      group.a[l] = a.data() + l * n * n;
      group.b[l] = b.data() + l * n * columns;
      group.out[l] = out.data() + l * n * std::max(n, columns);
      group.pivots[l] = pivots.data() + l * n;
    }
  }
  Wide<T> A(int64_t l, int64_t i, int64_t j) const { return a[(l * n + i) * n + j]; }
  Wide<T> B(int64_t l, int64_t i, int64_t j) const { return b[(l * n + i) * columns + j]; }
  Wide<T> Out(int64_t l, int64_t i, int64_t j, int64_t width) const {
    return group.out[l][i * width + j];
  }

  int64_t n, columns;
  std::vector<T> a, b, out;
  std::vector<int32_t> pivots;
  Scratch<T> memory;
  SmallGroup<T> group;
};

template <class T>
class SmallMatrices : public testing::Test {
 protected:
  static constexpr double kEpsilon = std::numeric_limits<RealType<T>>::epsilon();
  const SmallKernels<T>& kernels = BestSmallKernels<T>();
  std::mt19937 random{1};

  void FillRandom(std::vector<T>* values) {
    std::uniform_real_distribution<RealType<T>> uniform(-1, 1);
    for (T& v : *values) {
      v = uniform(random);
      if constexpr (kIsComplex<T>) v.imag(uniform(random));
    }
  }
  // a @ a.H + n.
  void FillDefinite(Batch<T>* batch) {
    FillRandom(&batch->a);
    const int64_t n = batch->n;
    for (int64_t l = 0; l < batch->group.count; ++l) {
      std::vector<T> m(batch->a.begin() + l * n * n, batch->a.begin() + (l + 1) * n * n);
      for (int64_t i = 0; i < n; ++i) {
        for (int64_t j = 0; j < n; ++j) {
          T sum = i == j ? static_cast<T>(n) : T(0);
          for (int64_t k = 0; k < n; ++k) sum += m[i * n + k] * Conjugate(m[j * n + k]);
          batch->a[(l * n + i) * n + j] = sum;
        }
      }
    }
  }
  // The imaginary parts, which Cholesky's factors do not depend on.
  void SpoilDiagonals(Batch<T>* batch) {
    if constexpr (kIsComplex<T>) {
      for (size_t e = 0; e < batch->a.size(); ++e) {
        if (e % (batch->n * batch->n) % (batch->n + 1) == 0) batch->a[e].imag(NAN);
      }
    }
  }
};

using Types = testing::Types<float, double, std::complex<float>, std::complex<double>>;
TYPED_TEST_SUITE(SmallMatrices, Types);

TYPED_TEST(SmallMatrices, CholeskyFactorsGiveTheMatrix) {
  using W = Wide<TypeParam>;
  for (int64_t n = 1; n <= kSmallMatrix; ++n) {
    for (const bool upper : {false, true}) {
      Batch<TypeParam> batch(this->kernels.lanes, n, 0);
      this->FillDefinite(&batch);
      const std::vector<TypeParam> a = batch.a;
      this->SpoilDiagonals(&batch);
      this->kernels.cholesky(batch.group, upper);
      batch.a = a;
      for (int64_t l = 0; l < batch.group.count; ++l) {
        EXPECT_EQ(batch.group.codes[l], 0);
        for (int64_t i = 0; i < n; ++i) {
          for (int64_t j = 0; j < n; ++j) {
            auto L = [&](int64_t r, int64_t c) {
              return upper ? Conjugate(batch.Out(l, c, r, n)) : batch.Out(l, r, c, n);
            };
            if (j > i) {
              ASSERT_EQ(L(i, j), W(0));
            }
            ASSERT_EQ(std::imag(L(i, i)), 0);
            W sum = 0;
            for (int64_t k = 0; k < n; ++k) sum += L(i, k) * Conjugate(L(j, k));
            ASSERT_LE(std::abs(sum - batch.A(l, i, j)), 4 * n * n * this->kEpsilon);
          }
        }
      }
    }
  }
}

TYPED_TEST(SmallMatrices, LuFactorsGiveTheRowsInTheirOrder) {
  using W = Wide<TypeParam>;
  // |x| <= |re| + |im|, which is at most as much times |x|.
  const double most = kIsComplex<TypeParam> ? std::sqrt(2) : 1;
  for (int64_t n = 1; n <= kSmallMatrix; ++n) {
    Batch<TypeParam> batch(this->kernels.lanes, n, 0);
    this->FillRandom(&batch.a);
    this->kernels.lu(batch.group);
    for (int64_t l = 0; l < batch.group.count; ++l) {
      std::vector<int64_t> rows(n);
      for (int64_t i = 0; i < n; ++i) rows[i] = i;
      for (int64_t k = 0; k < n; ++k) {
        ASSERT_GE(batch.group.pivots[l][k], k + 1);
        std::swap(rows[k], rows[batch.group.pivots[l][k] - 1]);
      }
      for (int64_t i = 0; i < n; ++i) {
        for (int64_t j = 0; j < n; ++j) {
          W sum = 0;
          for (int64_t k = 0; k <= std::min(i, j); ++k) {
            if (i > k) {
              EXPECT_LE(std::abs(batch.Out(l, i, k, n)), most * (1 + this->kEpsilon));
            }
            sum += (i == k ? W(1) : batch.Out(l, i, k, n)) * batch.Out(l, k, j, n);
          }
          // Elements of U may be some times as large as those of A.
          ASSERT_LE(std::abs(sum - batch.A(l, rows[i], j)), 16 * n * this->kEpsilon);
        }
      }
    }
  }
}

TYPED_TEST(SmallMatrices, DiagonalsGiveTheDeterminant) {
  Batch<TypeParam> batch(1, 3, 0);
  batch.a = {0, 2, 1, 3, 1, 0, 1, 0, 4};  // 0 * 4 - 2 * 12 + 1 * -1
  const TypeParam unit = Unit<TypeParam>();
  for (TypeParam& x : batch.a) x *= unit;
  this->kernels.lu_diagonal(batch.group);
  const TypeParam determinant = TypeParam(-25) * unit * unit * unit;
  EXPECT_LE(std::abs(batch.out[0] * batch.out[1] * batch.out[2] - determinant),
            100 * this->kEpsilon);
}

// The first number has the sign of the exchanges of its own lane, of which there are two, one
// and none.
TYPED_TEST(SmallMatrices, DiagonalsCountExchanges) {
  Batch<TypeParam> batch(std::min<int64_t>(this->kernels.lanes, 3), 3, 0);
  const std::vector<TypeParam> matrices = {0, 0, 4, 1, 0, 0, 0, 2, 0, 0, 1, 0, 4, 0,
                                           0, 0, 0, 2, 1, 0, 0, 0, 2, 0, 0, 0, 4};
  std::copy_n(matrices.begin(), batch.a.size(), batch.a.begin());
  this->kernels.lu_diagonal(batch.group);
  const TypeParam determinants[] = {8, -8, 8};
  for (int64_t l = 0; l < batch.group.count; ++l) {
    const TypeParam* const u = batch.group.out[l];
    EXPECT_EQ(u[0] * u[1] * u[2], determinants[l]) << l;
  }
}

// As LAPACK has it: of equals the first is the pivot, and a column of zeros stays.
TYPED_TEST(SmallMatrices, PivotsOfEqualsAndOfZeros) {
  Batch<TypeParam> equal(1, 2, 0), zero(1, 2, 0);
  equal.a = {1, 2, -1, 3};
  this->kernels.lu(equal.group);
  EXPECT_EQ(equal.out, (std::vector<TypeParam>{1, 2, -1, 5}));
  EXPECT_EQ(equal.pivots, (std::vector<int32_t>{1, 2}));
  zero.a = {0, 1, 0, 2};
  this->kernels.lu(zero.group);
  EXPECT_EQ(zero.out, zero.a);
  EXPECT_EQ(zero.group.codes[0], 1);
}

// |re| + |im| says which is largest: neither one of them, nor |x|. An imaginary number is no
// zero.
TYPED_TEST(SmallMatrices, PivotsOfComplexNumbers) {
  if constexpr (kIsComplex<TypeParam>) {
    const TypeParam columns[][2] = {{3, {2, 2}}, {1, {0, 2}}, {{0, 1}, 2}, {0, {0, 1}}};
    for (const auto& column : columns) {
      Batch<TypeParam> batch(1, 2, 0);
      batch.a = {column[0], 0, column[1], 1};
      this->kernels.lu(batch.group);
      EXPECT_EQ(batch.pivots, (std::vector<int32_t>{2, 2}));
      EXPECT_EQ(batch.out[0], column[1]);
    }
    Batch<TypeParam> imaginary(1, 1, 0);
    imaginary.a = {{0, -2}};
    this->kernels.lu(imaginary.group);
    EXPECT_EQ(imaginary.group.codes[0], 0);
  }
}

TYPED_TEST(SmallMatrices, SolutionsAndInverses) {
  using W = Wide<TypeParam>;
  for (int64_t n = 1; n <= kSmallMatrix; ++n) {
    for (const int64_t columns : {int64_t{1}, int64_t{3}, n}) {
      Batch<TypeParam> batch(this->kernels.lanes, n, columns);
      this->FillDefinite(&batch);
      this->FillRandom(&batch.b);
      const std::vector<TypeParam> a = batch.a;
      for (auto solve : {this->kernels.solve, this->kernels.solve_definite}) {
        if (solve == this->kernels.solve_definite) this->SpoilDiagonals(&batch);
        solve(batch.group);
        batch.a = a;
        for (int64_t l = 0; l < batch.group.count; ++l) {
          for (int64_t i = 0; i < n; ++i) {
            for (int64_t j = 0; j < columns; ++j) {
              W sum = 0;
              for (int64_t k = 0; k < n; ++k) sum += batch.A(l, i, k) * batch.Out(l, k, j, columns);
              ASSERT_LE(std::abs(sum - batch.B(l, i, j)), 8 * n * this->kEpsilon);
            }
          }
        }
      }
      if (columns != n) continue;
      this->kernels.inverse(batch.group);
      for (int64_t l = 0; l < batch.group.count; ++l) {
        for (int64_t i = 0; i < n; ++i) {
          for (int64_t j = 0; j < n; ++j) {
            W sum = 0;
            for (int64_t k = 0; k < n; ++k) sum += batch.A(l, i, k) * batch.Out(l, k, j, n);
            ASSERT_LE(std::abs(sum - W(i == j)), 8 * n * this->kEpsilon);
          }
        }
      }
    }
  }
}

// |T X - B| / (|T| |X| eps) below 4 n, of triangles that are not symmetric, beside which nothing
// is read.
TYPED_TEST(SmallMatrices, TrianglesAreSolvedFor) {
  using W = Wide<TypeParam>;
  for (int64_t n = 1; n <= kSmallMatrix; ++n) {
    for (int form = 0; form < 32; ++form) {
      const bool by_columns = form & 1;
      const SmallTriangle triangle{.transposed = (form & 2) != 0,
                                   .upper = (form & 4) != 0,
                                   .unit = (form & 8) != 0,
                                   .conjugated = (form & 16) != 0};
      constexpr int64_t kColumns = 5;
      Batch<TypeParam> batch(this->kernels.lanes, n, kColumns);
      batch.group.by_columns = by_columns;
      this->FillRandom(&batch.a);
      this->FillRandom(&batch.b);
      std::vector<W> T(batch.a.size());  // What is solved for.
      for (int64_t l = 0; l < batch.group.count; ++l) {
        for (int64_t i = 0; i < n; ++i) {
          for (int64_t j = 0; j < n; ++j) {
            const bool swapped = triangle.transposed != by_columns;
            TypeParam& x = batch.a[(l * n + (swapped ? j : i)) * n + (swapped ? i : j)];
            if (i == j) x += TypeParam(2);
            const bool is_read = i == j ? !triangle.unit : triangle.upper == (j > i);
            T[(l * n + i) * n + j] = !is_read              ? W(i == j)
                                     : triangle.conjugated ? Conjugate(W(x))
                                                           : W(x);
            if (!is_read) x = TypeParam(NAN) * Unit<TypeParam>();
          }
        }
      }
      this->kernels.substitute(batch.group, {&triangle, 1});
      for (int64_t l = 0; l < batch.group.count; ++l) {
        for (int64_t i = 0; i < n; ++i) {
          for (int64_t j = 0; j < kColumns; ++j) {
            W sum = 0;
            double size = 0;
            for (int64_t k = 0; k < n; ++k) {
              const W term = T[(l * n + i) * n + k] * batch.Out(l, k, j, kColumns);
              sum += term;
              size += std::abs(term);
            }
            ASSERT_LE(std::abs(sum - batch.B(l, i, j)), 4 * n * this->kEpsilon * size)
                << n << " " << form;
          }
        }
      }
    }
  }
}

// Zeros of the diagonal make infinities, in their lanes; the smallest numbers do not, where
// their reciprocals would be.
TYPED_TEST(SmallMatrices, TrianglesDivide) {
  using R = RealType<TypeParam>;
  constexpr R kSmallest = std::numeric_limits<R>::denorm_min();
  Batch<TypeParam> batch(std::min<int64_t>(this->kernels.lanes, 3), 2, 1);
  const std::vector<TypeParam> matrices = {1, 0, 0, 0, 1, 0, 0, kSmallest, 1, 0, 0, 2},
                               b = {1, 1, 1, kSmallest, 1, 1};
  std::copy_n(matrices.begin(), batch.a.size(), batch.a.begin());
  std::copy_n(b.begin(), batch.b.size(), batch.b.begin());
  const SmallTriangle triangle;
  this->kernels.substitute(batch.group, {&triangle, 1});
  const R second[] = {std::numeric_limits<R>::infinity(), 1, R(0.5)};
  for (int64_t l = 0; l < batch.group.count; ++l) {
    EXPECT_EQ(batch.Out(l, 0, 0, 1), Wide<TypeParam>(1));
    // 0 / 0, the imaginary part of 1 / 0, is no number.
    EXPECT_EQ(std::real(batch.Out(l, 1, 0, 1)), second[l]);
  }
}

// 2 s / (s + s i) = 1 - i, of numbers s of all exponents, each in another lane. The reciprocals
// of the largest would be subnormal, and of too few digits.
TYPED_TEST(SmallMatrices, ComplexDivisorsOfAnySize) {
  if constexpr (kIsComplex<TypeParam>) {
    using R = RealType<TypeParam>;
    using Limits = std::numeric_limits<R>;
    for (int e = Limits::min_exponent - Limits::digits; e < Limits::max_exponent + 200;) {
      Batch<TypeParam> batch(this->kernels.lanes, 1, 1);
      for (int64_t l = 0; l < this->kernels.lanes; ++l) {
        const R mantissa = std::uniform_real_distribution<R>(1, 2)(this->random);
        const R s = std::ldexp(mantissa, std::min(e++, Limits::max_exponent - 2));
        batch.a[l] = TypeParam(s, s);
        batch.b[l] = 2 * s;
      }
      const SmallTriangle triangle;
      this->kernels.substitute(batch.group, {&triangle, 1});
      for (int64_t l = 0; l < this->kernels.lanes; ++l) {
        ASSERT_LE(std::abs(batch.out[l] - TypeParam(1, -1)), 4 * this->kEpsilon) << batch.a[l];
      }
    }
  }
}

// A matrix alone, and as each member of a group with others.
TYPED_TEST(SmallMatrices, CompanyChangesNoBit) {
  for (const int64_t n : {1, 2, 5, 8, 13, 16}) {
    Batch<TypeParam> many(this->kernels.lanes, n, 3);
    this->FillDefinite(&many);
    this->FillRandom(&many.b);
    const auto substitute = [](SmallGroup<TypeParam>& group) {
      const SmallTriangle triangle{.upper = true, .conjugated = true};
      BestSmallKernels<TypeParam>().substitute(group, {&triangle, 1});
    };
    for (void (*kernel)(SmallGroup<TypeParam>&) :
         {this->kernels.solve, this->kernels.solve_definite, this->kernels.lu, +substitute}) {
      kernel(many.group);
      for (int64_t l = 0; l < many.group.count; ++l) {
        Batch<TypeParam> one(1, n, 3);
        std::copy_n(many.group.a[l], n * n, one.a.begin());
        std::copy_n(many.group.b[l], n * 3, one.b.begin());
        kernel(one.group);
        const int64_t size = kernel == this->kernels.lu ? n * n : n * 3;
        ASSERT_EQ(std::memcmp(one.group.out[0], many.group.out[l], size * sizeof(TypeParam)), 0);
      }
    }
  }
}

TYPED_TEST(SmallMatrices, TheOrderOfElementsChangesNoBit) {
  for (const int64_t n : {1, 3, 8, 16}) {
    Batch<TypeParam> rows(this->kernels.lanes, n, 1);
    this->FillDefinite(&rows);
    this->FillRandom(&rows.b);
    // Not symmetric.
    for (int64_t l = 0; l < rows.group.count; ++l) rows.a[l * n * n + n - 1] -= TypeParam(0.25);
    Batch<TypeParam> columns(this->kernels.lanes, n, 1);
    columns.b = rows.b;
    columns.group.by_columns = true;
    for (int64_t l = 0; l < rows.group.count; ++l) {
      for (int64_t i = 0; i < n; ++i) {
        for (int64_t j = 0; j < n; ++j)
          columns.a[(l * n + j) * n + i] = rows.a[(l * n + i) * n + j];
      }
    }
    for (auto kernel : {this->kernels.solve, this->kernels.solve_definite, this->kernels.lu,
                        this->kernels.inverse}) {
      kernel(rows.group);
      kernel(columns.group);
      ASSERT_EQ(rows.out, columns.out) << n;
    }
    for (const bool upper : {false, true}) {
      this->kernels.cholesky(rows.group, upper);
      this->kernels.cholesky(columns.group, upper);
      ASSERT_EQ(rows.out, columns.out) << n;
    }
  }
}

// Past the caches or through them: where vectors may be stored whole and where not, and of fewer
// matrices than there are lanes no others.
TYPED_TEST(SmallMatrices, StreamingChangesNoBit) {
  for (const int64_t n : {3, 8, 12, 16}) {
    Batch<TypeParam> batch(this->kernels.lanes, n, n);
    this->FillDefinite(&batch);
    this->kernels.inverse(batch.group);
    const int64_t lanes = batch.group.count, size = n * n;
    for (const int64_t offset : {0, 1}) {
      for (const int64_t count : {lanes, lanes - 1}) {
        const Scratch<TypeParam> memory(lanes * size + 1);
        TypeParam* const out = memory.data() + offset;
        std::fill_n(out, lanes * size, TypeParam(7));
        for (int64_t l = 0; l < lanes; ++l) batch.group.out[l] = out + l * size;
        batch.group.streams = true;
        batch.group.count = count;
        this->kernels.inverse(batch.group);
        ASSERT_EQ(std::memcmp(out, batch.out.data(), count * size * sizeof(TypeParam)), 0);
        for (int64_t e = count * size; e < lanes * size; ++e) ASSERT_EQ(out[e], TypeParam(7));
      }
    }
  }
}

// As of larger matrices (inverse.cc), and in no other lane.
TYPED_TEST(SmallMatrices, InversesOfWhatIsNotFiniteAreNan) {
  using R = RealType<TypeParam>;
  for (const R bad : {R(HUGE_VAL), -R(HUGE_VAL), R(NAN)}) {
    for (const bool is_imaginary : {false, true}) {
      Batch<TypeParam> batch(this->kernels.lanes, 3, 3);
      this->FillDefinite(&batch);
      if constexpr (!kIsComplex<TypeParam>) batch.a[4] = bad;
      else batch.a[4] = is_imaginary ? TypeParam(1, bad) : TypeParam(bad, 1);
      this->kernels.inverse(batch.group);
      for (int64_t e = 0; e < static_cast<int64_t>(batch.out.size()); ++e) {
        ASSERT_EQ(std::isnan(std::real(batch.out[e])), e < 9) << e;
        if constexpr (kIsComplex<TypeParam>) {
          ASSERT_EQ(std::isnan(batch.out[e].imag()), e < 9) << e;
        }
      }
    }
  }
}

// Of parts whose sum is none.
TYPED_TEST(SmallMatrices, InversesOfTheLargestNumbers) {
  if constexpr (kIsComplex<TypeParam>) {
    constexpr RealType<TypeParam> kMost = std::numeric_limits<RealType<TypeParam>>::max();
    Batch<TypeParam> batch(1, 2, 2);
    batch.a = {TypeParam(kMost, kMost), 0, 1, 1};
    this->kernels.inverse(batch.group);
    const RealType<TypeParam> half = RealType<TypeParam>(0.5) / kMost;
    EXPECT_EQ(batch.out, (std::vector<TypeParam>{{half, -half}, 0, {-half, half}, 1}));
  }
}

TYPED_TEST(SmallMatrices, FailuresAreThoseOfTheirLanes) {
  Batch<TypeParam> batch(std::min<int64_t>(this->kernels.lanes, 4), 2, 1);
  const std::vector<TypeParam> matrices = {1, 0, 0, 1, 1, 2, 2, 4, 0, 0, 0, 1, 1, 2, 2, 1};
  std::copy_n(matrices.begin(), batch.a.size(), batch.a.begin());
  this->kernels.lu(batch.group);
  const int32_t singular[] = {0, 2, 1, 0}, indefinite[] = {0, 2, 1, 2};
  for (int64_t l = 0; l < batch.group.count; ++l) EXPECT_EQ(batch.group.codes[l], singular[l]);
  this->kernels.cholesky(batch.group, false);
  for (int64_t l = 0; l < batch.group.count; ++l) EXPECT_EQ(batch.group.codes[l], indefinite[l]);
}

}  // namespace
}  // namespace otium::cpu
