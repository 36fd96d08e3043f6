// SPDX-License-Identifier: Apache-2.0
#include "tools/otium/reference_judge.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <utility>

#include "engine/base/status.h"
#include "engine/graph/substitute.h"
#include "tools/otium/gauge.h"
#include "tools/otium/monte_carlo.h"

namespace otium::cli {
namespace {

constexpr double kSafety = 4;
// Random roundings cancel out by chance; more than one try.
constexpr int kSamples = 3;

struct PathCost {
  double inner = 1;  // Inner sizes, summed along the longest path.
  double epsilon = 0;
  double smallest = 0;
};

// How many terms make one element of the result: 1 for pointwise ops and views.
double InnerSize(const Graph& graph, NodeId n) {
  const OpDef& op = graph.op(n);
  if (op.Is(kPointwiseOp) || op.Is(kViewOp) || op.Is(kCreationOp) || graph.operands(n).empty()) {
    return 1;
  }
  double largest = 1;
  for (ValueId v : graph.operands(n)) {
    if (v == kNoValue || !graph.type(v).shape.IsStatic()) continue;
    const Shape& shape = graph.type(v).shape;
    for (const Dim& d : shape.dims()) largest = std::max(largest, static_cast<double>(d.value()));
    // A reduction over several dimensions has as many terms as elements go into one.
    const Shape& result = graph.result_types(n)[0].shape;
    if (op.Is(kReductionOp) && result.IsStatic() && result.NumElements() > 0) {
      largest = std::max(largest, static_cast<double>(shape.NumElements()) /
                                      static_cast<double>(result.NumElements()));
    }
  }
  return largest;
}

std::vector<PathCost> OutputCosts(const Graph& graph) {
  std::vector<PathCost> cost(graph.num_nodes());
  for (NodeId n = 0; n < graph.num_nodes(); ++n) {
    PathCost& c = cost[n];
    c.inner = 0;
    for (ValueId v : graph.operands(n)) {
      if (v == kNoValue) continue;
      const PathCost& o = cost[graph.producer(v)];
      c.inner = std::max(c.inner, o.inner);
      c.epsilon = std::max(c.epsilon, o.epsilon);
      c.smallest = std::max(c.smallest, o.smallest);
    }
    for (const TensorType& t : graph.result_types(n)) {
      c.epsilon = std::max(c.epsilon, Epsilon(t.dtype));
      c.smallest = std::max(c.smallest, SmallestPositive(t.dtype));
    }
    double own = InnerSize(graph, n);
    if (graph.Is(n, Op::call)) {
      own = 1;
      for (const PathCost& inside : OutputCosts(*graph.attributes(n).Get<GraphPtr>("graph"))) {
        own = std::max(own, inside.inner);
      }
    }
    c.inner += own;
  }
  std::vector<PathCost> outputs;
  for (const GraphOutput& out : graph.outputs()) outputs.push_back(cost[graph.producer(out.value)]);
  return outputs;
}

// Largest finite magnitude.
double Norm(const Tensor& tensor) {
  const Tensor dense = tensor.Contiguous();
  return DispatchDType(tensor.dtype(), [&]<class Tag>(Tag) {
    using T = typename Tag::type;
    double norm = 0;
    const T* p = dense.data<T>();
    for (int64_t i = 0; i < dense.NumElements(); ++i) {
      double x;
      if constexpr (std::is_same_v<T, std::complex<float>> ||
                    std::is_same_v<T, std::complex<double>>) {
        x = std::abs(std::complex<double>(p[i]));
      } else if constexpr (std::is_integral_v<T> || std::is_same_v<T, double>) {
        x = std::abs(static_cast<double>(p[i]));
      } else {
        x = std::abs(static_cast<double>(static_cast<float>(p[i])));
      }
      if (std::isfinite(x)) norm = std::max(norm, x);
    }
    return norm;
  });
}

// What is known of one result: how far it moves when all roundings are other ones.
struct Sensitivity {
  double moved = 0;       // The largest finite difference.
  bool unstable = false;  // Failed, or changed its shape.
  // Elements that are another integer, bool, or no longer finite.
  std::vector<bool> flips;
};

absl::Status MeasureSensitivity(const Program& reference, const TensorMap& inputs,
                                const RunOptions& run, const TensorMap& judge,
                                const GaugeFixer& gauges, std::vector<Sensitivity>* sensitivity) {
  for (int sample = 0; sample < kSamples; ++sample) {
    TensorMap moved_inputs;
    uint64_t input = 0;
    for (const auto& [name, tensor] : inputs) {
      moved_inputs.Set(name, MovedInput(tensor, input++, sample));
    }
    RunOptions moving = run;
    moving.after_step = [sample](const StepValues& values) { MoveResults(values, sample); };
    const absl::StatusOr<TensorMap> moved = reference.Run(moved_inputs, moving);
    if (absl::IsCancelled(moved.status())) return moved.status();
    size_t o = 0;
    for (const auto& [name, tensor] : judge) {
      Sensitivity& s = (*sensitivity)[o++];
      if (!moved.ok() || (*moved)[name].sizes() != tensor.sizes()) {
        s.unstable = true;
        continue;
      }
      s.flips.resize(tensor.NumElements());
      // Never within tolerance, so every element that moved is looked at.
      const bool exact = !IsInexact(tensor.dtype());
      const Comparison c = CompareTensors(gauges.Fixed(name, *moved, judge), tensor,
                                          [&](int64_t i, double magnitude) {
                                            if (exact || !std::isfinite(magnitude))
                                              s.flips[i] = true;
                                            return HUGE_VAL;
                                          });
      s.moved = std::max(s.moved, c.largest);
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<Verdict>> JudgeByReference(const Function& function,
                                                      const TensorMap& inputs,
                                                      const SizeBindings& sizes,
                                                      const RunOptions& run,
                                                      const TensorMap& results) {
  CompileOptions options;
  options.reference = true;
  options.optimize.optimize = false;
  options.check_declared = false;  // The run has done so; moved inputs need not pass.
  RunOptions plain;
  plain.seed = run.seed;
  plain.cancel = run.cancel;
  plain.sizes = run.sizes;
  OTIUM_ASSIGN_OR_RETURN(const Program reference, Compile(function, options));
  OTIUM_ASSIGN_OR_RETURN(const TensorMap judge, reference.Run(inputs, plain));
  OTIUM_ASSIGN_OR_RETURN(const GraphPtr bound, BindGraph(function.graph_ptr(), sizes));
  const GaugeFixer gauges(*bound);
  std::vector<Sensitivity> sensitivity(judge.size());
  OTIUM_RETURN_IF_ERROR(MeasureSensitivity(reference, inputs, plain, judge, gauges, &sensitivity));
  const std::vector<PathCost> costs = OutputCosts(*bound);
  std::vector<Verdict> verdicts;
  for (const auto& [name, expected] : judge) {
    const Sensitivity& s = sensitivity[verdicts.size()];
    const PathCost& cost = costs[verdicts.size()];
    const double unit = std::max(cost.epsilon * Norm(expected), cost.smallest);
    Verdict v{.name = name, .unstable = s.unstable};
    v.allowed = s.unstable ? HUGE_VAL : kSafety * cost.inner * (unit + s.moved);
    const bool exact = !IsInexact(expected.dtype());
    v.comparison = CompareTensors(gauges.Fixed(name, results, judge), expected,
                                  [&](int64_t i, double magnitude) {
                                    if (!s.flips.empty() && s.flips[i]) return HUGE_VAL;
                                    return exact ? 0 : std::isfinite(magnitude) ? v.allowed : 0;
                                  });
    verdicts.push_back(std::move(v));
  }
  return verdicts;
}

}  // namespace otium::cli
