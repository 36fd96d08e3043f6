// SPDX-License-Identifier: Apache-2.0
//
// The eigenvalues of diag(d) + rho z z.T, the step that joins two halves of a tridiagonal
// matrix (tridiagonal_eigen.h): one in each gap between the poles d, the roots of
//
//     f(x) = 1 / rho + sum_j z_j^2 / (d_j - x)
//
// Sums over the poles run in SIMD lanes. T is float or double.
//
// Roots by interpolation with two poles, R.-C. Li, "Solving secular equations stably and
// efficiently" (LAPACK working note 89, 1993), kept in a bracket; as offsets from the
// nearer pole, so that no difference d_j - x cancels. Vectors from the z of which those
// roots are the exact ones, M. Gu and S. Eisenstat, "A stable and efficient algorithm for
// the rank-one modification of the symmetric eigenproblem" (1994).
//
// Tested by tests/cpu/tridiagonal_eigen_test.cc.

#ifndef OTIUM_BACKENDS_CPU_SECULAR_KERNEL_H_
#define OTIUM_BACKENDS_CPU_SECULAR_KERNEL_H_

#include <cstdint>

namespace otium::cpu {

// Arrays over poles are as long as a multiple of this; poles beyond the last are infinite,
// their z zero.
inline constexpr int64_t kSecularPad = 16;

// Root i is poles[origin[i]] + offset[i].
template <class T>
struct SecularRoots {
  int32_t* origin = nullptr;
  T* offset = nullptr;
};

template <class T>
struct SecularKernels {
  // Roots [begin, end) of n; poles ascend strictly, rho > 0 and no z is zero.
  void (*roots)(int64_t begin, int64_t end, int64_t n, const T* poles, const T* z, T rho,
                const SecularRoots<T>& roots);
  // |z_j|, times a common factor, of which all of the roots are exact, for j in
  // [begin, end), whole vectors: multiples of the padding.
  void (*weights)(int64_t begin, int64_t end, int64_t n, const T* poles,
                  const SecularRoots<T>& roots, T* out);
  // z_j / (d_j - root), of norm 1; to whole vectors of `out`.
  void (*vector)(int64_t n, const T* poles, const T* z, T origin, T offset, T* out);
};

// Of the best target of this machine.
template <class T>
const SecularKernels<T>& BestSecularKernels();

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_SECULAR_KERNEL_H_
