// SPDX-License-Identifier: Apache-2.0
//
// What a run can be told while it runs, and what it tells: to stop, how far it is,
// how long its steps took, and what they computed.

#ifndef OTIUM_ENGINE_RUN_OBSERVE_H_
#define OTIUM_ENGINE_RUN_OBSERVE_H_

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "engine/base/export.h"
#include "engine/place/plan.h"

namespace otium {

// Set it from any thread; checked between steps. The run then returns kCancelled.
class OTIUM_EXPORT CancelFlag {
 public:
  void Cancel() { cancelled_.store(true, std::memory_order_relaxed); }
  bool IsCancelled() const { return cancelled_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> cancelled_{false};
};

// What happened in a run, step by step; seconds from the start of the run.
struct OTIUM_EXPORT StepRecord {
  StepId step = 0;
  int segment = 0;
  double start = 0;
  double end = 0;
  // The alternative of a guarded step that gave the result; 0: the first kernel.
  int alternative = 0;
  // That launched it, however many worked in the kernel: threads that run steps of
  // profiled runs are numbered as they come, for the life of the process.
  int thread = 0;
  // StepInfo::rcond: how near to singular a matrix was; -1 when it is not known.
  double rcond = -1;
  int64_t rcond_batch = 0;
};

struct OTIUM_EXPORT Profile {
  // Set it before the run to have StepRecord::rcond. It costs as much as solving for a few
  // right-hand sides, in the time of the step itself.
  bool wants_rcond = false;
  std::vector<StepRecord> steps;
  // The plan of each segment, to look the steps up in.
  std::vector<std::shared_ptr<const Plan>> plans;
  double seconds = 0;
};

// How far a run is, for whoever watches from another thread.
struct OTIUM_EXPORT Progress {
  std::atomic<const char*> op{nullptr};  // The name of the op that is running.
  // Of the estimated time of the segment that is running, 0 to 1.
  std::atomic<double> share{0};
};

// A step that is done, and where its operands and results are, in the order of
// Plan::args.
struct OTIUM_EXPORT StepValues {
  const Plan& plan;
  const PlanStep& step;
  const View* views;

  DType dtype(int i) const { return plan.operands[plan.args[step.first_arg + i]].type.dtype; }
};
// Called after each step. May change the results, as another way to compute them
// would: later steps see that. For error analysis.
using StepObserver = std::function<void(const StepValues& values)>;

}  // namespace otium

#endif  // OTIUM_ENGINE_RUN_OBSERVE_H_
