// SPDX-License-Identifier: Apache-2.0
//
// The theorems on structure that products share. Each takes what is known of the
// matrices (of every one of a batch) and gives what follows.

#ifndef OTIUM_OPS_PRODUCT_RULES_H_
#define OTIUM_OPS_PRODUCT_RULES_H_

#include "engine/base/structure.h"
#include "engine/graph/graph.h"
#include "ops/op.h"

namespace otium {

// Of A @ B for values of rank >= 2, which may be each other's transpose.
Structure ProductStructure(const Graph& graph, ValueId a, ValueId b);
// Of factor * M, where the factor is a scalar; null: 1.
Structure ScaledStructure(const Structure& s, const TensorType* factor, DType dtype);
// Of M + N.
Structure SumStructure(const Structure& a, const Structure& b);
// Of the Kronecker product of M and N; `n` is the shape of N.
Structure KroneckerStructure(const Structure& a, const Structure& b, const Shape& n);
// Of x y.T for vectors.
Structure OuterStructure(const Graph& graph, ValueId x, ValueId y);

// Fails for bool operands, which products do not take.
absl::Status RequireNumbers(const OpCall& call);

}  // namespace otium

#endif  // OTIUM_OPS_PRODUCT_RULES_H_
