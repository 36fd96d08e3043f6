// SPDX-License-Identifier: Apache-2.0
//
// The plan as the last stage: a node for each step, edges by the buffers that steps
// write and read, so that views (which are strides by now) are not in the way.

#ifndef OTIUM_TOOLS_VIZ_PLAN_STAGE_H_
#define OTIUM_TOOLS_VIZ_PLAN_STAGE_H_

#include <string>
#include <vector>

#include "tools/viz/model.h"

namespace otium::viz {

// `nodes` and `names` are those of plan.graph in the stage before; segment->plan is
// filled in.
void AddPlanStage(const Plan& plan, const std::vector<Index>& nodes,
                  const std::vector<std::string>& names, Segment* segment);

}  // namespace otium::viz

#endif  // OTIUM_TOOLS_VIZ_PLAN_STAGE_H_
