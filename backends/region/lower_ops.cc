// SPDX-License-Identifier: Apache-2.0
//
// Of which instructions each elementwise op is made, and the table of all. An op
// that is not in the table cannot be in a region. Composite ops are written out
// once, for all executors. Reductions: lower_reductions.cc.

#include <array>
#include <cmath>
#include <numbers>
#include <string>

#include "backends/region/emit.h"

namespace otium::region {
namespace {

template <ScalarOp kOp>
absl::Status Unary(EmitCall& c) {
  c.results = {c.e.Map(kOp, {c.operand(0)})};
  return absl::OkStatus();
}

template <ScalarOp kOp>
absl::Status Binary(EmitCall& c) {
  c.results = {c.e.Map(kOp, {c.operand(0), c.operand(1)})};
  return absl::OkStatus();
}

// Arithmetic of bools is logic.
template <ScalarOp kOp, ScalarOp kOfBools>
absl::Status Arithmetic(EmitCall& c) {
  const bool logic = c.e.dtype(c.operand(0)) == DType::kBool;
  c.results = {c.e.Map(logic ? kOfBools : kOp, {c.operand(0), c.operand(1)})};
  return absl::OkStatus();
}

template <ScalarOp kOp>
absl::Status OfComplexOnly(EmitCall& c) {
  const bool complex = IsComplex(c.e.dtype(c.operand(0)));
  c.results = {complex ? c.e.Map(kOp, {c.operand(0)}) : c.operand(0)};
  return absl::OkStatus();
}

// What integers always are, or never.
template <ScalarOp kOp, bool kOfIntegers>
absl::Status Predicate(EmitCall& c) {
  const bool inexact = IsInexact(c.e.dtype(c.operand(0)));
  c.results = {inexact ? c.e.Map(kOp, {c.operand(0)}) : c.e.Integer(DType::kBool, kOfIntegers)};
  return absl::OkStatus();
}

absl::Status Cast(EmitCall& c) {
  c.results = {c.e.Cast(c.operand(0), c.dtypes[0])};
  return absl::OkStatus();
}

template <int kValue>
absl::Status Filled(EmitCall& c) {
  const DType d = ComputeDType(c.dtypes[0]);
  c.results = {IsInexact(d) ? c.e.Constant(d, kValue) : c.e.Integer(d, kValue)};
  return absl::OkStatus();
}

// The last operand is the value.
absl::Status Full(EmitCall& c) {
  c.results = {c.e.Cast(c.operands.back(), c.dtypes[0])};
  return absl::OkStatus();
}

absl::Status Identity(EmitCall& c) {
  c.results = {c.operand(0)};
  return absl::OkStatus();
}

absl::Status Abs(EmitCall& c) {
  const bool of_bool = c.e.dtype(c.operand(0)) == DType::kBool;
  c.results = {of_bool ? c.operand(0) : c.e.Map(ScalarOp::abs, {c.operand(0)})};
  return absl::OkStatus();
}

absl::Status Imag(EmitCall& c) {
  const DType d = c.e.dtype(c.operand(0));
  c.results = {IsComplex(d) ? c.e.Map(ScalarOp::imag, {c.operand(0)}) : c.e.Integer(d, 0)};
  return absl::OkStatus();
}

absl::Status Rsqrt(EmitCall& c) {
  c.results = {c.e.Map(ScalarOp::reciprocal, {c.e.Map(ScalarOp::sqrt, {c.operand(0)})})};
  return absl::OkStatus();
}

// Bools give i64.
absl::Status Square(EmitCall& c) {
  const Value x = c.e.Cast(c.operand(0), ComputeDType(c.dtypes[0]));
  c.results = {c.e.Map(ScalarOp::mul, {x, x})};
  return absl::OkStatus();
}

// 1 / (1 + exp(-x)): exp overflows to infinity where the result is 0.
Value SigmoidOf(Emitter& e, Value x) {
  const Value t = e.Map(ScalarOp::exp, {e.Map(ScalarOp::neg, {x})});
  return e.Map(ScalarOp::reciprocal, {e.Map(ScalarOp::add, {t, e.Constant(e.dtype(t), 1)})});
}
absl::Status Sigmoid(EmitCall& c) {
  c.results = {SigmoidOf(c.e, c.operand(0))};
  return absl::OkStatus();
}
absl::Status Silu(EmitCall& c) {
  Emitter& e = c.e;
  const Value x = c.operand(0);
  if (IsComplex(e.dtype(x))) {
    c.results = {e.Map(ScalarOp::mul, {x, SigmoidOf(e, x)})};
    return absl::OkStatus();
  }
  const Value t = e.Map(ScalarOp::exp, {e.Map(ScalarOp::neg, {x})});
  c.results = {e.Map(ScalarOp::div, {x, e.Map(ScalarOp::add, {t, e.Constant(e.dtype(t), 1)})})};
  return absl::OkStatus();
}

// x / 2 * erfc(-x / sqrt(2)) keeps its digits where 1 + erf cancels.
absl::Status Gelu(EmitCall& c) {
  Emitter& e = c.e;
  const Value x = c.operand(0);
  const DType d = e.dtype(x);
  const Value half = e.Map(ScalarOp::mul, {x, e.Constant(d, 0.5)});
  if (c.attributes.Get<std::string>("approximate") != "tanh") {
    const Value y = e.Map(ScalarOp::mul, {x, e.Constant(d, -std::numbers::sqrt2 / 2)});
    c.results = {e.Map(ScalarOp::mul, {half, e.Map(ScalarOp::erfc, {y})})};
    return absl::OkStatus();
  }
  // x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))).
  const Value cube = e.Map(ScalarOp::mul, {e.Map(ScalarOp::mul, {x, x}), x});
  const Value sum =
      e.Map(ScalarOp::add, {e.Map(ScalarOp::mul, {cube, e.Constant(d, 0.044715)}), x});
  const double k = std::sqrt(2 * std::numbers::inv_pi);
  const Value t = e.Map(ScalarOp::tanh, {e.Map(ScalarOp::mul, {sum, e.Constant(d, k)})});
  c.results = {e.Map(ScalarOp::mul, {half, e.Map(ScalarOp::add, {t, e.Constant(d, 1)})})};
  return absl::OkStatus();
}

absl::Status Softplus(EmitCall& c) {
  Emitter& e = c.e;
  const Value x = c.operand(0);
  const Value beta = e.Constant(e.dtype(x), c.attributes.Get<double>("beta"));
  const Value scaled = e.Map(ScalarOp::mul, {x, beta});
  const Value soft = e.Map(ScalarOp::log1p, {e.Map(ScalarOp::exp, {scaled})});
  const Value threshold = e.Constant(e.dtype(x), c.attributes.Get<double>("threshold"));
  c.results = {e.Map(ScalarOp::select, {e.Map(ScalarOp::gt, {scaled, threshold}), x,
                                        e.Map(ScalarOp::div, {soft, beta})})};
  return absl::OkStatus();
}

absl::Status LeakyRelu(EmitCall& c) {
  Emitter& e = c.e;
  const Value x = c.operand(0);
  const Value slope = e.Constant(e.dtype(x), c.attributes.Get<double>("negative_slope"));
  c.results = {e.Map(ScalarOp::select, {e.Map(ScalarOp::gt, {x, e.Constant(e.dtype(x), 0)}), x,
                                        e.Map(ScalarOp::mul, {x, slope})})};
  return absl::OkStatus();
}

absl::Status Clamp(EmitCall& c) {
  Value x = c.operand(0);
  const bool logic = c.e.dtype(x) == DType::kBool;
  if (c.Has(1)) x = c.e.Map(logic ? ScalarOp::logical_or : ScalarOp::maximum, {x, c.operand(1)});
  if (c.Has(2)) x = c.e.Map(logic ? ScalarOp::logical_and : ScalarOp::minimum, {x, c.operand(2)});
  c.results = {x};
  return absl::OkStatus();
}

// From the nearer end, so that a weight of 1 gives `end` exactly.
absl::Status Lerp(EmitCall& c) {
  Emitter& e = c.e;
  const Value start = c.operand(0), end = c.operand(1), weight = c.operand(2);
  const Value difference = e.Map(ScalarOp::sub, {end, start});
  const Value magnitude = e.Map(ScalarOp::abs, {weight});
  const Value near = e.Map(ScalarOp::lt, {magnitude, e.Constant(e.dtype(magnitude), 0.5)});
  const Value rest = e.Map(ScalarOp::sub, {e.Constant(e.dtype(weight), 1), weight});
  const Value from_start =
      e.Map(ScalarOp::add, {e.Map(ScalarOp::mul, {weight, difference}), start});
  const Value from_end = e.Map(ScalarOp::sub, {end, e.Map(ScalarOp::mul, {difference, rest})});
  c.results = {e.Map(ScalarOp::select, {near, from_start, from_end})};
  return absl::OkStatus();
}

// input + value * f(a, b); value is 1 when missing.
template <ScalarOp kOp>
absl::Status Addc(EmitCall& c) {
  Emitter& e = c.e;
  Value term = e.Map(kOp, {c.operand(1), c.operand(2)});
  if (c.Has(3)) term = e.Map(ScalarOp::mul, {c.operand(3), term});
  c.results = {e.Map(ScalarOp::add, {c.operand(0), term})};
  return absl::OkStatus();
}

absl::Status LogicalNot(EmitCall& c) {
  const Value x = AsBool(c.e, c.operand(0));
  c.results = {c.e.Map(ScalarOp::eq, {x, c.e.Integer(DType::kBool, 0)})};
  return absl::OkStatus();
}

template <ScalarOp kOp>
absl::Status Logical(EmitCall& c) {
  c.results = {c.e.Map(kOp, {AsBool(c.e, c.operand(0)), AsBool(c.e, c.operand(1))})};
  return absl::OkStatus();
}

absl::Status Where(EmitCall& c) {
  c.results = {c.e.Map(ScalarOp::select, {c.operand(0), c.operand(1), c.operand(2)})};
  return absl::OkStatus();
}

struct Entry {
  Op op;
  OpLowering lowering;
};

constexpr Role kP = Role::kPointwise;
constexpr Role kR = Role::kReduction;
constexpr Entry kEntries[] = {
    {Op::cast, {kP, Cast}},
    {Op::clone, {kP, Identity}},
    {Op::zeros, {kP, Filled<0>}},
    {Op::ones, {kP, Filled<1>}},
    {Op::full, {kP, Full}},
    {Op::zeros_like, {kP, Filled<0>}},
    {Op::ones_like, {kP, Filled<1>}},
    {Op::full_like, {kP, Full}},
    {Op::transpose, {Role::kView}},
    {Op::permute, {Role::kView}},
    {Op::expand, {Role::kView}},
    {Op::broadcast_to, {Role::kView}},
    {Op::squeeze, {Role::kView}},
    {Op::unsqueeze, {Role::kView}},
    {Op::reshape, {Role::kView}},

    {Op::add, {kP, Arithmetic<ScalarOp::add, ScalarOp::logical_or>}},
    {Op::sub, {kP, Binary<ScalarOp::sub>}},
    {Op::mul, {kP, Arithmetic<ScalarOp::mul, ScalarOp::logical_and>}},
    {Op::div, {kP, Binary<ScalarOp::div>}},
    {Op::pow, {kP, Binary<ScalarOp::pow>}},
    {Op::minimum, {kP, Arithmetic<ScalarOp::minimum, ScalarOp::logical_and>}},
    {Op::maximum, {kP, Arithmetic<ScalarOp::maximum, ScalarOp::logical_or>}},
    {Op::eq, {kP, Binary<ScalarOp::eq>}},
    {Op::ne, {kP, Binary<ScalarOp::ne>}},
    {Op::lt, {kP, Binary<ScalarOp::lt>}},
    {Op::le, {kP, Binary<ScalarOp::le>}},
    {Op::gt, {kP, Binary<ScalarOp::gt>}},
    {Op::ge, {kP, Binary<ScalarOp::ge>}},
    {Op::logical_and, {kP, Logical<ScalarOp::logical_and>}},
    {Op::logical_or, {kP, Logical<ScalarOp::logical_or>}},
    {Op::logical_xor, {kP, Logical<ScalarOp::ne>}},
    {Op::logical_not, {kP, LogicalNot}},
    {Op::where, {kP, Where}},
    {Op::clamp, {kP, Clamp}},
    {Op::lerp, {kP, Lerp}},
    {Op::addcmul, {kP, Addc<ScalarOp::mul>}},
    {Op::addcdiv, {kP, Addc<ScalarOp::div>}},
    {Op::floor_divide, {kP, Binary<ScalarOp::floor_divide>}},
    {Op::remainder, {kP, Binary<ScalarOp::remainder>}},
    {Op::fmod, {kP, Binary<ScalarOp::fmod>}},
    {Op::atan2, {kP, Binary<ScalarOp::atan2>}},

    {Op::neg, {kP, Unary<ScalarOp::neg>}},
    {Op::exp, {kP, Unary<ScalarOp::exp>}},
    {Op::relu, {kP, Unary<ScalarOp::relu>}},
    {Op::conj, {kP, OfComplexOnly<ScalarOp::conj>}},
    {Op::sqrt, {kP, Unary<ScalarOp::sqrt>}},
    {Op::rsqrt, {kP, Rsqrt}},
    {Op::square, {kP, Square}},
    {Op::reciprocal, {kP, Unary<ScalarOp::reciprocal>}},
    {Op::log, {kP, Unary<ScalarOp::log>}},
    {Op::log1p, {kP, Unary<ScalarOp::log1p>}},
    {Op::expm1, {kP, Unary<ScalarOp::expm1>}},
    {Op::sin, {kP, Unary<ScalarOp::sin>}},
    {Op::cos, {kP, Unary<ScalarOp::cos>}},
    {Op::tan, {kP, Unary<ScalarOp::tan>}},
    {Op::tanh, {kP, Unary<ScalarOp::tanh>}},
    {Op::erf, {kP, Unary<ScalarOp::erf>}},
    {Op::sigmoid, {kP, Sigmoid}},
    {Op::silu, {kP, Silu}},
    {Op::gelu, {kP, Gelu}},
    {Op::softplus, {kP, Softplus}},
    {Op::leaky_relu, {kP, LeakyRelu}},
    {Op::abs, {kP, Abs}},
    {Op::sign, {kP, Unary<ScalarOp::sign>}},
    {Op::floor, {kP, Unary<ScalarOp::floor>}},
    {Op::ceil, {kP, Unary<ScalarOp::ceil>}},
    {Op::round, {kP, Unary<ScalarOp::round>}},
    {Op::real, {kP, OfComplexOnly<ScalarOp::real>}},
    {Op::imag, {kP, Imag}},
    {Op::angle, {kP, Unary<ScalarOp::angle>}},
    {Op::isnan, {kP, Predicate<ScalarOp::isnan, false>}},
    {Op::isinf, {kP, Predicate<ScalarOp::isinf, false>}},
    {Op::isfinite, {kP, Predicate<ScalarOp::isfinite, true>}},

    {Op::sum, {kR, EmitSum}},
    {Op::prod, {kR, EmitProd}},
    {Op::mean, {kR, EmitMean}},
    {Op::var, {kR, EmitVar}},
    {Op::std, {kR, EmitStd}},
    {Op::var_mean, {kR, EmitVarMean}},
    {Op::amax, {kR, EmitAmax}},
    {Op::amin, {kR, EmitAmin}},
    {Op::argmax, {kR, EmitArgmax}},
    {Op::argmin, {kR, EmitArgmin}},
    {Op::all, {kR, EmitAll}},
    {Op::any, {kR, EmitAny}},
    {Op::count_nonzero, {kR, EmitCountNonzero}},
    {Op::logsumexp, {kR, EmitLogSumExp}},
    {Op::vector_norm, {kR, EmitVectorNorm}},
    {Op::norm, {kR, EmitNorm}},
    {Op::softmax, {Role::kRowwise, EmitSoftmax}},
    {Op::log_softmax, {Role::kRowwise, EmitLogSoftmax}},
};

}  // namespace

const OpLowering& LoweringOf(Op op) {
  static const auto* table = [] {
    auto* t = new std::array<OpLowering, kNumOps>();
    for (const Entry& entry : kEntries) (*t)[static_cast<int>(entry.op)] = entry.lowering;
    return t;
  }();
  return (*table)[static_cast<int>(op)];
}

}  // namespace otium::region
