// SPDX-License-Identifier: Apache-2.0
//
// Reductions and softmax, as instructions.

#include <algorithm>
#include <cmath>
#include <limits>

#include "backends/region/emit.h"

namespace otium::region {

Value AsBool(Emitter& e, Value x) { return e.Cast(x, DType::kBool); }

namespace {

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
absl::Status Reduction(EmitCall& c, Value x) {
  c.results = {c.e.Reduce(kOp, x)};
  return absl::OkStatus();
}

}  // namespace

absl::Status EmitSum(EmitCall& c) { return Reduction<ReduceOp::kSum>(c, Widened(c)); }
absl::Status EmitProd(EmitCall& c) { return Reduction<ReduceOp::kProd>(c, Widened(c)); }
absl::Status EmitAmax(EmitCall& c) { return Reduction<ReduceOp::kMax>(c, c.operand(0)); }
absl::Status EmitAmin(EmitCall& c) { return Reduction<ReduceOp::kMin>(c, c.operand(0)); }
absl::Status EmitArgmax(EmitCall& c) { return Reduction<ReduceOp::kArgMax>(c, c.operand(0)); }
absl::Status EmitArgmin(EmitCall& c) { return Reduction<ReduceOp::kArgMin>(c, c.operand(0)); }
absl::Status EmitAll(EmitCall& c) {
  return Reduction<ReduceOp::kAll>(c, AsBool(c.e, c.operand(0)));
}
absl::Status EmitAny(EmitCall& c) {
  return Reduction<ReduceOp::kAny>(c, AsBool(c.e, c.operand(0)));
}

absl::Status EmitCountNonzero(EmitCall& c) {
  c.results = {c.e.Reduce(ReduceOp::kSum, c.e.Cast(AsBool(c.e, c.operand(0)), DType::kI64))};
  return absl::OkStatus();
}

absl::Status EmitMean(EmitCall& c) {
  c.results = {Mean(c, c.operand(0))};
  return absl::OkStatus();
}

absl::Status EmitVar(EmitCall& c) {
  c.results = {Variance(c, Mean(c, c.operand(0)))};
  return absl::OkStatus();
}

absl::Status EmitStd(EmitCall& c) {
  c.results = {c.e.Map(ScalarOp::sqrt, {Variance(c, Mean(c, c.operand(0)))})};
  return absl::OkStatus();
}

absl::Status EmitVarMean(EmitCall& c) {
  const Value mean = Mean(c, c.operand(0));
  c.results = {Variance(c, mean), mean};
  return absl::OkStatus();
}

// log(sum(exp(x - m))) + m with the largest (real part) m, which keeps exp from
// overflowing; an infinite m is not subtracted from itself.
absl::Status EmitLogSumExp(EmitCall& c) {
  Emitter& e = c.e;
  const Value x = Widened(c);
  const DType d = e.dtype(x);
  const Value real = IsComplex(d) ? e.Map(ScalarOp::real, {x}) : x;
  const Value max = e.Reduce(ReduceOp::kMax, real);
  const Value finite = e.Map(ScalarOp::isfinite, {max});
  const Value shift =
      e.Cast(e.Map(ScalarOp::select, {finite, max, e.Constant(e.dtype(real), 0)}), d);
  const Value power = e.Map(ScalarOp::exp, {e.Map(ScalarOp::sub, {x, shift})});
  const Value log = e.Map(ScalarOp::log, {e.Reduce(ReduceOp::kSum, power)});
  c.results = {e.Map(ScalarOp::add, {log, shift})};
  return absl::OkStatus();
}

absl::Status EmitSoftmax(EmitCall& c) {
  Emitter& e = c.e;
  const Value x = Widened(c);
  const Value shifted = e.Map(ScalarOp::sub, {x, e.Reduce(ReduceOp::kMax, x)});
  const Value power = e.Map(ScalarOp::exp, {shifted});
  c.results = {e.Map(ScalarOp::div, {power, e.Reduce(ReduceOp::kSum, power)})};
  return absl::OkStatus();
}

absl::Status EmitLogSoftmax(EmitCall& c) {
  Emitter& e = c.e;
  const Value x = Widened(c);
  const Value shifted = e.Map(ScalarOp::sub, {x, e.Reduce(ReduceOp::kMax, x)});
  const Value sum = e.Reduce(ReduceOp::kSum, e.Map(ScalarOp::exp, {shifted}));
  c.results = {e.Map(ScalarOp::sub, {shifted, e.Map(ScalarOp::log, {sum})})};
  return absl::OkStatus();
}

namespace {

Value SumOfSquares(EmitCall& c, Value x) {
  return c.e.Reduce(ReduceOp::kSum, SquaredMagnitude(c.e, x));
}

// The largest |x|, or of the parts of complex numbers; 1 where that cannot divide.
Value Scale(EmitCall& c, Value x) {
  Emitter& e = c.e;
  Value magnitude = x;
  if (IsComplex(e.dtype(x))) {
    magnitude = e.Map(ScalarOp::maximum, {e.Map(ScalarOp::abs, {e.Map(ScalarOp::real, {x})}),
                                          e.Map(ScalarOp::abs, {e.Map(ScalarOp::imag, {x})})});
  } else {
    magnitude = e.Map(ScalarOp::abs, {x});
  }
  const Value largest = e.Reduce(ReduceOp::kMax, magnitude);
  const DType d = e.dtype(largest);
  const Value usable = e.Map(
      ScalarOp::logical_and,
      {e.Map(ScalarOp::isfinite, {largest}), e.Map(ScalarOp::gt, {largest, e.Constant(d, 0)})});
  return e.Map(ScalarOp::select, {usable, largest, e.Constant(d, 1)});
}

// Squares of f32 neither overflow nor vanish in f64, which saves a pass over the
// elements; those of f64 are scaled by the largest element.
Value EuclideanNorm(EmitCall& c) {
  Emitter& e = c.e;
  const Value x = c.operand(0);
  const DType d = e.dtype(x);
  const DType real = RealDType(d);
  if (real == DType::kF32) {
    const Value wide = e.Cast(x, IsComplex(d) ? DType::kC128 : DType::kF64);
    return e.Cast(e.Map(ScalarOp::sqrt, {SumOfSquares(c, wide)}), DType::kF32);
  }
  const Value scale = Scale(c, x);
  // Part by part: dividing a complex infinity by a real number makes a NaN.
  const auto squares = [&](Value part) {
    return SumOfSquares(c, e.Map(ScalarOp::div, {part, scale}));
  };
  const Value sum = IsComplex(d) ? e.Map(ScalarOp::add, {squares(e.Map(ScalarOp::real, {x})),
                                                         squares(e.Map(ScalarOp::imag, {x}))})
                                 : squares(x);
  return e.Map(ScalarOp::mul, {e.Map(ScalarOp::sqrt, {sum}), scale});
}

absl::Status EmitVectorNormOfOrder(EmitCall& c, double order) {
  Emitter& e = c.e;
  const Value x = c.operand(0);
  const DType real = RealDType(e.dtype(x));
  if (order == 2) {
    c.results = {EuclideanNorm(c)};
    return absl::OkStatus();
  }
  if (order == 0) {
    const Value ones = e.Cast(AsBool(e, x), DType::kI64);
    c.results = {e.Cast(e.Reduce(ReduceOp::kSum, ones), real)};
    return absl::OkStatus();
  }
  const Value magnitude = e.Map(ScalarOp::abs, {x});
  if (std::isinf(order)) {
    c.results = {e.Reduce(order > 0 ? ReduceOp::kMax : ReduceOp::kMin, magnitude)};
  } else if (order == 1) {
    c.results = {e.Reduce(ReduceOp::kSum, magnitude)};
  } else {
    const Value power = e.Map(ScalarOp::pow, {magnitude, e.Constant(real, order)});
    c.results = {
        e.Map(ScalarOp::pow, {e.Reduce(ReduceOp::kSum, power), e.Constant(real, 1 / order)})};
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status EmitVectorNorm(EmitCall& c) {
  return EmitVectorNormOfOrder(c, c.attributes.Get<double>("ord"));
}

// Matrix norms but the Frobenius norm reduce twice, over different dimensions.
absl::Status EmitNorm(EmitCall& c) {
  const double* order = c.attributes.Find<double>("ord");
  if (order == nullptr) return EmitVectorNormOfOrder(c, 2);
  if (c.num_reduced_dims != 1) return absl::InvalidArgumentError("a matrix norm is not one loop");
  return EmitVectorNormOfOrder(c, *order);
}

}  // namespace otium::region
