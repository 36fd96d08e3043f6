// SPDX-License-Identifier: Apache-2.0
//
// Builders of tensors made of nothing.

#ifndef OTIUM_OPS_CREATION_H_
#define OTIUM_OPS_CREATION_H_

#include <optional>
#include <source_location>

#include "engine/graph/expr.h"

namespace otium {

// The identity, [n, m]; m is n when not given. Without a dtype it takes that of
// what it meets (f32 alone).
OTIUM_EXPORT Expr eye(Dim n, std::optional<Dim> m = std::nullopt,
                      std::optional<DType> dtype = std::nullopt,
                      std::source_location location = std::source_location::current());

// Uniform in [0, 1): real and imaginary parts each, when complex. f32 without a
// dtype. Philox 4x32-10, keyed by the run's seed and the op's ordinal.
OTIUM_EXPORT Expr rand(Dims size, std::optional<DType> dtype = std::nullopt,
                       std::source_location location = std::source_location::current());

}  // namespace otium

#endif  // OTIUM_OPS_CREATION_H_
