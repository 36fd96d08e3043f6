// SPDX-License-Identifier: Apache-2.0
//
// Elementwise kernels are functions of wide numbers (i64, f64, c128). A function
// is written once for each kind of number that it is defined for:
//
//   void Sin(const LaunchArgs& args) { Map<1>(args, [](auto x) { return std::sin(x); }); }
//   void Erf(const LaunchArgs& args) { Map<1>(args, [](double x) { return std::erf(x); }); }
//
// Kinds that it cannot be called with are those that the op's type rule refuses.

#ifndef OTIUM_BACKENDS_REFERENCE_MAP_H_
#define OTIUM_BACKENDS_REFERENCE_MAP_H_

#include <array>
#include <limits>
#include <type_traits>
#include <utility>

#include "backends/reference/elements.h"

namespace otium::reference {

template <class T>
inline constexpr bool kIsComplex = std::is_same_v<T, std::complex<double>>;
template <class T>
inline constexpr bool kIsInteger = std::is_same_v<T, int64_t>;

// Several lambdas as one function.
template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

// Integers wrap around, as unsigned arithmetic does.
template <class T>
T WrappingAdd(T a, T b) {
  if constexpr (kIsInteger<T>) {
    return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
  } else {
    return a + b;
  }
}
template <class T>
T WrappingSub(T a, T b) {
  if constexpr (kIsInteger<T>) {
    return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
  } else {
    return a - b;
  }
}
template <class T>
T WrappingMul(T a, T b) {
  return Multiply(a, b);
}

// A wide number as an element of type To, rounded once. Floats become integers by
// truncation, and what does not fit is what the hardware gives (INT_MIN); anything
// but zero is true. Complex to real is refused by type rules.
template <class To, class W>
To Convert(const W& value) {
  if constexpr (std::is_same_v<To, bool>) {
    return value != W(0);
  } else if constexpr (kIsComplex<W> && !kIsComplex<Wide<To>>) {
    return To();
  } else if constexpr (std::is_integral_v<To> && !std::is_integral_v<W>) {
    // The upper limit itself may not be a double: the next one is a power of two.
    constexpr double kLimit = sizeof(To) == 8 ? 0x1p63 : 0x1p31;
    const bool fits = value > -kLimit - 1 && value < kLimit;
    return fits ? static_cast<To>(value) : std::numeric_limits<To>::min();
  } else {
    return Store<To>(static_cast<Wide<To>>(value));
  }
}

// Element `offset` of an array of `dtype`, as W.
template <class W>
W LoadAs(DType dtype, const void* data, int64_t offset) {
  return DispatchDType(dtype, [&]<class Tag>(Tag) {
    return Convert<W>(Load(static_cast<const typename Tag::type*>(data)[offset]));
  });
}

// Stores any wide number, or a truth value.
template <class W>
void StoreAs(DType dtype, void* data, int64_t offset, const W& value) {
  if constexpr (std::is_same_v<W, bool>) {
    StoreAs(dtype, data, offset, int64_t{value});
  } else {
    DispatchDType(dtype, [&]<class Tag>(Tag) {
      using T = typename Tag::type;
      static_cast<T*>(data)[offset] = Convert<T>(value);
    });
  }
}

// Calls `f(TypeTag<W>{})` with the type that numbers of `dtype` are computed in.
template <class F>
void DispatchWide(DType dtype, F&& f) {
  switch (Category(dtype)) {
    case DTypeCategory::kBool:
    case DTypeCategory::kInteger: return f(TypeTag<int64_t>{});
    case DTypeCategory::kFloat: return f(TypeTag<double>{});
    case DTypeCategory::kComplex: return f(TypeTag<std::complex<double>>{});
  }
}

// result[i] = f(operand 0 [i], ..., operand kOperands - 1 [i]), broadcast. The
// operands are of one category. A missing optional operand arrives as 0.
template <size_t kOperands, class F>
void Map(const LaunchArgs& args, const F& f) {
  const State& s = *static_cast<const State*>(args.state);
  const DType result = s.results[0].dtype;
  DispatchWide(s.operands[0].dtype, [&]<class Tag>(Tag) {
    using W = typename Tag::type;
    auto call = [&f](const std::array<W, kOperands>& x) {
      return [&]<size_t... i>(std::index_sequence<i...>) {
        if constexpr (std::is_invocable_v<const F&, decltype(x[i])...>) return f(x[i]...);
        else return W();
      }
      (std::make_index_sequence<kOperands>());
    };
    ForEachIndex(s.results[0].sizes, [&](absl::Span<const int64_t> index) {
      std::array<W, kOperands> x{};
      for (size_t i = 0; i < kOperands; ++i) {
        if (!s.Has(i)) continue;
        const int64_t offset = BroadcastOffset(s.operands[i], args.operands[i], index);
        x[i] = LoadAs<W>(s.operands[i].dtype, args.operands[i].data, offset);
      }
      StoreAs(result, args.results[0].data, BroadcastOffset(s.results[0], args.results[0], index),
              call(x));
    });
  });
}

}  // namespace otium::reference

#endif  // OTIUM_BACKENDS_REFERENCE_MAP_H_
