// SPDX-License-Identifier: Apache-2.0
//
// One walk over the nodes in their order. What a node needs is brought to its
// device and into a form its kernel takes (copies.h), its results get memory
// (layout.h) for as long as they are used (lifetime.h), and outputs are copied
// out as soon as they are there when they cannot be returned where they lie.
//
// Tested by tests/place, which proves of every plan that no step reads what is
// not there any more.

#include "engine/place/place.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "backends/region/lower.h"
#include "engine/base/status.h"
#include "engine/optimize/pass.h"
#include "engine/place/assign.h"
#include "engine/place/copies.h"
#include "engine/place/kernel_table.h"
#include "engine/place/layout.h"
#include "engine/place/lifetime.h"
#include "engine/place/promise.h"

namespace otium {
namespace {

class Placer {
 public:
  Placer(const GraphPtr& graph, absl::Span<const InputPlacement> inputs,
         const PlaceOptions& options)
      : graph_(*graph),
        inputs_(inputs),
        options_(options),
        kernels_(options.backends),
        layout_(graph, *options.machine),
        copies_(graph_, lifetimes_, kernels_, options_, &layout_),
        given_away_(graph->num_values(), false),
        operand_of_(graph->num_values(), -1) {
    for (size_t i = 0; i < inputs_.size(); ++i) {
      given_away_[graph_.inputs()[i].value] = inputs_[i].given_away;
    }
  }

  absl::StatusOr<Plan> Run() {
    OTIUM_RETURN_IF_ERROR(CheckBytes());
    std::vector<ValueId> roots = FindRoots(graph_);
    std::vector<Reason> reasons;
    OTIUM_ASSIGN_OR_RETURN(devices_, AssignDevices(graph_, roots, options_, &reasons));
    layout_.AddReasons(std::move(reasons));
    lifetimes_ = FindLifetimes(graph_, std::move(roots), [&](ValueId r) { return MayLeave(r); });
    std::vector<size_t> outputs(graph_.outputs().size());
    for (size_t i = 0; i < outputs.size(); ++i) outputs[i] = i;
    std::stable_sort(outputs.begin(), outputs.end(), [&](size_t a, size_t b) {
      return ProducerOf(graph_.outputs()[a]) < ProducerOf(graph_.outputs()[b]);
    });

    for (size_t i = 0; i < inputs_.size(); ++i) {
      OTIUM_RETURN_IF_ERROR(AddInput(static_cast<int32_t>(i)));
    }
    auto output = outputs.begin();
    for (NodeId n = 0; n < graph_.num_nodes(); ++n) {
      absl::Status status = AddNode(n);
      for (; status.ok() && output != outputs.end() && ProducerOf(graph_.outputs()[*output]) == n;
           ++output) {
        status = AddOutput(*output);
      }
      if (absl::IsResourceExhausted(status)) return AtNode(graph_, n, std::move(status));
      OTIUM_RETURN_IF_ERROR(status);
      layout_.FreeAfter(n);
    }
    return std::move(layout_).Finish();
  }

 private:
  // No cost and no layout is computed with sizes that overflow.
  absl::Status CheckBytes() const {
    for (NodeId n = 0; n < graph_.num_nodes(); ++n) {
      for (const TensorType& type : graph_.result_types(n)) {
        if (type.rank() == 0 || !type.shape.IsStatic()) continue;
        const absl::Status status = CheckedNumBytes(type.dtype, type.shape.sizes()).status();
        if (!status.ok()) return AtNode(graph_, n, status);
      }
    }
    return absl::OkStatus();
  }

  NodeId ProducerOf(const GraphOutput& out) const { return graph_.producer(out.value); }

  // Whether an output may lie in the memory of `root`.
  bool MayLeave(ValueId root) const {
    const NodeId n = graph_.producer(root);
    if (graph_.Is(n, Op::constant)) return false;
    return graph_.Is(n, Op::input) ? given_away_[root] : devices_[n] == 0;
  }

  // ---- inputs, constants, views

