// SPDX-License-Identifier: Apache-2.0
#include "engine/place/copies.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/graph/expr.h"

namespace otium {

PhysicalType DenseType(DType dtype, Sizes sizes, const Structure& structure) {
  PhysicalType p;
  p.dtype = dtype;
  p.strides = ContiguousStrides(sizes);
  p.sizes = std::move(sizes);
  p.structure = structure;
  return p;
}

absl::Status AtNode(const Graph& graph, NodeId n, absl::Status status) {
  const auto origins = graph.origins(n);
  return origins.empty()
             ? status
             : WithPosition(std::move(status), graph.sources()->entries[origins[0]].position);
}

absl::Status NoKernelError(const Graph& graph, const OpDef& op, NodeId n) {
  return AtNode(graph, n,
                absl::UnimplementedError(absl::StrCat(op.name, ": no kernel for ",
                                                      ShortType(graph.type(graph.result(n))))));
}

void OperandCopies::Announce(OperandId id, OperandInfo info) {
  infos_.resize(std::max<size_t>(infos_.size(), id + 1));
  infos_[id] = info;
}

// A dense operand in a new buffer that shows what `like` shows.
absl::StatusOr<OperandId> OperandCopies::NewDense(const PhysicalType& like, ValueId root,
                                                  BufferKind kind, int device) {
  PlanOperand copy;
  copy.type = DenseType(like.dtype, like.sizes, like.structure);
  copy.type.conjugated = like.conjugated;
  OTIUM_ASSIGN_OR_RETURN(copy.buffer, layout_.AddBuffer(kind, 0, device, like.dtype, like.sizes));
  layout_.KeepUntil(copy.buffer, lifetimes_.last_use[root]);
  const OperandId id = layout_.AddOperand(std::move(copy));
  Announce(id, {root, id});
  return id;
}

absl::StatusOr<OperandId> OperandCopies::Transfer(OperandId id, int device, BufferKind kind) {
  const PhysicalType type = layout_.operand(id).type;
  OTIUM_ASSIGN_OR_RETURN(const OperandId copy, NewDense(type, infos_[id].root, kind, device));
  const int from = layout_.device_of(id);
  const int64_t bytes = layout_.buffer_of(copy).bytes;
  PlanStep step;
  step.kind = PlanStep::kTransfer;
  step.device = layout_.model(device).device;
  step.node = graph_.producer(infos_[id].root);
  step.op = &GetOp(Op::clone);
  step.kernel.name = "transfer";
  step.estimate.bytes = static_cast<double>(bytes);
  step.estimate.seconds = TransferSeconds(layout_.model(from), layout_.model(device), bytes);
  layout_.AddStep(std::move(step), {id}, {copy});
  return copy;
}

absl::StatusOr<OperandId> OperandCopies::Carried(OperandId id, NodeId n) {
  const PhysicalType& type = layout_.operand(id).type;
  const OperandId whole = infos_[id].whole;
  if (whole < 0) return Dense(id, n);
  if (whole == id) return id;
  // Constants are everywhere: carrying them is free.
  if (layout_.buffer_of(id).kind == BufferKind::kConstant ||
      2 * type.NumElements() >= layout_.operand(whole).type.NumElements()) {
    return whole;
  }
  return type.IsContiguous() ? absl::StatusOr<OperandId>(id) : Dense(id, n);
}

absl::StatusOr<OperandId> OperandCopies::On(int device, OperandId id, NodeId n) {
  if (layout_.device_of(id) == device) return id;
  auto it = moved_.find({id, device});
  if (it != moved_.end()) return it->second;
  OTIUM_ASSIGN_OR_RETURN(const OperandId carried, Carried(id, n));
  OperandId moved;
  if (carried != id) {
    OTIUM_ASSIGN_OR_RETURN(moved, On(device, carried, n));
    if (carried == infos_[id].whole) {
      // The same view of the whole that is there now.
      PlanOperand view = layout_.operand(id);
      view.buffer = layout_.operand(moved).buffer;
      const OperandId there = std::exchange(moved, layout_.AddOperand(std::move(view)));
      Announce(moved, {infos_[id].root, there});
    }
  } else if (layout_.buffer_of(id).kind == BufferKind::kConstant) {
    PlanOperand there = layout_.operand(id);
    OTIUM_ASSIGN_OR_RETURN(
        there.buffer, layout_.AddBuffer(BufferKind::kConstant, layout_.buffer_of(id).index, device,
                                        there.type.dtype, there.type.sizes));
    moved = layout_.AddOperand(std::move(there));
    Announce(moved, {infos_[id].root, moved});
  } else {
    OTIUM_ASSIGN_OR_RETURN(moved, Transfer(id, device, BufferKind::kArena));
  }
  return moved_[{id, device}] = moved;
}

absl::StatusOr<OperandId> OperandCopies::Copy(OperandId id, BufferKind kind, NodeId n) {
  const int device = layout_.device_of(id);
  PhysicalType from = layout_.operand(id).type;
  const OpDef& op = GetOp(from.conjugated ? Op::conj : Op::clone);
  from.conjugated = false;
  OTIUM_ASSIGN_OR_RETURN(const OperandId copy, NewDense(from, infos_[id].root, kind, device));
  const PhysicalType& to = layout_.operand(copy).type;
  const Attributes none;
  const KernelCall call{op, none, {&from, 1}, {&to, 1}, options_.math};
  PlanStep step;
  step.kind = PlanStep::kCopy;
  if (layout_.model(device).present) {
    const KernelTable::Choice choice = kernels_.Choose(call, /*promised=*/0);
    if (choice.kernels.empty()) return NoKernelError(graph_, op, n);
    step.kernel = {choice.kernels[0]->name, choice.kernels[0]->prepare(call), 0};
  } else {
    step.kernel.name = "modelled";
  }
  step.device = layout_.model(device).device;
  step.node = graph_.producer(infos_[id].root);
  step.op = &op;
  const TensorType logical(from.dtype, Shape(absl::Span<const int64_t>(from.sizes)));
  const TensorType* types[] = {&logical};
  step.estimate =
      CostOf(layout_.model(device), {op, types, none}, {&logical, 1}, Efficiency::kStreaming);
  layout_.AddStep(std::move(step), {id}, {copy});
  return copy;
}

absl::StatusOr<OperandId> OperandCopies::Dense(OperandId id, NodeId n) {
  auto it = dense_.find(id);
  if (it != dense_.end()) return it->second;
  OTIUM_ASSIGN_OR_RETURN(const OperandId copy, Copy(id, BufferKind::kArena, n));
  return dense_[id] = copy;
}

absl::StatusOr<OperandId> OperandCopies::Result(OperandId id, NodeId n) {
  if (layout_.device_of(id) == 0) return Copy(id, BufferKind::kResult, n);
  if (!layout_.operand(id).type.IsPlain()) {
    OTIUM_ASSIGN_OR_RETURN(id, Dense(id, n));
  }
  OTIUM_ASSIGN_OR_RETURN(const OperandId carried, Carried(id, n));
  if (layout_.buffer_of(id).kind == BufferKind::kConstant || moved_.contains({carried, 0})) {
    // It is on the CPU already, but not where it may leave.
    OTIUM_ASSIGN_OR_RETURN(const OperandId there, On(/*device=*/0, id, n));
    return Copy(there, BufferKind::kResult, n);
  }
  // Later steps on the CPU read the result.
  OTIUM_ASSIGN_OR_RETURN(const OperandId moved,
                         Transfer(carried, /*device=*/0, BufferKind::kResult));
  moved_[{carried, 0}] = moved;
  return On(/*device=*/0, id, n);
}

}  // namespace otium
