// SPDX-License-Identifier: Apache-2.0
//
// Numbers of the tests of kernels that take f32, f64, c64 and c128.

#ifndef OTIUM_TESTS_CPU_NUMBERS_H_
#define OTIUM_TESTS_CPU_NUMBERS_H_

#include <complex>
#include <random>
#include <type_traits>

#include "backends/cpu/scalar.h"

namespace otium::cpu {

// What products of T are judged in.
template <class T>
using Exact = std::conditional_t<kIsComplex<T>, std::complex<double>, double>;

// Of normally distributed parts.
template <class T>
T NormalNumber(std::mt19937& random, double scale) {
  std::normal_distribution<double> normal;
  const auto part = [&] { return static_cast<Real<T>>(scale * normal(random)); };
  if constexpr (kIsComplex<T>) {
    const Real<T> real = part();
    return {real, part()};
  } else {
    return part();
  }
}

}  // namespace otium::cpu

#endif  // OTIUM_TESTS_CPU_NUMBERS_H_
