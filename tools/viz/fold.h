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
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
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
  int depth = 0;            // Groups around it.
  int times = 0;            // Of a repeat.
  int count = 0;            // Nodes, at any depth.
  // Its items and lines that live in one stage, or went in it, in the stage with the most:
  // what is drawn more when it is open.
  int drawn = 0;
  Index first = 0, last = 0;
  bool open = false;
};

inline constexpr size_t kMaxItems = 250;

struct Folding {
  std::vector<Group> groups;    // 0 is the whole; parents come before children.
  std::vector<Index> group_of;  // Of each node; -1 when it is not in the view.
};

// So many boxes and lines are still a picture, more are a map: repeats open only up to here.
inline constexpr int kAtAGlance = 800;

// At most `max_drawn` boxes and lines are drawn when the groups that are open are open.
Folding Fold(const Segment& segment, const View& view, int max_drawn);

// Where a piece of a line begins or ends: at an item of a group, or at its port for the
// values of a node outside (in) or inside it (out).
struct LineEnd {
  enum Type : uint8_t { kNode, kGroup, kPortIn, kPortOut };
  Type type = kNode;
  Index index = 0;
  friend bool operator==(const LineEnd&, const LineEnd&) = default;
  template <class H>
  friend H AbslHashValue(H h, const LineEnd& end) {
    return H::combine(std::move(h), end.type, end.index);
  }
};

// The pieces of the line of an edge: out through the ports of the groups that it leaves,
// across, and in through the ports of those that it enters. `piece` gets each group, and
// the ends in it.
void ForEachPiece(const Folding& folding, const Edge& edge,
                  absl::FunctionRef<void(Index group, LineEnd from, LineEnd to)> piece);

// "x12 layer", with the multiplication sign.
std::string GroupTitle(const Group& group);

}  // namespace otium::viz

#endif  // OTIUM_TOOLS_VIZ_FOLD_H_
