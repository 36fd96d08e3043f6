// SPDX-License-Identifier: Apache-2.0
//
// Rules and reasons. A rewrite is one named Rule; each time it fires, and each
// time it was considered and refused, it leaves a Reason: ids and two numbers,
// made into text only when somebody looks.

#ifndef OTIUM_ENGINE_OPTIMIZE_RULE_H_
#define OTIUM_ENGINE_OPTIMIZE_RULE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/base/export.h"
#include "engine/graph/graph.h"

namespace otium {

// What a rule does to the a-priori error bound. Only the first two kinds are
// admitted without --math fast, only the first in --math strict.
enum class ErrorClass : uint8_t { kExact, kPreserves, kGrows };

struct Rule {
  absl::string_view name;       // "addmv"
  absl::string_view formula;    // "mv(A, x) + y -> addmv(y, A, x)"
  absl::string_view condition;  // "the product has one use and is not an output"
  ErrorClass error = ErrorClass::kPreserves;
  // What each outcome says; outcome 0 is firing, the others are refusals. $0 and
  // $1 stand for the reason's numbers, $t0 and $t1 too when they are seconds, $a
  // and $b for its nodes, $op for what they became.
  absl::Span<const absl::string_view> outcomes;
};

struct Reason {
  const Rule* rule = nullptr;
  uint8_t outcome = 0;
  // Source nodes that the rule looked at; the first is where it would fire.
  SourceId nodes[2] = {0, 0};
  // The calls that the first lies in: the nodes of a graph called twice are from the
  // same source.
  std::vector<SourceId> calls;
  double numbers[2] = {0, 0};
  // The op that stands for the first node now; null where it is what that read.
  const OpDef* became = nullptr;

  bool fired() const { return outcome == 0; }
};

// Of a rule that fires at node `a` of `graph` and looked at `b`, if there is one.
Reason ReasonAt(const Rule& rule, const Graph& graph, NodeId a,
                std::optional<NodeId> b = std::nullopt);

// "addmv: not fused: the product has 2 uses, and recomputing it costs 2 MFLOP".
OTIUM_EXPORT std::string ReasonText(const Reason& reason, const SourceTable& sources);

}  // namespace otium

#endif  // OTIUM_ENGINE_OPTIMIZE_RULE_H_
