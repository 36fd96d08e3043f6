// SPDX-License-Identifier: Apache-2.0
//
// Which device each node runs on.

#ifndef OTIUM_ENGINE_PLACE_ASSIGN_H_
#define OTIUM_ENGINE_PLACE_ASSIGN_H_

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/graph/graph.h"
#include "engine/optimize/cost.h"
#include "engine/optimize/rule.h"

namespace otium {

// For each node an index into machine.devices: the assignment of least predicted
// time, transfers included, that respects pins; with a `device`, all nodes that
// are not pinned go there. Inputs and outputs are on the CPU. kUnavailable when a
// node is pinned to a device that is not in `machine`.
absl::StatusOr<std::vector<int>> AssignDevices(const Graph& graph, const Machine& machine,
                                               std::optional<Device> device,
                                               std::vector<Reason>* reasons);

}  // namespace otium

#endif  // OTIUM_ENGINE_PLACE_ASSIGN_H_
