// SPDX-License-Identifier: Apache-2.0
//
// What LAPACK calls for every reflector and rotation: reflectors themselves, which are five
// calls each, operations on vectors of a few numbers, for which BLIS takes longer to begin
// than to do, norms of vectors, which BLIS scales number by number against overflow, and
// constants of the machine, which LAPACK finds by comparing names. Together they were half
// of the time of small eigenvalues. What LAPACK is linked to call instead (LINKER:--wrap, see
// tools/cmake/dependencies.cmake) is loops, and sums squares as they are, to scale only where
// that could have over- or underflowed.
//
// Tested by tests/cpu/lapack_basics_test.cc.

#include <cmath>
#include <complex>
#include <cstdint>
#include <limits>

#include "backends/cpu/lapack.h"
#include "backends/cpu/scalar.h"

namespace otium::cpu {
namespace {

// The sum of squares in double, in an order that depends on count and stride alone.
template <class T>
double SumOfSquares(int64_t count, const T* x, int64_t stride) {
  constexpr int kLanes = 8;
  if (count < kLanes) {
    double sum = 0;
    for (int64_t i = 0; i < count; ++i) {
      const double value = x[i * stride];
      sum += value * value;
    }
    return sum;
  }
  double sums[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) {
      const double value = x[(i + lane) * stride];
      sums[lane] += value * value;
    }
  }
  for (; i < count; ++i) {
    const double value = x[i * stride];
    sums[i % kLanes] += value * value;
  }
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

template <class T>
double SumOfSquares(int64_t count, const std::complex<T>* x, int64_t stride) {
  const T* const parts = reinterpret_cast<const T*>(x);
  if (stride == 1) return SumOfSquares(2 * count, parts, 1);
  return SumOfSquares(count, parts, 2 * stride) + SumOfSquares(count, parts + 1, 2 * stride);
}

// Squares that underflow beside such a sum are less than its roundoff.
constexpr double kLeastSum = 0x1p-960;

// Of vectors whose numbers are doubles; `scaled` is BLIS's norm. Of floats no square over- or
// underflows a double.
template <class T, class Norm>
double NormOfDoubles(const lapack_int* n, const T* x, const lapack_int* stride, Norm scaled) {
  const double sum = SumOfSquares(*n, x, *stride);
  if (sum >= kLeastSum && sum <= std::numeric_limits<double>::max()) return std::sqrt(sum);
  return scaled(n, x, stride);
}

// LAPACK's larfg, but for vectors that are zero or whose squares may leave the range: of these
// nothing is changed, and it is false.
template <class T>
bool MakeReflector(int64_t n, T* alpha, T* x, int64_t stride, T* tau) {
  constexpr double kLarge = 0x1p1000;
  const double re = std::real(*alpha), im = std::imag(*alpha);
  const double below = SumOfSquares(n - 1, x, stride), all = below + (re * re + im * im);
  if (!(below > 0 && all >= kLeastSum && all <= kLarge)) return false;
  const double beta = -std::copysign(std::sqrt(all), re), difference = re - beta;
  const double square = difference * difference + im * im;
  if constexpr (kIsComplex<T>) {
    using R = typename T::value_type;
    const double factor_re = difference / square, factor_im = -im / square;
    for (int64_t i = 0; i < n - 1; ++i) {
      const double x_re = x[i * stride].real(), x_im = x[i * stride].imag();
      x[i * stride] = {static_cast<R>(x_re * factor_re - x_im * factor_im),
                       static_cast<R>(x_re * factor_im + x_im * factor_re)};
    }
    *tau = {static_cast<R>(-difference / beta), static_cast<R>(-im / beta)};
    *alpha = static_cast<R>(beta);
  } else {
    const double factor = 1 / difference;
    for (int64_t i = 0; i < n - 1; ++i) x[i * stride] = static_cast<T>(x[i * stride] * factor);
    *tau = static_cast<T>(-difference / beta);
    *alpha = static_cast<T>(beta);
  }
  return true;
}

// Vectors, and sides of matrices, that are small.
constexpr lapack_int kSmall = 16;

// LAPACK's larf: C times I - tau v v.H, from the left or the right.
template <class T>
void ApplyReflector(bool left, int64_t m, int64_t n, const T* v, int64_t stride, T tau, T* c,
                    int64_t ldc) {
  const int64_t length = left ? m : n, others = left ? n : m;
  const int64_t along = left ? 1 : ldc, across = left ? ldc : 1;
  if (tau == T(0)) return;
  for (int64_t j = 0; j < others; ++j) {
    T* const x = c + j * across;
    T sum = 0;
    for (int64_t i = 0; i < length; ++i) {
      const T factor = left ? Conjugate(v[i * stride]) : v[i * stride];
      sum += Multiply(x[i * along], factor);
    }
    sum = Multiply(tau, sum);
    for (int64_t i = 0; i < length; ++i) {
      const T factor = left ? v[i * stride] : Conjugate(v[i * stride]);
      x[i * along] -= Multiply(sum, factor);
    }
  }
}

// The first of those that have the largest |re| + |im|, from 1; 0 of none.
template <class T>
lapack_int IndexOfLargest(int64_t n, const T* x, int64_t stride) {
  lapack_int index = 0;
  Real<T> largest = 0;
  for (int64_t i = 0; i < n; ++i) {
    const T& number = x[i * stride];
    const Real<T> size = std::abs(std::real(number)) + std::abs(std::imag(number));
    if (index > 0 && !(size > largest)) continue;
    index = static_cast<lapack_int>(i + 1);
    largest = size;
  }
  return index;
}

// LAPACK's lamch.
template <class T>
T MachineConstant(char name) {
  using Limits = std::numeric_limits<T>;
  switch (name) {
    case 'E':
    case 'e': return Limits::epsilon() / 2;
    case 'S':
    case 's': return Limits::min();
    case 'B':
    case 'b': return Limits::radix;
    case 'P':
    case 'p': return Limits::epsilon();
    case 'N':
    case 'n': return Limits::digits;
    case 'R':
    case 'r': return 1;
    case 'M':
    case 'm': return Limits::min_exponent;
    case 'U':
    case 'u': return Limits::min();
    case 'L':
    case 'l': return Limits::max_exponent;
    case 'O':
    case 'o': return Limits::max();
    default: return 0;
  }
}

}  // namespace

extern "C" {

double __real_dnrm2_(const lapack_int* n, const double* x, const lapack_int* stride);
double __real_dznrm2_(const lapack_int* n, const std::complex<double>* x, const lapack_int* stride);

float __wrap_snrm2_(const lapack_int* n, const float* x, const lapack_int* stride) {
  return static_cast<float>(std::sqrt(SumOfSquares(*n, x, *stride)));
}
float __wrap_scnrm2_(const lapack_int* n, const std::complex<float>* x, const lapack_int* stride) {
  return static_cast<float>(std::sqrt(SumOfSquares(*n, x, *stride)));
}
double __wrap_dnrm2_(const lapack_int* n, const double* x, const lapack_int* stride) {
  return NormOfDoubles(n, x, stride, __real_dnrm2_);
}
double __wrap_dznrm2_(const lapack_int* n, const std::complex<double>* x,
                      const lapack_int* stride) {
  return NormOfDoubles(n, x, stride, __real_dznrm2_);
}

#define OTIUM_SMALL_BASICS(T, larfg, larf, amax, copy, scal)                                       \
  void __real_##larfg(const lapack_int* n, T* alpha, T* x, const lapack_int* stride, T* tau);      \
  void __wrap_##larfg(const lapack_int* n, T* alpha, T* x, const lapack_int* stride, T* tau) {     \
    if (!MakeReflector(*n, alpha, x, *stride, tau)) __real_##larfg(n, alpha, x, stride, tau);      \
  }                                                                                                \
  void __real_##larf(const char* side, const lapack_int* m, const lapack_int* n, const T* v,       \
                     const lapack_int* stride, const T* tau, T* c, const lapack_int* ldc, T* work, \
                     size_t length);                                                               \
  void __wrap_##larf(const char* side, const lapack_int* m, const lapack_int* n, const T* v,       \
                     const lapack_int* stride, const T* tau, T* c, const lapack_int* ldc, T* work, \
                     size_t length) {                                                              \
    if (*m > kSmall || *n > kSmall || *stride < 0) {                                               \
      return __real_##larf(side, m, n, v, stride, tau, c, ldc, work, length);                      \
    }                                                                                              \
    ApplyReflector(*side == 'L' || *side == 'l', *m, *n, v, *stride, *tau, c, *ldc);               \
  }                                                                                                \
  lapack_int __real_##amax(const lapack_int* n, const T* x, const lapack_int* stride);             \
  lapack_int __wrap_##amax(const lapack_int* n, const T* x, const lapack_int* stride) {            \
    if (*n > kSmall || *stride <= 0) return __real_##amax(n, x, stride);                           \
    return IndexOfLargest(*n, x, *stride);                                                         \
  }                                                                                                \
  void __real_##copy(const lapack_int* n, const T* x, const lapack_int* x_stride, T* y,            \
                     const lapack_int* y_stride);                                                  \
  void __wrap_##copy(const lapack_int* n, const T* x, const lapack_int* x_stride, T* y,            \
                     const lapack_int* y_stride) {                                                 \
    if (*n > kSmall || *x_stride < 0 || *y_stride < 0) {                                           \
      return __real_##copy(n, x, x_stride, y, y_stride);                                           \
    }                                                                                              \
    for (int64_t i = 0; i < *n; ++i) y[i * *y_stride] = x[i * *x_stride];                          \
  }                                                                                                \
  void __real_##scal(const lapack_int* n, const T* alpha, T* x, const lapack_int* stride);         \
  void __wrap_##scal(const lapack_int* n, const T* alpha, T* x, const lapack_int* stride) {        \
    if (*n > kSmall || *stride <= 0) return __real_##scal(n, alpha, x, stride);                    \
    for (int64_t i = 0; i < *n; ++i) x[i * *stride] = Multiply(*alpha, x[i * *stride]);            \
  }
OTIUM_SMALL_BASICS(float, slarfg_, slarf_, isamax_, scopy_, sscal_)
OTIUM_SMALL_BASICS(double, dlarfg_, dlarf_, idamax_, dcopy_, dscal_)
OTIUM_SMALL_BASICS(std::complex<float>, clarfg_, clarf_, icamax_, ccopy_, cscal_)
OTIUM_SMALL_BASICS(std::complex<double>, zlarfg_, zlarf_, izamax_, zcopy_, zscal_)
#undef OTIUM_SMALL_BASICS

float __wrap_slamch_(const char* name) { return MachineConstant<float>(*name); }
double __wrap_dlamch_(const char* name) { return MachineConstant<double>(*name); }

}  // extern "C"

}  // namespace otium::cpu
