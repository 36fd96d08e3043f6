// SPDX-License-Identifier: Apache-2.0
#include "engine/place/layout.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/base/tensor.h"

namespace otium {
namespace {

// No machine has more, and sums of thousands do not overflow.
constexpr int64_t kMaxBufferBytes = int64_t{1} << 48;
constexpr NodeId kNoEnd = std::numeric_limits<NodeId>::max();
// Packing is quadratic.
constexpr size_t kMaxPackedBlocks = 512;

void SetWorkspace(int64_t offset, PlanStep* step) {
  step->kernel.workspace_offset = offset;
  for (StepKernel& k : step->alternatives) k.workspace_offset = offset;
}

}  // namespace

PlanLayout::PlanLayout(const GraphPtr& graph, const Machine& machine)
    : machine_(machine),
      arenas_(machine.devices.size()),
      first_ending_(graph->num_nodes(), kNoBuffer) {
  plan_.graph = graph;
  plan_.outputs.resize(graph->outputs().size());
}

int PlanLayout::DeviceIndex(Device device) const {
  for (size_t d = 0; d < machine_.devices.size(); ++d) {
    if (machine_.devices[d].device == device) return static_cast<int>(d);
  }
  return 0;
}

absl::StatusOr<BufferId> PlanLayout::AddBuffer(BufferKind kind, int32_t index, int device,
                                               DType dtype, absl::Span<const int64_t> sizes) {
  OTIUM_ASSIGN_OR_RETURN(const int64_t bytes, CheckedNumBytes(dtype, sizes));
  if (bytes > kMaxBufferBytes) {
    return absl::ResourceExhaustedError(absl::StrCat("a value of ", bytes, " bytes"));
  }
  PlanBuffer b;
  b.kind = kind;
  b.index = index;
  b.device = machine_.devices[device].device;
  b.bytes = bytes;
  b.first = b.last = static_cast<StepId>(plan_.steps.size());
  if (kind == BufferKind::kArena) b.offset = arenas_[device].Allocate(bytes);
  plan_.buffers.push_back(b);
  buffer_device_.push_back(device);
  next_ending_.push_back(kNoBuffer);
  end_of_buffer_.push_back(kNoEnd);
  return static_cast<BufferId>(plan_.buffers.size() - 1);
}

OperandId PlanLayout::AddOperand(PlanOperand operand) {
  plan_.operands.push_back(std::move(operand));
  return static_cast<OperandId>(plan_.operands.size() - 1);
}

void PlanLayout::AddStep(PlanStep step, absl::Span<const OperandId> operands,
                         absl::Span<const OperandId> results) {
  step.first_arg = static_cast<uint32_t>(plan_.args.size());
  step.num_operands = static_cast<int32_t>(operands.size());
  step.num_results = static_cast<int32_t>(results.size());
  plan_.args.insert(plan_.args.end(), operands.begin(), operands.end());
  plan_.args.insert(plan_.args.end(), results.begin(), results.end());
  const auto id = static_cast<StepId>(plan_.steps.size());
  for (OperandId o : operands) {
    if (o >= 0) plan_.buffers[plan_.operands[o].buffer].last = id;
  }
  for (OperandId o : results) plan_.buffers[plan_.operands[o].buffer].last = id;
  const int device = DeviceIndex(step.device);
  if (!machine_.devices[device].present) plan_.runnable = false;
  if (const int64_t workspace = step.WorkspaceBytes(); workspace > 0) {
    const int64_t offset = arenas_[device].Allocate(workspace);
    arenas_[device].Free(offset, workspace);
    SetWorkspace(offset, &step);
  }
  plan_.steps.push_back(std::move(step));
}

void PlanLayout::KeepUntil(BufferId buffer, NodeId last) {
  if (plan_.buffers[buffer].kind != BufferKind::kArena) return;
  NodeId& end = end_of_buffer_[buffer];
  if (end == kNoEnd) {
    end = last;
    next_ending_[buffer] = std::exchange(first_ending_[last], buffer);
  } else {
    // It is in the list of its first end, and is moved on when that node comes.
    end = std::max(end, last);
  }
}

void PlanLayout::FreeAfter(NodeId n) {
  BufferId next = std::exchange(first_ending_[n], kNoBuffer);
  while (next != kNoBuffer) {
    const BufferId b = std::exchange(next, next_ending_[next]);
    const NodeId end = end_of_buffer_[b];
    if (end > n) {
      next_ending_[b] = std::exchange(first_ending_[end], b);
    } else {
      arenas_[buffer_device_[b]].Free(plan_.buffers[b].offset, plan_.buffers[b].bytes);
    }
  }
}

int64_t PlanLayout::PackArena(int device) {
  const int64_t size = arenas_[device].size();
  std::vector<ArenaBlock> blocks;
  std::vector<std::pair<BufferId, StepId>> owners;  // A buffer, or a step's workspace.
  for (BufferId b = 0; b < static_cast<BufferId>(plan_.buffers.size()); ++b) {
    const PlanBuffer& buffer = plan_.buffers[b];
    if (buffer.kind != BufferKind::kArena || buffer_device_[b] != device) continue;
    blocks.push_back(
        {buffer.bytes, static_cast<uint32_t>(buffer.first), static_cast<uint32_t>(buffer.last), 0});
    owners.emplace_back(b, 0);
    if (blocks.size() > kMaxPackedBlocks) return size;
  }
  for (StepId s = 0; s < static_cast<StepId>(plan_.steps.size()); ++s) {
    const PlanStep& step = plan_.steps[s];
    const int64_t workspace = step.WorkspaceBytes();
    if (workspace == 0 || DeviceIndex(step.device) != device) continue;
    blocks.push_back({workspace, static_cast<uint32_t>(s), static_cast<uint32_t>(s), 0});
    owners.emplace_back(kNoBuffer, s);
    if (blocks.size() > kMaxPackedBlocks) return size;
  }
  const int64_t packed = PackLargestFirst(absl::MakeSpan(blocks));
  if (packed >= size) return size;
  for (size_t i = 0; i < blocks.size(); ++i) {
    const auto [buffer, step] = owners[i];
    if (buffer != kNoBuffer) plan_.buffers[buffer].offset = blocks[i].offset;
    else SetWorkspace(blocks[i].offset, &plan_.steps[step]);
  }
  return packed;
}

Plan PlanLayout::Finish() && {
  for (size_t d = 0; d < arenas_.size(); ++d) {
    if (arenas_[d].size() == 0) continue;
    const int64_t bytes = PackArena(static_cast<int>(d));
    plan_.arenas.push_back({machine_.devices[d].device, bytes});
    plan_.peak_bytes += bytes;
  }
  for (const PlanBuffer& b : plan_.buffers) {
    if (b.kind == BufferKind::kResult) plan_.peak_bytes += b.bytes;
  }
  return std::move(plan_);
}

}  // namespace otium
