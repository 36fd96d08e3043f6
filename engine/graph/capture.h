// SPDX-License-Identifier: Apache-2.0
//
// Capture turns expressions into a Graph: the first stage. Equal expressions
// become one node, structure is inferred, random ops get their streams, sizes
// that are data get their names, and what was evaluated before is a constant.

#ifndef OTIUM_ENGINE_GRAPH_CAPTURE_H_
#define OTIUM_ENGINE_GRAPH_CAPTURE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/export.h"
#include "engine/graph/expr.h"
#include "engine/graph/graph.h"

namespace otium {

// An input at the Expr level. Its name is unique within one capture.
OTIUM_EXPORT Expr InputExpr(absl::string_view name, const TensorType& type,
                            SourcePosition position);

struct OTIUM_EXPORT CaptureRequest {
  struct Input {
    Expr expr;           // From InputExpr.
    Expr default_value;  // Empty: the input is required.
  };
  std::string name;
  std::vector<Input> inputs;
  std::vector<std::pair<std::string, Expr>> outputs;
  // Names for values on the way, for canonical text, explain and viz.
  std::vector<std::pair<std::string, Expr>> value_names;
  // Become nodes in this order, before the outputs are looked at, if an output
  // needs them: a text keeps the order of its lines. May be empty.
  std::vector<Expr> order;
  // Names for sizes that are data, by the names that FreshSize gave them. Others
  // are called k0, k1, ...
  std::vector<std::pair<std::string, std::string>> size_names;
  // Of the first random node; the others follow.
  int64_t first_stream = 0;
};

// The first error found in the outputs, in the order in which they were built;
// or the graph. Weak outputs settle to i64, f32 or c64. Iterative: any depth.
OTIUM_EXPORT absl::StatusOr<Graph> Capture(const CaptureRequest& request);

}  // namespace otium

#endif  // OTIUM_ENGINE_GRAPH_CAPTURE_H_
