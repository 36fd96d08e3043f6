// SPDX-License-Identifier: Apache-2.0
#include "engine/place/place.h"

#include <algorithm>
#include <limits>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/place/arena.h"
#include "engine/place/assign.h"
#include "engine/place/kernel_table.h"

namespace otium {
namespace {

constexpr NodeId kForever = std::numeric_limits<NodeId>::max();

class Placer {
 public:
  Placer(const GraphPtr& graph, absl::Span<const InputPlacement> inputs, const PlaceOptions& options)
      : graph_(*graph), inputs_(inputs), options_(options), kernels_(options.backends) {
    plan_.graph = graph;
  }

  absl::StatusOr<Plan> Run() {
    OTIUM_ASSIGN_OR_RETURN(devices_, AssignDevices(graph_, *options_.machine, options_.device, &plan_.reasons));
    FindRoots();
    arenas_.resize(options_.machine->devices.size());
    operand_of_.assign(graph_.num_values(), -1);
    for (size_t i = 0; i < graph_.inputs().size(); ++i) AddInput(static_cast<int32_t>(i));
    if (options_.check_declared) {
      for (const GraphInput& in : graph_.inputs()) OTIUM_RETURN_IF_ERROR(CheckInput(in));
    }
    for (NodeId n = 0; n < graph_.num_nodes(); ++n) {
      OTIUM_RETURN_IF_ERROR(AddNode(n));
      FreeDead(n);
    }
    for (const GraphOutput& out : graph_.outputs()) OTIUM_RETURN_IF_ERROR(AddOutput(out));
    for (size_t d = 0; d < arenas_.size(); ++d) {
      if (arenas_[d].size() == 0) continue;
      plan_.arenas.push_back({options_.machine->devices[d].device, arenas_[d].size()});
      plan_.peak_bytes += arenas_[d].size();
    }
    for (const PlanBuffer& b : plan_.buffers) {
      if (b.kind == BufferKind::kResult) plan_.peak_bytes += b.bytes;
    }
    return std::move(plan_);
  }

 private:
  // ---- what each value is a view of, and how long it is needed

  bool IsAlias(NodeId n) const {
    const OpDef& op = graph_.op(n);
    if (op.id == Op::conj) return true;
    return op.Is(kViewOp);
  }

  void FindRoots() {
    root_.resize(graph_.num_values());
    last_use_.assign(graph_.num_values(), 0);
    is_result_.assign(graph_.num_values(), false);
    for (NodeId n = 0; n < graph_.num_nodes(); ++n) {
      for (int i = 0; i < graph_.num_results(n); ++i) {
        const ValueId v = graph_.result(n, i);
        root_[v] = IsAlias(n) ? root_[graph_.operands(n)[0]] : v;
        last_use_[v] = n;
      }
      for (ValueId v : graph_.operands(n)) {
        if (v != kNoValue) last_use_[root_[v]] = n;
      }
    }
    // A result that shows at least half of the memory it lies in is returned
    // where it is; a smaller one is copied, so as not to keep the rest alive.
    for (const GraphOutput& out : graph_.outputs()) {
      const ValueId root = root_[out.value];
      const NodeId producer = graph_.producer(root);
      last_use_[root] = kForever;
      if (graph_.Is(producer, Op::input) || graph_.Is(producer, Op::constant)) continue;
      const TensorType& whole = graph_.type(root);
      const TensorType& shown = graph_.type(out.value);
      if (out.value == root || !whole.shape.IsStatic() ||
          2 * shown.shape.NumElements() >= whole.shape.NumElements()) {
        is_result_[root] = true;
      }
    }
  }

  // ---- operands

  // `root`: the value whose last use is that of the operand.
  OperandId AddOperand(PlanOperand operand, ValueId root) {
    plan_.operands.push_back(std::move(operand));
    operand_root_.push_back(root);
    return static_cast<OperandId>(plan_.operands.size() - 1);
  }

  static PhysicalType Dense(const TensorType& type, Sizes sizes) {
    PhysicalType p;
    p.dtype = type.dtype;
    p.strides = ContiguousStrides(sizes);
    p.sizes = std::move(sizes);
    p.structure = type.structure;
    return p;
  }

  BufferId AddBuffer(BufferKind kind, int32_t index, int device, int64_t bytes) {
    PlanBuffer b;
    b.kind = kind;
    b.index = index;
    b.device = options_.machine->devices[device].device;
    b.bytes = bytes;
    b.first = b.last = static_cast<StepId>(plan_.steps.size());
    if (kind == BufferKind::kArena) b.offset = arenas_[device].Allocate(bytes);
    plan_.buffers.push_back(b);
    buffer_device_.push_back(device);
    return static_cast<BufferId>(plan_.buffers.size() - 1);
  }

