// SPDX-License-Identifier: Apache-2.0
//
// The order within rows and the places along them. Six sweeps sort, ten place;
// more did not make pictures better.

#include <algorithm>
#include <cstdint>
#include <utility>

#include "tools/viz/layering.h"

namespace otium::viz {
namespace {

constexpr int kSortingSweeps = 6;
constexpr int kPlacingSweeps = 10;
// Nobody sees all of what is larger than this at once.
constexpr size_t kLarge = 100000;
constexpr int kPlacingSweepsOfLarge = 5;
// Crossings are counted, to keep the best sweep, where that costs little.
constexpr size_t kMaxCounted = 40000;

struct Side {
  const std::vector<int>& begin;
  const std::vector<int>& links;
  bool up;
};

int OtherEnd(const Layering& l, const Side& side, int link) {
  return side.up ? l.links[link].from : l.links[link].to;
}

// Sorts one row by where its neighbours stand; those without keep their places.
void SortRow(const Layering& l, const Side& side, const std::vector<double>& position,
             std::vector<int>* row) {
  std::vector<std::pair<double, int>> keyed;
  std::vector<size_t> movable;
  for (size_t i = 0; i < row->size(); ++i) {
    const int s = (*row)[i];
    double sum = 0;
    int count = 0;
    for (int k = side.begin[s]; k < side.begin[s + 1]; ++k) {
      const Link& link = l.links[side.links[k]];
      // A touch of where on the box it ends, so that ports keep their order.
      const double dx = side.up ? link.from_dx : link.to_dx;
      sum += position[OtherEnd(l, side, side.links[k])] + 1e-4 * dx;
      ++count;
    }
    if (count == 0) continue;
    keyed.emplace_back(sum / count, s);
    movable.push_back(i);
  }
  std::stable_sort(keyed.begin(), keyed.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (size_t i = 0; i < movable.size(); ++i) (*row)[movable[i]] = keyed[i].second;
}

int64_t CountCrossings(const Layering& l, const std::vector<double>& position) {
  int64_t crossings = 0;
  std::vector<std::pair<double, double>> ends;
  std::vector<int> tree;
  for (size_t r = 0; r + 1 < l.rows.size(); ++r) {
    ends.clear();
    for (int s : l.rows[r]) {
      for (int k = l.down_begin[s]; k < l.down_begin[s + 1]; ++k) {
        ends.emplace_back(position[s], position[l.links[l.down[k]].to]);
      }
    }
    std::sort(ends.begin(), ends.end());
    const size_t width = l.rows[r + 1].size() + 2;
    tree.assign(width, 0);
    // Earlier ones that end further right cross this one.
    for (size_t i = 0; i < ends.size(); ++i) {
      const auto at = static_cast<size_t>(ends[i].second) + 1;
      int64_t not_right = 0;
      for (size_t k = at; k > 0; k -= k & -k) not_right += tree[k];
      crossings += static_cast<int64_t>(i) - not_right;
      for (size_t k = at; k < width; k += k & -k) ++tree[k];
    }
  }
  return crossings;
}

void SetPositions(const std::vector<int>& row, std::vector<double>* position) {
  for (size_t i = 0; i < row.size(); ++i) (*position)[row[i]] = static_cast<double>(i);
}

// Lines in and out of a wide group are at its ends: a chain of such would be drawn
// as a diagonal if they had to be straight.
double Bounded(double dx) { return std::clamp(dx, -120.0, 120.0); }

double Gap(const Slot& a, const Slot& b) {
  const double between = a.box >= 0 && b.box >= 0 ? kBoxGap : kLineGap;
  return a.width / 2 + between + b.width / 2;
}

// The places of a row that are closest to `wanted` (least squares with `weight`)
// and keep the order and the gaps: neighbours that would come too close are pooled.
void PlaceRow(const std::vector<int>& row, const std::vector<double>& wanted,
              const std::vector<double>& weight, std::vector<Slot>* slots) {
  struct Pool {
    double sum, weight;
    size_t count;
    double mean() const { return sum / weight; }
  };
  std::vector<Pool> pools;
  std::vector<double> offset(row.size(), 0);  // From the first of the row, all at least gap apart.
  for (size_t i = 0; i < row.size(); ++i) {
    if (i > 0) offset[i] = offset[i - 1] + Gap((*slots)[row[i - 1]], (*slots)[row[i]]);
    pools.push_back({weight[i] * (wanted[i] - offset[i]), weight[i], 1});
    while (pools.size() > 1 && pools.back().mean() < pools[pools.size() - 2].mean()) {
      const Pool last = pools.back();
      pools.pop_back();
      pools.back().sum += last.sum;
      pools.back().weight += last.weight;
      pools.back().count += last.count;
    }
  }
  size_t i = 0;
  for (const Pool& pool : pools) {
    for (size_t k = 0; k < pool.count; ++k, ++i) (*slots)[row[i]].x = pool.mean() + offset[i];
  }
}

}  // namespace

void OrderRows(Layering* layering) {
  Layering& l = *layering;
  const Side up{l.up_begin, l.up, true}, down{l.down_begin, l.down, false};
  std::vector<double> position(l.slots.size(), 0);
  for (const std::vector<int>& row : l.rows) SetPositions(row, &position);
  const bool counts = l.links.size() <= kMaxCounted;
  std::vector<std::vector<int>> best = l.rows;
  int64_t fewest = counts ? INT64_MAX : 0;
  for (int sweep = 0; sweep < kSortingSweeps; ++sweep) {
    const bool downwards = sweep % 2 == 0;
    for (size_t i = 0; i < l.rows.size(); ++i) {
      std::vector<int>& row = l.rows[downwards ? i : l.rows.size() - 1 - i];
      SortRow(l, downwards ? up : down, position, &row);
      SetPositions(row, &position);
    }
    if (!counts) continue;
    const int64_t crossings = CountCrossings(l, position);
    if (crossings >= fewest) continue;
    fewest = crossings;
    best = l.rows;
    if (crossings == 0) break;
  }
  if (counts) l.rows = std::move(best);
}

void PlaceSlots(Layering* layering) {
  Layering& l = *layering;
  // Beginning: side by side, rows in the middle of each other.
  for (const std::vector<int>& row : l.rows) {
    double x = 0;
    for (size_t i = 0; i < row.size(); ++i) {
      if (i > 0) x += Gap(l.slots[row[i - 1]], l.slots[row[i]]);
      l.slots[row[i]].x = x;
    }
    for (int s : row) l.slots[s].x -= x / 2;
  }
  const Side up{l.up_begin, l.up, true}, down{l.down_begin, l.down, false};
  std::vector<double> wanted, weight;
  const int sweeps = l.slots.size() > kLarge ? kPlacingSweepsOfLarge : kPlacingSweeps;
  for (int sweep = 0; sweep < sweeps; ++sweep) {
    const bool both = sweep >= sweeps - 4;
    const bool downwards = sweep % 2 == 0;
    for (size_t i = 0; i < l.rows.size(); ++i) {
      const std::vector<int>& row = l.rows[downwards ? i : l.rows.size() - 1 - i];
      wanted.clear();
      weight.clear();
      for (int s : row) {
        double sum = 0, total = 0;
        const bool is_line = l.slots[s].box < 0;
        const auto look = [&](const Side& side) {
          // Boxes hold to boxes and lines to lines: a line that passes beside a chain of boxes
          // and goes to each would pull them further and further, and be pulled.
          bool to_its_kind = false;
          for (int k = side.begin[s]; k < side.begin[s + 1]; ++k) {
            const int other = OtherEnd(l, side, side.links[k]);
            to_its_kind = to_its_kind || (l.slots[other].box < 0) == is_line;
          }
          for (int k = side.begin[s]; k < side.begin[s + 1]; ++k) {
            const Link& link = l.links[side.links[k]];
            const int other = OtherEnd(l, side, side.links[k]);
            const double here = Bounded(side.up ? link.to_dx : link.from_dx);
            const double there = Bounded(side.up ? link.from_dx : link.to_dx);
            // Long lines are to be straight above all.
            const bool kin = (l.slots[other].box < 0) == is_line;
            const double w = kin ? (is_line ? 8 : 1) : to_its_kind ? 0.1 : 2;
            sum += w * (l.slots[other].x + there - here);
            total += w;
          }
        };
        if (downwards || both) look(up);
        if (!downwards || both) look(down);
        wanted.push_back(total > 0 ? sum / total : l.slots[s].x);
        weight.push_back(total > 0 ? total : 0.05);
      }
      PlaceRow(row, wanted, weight, &l.slots);
    }
  }
}

}  // namespace otium::viz
