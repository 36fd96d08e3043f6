// SPDX-License-Identifier: Apache-2.0
#include "backends/region/interpret.h"

#include <cmath>
#include <complex>
#include <limits>
#include <vector>

#include "backends/complex_math.h"
#include "backends/region/scalar_math.h"
#include "engine/base/half.h"

namespace otium::region {
namespace {

// A value of any dtype: bools and integers are `integer`, all others `number`.
struct Wide {
  std::complex<double> number = 0;
  int64_t integer = 0;

  double re() const { return number.real(); }
};

Wide FromInteger(int64_t i) { return {.integer = i}; }
Wide FromNumber(std::complex<double> x) { return {.number = x}; }

Wide LoadWide(DType dtype, const void* data, int64_t offset) {
  return DispatchDType(dtype, [&]<class Tag>(Tag) -> Wide {
    using T = typename Tag::type;
    const T& x = static_cast<const T*>(data)[offset];
    if constexpr (std::is_integral_v<T>) {
      return FromInteger(x);
    } else if constexpr (sizeof(T) == 2) {
      return FromNumber(static_cast<double>(static_cast<float>(x)));
    } else {
      return FromNumber(std::complex<double>(x));
    }
  });
}

void StoreWide(DType dtype, const Wide& x, void* data, int64_t offset) {
  DispatchDType(dtype, [&]<class Tag>(Tag) {
    using T = typename Tag::type;
    T& to = static_cast<T*>(data)[offset];
    if constexpr (std::is_integral_v<T>) to = static_cast<T>(x.integer);
    else if constexpr (sizeof(T) == 2) to = T(static_cast<float>(x.re()));
    else if constexpr (std::is_floating_point_v<T>) to = static_cast<T>(x.re());
    else to = T(x.number);
  });
}

Wide RoundTo(DType dtype, Wide x) {
  switch (dtype) {
    case DType::kBool: x.integer = x.integer != 0; break;
    case DType::kI32: x.integer = static_cast<int32_t>(x.integer); break;
    case DType::kF32: x.number = static_cast<float>(x.re()); break;
    case DType::kF64: x.number = x.re(); break;
    case DType::kC64: x.number = RoundToC64(x.number); break;
    case DType::kI64:
    case DType::kF16:
    case DType::kBF16:
    case DType::kC128: break;
  }
  return x;
}

uint64_t Bits(int64_t x) { return static_cast<uint64_t>(x); }

Wide MapInteger(ScalarOp op, const Wide* x) {
  const int64_t a = x[0].integer, b = x[1].integer;
  switch (op) {
    case ScalarOp::copy: return FromInteger(a);
    case ScalarOp::neg: return FromInteger(static_cast<int64_t>(0 - Bits(a)));
    case ScalarOp::sign: return FromInteger((a > 0) - (a < 0));
    case ScalarOp::relu: return FromInteger(a < 0 ? 0 : a);
    case ScalarOp::abs: return FromInteger(a < 0 ? static_cast<int64_t>(0 - Bits(a)) : a);
    case ScalarOp::add: return FromInteger(static_cast<int64_t>(Bits(a) + Bits(b)));
    case ScalarOp::sub: return FromInteger(static_cast<int64_t>(Bits(a) - Bits(b)));
    case ScalarOp::mul: return FromInteger(static_cast<int64_t>(Bits(a) * Bits(b)));
    case ScalarOp::pow: return FromInteger(IntegerPower(a, b));
    case ScalarOp::floor_divide: return FromInteger(IntegerFloorQuotient(a, b));
    case ScalarOp::remainder: return FromInteger(IntegerFloorRemainder(a, b));
    case ScalarOp::fmod: return FromInteger(IntegerRemainder(a, b));
    case ScalarOp::minimum: return FromInteger(std::min(a, b));
    case ScalarOp::maximum: return FromInteger(std::max(a, b));
    case ScalarOp::eq: return FromInteger(a == b);
    case ScalarOp::ne: return FromInteger(a != b);
    case ScalarOp::lt: return FromInteger(a < b);
    case ScalarOp::le: return FromInteger(a <= b);
    case ScalarOp::gt: return FromInteger(a > b);
    case ScalarOp::ge: return FromInteger(a >= b);
    case ScalarOp::logical_and: return FromInteger(a != 0 && b != 0);
    case ScalarOp::logical_or: return FromInteger(a != 0 || b != 0);
    default: return FromInteger(a);  // Rounding and parts of integers are themselves.
  }
}

Wide MapReal(ScalarOp op, double a, double b) {
  const bool nan = std::isnan(a) || std::isnan(b);
  switch (op) {
    case ScalarOp::copy:
    case ScalarOp::conj:
    case ScalarOp::real: return FromNumber(a);
    case ScalarOp::imag: return FromNumber(0);
    case ScalarOp::neg: return FromNumber(-a);
    case ScalarOp::sign: return FromNumber((a > 0) - (a < 0));
    case ScalarOp::relu: return FromNumber(a < 0 ? 0 : a);
    case ScalarOp::sqrt: return FromNumber(std::sqrt(a));
    case ScalarOp::reciprocal: return FromNumber(1 / a);
    case ScalarOp::exp: return FromNumber(std::exp(a));
    case ScalarOp::expm1: return FromNumber(std::expm1(a));
    case ScalarOp::log: return FromNumber(std::log(a));
    case ScalarOp::log1p: return FromNumber(std::log1p(a));
    case ScalarOp::sin: return FromNumber(std::sin(a));
    case ScalarOp::cos: return FromNumber(std::cos(a));
    case ScalarOp::tan: return FromNumber(std::tan(a));
    case ScalarOp::tanh: return FromNumber(std::tanh(a));
    case ScalarOp::erf: return FromNumber(std::erf(a));
    case ScalarOp::erfc: return FromNumber(std::erfc(a));
    case ScalarOp::floor: return FromNumber(std::floor(a));
    case ScalarOp::ceil: return FromNumber(std::ceil(a));
    case ScalarOp::round: return FromNumber(std::nearbyint(a));
    case ScalarOp::round_f16:
      return FromNumber(static_cast<double>(static_cast<float>(Float16(static_cast<float>(a)))));
    case ScalarOp::round_bf16:
      return FromNumber(static_cast<double>(static_cast<float>(BFloat16(static_cast<float>(a)))));
    case ScalarOp::abs: return FromNumber(std::fabs(a));
    case ScalarOp::angle: return FromNumber(nan ? a : a < 0 ? M_PI : 0.0);
    case ScalarOp::isnan: return FromInteger(std::isnan(a));
    case ScalarOp::isinf: return FromInteger(std::isinf(a));
    case ScalarOp::isfinite: return FromInteger(std::isfinite(a));
    case ScalarOp::add: return FromNumber(a + b);
    case ScalarOp::sub: return FromNumber(a - b);
    case ScalarOp::mul: return FromNumber(a * b);
    case ScalarOp::div: return FromNumber(a / b);
    case ScalarOp::pow: return FromNumber(std::pow(a, b));
    case ScalarOp::floor_divide: return FromNumber(FloorQuotient(a, b));
    case ScalarOp::remainder: return FromNumber(FloorRemainder(a, b));
    case ScalarOp::fmod: return FromNumber(std::fmod(a, b));
    case ScalarOp::atan2: return FromNumber(std::atan2(a, b));
    case ScalarOp::minimum: return FromNumber(nan ? a + b : std::min(a, b));
    case ScalarOp::maximum: return FromNumber(nan ? a + b : std::max(a, b));
    case ScalarOp::eq: return FromInteger(a == b);
    case ScalarOp::ne: return FromInteger(a != b);
    case ScalarOp::lt: return FromInteger(a < b);
    case ScalarOp::le: return FromInteger(a <= b);
    case ScalarOp::gt: return FromInteger(a > b);
    case ScalarOp::ge: return FromInteger(a >= b);
    case ScalarOp::logical_and: return FromInteger(a != 0 && b != 0);
    case ScalarOp::logical_or: return FromInteger(a != 0 || b != 0);
    case ScalarOp::cast:
    case ScalarOp::select: break;  // Not of one dtype; done before.
  }
  return FromNumber(a);
}

Wide MapComplex(ScalarOp op, std::complex<double> a, std::complex<double> b) {
  switch (op) {
    case ScalarOp::conj: return FromNumber(std::conj(a));
    case ScalarOp::neg: return FromNumber(-a);
    case ScalarOp::sqrt: return FromNumber(std::sqrt(a));
    case ScalarOp::reciprocal: return FromNumber(ComplexQuotient(1, a));
    case ScalarOp::exp: return FromNumber(std::exp(a));
    case ScalarOp::expm1: return FromNumber(ComplexExpm1(a));
    case ScalarOp::log: return FromNumber(std::log(a));
    case ScalarOp::log1p: return FromNumber(ComplexLog1p(a));
    case ScalarOp::sin: return FromNumber(std::sin(a));
    case ScalarOp::cos: return FromNumber(std::cos(a));
    case ScalarOp::tan: return FromNumber(std::tan(a));
    case ScalarOp::tanh: return FromNumber(std::tanh(a));
    case ScalarOp::abs: return FromNumber(std::abs(a));
    case ScalarOp::real: return FromNumber(a.real());
    case ScalarOp::imag: return FromNumber(a.imag());
    case ScalarOp::angle: return FromNumber(std::arg(a));
    case ScalarOp::isnan: return FromInteger(std::isnan(a.real()) || std::isnan(a.imag()));
    case ScalarOp::isinf: return FromInteger(std::isinf(a.real()) || std::isinf(a.imag()));
    case ScalarOp::isfinite: return FromInteger(std::isfinite(a.real()) && std::isfinite(a.imag()));
    case ScalarOp::add: return FromNumber(a + b);
    case ScalarOp::sub: return FromNumber(a - b);
    case ScalarOp::mul: return FromNumber(ComplexProduct(a, b));
    case ScalarOp::div: return FromNumber(ComplexQuotient(a, b));
    case ScalarOp::pow: return FromNumber(ComplexPower(a, b));
    case ScalarOp::eq: return FromInteger(a == b);
    case ScalarOp::ne: return FromInteger(a != b);
    default: return FromNumber(a);  // Ordered ops are refused by their type rules.
  }
}

// Floats become integers by truncation, and INT_MIN when they do not fit.
Wide CastWide(DType from, DType to, const Wide& x) {
  if (!IsInexact(from) && !IsInexact(to)) return x;
  if (!IsInexact(from)) return FromNumber(static_cast<double>(x.integer));
  if (IsInexact(to)) return x;
  if (to == DType::kBool) return FromInteger(x.number != 0.0);
  if (to == DType::kI32) {
    const bool fits = x.re() > -2147483649.0 && x.re() < 2147483648.0;
    return FromInteger(fits ? static_cast<int64_t>(x.re()) : std::numeric_limits<int32_t>::min());
  }
  const bool fits = x.re() >= -0x1p63 && x.re() < 0x1p63;
  return FromInteger(fits ? static_cast<int64_t>(x.re()) : std::numeric_limits<int64_t>::min());
}

// A reduction under way. Sums and products are carried wide.
struct Partial {
  Wide value;
  int64_t index = -1;  // Of the best so far, for argmax and argmin.
};

Partial Start(ReduceOp op, DType dtype) {
  switch (op) {
    case ReduceOp::kSum: return {};
    case ReduceOp::kProd: return {{.number = 1, .integer = 1}};
    case ReduceOp::kAll: return {FromInteger(1)};
    case ReduceOp::kAny: return {FromInteger(0)};
    case ReduceOp::kMax:
    case ReduceOp::kMin:
    case ReduceOp::kArgMax:
    case ReduceOp::kArgMin: break;
  }
  const bool max = op == ReduceOp::kMax || op == ReduceOp::kArgMax;
  Partial p;
  p.value.number = (max ? -1 : 1) * std::numeric_limits<double>::infinity();
  if (dtype == DType::kBool) p.value.integer = !max;
  else if (dtype == DType::kI32) p.value.integer = max ? INT32_MIN : INT32_MAX;
  else p.value.integer = max ? INT64_MIN : INT64_MAX;
  return p;
}

// Whether `x` replaces `best`: NaN is the largest and the smallest.
bool Beats(bool max, DType dtype, const Wide& x, const Wide& best) {
  if (!IsInexact(dtype)) return max ? x.integer > best.integer : x.integer < best.integer;
  if (std::isnan(best.re())) return false;
  return std::isnan(x.re()) || (max ? x.re() > best.re() : x.re() < best.re());
}

void Accumulate(ReduceOp op, DType dtype, const Wide& x, int64_t index, Partial* p) {
  switch (op) {
    case ReduceOp::kSum:
      p->value.number += x.number;
      p->value.integer = static_cast<int64_t>(Bits(p->value.integer) + Bits(x.integer));
      return;
    case ReduceOp::kProd:
      p->value.number = IsComplex(dtype) ? ComplexProduct(p->value.number, x.number)
                                         : std::complex<double>(p->value.re() * x.re());
      p->value.integer = static_cast<int64_t>(Bits(p->value.integer) * Bits(x.integer));
      return;
    case ReduceOp::kAll: p->value.integer &= x.integer != 0; return;
    case ReduceOp::kAny: p->value.integer |= x.integer != 0; return;
    case ReduceOp::kMax:
    case ReduceOp::kMin:
    case ReduceOp::kArgMax:
    case ReduceOp::kArgMin: break;
  }
  const bool max = op == ReduceOp::kMax || op == ReduceOp::kArgMax;
  if (p->index < 0 || Beats(max, dtype, x, p->value)) *p = {x, index};
}

class Interpreter {
 public:
  Interpreter(const LoopProgram& program, absl::Span<const View> inputs,
              absl::Span<const View> results)
      : p_(program),
        inputs_(inputs),
        results_(results),
        values_(program.code.size()),
        index_(program.rank(), 0) {}

