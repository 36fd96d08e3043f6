// SPDX-License-Identifier: Apache-2.0
//
// Linear systems by the textbook, in f64 or c128.

#include "backends/reference/lu.h"
#include "backends/reference/matrix.h"

namespace otium::reference {
namespace {

// Whether B of a system with A is a vector: see IsVectorSystem in ops/linalg_rules.h.
bool IsVector(const PhysicalType& A, const PhysicalType& B) {
  return B.rank() == 1 ||
         absl::MakeConstSpan(B.sizes) == absl::MakeConstSpan(A.sizes).first(A.rank() - 1);
}

}  // namespace

// Code k: U(k, k) is zero.
void Solve(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const int tail = IsVector(s.operands[0], s.operands[1]) ? 1 : 2;
  ForEachMatrix(args, BatchOfResult(args, 0, tail), [&](const auto& launch) {
    const auto factors = FactorLu(launch.Operand(0));
    launch.Fail(factors.code);
    launch.SetResult(0, SolveByLu(factors, launch.Operand(1, tail)), tail);
  });
}

}  // namespace otium::reference
