// SPDX-License-Identifier: Apache-2.0
//
// Names of values that stay the same from stage to stage, so that a diff of two
// stages shows what a pass changed, and not every v7 that is now v6:
//
//   1. a value of a node that lives on (model.h) keeps its name;
//   2. what the user named has that name;
//   3. where one node was made of others, it has the name of the one that the rest of
//      the graph reads, if that went for nothing else and is of its type: addmv, made
//      of mv and add, has the name of add;
//   4. other values are v0, v1, ...; a number is given once.
//
// Inputs and results are named as they are in any case. Tested by
// tests/viz/value_names_test.cc.

#ifndef OTIUM_TOOLS_VIZ_VALUE_NAMES_H_
#define OTIUM_TOOLS_VIZ_VALUE_NAMES_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "tools/viz/model.h"

namespace otium::viz {

class ValueNames {
 public:
  // The names of the values of the next stage, by ValueId. `nodes` are the nodes of
  // those of `graph`; the edges of `segment` are still those of the stage before.
  std::vector<std::string> Next(const Graph& graph, const Segment& segment,
                                const std::vector<Index>& nodes);

 private:
  absl::flat_hash_map<std::pair<Index, int>, std::string> name_of_;  // By node and result.
  size_t next_number_ = 0;
};

}  // namespace otium::viz

#endif  // OTIUM_TOOLS_VIZ_VALUE_NAMES_H_
