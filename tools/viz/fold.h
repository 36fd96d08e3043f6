// SPDX-License-Identifier: Apache-2.0
//
// Groups that can be drawn as one box, so that there is never too much to look at:
//
//   scope    the nodes of one call of a graph
//   repeat   blocks that follow each other and are alike: "x12 layer"; each block
//            is a scope, a single node, or a group of its own (block)
//   part     what is next to each other in the order of computation, where a group
//            would still hold more than kMaxItems things
//
// Blocks are alike when their items have the same ops, types and stages and the
// same lines among each other (repeats.h). Linear but for sorting; deterministic.
// Tested by tests/viz/fold_test.cc.

#ifndef OTIUM_TOOLS_VIZ_FOLD_H_
#define OTIUM_TOOLS_VIZ_FOLD_H_

#include <string>
#include <vector>

#include "tools/viz/model.h"

namespace otium::viz {

// What of a segment is drawn: nodes and edges of one stage, or of all.
struct View {
  std::vector<bool> nodes, edges;
};
inline constexpr Index kAllStages = -1;
View ViewOf(const Segment& segment, Index stage);

enum class GroupKind : uint8_t { kWhole, kScope, kRepeat, kBlock, kPart };
absl::string_view GroupKindName(GroupKind kind);

struct Item {
  bool is_group = false;
  Index index = 0;
};

struct Group {
  std::string name;
  GroupKind kind = GroupKind::kWhole;
  Index parent = -1;
  std::vector<Item> items;  // In the order of computation.
  int times = 0;            // Of a repeat.
  int count = 0;            // Nodes, at any depth.
  Index first = 0, last = 0;
  bool open = false;
};

inline constexpr size_t kMaxItems = 250;

struct Folding {
  std::vector<Group> groups;    // 0 is the whole; parents come before children.
  std::vector<Index> group_of;  // Of each node; -1 when it is not in the view.
};

// At most `max_drawn` things are drawn when the groups that are open are open.
Folding Fold(const Segment& segment, const View& view, int max_drawn);

// "x12 layer", with the multiplication sign.
std::string GroupTitle(const Group& group);

}  // namespace otium::viz

#endif  // OTIUM_TOOLS_VIZ_FOLD_H_
