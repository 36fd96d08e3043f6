// SPDX-License-Identifier: Apache-2.0
//
// Random small graphs over all ops there are, and data for their inputs. An op is
// drawn from the table of ops, operands from the values made so far, attributes
// by their kinds; what the op refuses is drawn again. So a new op takes part as
// soon as it is in ops.inc.

#ifndef OTIUM_TESTS_GRAPHS_RANDOM_GRAPH_H_
#define OTIUM_TESTS_GRAPHS_RANDOM_GRAPH_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/tensor.h"
#include "engine/graph/function.h"
#include "engine/run/tensor_map.h"

namespace otium {

struct RandomGraphOptions {
  int max_nodes = 10;
  // Of a dimension, and of all elements of a value.
  int64_t max_size = 9;
  int64_t max_elements = 2000;
  // Values from a few small integers, so that sums and products are exact.
  double integer_data = 0.5;
  // Ops that make sizes (`nonzero`), and so end segments.
  double data_dependent = 0.05;
};

struct RandomGraph {
  GraphPtr graph;
  TensorMap inputs;  // Any strides: dense, padded, transposed, reversed, expanded.
};

// The same for the same seed and the same ops.
RandomGraph MakeRandomGraph(uint32_t seed, const RandomGraphOptions& options = {});

// Whether the generator makes nodes of this op by drawing it; the others hold
// graphs together or take what cannot be drawn.
bool IsDrawn(const OpDef& op);

// The part of `graph` that `output` (an index) needs, with all inputs.
GraphPtr OnlyOutput(const Graph& graph, size_t output);

}  // namespace otium

#endif  // OTIUM_TESTS_GRAPHS_RANDOM_GRAPH_H_
