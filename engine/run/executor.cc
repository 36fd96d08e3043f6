// SPDX-License-Identifier: Apache-2.0
#include "engine/run/executor.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/graph/expr.h"
#include "engine/graph/status_notes.h"
#include "engine/place/promise.h"
#include "engine/run/results.h"

namespace otium {

double Now() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

namespace {

// StepRecord::thread.
int ThisThread() {
  static std::atomic<int> count{0};
  thread_local const int index = count.fetch_add(1, std::memory_order_relaxed);
  return index;
}

}  // namespace

// One run's memory: the arena, and a View for every argument of every step, whose
// addresses in the arena never change.
struct Executable::State {
  IntrusivePtr<Buffer> arena;
  std::vector<View> views;  // Parallel to Plan::args.
  std::vector<StepInfo> infos;
  // Addresses of the buffers in this run; arena ones stay.
  std::vector<char*> addresses;
  // Results of this run, by buffer, and whether the caller brought the memory.
  std::vector<IntrusivePtr<Buffer>> results;
  std::vector<bool> brought;
  // Offset and strides of operands derived from inputs, in order of input_views.
  std::vector<AffineView::Strided> derived;
};

Executable::Executable(std::shared_ptr<const Plan> plan)
    : plan_(std::move(plan)), args_of_view_(plan_->input_views.size()) {
  constexpr int32_t kNone = -1;
  std::vector<int32_t> view_of_operand(plan_->operands.size(), kNone);
  for (size_t i = 0; i < plan_->input_views.size(); ++i) {
    view_of_operand[plan_->input_views[i].operand] = static_cast<int32_t>(i);
  }
  std::vector<int32_t> bound_of_buffer(plan_->buffers.size(), kNone);
  for (size_t b = 0; b < plan_->buffers.size(); ++b) {
    const BufferKind kind = plan_->buffers[b].kind;
    if (kind != BufferKind::kInput && kind != BufferKind::kResult) continue;
    bound_of_buffer[b] = static_cast<int32_t>(bound_buffers_.size());
    bound_buffers_.push_back({static_cast<BufferId>(b), kNone, {}});
  }
  for (size_t i = plan_->outputs.size(); i-- > 0;) {
    const PlanOperand& o = plan_->operands[plan_->outputs[i].operand];
    if (plan_->buffers[o.buffer].kind != BufferKind::kResult || o.offset != 0 ||
        !o.type.IsContiguous() || plan_->outputs[i].count_info >= 0) {
      continue;
    }
    bound_buffers_[bound_of_buffer[o.buffer]].output = static_cast<int32_t>(i);
  }
  for (size_t i = 0; i < plan_->args.size(); ++i) {
    const OperandId id = plan_->args[i];
    if (id < 0) continue;
    if (view_of_operand[id] != kNone) {
      args_of_view_[view_of_operand[id]].push_back(static_cast<uint32_t>(i));
    } else if (bound_of_buffer[plan_->operands[id].buffer] != kNone) {
      bound_buffers_[bound_of_buffer[plan_->operands[id].buffer]].args.push_back(
          static_cast<uint32_t>(i));
    }
  }
}
Executable::~Executable() = default;

absl::StatusOr<std::unique_ptr<Executable::State>> Executable::TakeState() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<State> state = std::move(idle_.back());
      idle_.pop_back();
      return state;
    }
  }
  const Plan& plan = *plan_;
  auto state = std::make_unique<State>();
  state->addresses.assign(plan.buffers.size(), nullptr);
  state->results.resize(plan.buffers.size());
  state->brought.resize(plan.buffers.size());
  for (size_t b = 0; b < plan.buffers.size(); ++b) {
    const PlanBuffer& buffer = plan.buffers[b];
    if (buffer.kind == BufferKind::kConstant) {
      const Tensor& tensor = plan.graph->attributes(buffer.index).Get<Tensor>("value");
      state->addresses[b] = const_cast<char*>(tensor.data<char>());
    }
  }
  state->views.resize(plan.args.size());
  for (size_t i = 0; i < plan.args.size(); ++i) {
    if (plan.args[i] < 0) continue;
    const PlanOperand& o = plan.operands[plan.args[i]];
    View& view = state->views[i];
    view.sizes = o.type.sizes.data();
    view.strides = o.type.strides.data();
    if (char* address = state->addresses[o.buffer]) {
      view.data = address + o.offset * ItemSize(o.type.dtype);
    }
  }
  state->infos.resize(plan.num_infos);
  state->derived.resize(plan.input_views.size());
  return state;
}

