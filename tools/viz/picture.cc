// SPDX-License-Identifier: Apache-2.0
#include "tools/viz/picture.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "tools/viz/display.h"
#include "tools/viz/units.h"

namespace otium::viz {
namespace {

// Of the letters that pictures use, in 12 and 10.5 pixels; a little generous, for
// fonts differ.
constexpr double kTitleLetter = 7.4, kSubtitleLetter = 6.0;
constexpr size_t kTitleLimit = 28, kSubtitleLimit = 40;

struct Size {
  double width, height;
};

Size SizeOf(const Label& label) {
  // Titles of steps may have a star and a space before them.
  const int star = label.detail.empty() ? 0 : 2;
  const double width = std::max(
      kTitleLetter * (star + DisplayWidth(label.title)),
      kSubtitleLetter * std::max(DisplayWidth(label.subtitle), DisplayWidth(label.detail)));
  const double lines = kLine * ((label.subtitle.empty() ? 0 : 1) + (label.detail.empty() ? 0 : 1));
  return {std::max(44.0, std::ceil(width) + 20), kOneLine + lines};
}

class Drawer {
 public:
  Drawer(const Segment& segment, const View& view, const Folding& folding, Inside inside)
      : s_(segment), view_(view), folding_(folding), inside_(inside) {}

  std::vector<GroupPicture> Run() {
    const std::vector<Group>& groups = folding_.groups;
    pictures_.resize(groups.size());
    FindWhatIsIn();
    item_of_node_.assign(s_.nodes.size(), -1);
    item_of_group_.assign(groups.size(), -1);
    for (size_t g = 0; g < groups.size(); ++g) AddItems(static_cast<Index>(g));
    Split();
    // Children before their parents, which need their sizes.
    for (size_t g = groups.size(); g-- > 0;) {
      if (!is_in_[g]) continue;
      if (inside_ == Inside::kAllGroups || Shown(static_cast<Index>(g))) {
        Arrange(static_cast<Index>(g));
      }
    }
    return std::move(pictures_);
  }

 private:
  // Whether its inside is seen at first: open, as all around it.
  bool Shown(Index g) const { return folding_.groups[g].open; }

  bool IsShownGroup(const Placed& item) const {
    return item.type == Placed::kGroup && Shown(item.index);
  }

  bool IsIn(const Item& item) const {
    return item.is_group ? is_in_[item.index] : view_.nodes[item.index];
  }

  void FindWhatIsIn() {
    const std::vector<Group>& groups = folding_.groups;
    is_in_.assign(groups.size(), false);
    for (size_t g = groups.size(); g-- > 0;) {
      is_in_[g] = std::any_of(groups[g].items.begin(), groups[g].items.end(),
                              [&](const Item& item) { return IsIn(item); });
    }
  }

  void AddItems(Index g) {
    const Group& group = folding_.groups[g];
    GroupPicture& p = pictures_[g];
    const Label label{Displayed(GroupTitle(group), kTitleLimit),
                      absl::StrCat(group.count, group.count == 1 ? " node" : " nodes")};
    const Size size = SizeOf(label);
    p.closed_width = size.width + 12;
    p.closed_height = size.height;
    for (const Item& item : group.items) {
      if (!IsIn(item)) continue;
      const auto at = static_cast<Index>(p.items.size());
      (item.is_group ? item_of_group_ : item_of_node_)[item.index] = at;
      Placed placed{item.is_group ? Placed::kGroup : Placed::kNode, item.index, 0, 0, 0, 0};
      if (!item.is_group) {
        const Size box = SizeOf(LabelOf(s_, s_.nodes[item.index]));
        placed.width = box.width;
        placed.height = box.height;
      }
      p.items.push_back(placed);
    }
  }

  // ---- edges to routes

  void AddRoute(Index g, Index from, Index to, Index e) {
    GroupPicture& p = pictures_[g];
    const Edge& edge = s_.edges[e];
    // Ports of open groups are places of their own.
    const bool ports = IsShownGroup(p.items[from]) || IsShownGroup(p.items[to]);
    const auto [it, is_new] = route_of_.try_emplace({g, from, to, ports ? edge.from : -1},
                                                    static_cast<Index>(p.routes.size()));
    if (is_new) p.routes.push_back({from, to, edge.first, edge.last, 0, {}, {}});
    Route& route = p.routes[it->second];
    route.first = std::min(route.first, edge.first);
    route.last = std::max(route.last, edge.last);
    route.bytes = std::max(route.bytes, edge.bytes);
    route.edges.push_back(e);
  }

  Index Port(Index g, Placed::Type type, Index node) {
    GroupPicture& p = pictures_[g];
    const auto [it, is_new] =
        port_of_.try_emplace({g, type, node}, static_cast<Index>(p.items.size()));
    if (is_new) p.items.push_back({type, node, 0, 0, 1, 0});
    return it->second;
  }

  Index ItemAt(Index g, LineEnd end) {
    switch (end.type) {
      case LineEnd::kNode: return item_of_node_[end.index];
      case LineEnd::kGroup: return item_of_group_[end.index];
      case LineEnd::kPortIn: return Port(g, Placed::kPortIn, end.index);
      case LineEnd::kPortOut: return Port(g, Placed::kPortOut, end.index);
    }
    return -1;
  }

  void Split() {
    for (Index e = 0; e < static_cast<Index>(s_.edges.size()); ++e) {
      if (!view_.edges[e]) continue;
      ForEachPiece(folding_, s_.edges[e], [&](Index g, LineEnd from, LineEnd to) {
        const Index first = ItemAt(g, from);
        AddRoute(g, first, ItemAt(g, to), e);
      });
    }
  }

