// SPDX-License-Identifier: Apache-2.0
//
// What lower.cc and lower_ops.cc share: making instructions, and the table that
// says of which instructions each op is made.

#ifndef OTIUM_BACKENDS_REGION_EMIT_H_
#define OTIUM_BACKENDS_REGION_EMIT_H_

#include <initializer_list>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "backends/region/loop_program.h"
#include "backends/region/lower.h"

namespace otium::region {

using Value = uint16_t;

// f32 for f16 and bf16, others themselves.
DType ComputeDType(DType dtype);

// Adds instructions to a program whose space is known; equal ones are one.
class Emitter {
 public:
  explicit Emitter(LoopProgram* program) : program_(program) {}

  Value Load(int input, IndexMap map);
  Value Constant(DType dtype, std::complex<double> value);
  Value Integer(DType dtype, int64_t value);
  // The result has the dtype of the last operand, its real dtype (abs, real,
  // imag, angle) or bool (comparisons, predicates).
  Value Map(ScalarOp op, std::initializer_list<Value> operands);
  // As `dtype` computes: a cast to f16 is rounded to it.
  Value Cast(Value x, DType dtype);
  Value Reduce(ReduceOp op, Value x);
  // `x` at a level that is not lower than `level`.
  Value Raise(Value x, Level level);
  // Rounds what was computed in f32 for f16 and bf16.
  Value Round(Value x, DType dtype);

  DType dtype(Value v) const { return program_->code[v].dtype; }
  const Instruction& instruction(Value v) const { return program_->code[v]; }
  LoopProgram& program() { return *program_; }
  // Programs of more instructions are refused.
  bool TooLong() const { return program_->code.size() > 8192; }

 private:
  Value Add(Instruction instruction);

  LoopProgram* program_;
  absl::flat_hash_map<uint64_t, std::vector<Value>> by_hash_;
};

// Drops instructions that no result needs, and counts the stages of the others.
void RemoveUnused(LoopProgram* program);

// One application of an op: operands lowered, at the element (or for users of
// reductions, row) that is computed.
struct EmitCall {
  Emitter& e;
  const OpDef& op;
  const Attributes& attributes;
  absl::Span<const Value> operands;  // kNoOperand where missing.
  absl::Span<const DType> dtypes;    // Of the results, in memory.
  std::vector<Value> results;        // To be filled in, not yet rounded.
  int num_reduced_dims = 0;          // Those of size 1 too.

  static constexpr Value kNoOperand = 0xffff;
  Value operand(int i) const { return operands[i]; }
  bool Has(size_t i) const { return i < operands.size() && operands[i] != kNoOperand; }
  double count() const { return static_cast<double>(e.program().ReducedSize()); }
};

struct OpLowering {
  Role role = Role::kNone;
  absl::Status (*emit)(EmitCall& call) = nullptr;  // Null for kView.
};
const OpLowering& LoweringOf(Op op);

// lower_reductions.cc
absl::Status EmitSum(EmitCall& c);
absl::Status EmitProd(EmitCall& c);
absl::Status EmitMean(EmitCall& c);
absl::Status EmitVar(EmitCall& c);
absl::Status EmitStd(EmitCall& c);
absl::Status EmitVarMean(EmitCall& c);
absl::Status EmitAmax(EmitCall& c);
absl::Status EmitAmin(EmitCall& c);
absl::Status EmitArgmax(EmitCall& c);
absl::Status EmitArgmin(EmitCall& c);
absl::Status EmitAll(EmitCall& c);
absl::Status EmitAny(EmitCall& c);
absl::Status EmitCountNonzero(EmitCall& c);
absl::Status EmitLogSumExp(EmitCall& c);
absl::Status EmitVectorNorm(EmitCall& c);
absl::Status EmitNorm(EmitCall& c);
absl::Status EmitSoftmax(EmitCall& c);
absl::Status EmitLogSoftmax(EmitCall& c);
Value AsBool(Emitter& e, Value x);

}  // namespace otium::region

#endif  // OTIUM_BACKENDS_REGION_EMIT_H_