  void AddInput(int32_t i) {
    const GraphInput& in = graph_.inputs()[i];
    const TensorType& type = graph_.type(in.value);
    PlanOperand operand;
    operand.buffer = AddBuffer(BufferKind::kInput, i, DeviceIndex(inputs_[i].device), type.NumBytes());
    operand.type = Dense(type, type.shape.sizes());
    operand.type.strides = inputs_[i].strides;
    const bool dense = operand.type.IsContiguous();
    const OperandId id = AddOperand(std::move(operand), in.value);
    operand_of_[in.value] = id;
    if (!dense) plan_.input_views.push_back({id, i, AffineView::Identity(type.rank())});
    if (!dense) view_of_operand_[id] = plan_.input_views.size() - 1;
  }

  int DeviceIndex(Device device) const {
    const auto& all = options_.machine->devices;
    for (size_t i = 0; i < all.size(); ++i) {
      if (all[i].device == device) return static_cast<int>(i);
    }
    return 0;
  }

  // ---- steps

  KernelCall CallOf(const OpDef& op, const Attributes& attributes,
                    absl::Span<const PhysicalType> operands,
                    absl::Span<const PhysicalType> results) const {
    return {op, attributes, operands, results, options_.math};
  }

  // An operand on `device` that is dense and holds what `like` shows.
  PlanOperand DenseLike(const PhysicalType& like, BufferKind kind, int device) {
    PlanOperand copy;
    const TensorType logical(like.dtype, Shape(absl::Span<const int64_t>(like.sizes)));
    copy.type = Dense(logical, like.sizes);
    copy.type.structure = like.structure;
    copy.buffer = AddBuffer(kind, 0, device, logical.NumBytes());
    return copy;
  }

  // The operand on `device`: itself, or a transfer, made once.
  OperandId On(int device, OperandId id, NodeId n) {
    const int from = buffer_device_[plan_.operands[id].buffer];
    if (from == device) return id;
    auto [it, inserted] = moved_.try_emplace({id, device}, 0);
    if (!inserted) return it->second;
    const PhysicalType type = plan_.operands[id].type;
    PlanOperand copy = DenseLike(type, BufferKind::kArena, device);
    copy.type.conjugated = type.conjugated;
    const double bytes = static_cast<double>(plan_.buffers[copy.buffer].bytes);
    const ValueId root = operand_root_[id];
    ScheduleFree(copy.buffer, last_use_[root]);
    const OperandId result = AddOperand(std::move(copy), root);
    PlanStep step;
    step.kind = PlanStep::kTransfer;
    step.device = options_.machine->devices[device].device;
    step.node = n;
    step.op = &GetOp(Op::clone);
    step.kernel.name = "transfer";
    step.estimate.bytes = bytes;
    step.estimate.seconds =
        TransferSeconds(options_.machine->devices[from], options_.machine->devices[device],
                        static_cast<int64_t>(bytes));
    Emit(std::move(step), {id}, {result});
    return it->second = result;
  }

  // A dense, plain copy of the operand in a buffer of `kind`; in the arena it is
  // made once.
  absl::StatusOr<OperandId> Materialized(OperandId id, BufferKind kind, NodeId n) {
    auto it = dense_.find(id);
    if (kind == BufferKind::kArena && it != dense_.end()) return it->second;
    const PhysicalType type = plan_.operands[id].type;
    const int device = buffer_device_[plan_.operands[id].buffer];
    const OpDef& op = GetOp(type.conjugated ? Op::conj : Op::clone);
    PlanOperand copy = DenseLike(type, kind, device);
    PhysicalType from = type;
    from.conjugated = false;
    const Attributes none;
    const KernelCall call = CallOf(op, none, {&from, 1}, {&copy.type, 1});
    PlanStep step;
    if (options_.machine->devices[device].present) {
      const KernelTable::Choice choice = kernels_.Choose(call, /*promised=*/0);
      if (choice.kernels.empty()) return NoKernel(op, n);
      step.kernel = {choice.kernels[0]->name, choice.kernels[0]->prepare(call), 0};
    } else {
      step.kind = PlanStep::kModelled;
      step.kernel.name = "modelled";
    }
    step.device = options_.machine->devices[device].device;
    step.node = n;
    step.op = &op;
    const TensorType logical(type.dtype, Shape(absl::Span<const int64_t>(type.sizes)));
    const TensorType* types[] = {&logical};
    step.estimate = CostOf(options_.machine->devices[device], {op, types, none}, {&logical, 1},
                           Efficiency::kStreaming);
    const ValueId root = operand_root_[id];
    if (kind == BufferKind::kArena) ScheduleFree(copy.buffer, last_use_[root]);
    const OperandId result = AddOperand(std::move(copy), root);
    Emit(std::move(step), {id}, {result});
    if (kind == BufferKind::kArena) dense_[id] = result;
    return result;
  }

