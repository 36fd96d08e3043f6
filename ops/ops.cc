// SPDX-License-Identifier: Apache-2.0
//
// The table of ops, made of ops.inc and of the OpDefs of the family files.

#include <array>

#include "absl/container/flat_hash_map.h"
#include "ops/op.h"

namespace otium {

#define OTIUM_OP(name) extern const OpDef kOpDef_##name;
#include "ops/ops.inc"
#undef OTIUM_OP

namespace {

struct OpTable {
  std::array<OpDef, kNumOps> defs;
  std::array<const OpDef*, kNumOps> pointers;
  absl::flat_hash_map<absl::string_view, const OpDef*> by_name;

  OpTable() {
#define OTIUM_OP(op_name)                                 \
  defs[static_cast<int>(Op::op_name)] = kOpDef_##op_name; \
  defs[static_cast<int>(Op::op_name)].id = Op::op_name;   \
  defs[static_cast<int>(Op::op_name)].name = #op_name;
#include "ops/ops.inc"
#undef OTIUM_OP
    for (int i = 0; i < kNumOps; ++i) {
      pointers[i] = &defs[i];
      by_name[defs[i].name] = &defs[i];
    }
  }
};

const OpTable& Table() {
  static const auto* table = new OpTable;
  return *table;
}

}  // namespace

int OpDef::num_operand_params() const {
  int n = 0;
  for (const ParamDef& p : params) n += IsOperand(p.kind);
  return n;
}

int OpDef::AttributeIndex(absl::string_view attribute) const {
  int index = 0;
  for (const ParamDef& p : params) {
    if (IsOperand(p.kind)) continue;
    if (p.name == attribute) return index;
    ++index;
  }
  return -1;
}

double FlopsOf(const OpCall& call, absl::Span<const TensorType> results) {
  if (call.op.flops != nullptr) return call.op.flops(call, results);
  return results.empty() ? 0 : static_cast<double>(results[0].shape.NumElements());
}

const OpDef& GetOp(Op op) { return Table().defs[static_cast<int>(op)]; }

const OpDef* FindOp(absl::string_view name) {
  auto it = Table().by_name.find(name);
  return it == Table().by_name.end() ? nullptr : it->second;
}

absl::Span<const OpDef* const> AllOps() { return Table().pointers; }

}  // namespace otium