  absl::Status AddInput(int32_t i) {
    const ValueId v = graph_.inputs()[i].value;
    const TensorType& type = graph_.type(v);
    PlanOperand operand;
    operand.type = DenseType(type.dtype, type.shape.sizes(), type.structure);
    OTIUM_ASSIGN_OR_RETURN(operand.buffer, layout_.AddBuffer(BufferKind::kInput, i,
                                                             layout_.DeviceIndex(inputs_[i].device),
                                                             type.dtype, operand.type.sizes));
    operand.type.strides = TypicalStrides(operand.type.sizes, inputs_[i].strides);
    const bool dense = operand.type.IsContiguous();
    const OperandId id = layout_.AddOperand(std::move(operand));
    SetOperand(v, id, dense ? id : -1);
    if (!dense) FollowInput(id, {id, i, AffineView::Identity(type.rank())});
    return absl::OkStatus();
  }

  void SetOperand(ValueId v, OperandId id, OperandId whole) {
    operand_of_[v] = id;
    copies_.Announce(id, {lifetimes_.root[v], whole});
  }

  // The strides of `id` are derived from those of an input in each run.
  void FollowInput(OperandId id, InputView view) {
    view.operand = id;
    follows_[id] = view;
    layout_.AddInputView(std::move(view));
  }

  absl::Status AddConstant(NodeId n) {
    const TensorType& type = graph_.type(graph_.result(n));
    PlanOperand operand;
    operand.type = DenseType(type.dtype, type.shape.sizes(), type.structure);
    OTIUM_ASSIGN_OR_RETURN(operand.buffer,
                           layout_.AddBuffer(BufferKind::kConstant, static_cast<int32_t>(n),
                                             devices_[n], type.dtype, operand.type.sizes));
    const Tensor& tensor = graph_.attributes(n).Get<Tensor>("value");
    operand.type.strides.assign(tensor.strides().begin(), tensor.strides().end());
    const OperandId id = layout_.AddOperand(std::move(operand));
    SetOperand(graph_.result(n), id, id);
    return absl::OkStatus();
  }

  absl::Status AddAlias(NodeId n) {
    OTIUM_ASSIGN_OR_RETURN(const OperandId source,
                           copies_.On(devices_[n], operand_of_[graph_.operands(n)[0]], n));
    for (int i = 0; i < graph_.num_results(n); ++i) {
      const ValueId v = graph_.result(n, i);
      const TensorType& type = graph_.type(v);
      PlanOperand operand = layout_.operand(source);
      OperandId whole = copies_.info(source).whole;
      std::optional<AffineView> view;
      if (graph_.Is(n, Op::conj)) {
        if (IsComplex(type.dtype)) operand.type.conjugated = !operand.type.conjugated;
        view = AffineView::Identity(type.rank());
      } else if ((view = ViewOf(graph_, n, i)).has_value()) {
        const AffineView::Strided strided = view->Apply(operand.type.strides);
        operand.offset += strided.offset;
        operand.type.strides = strided.strides;
      } else {
        // A reshape: in place when the strides allow it and are known now.
        std::optional<Sizes> strides;
        if (!follows_.contains(source)) {
          strides = ReshapeStrides(operand.type.sizes, operand.type.strides, type.shape.sizes());
        }
        if (!strides.has_value()) {
          OTIUM_ASSIGN_OR_RETURN(const OperandId dense, copies_.Dense(source, n));
          operand = layout_.operand(dense);
          whole = dense;
          strides = ContiguousStrides(type.shape.sizes());
        }
        operand.type.strides = *strides;
      }
      operand.type.sizes = type.shape.sizes();
      operand.type.structure = type.structure;
      const OperandId id = layout_.AddOperand(std::move(operand));
      SetOperand(v, id, whole);
      auto base = follows_.find(source);
      if (view.has_value() && base != follows_.end()) {
        FollowInput(id, {id, base->second.input, view->After(base->second.view)});
      }
    }
    return absl::OkStatus();
  }

