// SPDX-License-Identifier: Apache-2.0
#include "engine/graph/graph.h"

namespace otium {

uint64_t SourceTable::hash() const {
  uint64_t hash = hash_.load(std::memory_order_relaxed);
  if (hash != 0) return hash;
  Hasher h;
  for (const Entry& e : entries) {
    // File names are kept for good, so that an address is one file's.
    h.Add(static_cast<uint64_t>(reinterpret_cast<uintptr_t>(e.position.file)))
        .Add(uint64_t{e.position.line} << 32 | e.position.column);
  }
  hash = h.Finish().low | 1;  // 0: not computed.
  hash_.store(hash, std::memory_order_relaxed);
  return hash;
}

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