  void Run() {
    std::vector<int> kept, reduced;
    for (int d = 0; d < p_.rank(); ++d) (p_.IsReduced(d) ? reduced : kept).push_back(d);
    ForEach(kept, [&](int64_t) { Row(reduced); });
  }

 private:
  // All indices of the dimensions `dims`, row-major; calls f(flat index).
  template <class F>
  void ForEach(const std::vector<int>& dims, F&& f) {
    int64_t count = 1;
    for (int d : dims) count *= p_.sizes[d];
    for (int64_t i = 0; i < count; ++i) {
      int64_t rest = i;
      for (size_t k = dims.size(); k-- > 0;) {
        index_[dims[k]] = rest % p_.sizes[dims[k]];
        rest /= p_.sizes[dims[k]];
      }
      f(i);
    }
  }

  void Row(const std::vector<int>& reduced) {
    // Uniform and row values of stage s need the reductions of the loops before.
    for (int stage = 0; stage <= p_.num_stages; ++stage) {
      for (size_t v = 0; v < p_.code.size(); ++v) {
        const Instruction& i = p_.code[v];
        if (i.level == Level::kElement || i.stage != stage) continue;
        if (i.kind != InstructionKind::kReduce) values_[v] = Evaluate(i);
      }
      if (stage == p_.num_stages) break;
      ElementLoop(stage, reduced);
    }
    for (size_t r = 0; r < results_.size(); ++r) {
      if (p_.LevelOf(p_.results[r]) != Level::kElement) Store(r);
    }
  }