  absl::Status AddNode(NodeId n) {
    const OpDef& op = graph_.op(n);
    if (op.id == Op::input) {
      const TensorType& type = graph_.type(graph_.result(n));
      if (!options_.check_declared || type.structure.IsGeneral() || !IsDeclared(graph_, n)) {
        return absl::OkStatus();
      }
      return AddCheck(n, operand_of_[graph_.result(n)],
                      Attributes(GetOp(Op::assume), {type.structure, false}));
    }
    if (op.id == Op::constant) return AddConstant(n);
    if (!IsAlias(graph_, n)) return AddStep(n);
    if (IsChecked(graph_, n, options_)) {
      OTIUM_RETURN_IF_ERROR(AddCheck(n, operand_of_[graph_.operands(n)[0]], graph_.attributes(n)));
    }
    return AddAlias(n);
  }

  // A step on the CPU that reads x and reports the first fact that does not hold.
  absl::Status AddCheck(NodeId n, OperandId x, const Attributes& attributes) {
    OTIUM_ASSIGN_OR_RETURN(x, copies_.On(/*device=*/0, x, n));
    const OpDef& assume = GetOp(Op::assume);
    PhysicalType type = layout_.operand(x).type;
    type.conjugated = false;  // Each fact holds of a matrix when it does of its conjugate.
    const KernelCall call{assume, attributes, {&type, 1}, {}, options_.math};
    const KernelTable::Choice choice = kernels_.Choose(call, /*promised=*/0);
    if (choice.kernels.empty()) return NoKernelError(graph_, assume, n);
    PlanStep step;
    step.device = layout_.model(0).device;
    step.node = n;
    step.op = &assume;
    step.kernel = {choice.kernels[0]->name, choice.kernels[0]->prepare(call), 0};
    step.info = layout_.AddInfo();
    const TensorType logical(type.dtype, Shape(absl::Span<const int64_t>(type.sizes)));
    const TensorType* types[] = {&logical};
    step.estimate = CostOf(layout_.model(0), {GetOp(Op::clone), types, Attributes()}, {},
                           Efficiency::kStreaming);
    layout_.AddStep(std::move(step), {x}, {});
    return absl::OkStatus();
  }

  // ---- steps

  absl::Status AddStep(NodeId n) {
    const OpDef& op = graph_.op(n);
    const Attributes& attributes = graph_.attributes(n);
    const int device = devices_[n];
    const DeviceModel& model = layout_.model(device);
    args_.clear();
    logical_.clear();
    for (ValueId v : graph_.operands(n)) {
      OperandId id = -1;
      if (v != kNoValue) {
        OTIUM_ASSIGN_OR_RETURN(id, copies_.On(device, operand_of_[v], n));
      }
      args_.push_back(id);
      logical_.push_back(v == kNoValue ? nullptr : &graph_.type(v));
    }
    const OpCall op_call{op, logical_, attributes};
    const absl::InlinedVector<TensorType, 2> result_types = LargestTypes(graph_, n);
    results_.clear();
    for (const TensorType& type : result_types) {
      results_.push_back(DenseType(type.dtype, type.shape.sizes(), type.structure));
    }

    PlanStep step;
    step.device = model.device;
    step.node = n;
    step.op = &op;
    uint32_t in_place = 0;
    if (model.present) {
      OTIUM_ASSIGN_OR_RETURN(const std::vector<const Kernel*> chosen, ChooseKernels(n));
      const KernelCall call = CallOf(n, types_);
      step.kernel = {chosen[0]->name, chosen[0]->prepare(call), 0};
      for (size_t i = 1; i < chosen.size(); ++i) {
        step.alternatives.push_back({chosen[i]->name, chosen[i]->prepare(call), 0});
      }
      // An alternative needs the operands as they were.
      if (step.alternatives.empty()) in_place = chosen[0]->in_place;
      step.estimate = CostOf(model, op_call, result_types, chosen[0]->efficiency);
    } else {
      step.kind = PlanStep::kModelled;
      step.kernel.name = "modelled";
      step.estimate = CostOf(model, op_call, result_types);
    }
    if (op.Is(kFallible) || op.Is(kDataDependent) || !step.alternatives.empty()) {
      step.info = layout_.AddInfo();
    }

    result_ids_.clear();
    for (int i = 0; i < graph_.num_results(n); ++i) {
      const ValueId v = graph_.result(n, i);
      PlanOperand operand;
      operand.buffer = i == 0 ? ReusedBuffer(n, in_place) : kNoBuffer;
      if (operand.buffer == kNoBuffer) {
        const BufferKind kind = lifetimes_.leaves[v] ? BufferKind::kResult : BufferKind::kArena;
        OTIUM_ASSIGN_OR_RETURN(operand.buffer, layout_.AddBuffer(kind, 0, device, results_[i].dtype,
                                                                 results_[i].sizes));
      }
      layout_.KeepUntil(operand.buffer, lifetimes_.last_use[v]);
      operand.type = results_[i];
      const OperandId id = layout_.AddOperand(std::move(operand));
      SetOperand(v, id, id);
      result_ids_.push_back(id);
      if (!graph_.type(v).shape.IsStatic()) count_info_[v] = step.info;
    }
    layout_.AddStep(std::move(step), args_, result_ids_);
    return absl::OkStatus();
  }

