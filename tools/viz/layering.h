// SPDX-License-Identifier: Apache-2.0
//
// Between the steps of a layout: rows of boxes and of places where lines pass.

#ifndef OTIUM_TOOLS_VIZ_LAYERING_H_
#define OTIUM_TOOLS_VIZ_LAYERING_H_

#include <vector>

#include "tools/viz/layout.h"

namespace otium::viz {

// A box, or a place in a row where the lines of one box pass.
struct Slot {
  int box = -1;  // Or -1.
  int row = 0;
  double width = 0;
  double x = 0;  // Of the middle.
};

// Between slots of consecutive rows. The offsets are from the slots' middles.
struct Link {
  int from = 0, to = 0;
  double from_dx = 0, to_dx = 0;
};

struct Layering {
  std::vector<Slot> slots;  // Those of boxes come first.
  std::vector<std::vector<int>> rows;
  std::vector<Link> links;
  // By slot, as lists in one array: links above and below.
  std::vector<int> up_begin, up, down_begin, down;
  // The slots that each edge passes, both ends included, from above; empty for one
  // to its own box. Just both ends when it does without places.
  std::vector<std::vector<int>> paths;
  std::vector<bool> turned;  // Edges that go up.
};

Layering MakeLayering(const std::vector<LayoutBox>& boxes, const std::vector<LayoutEdge>& edges);
// Sorts the rows.
void OrderRows(Layering* layering);
// Gives slots their x, from 0.
void PlaceSlots(Layering* layering);

}  // namespace otium::viz

#endif  // OTIUM_TOOLS_VIZ_LAYERING_H_
