// SPDX-License-Identifier: Apache-2.0
//
// The whole pipeline: capture -> optimize -> place -> run.

#include "engine/engine.h"

#include <new>
#include <utility>

#include "absl/strings/str_cat.h"
#include "backends/backends.h"
#include "engine/base/status.h"
#include "engine/graph/hoist.h"
#include "engine/graph/status_notes.h"
#include "engine/graph/substitute.h"
#include "engine/place/place.h"
#include "engine/run/executor.h"
#include "engine/run/plan_cache.h"
#include "engine/run/results.h"

namespace otium {
namespace {

PlanCache& Plans() {
  static auto* cache = new PlanCache;
  return *cache;
}

const Machine& MachineOf(const CompileOptions& options) {
  return options.machine != nullptr ? *options.machine : HostMachine();
}

// Whether nobody but this run holds the input, so that its memory may be reused:
// the caller moved it here, or the segment before made it.
bool IsGivenAway(const Tensor& t) {
  return t.IsUnique() && t.byte_offset() == 0 && t.IsContiguous() &&
         2 * t.NumElements() * ItemSize(t.dtype()) >= t.buffer()->bytes();
}

std::vector<InputPlacement> PlacementsOf(absl::Span<const Tensor> inputs) {
  std::vector<InputPlacement> placements;
  for (const Tensor& t : inputs) {
    placements.push_back(
        {Sizes(t.strides().begin(), t.strides().end()), t.device(), IsGivenAway(t)});
  }
  return placements;
}

// Everything that decides a plan and what it says (errors name source lines), and
// nothing else. The shapes of the inputs stand for the sizes that they bind, so that
// finding a plan need not bind them.
Hash128 PlanKey(const Graph& graph, const SizeBindings& given, absl::Span<const Tensor> inputs,
                const CompileOptions& options) {
  Hasher h;
  h.Add(graph.fingerprint()).Add(graph.sources()->hash());
  for (const auto& [name, value] : given.sizes()) {
    h.Add(absl::string_view(name)).Add(static_cast<uint64_t>(value));
  }
  for (const Tensor& t : inputs) {
    for (int64_t size : t.sizes()) h.Add(static_cast<uint64_t>(size));
    for (int64_t stride : TypicalStrides(t.sizes(), t.strides())) {
      h.Add(static_cast<uint64_t>(stride));
    }
    h.Add(static_cast<uint64_t>(IsGivenAway(t)) << 16 |
          static_cast<uint64_t>(t.device().kind) << 8 | static_cast<uint8_t>(t.device().index));
  }
  h.Add(static_cast<uint64_t>(options.optimize.math) << 3 |
        static_cast<uint64_t>(options.optimize.optimize) << 2 |
        static_cast<uint64_t>(options.reference) << 1 |
        static_cast<uint64_t>(options.check_declared));
  for (const std::string& pass : options.optimize.disabled_passes) h.Add(absl::string_view(pass));
  if (options.machine != nullptr) h.Add(options.machine->fingerprint());
  if (options.device.has_value()) h.Add(absl::string_view(DeviceToString(*options.device)));
  return h.Finish();
}

// Kernels and containers throw when there is no memory; nothing else does.
absl::Status OutOfMemory() { return absl::ResourceExhaustedError("out of memory"); }

absl::StatusOr<std::vector<Tensor>> RunGraph(GraphPtr graph, std::vector<Tensor> inputs,
                                             const CompileOptions& options, const RunOptions& run);

// optimize -> place, for a graph whose sizes are bound but for those it makes.
absl::StatusOr<std::shared_ptr<const Plan>> MakePlan(const GraphPtr& graph,
                                                     absl::Span<const InputPlacement> inputs,
                                                     const CompileOptions& options) try {
  OTIUM_ASSIGN_OR_RETURN(Segment segment, CutSegment(graph));
  auto evaluate = [&](const Graph& constant) -> absl::StatusOr<std::vector<Tensor>> {
    // Here, whatever machine the plan is for.
    CompileOptions plain;
    plain.optimize = OptimizeOptions{.math = options.optimize.math, .optimize = false};
    plain.reference = options.reference;
    return RunGraph(std::make_shared<const Graph>(constant), {}, plain, {});
  };
  OTIUM_ASSIGN_OR_RETURN(OptimizeResult optimized,
                         Optimize(segment.head, MachineOf(options), options.optimize, evaluate));
  PlaceOptions place;
  place.math = options.optimize.math;
  place.backends = options.reference ? ReferenceBackends() : DefaultBackends();
  place.check_declared = options.check_declared;
  place.machine = &MachineOf(options);
  place.device = options.device;
  std::vector<InputPlacement> placements(inputs.begin(), inputs.end());
  if (segment.continuation.has_value()) {
    // What later segments read stays as it is.
    for (const Continuation::Source& s : segment.continuation->inputs) {
      if (!s.from_output) placements[s.index].given_away = false;
    }
  }
  OTIUM_ASSIGN_OR_RETURN(Plan plan, Place(optimized.graph, placements, place));
  plan.source = segment.head;
  plan.reasons.insert(plan.reasons.begin(), optimized.reasons.begin(), optimized.reasons.end());
  plan.passes = std::move(optimized.passes);
  plan.continuation = std::move(segment.continuation);
  return std::make_shared<const Plan>(std::move(plan));
} catch (const std::bad_alloc&) {
  return OutOfMemory();
}

absl::StatusOr<SizeBindings> BindTo(const Graph& graph, absl::Span<const Tensor> inputs,
                                    SizeBindings given) {
  absl::InlinedVector<absl::Span<const int64_t>, 8> spans;
  absl::InlinedVector<const absl::Span<const int64_t>*, 8> shapes;
  for (const Tensor& t : inputs) spans.push_back(t.sizes());
  for (const auto& span : spans) shapes.push_back(&span);
  return BindSizes(graph, shapes, std::move(given));
}

absl::Status RequireBound(const Graph& graph, const SizeBindings& sizes) {
  for (const std::string& name : graph.SizeNames()) {
    if (sizes.Find(name).has_value()) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("the size ", name, " is not known: no input binds it"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<Executable>> FindOrPlan(const GraphPtr& graph,
                                                       const SizeBindings& given,
                                                       absl::Span<const Tensor> inputs,
                                                       const CompileOptions& options) {
  const Hash128 key = PlanKey(*graph, given, inputs, options);
  // Who wants to watch the passes wants them to run.
  if (!options.optimize.observe) {
    if (std::shared_ptr<Executable> found = Plans().Find(key)) return found;
  }
  OTIUM_ASSIGN_OR_RETURN(const SizeBindings sizes, BindTo(*graph, inputs, given));
  OTIUM_RETURN_IF_ERROR(RequireBound(*graph, sizes));
  OTIUM_ASSIGN_OR_RETURN(const GraphPtr bound, BindGraph(graph, sizes));
  OTIUM_ASSIGN_OR_RETURN(auto plan, MakePlan(bound, PlacementsOf(inputs), options));
  return Plans().Insert(key, std::make_shared<Executable>(std::move(plan)));
}

// Runs segment after segment; the results are in the order of graph's outputs.
absl::StatusOr<std::vector<Tensor>> RunGraph(GraphPtr graph, std::vector<Tensor> inputs,
                                             const CompileOptions& options,
                                             const RunOptions& run) try {
  ExecuteOptions execute{run.seed,
                         run.cancel,
                         run.progress,
                         run.profile,
                         run.profile != nullptr ? Now() : 0,
                         run.memory_limit,
                         &run.after_step};
  if (run.results.size() > 0) OTIUM_RETURN_IF_ERROR(CheckResults(*graph, inputs, run.results));
  std::vector<Tensor> outputs(graph->outputs().size());
  absl::InlinedVector<Tensor*, 4> results(outputs.size(), nullptr);
  absl::InlinedVector<int32_t, 4> output_of(outputs.size());
  for (size_t i = 0; i < outputs.size(); ++i) {
    output_of[i] = static_cast<int32_t>(i);
    const Tensor* given = run.results.Find(graph->outputs()[i].name);
    if (given == nullptr) continue;
    outputs[i] = *given;
    results[i] = &outputs[i];
  }
  SizeBindings given_sizes = run.sizes;
  while (true) {
    OTIUM_ASSIGN_OR_RETURN(const auto executable,
                           FindOrPlan(graph, std::exchange(given_sizes, {}), inputs, options));
    const Plan& plan = *executable->plan();
    const bool last = !plan.continuation.has_value();
    absl::InlinedVector<Tensor*, 4> places;
    for (size_t i = 0; i < plan.outputs.size(); ++i) {
      const int32_t whole = last ? static_cast<int32_t>(i) : plan.continuation->head_outputs[i];
      places.push_back(whole < 0 ? nullptr : results[output_of[whole]]);
    }
    OTIUM_ASSIGN_OR_RETURN(std::vector<Tensor> values, executable->Run(inputs, places, execute));
    if (run.profile != nullptr) run.profile->plans.push_back(executable->plan());
    for (size_t i = 0; i < values.size(); ++i) {
      const int32_t whole = last ? static_cast<int32_t>(i) : plan.continuation->head_outputs[i];
      if (whole < 0) continue;
      Tensor& output = outputs[output_of[whole]];
      if (last) output = std::move(values[i]);
      else output = values[i];
    }
    if (last) break;
    const Continuation& next = *plan.continuation;
    std::vector<Tensor> next_inputs;
    for (const Continuation::Source& s : next.inputs) {
      next_inputs.push_back(s.from_output ? values[s.index] : inputs[s.index]);
    }
    absl::InlinedVector<int32_t, 4> next_output_of;
    for (int32_t whole : next.rest_outputs) next_output_of.push_back(output_of[whole]);
    output_of = std::move(next_output_of);
    inputs = std::move(next_inputs);
    graph = next.rest;
  }
  if (run.profile != nullptr) run.profile->seconds = Now() - execute.profile_origin;
  return outputs;
} catch (const std::bad_alloc&) {
  return OutOfMemory();
}

// The inputs in the order of the graph, defaults computed, dtypes checked.
absl::StatusOr<std::vector<Tensor>> OrderInputs(const Graph& graph, size_t num_named,
                                                const TensorMap& given,
                                                const CompileOptions& options,
                                                const RunOptions& run) {
  size_t used = 0;
  std::vector<Tensor> inputs;
  inputs.reserve(graph.inputs().size());
  std::vector<size_t> defaulted;
  for (size_t i = 0; i < num_named; ++i) {
    const GraphInput& in = graph.inputs()[i];
    const TensorType& type = graph.type(in.value);
    const Tensor* tensor = given.Find(in.name);
    if (tensor == nullptr) {
      if (in.default_value == nullptr) {
        return absl::InvalidArgumentError(
            absl::StrCat("the input ", in.name, ": ", type.ToString(), " is missing"));
      }
      defaulted.push_back(i);
      inputs.emplace_back();
      continue;
    }
    ++used;
    if (tensor->dtype() != type.dtype) {
      return absl::InvalidArgumentError(absl::StrCat(in.name, " is ", ShortType(tensor->type()),
                                                     ", declared ", ShortType(type),
                                                     ": convert it first"));
    }
    inputs.push_back(*tensor);
  }
  if (used < given.size()) {
    for (const auto& [name, tensor] : given) {
      bool known = false;
      for (size_t i = 0; i < num_named; ++i) known = known || graph.inputs()[i].name == name;
      if (!known) return absl::InvalidArgumentError(absl::StrCat("there is no input ", name));
    }
  }
  if (defaulted.empty()) return inputs;
  std::vector<absl::Span<const int64_t>> spans(num_named);
  std::vector<const absl::Span<const int64_t>*> shapes(graph.inputs().size(), nullptr);
  for (size_t i = 0; i < num_named; ++i) {
    spans[i] = inputs[i].sizes();
    shapes[i] = &spans[i];
  }
  for (size_t i : defaulted) shapes[i] = nullptr;
  OTIUM_ASSIGN_OR_RETURN(const SizeBindings sizes, BindSizes(graph, shapes, run.sizes));
  // Who watches the passes watches those of the graph.
  CompileOptions unwatched;
  if (options.optimize.observe) {
    unwatched = options;
    unwatched.optimize.observe = nullptr;
  }
  const CompileOptions& plain = options.optimize.observe ? unwatched : options;
  for (size_t i : defaulted) {
    const GraphInput& in = graph.inputs()[i];
    OTIUM_ASSIGN_OR_RETURN(GraphPtr bound, BindGraph(in.default_value, sizes));
    OTIUM_ASSIGN_OR_RETURN(std::vector<Tensor> value,
                           RunGraph(std::move(bound), {}, plain, RunOptions{.seed = run.seed}));
    inputs[i] = std::move(value[0]);
  }
  return inputs;
}

// No kernel reads a sparse layout yet, and dense data under a sparse declaration
// would take memory that its text denies.
absl::Status RefuseSparse(const Graph& graph) {
  for (const GraphInput& in : graph.inputs()) {
    const TensorType& type = graph.type(in.value);
    if (type.layout == Layout()) continue;
    TensorType plain(type.dtype, type.shape);
    plain.layout = type.layout;
    return WithPosition(
        absl::UnimplementedError(absl::StrCat("the input ", in.name, " is declared ",
                                              plain.ToString(), ", and sparse layouts are not ",
                                              "executed yet: declare it ", ShortType(type))),
        PositionOf(graph, graph.producer(in.value)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Program> Compile(const Function& function, CompileOptions options) {
  for (const std::string& name : options.optimize.disabled_passes) {
    OTIUM_RETURN_IF_ERROR(CheckPassName(name));
  }
  OTIUM_RETURN_IF_ERROR(RefuseSparse(function.graph()));
  Program program;
  program.source_ = function.graph_ptr();
  OTIUM_ASSIGN_OR_RETURN(HoistedGraph hoisted, HoistConstants(program.source_));
  program.graph_ = hoisted.graph;
  program.constants_ = hoisted.constants;
  if (options.optimize.observe && !hoisted.constants.empty()) {
    options.optimize.observe = [observe = std::move(options.optimize.observe),
                                hoisted = std::move(hoisted)](absl::string_view pass,
                                                              const GraphPtr& graph) {
      const absl::StatusOr<GraphPtr> whole = WithConstants(graph, hoisted);
      observe(pass, whole.ok() ? *whole : graph);
    };
  }
  program.options_ = std::make_shared<const CompileOptions>(std::move(options));
  return program;
}

absl::StatusOr<std::vector<Tensor>> Program::Ordered(const TensorMap& inputs,
                                                     const RunOptions& options) const {
  OTIUM_ASSIGN_OR_RETURN(std::vector<Tensor> ordered, OrderInputs(*graph_, source_->inputs().size(),
                                                                  inputs, *options_, options));
  ordered.insert(ordered.end(), constants_.begin(), constants_.end());
  return ordered;
}

absl::StatusOr<TensorMap> Program::Run(const TensorMap& inputs, const RunOptions& options) const {
  OTIUM_ASSIGN_OR_RETURN(std::vector<Tensor> ordered, Ordered(inputs, options));
  return RunOrdered(std::move(ordered), options);
}

absl::StatusOr<TensorMap> Program::Run(TensorMap&& inputs, const RunOptions& options) const {
  OTIUM_ASSIGN_OR_RETURN(std::vector<Tensor> ordered, Ordered(inputs, options));
  inputs = TensorMap();  // What only it held is now only the run's.
  return RunOrdered(std::move(ordered), options);
}

absl::StatusOr<TensorMap> Program::RunOrdered(std::vector<Tensor> inputs,
                                              const RunOptions& options) const {
  OTIUM_ASSIGN_OR_RETURN(std::vector<Tensor> values,
                         RunGraph(graph_, std::move(inputs), *options_, options));
  TensorMap results;
  for (size_t i = 0; i < values.size(); ++i) {
    results.Set(graph_->outputs()[i].name, std::move(values[i]));
  }
  return results;
}

bool Program::HasPlan(const TensorMap& inputs, const RunOptions& options) const {
  const absl::StatusOr<std::vector<Tensor>> ordered = Ordered(inputs, options);
  if (!ordered.ok()) return false;
  return Plans().Find(PlanKey(*graph_, options.sizes, *ordered, *options_)) != nullptr;
}

absl::StatusOr<std::shared_ptr<const Plan>> Program::PlanFor(const SizeBindings& given) const {
  const std::vector<const absl::Span<const int64_t>*> unknown(graph_->inputs().size(), nullptr);
  OTIUM_ASSIGN_OR_RETURN(const SizeBindings sizes, BindSizes(*graph_, unknown, given));
  OTIUM_RETURN_IF_ERROR(RequireBound(*graph_, sizes));
  OTIUM_ASSIGN_OR_RETURN(const GraphPtr bound, BindGraph(graph_, sizes));
  std::vector<InputPlacement> placements;
  for (const GraphInput& in : bound->inputs()) {
    placements.push_back({ContiguousStrides(bound->type(in.value).shape.sizes()), Device{}});
  }
  return MakePlan(bound, placements, *options_);
}

absl::StatusOr<std::shared_ptr<const Plan>> Program::PlanFor(const TensorMap& inputs,
                                                             const RunOptions& options) const {
  OTIUM_ASSIGN_OR_RETURN(const std::vector<Tensor> ordered, Ordered(inputs, options));
  OTIUM_ASSIGN_OR_RETURN(const auto executable,
                         FindOrPlan(graph_, options.sizes, ordered, *options_));
  return executable->plan();
}

absl::StatusOr<std::vector<Tensor>> Evaluate(absl::Span<const Expr> exprs,
                                             const CompileOptions& options, const RunOptions& run) {
  CaptureRequest request;
  for (size_t i = 0; i < exprs.size(); ++i) {
    if (!exprs[i]) {
      return absl::InvalidArgumentError(
          absl::StrCat("expression ", i, " of ", exprs.size(), " is empty"));
    }
    OTIUM_RETURN_IF_ERROR(exprs[i].status());
    request.outputs.emplace_back(absl::StrCat("r", i), exprs[i]);
  }
  OTIUM_ASSIGN_OR_RETURN(Graph graph, Capture(request));
  OTIUM_ASSIGN_OR_RETURN(HoistedGraph hoisted,
                         HoistConstants(std::make_shared<const Graph>(std::move(graph))));
  OTIUM_ASSIGN_OR_RETURN(std::vector<Tensor> values,
                         RunGraph(hoisted.graph, std::move(hoisted.constants), options, run));
  for (size_t i = 0; i < exprs.size(); ++i) exprs[i].node().SetValue(exprs[i].result(), values[i]);
  return values;
}

void SetNumThreads(int threads) { SetCpuThreads(threads); }

absl::StatusOr<Tensor> Evaluate(const Expr& expr) {
  OTIUM_ASSIGN_OR_RETURN(std::vector<Tensor> values, Evaluate(absl::MakeConstSpan(&expr, 1)));
  return std::move(values[0]);
}

}  // namespace otium