  KernelCall CallOf(NodeId n, absl::Span<const PhysicalType> operands) const {
    return {graph_.op(n), graph_.attributes(n), operands, results_, options_.math};
  }

  void CollectTypes() {
    types_.clear();
    for (OperandId id : args_) {
      types_.push_back(id < 0 ? PhysicalType{.present = false} : layout_.operand(id).type);
    }
  }

  // The kernels for node n, best first; more than one when the first is guarded.
  // Operands that no kernel takes as they lie, or none of the preferred backend,
  // are copied: those that are not plain, and if that is not enough all that are
  // not dense.
  absl::StatusOr<std::vector<const Kernel*>> ChooseKernels(NodeId n) {
    const uint32_t promised = PromisedFlags(graph_, n);
    CollectTypes();
    KernelTable::Choice best = kernels_.Choose(CallOf(n, types_), promised);
    std::vector<bool> copied(args_.size(), false);
    for (const bool strided_too : {false, true}) {
      if (!best.kernels.empty() && best.backend == 0) break;
      std::vector<PhysicalType> types = types_;
      std::vector<bool> would_copy(args_.size(), false);
      for (size_t i = 0; i < types.size(); ++i) {
        const PhysicalType& t = types[i];
        if (!t.present || (t.IsPlain() && (!strided_too || t.IsContiguous()))) continue;
        types[i] = DenseType(t.dtype, t.sizes, t.structure);
        would_copy[i] = true;
      }
      if (would_copy == copied) continue;
      KernelTable::Choice choice = kernels_.Choose(CallOf(n, types), promised);
      if (choice.kernels.empty()) continue;
      if (best.kernels.empty() || choice.backend < best.backend) {
        best = std::move(choice);
        copied = std::move(would_copy);
      }
    }
    if (best.kernels.empty()) return NoKernelError(graph_, graph_.op(n), n);
    for (size_t i = 0; i < args_.size(); ++i) {
      if (!copied[i]) continue;
      OTIUM_ASSIGN_OR_RETURN(args_[i], copies_.Dense(args_[i], n));
    }
    CollectTypes();
    return best.kernels;
  }

  // Of the operands that a kernel of regions may overwrite, those that this region
  // reads nowhere but where it writes. (Not transposed, not for other rows.)
  uint32_t InPlaceOperands(NodeId n, uint32_t in_place) {
    if (in_place == 0 || !graph_.Is(n, Op::fused)) return in_place;
    const Graph& body = *graph_.attributes(n).Get<GraphPtr>("graph");
    // The layout of the operand is that of the result, so plain loops do.
    const bool moves = AnyNode(body, [](Op op) {
      return op != Op::input && op != Op::constant && op != Op::size &&
             region::RoleOf(op) != region::Role::kPointwise;
    });
    if (!moves) return in_place;
    const auto [it, is_new] = overwritable_.try_emplace(&body, 0);
    if (is_new) {
      const absl::StatusOr<region::LoopProgram> program = region::LowerRegion(body);
      if (program.ok()) it->second = region::OverwritableInputs(*program);
    }
    return in_place & it->second;
  }

