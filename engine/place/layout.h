// SPDX-License-Identifier: Apache-2.0
//
// A plan while it grows: buffers with their places in the arenas, operands, and
// steps. What lives in an arena is placed when it is added and its place is free
// again after the node that uses it last; a workspace lives for its step.

#ifndef OTIUM_ENGINE_PLACE_LAYOUT_H_
#define OTIUM_ENGINE_PLACE_LAYOUT_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engine/place/arena.h"
#include "engine/place/plan.h"

namespace otium {

// Devices are indices into machine.devices here.
class PlanLayout {
 public:
  PlanLayout(const GraphPtr& graph, const Machine& machine);

  // ---- what was added

  const PlanOperand& operand(OperandId id) const { return plan_.operands[id]; }
  const PlanBuffer& buffer_of(OperandId id) const {
    return plan_.buffers[plan_.operands[id].buffer];
  }
  int device_of(OperandId id) const { return buffer_device_[plan_.operands[id].buffer]; }
  const DeviceModel& model(int device) const { return machine_.devices[device]; }
  // The CPU when there is no such device.
  int DeviceIndex(Device device) const;

  // ---- adding

  // A buffer for an array of this type. kResourceExhausted when no machine could
  // hold it.
  absl::StatusOr<BufferId> AddBuffer(BufferKind kind, int32_t index, int device, DType dtype,
                                     absl::Span<const int64_t> sizes);
  OperandId AddOperand(PlanOperand operand);
  void AddInputView(InputView view) { plan_.input_views.push_back(std::move(view)); }
  int32_t AddInfo() { return plan_.num_infos++; }
  // Places the workspaces and appends the step. A missing operand is -1.
  void AddStep(PlanStep step, absl::Span<const OperandId> operands,
               absl::Span<const OperandId> results);
  void SetOutput(size_t index, PlanOutput output) { plan_.outputs[index] = std::move(output); }
  void AddReasons(std::vector<Reason> reasons) { plan_.reasons = std::move(reasons); }

  // ---- lifetimes

  // The buffer is needed up to `last`, or beyond when that was said before. Of
  // no effect for what is not in an arena.
  void KeepUntil(BufferId buffer, NodeId last);
  // Every step of node `n` has been added: what it uses last is free.
  void FreeAfter(NodeId n);

  Plan Finish() &&;

 private:
  // The size of the arena of `device`, after an attempt at a tighter layout.
  int64_t PackArena(int device);

  const Machine& machine_;
  Plan plan_;
  std::vector<int> buffer_device_;
  std::vector<ArenaLayout> arenas_;  // Per device.
  // The buffers that end at each node, as lists: the first of the node, and the
  // next after each buffer. A buffer reused in place is moved when its first
  // owner ends.
  std::vector<BufferId> first_ending_;
  std::vector<BufferId> next_ending_;
  std::vector<NodeId> end_of_buffer_;
};

}  // namespace otium

#endif  // OTIUM_ENGINE_PLACE_LAYOUT_H_
