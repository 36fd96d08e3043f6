// SPDX-License-Identifier: Apache-2.0
//
// What LAPACK calls for every reflector and rotation: norms of vectors, which BLIS scales
// number by number against overflow, and constants of the machine, which LAPACK finds by
// comparing names. Together they were a quarter of the time of eigenvalues. What LAPACK is
// linked to call instead (LINKER:--wrap, see tools/cmake/dependencies.cmake) sums squares
// as they are, and scales only where that could have over- or underflowed.
//
// Tested by tests/cpu/lapack_basics_test.cc.

#include <cmath>
#include <complex>
#include <cstdint>
#include <limits>

#include "backends/cpu/lapack.h"

namespace otium::cpu {
namespace {

// The sum of squares in double, in an order that depends on count and stride alone.
template <class T>
double SumOfSquares(int64_t count, const T* x, int64_t stride) {
  constexpr int kLanes = 8;
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

// Of vectors whose numbers are doubles; `scaled` is BLIS's norm. Of floats no square over- or
// underflows a double.
template <class T, class Norm>
double NormOfDoubles(const lapack_int* n, const T* x, const lapack_int* stride, Norm scaled) {
  // Squares that underflow beside such a sum are less than its roundoff.
  constexpr double kSmall = 0x1p-960;
  const double sum = SumOfSquares(*n, x, *stride);
  if (sum >= kSmall && sum <= std::numeric_limits<double>::max()) return std::sqrt(sum);
  return scaled(n, x, stride);
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

float __wrap_slamch_(const char* name) { return MachineConstant<float>(*name); }
double __wrap_dlamch_(const char* name) { return MachineConstant<double>(*name); }

}  // extern "C"

}  // namespace otium::cpu
