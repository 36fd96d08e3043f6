// SPDX-License-Identifier: Apache-2.0
//
// Types of qr and its kin, of spectra and of least squares, and the exact text of what
// is refused.

#include <limits>

#include "gtest/gtest.h"
#include "ops/ops.h"
#include "tests/ops/evaluate.h"

namespace otium {
namespace {

constexpr DType kF32 = DType::kF32, kF64 = DType::kF64, kC64 = DType::kC64;

TEST(OrthogonalTypes, Qr) {
  const Expr tall = Typed(kF32, {5, 7, 3}), wide = Typed(kC64, {3, 7});
  EXPECT_EQ(TypeOf(qr(tall).Q), "f32[5, 7, 3]");
  EXPECT_EQ(TypeOf(qr(tall).R), "f32[5, 3, 3]");
  EXPECT_EQ(TypeOf(qr(tall, "complete").Q), "f32[5, 7, 7]");
  EXPECT_EQ(TypeOf(qr(tall, "complete").R), "f32[5, 7, 3]");
  EXPECT_EQ(TypeOf(qr(tall, "r").Q), "f32[0]");
  EXPECT_EQ(TypeOf(qr(tall, "r").R), "f32[5, 3, 3]");
  EXPECT_EQ(TypeOf(qr(wide).Q), "c64[3, 3]");
  EXPECT_EQ(TypeOf(qr(wide).R), "c64[3, 7]");
  EXPECT_EQ(TypeOf(qr(tall, "raw").Q),
            "qr: mode is 'raw', it must be 'reduced', 'complete' or 'r'");
  EXPECT_EQ(TypeOf(qr(Typed(kF32, {3})).Q), "qr: A is f32[3], it must have at least 2 dimensions");
  EXPECT_EQ(TypeOf(qr(Typed(DType::kF16, {3, 3})).Q),
            "qr: A is f16[3, 3], it must be f32, f64, c64 or c128");
  EXPECT_EQ(TypeOf(qr(Typed(kF32, {int64_t{1} << 31, 1})).Q),
            "qr: A is f32[2147483648, 1], its matrices have more than 2147483647 rows or columns, "
            "which LAPACK's 32-bit integers cannot count");
}

TEST(OrthogonalTypes, Reflectors) {
  const Expr A = Typed(kF64, {2, 7, 3}), tau = Typed(kF64, {2, 3}), other = Typed(kF64, {2, 7, 5});
  EXPECT_EQ(TypeOf(geqrf(A).a), "f64[2, 7, 3]");
  EXPECT_EQ(TypeOf(geqrf(A.T()).tau), "f64[2, 3]");
  EXPECT_EQ(TypeOf(householder_product(A, tau)), "f64[2, 7, 3]");
  EXPECT_EQ(TypeOf(orgqr(A, Typed(kF64, {2, 0}))), "f64[2, 7, 3]");
  EXPECT_EQ(TypeOf(ormqr(A, tau, other)), "f64[2, 7, 5]");
  EXPECT_EQ(TypeOf(ormqr(A, tau, other.T(), false, true)), "f64[2, 5, 7]");
  EXPECT_EQ(TypeOf(householder_product(A, Typed(kF64, {2, 4}))),
            "householder_product: A is f64[2, 7, 3], tau is f64[2, 4], there must be no more "
            "reflectors than columns, and no more columns than rows");
  EXPECT_EQ(TypeOf(orgqr(A.T(), tau)),
            "orgqr: A is f64[2, 3, 7], tau is f64[2, 3], there must be no more reflectors than "
            "columns, and no more columns than rows");
  EXPECT_EQ(TypeOf(householder_product(A, Typed(kF64, {3}))),
            "householder_product: A is f64[2, 7, 3], tau is f64[3], their batches must be equal");
  EXPECT_EQ(TypeOf(ormqr(A, tau, Typed(kF64, {7, 5}))),
            "ormqr: A is f64[2, 7, 3], other is f64[7, 5], their batches must be equal");
}

TEST(SpectralTypes, Results) {
  const Expr A = Typed(kF32, {5, 3, 3}), C = Typed(kC64, {3, 3}), B = Typed(kC64, {2, 4, 6});
  EXPECT_EQ(TypeOf(eig(A).eigenvalues), "c64[5, 3]");
  EXPECT_EQ(TypeOf(eig(A).eigenvectors), "c64[5, 3, 3]");
  EXPECT_EQ(TypeOf(eigvals(Typed(kF64, {0, 0}))), "c128[0]");
  EXPECT_EQ(TypeOf(eigh(C).eigenvalues), "f32[3]");
  EXPECT_EQ(TypeOf(eigh(C).eigenvectors), "c64[3, 3]");
  EXPECT_EQ(TypeOf(eigvalsh(A, "U")), "f32[5, 3]");
  EXPECT_EQ(TypeOf(svd(B).U), "c64[2, 4, 4]");
  EXPECT_EQ(TypeOf(svd(B).S), "f32[2, 4]");
  EXPECT_EQ(TypeOf(svd(B).Vh), "c64[2, 6, 6]");
  EXPECT_EQ(TypeOf(svd(B, false).Vh), "c64[2, 4, 6]");
  EXPECT_EQ(TypeOf(svdvals(B)), "f32[2, 4]");
}

TEST(SpectralTypes, Refused) {
  const Expr A = Typed(kF32, {3, 3});
  EXPECT_EQ(TypeOf(eigh(A, "lower").eigenvalues), "eigh: UPLO is 'lower', it must be 'L' or 'U'");
  EXPECT_EQ(TypeOf(eigvals(Typed(kF32, {3, 4}))),
            "eigvals: A is f32[3, 4], its matrices must be square");
  EXPECT_EQ(TypeOf(eigh(Typed(kC64, {32767, 32767})).eigenvalues),
            "eigh: A is c64[32767, 32767], its workspace is of more than 2147483647 elements, "
            "which LAPACK's 32-bit integers cannot count");
  EXPECT_EQ(TypeOf(eigh(Typed(kC64, {32765, 32765})).eigenvalues), "f32[32765]");
  EXPECT_EQ(TypeOf(eigh(Typed(kF64, {32767, 32767})).eigenvalues), "f64[32767]");
  EXPECT_EQ(TypeOf(svd(Typed(kC64, {90000, 24000}), false).S),
            "svd: A is c64[90000, 24000], its workspace is of more than 2147483647 elements, which "
            "LAPACK's 32-bit integers cannot count");
}

TEST(LstsqTypes, Results) {
  const Expr A = Typed(kC64, {2, 7, 3}), B = Typed(kC64, {5, 1, 7, 4});
  EXPECT_EQ(TypeOf(lstsq(A, B).solution), "c64[5, 2, 3, 4]");
  EXPECT_EQ(TypeOf(lstsq(A, B).residuals), "f32[0]");
  EXPECT_EQ(TypeOf(lstsq(A, B).rank), "i64[2]");
  EXPECT_EQ(TypeOf(lstsq(A, B).singular_values), "f32[0]");
  const auto gelsd = lstsq(A, B, 0.5, "gelsd");
  EXPECT_EQ(TypeOf(gelsd.residuals), "f32[5, 2, 4]");
  EXPECT_EQ(TypeOf(gelsd.singular_values), "f32[2, 3]");
  EXPECT_EQ(TypeOf(lstsq(A, Typed(kC64, {7}), 0.0, "gels").residuals), "f32[2]");
  EXPECT_EQ(TypeOf(lstsq(A, B, std::nullopt, "gels").rank), "i64[0]");
  EXPECT_EQ(TypeOf(lstsq(A.T(), Typed(kC64, {2, 3})).solution), "c64[2, 7]");
}

TEST(LstsqTypes, Refused) {
  const Expr A = Typed(kF64, {7, 3}), B = Typed(kF64, {7});
  EXPECT_EQ(TypeOf(lstsq(A, B, std::nullopt, "svd").solution),
            "lstsq: driver is 'svd', it must be 'gelsy', 'gels', 'gelsd' or 'gelss'");
  EXPECT_EQ(TypeOf(lstsq(A, B, -1.0).solution),
            "lstsq: rcond is -1, it must be at least 0 and less than 1");
  EXPECT_EQ(TypeOf(lstsq(A, B, std::numeric_limits<double>::quiet_NaN()).solution),
            "lstsq: rcond is nan, it must be at least 0 and less than 1");
}

}  // namespace
}  // namespace otium