  absl::Status NoKernel(const OpDef& op, NodeId n) const {
    absl::Status status = absl::UnimplementedError(
        absl::StrCat(op.name, ": no kernel for ", ShortType(graph_.type(graph_.result(n)))));
    const auto origins = graph_.origins(n);
    return origins.empty() ? status
                           : WithPosition(status, graph_.sources()->entries[origins[0]].position);
  }

  void Emit(PlanStep step, absl::Span<const OperandId> operands,
            absl::Span<const OperandId> results) {
    step.first_arg = static_cast<uint32_t>(plan_.args.size());
    step.num_operands = static_cast<uint16_t>(operands.size());
    step.num_results = static_cast<uint16_t>(results.size());
    plan_.args.insert(plan_.args.end(), operands.begin(), operands.end());
    plan_.args.insert(plan_.args.end(), results.begin(), results.end());
    const auto id = static_cast<StepId>(plan_.steps.size());
    for (OperandId o : operands) {
      if (o >= 0 && plan_.operands[o].buffer != kNoBuffer) {
        plan_.buffers[plan_.operands[o].buffer].last = id;
      }
    }
    for (OperandId o : results) plan_.buffers[plan_.operands[o].buffer].last = id;
    // Workspaces live for their step only.
    const int device = DeviceIndex(step.device);
    auto place_workspace = [&](StepKernel& kernel) {
      if (kernel.prepared.workspace_bytes == 0) return;
      kernel.workspace_offset = arenas_[device].Allocate(kernel.prepared.workspace_bytes);
    };
    place_workspace(step.kernel);
    for (StepKernel& k : step.alternatives) place_workspace(k);
    auto free_workspace = [&](const StepKernel& kernel) {
      if (kernel.prepared.workspace_bytes == 0) return;
      arenas_[device].Free(kernel.workspace_offset, kernel.prepared.workspace_bytes);
    };
    free_workspace(step.kernel);
    for (const StepKernel& k : step.alternatives) free_workspace(k);
    plan_.steps.push_back(std::move(step));
  }

  absl::Status AddAlias(NodeId n) {
    const OperandId source = operand_of_[graph_.operands(n)[0]];
    for (int i = 0; i < graph_.num_results(n); ++i) {
      const ValueId v = graph_.result(n, i);
      const TensorType& type = graph_.type(v);
      PlanOperand operand = plan_.operands[source];
      operand.type.structure = type.structure;
      AffineView view = AffineView::Identity(type.rank());
      bool follows = true;
      if (graph_.Is(n, Op::conj)) {
        if (IsComplex(type.dtype)) operand.type.conjugated = !operand.type.conjugated;
      } else if (const std::optional<AffineView> affine = ViewOf(graph_, n, i)) {
        view = *affine;
        const AffineView::Strided strided = view.Apply(operand.type.strides);
        operand.offset += strided.offset;
        operand.type.strides = strided.strides;
        operand.type.sizes = type.shape.sizes();
      } else {
        // A reshape: possible in place when the strides allow it, and known at
        // plan time.
        const Sizes sizes = type.shape.sizes();
        std::optional<Sizes> strides;
        if (!view_of_operand_.contains(source)) {
          strides = ReshapeStrides(operand.type.sizes, operand.type.strides, sizes);
        }
        if (!strides.has_value()) {
          OTIUM_ASSIGN_OR_RETURN(const OperandId dense,
                                 Materialized(source, BufferKind::kArena, n));
          operand = plan_.operands[dense];
          operand.type.structure = type.structure;
          strides = ContiguousStrides(sizes);
        }
        operand.type.sizes = sizes;
        operand.type.strides = *strides;
        follows = false;
      }
      operand_of_[v] = AddOperand(std::move(operand), root_[v]);
      if (follows) FollowInput(source, operand_of_[v], view);
    }
    return absl::OkStatus();
  }

