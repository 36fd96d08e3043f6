// SPDX-License-Identifier: Apache-2.0
//
// Functions of one argument. std:: has most of them for complex numbers too;
// those it lacks are spelled out, in forms that lose no digits near 0.

#include <cmath>
#include <numbers>

#include "backends/reference/map.h"

namespace otium::reference {

using Complex = std::complex<double>;

void Neg(const LaunchArgs& args) {
  Map<1>(args, Overloaded{[](int64_t x) { return WrappingSub<int64_t>(0, x); },
                          [](double x) { return -x; }, [](Complex x) { return -x; }});
}
void Abs(const LaunchArgs& args) {
  Map<1>(args,
         Overloaded{[](int64_t x) { return x < 0 ? WrappingSub<int64_t>(0, x) : x; },
                    [](double x) { return std::abs(x); }, [](Complex x) { return std::abs(x); }});
}
void Sign(const LaunchArgs& args) {
  Map<1>(args, Overloaded{[](int64_t x) -> int64_t { return (x > 0) - (x < 0); },
                          [](double x) -> double { return (x > 0) - (x < 0); }});
}
void Square(const LaunchArgs& args) {
  Map<1>(args, [](auto x) { return WrappingMul(x, x); });
}

// Exact dtypes were promoted to floats for all of these.
void Sqrt(const LaunchArgs& args) {
  Map<1>(args, [](auto x) { return std::sqrt(x); });
}
void Rsqrt(const LaunchArgs& args) {
  Map<1>(args, [](auto x) { return Divide(1.0, std::sqrt(x)); });
}
void Reciprocal(const LaunchArgs& args) {
  Map<1>(args, [](auto x) { return Divide(1.0, x); });
}
void Exp(const LaunchArgs& args) {
  Map<1>(args, [](auto x) { return std::exp(x); });
}
void Log(const LaunchArgs& args) {
  Map<1>(args, [](auto x) { return std::log(x); });
}
void Sin(const LaunchArgs& args) {
  Map<1>(args, [](auto x) { return std::sin(x); });
}
void Cos(const LaunchArgs& args) {
  Map<1>(args, [](auto x) { return std::cos(x); });
}
void Tan(const LaunchArgs& args) {
  Map<1>(args, [](auto x) { return std::tan(x); });
}
void Tanh(const LaunchArgs& args) {
  Map<1>(args, [](auto x) { return std::tanh(x); });
}
void Erf(const LaunchArgs& args) {
  Map<1>(args, [](double x) { return std::erf(x); });
}

// exp(x + iy) - 1 = (expm1(x) cos y - 2 sin(y / 2)^2) + i exp(x) sin y.
void Expm1(const LaunchArgs& args) {
  Map<1>(args, Overloaded{[](double x) { return std::expm1(x); },
                          [](Complex z) {
                            const double x = z.real(), y = z.imag(), half = std::sin(y / 2);
                            return Complex(std::expm1(x) * std::cos(y) - 2 * half * half,
                                           std::exp(x) * std::sin(y));
                          }});
}
// |1 + x + iy|^2 = 1 + x (2 + x) + y^2, which is near 1 for a small argument; far
// from 0 nothing is lost in 1 + z.
void Log1p(const LaunchArgs& args) {
  Map<1>(args, Overloaded{[](double x) { return std::log1p(x); },
                          [](Complex z) {
                            const double x = z.real(), y = z.imag();
                            if (!(std::abs(z) < 0.5)) return std::log(1.0 + z);
                            return Complex(std::log1p(x * (2 + x) + y * y) / 2,
                                           std::atan2(y, 1 + x));
                          }});
}

namespace {
template <class T>
T SigmoidOf(T x) {
  return Divide(1.0, 1.0 + std::exp(-x));
}
}  // namespace

void Sigmoid(const LaunchArgs& args) {
  Map<1>(args,
         Overloaded{[](double x) { return SigmoidOf(x); }, [](Complex x) { return SigmoidOf(x); }});
}
void Silu(const LaunchArgs& args) {
  Map<1>(args, Overloaded{[](double x) { return x / (1 + std::exp(-x)); },
                          [](Complex x) { return Multiply(x, SigmoidOf(x)); }});
}
void Relu(const LaunchArgs& args) {
  Map<1>(args, Overloaded{[](int64_t x) { return x < 0 ? 0 : x; },
                          [](double x) { return x < 0 ? 0.0 : x; }});
}
// Phi(x) = erfc(-x / sqrt(2)) / 2 keeps its digits where 1 + erf cancels.
void Gelu(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  if (s.attributes.Get<std::string>("approximate") == "tanh") {
    const double k = std::sqrt(2 * std::numbers::inv_pi);
    Map<1>(args,
           [k](double x) { return 0.5 * x * (1 + std::tanh(k * (x + 0.044715 * x * x * x))); });
  } else {
    Map<1>(args, [](double x) { return 0.5 * x * std::erfc(-x / std::numbers::sqrt2); });
  }
}
void Softplus(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const double beta = s.attributes.Get<double>("beta");
  const double threshold = s.attributes.Get<double>("threshold");
  Map<1>(args, [&](double x) {
    return beta * x > threshold ? x : std::log1p(std::exp(beta * x)) / beta;
  });
}
void LeakyRelu(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const double slope = s.attributes.Get<double>("negative_slope");
  Map<1>(args, [&](double x) { return x > 0 ? x : slope * x; });
}

// To nearest with halves to even is the rounding mode that programs start in.
void Floor(const LaunchArgs& args) {
  Map<1>(args, Overloaded{[](int64_t x) { return x; }, [](double x) { return std::floor(x); }});
}
void Ceil(const LaunchArgs& args) {
  Map<1>(args, Overloaded{[](int64_t x) { return x; }, [](double x) { return std::ceil(x); }});
}
void Round(const LaunchArgs& args) {
  Map<1>(args, Overloaded{[](int64_t x) { return x; }, [](double x) { return std::nearbyint(x); }});
}

void Conj(const LaunchArgs& args) {
  Map<1>(args, Overloaded{[](int64_t x) { return x; }, [](double x) { return x; },
                          [](Complex x) { return std::conj(x); }});
}
void Real(const LaunchArgs& args) {
  Map<1>(args, Overloaded{[](int64_t x) { return x; }, [](double x) { return x; },
                          [](Complex x) { return x.real(); }});
}
void Imag(const LaunchArgs& args) {
  Map<1>(args, Overloaded{[](double) { return 0.0; }, [](Complex x) { return x.imag(); }});
}
void Angle(const LaunchArgs& args) {
  Map<1>(args, Overloaded{[](double x) { return x != x  ? x
                                                : x < 0 ? std::numbers::pi
                                                        : 0.0; },
                          [](Complex x) { return std::arg(x); }});
}

}  // namespace otium::reference
