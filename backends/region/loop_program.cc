// SPDX-License-Identifier: Apache-2.0
#include "backends/region/loop_program.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace otium::region {

absl::string_view ScalarOpName(ScalarOp op) {
  static constexpr absl::string_view kNames[] = {
#define OTIUM_SCALAR_OP(name, operands) #name,
#include "backends/region/scalar_ops.inc"
#undef OTIUM_SCALAR_OP
  };
  return kNames[static_cast<int>(op)];
}

int NumOperands(ScalarOp op) {
  static constexpr int8_t kOperands[] = {
#define OTIUM_SCALAR_OP(name, operands) operands,
#include "backends/region/scalar_ops.inc"
#undef OTIUM_SCALAR_OP
  };
  return kOperands[static_cast<int>(op)];
}

absl::string_view ReduceOpName(ReduceOp op) {
  switch (op) {
    case ReduceOp::kSum: return "sum";
    case ReduceOp::kProd: return "prod";
    case ReduceOp::kMax: return "max";
    case ReduceOp::kMin: return "min";
    case ReduceOp::kArgMax: return "argmax";
    case ReduceOp::kArgMin: return "argmin";
    case ReduceOp::kAll: return "all";
    case ReduceOp::kAny: return "any";
  }
  __builtin_unreachable();
}

int64_t LoopProgram::KeptSize() const {
  int64_t n = 1;
  for (int d = 0; d < rank(); ++d) n *= IsReduced(d) ? 1 : sizes[d];
  return n;
}

int64_t LoopProgram::ReducedSize() const {
  int64_t n = 1;
  for (int d = reduced_begin; d < reduced_end; ++d) n *= sizes[d];
  return n;
}

namespace {

// "in0[0, *, 1]": which dimension of the array each one of the space walks.
std::string MapText(const IndexMap& map) {
  return absl::StrCat("[",
                      absl::StrJoin(map, ", ",
                                    [](std::string* out, int8_t d) {
                                      absl::StrAppend(out, d == kBroadcast ? "*" : absl::StrCat(d));
                                    }),
                      "]");
}

std::string ConstantText(const Instruction& i) {
  if (!IsInexact(i.dtype)) return absl::StrCat(i.integer);
  std::string text = absl::StrCat(i.constant.real());
  if (IsComplex(i.dtype)) absl::StrAppend(&text, " + ", i.constant.imag(), "j");
  return text;
}

}  // namespace

std::string LoopProgram::ToString() const {
  auto sizes_text = [&](int begin, int end) {
    return absl::StrJoin(sizes.begin() + begin, sizes.begin() + end, ", ");
  };
  std::string text = absl::StrCat("loop [", sizes_text(0, reduced_begin));
  if (has_reduction) absl::StrAppend(&text, " | ", sizes_text(reduced_begin, reduced_end));
  if (!ByRows()) absl::StrAppend(&text, " | ", sizes_text(reduced_end, rank()));
  absl::StrAppend(&text, "]\n");
  for (size_t v = 0; v < code.size(); ++v) {
    const Instruction& i = code[v];
    absl::StrAppend(&text, "  %", v, " = ");
    switch (i.kind) {
      case InstructionKind::kLoad:
        absl::StrAppend(&text, "load in", i.input, MapText(i.map));
        break;
      case InstructionKind::kConstant: absl::StrAppend(&text, ConstantText(i)); break;
      case InstructionKind::kMap: absl::StrAppend(&text, ScalarOpName(i.op)); break;
      case InstructionKind::kReduce:
        absl::StrAppend(&text, "reduce ", ReduceOpName(i.reduce));
        break;
    }
    const char* separator = " ";
    for (uint16_t operand : i.operands) {
      absl::StrAppend(&text, separator, "%", operand);
      separator = ", ";
    }
    absl::StrAppend(&text, " : ", DTypeName(i.dtype));
    if (i.level == Level::kUniform) absl::StrAppend(&text, " uniform");
    if (i.level == Level::kRow) absl::StrAppend(&text, " row");
    if (i.stage > 0) absl::StrAppend(&text, ", stage ", i.stage);
    absl::StrAppend(&text, "\n");
  }
  for (size_t r = 0; r < results.size(); ++r) {
    absl::StrAppend(&text, "  out", r, MapText(results[r].map), " = %", results[r].value, " : ",
                    DTypeName(results[r].dtype), "\n");
  }
  return text;
}

uint32_t OverwritableInputs(const LoopProgram& program) {
  uint32_t inputs = ~uint32_t{0};
  for (const Instruction& i : program.code) {
    // What is one value for the nest is read before anything is written.
    if (i.kind != InstructionKind::kLoad || i.level == Level::kUniform || i.input > 31) continue;
    if (!(i.map == program.results[0].map)) inputs &= ~(1u << i.input);
  }
  return inputs;
}

}  // namespace otium::region
