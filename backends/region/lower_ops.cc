// SPDX-License-Identifier: Apache-2.0
//
// Of which instructions each op is made. An op that is not in the table cannot
// be in a region. Composite ops are written out here once, for all executors.

#include <array>
#include <cmath>
#include <limits>

#include "backends/region/emit.h"
#include "ops/infer.h"

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

Value AsBool(Emitter& e, Value x) { return e.Cast(x, DType::kBool); }
Value One(Emitter& e, Value like) { return e.Constant(e.dtype(like), 1); }

absl::Status Cast(EmitCall& c) {
  c.results = {c.e.Cast(c.operand(0), c.dtypes[0])};
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

absl::Status Relu(EmitCall& c) { return Unary<ScalarOp::relu>(c); }

absl::Status Rsqrt(EmitCall& c) {
  c.results = {c.e.Map(ScalarOp::reciprocal, {c.e.Map(ScalarOp::sqrt, {c.operand(0)})})};
  return absl::OkStatus();
}

absl::Status Square(EmitCall& c) {
  const bool logic = c.e.dtype(c.operand(0)) == DType::kBool;
  const Value x = c.operand(0);
  c.results = {c.e.Map(logic ? ScalarOp::logical_and : ScalarOp::mul, {x, x})};
  return absl::OkStatus();
}

// 1 / (1 + exp(-x)): exp overflows to infinity where the result is 0.
absl::Status Sigmoid(EmitCall& c) {
  Emitter& e = c.e;
  const Value t = e.Map(ScalarOp::exp, {e.Map(ScalarOp::neg, {c.operand(0)})});
  c.results = {e.Map(ScalarOp::reciprocal, {e.Map(ScalarOp::add, {t, One(e, t)})})};
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

// Reductions.

Value Mean(EmitCall& c, Value x) {
  const Value sum = c.e.Reduce(ReduceOp::kSum, x);
  return c.e.Map(ScalarOp::div, {sum, c.e.Constant(c.e.dtype(x), c.count())});
}

// |x|^2, real.
Value SquaredMagnitude(Emitter& e, Value x) {
  if (!IsComplex(e.dtype(x))) return e.Map(ScalarOp::mul, {x, x});
  const Value re = e.Map(ScalarOp::real, {x}), im = e.Map(ScalarOp::imag, {x});
  return e.Map(ScalarOp::add, {e.Map(ScalarOp::mul, {re, re}), e.Map(ScalarOp::mul, {im, im})});
}

// Squares of deviations from the mean, in a second pass over the row: the
// one-pass formulas lose half of the digits or most of the speed.
Value Variance(EmitCall& c, Value mean) {
  Emitter& e = c.e;
  const Value deviation = e.Map(ScalarOp::sub, {c.operand(0), mean});
  const Value squares = e.Reduce(ReduceOp::kSum, SquaredMagnitude(e, deviation));
  const double divisor = std::max(c.count() - c.attributes.Get<double>("correction"), 0.0);
  return e.Map(ScalarOp::div, {squares, e.Constant(e.dtype(squares), divisor)});
}

Value Widened(EmitCall& c) { return c.e.Cast(c.operand(0), ComputeDType(c.dtypes[0])); }

template <ReduceOp kOp>
absl::Status Reduction(EmitCall& c) {
  c.results = {c.e.Reduce(kOp, Widened(c))};
  return absl::OkStatus();
}

template <ReduceOp kOp>
absl::Status ArgReduction(EmitCall& c) {
  c.results = {c.e.Reduce(kOp, c.operand(0))};
  return absl::OkStatus();
}

template <ReduceOp kOp>
absl::Status BoolReduction(EmitCall& c) {
  c.results = {c.e.Reduce(kOp, AsBool(c.e, c.operand(0)))};
  return absl::OkStatus();
}

absl::Status CountNonzero(EmitCall& c) {
  c.results = {c.e.Reduce(ReduceOp::kSum, c.e.Cast(AsBool(c.e, c.operand(0)), DType::kI64))};
  return absl::OkStatus();
}

absl::Status EmitMean(EmitCall& c) {
  c.results = {Mean(c, c.operand(0))};
  return absl::OkStatus();
}

absl::Status Var(EmitCall& c) {
  c.results = {Variance(c, Mean(c, c.operand(0)))};
  return absl::OkStatus();
}

absl::Status Std(EmitCall& c) {
  c.results = {c.e.Map(ScalarOp::sqrt, {Variance(c, Mean(c, c.operand(0)))})};
  return absl::OkStatus();
}

absl::Status VarMean(EmitCall& c) {
  const Value mean = Mean(c, c.operand(0));
  c.results = {Variance(c, mean), mean};
  return absl::OkStatus();
}

// log(sum(exp(x - max))) + max, where a max that is infinite is not subtracted.
absl::Status LogSumExp(EmitCall& c) {
  Emitter& e = c.e;
  const Value x = Widened(c);
  const Value max = e.Reduce(ReduceOp::kMax, x);
  const Value shift = e.Map(ScalarOp::select, {e.Map(ScalarOp::isfinite, {max}), max,
                                               e.Constant(e.dtype(x), 0)});
  const Value sum = e.Reduce(ReduceOp::kSum, e.Map(ScalarOp::exp, {e.Map(ScalarOp::sub, {x, shift})}));
  c.results = {e.Map(ScalarOp::add, {e.Map(ScalarOp::log, {sum}), shift})};
  return absl::OkStatus();
}

absl::Status Softmax(EmitCall& c) {
  Emitter& e = c.e;
  const Value x = Widened(c);
  const Value shifted = e.Map(ScalarOp::sub, {x, e.Reduce(ReduceOp::kMax, x)});
  const Value power = e.Map(ScalarOp::exp, {shifted});
  c.results = {e.Map(ScalarOp::div, {power, e.Reduce(ReduceOp::kSum, power)})};
  return absl::OkStatus();
}

absl::Status LogSoftmax(EmitCall& c) {
  Emitter& e = c.e;
  const Value x = Widened(c);
  const Value shifted = e.Map(ScalarOp::sub, {x, e.Reduce(ReduceOp::kMax, x)});
  const Value sum = e.Reduce(ReduceOp::kSum, e.Map(ScalarOp::exp, {shifted}));
  c.results = {e.Map(ScalarOp::sub, {shifted, e.Map(ScalarOp::log, {sum})})};
  return absl::OkStatus();
}

struct Entry {
  absl::string_view name;
  OpLowering lowering;
};

constexpr Role kP = Role::kPointwise;
constexpr Role kR = Role::kReduction;
constexpr Entry kEntries[] = {
    {"cast", {kP, Cast}},
    {"clone", {kP, Identity}},
    {"assume", {Role::kView}},
    {"transpose", {Role::kView}},
    {"permute", {Role::kView}},
    {"expand", {Role::kView}},
    {"squeeze", {Role::kView}},
    {"unsqueeze", {Role::kView}},
    {"reshape", {Role::kView}},

    {"add", {kP, Arithmetic<ScalarOp::add, ScalarOp::logical_or>}},
    {"sub", {kP, Binary<ScalarOp::sub>}},
    {"mul", {kP, Arithmetic<ScalarOp::mul, ScalarOp::logical_and>}},
    {"div", {kP, Binary<ScalarOp::div>}},
    {"pow", {kP, Binary<ScalarOp::pow>}},
    {"minimum", {kP, Arithmetic<ScalarOp::minimum, ScalarOp::logical_and>}},
    {"maximum", {kP, Arithmetic<ScalarOp::maximum, ScalarOp::logical_or>}},
    {"eq", {kP, Binary<ScalarOp::eq>}},
    {"ne", {kP, Binary<ScalarOp::ne>}},
    {"lt", {kP, Binary<ScalarOp::lt>}},
    {"le", {kP, Binary<ScalarOp::le>}},
    {"gt", {kP, Binary<ScalarOp::gt>}},
    {"ge", {kP, Binary<ScalarOp::ge>}},
    {"logical_and", {kP, Logical<ScalarOp::logical_and>}},
    {"logical_or", {kP, Logical<ScalarOp::logical_or>}},
    {"logical_xor", {kP, Logical<ScalarOp::ne>}},
    {"logical_not", {kP, LogicalNot}},
    {"where", {kP, Where}},

    {"neg", {kP, Unary<ScalarOp::neg>}},
    {"exp", {kP, Unary<ScalarOp::exp>}},
    {"relu", {kP, Relu}},
    {"conj", {kP, OfComplexOnly<ScalarOp::conj>}},
    {"sqrt", {kP, Unary<ScalarOp::sqrt>}},
    {"rsqrt", {kP, Rsqrt}},
    {"square", {kP, Square}},
    {"reciprocal", {kP, Unary<ScalarOp::reciprocal>}},
    {"log", {kP, Unary<ScalarOp::log>}},
    {"log1p", {kP, Unary<ScalarOp::log1p>}},
    {"expm1", {kP, Unary<ScalarOp::expm1>}},
    {"sin", {kP, Unary<ScalarOp::sin>}},
    {"cos", {kP, Unary<ScalarOp::cos>}},
    {"tan", {kP, Unary<ScalarOp::tan>}},
    {"tanh", {kP, Unary<ScalarOp::tanh>}},
    {"erf", {kP, Unary<ScalarOp::erf>}},
    {"sigmoid", {kP, Sigmoid}},
    {"abs", {kP, Abs}},
    {"sign", {kP, Unary<ScalarOp::sign>}},
    {"floor", {kP, Unary<ScalarOp::floor>}},
    {"ceil", {kP, Unary<ScalarOp::ceil>}},
    {"round", {kP, Unary<ScalarOp::round>}},
    {"real", {kP, OfComplexOnly<ScalarOp::real>}},
    {"imag", {kP, Imag}},
    {"angle", {kP, Unary<ScalarOp::angle>}},
    {"isnan", {kP, Predicate<ScalarOp::isnan, false>}},
    {"isinf", {kP, Predicate<ScalarOp::isinf, false>}},
    {"isfinite", {kP, Predicate<ScalarOp::isfinite, true>}},

    {"sum", {kR, Reduction<ReduceOp::kSum>}},
    {"prod", {kR, Reduction<ReduceOp::kProd>}},
    {"mean", {kR, EmitMean}},
    {"var", {kR, Var}},
    {"std", {kR, Std}},
    {"var_mean", {kR, VarMean}},
    {"amax", {kR, Reduction<ReduceOp::kMax>}},
    {"amin", {kR, Reduction<ReduceOp::kMin>}},
    {"argmax", {kR, ArgReduction<ReduceOp::kArgMax>}},
    {"argmin", {kR, ArgReduction<ReduceOp::kArgMin>}},
    {"all", {kR, BoolReduction<ReduceOp::kAll>}},
    {"any", {kR, BoolReduction<ReduceOp::kAny>}},
    {"count_nonzero", {kR, CountNonzero}},
    {"logsumexp", {kR, LogSumExp}},
    {"softmax", {Role::kRowwise, Softmax}},
    {"log_softmax", {Role::kRowwise, LogSoftmax}},
};

}  // namespace

const OpLowering& LoweringOf(Op op) {
  static const auto* table = [] {
    auto* t = new std::array<OpLowering, kNumOps>();
    for (const Entry& entry : kEntries) {
      if (const OpDef* def = FindOp(entry.name)) (*t)[static_cast<int>(def->id)] = entry.lowering;
    }
    return t;
  }();
  return (*table)[static_cast<int>(op)];
}

}  // namespace otium::region
