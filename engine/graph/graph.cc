// SPDX-License-Identifier: Apache-2.0
#include "engine/graph/graph.h"

namespace otium {

std::vector<uint32_t> Graph::CountUses() const {
  std::vector<uint32_t> uses(num_values(), 0);
  for (ValueId v : operands_) {
    if (v != kNoValue) ++uses[v];
  }
  for (const GraphOutput& out : outputs_) ++uses[out.value];
  return uses;
}

std::vector<std::string> Graph::SizeNames() const {
  std::vector<std::string> names;
  for (const GraphInput& in : inputs_) {
    for (const Dim& d : type(in.value).shape.dims()) d.CollectSymbols(&names);
  }
  return names;
}

bool Graph::IsStatic() const {
  for (const TensorType& t : types_) {
    if (!t.shape.IsStatic()) return false;
  }
  return true;
}

}  // namespace otium
