// SPDX-License-Identifier: Apache-2.0

#include "backends/cpu/symmetric_kernel.h"

#include <algorithm>
#include <complex>

#include "backends/cpu/simd_dispatch.h"
#include "backends/cpu/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/symmetric_kernel.cc"
#include "hwy/foreach_target.h"  // Must come before highway.h.

#include "backends/cpu/scalar.h"
#include "backends/cpu/simd_complex-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace otium::cpu {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// Columns that are read at once, so that of y little is read and written: for each there are
// sums and an element of x in registers.
constexpr int kAtOnce = 4;

// y += kColumns columns of A [n, n], from `column` on, above their square, and their mirror
// images, the conjugate rows, to the end of the square.
template <int kColumns, class T>
HWY_INLINE void AddColumns(int64_t column, int64_t n, const T* a, int64_t ld, const T* x, T* y) {
  constexpr bool kComplex = RealOf<T>::kComplex;
  constexpr int64_t kParts = RealOf<T>::kParts;
  const TagOf<T> d;
  using V = hn::Vec<decltype(d)>;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const int64_t square = column / kSymmetricSquare * kSymmetricSquare * kParts;
  V sums[kColumns], swapped[kColumns], re[kColumns], im[kColumns];
  HWY_UNROLL(8)
  for (int c = 0; c < kColumns; ++c) {
    sums[c] = swapped[c] = hn::Zero(d);
    re[c] = hn::Set(d, std::real(x[column + c]));
    im[c] = hn::Set(d, std::imag(x[column + c]));
  }
  int64_t j = 0;
  for (; j < square; j += lanes) {
    const V xs = hn::LoadU(d, Parts(x) + j), x_swapped = Swapped<T>(d, xs);
    V ys = hn::LoadU(d, Parts(y) + j), by_imag = hn::Zero(d);
    HWY_UNROLL(8)
    for (int c = 0; c < kColumns; ++c) {
      const V as = hn::LoadU(d, Parts(a + c * ld) + j);
      sums[c] = hn::MulAdd(as, xs, sums[c]);
      ys = hn::MulAdd(as, re[c], ys);
      if constexpr (kComplex) {
        swapped[c] = hn::MulAdd(as, x_swapped, swapped[c]);
        by_imag = hn::MulAdd(as, im[c], by_imag);
      }
    }
    if constexpr (kComplex) ys = hn::Add(ys, TimesI(d, by_imag));
    hn::StoreU(ys, d, Parts(y) + j);
  }
  for (; j < square + kSymmetricSquare * kParts; j += lanes) {
    const auto inside = hn::FirstN(d, static_cast<size_t>(std::max<int64_t>(n * kParts - j, 0)));
    const V xs = hn::LoadU(d, Parts(x) + j), x_swapped = Swapped<T>(d, xs);
    HWY_UNROLL(8)
    for (int c = 0; c < kColumns; ++c) {
      const V as = hn::IfThenElseZero(inside, hn::LoadU(d, Parts(a + c * ld) + j));
      sums[c] = hn::MulAdd(as, xs, sums[c]);
      if constexpr (kComplex) swapped[c] = hn::MulAdd(as, x_swapped, swapped[c]);
    }
  }
  for (int c = 0; c < kColumns; ++c) {
    y[column + c] += FinishDot<T>(d, sums[c], swapped[c], /*conj_a=*/true);
  }
}

// The same of one column, where no vector holds an element.
template <class T>
void AddElements(int64_t column, int64_t n, const T* a, const T* x, T* y) {
  const int64_t square = column / kSymmetricSquare * kSymmetricSquare;
  for (int64_t j = 0; j < std::min(n, square + kSymmetricSquare); ++j) {
    y[column] += Multiply(Conjugate(a[j]), x[j]);
    if (j < square) y[j] += Multiply(a[j], x[column]);
  }
}

template <class T>
void MultiplyColumns(int64_t begin, int64_t end, const T* a, int64_t ld, const T* x, T* y) {
  const int64_t squares = (end + kSymmetricSquare - 1) / kSymmetricSquare;
  std::fill_n(y, squares * kSymmetricSquare, T(0));
  if constexpr (kByElements<T>) {
    for (int64_t i = begin; i < end; ++i) AddElements(i, end, a + i * ld, x, y);
  } else {
    int64_t i = begin;
    for (; i + kAtOnce <= end; i += kAtOnce) AddColumns<kAtOnce>(i, end, a + i * ld, ld, x, y);
    for (; i < end; ++i) AddColumns<1>(i, end, a + i * ld, ld, x, y);
  }
}

template <class T>
const SymmetricKernels<T>* Kernels() {
  static const SymmetricKernels<T> kernels = {MultiplyColumns<T>};
  return &kernels;
}

const SymmetricKernels<float>* F32() { return Kernels<float>(); }
const SymmetricKernels<double>* F64() { return Kernels<double>(); }
const SymmetricKernels<std::complex<float>>* C64() { return Kernels<std::complex<float>>(); }
const SymmetricKernels<std::complex<double>>* C128() { return Kernels<std::complex<double>>(); }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace otium::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace otium::cpu {
OTIUM_BEST_REAL_KERNELS(SymmetricKernels)
OTIUM_BEST_COMPLEX_KERNELS(SymmetricKernels)
}  // namespace otium::cpu
#endif  // HWY_ONCE
