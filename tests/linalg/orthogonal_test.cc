// SPDX-License-Identifier: Apache-2.0
//
// qr, geqrf, householder_product, orgqr and ormqr: LAPACK's ratios over prescribed
// spectra, by LAPACK and by the reference.

#include <tuple>

#include "gtest/gtest.h"
#include "ops/ops.h"
#include "tests/linalg/ratios.h"
#include "tests/linalg/spectra.h"
#include "tests/linalg/ways.h"

namespace otium {
namespace {

struct Size {
  int64_t m, n;
};
constexpr Size kSizes[] = {{1, 1}, {7, 7}, {16, 3}, {4, 9}, {30, 12}, {12, 30}, {70, 33}};

void ExpectUpper(const CMatrix& R) {
  for (int64_t i = 0; i < R.rows(); ++i) {
    for (int64_t j = 0; j < std::min(i, R.columns()); ++j) EXPECT_EQ(R(i, j), 0.0);
  }
}

TEST(Qr, Ratios) {
  std::mt19937 random(1);
  for (const DType dtype : kLinalgDTypes) {
    for (const auto& [m, n] : kSizes) {
      for (const Spectrum& s : Spectra(dtype, std::min(m, n))) {
        const Tensor a = TensorOf(WithSingularValues(m, n, s.values, dtype, &random), dtype);
        const CMatrix A = Matrices(a)[0];
        for (const Way way : kWays) {
          SCOPED_TRACE(testing::Message() << DTypeName(dtype) << " " << m << " " << n << " "
                                          << s.name << (way == Way::kCpu ? "" : " reference"));
          CMatrix first_R(0, 0);
          for (const char* mode : {"reduced", "complete", "r"}) {
            const auto [Q, R] = qr(constant(a), mode);
            const std::vector<Tensor> values = ValuesBy(way, {Q, R});
            ASSERT_EQ(values.size(), 2);
            const CMatrix r = Matrices(values[1])[0];
            ExpectUpper(r);
            const CMatrix top = FirstRows(r, std::min(m, n));
            // One factorization, whatever is asked of it.
            if (std::string(mode) == "reduced") first_R = top;
            EXPECT_LT(DifferenceRatio(first_R, top, dtype), kMostRatio);
            if (std::string(mode) == "r") {
              EXPECT_EQ(values[0].NumElements(), 0);
              continue;
            }
            const CMatrix q = Matrices(values[0])[0];
            EXPECT_LT(OrthogonalityRatio(q, dtype), kMostRatio);
            EXPECT_LT(DifferenceRatio(A, q * r, dtype), kMostRatio);
          }
        }
      }
    }
  }
}

// By both conventions: the diagonal of R is real, and not of the sign of A(0, 0).
TEST(Qr, SignsAreThoseOfLapack) {
  std::mt19937 random(2);
  for (const DType dtype : kLinalgDTypes) {
    const Tensor a = TensorOf(RandomMatrix(9, 5, dtype, &random), dtype);
    CMatrix R[2] = {CMatrix(0, 0), CMatrix(0, 0)};
    for (const Way way : kWays) {
      CMatrix& r = R[way == Way::kCpu ? 0 : 1];
      r = Matrices(ValuesBy(way, {qr(constant(a)).R})[0])[0];
      for (int64_t i = 0; i < 5; ++i) EXPECT_EQ(r(i, i).imag(), 0);
      EXPECT_LT(r(0, 0).real() * Matrices(a)[0](0, 0).real(), 0);
    }
    EXPECT_LT(DifferenceRatio(R[0], R[1], dtype), kMostRatio);
  }
}

TEST(Qr, NoRowsNoColumns) {
  for (const Way way : kWays) {
    const auto [Q, R] = qr(zeros({2, 3, 0}, DType::kF64), "complete");
    const auto values = ValuesBy(way, {Q, R});
    ASSERT_EQ(values.size(), 2);
    EXPECT_EQ(NormOf(Matrices(values[0])[1] - CMatrix::Identity(3)), 0);
    EXPECT_EQ(values[1].sizes(), (absl::Span<const int64_t>{2, 3, 0}));
  }
}

// What comes of NaN is NaN; what does not come of it is right.
TEST(Qr, NanSpreads) {
  std::mt19937 random(3);
  for (const double bad : {double{NAN}, double{INFINITY}}) {
    CMatrix A = RandomMatrix(6, 4, DType::kF64, &random);
    A(3, 2) = bad;
    for (const Way way : kWays) {
      const auto [Q, R] = qr(constant(TensorOf(A, DType::kF64)));
      const auto values = ValuesBy(way, {Q, R});
      EXPECT_TRUE(HasNonFinite(values[0]));
      const CMatrix r = Matrices(values[1])[0];
      for (int64_t j = 0; j < 4; ++j) {
        EXPECT_EQ(std::isfinite(ColumnNorm(FirstColumns(r, j + 1), j)), j < 2) << j;
      }
    }
  }
}

TEST(Geqrf, ReflectorsMultiplyAsQDoes) {
  std::mt19937 random(4);
  std::vector<Size> sizes(std::begin(kSizes), std::end(kSizes));
  sizes.push_back({150, 100});  // Blocks of reflectors.
  for (const DType dtype : kLinalgDTypes) {
    for (const auto& [m, n] : sizes) {
      const Expr A = constant(TensorOf(RandomMatrix(m, n, dtype, &random), dtype));
      const auto [a, tau] = geqrf(A);
      const auto complete = qr(A, "complete");
      const Expr left = constant(TensorOf(RandomMatrix(m, 3, dtype, &random), dtype));
      const Expr right = constant(TensorOf(RandomMatrix(3, m, dtype, &random), dtype));
      // Of a wide A the reflectors are those of its first m columns.
      const Expr v = slice(a, 1, 0, std::min(m, n));
      for (const Way way : kWays) {
        SCOPED_TRACE(testing::Message() << DTypeName(dtype) << " " << m << " " << n
                                        << (way == Way::kCpu ? "" : " reference"));
        const auto values =
            ValuesBy(way, {complete.Q, complete.R, a, householder_product(v, tau), orgqr(v, tau),
                           left, right, ormqr(v, tau, left), ormqr(v, tau, left, true, true),
                           ormqr(v, tau, right, false), ormqr(v, tau, right, false, true)});
        ASSERT_EQ(values.size(), 11);
        const CMatrix Q = Matrices(values[0])[0], R = Matrices(values[1])[0],
                      factors = Matrices(values[2])[0];
        for (int64_t i = 0; i < m; ++i) {
          for (int64_t j = i; j < n; ++j) EXPECT_EQ(factors(i, j), R(i, j));
        }
        EXPECT_TRUE(Tensor::BitwiseEqual(values[3], values[4]));
        const CMatrix x = Matrices(values[5])[0], y = Matrices(values[6])[0];
        const CMatrix expected[] = {FirstColumns(Q, std::min(m, n)), Q * x, Adjoint(Q) * x, y * Q,
                                    y * Adjoint(Q)};
        const int actual[] = {3, 7, 8, 9, 10};
        for (int i = 0; i < 5; ++i) {
          EXPECT_LT(DifferenceRatio(expected[i], Matrices(values[actual[i]])[0], dtype), kMostRatio)
              << i;
        }
      }
    }
  }
}

// Fewer reflectors than columns, a batch, strides.
TEST(Geqrf, SomeReflectors) {
  std::mt19937 random(5);
  for (const DType dtype : kLinalgDTypes) {
    const Expr A = constant(
        TensorOf({RandomMatrix(5, 8, dtype, &random), RandomMatrix(5, 8, dtype, &random)}, dtype));
    const auto [a, tau] = geqrf(A.T());
    const Expr some = slice(tau, 1, 0, 3);
    for (const Way way : kWays) {
      const auto values = ValuesBy(
          way, {householder_product(a, some), householder_product(slice(a, 2, 0, 3), some)});
      const auto wide = Matrices(values[0]), narrow = Matrices(values[1]);
      for (int p = 0; p < 2; ++p) {
        EXPECT_LT(OrthogonalityRatio(wide[p], dtype), kMostRatio);
        EXPECT_LT(DifferenceRatio(narrow[p], FirstColumns(wide[p], 3), dtype), kMostRatio);
      }
    }
  }
}

TEST(Qr, BatchIsALoop) {
  std::mt19937 random(6);
  for (const DType dtype : kLinalgDTypes) {
    // One at a time, and more than there are lanes.
    for (const auto& [count, m, n] : {std::tuple{6, 23, 14}, {19, 5, 4}}) {
      std::vector<CMatrix> batch;
      for (int i = 0; i < count; ++i) batch.push_back(RandomMatrix(m, n, dtype, &random));
      const auto all = qr(constant(TensorOf(batch, dtype)));
      const auto factors = geqrf(constant(TensorOf(batch, dtype)));
      for (int i = 0; i < count; ++i) {
        const Expr A = constant(TensorOf(batch[i], dtype));
        const auto one = qr(A);
        const auto one_factors = geqrf(A);
        const auto values =
            ValuesBy(Way::kCpu, {select(all.Q, 0, i), select(all.R, 0, i), select(factors.a, 0, i),
                                 one.Q, one.R, one_factors.a});
        for (int k = 0; k < 3; ++k) {
          EXPECT_TRUE(Tensor::BitwiseEqual(values[k], values[k + 3])) << k;
        }
      }
    }
  }
}

}  // namespace
}  // namespace otium