// Allocates the arena and points every view in it there.
absl::Status Executable::AllocateArena(State* state) const {
  const Plan& plan = *plan_;
  int64_t bytes = 0;
  for (const Plan::Arena& a : plan.arenas) {
    if (a.device.kind == DeviceKind::kCpu) bytes = a.bytes;
  }
  state->arena = Buffer::Allocate(bytes);
  if (!state->arena) {
    return absl::ResourceExhaustedError(
        absl::StrCat("no memory for an arena of ", bytes, " bytes"));
  }
  for (size_t i = 0; i < plan.args.size(); ++i) {
    if (plan.args[i] < 0) continue;
    const PlanOperand& o = plan.operands[plan.args[i]];
    const PlanBuffer& buffer = plan.buffers[o.buffer];
    if (buffer.kind != BufferKind::kArena) continue;
    state->views[i].data = static_cast<char*>(state->arena->data()) + buffer.offset +
                           o.offset * ItemSize(o.type.dtype);
  }
  return absl::OkStatus();
}

void Executable::GiveBack(std::unique_ptr<State> state) {
  // More idle states than can run at once serve nobody.
  constexpr size_t kMaxIdle = 8;
  // Plans stay in the cache for long: large arenas go back to where all large
  // blocks are kept, which bounds what is idle.
  constexpr int64_t kMaxIdleArena = int64_t{1} << 20;
  if (state->arena && state->arena->bytes() > kMaxIdleArena) state->arena = nullptr;
  for (IntrusivePtr<Buffer>& r : state->results) r = nullptr;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (idle_.size() < kMaxIdle) idle_.push_back(std::move(state));
}

absl::Status Executable::BindBuffers(absl::Span<const Tensor> inputs,
                                     absl::Span<Tensor* const> results, State* state) const {
  const Plan& plan = *plan_;
  for (const BoundBuffer& bound : bound_buffers_) {
    const PlanBuffer& buffer = plan.buffers[bound.buffer];
    char* address;
    if (buffer.kind == BufferKind::kInput) {
      address = const_cast<char*>(inputs[buffer.index].data<char>());
    } else {
      Tensor* given = bound.output >= 0 && bound.output < static_cast<int>(results.size())
                          ? results[bound.output]
                          : nullptr;
      IntrusivePtr<Buffer> memory =
          given != nullptr ? given->buffer() : Buffer::Allocate(buffer.bytes);
      if (!memory) {
        return absl::ResourceExhaustedError(
            absl::StrCat("no memory for a result of ", buffer.bytes, " bytes"));
      }
      address = static_cast<char*>(memory->data()) + (given != nullptr ? given->byte_offset() : 0);
      state->results[bound.buffer] = std::move(memory);
      state->brought[bound.buffer] = given != nullptr;
    }
    state->addresses[bound.buffer] = address;
    for (uint32_t arg : bound.args) {
      const PlanOperand& o = plan.operands[plan.args[arg]];
      state->views[arg].data = address + o.offset * ItemSize(o.type.dtype);
    }
  }
  // Operands in inputs that are not dense follow the strides of this run.
  for (size_t i = 0; i < plan.input_views.size(); ++i) {
    const InputView& iv = plan.input_views[i];
    AffineView::Strided& derived = state->derived[i];
    derived = iv.view.Apply(inputs[iv.input].strides());
    const PlanOperand& o = plan.operands[iv.operand];
    for (uint32_t arg : args_of_view_[i]) {
      state->views[arg].data = state->addresses[o.buffer] + derived.offset * ItemSize(o.type.dtype);
      state->views[arg].strides = derived.strides.data();
    }
  }
  return absl::OkStatus();
}

