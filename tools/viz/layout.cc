// SPDX-License-Identifier: Apache-2.0
#include "tools/viz/layout.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "tools/viz/layering.h"
#include "tools/viz/wrap.h"

namespace otium::viz {
namespace {

double Rounded(double v) { return std::round(v * 2) / 2; }

// Where lines touch a box: side by side in the order of where they go, at most
// `kLineGap` apart and within the middle part of the edge.
class Ends {
 public:
  Ends(const Layering& l, const std::vector<LayoutBox>& boxes, const std::vector<LayoutEdge>& edges)
      : boxes_(boxes), from_(edges.size(), 0), to_(edges.size(), 0) {
    struct End {
      int box;
      double towards;
      double fixed;
      size_t edge;
      bool above;
    };
    std::vector<End> tops, bottoms;
    for (size_t e = 0; e < edges.size(); ++e) {
      const std::vector<int>& path = l.paths[e];
      if (path.size() < 2) continue;
      const double upper = l.turned[e] ? edges[e].to_x : edges[e].from_x;
      const double lower = l.turned[e] ? edges[e].from_x : edges[e].to_x;
      bottoms.push_back({path[0], l.slots[path[1]].x, upper, e, true});
      tops.push_back({path.back(), l.slots[path[path.size() - 2]].x, lower, e, false});
    }
    for (std::vector<End>* ends : {&tops, &bottoms}) {
      std::stable_sort(ends->begin(), ends->end(), [](const End& a, const End& b) {
        return a.box != b.box ? a.box < b.box : a.towards < b.towards;
      });
      for (size_t i = 0; i < ends->size();) {
        size_t j = i;
        // Lines through one place leave as one.
        std::vector<double> distinct;
        for (; j < ends->size() && (*ends)[j].box == (*ends)[i].box; ++j) {
          if (distinct.empty() || distinct.back() != (*ends)[j].towards) {
            distinct.push_back((*ends)[j].towards);
          }
        }
        const int box = (*ends)[i].box;
        const double room = boxes_[box].width * 0.7;
        const double step = distinct.size() < 2
                                ? 0
                                : std::min(16.0, room / static_cast<double>(distinct.size() - 1));
        size_t k = 0;
        for (size_t at = i; at < j; ++at) {
          const End& end = (*ends)[at];
          while (distinct[k] != end.towards) ++k;
          const double dx =
              end.fixed != kAnywhere
                  ? end.fixed - boxes_[box].width / 2
                  : (static_cast<double>(k) - static_cast<double>(distinct.size() - 1) / 2) * step;
          (end.above ? from_ : to_)[end.edge] = l.slots[box].x + dx;
        }
        i = j;
      }
    }
  }

  double above(size_t edge) const { return from_[edge]; }
  double below(size_t edge) const { return to_[edge]; }