  // An operand derived from one whose strides a run brings is derived too.
  void FollowInput(OperandId source, OperandId derived, const AffineView& view) {
    auto it = view_of_operand_.find(source);
    if (it == view_of_operand_.end()) return;
    const InputView& base = plan_.input_views[it->second];
    plan_.input_views.push_back({derived, base.input, view.After(base.view)});
    view_of_operand_[derived] = plan_.input_views.size() - 1;
  }

  absl::Status AddNode(NodeId n) {
    const OpDef& op = graph_.op(n);
    if (op.id == Op::input) return absl::OkStatus();
    if (op.id == Op::constant) {
      const TensorType& type = graph_.type(graph_.result(n));
      PlanOperand operand;
      operand.buffer = AddBuffer(BufferKind::kConstant, static_cast<int32_t>(n), devices_[n],
                                 type.NumBytes());
      operand.type = Dense(type, type.shape.sizes());
      const Tensor& tensor = graph_.attributes(n).Get<Tensor>("value");
      operand.type.strides.assign(tensor.strides().begin(), tensor.strides().end());
      operand_of_[graph_.result(n)] = AddOperand(std::move(operand), graph_.result(n));
      return absl::OkStatus();
    }
    if (IsAlias(n)) {
      const bool check = op.id == Op::assume && options_.check_declared &&
                         !graph_.attributes(n).Get<bool>("proved");
      if (check) {
        OTIUM_RETURN_IF_ERROR(AddCheck(n, operand_of_[graph_.operands(n)[0]], graph_.attributes(n)));
      }
      return AddAlias(n);
    }
    return AddStep(n);
  }

  absl::Status CheckInput(const GraphInput& in) {
    const TensorType& type = graph_.type(in.value);
    if (type.structure.IsGeneral()) return absl::OkStatus();
    const OpDef& assume = GetOp(Op::assume);
    const Attributes attributes(assume, {type.structure, false});
    return AddCheck(graph_.producer(in.value), operand_of_[in.value], attributes);
  }

  // A step that reads x and reports the first fact that does not hold.
  absl::Status AddCheck(NodeId n, OperandId x, const Attributes& attributes) {
    const OpDef& assume = GetOp(Op::assume);
    const PhysicalType type = plan_.operands[x].type;
    const KernelCall call = CallOf(assume, attributes, {&type, 1}, {});
    const KernelTable::Choice choice = kernels_.Choose(call, /*promised=*/0);
    if (choice.kernels.empty()) return NoKernel(assume, n);
    PlanStep step;
    step.device = plan_.buffers[plan_.operands[x].buffer].device;
    step.node = n;
    step.op = &assume;
    step.kernel = {choice.kernels[0]->name, choice.kernels[0]->prepare(call), 0};
    step.info = plan_.num_infos++;
    const TensorType logical(type.dtype, Shape(absl::Span<const int64_t>(type.sizes)));
    step.estimate.bytes = static_cast<double>(logical.NumBytes());
    step.estimate.seconds =
        step.estimate.bytes / options_.machine->devices[0].memory_bandwidth;
    Emit(std::move(step), {x}, {});
    return absl::OkStatus();
  }