  // The buffer of an operand that dies here and that result 0 may overwrite.
  BufferId ReusedBuffer(NodeId n, uint32_t in_place) {
    in_place = InPlaceOperands(n, in_place);
    const absl::Span<const ValueId> operands = graph_.operands(n);
    auto overwritable = [&](size_t i) { return i < 32 && (in_place >> i & 1) != 0; };
    for (size_t i = 0; i < operands.size(); ++i) {
      if (!overwritable(i) || operands[i] == kNoValue) continue;
      const ValueId root = lifetimes_.root[operands[i]];
      if (lifetimes_.last_use[root] != n || lifetimes_.leaves[root]) continue;
      if (args_[i] != operand_of_[operands[i]]) continue;  // A copy, which others may use.
      const PlanBuffer& buffer = layout_.buffer_of(args_[i]);
      const bool given_away = buffer.kind == BufferKind::kInput && inputs_[buffer.index].given_away;
      // A result that leaves the plan needs memory that does.
      if (!given_away &&
          (buffer.kind != BufferKind::kArena || lifetimes_.leaves[graph_.result(n)])) {
        continue;
      }
      const PlanOperand& o = layout_.operand(args_[i]);
      if (o.type.sizes != results_[0].sizes || o.type.dtype != results_[0].dtype ||
          !o.type.IsContiguous() || !o.type.IsPlain() || o.offset != 0) {
        continue;
      }
      // The same memory under another operand of this step must stay as it is,
      // unless the kernel overwrites that one just as well.
      bool elsewhere = false;
      for (size_t j = 0; j < operands.size(); ++j) {
        if (j == i || operands[j] == kNoValue || lifetimes_.root[operands[j]] != root) continue;
        elsewhere = elsewhere || operands[j] != operands[i] || !overwritable(j);
      }
      if (!elsewhere) return o.buffer;
    }
    return kNoBuffer;
  }

  // ---- outputs

  absl::Status AddOutput(size_t index) {
    const GraphOutput& out = graph_.outputs()[index];
    auto [it, inserted] = result_of_.try_emplace(out.value, operand_of_[out.value]);
    if (inserted) {
      const OperandId id = it->second;
      const BufferKind kind = layout_.buffer_of(id).kind;
      const bool leaves = lifetimes_.leaves[lifetimes_.root[out.value]] &&
                          layout_.device_of(id) == 0 && layout_.operand(id).type.IsPlain() &&
                          (kind == BufferKind::kResult || kind == BufferKind::kInput);
      if (!leaves) {
        OTIUM_ASSIGN_OR_RETURN(it->second, copies_.Result(id, ProducerOf(out)));
      }
    }
    auto count = count_info_.find(out.value);
    layout_.SetOutput(index,
                      {out.name, it->second, count == count_info_.end() ? -1 : count->second});
    return absl::OkStatus();
  }

  const Graph& graph_;
  const absl::Span<const InputPlacement> inputs_;
  const PlaceOptions& options_;
  const KernelTable kernels_;
  PlanLayout layout_;
  Lifetimes lifetimes_;
  OperandCopies copies_;
  std::vector<int> devices_;           // Per node, an index into the machine's devices.
  std::vector<bool> given_away_;       // Per value: an input that the caller gave away.
  std::vector<OperandId> operand_of_;  // Per value.
  absl::flat_hash_map<OperandId, InputView> follows_;
  absl::flat_hash_map<ValueId, int32_t> count_info_;
  absl::flat_hash_map<ValueId, OperandId> result_of_;
  absl::flat_hash_map<const Graph*, uint32_t> overwritable_;  // Inputs of regions.

  // Of the step being made.
  std::vector<OperandId> args_, result_ids_;
  std::vector<PhysicalType> types_, results_;
  std::vector<const TensorType*> logical_;
};

}  // namespace

absl::StatusOr<Plan> Place(const GraphPtr& graph, absl::Span<const InputPlacement> inputs,
                           const PlaceOptions& options) {
  return Placer(graph, inputs, options).Run();
}

}  // namespace otium
