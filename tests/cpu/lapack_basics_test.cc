// SPDX-License-Identifier: Apache-2.0
//
// What LAPACK is linked to call instead of its own basics, against those.

#include <cmath>
#include <complex>
#include <limits>
#include <vector>

#include "backends/cpu/lapack.h"
#include "gtest/gtest.h"

// What LAPACK calls, and, behind the linker's --wrap, what it would have called.
extern "C" {
float snrm2_(const lapack_int*, const float*, const lapack_int*);
double dnrm2_(const lapack_int*, const double*, const lapack_int*);
float scnrm2_(const lapack_int*, const std::complex<float>*, const lapack_int*);
double dznrm2_(const lapack_int*, const std::complex<double>*, const lapack_int*);
float __real_slamch_(const char*, size_t);
double __real_dlamch_(const char*, size_t);
}

namespace otium::cpu {
namespace {

float Norm(lapack_int n, const float* x, lapack_int s) { return snrm2_(&n, x, &s); }
double Norm(lapack_int n, const double* x, lapack_int s) { return dnrm2_(&n, x, &s); }
float Norm(lapack_int n, const std::complex<float>* x, lapack_int s) { return scnrm2_(&n, x, &s); }
double Norm(lapack_int n, const std::complex<double>* x, lapack_int s) {
  return dznrm2_(&n, x, &s);
}

template <class T>
class LapackNorm : public testing::Test {};
using Types = testing::Types<float, double, std::complex<float>, std::complex<double>>;
TYPED_TEST_SUITE(LapackNorm, Types);

// In long doubles, whose exponents no square leaves.
TYPED_TEST(LapackNorm, IsRightAtAnySize) {
  using R = Real<TypeParam>;
  using Limits = std::numeric_limits<R>;
  for (const R size : {R(1), Limits::min(), Limits::denorm_min() * 8, Limits::max() / 64,
                       std::sqrt(Limits::min()), std::sqrt(Limits::max())}) {
    for (const int n : {0, 1, 2, 3, 7, 8, 9, 31, 100}) {
      for (const int stride : {1, 3}) {
        std::vector<TypeParam> x(n * stride + 1, TypeParam(Limits::quiet_NaN()));
        long double sum = 0;
        for (int i = 0; i < n; ++i) {
          const R part = size * R((i * 7) % 5 - 2) / 4;
          x[i * stride] = part;
          if constexpr (kIsComplex<TypeParam>) x[i * stride] += TypeParam(0, size / 2);
          const long double re = std::real(x[i * stride]), im = std::imag(x[i * stride]);
          sum += re * re + im * im;
        }
        const long double norm = std::sqrt(sum);
        EXPECT_LE(std::abs(Norm(n, x.data(), stride) - norm),
                  (8 * Limits::epsilon() * norm) + Limits::denorm_min())
            << size << " " << n << " " << stride;
      }
    }
  }
}

TYPED_TEST(LapackNorm, OfWhatIsNotFinite) {
  using Limits = std::numeric_limits<Real<TypeParam>>;
  for (const int at : {0, 5, 10}) {
    std::vector<TypeParam> x(11, TypeParam(1));
    x[at] = TypeParam(-Limits::infinity());
    EXPECT_EQ(Norm(11, x.data(), 1), Limits::infinity());
    x[at] = TypeParam(Limits::quiet_NaN());
    EXPECT_TRUE(std::isnan(Norm(11, x.data(), 1)));
  }
}

TEST(LapackMachineConstants, AreLapacks) {
  for (const char* name = "ESBPNRMULOesbpnrmuloX"; *name != 0; ++name) {
    EXPECT_EQ(slamch_(name, 1), __real_slamch_(name, 1)) << *name;
    EXPECT_EQ(dlamch_(name, 1), __real_dlamch_(name, 1)) << *name;
  }
}

}  // namespace
}  // namespace otium::cpu