  absl::Status AddStep(NodeId n) {
    const OpDef& op = graph_.op(n);
    const Attributes& attributes = graph_.attributes(n);
    const int device = devices_[n];
    const DeviceModel& model = options_.machine->devices[device];
    args_.clear();
    for (ValueId v : graph_.operands(n)) {
      args_.push_back(v == kNoValue ? -1 : On(device, operand_of_[v], n));
    }
    types_.clear();
    logical_.clear();
    for (ValueId v : graph_.operands(n)) logical_.push_back(v == kNoValue ? nullptr : &graph_.type(v));
    const OpCall op_call{op, logical_, attributes};
    results_.clear();
    const int32_t info =
        op.Is(kFallible) || op.Is(kDataDependent) ? plan_.num_infos++ : -1;
    for (int i = 0; i < graph_.num_results(n); ++i) {
      const TensorType& type = graph_.type(graph_.result(n, i));
      Sizes sizes;
      for (const Dim& d : type.shape.dims()) {
        sizes.push_back(d.IsStatic() ? d.value() : op.max_count(op_call));
      }
      results_.push_back(Dense(type, std::move(sizes)));
      if (!type.shape.IsStatic()) count_info_[graph_.result(n, i)] = info;
    }

    PlanStep step;
    step.device = model.device;
    step.node = n;
    step.op = &op;
    step.info = info;
    uint32_t in_place = 0;
    Efficiency efficiency = Efficiency::kStreaming;
    if (!model.present) {
      step.kind = PlanStep::kModelled;
      step.kernel.name = "modelled";
      plan_.runnable = false;
    } else {
      OTIUM_ASSIGN_OR_RETURN(const std::vector<const Kernel*> chosen, ChooseKernels(n));
      const KernelCall call = CallOf(op, attributes, types_, results_);
      step.kernel = {chosen[0]->name, chosen[0]->prepare(call), 0};
      for (size_t i = 1; i < chosen.size(); ++i) {
        step.alternatives.push_back({chosen[i]->name, chosen[i]->prepare(call), 0});
      }
      if (step.alternatives.empty()) in_place = chosen[0]->in_place;
      efficiency = chosen[0]->efficiency;
    }
    absl::InlinedVector<TensorType, 2> result_types;
    for (size_t i = 0; i < results_.size(); ++i) {
      result_types.emplace_back(results_[i].dtype,
                                Shape(absl::Span<const int64_t>(results_[i].sizes)));
    }
    step.estimate = model.present ? CostOf(model, op_call, result_types, efficiency)
                                  : CostOf(model, op_call, result_types);

    result_ids_.clear();
    for (int i = 0; i < graph_.num_results(n); ++i) {
      const ValueId v = graph_.result(n, i);
      PlanOperand operand;
      operand.type = results_[i];
      const int64_t bytes = operand.type.NumElements() * ItemSize(operand.type.dtype);
      if (is_result_[v]) {
        operand.buffer = AddBuffer(BufferKind::kResult, 0, device, bytes);
      } else {
        operand.buffer = i == 0 ? ReusedBuffer(n, in_place) : kNoBuffer;
        if (operand.buffer == kNoBuffer) {
          operand.buffer = AddBuffer(BufferKind::kArena, 0, device, bytes);
        }
        ScheduleFree(operand.buffer, last_use_[v]);
      }
      operand_of_[v] = AddOperand(std::move(operand), v);
      result_ids_.push_back(operand_of_[v]);
    }
    Emit(std::move(step), args_, result_ids_);
    return absl::OkStatus();
  }

  // The kernels for node n, best first; more than one when the first is guarded.
  // Operands that no kernel takes as they lie are copied.
  absl::StatusOr<std::vector<const Kernel*>> ChooseKernels(NodeId n) {
    auto collect = [&] {
      types_.clear();
      for (OperandId id : args_) {
        types_.push_back(id < 0 ? PhysicalType{.present = false} : plan_.operands[id].type);
      }
      return kernels_.Choose(CallOf(graph_.op(n), graph_.attributes(n), types_, results_),
                             Promised(n));
    };
    const KernelTable::Choice as_is = collect();
    if (!as_is.kernels.empty() && as_is.backend == 0) return as_is.kernels;
    // Would the preferred backend take dense copies?
    const std::vector<OperandId> lying = args_;
    bool copies = false;
    std::vector<PhysicalType> dense = types_;
    for (PhysicalType& t : dense) {
      if (!t.present || (t.IsContiguous() && t.IsPlain())) continue;
      t.strides = ContiguousStrides(t.sizes);
      t.conjugated = false;
      copies = true;
    }
    if (copies) {
      const KernelTable::Choice copied = kernels_.Choose(
          CallOf(graph_.op(n), graph_.attributes(n), dense, results_), Promised(n));
      if (!copied.kernels.empty() && (as_is.kernels.empty() || copied.backend < as_is.backend)) {
        for (OperandId& id : args_) {
          if (id < 0) continue;
          const PhysicalType& t = plan_.operands[id].type;
          if (t.IsContiguous() && t.IsPlain()) continue;
          OTIUM_ASSIGN_OR_RETURN(id, Materialized(id, BufferKind::kArena, n));
        }
        return collect().kernels;
      }
    }
    if (as_is.kernels.empty()) return NoKernel(graph_.op(n), n);
    return as_is.kernels;
  }

  // The facts about operand 0 that the user declared: when a kernel that relies on
  // them fails, that is the user's error and no reason to try another.
  uint32_t Promised(NodeId n) const {
    if (!graph_.op(n).Is(kFallible) || graph_.operands(n).empty()) return 0;
    uint32_t flags = 0;
    NodeId producer = graph_.producer(graph_.operands(n)[0]);
    for (;; producer = graph_.producer(graph_.operands(producer)[0])) {
      if (graph_.Is(producer, Op::assume) && !graph_.attributes(producer).Get<bool>("proved")) {
        flags |= graph_.attributes(producer).Get<Structure>("structure").flags;
      }
      if (!IsAlias(producer)) break;
    }
    if (graph_.Is(producer, Op::input)) {
      flags |= graph_.type(graph_.result(producer)).structure.flags;
    }
    return flags;
  }

