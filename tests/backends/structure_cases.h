// SPDX-License-Identifier: Apache-2.0
//
// Matrices and what is declared of them: mostly true, now and then of all elements but one.

#ifndef OTIUM_TESTS_BACKENDS_STRUCTURE_CASES_H_
#define OTIUM_TESTS_BACKENDS_STRUCTURE_CASES_H_

#include <optional>
#include <random>
#include <vector>

#include "engine/base/tensor.h"
#include "engine/graph/expr.h"
#include "ops/op.h"

namespace otium {

// Nothing for ops other than assume.
std::optional<std::vector<Sizes>> StructureShapes(Op op, std::mt19937& random);

void AddStructureAttributes(Op op, DType dtype, const std::vector<Sizes>& shapes,
                            std::mt19937& random, std::vector<NamedAttribute>* attributes);

// The random `t`, of which the facts were made true.
Tensor StructureOperand(Op op, const Tensor& t, const Attributes& attributes,
                        std::mt19937& random);

}  // namespace otium

#endif  // OTIUM_TESTS_BACKENDS_STRUCTURE_CASES_H_
