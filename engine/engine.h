// SPDX-License-Identifier: Apache-2.0
//
// The engine: from a Function, or from expressions, to values.
//
//   absl::StatusOr<Program> program = Compile(function);
//   absl::StatusOr<TensorMap> r = program->Run({{"A", a}, {"x", x}, {"y", y}});
//
//   absl::StatusOr<Tensor> z = Evaluate(y + mv(A, x));
//
// Errors, everywhere: kInvalidArgument for wrong graphs and inputs (shape, dtype,
// structure not as declared), kFailedPrecondition for numerical failure (singular,
// not positive definite), kResourceExhausted for memory, kUnavailable for devices,
// kCancelled. PositionOf(status) says where the failing op was written.

#ifndef OTIUM_ENGINE_ENGINE_H_
#define OTIUM_ENGINE_ENGINE_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engine/base/export.h"
#include "engine/base/tensor.h"
#include "engine/graph/expr.h"
#include "engine/graph/function.h"
#include "engine/optimize/optimize.h"
#include "engine/place/plan.h"
#include "engine/run/observe.h"
#include "engine/run/tensor_map.h"

namespace otium {

struct OTIUM_EXPORT CompileOptions {
  OptimizeOptions optimize;
  // Null: this machine (HostMachine()).
  std::shared_ptr<const Machine> machine;
  // Where every op goes that is not pinned; empty: where it is done soonest.
  std::optional<Device> device;
  // The plain loops only: what --check compares with.
  bool reference = false;
  // Check declared structure on the data of every run.
  bool check_declared = true;
};

struct OTIUM_EXPORT RunOptions {
  uint64_t seed = 0;
  const CancelFlag* cancel = nullptr;
  Progress* progress = nullptr;
  Profile* profile = nullptr;
  // Bytes that arena and results of a segment may take; 0: no limit.
  int64_t memory_limit = 0;
  // Sizes that no input binds.
  SizeBindings sizes;
  StepObserver after_step;
  // Where results go, by output name: dense, of the right dtype and shape, apart
  // from the inputs and from each other, else kInvalidArgument. Not named ones are
  // allocated, apart from these. What a failed run leaves in them is not defined.
  TensorMap results;
};

class OTIUM_EXPORT Program {
 public:
  // Thread-safe; each run owns its memory. Inputs that have defaults may be left
  // out. The results are in the order of the outputs; those that are views of one
  // value (y and y.T) may share memory, which is not unique then. The memory of
  // inputs that only `inputs` holds, when it is moved here, may be reused for results.
  absl::StatusOr<TensorMap> Run(const TensorMap& inputs, const RunOptions& options = {}) const;
  absl::StatusOr<TensorMap> Run(TensorMap&& inputs, const RunOptions& options = {}) const;

  // The plan for these sizes, with dense inputs; of the first segment when a size
  // is data (Plan::continuation holds the rest).
  absl::StatusOr<std::shared_ptr<const Plan>> PlanFor(const SizeBindings& sizes) const;
  // The plan that Run would make for `inputs`, by their shapes, strides and
  // devices; elements are not looked at, so they may be borrowed from nullptr.
  absl::StatusOr<std::shared_ptr<const Plan>> PlanFor(const TensorMap& inputs,
                                                      const RunOptions& options) const;

  // Whether Run with such inputs would find its plan (of the first segment) and
  // not make one.
  bool HasPlan(const TensorMap& inputs, const RunOptions& options = {}) const;

  const Graph& graph() const { return *graph_; }

 private:
  friend OTIUM_EXPORT absl::StatusOr<Program> Compile(const Function& function,
                                                      CompileOptions options);
  Program() = default;
  // The inputs in the order of the graph, its constants after them.
  absl::StatusOr<std::vector<Tensor>> Ordered(const TensorMap& inputs,
                                              const RunOptions& options) const;
  absl::StatusOr<TensorMap> RunOrdered(std::vector<Tensor> inputs, const RunOptions& options) const;

  GraphPtr source_;  // As given.
  GraphPtr graph_;   // Large constants are inputs after the named ones.
  std::vector<Tensor> constants_;
  std::shared_ptr<const CompileOptions> options_;
};

// Fails when an option is unknown. Planning happens when sizes are known.
OTIUM_EXPORT absl::StatusOr<Program> Compile(const Function& function, CompileOptions options = {});

// The values of `exprs`, planned together. Each keeps its value: later graphs see
// a constant.
OTIUM_EXPORT absl::StatusOr<std::vector<Tensor>> Evaluate(absl::Span<const Expr> exprs,
                                                          const CompileOptions& options = {},
                                                          const RunOptions& run = {});
OTIUM_EXPORT absl::StatusOr<Tensor> Evaluate(const Expr& expr);

// How wide plans run from now on; 0: one thread for each core. Never which plan.
OTIUM_EXPORT void SetNumThreads(int threads);

}  // namespace otium

#endif  // OTIUM_ENGINE_ENGINE_H_
