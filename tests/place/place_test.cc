// SPDX-License-Identifier: Apache-2.0
//
// Plans of random graphs are proved sound (plan_checker.h), on one device and on
// two; and what placement promises of single cases.

#include "engine/place/place.h"

#include <algorithm>
#include <random>

#include "backends/backends.h"
#include "engine/graph/graph_builder.h"
#include "engine/graph/text/printer.h"
#include "engine/otium.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/graphs/random_graph.h"
#include "tests/place/plan_checker.h"

namespace otium {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A machine of fixed numbers: plans in tests do not depend on calibration.
Machine TestMachine() {
  DeviceModel host;
  host.name = "test";
  host.f32_flops = 800e9;
  host.memory_bandwidth = 100e9;
  return Machine{{host}};
}

Machine MachineWithGpu() {
  Machine machine = TestMachine();
  machine.devices.push_back(*NamedDeviceModel("h200"));
  return machine;
}

absl::StatusOr<Plan> PlaceGraph(const GraphPtr& graph, absl::Span<const InputPlacement> inputs,
                                const Machine& machine) {
  PlaceOptions options;
  options.backends = DefaultBackends();
  options.machine = &machine;
  return Place(graph, inputs, options);
}

absl::StatusOr<GraphPtr> Optimized(const GraphPtr& graph, const Machine& machine) {
  auto evaluate = [](const Graph& g) -> absl::StatusOr<std::vector<Tensor>> {
    CompileOptions plain;
    plain.optimize.optimize = false;
    absl::StatusOr<Program> program = Compile(Function(g), plain);
    if (!program.ok()) return program.status();
    absl::StatusOr<TensorMap> results = program->Run({});
    if (!results.ok()) return results.status();
    std::vector<Tensor> values;
    for (const auto& [name, tensor] : *results) values.push_back(tensor);
    return values;
  };
  absl::StatusOr<OptimizeResult> result = Optimize(graph, machine, {}, evaluate);
  if (!result.ok()) return result.status();
  return result->graph;
}

std::vector<InputPlacement> PlacementsOf(const RandomGraph& r, std::mt19937& random) {
  std::vector<InputPlacement> placements;
  for (const auto& [name, t] : r.inputs) {
    placements.push_back({Sizes(t.strides().begin(), t.strides().end()), Device{},
                          t.IsContiguous() && random() % 3 == 0});
  }
  return placements;
}

// The same graph with random pins on the GPU.
GraphPtr Pinned(const Graph& graph, std::mt19937& random) {
  GraphBuilder builder(graph.sources());
  builder.SetName(graph.name());
  std::vector<ValueId> values(graph.num_values(), kNoValue), operands;
  for (const GraphInput& in : graph.inputs()) {
    builder.SetOrigins(graph.origins(graph.producer(in.value)));
    values[in.value] = builder.AddInput(in.name, graph.type(in.value));
  }
  for (NodeId n = 0; n < graph.num_nodes(); ++n) {
    if (graph.Is(n, Op::input)) continue;
    operands.clear();
    for (ValueId v : graph.operands(n)) operands.push_back(v == kNoValue ? kNoValue : values[v]);
    builder.SetOrigins(graph.origins(n));
    std::optional<Device> pin;
    if (random() % 3 == 0) {
      pin = Device{random() % 3 == 0 ? DeviceKind::kCpu : DeviceKind::kCuda, 0};
    }
    builder.SetPin(pin);
    const ValueId first = builder.Add(graph.op(n), operands, graph.attributes(n));
    for (int i = 0; i < graph.num_results(n); ++i) values[graph.result(n, i)] = first + i;
  }
  for (const GraphOutput& out : graph.outputs()) builder.AddOutput(out.name, values[out.value]);
  return std::make_shared<const Graph>(*std::move(builder).Build());
}

constexpr uint32_t kSeeds = 1500;

TEST(Place, RandomPlansNeverReadWhatIsGone) {
  const Machine machine = TestMachine();
  int64_t arenas = 0, bounds = 0;
  int in_place = 0;
  for (uint32_t seed = 0; seed < kSeeds; ++seed) {
    const RandomGraph r = MakeRandomGraph(seed, {.max_nodes = seed % 4 == 0 ? 40 : 12});
    std::mt19937 random(seed);
    const absl::StatusOr<Segment> segment = CutSegment(r.graph);
    ASSERT_TRUE(segment.ok()) << segment.status();
    const std::vector<InputPlacement> inputs = PlacementsOf(r, random);
    for (const bool optimize : {false, true}) {
      const auto graph =
          optimize ? Optimized(segment->head, machine) : absl::StatusOr<GraphPtr>(segment->head);
      ASSERT_TRUE(graph.ok()) << graph.status() << "\n" << PrintGraph(*r.graph);
      const absl::StatusOr<Plan> plan = PlaceGraph(*graph, inputs, machine);
      ASSERT_TRUE(plan.ok()) << plan.status() << "\n" << PrintGraph(**graph);
      ASSERT_EQ(CheckPlan(*plan), "") << "seed " << seed << "\n"
                                      << PrintGraph(**graph) << "\n"
                                      << plan->ToString();
      EXPECT_EQ(PlaceGraph(*graph, inputs, machine)->ToString(), plan->ToString());
      const int64_t arena = plan->arenas.empty() ? 0 : plan->arenas[0].bytes;
      const int64_t bound = ArenaLowerBound(*plan);
      EXPECT_LE(bound, arena);
      EXPECT_LE(arena, bound * 3 / 2) << "seed " << seed << "\n" << plan->ToString();
      arenas += arena;
      bounds += bound;
      int64_t results = 0;
      for (const PlanBuffer& b : plan->buffers) {
        if (b.kind == BufferKind::kResult) results += b.bytes;
      }
      EXPECT_EQ(plan->peak_bytes, arena + results);
      for (const PlanStep& s : plan->steps) {
        for (int a = 0; a < s.num_operands; ++a) {
          const OperandId id = plan->args[s.first_arg + a];
          if (id >= 0 && s.num_results > 0 &&
              plan->operands[id].buffer ==
                  plan->operands[plan->args[s.first_arg + s.num_operands]].buffer) {
            ++in_place;
            break;
          }
        }
      }
    }
  }
  // Best fit as the steps go, against what is alive at the worst step.
  EXPECT_LE(static_cast<double>(arenas), 1.05 * static_cast<double>(bounds));
  EXPECT_GT(in_place, 0);
}

TEST(Place, RandomPlansOnTwoDevices) {
  const Machine machine = MachineWithGpu();
  int transfers = 0;
  for (uint32_t seed = 0; seed < kSeeds / 2; ++seed) {
    const RandomGraph r = MakeRandomGraph(seed + kSeeds);
    std::mt19937 random(seed);
    const absl::StatusOr<Segment> segment = CutSegment(r.graph);
    ASSERT_TRUE(segment.ok()) << segment.status();
    const GraphPtr graph = Pinned(*segment->head, random);
    const absl::StatusOr<Plan> plan = PlaceGraph(graph, PlacementsOf(r, random), machine);
    ASSERT_TRUE(plan.ok()) << plan.status() << "\n" << PrintGraph(*graph);
    ASSERT_EQ(CheckPlan(*plan), "") << "seed " << seed << "\n"
                                    << PrintGraph(*graph) << "\n"
                                    << plan->ToString();
    bool elsewhere = false;
    for (const PlanStep& s : plan->steps) {
      elsewhere = elsewhere || s.device.kind == DeviceKind::kCuda;
      transfers += s.kind == PlanStep::kTransfer;
      if (s.kind == PlanStep::kKernel && graph->pin(s.node).has_value() && s.num_results > 0) {
        EXPECT_EQ(s.device, *graph->pin(s.node));
      }
    }
    EXPECT_EQ(plan->runnable, !elsewhere);
  }
  EXPECT_GT(transfers, 100);
}

// ---- single cases

GraphPtr GraphOf(Function::Builder& builder) {
  const absl::StatusOr<Function> f = builder.Build();
  EXPECT_TRUE(f.ok()) << f.status();
  return f->graph_ptr();
}

std::vector<InputPlacement> DenseInputs(const Graph& graph) {
  std::vector<InputPlacement> inputs;
  for (const GraphInput& in : graph.inputs()) {
    inputs.push_back({ContiguousStrides(graph.type(in.value).shape.sizes()), Device{}});
  }
  return inputs;
}

// "mm cuda:0", "clone transfer cpu".
std::vector<std::string> Steps(const Plan& plan) {
  std::vector<std::string> steps;
  for (const PlanStep& s : plan.steps) {
    steps.push_back(absl::StrCat(s.op->name, s.kind == PlanStep::kTransfer ? " transfer " : " ",
                                 DeviceToString(s.device)));
  }
  return steps;
}

TEST(Place, LargeProductsGoToTheGpuAndSmallOnesStay) {
  Function::Builder b("f");
  const Expr A = b.Input("A", DType::kF32, {4096, 4096}),
             B = b.Input("B", DType::kF32, {4096, 4096});
  const Expr S = b.Input("S", DType::kF32, {16, 16}), x = b.Input("x", DType::kF32, {16});
  b.Output("C", mm(mm(A, B), B.T()));
  b.Output("y", mv(S, x));
  const GraphPtr graph = GraphOf(b);
  const absl::StatusOr<Plan> plan = PlaceGraph(graph, DenseInputs(*graph), MachineWithGpu());
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(CheckPlan(*plan), "");
  // B goes over once, and B.T is a view of it there.
  EXPECT_THAT(Steps(*plan), ElementsAre("clone transfer cuda:0", "clone transfer cuda:0",
                                        "mm cuda:0", "mm cuda:0", "clone transfer cpu", "mv cpu"));
  // Copies are told under the name of what is copied.
  EXPECT_EQ(plan->graph->value_name(plan->graph->result(plan->steps[0].node)), "A");
  EXPECT_EQ(plan->graph->value_name(plan->graph->result(plan->steps[1].node)), "B");
  EXPECT_FALSE(plan->runnable);
  ASSERT_EQ(plan->arenas.size(), 1);
  EXPECT_EQ(plan->arenas[0].device.kind, DeviceKind::kCuda);
  // A, B, A @ B; C where A was.
  EXPECT_EQ(plan->arenas[0].bytes, 3 * (int64_t{4096} * 4096 * 4));
  std::vector<std::string> reasons;
  for (const Reason& r : plan->reasons) reasons.push_back(ReasonText(r, *graph->sources()));
  EXPECT_THAT(reasons, testing::Contains(testing::ContainsRegex(
                           "moved off the CPU: [0-9.]+ [mun]?s there, [0-9.]+ [mun]?s here")));
  // Transfers carry A, B and C, and say so.
  std::vector<ValueId> carried;
  for (const PlanStep& s : plan->steps) {
    if (s.kind == PlanStep::kTransfer) carried.push_back(plan->graph->result(s.node));
  }
  EXPECT_THAT(carried, ElementsAre(plan->graph->inputs()[0].value, plan->graph->inputs()[1].value,
                                   plan->graph->outputs()[0].value));

  const absl::StatusOr<Plan> host = PlaceGraph(graph, DenseInputs(*graph), TestMachine());
  ASSERT_TRUE(host.ok()) << host.status();
  EXPECT_TRUE(host->runnable);
  EXPECT_TRUE(host->reasons.empty());
}

// Factorizations need some size before they reach any share of a peak.
TEST(Place, LargeFactorizationsGoToTheGpuAndSmallOnesStay) {
  for (const int64_t n : {3, 64, 8192}) {
    Function::Builder b("f");
    const Expr A = b.Input("A", DType::kF64, {n, n}), B = b.Input("B", DType::kF64, {n, n});
    b.Output("X", solve(A, B));
    const GraphPtr graph = GraphOf(b);
    const absl::StatusOr<Plan> plan = PlaceGraph(graph, DenseInputs(*graph), MachineWithGpu());
    ASSERT_TRUE(plan.ok()) << plan.status();
    EXPECT_EQ(plan->runnable, n < 1000) << n;
    // Not what factorizations of hundreds of rows take at least.
    if (n == 3) {
      EXPECT_LT(plan->EstimatedSeconds(), 10e-6);
    }
  }
}

TEST(Place, WorkThatTheCopiesWouldCostMoreThanStaysWithItsReason) {
  Function::Builder b("f");
  const Expr A = b.Input("A", DType::kF32, {4096, 4096}), x = b.Input("x", DType::kF32, {4096});
  b.Output("y", mv(A, x));
  const GraphPtr graph = GraphOf(b);
  const absl::StatusOr<Plan> plan = PlaceGraph(graph, DenseInputs(*graph), MachineWithGpu());
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_THAT(Steps(*plan), ElementsAre("mv cpu"));
  EXPECT_TRUE(plan->runnable);
  ASSERT_EQ(plan->reasons.size(), 1);
  EXPECT_THAT(ReasonText(plan->reasons[0], *graph->sources()), HasSubstr("stays on the CPU"));
  EXPECT_GE(plan->reasons[0].numbers[1], plan->reasons[0].numbers[0]);
}

TEST(Place, PlanForADescribedDeviceIsExplainedNotRun) {
  Function::Builder b("f");
  const Dim n = Dim::Symbol("n");
  const Expr A = b.Input("A", DType::kF32, {n, n});
  b.Output("C", mm(A, A));
  CompileOptions options;
  options.machine = std::make_shared<const Machine>(MachineWithGpu());
  const absl::StatusOr<Program> program = Compile(*b.Build(), options);
  ASSERT_TRUE(program.ok()) << program.status();
  SizeBindings sizes;
  sizes.Set("n", 3000);
  const auto plan = program->PlanFor(sizes);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ((*plan)->ToString(),
            "0: clone transfer on cuda:0 (input A:f32[3000,3000]/[3000,1]) -> "
            "cuda:0 arena+0:f32[3000,3000]/[3000,1]\n"
            "1: mm modelled on cuda:0 (cuda:0 arena+0:f32[3000,3000]/[3000,1], "
            "cuda:0 arena+0:f32[3000,3000]/[3000,1]) -> "
            "cuda:0 arena+36000000:f32[3000,3000]/[3000,1]\n"
            "2: clone transfer on cpu (cuda:0 arena+36000000:f32[3000,3000]/[3000,1]) -> "
            "result 3:f32[3000,3000]/[3000,1]\n"
            "output C = result 3:f32[3000,3000]/[3000,1]\n"
            "arena of cuda:0: 72000000 bytes\n"
            "peak 108000000 bytes\n");
  const absl::StatusOr<TensorMap> r =
      program->Run({{"A", *Tensor::Allocate(DType::kF32, {3000, 3000})}});
  EXPECT_EQ(r.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(r.status().message()), HasSubstr("only described"));
  // Small enough to stay, it runs.
  EXPECT_TRUE(program->Run({{"A", Tensor::Of<float>({{1, 2}, {3, 4}})}}).ok());
}

TEST(Place, ProductsThatAddOverwriteWhatDies) {
  Function::Builder b("f");
  const Expr A = b.Input("A", DType::kF64, {8, 8}), x = b.Input("x", DType::kF64, {8});
  b.Output("r", sum(addmv(mv(A, x), A, x)));
  const GraphPtr graph = GraphOf(b);
  const absl::StatusOr<Plan> plan = PlaceGraph(graph, DenseInputs(*graph), TestMachine());
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(CheckPlan(*plan), "");
  const PlanStep& addmv_step = plan->steps[1];
  ASSERT_EQ(addmv_step.op->id, Op::addmv);
  EXPECT_EQ(plan->operands[plan->args[addmv_step.first_arg]].buffer,
            plan->operands[plan->args[addmv_step.first_arg + addmv_step.num_operands]].buffer);
}

TEST(Place, AnOperandUsedTwiceIsNotOverwritten) {
  // y is both what is added to, which the kernel may overwrite, and the vector.
  Function::Builder b("f");
  const Expr A = b.Input("A", DType::kF64, {8, 8}), x = b.Input("x", DType::kF64, {8});
  const Expr y = mv(A, x);
  b.Output("r", sum(addmv(y, A, y)));
  const GraphPtr graph = GraphOf(b);
  const absl::StatusOr<Plan> plan = PlaceGraph(graph, DenseInputs(*graph), TestMachine());
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(CheckPlan(*plan), "");
}

TEST(Place, SizesThatNoMachineHoldsAreAnError) {
  for (const int64_t n : {int64_t{1} << 25, int64_t{1} << 28}) {
    Function::Builder b("f");
    const Expr x = b.Input("x", DType::kF64, {1});
    b.Output("r", sum(outer(expand(x, {n}), expand(x, {n}))));
    const GraphPtr graph = GraphOf(b);
    const absl::StatusOr<Plan> plan = PlaceGraph(graph, DenseInputs(*graph), TestMachine());
    EXPECT_EQ(plan.status().code(), absl::StatusCode::kResourceExhausted) << plan.status();
    EXPECT_TRUE(PositionOf(plan.status()).known());
  }
}

TEST(Place, StridesOfOneSignatureGiveOnePlan) {
  const std::pair<Sizes, Sizes> kPairs[] = {{{7, 1}, {9, 1}},
                                            {{1, 6}, {1, 9}},
                                            {{12, 2}, {13, 2}},
                                            {{0, 1}, {0, 1}},
                                            {{-7, 1}, {-30, 1}}};
  for (const auto& [first, second] : kPairs) {
    Function::Builder b("f");
    const Expr A = b.Input("A", DType::kF64, {5, 6});
    b.Output("r", reshape(A.T(), {2, 15}) + 1);
    const GraphPtr graph = GraphOf(b);
    const InputPlacement a{first, Device{}}, c{second, Device{}};
    const absl::StatusOr<Plan> one = PlaceGraph(graph, {&a, 1}, TestMachine());
    ASSERT_TRUE(one.ok()) << one.status();
    EXPECT_EQ(one->ToString(), PlaceGraph(graph, {&c, 1}, TestMachine())->ToString());
  }
}

}  // namespace
}  // namespace otium
