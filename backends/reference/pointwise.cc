// SPDX-License-Identifier: Apache-2.0
//
// Elementwise ops: each element is computed wide (i64, f64, c128) and rounded
// once.

#include <cmath>

#include "backends/reference/elements.h"

namespace otium::reference {
namespace {

// result[i] = f(a[i]) on wide values, for operands of the result's dtype.
template <class F>
void Unary(const LaunchArgs& args, F f) {
  const State& s = *static_cast<const State*>(args.state);
  DispatchDType(s.results[0].dtype, [&]<class Tag>(Tag) {
    using T = typename Tag::type;
    ForEachIndex(s.results[0].sizes, [&](absl::Span<const int64_t> index) {
      const T& x = args.operands[0].as<const T>()[BroadcastOffset(s.operands[0], args.operands[0], index)];
      args.results[0].as<T>()[BroadcastOffset(s.results[0], args.results[0], index)] =
          Store<T>(f(Load(x)));
    });
  });
}

template <class F>
void Binary(const LaunchArgs& args, F f) {
  const State& s = *static_cast<const State*>(args.state);
  DispatchDType(s.results[0].dtype, [&]<class Tag>(Tag) {
    using T = typename Tag::type;
    ForEachIndex(s.results[0].sizes, [&](absl::Span<const int64_t> index) {
      const T& a = args.operands[0].as<const T>()[BroadcastOffset(s.operands[0], args.operands[0], index)];
      const T& b = args.operands[1].as<const T>()[BroadcastOffset(s.operands[1], args.operands[1], index)];
      args.results[0].as<T>()[BroadcastOffset(s.results[0], args.results[0], index)] =
          Store<T>(f(Load(a), Load(b)));
    });
  });
}

template <class T>
constexpr bool kIsComplex = std::is_same_v<T, std::complex<double>>;
template <class T>
constexpr bool kIsInteger = std::is_same_v<T, int64_t>;

}  // namespace

// Integers wrap around, as unsigned arithmetic does.
void Add(const LaunchArgs& args) {
  Binary(args, []<class T>(T a, T b) -> T {
    if constexpr (kIsInteger<T>) return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
    else return a + b;
  });
}
void Sub(const LaunchArgs& args) {
  Binary(args, []<class T>(T a, T b) -> T {
    if constexpr (kIsInteger<T>) return static_cast<T>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
    else return a - b;
  });
}
void Mul(const LaunchArgs& args) {
  Binary(args, []<class T>(T a, T b) -> T {
    if constexpr (kIsInteger<T>) return static_cast<T>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
    else return a * b;
  });
}
void Div(const LaunchArgs& args) {
  Binary(args, []<class T>(T a, T b) -> T {
    if constexpr (kIsInteger<T>) return b == 0 ? 0 : a / b;  // Promoted to floats before.
    else return a / b;
  });
}
void Neg(const LaunchArgs& args) {
  Unary(args, []<class T>(T x) -> T {
    if constexpr (kIsInteger<T>) return static_cast<T>(0 - static_cast<uint64_t>(x));
    else return -x;
  });
}
void Exp(const LaunchArgs& args) {
  Unary(args, []<class T>(T x) -> T {
    if constexpr (kIsInteger<T>) return x;  // Promoted to floats before.
    else return std::exp(x);
  });
}
void Relu(const LaunchArgs& args) {
  Unary(args, []<class T>(T x) -> T {
    if constexpr (kIsComplex<T>) return x;  // Refused by the op's type rule.
    else return x < T(0) ? T(0) : x;
  });
}
void Conj(const LaunchArgs& args) {
  Unary(args, []<class T>(T x) -> T {
    if constexpr (kIsComplex<T>) return std::conj(x);
    else return x;
  });
}

}  // namespace otium::reference
