// SPDX-License-Identifier: Apache-2.0

#ifndef OTIUM_TESTS_OPS_DECOMPOSED_H_
#define OTIUM_TESTS_OPS_DECOMPOSED_H_

#include <string>
#include <vector>

#include "backends/backend.h"
#include "engine/graph/graph.h"

namespace otium::testing_ops {

struct Decomposed {
  GraphPtr graph;
  std::vector<std::string> rules;  // Those that fired.
};

// What the pass decompose makes of `graph`.
Decomposed RunDecompose(const GraphPtr& graph, MathMode math = MathMode::kStandard);

}  // namespace otium::testing_ops

#endif  // OTIUM_TESTS_OPS_DECOMPOSED_H_
