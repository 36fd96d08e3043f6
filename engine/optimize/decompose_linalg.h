// SPDX-License-Identifier: Apache-2.0

#ifndef OTIUM_ENGINE_OPTIMIZE_DECOMPOSE_LINALG_H_
#define OTIUM_ENGINE_OPTIMIZE_DECOMPOSE_LINALG_H_

#include "engine/optimize/composition.h"

namespace otium {

// The composition of an op of linear algebra, or null.
const Composition* LinalgComposition(Op op);

}  // namespace otium

#endif  // OTIUM_ENGINE_OPTIMIZE_DECOMPOSE_LINALG_H_
