// SPDX-License-Identifier: Apache-2.0
//
// What gemv.cc asks of one SIMD target; gemv_kernel.cc is compiled once for each.
//
// Complex numbers stay interleaved: sums with x and with x's parts swapped (or
// with re(x) and im(x)) are kept apart and combined once at the end, where the
// conjugate of A is only a sign. Conjugating x is the caller's, who copies it.

#ifndef OTIUM_BACKENDS_CPU_GEMV_KERNEL_H_
#define OTIUM_BACKENDS_CPU_GEMV_KERNEL_H_

#include <cstdint>

namespace otium::cpu {

template <class T>
struct GemvKernels {
  // out[i] = sum_j a[i * lda + j] * x[j], for i < m.
  void (*rows)(int64_t m, int64_t n, const T* a, int64_t lda, bool conj_a, const T* x, T* out);
  // out[i] = sum_j a[i + j * lda] * x[j * x_stride], for i < m. `out` has room
  // for m rounded up to kGemvPad elements.
  void (*columns)(int64_t m, int64_t n, const T* a, int64_t lda, bool conj_a, const T* x,
                  int64_t x_stride, T* out);
  // sum_i x[i] * y[i].
  T (*dot)(int64_t n, const T* x, bool conj_x, const T* y);
  // out[j] = scale * y[j] + beta * c0[j], for j < n; beta 0 does not read c0.
  void (*axpby)(int64_t n, T scale, const T* y, T beta, const T* c0, T* out);
};

inline constexpr int64_t kGemvPad = 16;

// For float, double, std::complex<float> and std::complex<double>: the best that
// this machine runs.
template <class T>
const GemvKernels<T>& BestGemvKernels();

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_GEMV_KERNEL_H_
