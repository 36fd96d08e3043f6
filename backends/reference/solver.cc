// SPDX-License-Identifier: Apache-2.0
//
// Linear systems, inverses and determinants by the textbook, in f64 or c128.

#include <cmath>
#include <limits>

#include "backends/complex_math.h"
#include "backends/reference/lu.h"
#include "backends/reference/matrix.h"
#include "backends/reference/triangle.h"

namespace otium::reference {
namespace {

// 1 when right-hand sides are vectors: X then has a dimension less than A.
int TailOfSystem(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  return s.results[0].rank() < s.operands[0].rank() ? 1 : 2;
}

// The factors of A, and their solution.
template <class Launch>
int64_t SolveSystem(const Launch& launch, int tail, bool nan_when_singular) {
  const auto factors = FactorLu(launch.Operand(0));
  auto X =
      SolveByLu(factors, launch.Operand(1, tail), launch.attributes().template Get<bool>("left"));
  if (nan_when_singular && factors.code != 0) X.Fill(kNan<typename Launch::W>);
  launch.SetResult(0, X, tail);
  return factors.code;
}

template <class Launch>
int64_t Invert(const Launch& launch, bool nan_when_singular) {
  using W = typename Launch::W;
  const auto factors = FactorLu(launch.Operand(0));
  auto X = SolveByLu(factors, Matrix<W>::Identity(factors.LU.rows()));
  if (nan_when_singular && factors.code != 0) X.Fill(kNan<W>);
  launch.SetResult(0, X);
  return factors.code;
}

// sign * exp(log), as slogdet defines them.
template <class W>
struct SignAndLog {
  W sign;
  double log;
};

template <class W>
SignAndLog<W> LogDeterminant(const LuFactors<W>& f) {
  SignAndLog<W> d{1, 0};
  for (int64_t k = 0; k < f.LU.rows(); ++k) {
    const W u = f.LU(k, k);
    const double size = std::abs(u);
    d.sign *= size == 0 ? W(0) : Direction(u);
    d.log += std::log(size);
    if (f.pivots[k] != k) d.sign = -d.sign;
  }
  return d;
}

// Products of numbers of 15 bits of exponent.
inline long double Extended(double x) { return x; }
inline std::complex<long double> Extended(std::complex<double> x) { return x; }

template <class W>
W Determinant(const LuFactors<W>& f) {
  auto det = Extended(W(1));
  for (int64_t k = 0; k < f.LU.rows(); ++k) {
    det *= Extended(f.LU(k, k));
    if (f.pivots[k] != k) det = -det;
  }
  return det == Extended(W(0)) ? W(0) : static_cast<W>(det);
}

}  // namespace

// Code k: U(k, k) is zero.
void Solve(const LaunchArgs& args) {
  const int tail = TailOfSystem(args);
  ForEachMatrix(args, BatchOfResult(args, 0, tail),
                [&](const auto& launch) { launch.Fail(SolveSystem(launch, tail, false)); });
}
void SolveEx(const LaunchArgs& args) {
  const int tail = TailOfSystem(args);
  ForEachMatrix(args, BatchOfOperand(args),  // A may have a batch where X is empty.
                [&](const auto& launch) { launch.SetNumber(1, int32_t{0}); });
  ForEachMatrix(args, BatchOfResult(args, 0, tail), [&](const auto& launch) {
    launch.SetNumber(1, static_cast<int32_t>(SolveSystem(launch, tail, true)));
  });
}

void SolveTriangular(const LaunchArgs& args) {
  ForEachMatrix(args, BatchOfResult(args), [](const auto& launch) {
    const Attributes& attributes = launch.attributes();
    const bool left = attributes.template Get<bool>("left"),
               upper = attributes.template Get<bool>("upper"),
               unit = attributes.template Get<bool>("unitriangular");
    const auto A = launch.Operand(0), B = launch.Operand(1);
    launch.SetResult(0, left ? SolveTriangle(A, {upper, unit}, B)
                             : Adjoint(SolveTriangle(Adjoint(A), {!upper, unit}, Adjoint(B))));
  });
}

// Code k: U(k, k) is zero.
void Inv(const LaunchArgs& args) {
  ForEachMatrix(args, BatchOfResult(args),
                [](const auto& launch) { launch.Fail(Invert(launch, false)); });
}
void InvEx(const LaunchArgs& args) {
  ForEachMatrix(args, BatchOfResult(args), [](const auto& launch) {
    launch.SetNumber(1, static_cast<int32_t>(Invert(launch, true)));
  });
}

void Det(const LaunchArgs& args) {
  ForEachMatrix(args, BatchOfOperand(args), [](const auto& launch) {
    using W = typename std::decay_t<decltype(launch)>::W;
    Matrix<W> det(1, 1);
    det(0, 0) = Determinant(FactorLu(launch.Operand(0)));
    launch.SetResult(0, det, 0);
  });
}

void Slogdet(const LaunchArgs& args) {
  ForEachMatrix(args, BatchOfOperand(args), [](const auto& launch) {
    using Launch = std::decay_t<decltype(launch)>;
    const auto d = LogDeterminant(FactorLu(launch.Operand(0)));
    Matrix<typename Launch::W> sign(1, 1);
    sign(0, 0) = d.sign;
    launch.SetResult(0, sign, 0);
    launch.SetNumber(1, static_cast<typename Launch::Real>(d.log));
  });
}

void Logdet(const LaunchArgs& args) {
  ForEachMatrix(args, BatchOfOperand(args), [](const auto& launch) {
    using W = typename std::decay_t<decltype(launch)>::W;
    const auto d = LogDeterminant(FactorLu(launch.Operand(0)));
    Matrix<W> log(1, 1);
    if constexpr (std::is_same_v<W, double>) {
      log(0, 0) = d.sign < 0 ? kNan<W> : d.log;
    } else {
      log(0, 0) = std::log(d.sign) + d.log;
    }
    launch.SetResult(0, log, 0);
  });
}

}  // namespace otium::reference
