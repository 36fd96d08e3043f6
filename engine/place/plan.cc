// SPDX-License-Identifier: Apache-2.0
#include "engine/place/plan.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace otium {
namespace {

std::string OperandText(const Plan& plan, OperandId id) {
  if (id < 0) return "-";
  const PlanOperand& o = plan.operands[id];
  const PlanBuffer& b = plan.buffers[o.buffer];
  std::string where;
  switch (b.kind) {
    case BufferKind::kInput:
      where = absl::StrCat("input ", plan.graph->inputs()[b.index].name);
      break;
    case BufferKind::kConstant: where = absl::StrCat("constant ", b.index); break;
    case BufferKind::kArena:
      if (b.device.kind != DeviceKind::kCpu) where = absl::StrCat(DeviceToString(b.device), " ");
      absl::StrAppend(&where, "arena+", b.offset);
      break;
    case BufferKind::kResult: where = absl::StrCat("result ", o.buffer); break;
  }
  if (o.offset != 0) absl::StrAppend(&where, "[", o.offset, "]");
  return absl::StrCat(where, ":", DTypeName(o.type.dtype), "[", absl::StrJoin(o.type.sizes, ","),
                      "]/[", absl::StrJoin(o.type.strides, ","), "]", o.type.conjugated ? "*" : "");
}

}  // namespace

double Plan::EstimatedSeconds() const {
  double seconds = 0;
  for (const PlanStep& s : steps) seconds += s.estimate.seconds;
  return seconds;
}

std::string Plan::ToString() const {
  std::string text;
  for (size_t i = 0; i < steps.size(); ++i) {
    const PlanStep& s = steps[i];
    absl::StrAppend(&text, i, ": ", s.op->name, " ", s.kernel.name);
    for (const StepKernel& k : s.alternatives) absl::StrAppend(&text, " else ", k.name);
    absl::StrAppend(&text, " on ", DeviceToString(s.device), " (");
    for (int a = 0; a < s.num_operands; ++a) {
      absl::StrAppend(&text, a == 0 ? "" : ", ", OperandText(*this, args[s.first_arg + a]));
    }
    absl::StrAppend(&text, ") ->");
    for (int r = 0; r < s.num_results; ++r) {
      absl::StrAppend(&text, " ", OperandText(*this, args[s.first_arg + s.num_operands + r]));
    }
    absl::StrAppend(&text, "\n");
  }
  for (const PlanOutput& o : outputs) {
    absl::StrAppend(&text, "output ", o.name, " = ", OperandText(*this, o.operand), "\n");
  }
  if (continuation.has_value()) {
    absl::StrAppend(&text, "then, when its sizes are known: ", continuation->rest->num_nodes(),
                    " nodes\n");
  }
  for (const Arena& a : arenas) {
    if (a.device.kind == DeviceKind::kCpu) continue;
    absl::StrAppend(&text, "arena of ", DeviceToString(a.device), ": ", a.bytes, " bytes\n");
  }
  absl::StrAppend(&text, "peak ", peak_bytes, " bytes\n");
  return text;
}

}  // namespace otium
