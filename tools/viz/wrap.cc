// SPDX-License-Identifier: Apache-2.0
#include "tools/viz/wrap.h"

#include <algorithm>
#include <cmath>

namespace otium::viz {
namespace {

constexpr double kTallest = 2.5;  // Height to width of what is left as it is.
constexpr double kAspect = 0.7;   // Height to width of what is cut.
constexpr size_t kFewRows = 6;
constexpr double kLow = 1500;   // Pictures up to this height fit a screen or two.
constexpr double kLeast = 0.3;  // Of a column, how much there is in it at least.
constexpr int kMaxLanes = 48;
constexpr double kLane = 6;

}  // namespace

Columns WrapRows(const std::vector<Row>& rows, const std::vector<int>& crossing) {
  Columns result;
  result.column_of_.assign(rows.size(), 0);
  double left = 1e300, right = -1e300;
  double area_width = 0;
  for (const Row& row : rows) {
    left = std::min(left, row.left);
    right = std::max(right, row.right);
    area_width += row.right - row.left;
  }
  const double height = rows.back().bottom, width = right - left;
  result.columns_.push_back({-left, 0, width, height, 1, {}});
  if (rows.size() <= kFewRows || height <= std::max(kLow, kTallest * width)) return result;
  // Columns of the average width, with room between them.
  const double typical = area_width / static_cast<double>(rows.size()) + 80;
  const double count = std::max(2.0, std::ceil(std::sqrt(height / (kAspect * typical))));
  const double target = height / count;
  result.columns_.clear();
  size_t begin = 0;
  double x = 0;
  while (begin < rows.size()) {
    // The end is where few lines cross, near where the column is full.
    size_t end = begin;
    while (end < rows.size() &&
           (rows[end].bottom - rows[begin].top <= target * 1.25 ||
            // A column of a few low rows before a high one would be mostly empty.
            rows[end - (end > begin)].bottom - rows[begin].top < target * kLeast)) {
      ++end;
    }
    end = std::max(end, begin + 1);
    if (end < rows.size()) {
      size_t best = end - 1;
      for (size_t r = end; r-- > begin;) {
        if (rows[r].bottom - rows[begin].top < target * 0.7) break;
        if (crossing[r] < crossing[best]) best = r;
      }
      end = best + 1;
    }
    Columns::Column column;
    double column_left = 1e300, column_right = -1e300;
    for (size_t r = begin; r < end; ++r) {
      column_left = std::min(column_left, rows[r].left);
      column_right = std::max(column_right, rows[r].right);
      result.column_of_[r] = static_cast<int>(result.columns_.size());
    }
    column.dx = x - column_left;
    column.top = rows[begin].top;
    column.right = x + column_right - column_left;
    column.bottom = rows[end - 1].bottom - rows[begin].top;
    column.lanes = end < rows.size() ? std::clamp(crossing[end - 1], 1, kMaxLanes) : 1;
    x = column.right + 2 * kBoxGap + kLane * column.lanes;
    result.columns_.push_back(column);
    begin = end;
  }
  return result;
}

void Columns::Cross(int from, int to, std::pair<int, int> slots, double x,
                    std::vector<Point>* route) {
  const int first = column_of_[from], last = column_of_[to];
  if (first == last) return;
  Column& column = columns_[first];
  const Column& next = columns_[last];
  // The next of the lanes between the columns, again from the first one when all
  // are taken.
  const auto next_lane = static_cast<int>(column.lane_of.size()) % column.lanes;
  const int lane = column.lane_of.try_emplace(slots, next_lane).first->second;
  const double lane_x = (last == first + 1 ? column.right : next.dx) + kBoxGap + kLane * lane;
  const double foot = column.bottom + kBoxGap + kLane * (column.lanes - lane);
  const double head = -kBoxGap - kLane * (lane + 1);
  const double start_x = route->back().x;
  route->push_back({start_x, foot});
  route->push_back({lane_x, foot});
  route->push_back({lane_x, head});
  route->push_back({x + next.dx, head});
}

}  // namespace otium::viz
