// SPDX-License-Identifier: Apache-2.0
//
// Runs of blocks that are alike, in a list of things. Found from left to right: a
// thing that was there p things before begins a run with period p, as far as that
// goes and the lines within the blocks are the same. Linear.

#ifndef OTIUM_TOOLS_VIZ_REPEATS_H_
#define OTIUM_TOOLS_VIZ_REPEATS_H_

#include <cstddef>
#include <vector>

#include "engine/base/hash.h"

namespace otium::viz {

struct Repeat {
  size_t begin = 0, period = 0, times = 0;
};

struct RepeatItem {
  Hash128 hash;               // Equal for things that look the same.
  bool is_group = false;      // A group is worth a box sooner than a node.
  std::vector<size_t> lines;  // The things that it reads, sorted.
};

// In order, apart from each other.
std::vector<Repeat> FindRepeats(const std::vector<RepeatItem>& items);

}  // namespace otium::viz

#endif  // OTIUM_TOOLS_VIZ_REPEATS_H_
