// SPDX-License-Identifier: Apache-2.0
//
// Builders of what says something of a value and computes nothing.

#ifndef OTIUM_OPS_CORE_H_
#define OTIUM_OPS_CORE_H_

#include "engine/base/device.h"
#include "engine/base/structure.h"
#include "engine/graph/expr.h"

namespace otium {

// x, copied into dense memory of its own.
OTIUM_EXPORT Expr clone(Arg x);
// x, computed on that device, whatever the planner would choose.
OTIUM_EXPORT Expr on(Arg x, Device device);
// x, of which those facts hold. They are checked on the data when the graph runs
// (kInvalidArgument); facts that cannot hold of x's shape are an error at once.
//
//   Structure spd;
//   spd.flags = kPd;
//   Expr L = cholesky(assume(mm(A.T(), A), spd));
OTIUM_EXPORT Expr assume(Arg x, const Structure& structure);

}  // namespace otium

#endif  // OTIUM_OPS_CORE_H_