  // ---- places

  // Where, from the left of the box of a group, the line of `node` goes in or out.
  double PortX(const Placed& item, Placed::Type type, Index node) const {
    if (!IsShownGroup(item)) return kAnywhere;
    const auto it = port_of_.find({item.index, type, node});
    if (it == port_of_.end()) return kAnywhere;
    return pictures_[item.index].items[it->second].x;
  }

  void Arrange(Index g) {
    GroupPicture& p = pictures_[g];
    std::vector<LayoutBox> boxes;
    for (Placed& item : p.items) {
      if (item.type == Placed::kGroup) {
        const GroupPicture& child = pictures_[item.index];
        item.width = Shown(item.index) ? child.width : child.closed_width;
        item.height = Shown(item.index) ? child.height : child.closed_height;
      }
      boxes.push_back({item.width, item.height,
                       item.type == Placed::kPortIn    ? Pinned::kTop
                       : item.type == Placed::kPortOut ? Pinned::kBottom
                                                       : Pinned::kNo});
    }
    std::vector<LayoutEdge> edges;
    for (const Route& route : p.routes) {
      const Index node = s_.edges[route.edges[0]].from;
      edges.push_back({route.from, route.to, PortX(p.items[route.from], Placed::kPortOut, node),
                       PortX(p.items[route.to], Placed::kPortIn, node)});
    }
    LayoutResult layout = LayOut(boxes, edges);
    // The whole has no frame.
    const double left = g == 0 ? 0 : kPadding, top = g == 0 ? 0 : kHeader, around = left;
    p.width = std::max(layout.width + 2 * around, g == 0 ? 0 : p.closed_width);
    p.height = layout.height + top + around;
    for (size_t i = 0; i < p.items.size(); ++i) {
      Placed& item = p.items[i];
      item.x = layout.places[i].x + left;
      item.y = layout.places[i].y + top;
      if (item.type == Placed::kPortIn) item.y = 0;
      if (item.type == Placed::kPortOut) item.y = p.height;
    }
    for (size_t r = 0; r < p.routes.size(); ++r) {
      Route& route = p.routes[r];
      route.points = std::move(layout.routes[r]);
      for (Point& point : route.points) point = {point.x + left, point.y + top};
      if (route.points.empty()) continue;
      if (p.items[route.from].type == Placed::kPortIn) {
        route.points.insert(route.points.begin(), {route.points.front().x, 0});
      }
      if (p.items[route.to].type == Placed::kPortOut) {
        route.points.push_back({route.points.back().x, p.height});
      }
    }
  }

  const Segment& s_;
  const View& view_;
  const Folding& folding_;
  const Inside inside_;
  std::vector<GroupPicture> pictures_;
  std::vector<bool> is_in_;  // Groups in which something is shown.
  std::vector<Index> item_of_node_, item_of_group_;
  absl::flat_hash_map<std::tuple<Index, Index, Index, Index>, Index> route_of_;
  absl::flat_hash_map<std::tuple<Index, Placed::Type, Index>, Index> port_of_;
};

}  // namespace

Label LabelOf(const Segment& segment, const Node& node) {
  Label label;
  const bool leaf = node.kind == NodeKind::kInput;
  label.title = leaf ? node.name : node.op;
  if (node.kind == NodeKind::kConstant && !node.text.empty()) {
    // "v3: f64[] = 0.5": the number says more than "constant".
    const size_t at = node.text.find(" = ");
    if (at != std::string::npos) label.title = node.text.substr(at + 3);
  }
  if (node.kind == NodeKind::kCall || node.kind == NodeKind::kFused) {
    // "h: f32[8] = call layer(x, W)", "y: f32[8] = fused mul_sum(x, g)".
    const size_t at = node.text.find(" = "), end = node.text.find('(', at);
    if (at != std::string::npos && end != std::string::npos) {
      label.title = node.text.substr(at + 3, end - at - 3);
    }
  }
  std::string name = leaf ? "" : node.name;
  for (const std::string& out : node.outputs) {
    if (out != name) absl::StrAppend(&name, name.empty() ? "" : ", ", out);
  }
  label.subtitle = absl::StrCat(Displayed(name, 16), name.empty() ? "" : ": ",
                                Displayed(node.type, kSubtitleLimit - 8));
  label.title = Displayed(label.title, kTitleLimit);
  label.subtitle = Displayed(label.subtitle, kSubtitleLimit);
  if (!node.steps.empty()) {
    double seconds = 0;
    for (Index i : node.steps) {
      const ExplainedStep& step = segment.plan.steps[i];
      seconds += SecondsOf(step);
    }
    const ExplainedStep& step = segment.plan.steps[node.steps.back()];
    label.detail = Displayed(absl::StrCat(step.kernel, "  ", SecondsText(seconds)), kSubtitleLimit);
  }
  return label;
}

Picture DrawPicture(const Segment& segment, const View& view, int max_drawn, Inside inside) {
  Picture picture;
  picture.folding = Fold(segment, view, max_drawn);
  picture.groups = DrawGroups(segment, view, picture.folding, inside);
  return picture;
}

std::vector<GroupPicture> DrawGroups(const Segment& segment, const View& view,
                                     const Folding& folding, Inside inside) {
  return Drawer(segment, view, folding, inside).Run();
}

}  // namespace otium::viz
