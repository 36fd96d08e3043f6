// SPDX-License-Identifier: Apache-2.0
//
// Arithmetic: each element is computed wide and rounded once.

#include <cmath>
#include <cstring>

#include "backends/reference/map.h"

namespace otium::reference {

using Complex = std::complex<double>;

void Add(const LaunchArgs& args) {
  Map<2>(args, [](auto a, auto b) { return WrappingAdd(a, b); });
}
void Sub(const LaunchArgs& args) {
  Map<2>(args, [](auto a, auto b) { return WrappingSub(a, b); });
}
void Mul(const LaunchArgs& args) {
  Map<2>(args, [](auto a, auto b) { return WrappingMul(a, b); });
}
// Integers were promoted to floats.
void Div(const LaunchArgs& args) {
  Map<2>(args, Overloaded{[](double a, double b) { return Divide(a, b); },
                          [](Complex a, Complex b) { return Divide(a, b); }});
}

namespace {

// By squaring, wrapping around; negative powers are 0 but for 1 and -1.
int64_t IntegerPower(int64_t x, int64_t exponent) {
  if (exponent < 0) {
    if (x == 1) return 1;
    if (x == -1) return exponent % 2 == 0 ? 1 : -1;
    return 0;
  }
  int64_t power = 1;
  for (; exponent > 0; exponent /= 2) {
    if (exponent % 2 == 1) power = WrappingMul(power, x);
    x = WrappingMul(x, x);
  }
  return power;
}

// exp(exponent * log(x)), with what that formula loses: x**0 is 1, 0**exponent is
// 0 for a positive real part, small integer powers are products, and 0.5 is a root.
Complex ComplexPower(Complex x, Complex exponent) {
  const double n = exponent.real();
  if (exponent.imag() == 0 && n == std::trunc(n) && std::abs(n) <= 64) {
    if (n == 0) return 1;
    Complex power = x;
    for (int i = 1; i < std::abs(n); ++i) power = Multiply(power, x);
    return n < 0 ? Divide(1, power) : power;
  }
  if (exponent == 0.5) return std::sqrt(x);
  if (exponent == -0.5) return Divide(1, std::sqrt(x));
  if (x == 0.0 && n > 0) return 0;
  return std::pow(x, exponent);
}

}  // namespace

void Pow(const LaunchArgs& args) {
  Map<2>(args, Overloaded{[](int64_t x, int64_t y) { return IntegerPower(x, y); },
                          [](double x, double y) { return std::pow(x, y); },
                          [](Complex x, Complex y) { return ComplexPower(x, y); }});
}

// Quotient and remainder of integers, rounded to minus infinity; 0 for a divisor
// of 0. INT64_MIN / -1 wraps around.
namespace {
int64_t FloorQuotient(int64_t a, int64_t b) {
  if (b == 0) return 0;
  if (b == -1) return WrappingSub<int64_t>(0, a);
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}
int64_t FloorRemainder(int64_t a, int64_t b) {
  if (b == 0 || b == -1) return 0;
  const int64_t r = a % b;
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}
// As Python's float.__floordiv__: exact through the remainder, so that 1 // 0.1
// is 9, the largest integer below the true quotient.
double FloorQuotient(double a, double b) {
  if (b == 0) return a / b;
  const double r = std::fmod(a, b);
  double quotient = (a - r) / b;
  if (r != 0 && (r < 0) != (b < 0)) quotient -= 1;
  if (quotient == 0) return std::copysign(0.0, a / b);
  const double below = std::floor(quotient);
  return quotient - below > 0.5 ? below + 1 : below;
}
double FloorRemainder(double a, double b) {
  const double r = std::fmod(a, b);
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}
}  // namespace

void FloorDivide(const LaunchArgs& args) {
  Map<2>(args, Overloaded{[](int64_t a, int64_t b) { return FloorQuotient(a, b); },
                          [](double a, double b) { return FloorQuotient(a, b); }});
}
void Remainder(const LaunchArgs& args) {
  Map<2>(args, Overloaded{[](int64_t a, int64_t b) { return FloorRemainder(a, b); },
                          [](double a, double b) { return FloorRemainder(a, b); }});
}
void Fmod(const LaunchArgs& args) {
  Map<2>(args, Overloaded{[](int64_t a, int64_t b) { return b == 0 || b == -1 ? 0 : a % b; },
                          [](double a, double b) { return std::fmod(a, b); }});
}

// NaN is neither less nor greater than anything, so it is asked for. Of equal
// numbers (0 and -0) the first one is the result.
namespace {
template <class T>
T Smaller(T a, T b) {
  return a != a || !(b < a || b != b) ? a : b;
}
template <class T>
T Larger(T a, T b) {
  return a != a || !(b > a || b != b) ? a : b;
}
}  // namespace

void Minimum(const LaunchArgs& args) {
  Map<2>(args, Overloaded{[](int64_t a, int64_t b) { return Smaller(a, b); },
                          [](double a, double b) { return Smaller(a, b); }});
}
void Maximum(const LaunchArgs& args) {
  Map<2>(args, Overloaded{[](int64_t a, int64_t b) { return Larger(a, b); },
                          [](double a, double b) { return Larger(a, b); }});
}

void Clamp(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  auto clamp = [&](auto x, auto min, auto max) {
    const auto raised = s.Has(1) ? Larger(x, min) : x;
    return s.Has(2) ? Smaller(raised, max) : raised;
  };
  Map<3>(args, Overloaded{[&](int64_t x, int64_t a, int64_t b) { return clamp(x, a, b); },
                          [&](double x, double a, double b) { return clamp(x, a, b); }});
}

// Chooses bytes: what is not chosen is not looked at.
void Where(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const int64_t item = ItemSize(s.results[0].dtype);
  ForEachIndex(s.results[0].sizes, [&](absl::Span<const int64_t> index) {
    auto offset = [&](size_t i) { return BroadcastOffset(s.operands[i], args.operands[i], index); };
    const size_t chosen = args.operands[0].as<const bool>()[offset(0)] ? 1 : 2;
    const int64_t to = BroadcastOffset(s.results[0], args.results[0], index);
    std::memcpy(args.results[0].as<char>() + to * item,
                args.operands[chosen].as<const char>() + offset(chosen) * item, item);
  });
}

// From the nearer end, so that a weight of 1 gives `end` exactly.
void Lerp(const LaunchArgs& args) {
  auto lerp = [](auto start, auto end, auto weight) {
    const auto difference = end - start;
    return std::abs(weight) < 0.5 ? start + Multiply(weight, difference)
                                  : end - Multiply(difference, 1.0 - weight);
  };
  Map<3>(args, Overloaded{[&](double a, double b, double w) { return lerp(a, b, w); },
                          [&](Complex a, Complex b, Complex w) { return lerp(a, b, w); }});
}

void Addcmul(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  Map<4>(args, [&](auto input, auto a, auto b, auto value) {
    const auto product = WrappingMul(a, b);
    return WrappingAdd(input, s.Has(3) ? WrappingMul(value, product) : product);
  });
}
void Addcdiv(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  auto sum = [&](auto input, auto quotient, auto value) {
    return input + (s.Has(3) ? Multiply(value, quotient) : quotient);
  };
  Map<4>(args,
         Overloaded{
             [&](double x, double a, double b, double v) { return sum(x, Divide(a, b), v); },
             [&](Complex x, Complex a, Complex b, Complex v) { return sum(x, Divide(a, b), v); }});
}

void Atan2(const LaunchArgs& args) {
  Map<2>(args, [](double y, double x) { return std::atan2(y, x); });
}

}  // namespace otium::reference
