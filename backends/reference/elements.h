// SPDX-License-Identifier: Apache-2.0
//
// Walking over strided arrays, for kernels whose only aim is to be obvious.

#ifndef OTIUM_BACKENDS_REFERENCE_ELEMENTS_H_
#define OTIUM_BACKENDS_REFERENCE_ELEMENTS_H_

#include <complex>
#include <cstdint>
#include <type_traits>

#include "absl/types/span.h"
#include "backends/backend.h"
#include "backends/complex_math.h"
#include "engine/base/half.h"

namespace otium::reference {

// What values of T are computed in.
template <class T>
struct WideOf {
  using type = std::conditional_t<std::is_integral_v<T>, int64_t, double>;
};
template <class T>
struct WideOf<std::complex<T>> {
  using type = std::complex<double>;
};
template <class T>
using Wide = typename WideOf<T>::type;

template <class T>
Wide<T> Load(const T& value) {
  if constexpr (std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16>) {
    return static_cast<double>(static_cast<float>(value));
  } else {
    return static_cast<Wide<T>>(value);
  }
}
// Rounds once; f16 and bf16 round from f32, in which they are computed.
template <class T>
T Store(const Wide<T>& value) {
  if constexpr (std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16>) {
    return T(static_cast<float>(value));
  } else if constexpr (std::is_same_v<T, bool>) {
    return value != 0;
  } else {
    return static_cast<T>(value);
  }
}

// a * b, and a * b + c; integers wrap around.
template <class W>
W Multiply(const W& a, const W& b) {
  if constexpr (std::is_same_v<W, int64_t>) {
    return static_cast<W>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
  } else if constexpr (std::is_same_v<W, std::complex<double>>) {
    return ComplexProduct(a, b);
  } else {
    return a * b;
  }
}
template <class W>
W MultiplyAdd(const W& a, const W& b, const W& c) {
  if constexpr (std::is_same_v<W, int64_t>) {
    return static_cast<W>(static_cast<uint64_t>(Multiply(a, b)) + static_cast<uint64_t>(c));
  } else {
    return Multiply(a, b) + c;
  }
}

// a / b, of floating and complex numbers.
inline double Divide(double a, double b) { return a / b; }
inline std::complex<double> Divide(std::complex<double> a, std::complex<double> b) {
  return ComplexQuotient(a, b);
}

// Calls f(index) for every index of an array of these sizes, row-major.
template <class F>
void ForEachIndex(absl::Span<const int64_t> sizes, F&& f) {
  for (int64_t s : sizes) {
    if (s == 0) return;
  }
  Sizes index(sizes.size(), 0);
  while (true) {
    f(absl::Span<const int64_t>(index));
    size_t d = sizes.size();
    while (d > 0 && ++index[d - 1] == sizes[d - 1]) index[--d] = 0;
    if (d == 0) return;
  }
}

// The offset in elements of `index` in an array that is broadcast to the shape
// the index is of: aligned at the end, sizes of 1 stretch.
inline int64_t BroadcastOffset(const PhysicalType& type, const View& view,
                               absl::Span<const int64_t> index) {
  int64_t offset = 0;
  const size_t skip = index.size() - type.sizes.size();
  for (size_t d = 0; d < type.sizes.size(); ++d) {
    if (type.sizes[d] != 1) offset += index[skip + d] * view.strides[d];
  }
  return offset;
}

// The state of a reference kernel: the call it was prepared for.
struct State {
  const OpDef* op = nullptr;
  Attributes attributes;
  absl::InlinedVector<PhysicalType, 4> operands;
  absl::InlinedVector<PhysicalType, 2> results;

  bool Has(size_t i) const { return i < operands.size() && operands[i].present; }
};

// Prepares any kernel whose launch wants nothing but the call.
template <LaunchFn kLaunch>
Prepared PrepareWithState(const KernelCall& call) {
  auto state = std::make_shared<State>();
  state->op = &call.op;
  state->attributes = call.attributes;
  state->operands.assign(call.operands.begin(), call.operands.end());
  state->results.assign(call.results.begin(), call.results.end());
  return {kLaunch, std::move(state), 0};
}

}  // namespace otium::reference

#endif  // OTIUM_BACKENDS_REFERENCE_ELEMENTS_H_