 private:
  const std::vector<LayoutBox>& boxes_;
  std::vector<double> from_, to_;
};

void Append(std::vector<Point>* route, Point p) {
  if (route->empty() || !(route->back() == p)) route->push_back(p);
}

// A line that goes straight down past many rows is its two ends.
void DropPointsOnTheWay(std::vector<Point>* route) {
  size_t kept = 0;
  for (size_t i = 0; i < route->size(); ++i) {
    const Point p = (*route)[i];
    while (kept >= 2 && (*route)[kept - 1].x == p.x && (*route)[kept - 2].x == p.x) --kept;
    (*route)[kept++] = p;
  }
  route->resize(kept);
}

}  // namespace

LayoutResult LayOut(const std::vector<LayoutBox>& boxes, const std::vector<LayoutEdge>& edges) {
  LayoutResult result;
  result.places.resize(boxes.size());
  result.routes.resize(edges.size());
  if (boxes.empty()) return result;
  Layering l = MakeLayering(boxes, edges);
  OrderRows(&l);
  PlaceSlots(&l);

  std::vector<Row> rows(l.rows.size());
  std::vector<double> height(l.rows.size(), 0);
  // Lines that cross a gap want room in it.
  std::vector<double> slant(l.rows.size(), 0);
  for (const Link& link : l.links) {
    const double run = std::abs(l.slots[link.from].x - l.slots[link.to].x);
    double& s = slant[l.slots[link.from].row];
    s = std::max(s, std::min(run / 12, 60.0));
  }
  double y = 0;
  for (size_t r = 0; r < rows.size(); ++r) {
    Row& row = rows[r];
    row.left = 1e300;
    row.right = -1e300;
    for (int s : l.rows[r]) {
      const Slot& slot = l.slots[s];
      row.left = std::min(row.left, slot.x - slot.width / 2);
      row.right = std::max(row.right, slot.x + slot.width / 2);
      if (slot.box >= 0) height[r] = std::max(height[r], boxes[slot.box].height);
    }
    row.top = y;
    row.bottom = y + height[r];
    y = row.bottom + kRowGap + slant[r];
  }
  std::vector<int> crossing(rows.size(), 0);  // Lines from each row to the next.
  for (const Link& link : l.links) ++crossing[l.slots[link.from].row];
  Columns columns = WrapRows(rows, crossing);

  for (size_t b = 0; b < boxes.size(); ++b) {
    const Row& row = rows[l.slots[b].row];
    result.places[b] =
        columns.Map(l.slots[b].row, {l.slots[b].x - boxes[b].width / 2,
                                     row.top + (height[l.slots[b].row] - boxes[b].height) / 2});
  }
  const Ends ends(l, boxes, edges);
  for (size_t e = 0; e < edges.size(); ++e) {
    const std::vector<int>& path = l.paths[e];
    if (path.size() < 2) continue;
    std::vector<Point>& route = result.routes[e];
    const int upper = path.front(), lower = path.back();
    const int first_row = l.slots[upper].row, last_row = l.slots[lower].row;
    const Point from = columns.Map(first_row, {ends.above(e), 0});
    Append(&route, {from.x, result.places[upper].y + boxes[upper].height});
    Append(&route, columns.Map(first_row, {ends.above(e), rows[first_row].bottom}));
    int previous = first_row;
    for (size_t i = 1; i < path.size(); ++i) {
      const Slot& slot = l.slots[path[i]];
      const double x = i + 1 == path.size() ? ends.below(e) : slot.x;
      columns.Cross(previous, slot.row, {path[i - 1], path[i]}, x, &route);
      Append(&route, columns.Map(slot.row, {x, rows[slot.row].top}));
      if (i + 1 < path.size()) Append(&route, columns.Map(slot.row, {x, rows[slot.row].bottom}));
      previous = slot.row;
    }
    const Point to = columns.Map(last_row, {ends.below(e), 0});
    Append(&route, {to.x, result.places[lower].y});
    if (l.turned[e]) std::reverse(route.begin(), route.end());
  }
  // From 0, to half units: short and the same everywhere.
  double left = 1e300, top = 1e300, right = -1e300, bottom = -1e300;
  const auto cover = [&](Point p) {
    left = std::min(left, p.x);
    top = std::min(top, p.y);
    right = std::max(right, p.x);
    bottom = std::max(bottom, p.y);
  };
  for (size_t b = 0; b < boxes.size(); ++b) {
    cover(result.places[b]);
    cover({result.places[b].x + boxes[b].width, result.places[b].y + boxes[b].height});
  }
  for (const auto& route : result.routes) {
    for (Point p : route) cover(p);
  }
  const auto shift = [&](Point* p) { *p = {Rounded(p->x - left), Rounded(p->y - top)}; };
  for (Point& p : result.places) shift(&p);
  for (auto& route : result.routes) {
    for (Point& p : route) shift(&p);
    DropPointsOnTheWay(&route);
  }
  result.width = std::ceil(right - left) + 1;
  result.height = std::ceil(bottom - top) + 1;
  return result;
}

}  // namespace otium::viz
