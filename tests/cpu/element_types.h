// SPDX-License-Identifier: Apache-2.0
//
// What tests of all element types, f32 f64 c64 c128, say about one of them.

#ifndef OTIUM_TESTS_CPU_ELEMENT_TYPES_H_
#define OTIUM_TESTS_CPU_ELEMENT_TYPES_H_

#include <cmath>
#include <complex>
#include <type_traits>

#include "backends/cpu/scalar.h"

namespace otium::cpu {

// T, or the type of its parts.
template <class T>
using RealType = decltype(std::abs(T()));
// In which results are judged.
template <class T>
using Wide = std::conditional_t<kIsComplex<T>, std::complex<double>, double>;

// i, or 1 where there is none.
template <class T>
T Unit() {
  if constexpr (kIsComplex<T>) return T(0, 1);
  else return T(1);
}

}  // namespace otium::cpu

#endif  // OTIUM_TESTS_CPU_ELEMENT_TYPES_H_
