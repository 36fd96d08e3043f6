// SPDX-License-Identifier: Apache-2.0
//
// Proves of a plan that no step reads memory that no longer holds what it wants.
// It knows nothing of lifetimes: it walks the steps and keeps, for every 64 bytes
// of every buffer, which value of the graph was written there last. Each operand
// must then be found whole, inside its buffer, at the moment it is read.

#ifndef OTIUM_TESTS_PLACE_PLAN_CHECKER_H_
#define OTIUM_TESTS_PLACE_PLAN_CHECKER_H_

#include <string>

#include "engine/place/plan.h"

namespace otium {

// Empty, or what is wrong first.
std::string CheckPlan(const Plan& plan);

// The least that the arena on the CPU could be with these steps: the most that is
// alive at one step.
int64_t ArenaLowerBound(const Plan& plan);

}  // namespace otium

#endif  // OTIUM_TESTS_PLACE_PLAN_CHECKER_H_
