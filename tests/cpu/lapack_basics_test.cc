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
#define OTIUM_DECLARE(T, larfg, larf)                                                       \
  void larfg(const lapack_int*, T*, T*, const lapack_int*, T*);                             \
  void larf(const char*, const lapack_int*, const lapack_int*, const T*, const lapack_int*, \
            const T*, T*, const lapack_int*, T*, size_t);
#define OTIUM_DECLARE_BASICS(T, larfg, larf, amax, copy, scal)                      \
  OTIUM_DECLARE(T, larfg, larf)                                                     \
  OTIUM_DECLARE(T, __real_##larfg, __real_##larf)                                   \
  lapack_int amax(const lapack_int*, const T*, const lapack_int*);                  \
  void copy(const lapack_int*, const T*, const lapack_int*, T*, const lapack_int*); \
  void scal(const lapack_int*, const T*, T*, const lapack_int*);
OTIUM_DECLARE_BASICS(float, slarfg_, slarf_, isamax_, scopy_, sscal_)
OTIUM_DECLARE_BASICS(double, dlarfg_, dlarf_, idamax_, dcopy_, dscal_)
OTIUM_DECLARE_BASICS(std::complex<float>, clarfg_, clarf_, icamax_, ccopy_, cscal_)
OTIUM_DECLARE_BASICS(std::complex<double>, zlarfg_, zlarf_, izamax_, zcopy_, zscal_)
}

