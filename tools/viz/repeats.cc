// SPDX-License-Identifier: Apache-2.0
#include "tools/viz/repeats.h"

#include "absl/container/flat_hash_map.h"

namespace otium::viz {
namespace {

constexpr size_t kMaxPeriod = 4096;
constexpr size_t kFewestTimes = 3;
constexpr size_t kFewestSingles = 8;
// What looks like a repeat and is none may be looked at again and again: at most so
// many comparisons an item.
constexpr size_t kMaxWork = 32;

// How many blocks from the first one on have the lines of the first one inside.
size_t CountAlike(const std::vector<RepeatItem>& items, const Repeat& r) {
  const auto inside = [&](size_t block, size_t i) {
    std::vector<size_t> from;
    for (size_t line : items[block + i].lines) {
      if (line >= block && line < block + r.period) from.push_back(line - block);
    }
    return from;
  };
  for (size_t t = 1; t < r.times; ++t) {
    for (size_t i = 0; i < r.period; ++i) {
      if (inside(r.begin + t * r.period, i) != inside(r.begin, i)) return t;
    }
  }
  return r.times;
}

}  // namespace

std::vector<Repeat> FindRepeats(const std::vector<RepeatItem>& items) {
  const size_t n = items.size();
  std::vector<Repeat> repeats;
  absl::flat_hash_map<Hash128, size_t> last_seen;
  size_t free = 0;  // The first item that is in no run.
  size_t work = kMaxWork * n;
  for (size_t i = 0; i < n;) {
    const auto [it, is_new] = last_seen.try_emplace(items[i].hash, i);
    const size_t before = it->second;
    it->second = i;
    Repeat r;
    if (!is_new && before >= free && i - before <= kMaxPeriod) {
      r = {before, i - before, 0};
      size_t end = i;
      while (end < n && work > 0 && items[end].hash == items[end - r.period].hash) {
        ++end;
        --work;
      }
      r.times = (end - r.begin) / r.period;
      if (r.times >= kFewestTimes) r.times = CountAlike(items, r);
    }
    const bool single = r.period == 1 && !items[r.begin].is_group;
    if (r.times < (single ? kFewestSingles : kFewestTimes)) {
      ++i;
      continue;
    }
    repeats.push_back(r);
    free = i = r.begin + r.period * r.times;
  }
  return repeats;
}

}  // namespace otium::viz