  // The buffer of an operand that dies here and that result 0 may overwrite.
  BufferId ReusedBuffer(NodeId n, uint32_t in_place) const {
    const absl::Span<const ValueId> operands = graph_.operands(n);
    for (size_t i = 0; i < operands.size() && i < 32; ++i) {
      if ((in_place >> i & 1) == 0 || operands[i] == kNoValue) continue;
      const PlanOperand& o = plan_.operands[args_[i]];
      const ValueId root = root_[operands[i]];
      if (plan_.buffers[o.buffer].kind != BufferKind::kArena || last_use_[root] != n) continue;
      if (args_[i] != operand_of_[operands[i]]) continue;  // A copy or a transfer.
      if (o.type.sizes != results_[0].sizes || o.type.dtype != results_[0].dtype ||
          !o.type.IsContiguous() || !o.type.IsPlain() || o.offset != 0) {
        continue;
      }
      // The same memory under another operand of this step must stay as it is.
      const bool elsewhere =
          std::any_of(operands.begin(), operands.end(), [&](ValueId v) {
            return v != kNoValue && v != operands[i] && root_[v] == root;
          });
      if (!elsewhere) return o.buffer;
    }
    return kNoBuffer;
  }

  // ---- the end of buffers

  // The buffer is not needed after node `last`; the latest such word counts.
  void ScheduleFree(BufferId buffer, NodeId last) {
    last_of_buffer_.resize(std::max<size_t>(last_of_buffer_.size(), buffer + 1), 0);
    last_of_buffer_[buffer] = std::max(last_of_buffer_[buffer], last);
    if (last == kForever) return;
    if (frees_at_.empty()) frees_at_.resize(graph_.num_nodes());
    frees_at_[last].push_back(buffer);
  }

  void FreeDead(NodeId n) {
    if (n >= frees_at_.size()) return;
    for (BufferId b : frees_at_[n]) {
      if (last_of_buffer_[b] != n) continue;  // Reused in place by a later value.
      last_of_buffer_[b] = kForever;
      const PlanBuffer& buffer = plan_.buffers[b];
      arenas_[buffer_device_[b]].Free(buffer.offset, buffer.bytes);
    }
    frees_at_[n].clear();
  }

  // ---- outputs

  absl::Status AddOutput(const GraphOutput& out) {
    const NodeId n = graph_.producer(out.value);
    OperandId id = On(/*device=*/0, operand_of_[out.value], n);
    const PlanOperand& o = plan_.operands[id];
    if (id != operand_of_[out.value] && o.type.IsPlain()) {
      // A transfer: its copy leaves the plan.
      plan_.buffers[o.buffer].kind = BufferKind::kResult;
    } else if (plan_.buffers[o.buffer].kind != BufferKind::kResult || !o.type.IsPlain()) {
      OTIUM_ASSIGN_OR_RETURN(id, Materialized(id, BufferKind::kResult, n));
    }
    auto count = count_info_.find(out.value);
    plan_.outputs.push_back({out.name, id, count == count_info_.end() ? -1 : count->second});
    return absl::OkStatus();
  }

  const Graph& graph_;
  absl::Span<const InputPlacement> inputs_;
  const PlaceOptions& options_;
  KernelTable kernels_;
  Plan plan_;

  std::vector<int> devices_;       // Per node, an index into the machine's devices.
  std::vector<ValueId> root_;      // Per value: whose memory it lies in.
  std::vector<NodeId> last_use_;   // Per root: the last node that needs it.
  std::vector<bool> is_result_;    // Per root: leaves the plan.
  std::vector<OperandId> operand_of_;
  std::vector<ValueId> operand_root_;
  std::vector<int> buffer_device_;
  std::vector<ArenaLayout> arenas_;
  absl::flat_hash_map<std::pair<OperandId, int>, OperandId> moved_;
  absl::flat_hash_map<OperandId, OperandId> dense_;
  absl::flat_hash_map<OperandId, size_t> view_of_operand_;
  absl::flat_hash_map<ValueId, int32_t> count_info_;
  std::vector<std::vector<BufferId>> frees_at_;
  std::vector<NodeId> last_of_buffer_;

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
