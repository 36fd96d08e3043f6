// SPDX-License-Identifier: Apache-2.0
//
// Before groups are made: in which order nodes stand, and in which scope.

#ifndef OTIUM_TOOLS_VIZ_ARRANGE_H_
#define OTIUM_TOOLS_VIZ_ARRANGE_H_

#include <vector>

#include "tools/viz/fold.h"

namespace otium::viz {

// The nodes of the view, each after all that it reads, else as the user wrote them; the
// nodes of a call stand where it does, and what reads nothing, like weights, before the
// first that reads it.
std::vector<Index> ComputationOrder(const Segment& segment, const View& view);

// Of each node, where it is drawn, or -1: in its scope; a call in the scope that it becomes, so
// that the two have one place; and what reads nothing, like weights, where all its readers are.
std::vector<Index> ChooseScopes(const Segment& segment, const View& view);

}  // namespace otium::viz

#endif  // OTIUM_TOOLS_VIZ_ARRANGE_H_
