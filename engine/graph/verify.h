// SPDX-License-Identifier: Apache-2.0

#ifndef OTIUM_ENGINE_GRAPH_VERIFY_H_
#define OTIUM_ENGINE_GRAPH_VERIFY_H_

#include "absl/status/status.h"
#include "engine/base/export.h"
#include "engine/graph/graph.h"

namespace otium {

// What every Graph must be, checked after each pass in debug builds and in tests:
//
// - inputs come first, each once, with a type that is normal;
// - operands stand before their users, are present unless optional, and have the
//   dtypes that the op's promotion leaves alone;
// - result types are what inference gives, with at least the structure;
// - an assume says something new, in normal form; a size that is data is made
//   once (or by equal nodes on several devices);
// - outputs are values, strong, with names that differ;
// - names of values are for values; graphs in attributes are such graphs too.
//
// The status is kInternal and names the node: whoever made the graph is wrong,
// not the user. Linear in the size of the graph.
OTIUM_EXPORT absl::Status VerifyGraph(const Graph& graph);

}  // namespace otium

#endif  // OTIUM_ENGINE_GRAPH_VERIFY_H_
