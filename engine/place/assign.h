// SPDX-License-Identifier: Apache-2.0
//
// Which device each node runs on: the graph and the cost model made into an
// AssignmentProblem (assignment.h), and the answer with its reasons.

#ifndef OTIUM_ENGINE_PLACE_ASSIGN_H_
#define OTIUM_ENGINE_PLACE_ASSIGN_H_

#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/status/statusor.h"
#include "engine/graph/graph.h"
#include "engine/optimize/cost.h"
#include "engine/optimize/rule.h"
#include "engine/place/place.h"

namespace otium {

// Whether declared facts are checked at `n`, which is on the CPU then.
bool IsChecked(const Graph& graph, NodeId n, const PlaceOptions& options);

// The types of the results of `n`, a size that is data at the most it can be.
absl::InlinedVector<TensorType, 2> LargestTypes(const Graph& graph, NodeId n);

// For each node an index into machine.devices: the assignment of least predicted
// time, copies included, that respects pins. Inputs and outputs are on the CPU;
// views are where their operand is unless they are pinned, and constants, which
// are part of the plan, everywhere (0 here). `roots` are FindRoots(graph).
// kUnavailable, with the position, when a node is pinned to a device that is not
// in the machine.
absl::StatusOr<std::vector<int>> AssignDevices(const Graph& graph,
                                               const std::vector<ValueId>& roots,
                                               const PlaceOptions& options,
                                               std::vector<Reason>* reasons);

}  // namespace otium

#endif  // OTIUM_ENGINE_PLACE_ASSIGN_H_
