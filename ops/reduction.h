// SPDX-License-Identifier: Apache-2.0
//
// Builders of reductions. `dim` may count from the end; none reduces all
// dimensions; with `keepdim` reduced dimensions stay, of size 1.

#ifndef OTIUM_OPS_REDUCTION_H_
#define OTIUM_OPS_REDUCTION_H_

#include <optional>
#include <utility>

#include "engine/graph/expr.h"

namespace otium {

// Integers and bools give i64.
OTIUM_EXPORT Expr sum(Arg x, std::optional<Ints> dim = std::nullopt, bool keepdim = false);
// (variance divided by n - correction, mean); x is floating or complex, the
// variance real.
OTIUM_EXPORT std::pair<Expr, Expr> var_mean(Arg x, std::optional<Ints> dim = std::nullopt,
                                            double correction = 1, bool keepdim = false);

}  // namespace otium

#endif  // OTIUM_OPS_REDUCTION_H_
