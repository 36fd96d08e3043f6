// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/solve_call.h"

namespace otium::cpu {

SolveCall::SolveCall(const KernelCall& call)
    : a(call.operands[0]),
      b(call.operands[1]),
      x(call.results[0]),
      info(call, 1),
      left(call.attributes.Get<bool>("left")),
      n(a.sizes.back()) {
  if (x.rank() < a.rank()) tail = 1;
  if (tail == 2) columns = b.sizes[b.sizes.size() - (left ? 1 : 2)];
}

absl::Span<const int64_t> SolveCall::BatchSizes() const {
  return absl::MakeConstSpan(x.sizes).first(x.sizes.size() - tail);
}

}  // namespace otium::cpu
