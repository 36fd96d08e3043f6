// SPDX-License-Identifier: Apache-2.0
//
// Comparisons, logic and predicates: bool results of wide numbers.

#include <cmath>

#include "backends/reference/map.h"

namespace otium::reference {
namespace {

// `f` compares two real numbers of one type.
template <class F>
void Compare(const LaunchArgs& args, F f) {
  Map<2>(args, Overloaded{[&](int64_t a, int64_t b) -> bool { return f(a, b); },
                          [&](double a, double b) -> bool { return f(a, b); }});
}

// `f` combines two truth values.
template <class F>
void Logic(const LaunchArgs& args, F f) {
  Map<2>(args, [&]<class W>(W a, W b) -> bool { return f(a != W(0), b != W(0)); });
}

// Whether `f` holds of `x`, or of both parts: `kAny`, of one of them. Integers
// are asked as floats.
template <bool kAny, class F>
void Predicate(const LaunchArgs& args, F f) {
  Map<1>(args, Overloaded{[&](int64_t x) -> bool { return f(static_cast<double>(x)); },
                          [&](double x) -> bool { return f(x); },
                          [&](std::complex<double> x) -> bool {
                            return kAny ? f(x.real()) || f(x.imag()) : f(x.real()) && f(x.imag());
                          }});
}

}  // namespace

void Lt(const LaunchArgs& args) {
  Compare(args, [](auto a, auto b) { return a < b; });
}
void Le(const LaunchArgs& args) {
  Compare(args, [](auto a, auto b) { return a <= b; });
}
void Gt(const LaunchArgs& args) {
  Compare(args, [](auto a, auto b) { return a > b; });
}
void Ge(const LaunchArgs& args) {
  Compare(args, [](auto a, auto b) { return a >= b; });
}
void Eq(const LaunchArgs& args) {
  Map<2>(args, [](auto a, auto b) { return a == b; });
}
void Ne(const LaunchArgs& args) {
  Map<2>(args, [](auto a, auto b) { return a != b; });
}

void LogicalAnd(const LaunchArgs& args) {
  Logic(args, [](bool a, bool b) { return a && b; });
}
void LogicalOr(const LaunchArgs& args) {
  Logic(args, [](bool a, bool b) { return a || b; });
}
void LogicalXor(const LaunchArgs& args) {
  Logic(args, [](bool a, bool b) { return a != b; });
}
void LogicalNot(const LaunchArgs& args) {
  Map<1>(args, []<class W>(W x) { return x == W(0); });
}

void IsNan(const LaunchArgs& args) {
  Predicate</*kAny=*/true>(args, [](double x) { return std::isnan(x); });
}
void IsInf(const LaunchArgs& args) {
  Predicate</*kAny=*/true>(args, [](double x) { return std::isinf(x); });
}
void IsFinite(const LaunchArgs& args) {
  Predicate</*kAny=*/false>(args, [](double x) { return std::isfinite(x); });
}

}  // namespace otium::reference
