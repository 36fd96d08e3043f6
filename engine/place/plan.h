// SPDX-License-Identifier: Apache-2.0
//
// Plan: ordered steps over physical operands, everything decided. A plan covers
// one segment of a graph: all that can be laid out before a size becomes data
// (`nonzero`). What comes after is Continuation::rest, a graph of its own whose
// inputs are values of this segment; it is planned when the size is known.
//
// A plan holds no data and no addresses, so it serves every run whose sizes,
// stride signatures and devices are the same.

#ifndef OTIUM_ENGINE_PLACE_PLAN_H_
#define OTIUM_ENGINE_PLACE_PLAN_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backends/backend.h"
#include "engine/base/device.h"
#include "engine/base/export.h"
#include "engine/graph/graph.h"
#include "engine/optimize/cost.h"
#include "engine/optimize/optimize.h"
#include "engine/place/segment.h"
#include "engine/place/view.h"

namespace otium {

using BufferId = int32_t;
using OperandId = int32_t;
using StepId = int32_t;
inline constexpr BufferId kNoBuffer = -1;

enum class BufferKind : uint8_t {
  kInput,     // index: of the graph's inputs
  kConstant,  // index: the node of Plan::graph that holds it
  kArena,     // offset: in the arena of its device
  kResult,    // leaves the plan; allocated for each run
};

struct PlanBuffer {
  BufferKind kind = BufferKind::kArena;
  int32_t index = 0;
  Device device;
  int64_t bytes = 0;
  int64_t offset = 0;
  // The steps that make it and that use it last; inputs are there before step 0.
  StepId first = 0;
  StepId last = 0;
};

struct PlanOperand {
  BufferId buffer = kNoBuffer;  // None: an optional operand that is missing.
  int64_t offset = 0;           // Elements from the buffer's beginning.
  PhysicalType type;
};

// An operand in an input that is not dense: offset and strides are derived from
// those of the tensor that a run brings.
struct InputView {
  OperandId operand = 0;
  int32_t input = 0;
  AffineView view;
};

struct StepKernel {
  absl::string_view name;  // "cpu.gemm"
  Prepared prepared;
  int64_t workspace_offset = 0;  // In the arena.
};

struct PlanStep {
  enum Kind : uint8_t {
    kKernel,
    kCopy,      // Operand 0 made dense, or no longer conjugated, on its device.
    kTransfer,  // Operand 0 is copied to result 0 on another device.
    kModelled,  // On a device that is only described; such a plan cannot run.
  };
  Kind kind = kKernel;
  Device device;
  NodeId node = 0;  // Of Plan::graph; for copies, the node whose value is copied.
  const OpDef* op = nullptr;
  StepKernel kernel;
  // Guarded steps: kernels to try in order when the one before reported failure.
  std::vector<StepKernel> alternatives;
  // Operands, then results, in Plan::args.
  uint32_t first_arg = 0;
  int32_t num_operands = 0;
  int32_t num_results = 0;
  // An index into the run's StepInfos when the step can fail, makes a size, or
  // has alternatives; else -1.
  int32_t info = -1;
  StepCost estimate;

  // Alternatives run one after the other, in one workspace.
  int64_t WorkspaceBytes() const {
    int64_t bytes = kernel.prepared.workspace_bytes;
    for (const StepKernel& k : alternatives) bytes = std::max(bytes, k.prepared.workspace_bytes);
    return bytes;
  }
};

struct PlanOutput {
  std::string name;
  OperandId operand = 0;
  // The info whose count is the size of dimension 0, or -1.
  int32_t count_info = -1;
};

struct OTIUM_EXPORT Plan {
  GraphPtr graph;   // Optimized; this segment's.
  GraphPtr source;  // Before the optimizer, sizes bound.
  std::vector<PlanBuffer> buffers;
  std::vector<PlanOperand> operands;
  std::vector<InputView> input_views;
  std::vector<OperandId> args;
  std::vector<PlanStep> steps;
  std::vector<PlanOutput> outputs;
  std::optional<Continuation> continuation;
  int32_t num_infos = 0;

  // The arena of each device used, by the machine's device order.
  struct Arena {
    Device device;
    int64_t bytes = 0;
  };
  std::vector<Arena> arenas;
  // The most that arena and results need at one time, without inputs.
  int64_t peak_bytes = 0;

  std::vector<Reason> reasons;
  std::vector<PassRecord> passes;
  bool runnable = true;

  double EstimatedSeconds() const;
  // Deterministic text: steps, kernels, operands, buffers.
  std::string ToString() const;
};

}  // namespace otium

#endif  // OTIUM_ENGINE_PLACE_PLAN_H_
