// SPDX-License-Identifier: Apache-2.0
#include "engine/place/kernel_table.h"

#include <array>
#include <memory>
#include <mutex>

#include "absl/container/flat_hash_map.h"

namespace otium {

struct KernelTable::ByOp {
  std::array<std::vector<const Kernel*>, kNumOps> kernels;
};

const KernelTable::ByOp& KernelTable::Index(Backend& backend) {
  static auto* mutex = new std::mutex;
  static auto* indices = new absl::flat_hash_map<Backend*, std::unique_ptr<ByOp>>;
  const std::lock_guard<std::mutex> lock(*mutex);
  std::unique_ptr<ByOp>& index = (*indices)[&backend];
  if (!index) {
    index = std::make_unique<ByOp>();
    for (const Kernel& k : backend.kernels()) {
      index->kernels[static_cast<int>(k.op)].push_back(&k);
    }
  }
  return *index;
}

KernelTable::KernelTable(absl::Span<Backend* const> backends) {
  for (Backend* b : backends) backends_.push_back(&Index(*b));
}

KernelTable::Choice KernelTable::Choose(const KernelCall& call, uint32_t promised) const {
  Choice choice;
  for (size_t b = 0; b < backends_.size(); ++b) {
    for (const Kernel* k : backends_[b]->kernels[static_cast<int>(call.op.id)]) {
      if (!Accepts(*k, call)) continue;
      if (choice.kernels.empty()) choice.backend = static_cast<int>(b);
      choice.kernels.push_back(k);
      if ((k->relies_on & ~promised) == 0) return choice;
    }
  }
  return choice;
}

}  // namespace otium
