// SPDX-License-Identifier: Apache-2.0
//
// --check; the bound is explained in compare.h.

#include <algorithm>
#include <cmath>
#include <complex>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/hash.h"
#include "engine/base/status.h"
#include "engine/graph/substitute.h"
#include "nlohmann/json.hpp"
#include "tools/otium/compare.h"

namespace otium::cli {
namespace {

constexpr double kSafety = 4;
// Random roundings of inputs cancel out by chance; more than one try.
constexpr int kSamples = 2;

struct PathCost {
  double inner = 1;  // Inner sizes, summed along the longest path.
  double epsilon = 0;
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
    }
    for (const TensorType& t : graph.result_types(n)) {
      c.epsilon = std::max(c.epsilon, Epsilon(t.dtype));
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

// Every element moved by one rounding, up or down; zeros stay, and so does
// symmetry: mirrored elements move alike.
absl::StatusOr<Tensor> Moved(const Tensor& tensor, uint64_t sample) {
  if (!IsInexact(tensor.dtype())) return tensor;
  const Tensor dense = tensor.Contiguous();
  OTIUM_ASSIGN_OR_RETURN(Tensor moved, Tensor::Allocate(tensor.dtype(), tensor.sizes()));
  const int64_t columns = tensor.rank() > 0 ? tensor.sizes().back() : 1;
  const int64_t rows = tensor.rank() > 1 ? tensor.sizes()[tensor.rank() - 2] : 1;
  const double epsilon = Epsilon(tensor.dtype());
  DispatchDType(tensor.dtype(), [&]<class Tag>(Tag) {
    using T = typename Tag::type;
    const T* from = dense.data<T>();
    T* to = moved.mutable_data<T>();
    const int64_t count = tensor.NumElements();
    for (int64_t k = 0; k < count; ++k) {
      uint64_t i = static_cast<uint64_t>(k / columns % rows), j = static_cast<uint64_t>(k % columns);
      if (rows == columns && i > j) std::swap(i, j);
      // A few rounds of a multiplicative hash: only the sign is wanted.
      uint64_t h = (i * 0x9E3779B97F4A7C15u) ^ (j + sample * 0xC2B2AE3D27D4EB4Fu);
      h = (h ^ (h >> 31)) * 0xBF58476D1CE4E5B9u;
      h = (h ^ (h >> 29)) * 0x94D049BB133111EBu;
      const double factor = h >> 63 != 0 ? 1 + epsilon : 1 - epsilon;
      if constexpr (std::is_same_v<T, std::complex<float>> ||
                    std::is_same_v<T, std::complex<double>>) {
        to[k] = T(std::complex<double>(from[k]) * factor);
      } else if constexpr (std::is_integral_v<T>) {
        to[k] = from[k];
      } else if constexpr (std::is_same_v<T, double>) {
        to[k] = from[k] * factor;
      } else {
        to[k] = T(static_cast<float>(static_cast<double>(static_cast<float>(from[k])) * factor));
      }
    }
  });
  return moved;
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

// What is known of one result: how far it moves when the inputs do.
struct Sensitivity {
  double moved = 0;         // The largest finite difference.
  bool unstable = false;    // Failed, or changed its shape.
  // Elements that are another integer, bool, or no longer finite.
  std::vector<bool> flips;
};

absl::Status MeasureSensitivity(const Program& reference, const Inputs& inputs,
                                const RunOptions& run, const TensorMap& judge,
                                std::vector<Sensitivity>* sensitivity) {
  for (int sample = 0; sample < kSamples; ++sample) {
    TensorMap moved_inputs;
    for (const auto& [name, tensor] : inputs.tensors) {
      OTIUM_ASSIGN_OR_RETURN(Tensor moved, Moved(tensor, sample + 1));
      moved_inputs.Set(name, std::move(moved));
    }
    const absl::StatusOr<TensorMap> moved = reference.Run(moved_inputs, run);
    OTIUM_RETURN_IF_ERROR(CheckInterrupted());
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
      const Comparison c = CompareTensors((*moved)[name], tensor, [&](int64_t i, double magnitude) {
        if (exact || !std::isfinite(magnitude)) s.flips[i] = true;
        return HUGE_VAL;
      });
      s.moved = std::max(s.moved, c.largest);
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckWithReference(Session& session, const Function& function, const Inputs& inputs,
                                const RunOptions& run, const TensorMap& results) {
  CompileOptions options;
  options.reference = true;
  options.optimize.optimize = false;
  options.check_declared = false;  // The run has done so; moved inputs need not pass.
  RunOptions plain;
  plain.seed = run.seed;
  plain.cancel = run.cancel;
  plain.sizes = run.sizes;
  OTIUM_ASSIGN_OR_RETURN(const Program reference, Compile(function, options));
  absl::StatusOr<TensorMap> judge = reference.Run(inputs.tensors, plain);
  if (!judge.ok()) return WithRunExit(judge.status());
  std::vector<Sensitivity> sensitivity(judge->size());
  OTIUM_RETURN_IF_ERROR(MeasureSensitivity(reference, inputs, plain, *judge, &sensitivity));

  const absl::StatusOr<GraphPtr> bound = BindGraph(function.graph_ptr(), inputs.all_sizes);
  if (!bound.ok()) return WithRunExit(bound.status());
  const std::vector<PathCost> costs = OutputCosts(**bound);
  int differing = 0;
  size_t o = 0;
  for (const auto& [name, expected] : *judge) {
    const Sensitivity& s = sensitivity[o];
    const PathCost& cost = costs[o++];
    const double norm = Norm(expected);
    const double bound_on_error =
        s.unstable ? HUGE_VAL : kSafety * cost.inner * (cost.epsilon * norm + s.moved);
    const bool exact = !IsInexact(expected.dtype());
    Comparison c = CompareTensors(results[name], expected, [&](int64_t i, double magnitude) {
      if (!s.flips.empty() && s.flips[i]) return HUGE_VAL;
      return exact ? 0 : std::isfinite(magnitude) ? bound_on_error : 0;
    });
    if (session.options().json) {
      session.document()["check"][name] = {{"agrees", c.agrees()},
                                           {"elements", c.elements},
                                           {"differing", c.differing},
                                           {"largest_difference", c.largest},
                                           {"allowed", s.unstable ? Json(nullptr)
                                                                  : Json(bound_on_error)}};
    }
    if (s.unstable) {
      session.Note(absl::StrCat("otium: ", name, " cannot be checked: one rounding of the inputs "
                                "makes it fail, or changes its shape"));
    }
    if (c.agrees()) {
      if (!s.unstable) {
        session.Note(absl::StrCat("otium: ", name, " agrees with the reference"));
      }
      continue;
    }
    ++differing;
    Diagnostic d;
    d.message = absl::StrCat(name, " differs from the reference: ", c.difference);
    session.Report({&d, 1});
  }
  return differing == 0 ? absl::OkStatus() : FailReported(Exit::kDiffers);
}

}  // namespace otium::cli
