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
  const absl::Span<const int64_t> of_a = a.sizes, of_b = b.sizes;
  if (of_b.size() == 1 || of_b == of_a.first(of_a.size() - 1)) tail = 1;
  if (tail == 2) columns = left ? of_b.back() : of_b[of_b.size() - 2];
}

absl::Span<const int64_t> SolveCall::BatchSizes() const {
  return absl::MakeConstSpan(x.sizes).first(x.sizes.size() - tail);
}

}  // namespace otium::cpu
