// SPDX-License-Identifier: Apache-2.0
//
// Copies of operands that placement inserts: to another device, and into dense
// memory for kernels and results that want it. Each is made once and serves
// every later use.

#ifndef OTIUM_ENGINE_PLACE_COPIES_H_
#define OTIUM_ENGINE_PLACE_COPIES_H_

#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "engine/place/kernel_table.h"
#include "engine/place/layout.h"
#include "engine/place/lifetime.h"
#include "engine/place/place.h"

namespace otium {

// What the operand of a value is made of.
struct OperandInfo {
  ValueId root = kNoValue;  // Its memory is needed as long as this value.
  // The operand that shows all of the dense buffer this one lies in, or -1: it
  // lies in an input whose strides a run brings.
  OperandId whole = -1;
};

// Where `type` is seen dense: same sizes, structure and dtype.
PhysicalType DenseType(DType dtype, Sizes sizes, const Structure& structure);

// "op: no kernel for f32[3]", with the position of node `n`.
absl::Status NoKernelError(const Graph& graph, const OpDef& op, NodeId n);
// `status`, with the position where node `n` was written.
absl::Status AtNode(const Graph& graph, NodeId n, absl::Status status);

class OperandCopies {
 public:
  OperandCopies(const Graph& graph, const Lifetimes& lifetimes, const KernelTable& kernels,
                const PlaceOptions& options, PlanLayout* layout)
      : graph_(graph),
        lifetimes_(lifetimes),
        kernels_(kernels),
        options_(options),
        layout_(*layout) {}

  // Each operand of a value is announced here when it is made.
  void Announce(OperandId id, OperandInfo info);
  const OperandInfo& info(OperandId id) const { return infos_[id]; }

  // The operand on `device`: itself, or a transfer, for the sake of node `n`. The
  // buffer that holds it goes over whole, so that other views of it are there
  // too, unless the operand is less than half of it.
  absl::StatusOr<OperandId> On(int device, OperandId id, NodeId n);
  // The operand as a dense, plain array in the arena of its device.
  absl::StatusOr<OperandId> Dense(OperandId id, NodeId n);
  // The same on the CPU, in memory that leaves the plan; dense where it can be.
  absl::StatusOr<OperandId> Result(OperandId id, NodeId n);

 private:
  // What is transferred when `id` is wanted elsewhere: the whole buffer, itself, or
  // a dense copy.
  absl::StatusOr<OperandId> Carried(OperandId id, NodeId n);
  absl::StatusOr<OperandId> NewDense(const PhysicalType& like, ValueId root, BufferKind kind,
                                     int device);
  absl::StatusOr<OperandId> Transfer(OperandId id, int device, BufferKind kind);
  absl::StatusOr<OperandId> Copy(OperandId id, BufferKind kind, NodeId n);

  const Graph& graph_;
  const Lifetimes& lifetimes_;
  const KernelTable& kernels_;
  const PlaceOptions& options_;
  PlanLayout& layout_;
  std::vector<OperandInfo> infos_;  // Per operand.
  absl::flat_hash_map<std::pair<OperandId, int>, OperandId> moved_;
  absl::flat_hash_map<OperandId, OperandId> dense_;
};

}  // namespace otium

#endif  // OTIUM_ENGINE_PLACE_COPIES_H_
