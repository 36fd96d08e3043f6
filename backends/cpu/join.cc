// SPDX-License-Identifier: Apache-2.0
//
// cat and stack: each operand copied to its place in the result, by the kernel of
// a copy. Operands that lie alike share one: a cat of thousands prepares few.

#include <memory>
#include <utility>
#include <vector>

#include "backends/cpu/prepare.h"
#include "ops/infer.h"

namespace otium::cpu {
namespace {

struct Part {
  Prepared copy;      // No launch function: an operand without elements.
  int64_t begin = 0;  // Along the joined dimension of the result.
};
struct JoinState {
  std::vector<Part> parts;
  int dim = 0;
  int64_t item = 0;
  Sizes strides;  // Of each part in the result, which lies as planned.
};

void LaunchJoin(const LaunchArgs& args) {
  const auto& s = *static_cast<const JoinState*>(args.state);
  const View& result = args.results[0];
  for (size_t i = 0; i < s.parts.size(); ++i) {
    const Prepared& copy = s.parts[i].copy;
    if (copy.launch == nullptr) continue;
    const int64_t offset = s.parts[i].begin * result.strides[s.dim] * s.item;
    const View to{result.as<char>() + offset, args.operands[i].sizes, s.strides.data()};
    LaunchArgs part = args;
    part.state = copy.state.get();
    part.operands = &args.operands[i];
    part.results = &to;
    copy.launch(part);
  }
}

}  // namespace

Prepared PrepareJoin(const KernelCall& call) {
  auto state = std::make_shared<JoinState>();
  const PhysicalType& result = call.results[0];
  const bool is_new = call.op.id == Op::stack;  // Operands lack the dimension.
  state->dim = *NormalizeDim(call.attributes.Get<int64_t>("dim"), result.rank());
  state->item = ItemSize(result.dtype);
  state->strides = result.strides;
  if (is_new) state->strides.erase(state->strides.begin() + state->dim);
  const Attributes none;
  int64_t begin = 0;
  for (const PhysicalType& p : call.operands) {
    Part& part = state->parts.emplace_back();
    part.begin = begin;
    if (p.NumElements() == 0) continue;  // Of any rank; else all are empty.
    begin += is_new ? 1 : p.sizes[state->dim];
    const PhysicalType to{.dtype = p.dtype, .sizes = p.sizes, .strides = state->strides};
    part.copy = PrepareTape({GetOp(Op::clone), none, {&p, 1}, {&to, 1}, call.math});
  }
  return {LaunchJoin, std::move(state), 0};
}

}  // namespace otium::cpu
