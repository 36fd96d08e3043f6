// SPDX-License-Identifier: Apache-2.0

#ifndef OTIUM_ENGINE_GRAPH_HOIST_H_
#define OTIUM_ENGINE_GRAPH_HOIST_H_

#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/tensor.h"
#include "engine/graph/graph.h"

namespace otium {

// A graph whose constants of more than kSmallConstant elements have become inputs
// after its own, so that a plan of it holds nobody's numbers.
struct HoistedGraph {
  GraphPtr graph;
  std::vector<Tensor> constants;  // For the added inputs, in order.
};

// The same pointer when there is nothing to hoist.
absl::StatusOr<HoistedGraph> HoistConstants(const GraphPtr& graph);

// `graph`, which a pass made of hoisted.graph, with the constants as the defaults of
// their inputs: printed, it can be read and run without them being brought.
absl::StatusOr<GraphPtr> WithConstants(const GraphPtr& graph, const HoistedGraph& hoisted);

}  // namespace otium

#endif  // OTIUM_ENGINE_GRAPH_HOIST_H_
