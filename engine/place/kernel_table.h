// SPDX-License-Identifier: Apache-2.0
//
// Kernels by op, over backends in order of preference.

#ifndef OTIUM_ENGINE_PLACE_KERNEL_TABLE_H_
#define OTIUM_ENGINE_PLACE_KERNEL_TABLE_H_

#include <vector>

#include "absl/types/span.h"
#include "backends/backend.h"

namespace otium {

class KernelTable {
 public:
  explicit KernelTable(absl::Span<Backend* const> backends);

  struct Choice {
    // The first kernel that accepts the call and, while each relies on facts that
    // are not promised, the next ones: what a guarded step falls back to.
    std::vector<const Kernel*> kernels;
    int backend = 0;
  };
  // `promised`: facts (StructureFlag) about operand 0 that the user declared.
  Choice Choose(const KernelCall& call, uint32_t promised) const;

 private:
  struct ByOp;  // Of one backend; made once and kept.
  static const ByOp& Index(Backend& backend);
  std::vector<const ByOp*> backends_;
};

}  // namespace otium

#endif  // OTIUM_ENGINE_PLACE_KERNEL_TABLE_H_
