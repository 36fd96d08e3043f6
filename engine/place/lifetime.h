// SPDX-License-Identifier: Apache-2.0
//
// Whose memory each value lies in, and how long that memory is needed. Values
// that are views (of views ...) of one value lie in the memory of that one, their
// root: it must live until the last use of any of them.

#ifndef OTIUM_ENGINE_PLACE_LIFETIME_H_
#define OTIUM_ENGINE_PLACE_LIFETIME_H_

#include <vector>

#include "absl/functional/function_ref.h"
#include "engine/graph/graph.h"

namespace otium {

// Whether the results of `n` lie in the memory of its operand 0: views, and conj,
// which is a flag of the operand.
bool IsAlias(const Graph& graph, NodeId n);

// Per value: the value in whose memory it lies; itself when it is no view.
std::vector<ValueId> FindRoots(const Graph& graph);

struct Lifetimes {
  std::vector<ValueId> root;     // FindRoots
  std::vector<NodeId> last_use;  // Per root: the last node that uses it or a view of it.
  std::vector<bool> leaves;      // Per root: an output is returned where it lies.
};

// `may_leave(root)`: its memory can be a result. It cannot on another device, or
// when it is the caller's.
Lifetimes FindLifetimes(const Graph& graph, std::vector<ValueId> roots,
                        absl::FunctionRef<bool(ValueId root)> may_leave);

// What is copied when `value` is wanted on another device: its root, so that all
// its views are there too, unless `value` shows less than half of it.
ValueId TransferUnit(const Graph& graph, const std::vector<ValueId>& roots, ValueId value);

}  // namespace otium

#endif  // OTIUM_ENGINE_PLACE_LIFETIME_H_
