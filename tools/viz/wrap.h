// SPDX-License-Identifier: Apache-2.0
//
// A picture that is much higher than wide, as one of a long chain, is cut into
// columns that stand side by side, as text is in a newspaper. A line from the foot
// of a column goes up between the two to the head of the next.

#ifndef OTIUM_TOOLS_VIZ_WRAP_H_
#define OTIUM_TOOLS_VIZ_WRAP_H_

#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "tools/viz/layout.h"

namespace otium::viz {

struct Row {
  double left = 0, right = 0, top = 0, bottom = 0;
};

class Columns {
 public:
  // A point of a row, in its column.
  Point Map(int row, Point p) const {
    const Column& c = columns_[column_of_[row]];
    return {p.x + c.dx, p.y - c.top};
  }
  // Appends the way of a line from the foot of row `from` to the head of row `to`,
  // where it is at `x`, when they are in different columns. Lines between the same
  // two `slots` are one.
  void Cross(int from, int to, std::pair<int, int> slots, double x, std::vector<Point>* route);
  int count() const { return static_cast<int>(columns_.size()); }

 private:
  friend Columns WrapRows(const std::vector<Row>& rows, const std::vector<int>& crossing);
  struct Column {
    double dx = 0, top = 0;
    double right = 0;  // Of its boxes.
    double bottom = 0;
    int lanes = 1;  // Lines that leave it at its foot, at most kMaxLanes.
    absl::flat_hash_map<std::pair<int, int>, int> lane_of;
  };
  std::vector<Column> columns_;
  std::vector<int> column_of_;
};

// `crossing[r]`: lines from row r to the next.
Columns WrapRows(const std::vector<Row>& rows, const std::vector<int>& crossing);

}  // namespace otium::viz

#endif  // OTIUM_TOOLS_VIZ_WRAP_H_
