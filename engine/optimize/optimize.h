// SPDX-License-Identifier: Apache-2.0
//
// The optimizer: runs the passes of passes.inc in order. It, not the passes,
// names, times, dumps and verifies them and can switch each off.

#ifndef OTIUM_ENGINE_OPTIMIZE_OPTIMIZE_H_
#define OTIUM_ENGINE_OPTIMIZE_OPTIMIZE_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/base/export.h"
#include "engine/graph/graph.h"
#include "engine/optimize/pass.h"

namespace otium {

struct OTIUM_EXPORT OptimizeOptions {
  MathMode math = MathMode::kStandard;
  // False: only the passes that a graph cannot be planned without.
  bool optimize = true;
  std::vector<std::string> disabled_passes;
  // Checks every graph against the rules of a legal one; always in debug builds.
  bool verify = false;
  // Called with the graph before the first pass ("source") and after each pass.
  std::function<void(absl::string_view pass, const GraphPtr& graph)> observe;
};

struct OTIUM_EXPORT PassRecord {
  absl::string_view pass;
  double seconds = 0;
  bool changed = false;
  NodeId nodes = 0;  // Afterwards.
  // The reasons that this pass left are those before it, up to this index.
  size_t reasons = 0;
};

struct OTIUM_EXPORT OptimizeResult {
  GraphPtr graph;
  std::vector<Reason> reasons;
  std::vector<PassRecord> passes;
};

// The names, in order.
OTIUM_EXPORT absl::Span<const absl::string_view> PassNames();

// kInvalidArgument, with the names there are, unless `pass` is one.
OTIUM_EXPORT absl::Status CheckPassName(absl::string_view pass);

// `options.disabled_passes` are names of passes. Errors are those of a pass: a bug.
absl::StatusOr<OptimizeResult> Optimize(
    GraphPtr graph, const Machine& machine, const OptimizeOptions& options,
    absl::FunctionRef<absl::StatusOr<std::vector<Tensor>>(const Graph&)> evaluate);

}  // namespace otium

#endif  // OTIUM_ENGINE_OPTIMIZE_OPTIMIZE_H_