  void ElementLoop(int stage, const std::vector<int>& reduced) {
    std::vector<Partial> partials(p_.code.size());
    for (size_t v = 0; v < p_.code.size(); ++v) {
      if (ReducesIn(v, stage)) partials[v] = Start(p_.code[v].reduce, OperandDType(v));
    }
    ForEach(reduced, [&](int64_t flat) {
      for (size_t v = 0; v < p_.code.size(); ++v) {
        const Instruction& i = p_.code[v];
        if (ReducesIn(v, stage)) {
          Accumulate(i.reduce, OperandDType(v), values_[i.operands[0]], flat, &partials[v]);
        } else if (i.level == Level::kElement && i.stage <= stage) {
          values_[v] = Evaluate(i);
        }
      }
      if (stage + 1 < p_.num_stages) return;
      for (size_t r = 0; r < results_.size(); ++r) {
        if (p_.LevelOf(p_.results[r]) == Level::kElement) Store(r);
      }
    });
    for (size_t v = 0; v < p_.code.size(); ++v) {
      if (!ReducesIn(v, stage)) continue;
      const bool index = p_.code[v].dtype == DType::kI64 &&
                         p_.code[v].reduce >= ReduceOp::kArgMax &&
                         p_.code[v].reduce <= ReduceOp::kArgMin;
      values_[v] =
          index ? FromInteger(partials[v].index) : RoundTo(p_.code[v].dtype, partials[v].value);
    }
  }

