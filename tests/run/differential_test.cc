// SPDX-License-Identifier: Apache-2.0
//
// Random graphs, computed in every way there is:
//
//   reference   the plain loops, op by op
//   plain       --no-optimize, the best kernels
//   strict      optimized; the same bits as plain
//   standard    optimized; within the error bound of the reference, and the same
//               bits for any number of threads, and when inputs are given away
//
// A failure prints the seed and the smallest graph of one output that still fails.

#include <cmath>
#include <functional>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "engine/graph/graph_builder.h"
#include "engine/graph/schema.h"
#include "engine/graph/text/printer.h"
#include "engine/otium.h"
#include "gtest/gtest.h"
#include "tests/graphs/random_graph.h"
#include "tests/rounds.h"
#include "tests/run/error_bounds.h"

namespace otium {
namespace {

using Results = absl::StatusOr<std::vector<Tensor>>;

Results RunWith(const Graph& graph, TensorMap inputs, const CompileOptions& options) {
  const absl::StatusOr<Program> program = Compile(Function(graph), options);
  if (!program.ok()) return program.status();
  absl::StatusOr<TensorMap> results = program->Run(std::move(inputs), {.seed = 42});
  if (!results.ok()) return results.status();
  std::vector<Tensor> values;
  for (const auto& [name, tensor] : *results) values.push_back(tensor);
  return values;
}

CompileOptions Options(MathMode math, bool optimize, bool reference) {
  CompileOptions options;
  options.optimize.math = math;
  options.optimize.verify = true;
  options.optimize.optimize = optimize;
  options.reference = reference;
  return options;
}
const CompileOptions kReference = Options(MathMode::kStandard, false, true);
const CompileOptions kPlain = Options(MathMode::kStandard, false, false);
const CompileOptions kStrict = Options(MathMode::kStrict, true, false);
const CompileOptions kStandard = Options(MathMode::kStandard, true, false);

// Dense inputs in memory that nobody else holds; the others as they are, for a
// copy would lie otherwise.
TensorMap OwnCopies(const TensorMap& inputs) {
  TensorMap copies;
  for (const auto& [name, t] : inputs) {
    copies.Set(name, t.IsContiguous() ? Tensor::Copy(t.data(), t.dtype(), t.sizes()) : t);
  }
  return copies;
}

// The bounds of the outputs, by the reference's value of every value.
absl::StatusOr<std::vector<double>> OutputBounds(const Graph& graph, const TensorMap& inputs) {
  GraphBuilder builder(graph.sources());
  std::vector<ValueId> values(graph.num_values(), kNoValue);
  for (const GraphInput& in : graph.inputs()) {
    values[in.value] = builder.AddInput(in.name, graph.type(in.value));
  }
  for (NodeId n = 0; n < graph.num_nodes(); ++n) {
    if (!graph.Is(n, Op::input)) builder.Copy(graph, n, &values);
  }
  for (ValueId v = 0; v < graph.num_values(); ++v) {
    ValueId output = values[v];
    if (graph.type(v).weak) {  // Outputs are strong.
      output = builder.Add(Op::cast, {output}, {{"dtype", StrongDType(graph.type(v))}});
    }
    builder.AddOutput(absl::StrCat("v", v), output);
  }
  absl::StatusOr<Graph> all = std::move(builder).Build();
  if (!all.ok()) return all.status();
  const Results computed = RunWith(*all, inputs, kReference);
  if (!computed.ok()) return computed.status();
  const std::vector<double> bounds = ErrorBounds(graph, *computed);
  std::vector<double> of_outputs;
  for (const GraphOutput& out : graph.outputs()) of_outputs.push_back(bounds[out.value]);
  return of_outputs;
}

struct Tally {
  int graphs = 0;
  int failed_runs = 0;  // Singular matrices and the like: nothing to compare.
  int outputs = 0;
  int bounded = 0;
};

// Empty, or what is wrong.
std::string Compare(const Graph& graph, const TensorMap& inputs, Tally* tally) {
  const Results reference = RunWith(graph, inputs, kReference);
  const Results plain = RunWith(graph, inputs, kPlain);
  const Results strict = RunWith(graph, inputs, kStrict);
  const Results standard = RunWith(graph, inputs, kStandard);
  const Results given_away = RunWith(graph, OwnCopies(inputs), kStandard);
  ++tally->graphs;
  for (const Results* r : {&reference, &plain, &strict, &standard, &given_away}) {
    if (r->ok()) continue;
    // Numerical failure may be a matter of rounding, and how many elements are not zero;
    // nothing else is.
    const bool is_count = absl::StrContains(r->status().message(), "and count says");
    if (!is_count && r->status().code() != absl::StatusCode::kFailedPrecondition &&
        r->status() != reference.status()) {
      return absl::StrCat("only some ways fail: ", r->status().ToString());
    }
    ++tally->failed_runs;
    return "";
  }
  const absl::StatusOr<std::vector<double>> bounds = OutputBounds(graph, inputs);
  if (!bounds.ok()) return absl::StrCat("all values: ", bounds.status().ToString());
  for (size_t i = 0; i < reference->size(); ++i) {
    const std::string name = absl::StrCat(graph.outputs()[i].name, ": ");
    ++tally->outputs;
    tally->bounded += std::isfinite((*bounds)[i]);
    std::string difference = Difference((*plain)[i], (*reference)[i], 2 * (*bounds)[i]);
    if (!difference.empty()) return absl::StrCat(name, "plain and reference: ", difference);
    difference = Difference((*standard)[i], (*reference)[i], 2 * (*bounds)[i]);
    if (!difference.empty()) return absl::StrCat(name, "standard and reference: ", difference);
    if (!Tensor::BitwiseEqual((*given_away)[i], (*standard)[i])) {
      return absl::StrCat(name, "given away and standard differ in bits: ",
                          Difference((*given_away)[i], (*standard)[i], 0));
    }
    if (!Tensor::BitwiseEqual((*strict)[i], (*plain)[i])) {
      return absl::StrCat(
          name, "strict and plain differ in bits: ", Difference((*strict)[i], (*plain)[i], 0));
    }
  }
  return "";
}

// The smallest graph of one output for which `fails`, or the whole one.
std::string Smallest(const Graph& graph, const std::function<bool(const Graph&)>& fails) {
  GraphPtr smallest;
  for (size_t i = 0; i < graph.outputs().size(); ++i) {
    GraphPtr part = OnlyOutput(graph, i);
    if (fails(*part) && (!smallest || part->num_nodes() < smallest->num_nodes())) smallest = part;
  }
  return PrintGraph(smallest ? *smallest : graph);
}

TEST(Differential, EveryWayGivesTheSame) {
  Tally tally;
  for (int seed = 0; seed < Rounds(4000); ++seed) {
    const RandomGraph r = MakeRandomGraph(seed);
    const std::string difference = Compare(*r.graph, r.inputs, &tally);
    if (difference.empty()) continue;
    Tally ignored;
    ADD_FAILURE() << "seed " << seed << ": " << difference << "\n"
                  << Smallest(*r.graph, [&](const Graph& g) {
                       return !Compare(g, r.inputs, &ignored).empty();
                     });
  }
  // The test means something: most runs succeed and most outputs are bounded.
  EXPECT_LT(tally.failed_runs, tally.graphs / 4);
  EXPECT_GT(tally.bounded, tally.outputs / 2);
  RecordProperty("failed_runs", tally.failed_runs);
  RecordProperty("bounded", tally.bounded);
  RecordProperty("outputs", tally.outputs);
}

TEST(Differential, AnyNumberOfThreadsGivesTheSameBits) {
  for (int seed = 0; seed < Rounds(200); ++seed) {
    // Large enough to be cut into tasks.
    const RandomGraph r =
        MakeRandomGraph(100000 + seed, {.max_nodes = 5, .max_size = 400, .max_elements = 200000});
    Results one = absl::UnknownError("not run");
    for (int threads = 1; threads <= 4; ++threads) {
      SetNumThreads(threads);
      const Results results = RunWith(*r.graph, r.inputs, kStandard);
      if (threads == 1) {
        one = results;
        continue;
      }
      ASSERT_EQ(results.status(), one.status()) << "seed " << seed;
      if (!one.ok()) break;
      for (size_t i = 0; i < one->size(); ++i) {
        EXPECT_TRUE(Tensor::BitwiseEqual((*one)[i], (*results)[i]))
            << "seed " << seed << ", " << threads << " threads, output " << i << "\n"
            << PrintGraph(*r.graph);
      }
    }
  }
  SetNumThreads(0);
}

TEST(Differential, EveryOpIsDrawn) {
  std::set<absl::string_view> missing;
  for (const OpDef* op : AllOps()) {
    if (IsDrawn(*op)) missing.insert(op->name);
  }
  for (uint32_t seed = 0; seed < 20000 && !missing.empty(); ++seed) {
    const RandomGraph r = MakeRandomGraph(seed);
    for (NodeId n = 0; n < r.graph->num_nodes(); ++n) missing.erase(r.graph->op(n).name);
  }
  std::string names;
  for (absl::string_view name : missing) absl::StrAppend(&names, " ", name);
  EXPECT_EQ(names, "");
}

}  // namespace
}  // namespace otium
