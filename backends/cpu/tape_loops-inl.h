// SPDX-License-Identifier: Apache-2.0
//
// The loops around vector expressions; included once for each SIMD target by the
// tape_*.cc files of kernels.

#include <cstring>

#include "backends/cpu/tape_kernels.h"
#include "hwy/highway.h"

#if defined(OTIUM_BACKENDS_CPU_TAPE_LOOPS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef OTIUM_BACKENDS_CPU_TAPE_LOOPS_INL_H_
#undef OTIUM_BACKENDS_CPU_TAPE_LOOPS_INL_H_
#else
#define OTIUM_BACKENDS_CPU_TAPE_LOOPS_INL_H_
#endif

// A loop whose iterations are independent though operands and result may be the
// same array: the compiler need not check for overlap.
#if defined(__clang__)
#define OTIUM_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define OTIUM_INDEPENDENT _Pragma("GCC ivdep")
#endif

HWY_BEFORE_NAMESPACE();
namespace otium::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// The last, partial vector goes through buffers, whose unused lanes repeat an
// element so that they take no slow path of their own.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> LoadTail(D d, const MapOperand& in, int64_t i, int64_t rest) {
  const T* from = static_cast<const T*>(in.data);
  if (in.mask == 0) return hn::LoadU(d, from);
  HWY_ALIGN T buffer[HWY_MAX_BYTES / sizeof(T)];
  for (size_t l = 0; l < hn::Lanes(d); ++l) buffer[l] = from[i];
  std::memcpy(buffer, from + i, rest * sizeof(T));
  return hn::Load(d, buffer);
}

template <class D, class T = hn::TFromD<D>>
HWY_INLINE void StoreTail(D d, hn::Vec<D> v, T* out, int64_t rest) {
  HWY_ALIGN T buffer[HWY_MAX_BYTES / sizeof(T)];
  hn::Store(v, d, buffer);
  std::memcpy(out, buffer, rest * sizeof(T));
}

// out = f(d, a) by vectors.
template <class T, class F>
HWY_INLINE void Vectors1(const MapOperand* in, void* out_data, int64_t n, F f) {
  const hn::ScalableTag<T> d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const T* a = static_cast<const T*>(in[0].data);
  const int64_t am = in[0].mask;
  T* out = static_cast<T*>(out_data);
  int64_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    const auto v0 = f(d, hn::LoadU(d, a + (i & am)));
    const auto v1 = f(d, hn::LoadU(d, a + ((i + lanes) & am)));
    hn::StoreU(v0, d, out + i);
    hn::StoreU(v1, d, out + i + lanes);
  }
  for (; i + lanes <= n; i += lanes) hn::StoreU(f(d, hn::LoadU(d, a + (i & am))), d, out + i);
  if (i < n) StoreTail(d, f(d, LoadTail(d, in[0], i, n - i)), out + i, n - i);
}

template <class T, class F>
HWY_INLINE void Vectors2(const MapOperand* in, void* out_data, int64_t n, F f) {
  const hn::ScalableTag<T> d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const T* a = static_cast<const T*>(in[0].data);
  const T* b = static_cast<const T*>(in[1].data);
  const int64_t am = in[0].mask, bm = in[1].mask;
  T* out = static_cast<T*>(out_data);
  int64_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    const int64_t j = i + lanes;
    const auto v0 = f(d, hn::LoadU(d, a + (i & am)), hn::LoadU(d, b + (i & bm)));
    const auto v1 = f(d, hn::LoadU(d, a + (j & am)), hn::LoadU(d, b + (j & bm)));
    hn::StoreU(v0, d, out + i);
    hn::StoreU(v1, d, out + j);
  }
  for (; i + lanes <= n; i += lanes) {
    hn::StoreU(f(d, hn::LoadU(d, a + (i & am)), hn::LoadU(d, b + (i & bm))), d, out + i);
  }
  if (i < n) {
    const int64_t rest = n - i;
    StoreTail(d, f(d, LoadTail(d, in[0], i, rest), LoadTail(d, in[1], i, rest)), out + i, rest);
  }
}

template <class T, class F>
HWY_INLINE void Vectors3(const MapOperand* in, void* out_data, int64_t n, F f) {
  const hn::ScalableTag<T> d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const T* a = static_cast<const T*>(in[0].data);
  const T* b = static_cast<const T*>(in[1].data);
  const T* c = static_cast<const T*>(in[2].data);
  const int64_t am = in[0].mask, bm = in[1].mask, cm = in[2].mask;
  T* out = static_cast<T*>(out_data);
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    hn::StoreU(
        f(d, hn::LoadU(d, a + (i & am)), hn::LoadU(d, b + (i & bm)), hn::LoadU(d, c + (i & cm))), d,
        out + i);
  }
  if (i < n) {
    const int64_t rest = n - i;
    StoreTail(
        d,
        f(d, LoadTail(d, in[0], i, rest), LoadTail(d, in[1], i, rest), LoadTail(d, in[2], i, rest)),
        out + i, rest);
  }
}

// The same on plain values, for dtypes and functions that the compiler can
// vectorize, or nobody can. A broadcast operand is read once.
template <class R, class A, class F>
HWY_INLINE void Scalars1(const MapOperand* in, void* out_data, int64_t n, F f) {
  const A* a = static_cast<const A*>(in[0].data);
  R* out = static_cast<R*>(out_data);
  if (in[0].mask == 0) {
    const R value = f(a[0]);
    for (int64_t i = 0; i < n; ++i) out[i] = value;
    return;
  }
  OTIUM_INDEPENDENT
  for (int64_t i = 0; i < n; ++i) out[i] = f(a[i]);
}

template <class R, class A, class B, class F>
HWY_INLINE void Scalars2(const MapOperand* in, void* out_data, int64_t n, F f) {
  const A* a = static_cast<const A*>(in[0].data);
  const B* b = static_cast<const B*>(in[1].data);
  R* out = static_cast<R*>(out_data);
  if (in[0].mask == 0) {
    const A x = a[0];
    const int64_t bm = in[1].mask;
    if (bm == 0) {
      const R value = f(x, b[0]);
      for (int64_t i = 0; i < n; ++i) out[i] = value;
      return;
    }
    OTIUM_INDEPENDENT
    for (int64_t i = 0; i < n; ++i) out[i] = f(x, b[i]);
  } else if (in[1].mask == 0) {
    const B y = b[0];
    OTIUM_INDEPENDENT
    for (int64_t i = 0; i < n; ++i) out[i] = f(a[i], y);
  } else {
    OTIUM_INDEPENDENT
    for (int64_t i = 0; i < n; ++i) out[i] = f(a[i], b[i]);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace otium::cpu
HWY_AFTER_NAMESPACE();

#endif  // per target