  bool ReducesIn(size_t v, int stage) const {
    return p_.code[v].kind == InstructionKind::kReduce && p_.code[v].stage == stage + 1;
  }
  DType OperandDType(size_t v) const { return p_.code[p_.code[v].operands[0]].dtype; }

  int64_t Offset(const IndexMap& map, const View& view) const {
    int64_t offset = 0;
    for (int d = 0; d < p_.rank(); ++d) {
      if (map[d] != kBroadcast) offset += index_[d] * view.strides[map[d]];
    }
    return offset;
  }

  Wide Evaluate(const Instruction& i) const {
    switch (i.kind) {
      case InstructionKind::kLoad: {
        const View& view = inputs_[i.input];
        return LoadWide(p_.inputs[i.input].dtype, view.data, Offset(i.map, view));
      }
      case InstructionKind::kConstant:
        return RoundTo(i.dtype, {.number = i.constant, .integer = i.integer});
      case InstructionKind::kMap: return RoundTo(i.dtype, EvaluateMap(i));
      case InstructionKind::kReduce: break;
    }
    return {};
  }

  Wide EvaluateMap(const Instruction& i) const {
    Wide x[3];
    for (size_t k = 0; k < i.operands.size(); ++k) x[k] = values_[i.operands[k]];
    const DType dtype = p_.code[i.operands[0]].dtype;
    if (i.op == ScalarOp::select) return x[0].integer != 0 ? x[1] : x[2];
    if (i.op == ScalarOp::cast) return CastWide(dtype, i.dtype, x[0]);
    if (i.op == ScalarOp::copy) return x[0];
    if (!IsInexact(dtype)) return MapInteger(i.op, x);
    if (IsComplex(dtype)) return MapComplex(i.op, x[0].number, x[1].number);
    return MapReal(i.op, x[0].re(), x[1].re());
  }

  void Store(size_t r) const {
    const LoopResult& result = p_.results[r];
    StoreWide(result.dtype, values_[result.value], results_[r].data,
              Offset(result.map, results_[r]));
  }

  const LoopProgram& p_;
  absl::Span<const View> inputs_;
  absl::Span<const View> results_;
  std::vector<Wide> values_;
  std::vector<int64_t> index_;
};

}  // namespace

void Interpret(const LoopProgram& program, absl::Span<const View> inputs,
               absl::Span<const View> results) {
  Interpreter(program, inputs, results).Run();
}

}  // namespace otium::region
