// SPDX-License-Identifier: Apache-2.0
//
// The part of the pass decompose that knows factorizations and determinants.

#ifndef OTIUM_ENGINE_OPTIMIZE_DECOMPOSE_FACTORIZATION_H_
#define OTIUM_ENGINE_OPTIMIZE_DECOMPOSE_FACTORIZATION_H_

#include <vector>

#include "absl/types/span.h"
#include "engine/optimize/pass.h"

namespace otium {

bool IsFactorizationCandidate(Op op);

// The results of node `n` of `source`, a candidate, in terms of other ops; `operands` are
// its operands in the new graph.
std::vector<ValueId> DecomposeFactorization(const Graph& source, NodeId n,
                                            absl::Span<const ValueId> operands,
                                            GraphBuilder& builder, PassContext& context);

}  // namespace otium

#endif  // OTIUM_ENGINE_OPTIMIZE_DECOMPOSE_FACTORIZATION_H_
