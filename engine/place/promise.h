// SPDX-License-Identifier: Apache-2.0
//
// What the user has promised of the matrix that a step factors: the facts declared
// of an input or by an assume, also through views. Kernels may rely on them, and
// when one fails that does, the data is not as it was declared.

#ifndef OTIUM_ENGINE_PLACE_PROMISE_H_
#define OTIUM_ENGINE_PLACE_PROMISE_H_

#include <cstdint>
#include <vector>

#include "engine/base/structure.h"
#include "engine/graph/graph.h"

namespace otium {

struct Promise {
  NodeId node = 0;  // An input or an assume.
  Structure structure;
};

// Whether the user wrote what the type of `input` says. The inputs of a later
// segment are computed: what is known of them follows, and nobody has said it.
bool IsDeclared(const Graph& graph, NodeId input);

// Of operand 0 of `n`, the nearest first; none unless `n` can fail on data.
std::vector<Promise> FindPromises(const Graph& graph, NodeId n);
// The flags of all of them.
uint32_t PromisedFlags(const Graph& graph, NodeId n);

}  // namespace otium

#endif  // OTIUM_ENGINE_PLACE_PROMISE_H_
