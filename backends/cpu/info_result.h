// SPDX-License-Identifier: Apache-2.0
//
// Where LAPACK's info of each matrix of a batch goes: into a result of the _ex ops,
// else it is the step that fails.

#ifndef OTIUM_BACKENDS_CPU_INFO_RESULT_H_
#define OTIUM_BACKENDS_CPU_INFO_RESULT_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "backends/cpu/matrix_batch.h"

namespace otium::cpu {

class InfoResult {
 public:
  InfoResult() = default;
  // Result `index` of the call, if it has so many.
  InfoResult(const KernelCall& call, size_t index) : index_(index) {
    if (call.results.size() <= index) return;
    present_ = true;
    type_ = call.results[index];
  }
  bool present() const { return present_; }

  // For launches that set none: a system without right-hand sides has not failed.
  void Clear(const LaunchArgs& args) const {
    if (present_) std::fill_n(args.results[index_].as<int32_t>(), type_.NumElements(), 0);
  }
  // Of matrix p. Where one info stands for several, which then are of one matrix, the
  // first of them sets it: tasks must not write the same memory.
  void Set(const MatrixBatch& batch, const LaunchArgs& args, int64_t p, int64_t code,
           StepInfo* info) const {
    if (!present_) return Report(info, code, p);
    if (!IsFirst(batch, p)) return;
    const View& view = args.results[index_];
    view.as<int32_t>()[BatchOffset(batch, type_, view, 0, p)] = static_cast<int32_t>(code);
  }

 private:
  bool IsFirst(const MatrixBatch& batch, int64_t p) const {
    const size_t skip = batch.sizes.size() - type_.sizes.size();
    for (size_t d = batch.sizes.size(); d-- > 0;) {
      const bool shared = d < skip || type_.sizes[d - skip] == 1;
      if (shared && p % batch.sizes[d] != 0) return false;
      p /= batch.sizes[d];
    }
    return true;
  }

  size_t index_ = 0;
  bool present_ = false;
  PhysicalType type_;
};

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_INFO_RESULT_H_
