// SPDX-License-Identifier: Apache-2.0
//
// det, slogdet and logdet: known values, those that overflow on the way, singular
// matrices, and what is not finite.

#include <cmath>
#include <limits>
#include <numbers>

#include "engine/otium.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/linalg/ratios.h"
#include "tests/linalg/spectra.h"
#include "tests/linalg/ways.h"

namespace otium {
namespace {

struct Determinant {
  std::complex<double> det, sign, log;
  double logabsdet;
};

std::complex<double> Number(const Tensor& t) {
  return Values({cast(constant(t), DType::kC128)})[0].data<std::complex<double>>()[0];
}

Determinant Of(const Expr& A, Way way = Way::kCpu) {
  const SlogdetResults s = slogdet(A);
  const auto r = ValuesBy(way, {det(A), s.sign, s.logabsdet, logdet(A)});
  if (r.size() != 4) return {};
  return {Number(r[0]), Number(r[1]), Number(r[3]), Number(r[2]).real()};
}

TEST(Determinant, IsTheProductOfTheSpectrum) {
  std::mt19937 random(15);
  for (const DType dtype : kLinalgDTypes) {
    for (const int64_t n : {1, 2, 7, 40}) {
      for (const bool indefinite : {false, true}) {
        for (const Spectrum& s : RegularSpectra(dtype, n)) {
          SCOPED_TRACE(absl::StrCat(s.name, " ", DTypeName(dtype), " n = ", n));
          double log = 0, sign = 1;
          for (int64_t i = 0; i < n; ++i) {
            log += std::log(s.values[i]);
            if (indefinite && i % 3 == 0) sign = -sign;
          }
          const CMatrix A =
              WithEigenvalues(indefinite ? Indefinite(s.values) : s.values, dtype, &random);
          const Determinant d = Of(constant(TensorOf(A, dtype)));
          // The determinant changes by its condition number, which is that of A, times the
          // rounding of the elements and of elimination.
          const double bound = 30 * static_cast<double>(n * n) * Epsilon(dtype) * s.values.front() /
                                   s.values.back() +
                               Epsilon(dtype) * std::abs(log);
          if (bound > 0.5) continue;
          EXPECT_NEAR(d.logabsdet, log, bound);
          EXPECT_LT(std::abs(d.sign - sign), bound);
          const double limit = IsSingle(dtype) ? 80 : 700;
          if (std::abs(log) < limit) {
            EXPECT_LT(std::abs(d.det - sign * std::exp(log)), 2 * bound * std::exp(log));
          } else if (log > 0 && !IsComplex(dtype) && log > limit + 20) {
            EXPECT_EQ(d.det.real(), sign * HUGE_VAL);
          }
          if (sign > 0) EXPECT_LT(std::abs(d.log - log), 2 * bound);
          else if (!IsComplex(dtype)) EXPECT_TRUE(std::isnan(d.log.real()));
          else EXPECT_NEAR(std::abs(d.log.imag()), std::numbers::pi, 2 * bound);
        }
      }
    }
  }
}

// Each product is one, in any order of which all is lost on the way.
TEST(Determinant, OverflowsWhenItMustAlone) {
  for (const std::vector<double>& values :
       {std::vector<double>{1e200, 1e200, 1e200, 1e-200, 1e-200, 1e-200},
        std::vector<double>{1e-200, 1e-200, 1e-200, 1e200, 1e200, 1e200},
        std::vector<double>{1e300, 1e-310, 1e300, 1e-290}}) {
    for (const DType dtype : {DType::kF64, DType::kC128}) {
      const Tensor A = TensorOf(Diagonal(values), dtype);
      // As a general matrix, and as the diagonal one that it is.
      for (const Expr& a : {constant(A), assume(constant(A), {0, 0, 0})}) {
        const Determinant d = Of(a);
        EXPECT_NEAR(d.det.real(), 1, 1e-12);
        EXPECT_NEAR(d.sign.real(), 1, 1e-15);
        EXPECT_NEAR(d.logabsdet, 0, 1e-12);
      }
    }
  }
  const Determinant large = Of(constant(TensorOf(Diagonal({1e200, -1e200}), DType::kF64)));
  EXPECT_EQ(large.det.real(), -HUGE_VAL);
  EXPECT_EQ(large.sign.real(), -1);
  EXPECT_NEAR(large.logabsdet, 400 * std::numbers::ln10, 1e-12);
  const Determinant small = Of(constant(TensorOf(Diagonal({1e-160, 1e-160}), DType::kF64)));
  EXPECT_NEAR(small.det.real() / 1e-320, 1, 1e-3);  // Subnormal: few digits.
  EXPECT_NEAR(small.logabsdet, -320 * std::numbers::ln10, 1e-12);
}

TEST(Determinant, OfSingularMatricesIsZero) {
  const Expr A = constant(Tensor::Of<double>({{1, 2}, {2, 4}}));
  for (const DType dtype : kLinalgDTypes) {
    for (const Expr& a : {cast(A, dtype), zeros({3, 3}, dtype), triu(cast(A, dtype)) * 0,
                          tril(triu(cast(A, dtype))) - cast(A, dtype) * eye(2)}) {
      const Determinant d = Of(a);
      EXPECT_EQ(d.det, 0.0);
      EXPECT_FALSE(std::signbit(d.det.real()));
      EXPECT_EQ(d.sign, 0.0);
      EXPECT_EQ(d.logabsdet, -HUGE_VAL);
      EXPECT_EQ(d.log.real(), -HUGE_VAL);
      EXPECT_EQ(d.log.imag(), 0);
    }
  }
}

TEST(Determinant, OfNoRowsIsOne) {
  const Determinant d = Of(zeros({0, 0}, DType::kF64));
  EXPECT_EQ(d.det, 1.0);
  EXPECT_EQ(d.sign, 1.0);
  EXPECT_EQ(d.logabsdet, 0);
  EXPECT_EQ(d.log, 0.0);
}

TEST(Determinant, NanStaysNan) {
  for (const DType dtype : {DType::kF64, DType::kC128}) {
    for (const int at : {0, 1, 3}) {
      CMatrix A = CMatrix::Identity(3);
      A(at / 2, at % 2) = std::nan("");
      const Determinant d = Of(constant(TensorOf(A, dtype)));
      EXPECT_TRUE(std::isnan(d.det.real())) << at;
      EXPECT_TRUE(std::isnan(d.sign.real())) << at;
      EXPECT_TRUE(std::isnan(d.logabsdet)) << at;
      EXPECT_TRUE(std::isnan(d.log.real())) << at;
    }
  }
}

// As NumPy and PyTorch say: it has a sign, by which its logarithm is infinite or NaN.
TEST(Determinant, InfinityHasASign) {
  for (const Way way : kWays) {
    for (const double sign : {1.0, -1.0}) {
      for (const int64_t n : {1, 3, 16, 17, 70}) {
        for (const int64_t at : {int64_t{0}, n / 2, n - 1}) {
          SCOPED_TRACE(absl::StrCat("way ", way, " n = ", n, " at ", at, " sign ", sign));
          CMatrix A = CMatrix::Identity(n);
          A(at, at) = sign * HUGE_VAL;
          const Tensor real = TensorOf(A, DType::kF64), complex = TensorOf(A, DType::kC128);
          // As a general matrix, and as the diagonal one that it is.
          for (const Expr& a : {constant(real), assume(constant(real), {0, 0, 0})}) {
            const Determinant d = Of(a, way);
            EXPECT_EQ(d.det.real(), sign * HUGE_VAL);
            EXPECT_EQ(d.sign.real(), sign);
            EXPECT_EQ(d.logabsdet, HUGE_VAL);
            if (sign > 0) EXPECT_EQ(d.log.real(), HUGE_VAL);
            else EXPECT_TRUE(std::isnan(d.log.real()));
          }
          // Complex products of infinity leave only its size.
          for (const Expr& a : {constant(complex), assume(constant(complex), {0, 0, 0})}) {
            EXPECT_EQ(Of(a, way).logabsdet, HUGE_VAL);
          }
        }
      }
    }
  }
  // Rows are exchanged.
  const Determinant exchanged = Of(constant(Tensor::Of<double>({{1, HUGE_VAL}, {3, 1}})));
  EXPECT_EQ(exchanged.sign.real(), -1);
  EXPECT_EQ(exchanged.logabsdet, HUGE_VAL);
  // 0 times infinity is no number.
  const Determinant none = Of(constant(TensorOf(Diagonal({HUGE_VAL, 0}), DType::kF64)));
  EXPECT_TRUE(std::isnan(none.det.real()));
  EXPECT_TRUE(std::isnan(none.sign.real()));
  EXPECT_TRUE(std::isnan(none.logabsdet));
}

}  // namespace
}  // namespace otium
