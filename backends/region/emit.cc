// SPDX-License-Identifier: Apache-2.0
#include "backends/region/emit.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "backends/region/scalar_math.h"
#include "engine/base/hash.h"

namespace otium::region {

DType ComputeDType(DType dtype) {
  return dtype == DType::kF16 || dtype == DType::kBF16 ? DType::kF32 : dtype;
}

namespace {

bool GivesBool(ScalarOp op) {
  switch (op) {
    case ScalarOp::isnan:
    case ScalarOp::isinf:
    case ScalarOp::isfinite:
    case ScalarOp::eq:
    case ScalarOp::ne:
    case ScalarOp::lt:
    case ScalarOp::le:
    case ScalarOp::gt:
    case ScalarOp::ge:
    case ScalarOp::logical_and:
    case ScalarOp::logical_or: return true;
    default: return false;
  }
}

bool GivesReal(ScalarOp op) {
  return op == ScalarOp::abs || op == ScalarOp::real || op == ScalarOp::imag ||
         op == ScalarOp::angle;
}

uint64_t HashOf(const Instruction& i) {
  Hasher h;
  h.Add(static_cast<uint64_t>(i.kind)).Add(static_cast<uint64_t>(i.op));
  h.Add(static_cast<uint64_t>(i.reduce)).Add(static_cast<uint64_t>(i.dtype));
  h.Add(static_cast<uint64_t>(i.level)).Add(uint64_t{i.input});
  for (int8_t d : i.map) h.Add(static_cast<uint64_t>(d + 1));
  h.Add(i.constant.real()).Add(i.constant.imag()).Add(static_cast<uint64_t>(i.integer));
  for (uint16_t v : i.operands) h.Add(uint64_t{v});
  return h.Finish().low;
}

// Equal bits: NaN is itself, and -0.0 is not 0.0.
bool Same(const Instruction& a, const Instruction& b) {
  auto bits = [](const Instruction& i) {
    return std::make_pair(std::bit_cast<uint64_t>(i.constant.real()),
                          std::bit_cast<uint64_t>(i.constant.imag()));
  };
  return a.kind == b.kind && a.op == b.op && a.reduce == b.reduce && a.dtype == b.dtype &&
         a.level == b.level && a.stage == b.stage && a.input == b.input && a.map == b.map &&
         bits(a) == bits(b) && a.integer == b.integer && a.operands == b.operands;
}

}  // namespace

Value Emitter::Add(Instruction instruction) {
  std::vector<Value>& bucket = by_hash_[HashOf(instruction)];
  for (Value v : bucket) {
    if (Same(program_->code[v], instruction)) return v;
  }
  const auto value = static_cast<Value>(program_->code.size());
  program_->code.push_back(std::move(instruction));
  bucket.push_back(value);
  return value;
}

Value Emitter::Load(int input, IndexMap map) {
  Level level = Level::kUniform;
  for (int d = 0; d < program_->rank(); ++d) {
    if (map[d] == kBroadcast) continue;
    const bool row = program_->has_reduction && !program_->IsReduced(d);
    level = std::max(level, row ? Level::kRow : Level::kElement);
  }
  Instruction i{.kind = InstructionKind::kLoad,
                .dtype = ComputeDType(program_->inputs[input].dtype),
                .level = level,
                .input = static_cast<uint16_t>(input),
                .map = std::move(map)};
  return Add(std::move(i));
}

Value Emitter::Constant(DType dtype, std::complex<double> value) {
  Instruction i{.kind = InstructionKind::kConstant, .dtype = dtype, .level = Level::kUniform};
  // As the dtype holds it: a cast to f64 must not bring back what f32 has not.
  if (RealDType(dtype) == DType::kF32) i.constant = RoundToC64(value);
  else if (IsInexact(dtype)) i.constant = value;
  else i.integer = static_cast<int64_t>(value.real());
  return Add(std::move(i));
}

Value Emitter::Integer(DType dtype, int64_t value) {
  if (IsInexact(dtype)) return Constant(dtype, static_cast<double>(value));
  return Add({.kind = InstructionKind::kConstant,
              .dtype = dtype,
              .level = Level::kUniform,
              .integer = dtype == DType::kI32 ? static_cast<int32_t>(value) : value});
}

Value Emitter::Map(ScalarOp op, std::initializer_list<Value> operands) {
  const DType last = dtype(*(operands.end() - 1));
  Instruction i{.kind = InstructionKind::kMap,
                .op = op,
                .dtype = GivesBool(op)   ? DType::kBool
                         : GivesReal(op) ? RealDType(last)
                                         : last,
                .level = Level::kUniform};
  for (Value v : operands) {
    i.level = std::max(i.level, program_->code[v].level);
    i.stage = std::max(i.stage, program_->code[v].stage);
    i.operands.push_back(v);
  }
  return Add(std::move(i));
}

Value Emitter::Cast(Value x, DType to) {
  const Instruction& from = program_->code[x];
  const DType compute = ComputeDType(to);
  Value y = x;
  if (from.dtype != compute) {
    const bool exact = !IsInexact(from.dtype);
    if (from.kind == InstructionKind::kConstant && compute != DType::kBool && exact) {
      y = Integer(compute, from.integer);
    } else if (from.kind == InstructionKind::kConstant && IsInexact(compute) &&
               Category(from.dtype) <= Category(compute)) {
      y = Constant(compute, from.constant);
    } else {
      y = Add({.kind = InstructionKind::kMap,
               .op = ScalarOp::cast,
               .dtype = compute,
               .level = from.level,
               .stage = from.stage,
               .operands = {x}});
    }
  }
  return Round(y, to);
}

Value Emitter::Round(Value x, DType to) {
  if (to == DType::kF16) return Map(ScalarOp::round_f16, {x});
  if (to == DType::kBF16) return Map(ScalarOp::round_bf16, {x});
  return x;
}

Value Emitter::Raise(Value x, Level level) {
  const Instruction& from = program_->code[x];
  if (from.level >= level) return x;
  return Add({.kind = InstructionKind::kMap,
              .op = ScalarOp::copy,
              .dtype = from.dtype,
              .level = level,
              .stage = from.stage,
              .operands = {x}});
}

Value Emitter::Reduce(ReduceOp op, Value x) {
  x = Raise(x, Level::kElement);
  const Instruction& from = program_->code[x];
  const bool index = op == ReduceOp::kArgMax || op == ReduceOp::kArgMin;
  const auto stage = static_cast<int16_t>(from.stage + 1);
  return Add({.kind = InstructionKind::kReduce,
              .reduce = op,
              .dtype = index ? DType::kI64 : from.dtype,
              .level = Level::kRow,
              .stage = stage,
              .operands = {x}});
}

void RemoveUnused(LoopProgram* program) {
  std::vector<bool> used(program->code.size(), false);
  for (const LoopResult& r : program->results) used[r.value] = true;
  for (size_t v = program->code.size(); v-- > 0;) {
    if (!used[v]) continue;
    for (Value operand : program->code[v].operands) used[operand] = true;
  }
  std::vector<Value> renamed(program->code.size(), 0);
  size_t kept = 0;
  program->num_stages = 1;
  for (size_t v = 0; v < program->code.size(); ++v) {
    if (!used[v]) continue;
    Instruction instruction = program->code[v];
    for (Value& operand : instruction.operands) operand = renamed[operand];
    // A reduction is there one stage after the loop that makes it.
    const int loop = instruction.stage - (instruction.kind == InstructionKind::kReduce);
    if (instruction.level == Level::kElement || instruction.kind == InstructionKind::kReduce) {
      program->num_stages = std::max(program->num_stages, loop + 1);
    }
    renamed[v] = static_cast<Value>(kept);
    program->code[kept++] = instruction;
  }
  program->code.resize(kept);
  for (LoopResult& r : program->results) r.value = renamed[r.value];
}

}  // namespace otium::region
