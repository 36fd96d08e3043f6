// SPDX-License-Identifier: Apache-2.0
//
// A plan as a tree for people; see the top of explain.cc.

#ifndef OTIUM_TOOLS_OTIUM_PLAN_TREE_H_
#define OTIUM_TOOLS_OTIUM_PLAN_TREE_H_

#include <string>

#include "tools/otium/terminal.h"
#include "tools/viz/explained_plan.h"

namespace otium::cli {

std::string PlanTree(const viz::ExplainedPlan& plan, const TextStyle& style);

}  // namespace otium::cli

#endif  // OTIUM_TOOLS_OTIUM_PLAN_TREE_H_
