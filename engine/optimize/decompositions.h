// SPDX-License-Identifier: Apache-2.0

#ifndef OTIUM_ENGINE_OPTIMIZE_DECOMPOSITIONS_H_
#define OTIUM_ENGINE_OPTIMIZE_DECOMPOSITIONS_H_

#include <vector>

#include "engine/base/export.h"
#include "engine/optimize/rule.h"
#include "ops/op.h"

namespace otium {

// The rules by which the pass `decompose` makes `op` of others; none: kernels compute it.
OTIUM_EXPORT std::vector<const Rule*> DecompositionsOf(Op op);

}  // namespace otium

#endif  // OTIUM_ENGINE_OPTIMIZE_DECOMPOSITIONS_H_
