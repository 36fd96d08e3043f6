// SPDX-License-Identifier: Apache-2.0
//
// Arithmetic on one element, the same words for every element type.

#ifndef OTIUM_BACKENDS_CPU_SCALAR_H_
#define OTIUM_BACKENDS_CPU_SCALAR_H_

#include <complex>
#include <type_traits>

#include "backends/complex_math.h"

namespace otium::cpu {

template <class T>
struct IsComplexType : std::false_type {};
template <class R>
struct IsComplexType<std::complex<R>> : std::true_type {};
template <class T>
inline constexpr bool kIsComplex = IsComplexType<T>::value;

// The real type of the same width.
template <class T>
struct RealOf {
  using type = T;
};
template <class T>
struct RealOf<std::complex<T>> {
  using type = T;
};
template <class T>
using Real = typename RealOf<T>::type;

// a * b. For complex by the formula, as the vector kernels do it: operator* of
// std::complex looks for infinities hidden behind NaNs, in a slow library call.
// Integers wrap around.
template <class T>
constexpr T Multiply(T a, T b) {
  if constexpr (kIsComplex<T>) {
    return T(a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real());
  } else if constexpr (std::is_integral_v<T>) {
    using U = std::make_unsigned_t<T>;
    return static_cast<T>(static_cast<U>(a) * static_cast<U>(b));
  } else {
    return a * b;
  }
}

template <class T>
constexpr T Add(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    using U = std::make_unsigned_t<T>;
    return static_cast<T>(static_cast<U>(a) + static_cast<U>(b));
  } else {
    return a + b;
  }
}

// a / b, of floating and complex numbers; those of c64 in double.
template <class T>
T Quotient(T a, T b) {
  if constexpr (kIsComplex<T>) return T(ComplexQuotient(a, b));
  else return a / b;
}

template <class T>
constexpr T Conjugate(T a) {
  if constexpr (kIsComplex<T>) {
    return T(a.real(), -a.imag());
  } else {
    return a;
  }
}

// alpha * product + beta * before(), which is not called when beta is 0.
template <class T, class Before>
T ScaleAndAdd(T alpha, T product, T beta, Before before) {
  if (alpha != T(1)) product = Multiply(alpha, product);
  if (beta == T(0)) return product;
  const T y = before();
  return Add(product, beta == T(1) ? y : Multiply(beta, y));
}

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_SCALAR_H_
