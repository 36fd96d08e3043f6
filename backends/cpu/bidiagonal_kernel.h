// SPDX-License-Identifier: Apache-2.0
//
// Both products of a step of dense_bidiagonal.h in one pass over the matrix, which is
// what bounds its speed: of few columns at a time, that stay in the first levels of
// cache. G. Howell, J. Demmel, C. Fulton, S. Hammarling and K. Marmol, "Cache efficient
// bidiagonalization using BLAS 2.5 operators" (2008). T is float, double, or complex of
// those.

#ifndef OTIUM_BACKENDS_CPU_BIDIAGONAL_KERNEL_H_
#define OTIUM_BACKENDS_CPU_BIDIAGONAL_KERNEL_H_

#include <cstdint>

namespace otium::cpu {

// Columns begin on such boundaries, and are padded with zeros up to the next.
inline constexpr int64_t kColumnBytes = 64;

template <class T>
struct BidiagonalKernels {
  // For each of n columns a(j), m long and ld apart, with y and r as given:
  //
  //   y[j] = tau (a(j).H v - y[j]),  r[j] = conj(a(j)[first]) - r[j] - y[j],
  //   z = sum_j r[j] a(j)
  //
  // a, v and z lie on boundaries as above; m is a multiple of them.
  void (*reflect)(int64_t m, int64_t n, const T* a, int64_t ld, const T* v, T tau, int64_t first,
                  T* y, T* r, T* z);
};

// Of the best target of this machine.
template <class T>
const BidiagonalKernels<T>& BestBidiagonalKernels();

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_BIDIAGONAL_KERNEL_H_
