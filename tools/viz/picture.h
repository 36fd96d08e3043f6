// SPDX-License-Identifier: Apache-2.0
//
// Where everything is drawn: groups folded, and for each a layout of its inside in
// coordinates of its own, so that a group is the same picture wherever it is shown.
// An edge between nodes of different groups is drawn in pieces: up to a port in the
// lower edge of each group it leaves, across, and in through ports in upper edges.

#ifndef OTIUM_TOOLS_VIZ_PICTURE_H_
#define OTIUM_TOOLS_VIZ_PICTURE_H_

#include <string>
#include <vector>

#include "tools/viz/fold.h"
#include "tools/viz/layout.h"

namespace otium::viz {

struct Placed {
  enum Type : uint8_t { kNode, kGroup, kPortIn, kPortOut };
  Type type = kNode;
  Index index = 0;  // Node, group; of a port, the node that makes the value.
  double x = 0, y = 0, width = 0, height = 0;
};

struct Route {
  Index from = 0, to = 0;  // Items.
  Index first = 0, last = 0;
  double bytes = 0;  // Of the largest edge.
  std::vector<Index> edges;
  std::vector<Point> points;
};

struct GroupPicture {
  std::vector<Placed> items;
  std::vector<Route> routes;
  double width = 0, height = 0;
  double closed_width = 0, closed_height = 0;
};

struct Picture {
  Folding folding;
  std::vector<GroupPicture> groups;  // Parallel to folding.groups.
};

enum class Inside : uint8_t { kAllGroups, kOpenGroups };

// `inside`: whether groups that are closed at first have pictures of their insides.
Picture DrawPicture(const Segment& segment, const View& view, int max_drawn, Inside inside);
// Of what `view` shows, in groups that were made for more: those in which nothing is
// shown are empty.
std::vector<GroupPicture> DrawGroups(const Segment& segment, const View& view,
                                     const Folding& folding, Inside inside);

// What stands on a box: the op, the name and type, and what the plan says of it.
struct Label {
  std::string title, subtitle;
  std::string detail;  // Kernel and seconds, of a step.
};
Label LabelOf(const Segment& segment, const Node& node);

inline constexpr double kOneLine = 24, kLine = 14;  // Heights of a box.
inline constexpr double kHeader = 24;               // Of an open group, for its title.
inline constexpr double kPadding = 12;              // Around its inside.

}  // namespace otium::viz

#endif  // OTIUM_TOOLS_VIZ_PICTURE_H_
