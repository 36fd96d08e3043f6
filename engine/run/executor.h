// SPDX-License-Identifier: Apache-2.0
//
// Running a plan. An Executable is a plan and a few idle run states: arena and
// operand views, made once and reused, so that a run only fills in the addresses
// that the caller brings and walks the steps. Any number of threads may run one
// Executable at a time; each has a state of its own.

#ifndef OTIUM_ENGINE_RUN_EXECUTOR_H_
#define OTIUM_ENGINE_RUN_EXECUTOR_H_

#include <memory>
#include <mutex>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engine/base/tensor.h"
#include "engine/place/plan.h"
#include "engine/run/observe.h"

namespace otium {

struct ExecuteOptions {
  uint64_t seed = 0;
  const CancelFlag* cancel = nullptr;
  Progress* progress = nullptr;
  Profile* profile = nullptr;
  double profile_origin = 0;  // Seconds, on the clock of Now().
  int64_t memory_limit = 0;   // Bytes of arena and results; 0: none.
  const StepObserver* after_step = nullptr;
};

// Seconds on the steady clock.
double Now();

class Executable {
 public:
  explicit Executable(std::shared_ptr<const Plan> plan);
  ~Executable();

  const std::shared_ptr<const Plan>& plan() const { return plan_; }

  // `inputs` follow the plan's graph inputs and have the sizes, dtypes, devices
  // and stride signatures it was made for. `results[i]`, when not null, is where
  // output i goes: of the right dtype, dense, apart from all inputs; what a failed
  // run leaves there is not defined. Errors: what steps report
  // (kFailedPrecondition), wrong sizes of `results`, kResourceExhausted, kCancelled.
  absl::StatusOr<std::vector<Tensor>> Run(absl::Span<const Tensor> inputs,
                                          absl::Span<Tensor* const> results,
                                          const ExecuteOptions& options);

 private:
  struct State;
  // A buffer whose address a run brings or makes, and the args that lie in it at
  // a fixed offset.
  struct BoundBuffer {
    BufferId buffer;
    // The first output that is all of it, dense, and so can be made where the
    // caller wants it; or -1.
    int32_t output;
    std::vector<uint32_t> args;
  };
  absl::StatusOr<std::unique_ptr<State>> TakeState();
  void GiveBack(std::unique_ptr<State> state);
  absl::Status AllocateArena(State* state) const;
  absl::Status BindBuffers(absl::Span<const Tensor> inputs, absl::Span<Tensor* const> results,
                           State* state) const;
  absl::Status RunSteps(const ExecuteOptions& options, State* state) const;
  absl::Status FirstFailure(const State& state) const;
  absl::StatusOr<Tensor> OutputOf(int i, absl::Span<const Tensor> inputs, Tensor* given,
                                  const State& state) const;

  const std::shared_ptr<const Plan> plan_;
  std::vector<BoundBuffer> bound_buffers_;
  std::vector<std::vector<uint32_t>> args_of_view_;  // Parallel to Plan::input_views.
  std::mutex mutex_;
  std::vector<std::unique_ptr<State>> idle_;
};

}  // namespace otium

#endif  // OTIUM_ENGINE_RUN_EXECUTOR_H_
