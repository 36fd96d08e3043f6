// SPDX-License-Identifier: Apache-2.0
//
// cat and stack: each operand copied to its place in the result, by the tape of a
// copy.

#include <memory>
#include <utility>
#include <vector>

#include "backends/cpu/prepare.h"
#include "backends/cpu/tape.h"
#include "backends/region/lower.h"
#include "ops/infer.h"

namespace otium::cpu {
namespace {

struct Part {
  std::shared_ptr<const Tape> copy;  // Null for an operand without elements.
  int64_t begin = 0;                 // Along the joined dimension of the result.
};
struct JoinState {
  std::vector<Part> parts;
  int dim = 0;
  int rank = 0;        // Of the result.
  int64_t item = 0;
  bool is_new = false;  // stack: operands lack the dimension.
};

void LaunchJoin(const LaunchArgs& args) {
  const auto& s = *static_cast<const JoinState*>(args.state);
  const View& result = args.results[0];
  Sizes sizes(result.sizes, result.sizes + s.rank);
  Sizes strides(result.strides, result.strides + s.rank);
  if (s.is_new) {
    sizes.erase(sizes.begin() + s.dim);
    strides.erase(strides.begin() + s.dim);
  }
  for (size_t i = 0; i < s.parts.size(); ++i) {
    if (s.parts[i].copy == nullptr) continue;
    const int64_t offset = s.parts[i].begin * result.strides[s.dim] * s.item;
    const View to{result.as<char>() + offset, args.operands[i].sizes, strides.data()};
    RunTape(*s.parts[i].copy, &args.operands[i], &to);
  }
}

}  // namespace

Prepared PrepareJoin(const KernelCall& call) {
  auto state = std::make_shared<JoinState>();
  const PhysicalType& result = call.results[0];
  state->is_new = call.op.id == Op::stack;
  state->rank = result.rank();
  state->dim = *NormalizeDim(call.attributes.Get<int64_t>("dim"), result.rank());
  state->item = ItemSize(result.dtype);
  int64_t begin = 0;
  for (const PhysicalType& p : call.operands) {
    Part part;
    part.begin = begin;
    begin += state->is_new ? 1 : p.sizes[state->dim];
    if (p.NumElements() > 0) {
      const TensorType type(p.dtype, Shape(absl::MakeConstSpan(p.sizes)));
      const TensorType* const operand = &type;
      part.copy = *CompileTape(*region::LowerOp(GetOp(Op::clone), Attributes(), {&operand, 1}, {&type, 1}));
    }
    state->parts.push_back(std::move(part));
  }
  return {LaunchJoin, std::move(state), 0};
}

}  // namespace otium::cpu
