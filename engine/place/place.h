// SPDX-License-Identifier: Apache-2.0
//
// Placement: from an optimized graph of static shapes to a Plan. It chooses the
// device and the kernel of each step, makes views of what can be a view, copies
// what no kernel takes as it lies, reuses memory that nobody needs any more, and
// lays out the arenas.

#ifndef OTIUM_ENGINE_PLACE_PLACE_H_
#define OTIUM_ENGINE_PLACE_PLACE_H_

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "backends/backend.h"
#include "engine/place/plan.h"

namespace otium {

struct InputPlacement {
  Sizes strides;
  Device device;
  // The caller gave its memory away: results may be made in it. Dense inputs only.
  bool given_away = false;
};

struct PlaceOptions {
  MathMode math = MathMode::kStandard;
  // In order of preference: the first with a kernel for an op gives it.
  std::vector<Backend*> backends;
  // Steps that check declared structure on the data of inputs and of `assume`.
  bool check_declared = true;
  // Where every op goes that is not pinned; empty: by the cost model.
  std::optional<Device> device;
  // Only devices of this machine are used; devices[0] is the CPU.
  const Machine* machine = nullptr;
};

// `inputs` follow graph->inputs(). kUnimplemented when no backend has a kernel,
// kUnavailable when a pinned device is not there. The caller fills in the plan's
// source, reasons, passes and continuation.
absl::StatusOr<Plan> Place(const GraphPtr& graph, absl::Span<const InputPlacement> inputs,
                           const PlaceOptions& options);

}  // namespace otium

#endif  // OTIUM_ENGINE_PLACE_PLACE_H_