absl::Status Executable::RunSteps(const ExecuteOptions& options, State* state) const {
  const Plan& plan = *plan_;
  char* arena = static_cast<char*>(state->arena->data());
  std::fill(state->infos.begin(), state->infos.end(), StepInfo{});
  StepInfo ignored;
  const double total = options.progress != nullptr ? plan.EstimatedSeconds() : 0;
  double before = 0;  // The estimate of the steps that are done.
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    if (options.cancel != nullptr && options.cancel->IsCancelled()) {
      return absl::CancelledError("the run was cancelled");
    }
    const PlanStep& step = plan.steps[i];
    LaunchArgs args;
    args.operands = state->views.data() + step.first_arg;
    args.results = args.operands + step.num_operands;
    args.info = step.info >= 0 ? &state->infos[step.info] : &ignored;
    args.seed = options.seed;
    args.wants_rcond = options.profile != nullptr && options.profile->wants_rcond;
    ignored = StepInfo{};
    args.state = step.kernel.prepared.state.get();
    args.workspace = arena + step.kernel.workspace_offset;
    if (options.progress != nullptr) {
      options.progress->op.store(step.op->name.data(), std::memory_order_relaxed);
      options.progress->share.store(total > 0 ? before / total : 0, std::memory_order_relaxed);
      before += step.estimate.seconds;
    }
    const double start = options.profile != nullptr ? Now() : 0;
    step.kernel.prepared.launch(args);
    int alternative = 0;
    for (const StepKernel& other : step.alternatives) {
      if (args.info->code == 0) break;
      *args.info = StepInfo{};
      args.state = other.prepared.state.get();
      args.workspace = arena + other.workspace_offset;
      other.prepared.launch(args);
      ++alternative;
    }
    if (options.after_step != nullptr && *options.after_step) {
      (*options.after_step)({plan, step, args.operands});
    }
    if (options.profile != nullptr) {
      options.profile->steps.push_back(
          {static_cast<StepId>(i), static_cast<int>(options.profile->plans.size()),
           start - options.profile_origin, Now() - options.profile_origin, alternative,
           ThisThread(), args.info->rcond, args.info->rcond_batch});
    }
  }
  return absl::OkStatus();
}

namespace {

// What was declared of operand 0 of `n` and cannot be, as a failure of that code shows.
std::optional<Promise> BrokenPromise(const Graph& graph, NodeId n, const OpDef& op, int64_t code) {
  const uint32_t fact = op.contradicts == nullptr ? 0 : op.contradicts(code);
  if (fact == 0) return std::nullopt;
  for (Promise& p : FindPromises(graph, n)) {
    if (p.structure.Has(fact)) return std::move(p);
  }
  return std::nullopt;
}

// "A is declared spd".
std::string PromiseText(const Graph& graph, const Promise& promise) {
  const ValueId value = graph.result(promise.node);
  const TensorType& type = graph.type(value);
  const absl::string_view name = graph.value_name(value);
  return absl::StrCat(name.empty() ? "the matrix" : name, " is declared ",
                      StructureToString(promise.structure, type.dtype, type.shape));
}

}  // namespace

// The lowest failing step in source order, under the name of its source op.
absl::Status Executable::FirstFailure(const State& state) const {
  const Plan& plan = *plan_;
  const PlanStep* first = nullptr;
  SourcePosition position;
  absl::string_view name;
  for (const PlanStep& step : plan.steps) {
    if (step.info < 0 || state.infos[step.info].code == 0) continue;
    const auto origins = plan.graph->origins(step.node);
    const SourceTable::Entry* source =
        origins.empty() ? nullptr : &plan.graph->sources()->entries[origins[0]];
    const SourcePosition at = source == nullptr ? SourcePosition{} : source->position;
    // Of failures in one file the one further up; of several files the earlier step.
    const bool before = at.file == position.file &&
                        std::pair(at.line, at.column) < std::pair(position.line, position.column);
    if (first != nullptr && !before) continue;
    first = &step;
    position = at;
    name = source == nullptr ? step.op->name : GetOp(source->op).name;
  }
  if (first == nullptr) return absl::OkStatus();
  const StepInfo& info = state.infos[first->info];
  const Graph& graph = *plan.graph;
  const bool is_check = first->op->id == Op::assume;
  // A check of an input stands for the input; other steps for their node.
  absl::InlinedVector<TensorType, 4> types;
  absl::InlinedVector<const TensorType*, 4> pointers;
  for (int a = 0; a < first->num_operands; ++a) {
    const OperandId id = plan.args[first->first_arg + a];
    types.push_back(
        id < 0 ? TensorType()
               : TensorType(plan.operands[id].type.dtype,
                            Shape(absl::Span<const int64_t>(plan.operands[id].type.sizes))));
  }
  for (const TensorType& t : types) pointers.push_back(&t);
  const bool is_input_check = is_check && graph.Is(first->node, Op::input);
  const Attributes declared =
      is_input_check
          ? Attributes(*first->op, {graph.type(graph.result(first->node)).structure, false})
          : graph.attributes(first->node);
  const OpCall call{*first->op, pointers, declared};
  std::string what(name);
  if (is_check) what = std::string(graph.value_name(graph.result(first->node)));
  std::string message = absl::StrCat(what.empty() ? "assume" : what, ": ");
  const bool is_count = first->op->Is(kDataDependent);
  if (!types.empty() && types[0].rank() > 2 && !is_count) {
    absl::StrAppend(&message, "batch element ", info.batch, ": ");
  }
  const std::optional<Promise> broken = BrokenPromise(graph, first->node, *first->op, info.code);
  if (broken.has_value()) absl::StrAppend(&message, PromiseText(graph, *broken), ", but ");
  absl::StrAppend(&message, first->op->failure(call, info.code, info.index));
  // Data that is not what it was declared to be is bad input; the rest is numerics.
  const bool is_input = is_check || is_count || broken.has_value();
  absl::Status status = WithPosition(
      is_input ? absl::InvalidArgumentError(message) : absl::FailedPreconditionError(message),
      position);
  if (!broken.has_value()) return status;
  return WithNote(std::move(status), PositionOf(graph, broken->node),
                  absl::StrCat(PromiseText(graph, *broken), " here"));
}