namespace otium::cpu {
namespace {

float Norm(lapack_int n, const float* x, lapack_int s) { return snrm2_(&n, x, &s); }
double Norm(lapack_int n, const double* x, lapack_int s) { return dnrm2_(&n, x, &s); }
float Norm(lapack_int n, const std::complex<float>* x, lapack_int s) { return scnrm2_(&n, x, &s); }
double Norm(lapack_int n, const std::complex<double>* x, lapack_int s) {
  return dznrm2_(&n, x, &s);
}

// The same by element type; `lapack` is what would have been called.
template <class T>
struct Basics;
#define OTIUM_BASICS(T, larfg, larf, amax, copy, scal)                   \
  template <>                                                            \
  struct Basics<T> {                                                     \
    static constexpr auto kLarfg = larfg, kLapackLarfg = __real_##larfg; \
    static constexpr auto kLarf = larf, kLapackLarf = __real_##larf;     \
    static constexpr auto kAmax = amax;                                  \
    static constexpr auto kCopy = copy;                                  \
    static constexpr auto kScal = scal;                                  \
  };
OTIUM_BASICS(float, slarfg_, slarf_, isamax_, scopy_, sscal_)
OTIUM_BASICS(double, dlarfg_, dlarf_, idamax_, dcopy_, dscal_)
OTIUM_BASICS(std::complex<float>, clarfg_, clarf_, icamax_, ccopy_, cscal_)
OTIUM_BASICS(std::complex<double>, zlarfg_, zlarf_, izamax_, zcopy_, zscal_)

// Different numbers of that size, with imaginary parts where there are such.
template <class T>
std::vector<T> Numbers(int64_t count, Real<T> size) {
  std::vector<T> x(count);
  for (int64_t i = 0; i < count; ++i) {
    x[i] = size * static_cast<Real<T>>((i * 7) % 11 - 4.5) / 5;
    if constexpr (kIsComplex<T>) x[i] += T(0, size * static_cast<Real<T>>((i * 5) % 7 - 3.2) / 4);
  }
  return x;
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

template <class T>
class LapackBasics : public testing::Test {};
TYPED_TEST_SUITE(LapackBasics, Types);

// Also where squares leave the range, and of nothing to reflect.
TYPED_TEST(LapackBasics, ReflectorsAreLapacks) {
  using T = TypeParam;
  using Limits = std::numeric_limits<Real<T>>;
  for (const Real<T> size : {Real<T>(1), Real<T>(0), Limits::min(), Limits::max() / 64,
                             std::sqrt(Limits::min()), std::sqrt(Limits::max())}) {
    for (const Real<T> first : {Real<T>(1), Real<T>(0), Limits::epsilon(), Real<T>(-3)}) {
      for (const lapack_int n : {1, 2, 3, 9, 40}) {
        for (const lapack_int stride : {1, 3}) {
          T alpha = size * first, tau = 7, tau_of_lapack = 7;
          if constexpr (kIsComplex<T>) alpha += T(0, size * first * Real<T>(0.7));
          T of_lapack = alpha;
          std::vector<T> x = Numbers<T>(n * stride, size), y = x;
          Basics<T>::kLarfg(&n, &alpha, x.data(), &stride, &tau);
          Basics<T>::kLapackLarfg(&n, &of_lapack, y.data(), &stride, &tau_of_lapack);
          const Real<T> most = 8 * Limits::epsilon();
          EXPECT_LE(std::abs(alpha - of_lapack), most * std::abs(of_lapack) + Limits::denorm_min());
          EXPECT_LE(std::abs(tau - tau_of_lapack), most) << size << " " << first << " " << n;
          for (size_t i = 0; i < x.size(); ++i) {
            EXPECT_LE(std::abs(x[i] - y[i]), most * std::abs(y[i])) << size << " " << first;
          }
        }
      }
    }
  }
}

// On both sides of what is small.
TYPED_TEST(LapackBasics, AppliedReflectorsAreLapacks) {
  using T = TypeParam;
  for (const char side : {'L', 'R'}) {
    for (const lapack_int m : {1, 3, 16, 17}) {
      for (const lapack_int n : {1, 4, 16, 17}) {
        for (const lapack_int stride : {1, 2}) {
          const lapack_int ldc = m + 1;
          const std::vector<T> v = Numbers<T>(40, 1);
          std::vector<T> C = Numbers<T>(ldc * n, 1), D = C, memory(40);
          const T tau = v[5];
          Basics<T>::kLarf(&side, &m, &n, v.data(), &stride, &tau, C.data(), &ldc, memory.data(),
                           1);
          Basics<T>::kLapackLarf(&side, &m, &n, v.data(), &stride, &tau, D.data(), &ldc,
                                 memory.data(), 1);
          for (size_t i = 0; i < C.size(); ++i) {
            EXPECT_LE(std::abs(C[i] - D[i]), 500 * std::numeric_limits<Real<T>>::epsilon())
                << side << m << n;
          }
        }
      }
    }
  }
}

TYPED_TEST(LapackBasics, VectorsAreAsSaid) {
  using T = TypeParam;
  for (const lapack_int n : {0, 1, 5, 16, 17, 40}) {
    for (const lapack_int stride : {1, 3}) {
      const std::vector<T> x = Numbers<T>(n * stride, 1);
      std::vector<T> y(2 * n, T(9)), z = x;
      lapack_int largest = 0;
      auto size = [&](lapack_int i) {
        return std::abs(std::real(x[i * stride])) + std::abs(std::imag(x[i * stride]));
      };
      for (lapack_int i = 0; i < n; ++i) {
        if (largest == 0 || size(i) > size(largest - 1)) largest = i + 1;
      }
      EXPECT_EQ(Basics<T>::kAmax(&n, x.data(), &stride), largest);
      const lapack_int two = 2;
      Basics<T>::kCopy(&n, x.data(), &stride, y.data(), &two);
      const T factor = Numbers<T>(3, 1)[2];
      Basics<T>::kScal(&n, &factor, z.data(), &stride);
      for (lapack_int i = 0; i < n * stride; ++i) {
        const bool is_of_vector = i % stride == 0;
        EXPECT_EQ(y[2 * (i / stride)], x[i / stride * stride]);
        EXPECT_LE(std::abs(z[i] - (is_of_vector ? x[i] * factor : x[i])),
                  4 * std::numeric_limits<Real<T>>::epsilon());
      }
      for (lapack_int i = 0; i < n; ++i) EXPECT_EQ(y[2 * i + 1], T(9));
    }
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
