// SPDX-License-Identifier: Apache-2.0
//
// LAPACK by element type. Its matrices are column-major, its sizes 32-bit (ops refuse
// larger ones, see ops/linalg_rules.h), its info 0, or k > 0 for what the routine says.

#ifndef OTIUM_BACKENDS_CPU_LAPACK_H_
#define OTIUM_BACKENDS_CPU_LAPACK_H_

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>
#include <limits>
#include <type_traits>

// LAPACK's complex types are those of C++.
#define LAPACK_COMPLEX_CUSTOM
#define lapack_complex_float std::complex<float>
#define lapack_complex_double std::complex<double>
#include <lapacke.h>

#include "backends/backend.h"
#include "backends/cpu/scalar.h"

// Calls the routine of the element type T, a template parameter where it stands:
//   OTIUM_LAPACK(T, potrf, &uplo, &n, a, &lda, &info);
#define OTIUM_LAPACK(T, routine, ...)                                  \
  do {                                                                 \
    if constexpr (std::is_same_v<T, float>) {                          \
      LAPACK_s##routine(__VA_ARGS__);                                  \
    } else if constexpr (std::is_same_v<T, double>) {                  \
      LAPACK_d##routine(__VA_ARGS__);                                  \
    } else if constexpr (std::is_same_v<T, std::complex<float>>) {     \
      LAPACK_c##routine(__VA_ARGS__);                                  \
    } else {                                                           \
      LAPACK_z##routine(__VA_ARGS__);                                  \
    }                                                                  \
  } while (false)
// The same for routines that only real or only complex types have.
#define OTIUM_LAPACK_REAL(T, routine, ...)             \
  do {                                                 \
    if constexpr (std::is_same_v<T, float>) {          \
      LAPACK_s##routine(__VA_ARGS__);                  \
    } else {                                           \
      LAPACK_d##routine(__VA_ARGS__);                  \
    }                                                  \
  } while (false)
#define OTIUM_LAPACK_COMPLEX(T, routine, ...)                      \
  do {                                                             \
    if constexpr (std::is_same_v<T, std::complex<float>>) {        \
      LAPACK_c##routine(__VA_ARGS__);                              \
    } else {                                                       \
      LAPACK_z##routine(__VA_ARGS__);                              \
    }                                                              \
  } while (false)

namespace otium::cpu {

// Routines whose names are others for complex types.
#define OTIUM_LAPACK_EITHER(T, real_routine, complex_routine, ...) \
  do {                                                             \
    if constexpr (otium::cpu::kIsComplex<T>) {                     \
      OTIUM_LAPACK_COMPLEX(T, complex_routine, __VA_ARGS__);       \
    } else {                                                       \
      OTIUM_LAPACK_REAL(T, real_routine, __VA_ARGS__);             \
    }                                                              \
  } while (false)

// How many elements of workspace a routine asks for when its lwork is -1: at least one,
// and no fewer for having been told as a float.
template <class T>
lapack_int WorkSize(const T& told) {
  const double size = std::ceil(std::real(told) * (1.0 + std::numeric_limits<Real<T>>::epsilon()));
  return static_cast<lapack_int>(
      std::clamp<double>(size, 1, std::numeric_limits<lapack_int>::max()));
}

// Calls f(T()) for the element type.
template <class F>
void ForBlasType(DType dtype, F&& f) {
  switch (dtype) {
    case DType::kF32: return f(float());
    case DType::kF64: return f(double());
    case DType::kC64: return f(std::complex<float>());
    case DType::kC128: return f(std::complex<double>());
    case DType::kBool:
    case DType::kI32:
    case DType::kI64:
    case DType::kF16:
    case DType::kBF16: return;
  }
}

// The instance of a launcher for the element type: Launcher<T>::Launch.
template <template <class> class Launcher>
LaunchFn ForBlasDType(DType dtype) {
  switch (dtype) {
    case DType::kF32: return &Launcher<float>::Launch;
    case DType::kF64: return &Launcher<double>::Launch;
    case DType::kC64: return &Launcher<std::complex<float>>::Launch;
    case DType::kC128: return &Launcher<std::complex<double>>::Launch;
    case DType::kBool:
    case DType::kI32:
    case DType::kI64:
    case DType::kF16:
    case DType::kBF16: return nullptr;
  }
  __builtin_unreachable();
}

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_LAPACK_H_