absl::StatusOr<std::vector<Tensor>> Executable::Run(absl::Span<const Tensor> inputs,
                                                    absl::Span<Tensor* const> results,
                                                    const ExecuteOptions& options) {
  const Plan& plan = *plan_;
  if (!plan.runnable) {
    return absl::UnavailableError(
        "the plan uses a device that is only described (CompileOptions::machine): it can be "
        "explained, not run");
  }
  if (options.memory_limit > 0 && plan.peak_bytes > options.memory_limit) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "the plan needs ", plan.peak_bytes, " bytes, the limit is ", options.memory_limit));
  }
  for (size_t i = 0; i < results.size(); ++i) {
    if (results[i] == nullptr || plan.outputs[i].count_info >= 0) continue;
    OTIUM_RETURN_IF_ERROR(CheckResultSizes(plan.outputs[i].name, *results[i],
                                           plan.operands[plan.outputs[i].operand].type.sizes));
  }
  OTIUM_ASSIGN_OR_RETURN(std::unique_ptr<State> state, TakeState());
  absl::Status status = state->arena ? absl::OkStatus() : AllocateArena(state.get());
  if (status.ok()) status = BindBuffers(inputs, results, state.get());
  if (status.ok()) status = RunSteps(options, state.get());
  if (status.ok()) status = FirstFailure(*state);
  std::vector<Tensor> outputs;
  outputs.reserve(plan.outputs.size());
  for (size_t i = 0; i < plan.outputs.size() && status.ok(); ++i) {
    absl::StatusOr<Tensor> output =
        OutputOf(static_cast<int>(i), inputs, i < results.size() ? results[i] : nullptr, *state);
    if (output.ok()) outputs.push_back(*std::move(output));
    else status = output.status();
  }
  GiveBack(std::move(state));
  if (!status.ok()) return status;
  return outputs;
}

// Output i of a run that went well; in the memory of `given` unless that is null,
// and then never in memory that the caller brought for another output: that is
// the caller's to write, in the next run at the latest.
absl::StatusOr<Tensor> Executable::OutputOf(int i, absl::Span<const Tensor> inputs, Tensor* given,
                                            const State& state) const {
  const PlanOutput& out = plan_->outputs[i];
  const PlanOperand& o = plan_->operands[out.operand];
  const PlanBuffer& buffer = plan_->buffers[o.buffer];
  const IntrusivePtr<Buffer>& memory =
      buffer.kind == BufferKind::kInput ? inputs[buffer.index].buffer() : state.results[o.buffer];
  const int64_t offset = state.addresses[o.buffer] - static_cast<const char*>(memory->data()) +
                         o.offset * ItemSize(o.type.dtype);
  Sizes sizes = o.type.sizes;
  if (out.count_info >= 0) sizes[0] = state.infos[out.count_info].count;
  Tensor output(memory, offset, o.type.dtype, sizes, o.type.strides);
  if (given != nullptr) {
    OTIUM_RETURN_IF_ERROR(CheckResultSizes(out.name, *given, sizes));
    if (given->data() != output.data()) {
      CopyStrided(output.data(), output.strides(), given->mutable_data(), given->strides(), sizes,
                  ItemSize(o.type.dtype));
    }
    return *given;
  }
  // A size that is data was given the most memory it could need.
  const bool fits = out.count_info < 0 || 2 * output.NumElements() >= o.type.NumElements();
  if (fits && !state.brought[o.buffer]) return output;
  OTIUM_ASSIGN_OR_RETURN(Tensor fitting, Tensor::Allocate(o.type.dtype, sizes));
  CopyStrided(output.data(), output.strides(), fitting.mutable_data(), fitting.strides(), sizes,
              ItemSize(o.type.dtype));
  return fitting;
}

}  // namespace otium
