// SPDX-License-Identifier: Apache-2.0
//
// What factorizations and solvers look like: shapes, and matrices that are well
// conditioned, because what rounding costs is a matter of the condition number, which
// is not what kernels are tested for.

#ifndef OTIUM_TESTS_BACKENDS_LINALG_CASES_H_
#define OTIUM_TESTS_BACKENDS_LINALG_CASES_H_

#include <optional>
#include <random>
#include <vector>

#include "backends/backend.h"
#include "engine/base/tensor.h"
#include "engine/graph/attributes.h"
#include "engine/graph/schema.h"

namespace otium {

// Operand shapes of an op of this kind; of others nothing.
std::optional<std::vector<Sizes>> LinalgShapes(Op op, std::mt19937& random);

// Attributes whose defaults leave most untried, where the op is of this kind.
void AddLinalgAttributes(const OpDef& op, const std::vector<Sizes>& shapes, std::mt19937& random,
                         std::vector<NamedAttribute>* attributes);

// Operand `i` of a call of `kernel`, made of random numbers `t`, and what is known of
// it. Of other ops `t` itself.
Tensor LinalgOperand(const Kernel& kernel, int i, const Tensor& t, Structure* structure);

// Makes `t` definite and well conditioned, where it is.
Tensor MakeDefinite(const Tensor& t);

}  // namespace otium

#endif  // OTIUM_TESTS_BACKENDS_LINALG_CASES_H_
