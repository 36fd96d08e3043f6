// SPDX-License-Identifier: Apache-2.0
//
// Offsets in an arena. ArenaLayout gives them out and takes them back in the order
// of the steps: the smallest hole that fits, else at the end. O(log holes) each;
// within a few percent of the lower bound on the graphs of the tests.
// PackLargestFirst sees all lifetimes at once: better where large blocks come late,
// and quadratic, so for small plans.

#ifndef OTIUM_ENGINE_PLACE_ARENA_H_
#define OTIUM_ENGINE_PLACE_ARENA_H_

#include <cstdint>
#include <map>
#include <set>
#include <utility>

#include "absl/types/span.h"

namespace otium {

class ArenaLayout {
 public:
  // An offset for `bytes` (rounded up to 64), not used by anything alive.
  int64_t Allocate(int64_t bytes);
  void Free(int64_t offset, int64_t bytes);
  // The size of the arena: the highest end of anything that was ever alive.
  int64_t size() const { return size_; }

 private:
  void AddHole(int64_t offset, int64_t bytes);
  void RemoveHole(std::map<int64_t, int64_t>::iterator hole);

  std::map<int64_t, int64_t> holes_;                     // offset -> bytes
  std::set<std::pair<int64_t, int64_t>> holes_by_size_;  // (bytes, offset)
  int64_t end_ = 0;                                      // Beyond it nothing is alive.
  int64_t size_ = 0;
};

// Something that is alive from step `first` to step `last`, both included.
struct ArenaBlock {
  int64_t bytes = 0;  // Rounded up to 64.
  uint32_t first = 0;
  uint32_t last = 0;
  int64_t offset = 0;
};

// Sets the offsets, largest block first, each where it touches nothing that is
// alive with it. Gives the size of the arena.
int64_t PackLargestFirst(absl::Span<ArenaBlock> blocks);

}  // namespace otium

#endif  // OTIUM_ENGINE_PLACE_ARENA_H_
