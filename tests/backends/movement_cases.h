// SPDX-License-Identifier: Apache-2.0
//
// What operands and attributes of ops that make elements of nothing, or move
// them, look like. Some cases are large, so that they are cut into tasks.

#ifndef OTIUM_TESTS_BACKENDS_MOVEMENT_CASES_H_
#define OTIUM_TESTS_BACKENDS_MOVEMENT_CASES_H_

#include <optional>
#include <random>
#include <vector>

#include "engine/base/tensor.h"
#include "engine/graph/expr.h"
#include "ops/op.h"

namespace otium {

// Nothing for ops that are not of this kind.
std::optional<std::vector<Sizes>> MovementShapes(Op op, std::mt19937& random);

// Attributes other than dim, size and dtype.
void AddMovementAttributes(const OpDef& op, DType dtype, const std::vector<Sizes>& shapes,
                           std::mt19937& random, std::vector<NamedAttribute>* attributes);

// Operand i of such an op in place of the random `t`: indices into `x`, which now
// and then are out of range; zeros; dimensions that run backwards or stand still.
Tensor MovementOperand(Op op, int i, const Tensor& t, const Tensor* x, const Attributes& attributes,
                       std::mt19937& random);

// The op's results have the bits of the reference.
bool IsExact(Op op);

// How many elements are not zero.
int64_t CountNonzero(const Tensor& t);

}  // namespace otium

#endif  // OTIUM_TESTS_BACKENDS_MOVEMENT_CASES_H_
