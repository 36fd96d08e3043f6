// SPDX-License-Identifier: Apache-2.0
#include "tools/viz/fold.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "engine/base/hash.h"
#include "tools/viz/arrange.h"
#include "tools/viz/repeats.h"

namespace otium::viz {
namespace {

class Folder {
 public:
  Folder(const Segment& segment, const View& view) : s_(segment), view_(view) {}

  Folding Run(int max_drawn) {
    MakeScopes();
    hash_.resize(f_.groups.size());
    FindEdgesByNode();
    // Children first: what is alike is known by its content.
    for (size_t g = f_.groups.size(); g-- > 0;) FoldRepeats(static_cast<Index>(g));
    for (size_t g = 0; g < f_.groups.size(); ++g) MakeParts(static_cast<Index>(g));
    PutParentsFirst();
    Sum();
    CountDrawn();
    Open(max_drawn);
    return std::move(f_);
  }

 private:
  // ---- scopes

  void MakeScopes() {
    f_.group_of.assign(s_.nodes.size(), -1);
    Group whole;
    whole.first = 0;
    f_.groups.push_back(std::move(whole));
    absl::flat_hash_map<Index, Index> group_of_scope;
    const std::vector<Index> drawn_in = ChooseScopes(s_, view_);
    for (Index v : ComputationOrder(s_, view_)) {
      // From outside in: groups that are new get a place in their parents.
      std::vector<Index> path;
      for (Index s = drawn_in[v]; s >= 0; s = s_.scopes[s].parent) path.push_back(s);
      Index group = 0;
      for (size_t i = path.size(); i-- > 0;) {
        const auto [it, is_new] =
            group_of_scope.try_emplace(path[i], static_cast<Index>(f_.groups.size()));
        if (is_new) {
          Group scope;
          scope.name = s_.scopes[path[i]].name;
          scope.kind = GroupKind::kScope;
          scope.parent = group;
          f_.groups.push_back(std::move(scope));
          f_.groups[group].items.push_back({true, it->second});
        }
        group = it->second;
      }
      f_.groups[group].items.push_back({false, v});
      f_.group_of[v] = group;
    }
  }

  // ---- repeats

  void FindEdgesByNode() {
    in_edges_.resize(s_.nodes.size());
    for (size_t e = 0; e < s_.edges.size(); ++e) {
      if (view_.edges[e]) in_edges_[s_.edges[e].to].push_back(s_.edges[e].from);
    }
  }

  Hash128 HashOf(const Item& item) const {
    if (item.is_group) return hash_[item.index];
    const Node& node = s_.nodes[item.index];
    return Hasher()
        .Add(absl::string_view(node.op))
        .Add(absl::string_view(node.type))
        .Add(static_cast<uint64_t>(node.first) << 32 | static_cast<uint64_t>(node.last))
        .Add(static_cast<uint64_t>(in_edges_[item.index].size()))
        .Finish();
  }

  void FoldRepeats(Index g) {
    const std::vector<Item> items = f_.groups[g].items;
    std::vector<RepeatItem> looks(items.size());
    Hasher all;
    all.Add(absl::string_view(f_.groups[g].name));
    for (size_t i = 0; i < items.size(); ++i) {
      looks[i].hash = HashOf(items[i]);
      looks[i].is_group = items[i].is_group;
      all.Add(looks[i].hash);
    }
    hash_[g] = all.Finish();
    FindLines(items, &looks);
    std::vector<Item> result;
    size_t kept = 0;  // Items that are in the result.
    for (const Repeat& r : FindRepeats(looks)) {
      result.insert(result.end(), items.begin() + kept, items.begin() + r.begin);
      result.push_back({true, MakeRepeat(g, items, r)});
      kept = r.begin + r.period * r.times;
    }
    result.insert(result.end(), items.begin() + kept, items.end());
    f_.groups[g].items = std::move(result);
  }

  // The items that the nodes of each item read.
  void FindLines(const std::vector<Item>& items, std::vector<RepeatItem>* looks) const {
    absl::flat_hash_map<Index, size_t> position;  // Of the item around each node.
    std::vector<std::pair<Index, size_t>> nodes;
    for (size_t i = 0; i < items.size(); ++i) {
      std::vector<Item> inside = {items[i]};
      while (!inside.empty()) {
        const Item item = inside.back();
        inside.pop_back();
        if (item.is_group) {
          const auto& more = f_.groups[item.index].items;
          inside.insert(inside.end(), more.begin(), more.end());
        } else {
          position[item.index] = i;
          nodes.emplace_back(item.index, i);
        }
      }
    }
    for (const auto& [node, at] : nodes) {
      for (Index from : in_edges_[node]) {
        const auto it = position.find(from);
        if (it != position.end() && it->second != at) (*looks)[at].lines.push_back(it->second);
      }
    }
    for (RepeatItem& look : *looks) std::sort(look.lines.begin(), look.lines.end());
  }

  Index NewGroup(Group group) {
    f_.groups.push_back(std::move(group));
    hash_.emplace_back();
    return static_cast<Index>(f_.groups.size()) - 1;
  }

  void Move(const Item& item, Index to) {
    (item.is_group ? f_.groups[item.index].parent : f_.group_of[item.index]) = to;
  }

  std::string NameOf(const Item& item) const {
    return item.is_group ? f_.groups[item.index].name : s_.nodes[item.index].op;
  }

  // How much an item says of what is done: ops that are left in the end, and scopes; what
  // became of the others; leaves.
  int WorthOf(const Item& item) const {
    if (item.is_group) return 2;
    const Node& node = s_.nodes[item.index];
    if (node.kind == NodeKind::kInput || node.kind == NodeKind::kConstant) return 0;
    return node.last == s_.last_stage() ? 2 : 1;
  }

  // "mv, add, relu", the first few different ones of those that say most.
  std::string NameOf(const std::vector<Item>& items, size_t begin, size_t end) const {
    int most = 0;
    for (size_t i = begin; i < end; ++i) most = std::max(most, WorthOf(items[i]));
    std::vector<std::string> names;
    for (size_t i = begin; i < end; ++i) {
      if (WorthOf(items[i]) < most) continue;
      std::string name = NameOf(items[i]);
      if (std::find(names.begin(), names.end(), name) != names.end()) continue;
      if (names.size() == 3)
        return absl::StrCat(names[0], ", ", names[1], ", ", names[2], ", \xE2\x80\xA6");
      names.push_back(std::move(name));
    }
    std::string text;
    for (const std::string& name : names) absl::StrAppend(&text, text.empty() ? "" : ", ", name);
    return text;
  }

  Index MakeRepeat(Index parent, const std::vector<Item>& items, const Repeat& r) {
    const auto [begin, period, times] = r;
    Group repeat;
    repeat.kind = GroupKind::kRepeat;
    repeat.name = NameOf(items, begin, begin + period);
    repeat.parent = parent;
    repeat.times = static_cast<int>(times);
    const std::string name = repeat.name;
    const Index group = NewGroup(std::move(repeat));
    for (size_t t = 0; t < times; ++t) {
      if (period == 1) {
        f_.groups[group].items.push_back(items[begin + t]);
        Move(items[begin + t], group);
        continue;
      }
      Group block;
      block.kind = GroupKind::kBlock;
      block.name = name;
      block.parent = group;
      for (size_t i = 0; i < period; ++i) block.items.push_back(items[begin + t * period + i]);
      const Index b = NewGroup(std::move(block));
      f_.groups[group].items.push_back({true, b});
      for (const Item& item : f_.groups[b].items) Move(item, b);
    }
    return group;
  }

  // ---- parts

  void MakeParts(Index g) {
    if (f_.groups[g].items.size() <= kMaxItems) return;
    const std::vector<Item> items = std::move(f_.groups[g].items);
    f_.groups[g].items.clear();
    // As few levels as will do, all parts of one size.
    size_t size = kMaxItems;
    while (size * kMaxItems < items.size()) size *= kMaxItems;
    const size_t parts = std::max<size_t>(8, (items.size() + size - 1) / size);
    size = (items.size() + parts - 1) / parts;
    for (size_t begin = 0; begin < items.size(); begin += size) {
      const size_t end = std::min(items.size(), begin + size);
      Group part;
      part.kind = GroupKind::kPart;
      part.name = NameOf(items, begin, std::min(end, begin + 1000));
      part.parent = g;
      part.items.assign(items.begin() + begin, items.begin() + end);
      const Index p = NewGroup(std::move(part));
      f_.groups[g].items.push_back({true, p});
      for (const Item& item : f_.groups[p].items) Move(item, p);
    }
  }

  // ---- finishing

  void PutParentsFirst() {
    std::vector<Index> order = {0}, new_index(f_.groups.size(), 0);
    for (size_t i = 0; i < order.size(); ++i) {
      new_index[order[i]] = static_cast<Index>(i);
      for (const Item& item : f_.groups[order[i]].items) {
        if (item.is_group) order.push_back(item.index);
      }
    }
    std::vector<Group> sorted;
    sorted.reserve(order.size());
    for (Index old : order) {
      Group& group = sorted.emplace_back(std::move(f_.groups[old]));
      if (group.parent >= 0) {
        group.parent = new_index[group.parent];
        group.depth = sorted[group.parent].depth + 1;
      }
      for (Item& item : group.items) {
        if (item.is_group) item.index = new_index[item.index];
      }
    }
    f_.groups = std::move(sorted);
    for (Index& g : f_.group_of) {
      if (g >= 0) g = new_index[g];
    }
  }

  void Sum() {
    for (size_t g = f_.groups.size(); g-- > 0;) {
      Group& group = f_.groups[g];
      bool any = false;
      for (const Item& item : group.items) {
        const Index first =
            item.is_group ? f_.groups[item.index].first : s_.nodes[item.index].first;
        const Index last = item.is_group ? f_.groups[item.index].last : s_.nodes[item.index].last;
        group.first = any ? std::min(group.first, first) : first;
        group.last = any ? std::max(group.last, last) : last;
        group.count += item.is_group ? f_.groups[item.index].count : 1;
        any = true;
      }
    }
  }

  void CountDrawn() {
    // Of each group and stage, how many more there are than in the stage before.
    const size_t stages = s_.stages.size() + 1;
    std::vector<int> change(f_.groups.size() * stages, 0);
    const auto add = [&](Index group, Index first, Index last) {
      ++change[group * stages + first];
      if (last + 2 < static_cast<Index>(stages)) --change[group * stages + last + 2];
    };
    for (size_t g = 0; g < f_.groups.size(); ++g) {
      for (const Item& item : f_.groups[g].items) {
        if (item.is_group) {
          add(static_cast<Index>(g), f_.groups[item.index].first, f_.groups[item.index].last);
        } else {
          add(static_cast<Index>(g), s_.nodes[item.index].first, s_.nodes[item.index].last);
        }
      }
    }
    num_ports_.assign(f_.groups.size(), 0);
    absl::flat_hash_set<std::pair<Index, LineEnd>> ports;
    // Lines of one value between the same ends are one.
    absl::flat_hash_set<std::tuple<Index, LineEnd, LineEnd, Index, Index, Index>> seen;
    for (size_t e = 0; e < s_.edges.size(); ++e) {
      if (!view_.edges[e]) continue;
      const Edge& edge = s_.edges[e];
      ForEachPiece(f_, edge, [&](Index group, LineEnd from, LineEnd to) {
        for (const LineEnd end : {from, to}) {
          const bool is_port = end.type == LineEnd::kPortIn || end.type == LineEnd::kPortOut;
          if (is_port && ports.insert({group, end}).second) ++num_ports_[group];
        }
        if (seen.insert({group, from, to, edge.from, edge.first, edge.last}).second) {
          add(group, edge.first, edge.last);
        }
      });
    }
    for (size_t g = 0; g < f_.groups.size(); ++g) {
      int now = 0;
      for (size_t stage = 0; stage < stages; ++stage) {
        now += change[g * stages + stage];
        f_.groups[g].drawn = std::max(f_.groups[g].drawn, now);
      }
    }
  }

  // Level by level as long as there is room; repeats after all others, each with all that
  // is in it: alike blocks of which some are open would not look alike.
  void Open(int max_drawn) {
    std::vector<Group>& groups = f_.groups;
    groups[0].open = true;
    int64_t drawn = groups[0].drawn;
    for (size_t g = 1; g < groups.size(); ++g) {
      Group& group = groups[g];
      if (!groups[group.parent].open || group.kind == GroupKind::kRepeat) continue;
      if (drawn + group.drawn > max_drawn) continue;
      group.open = true;
      drawn += group.drawn;
    }
    std::vector<int64_t> all(groups.size(), 0);  // Drawn with all that is in it.
    for (size_t g = groups.size(); g-- > 1;) {
      all[g] += groups[g].drawn;
      all[groups[g].parent] += all[g];
    }
    const int64_t room = std::min(max_drawn, kAtAGlance);
    std::vector<bool> within(groups.size(), false);  // A repeat that is open.
    for (size_t g = 1; g < groups.size(); ++g) {
      Group& group = groups[g];
      within[g] = within[group.parent];
      if (!within[g] && group.kind == GroupKind::kRepeat && groups[group.parent].open &&
          drawn + all[g] <= room) {
        within[g] = true;
        drawn += all[g];
      }
      group.open = group.open || within[g];
      // A group that begins closed has one line to its edge for all that goes on to its ports.
      if (!group.open) group.drawn += num_ports_[g];
    }
  }

  const Segment& s_;
  const View& view_;
  Folding f_;
  std::vector<std::vector<Index>> in_edges_;
  std::vector<Hash128> hash_;  // Of groups.
  std::vector<int> num_ports_;
};

}  // namespace

View ViewOf(const Segment& segment, Index stage) {
  const auto lives = [&](Index first, Index last) {
    return stage == kAllStages || (first <= stage && stage <= last);
  };
  View view;
  for (const Node& n : segment.nodes) view.nodes.push_back(lives(n.first, n.last));
  for (const Edge& e : segment.edges) view.edges.push_back(lives(e.first, e.last));
  return view;
}

absl::string_view GroupKindName(GroupKind kind) {
  switch (kind) {
    case GroupKind::kWhole: return "whole";
    case GroupKind::kScope: return "scope";
    case GroupKind::kRepeat: return "repeat";
    case GroupKind::kBlock: return "block";
    case GroupKind::kPart: return "part";
  }
  return "part";
}

std::string GroupTitle(const Group& group) {
  if (group.kind != GroupKind::kRepeat) return group.name;
  return absl::StrCat("\xC3\x97", group.times, " ", group.name);
}

void ForEachPiece(const Folding& folding, const Edge& edge,
                  absl::FunctionRef<void(Index group, LineEnd from, LineEnd to)> piece) {
  const std::vector<Group>& groups = folding.groups;
  Index from_group = folding.group_of[edge.from], to_group = folding.group_of[edge.to];
  if (from_group < 0 || to_group < 0) return;
  LineEnd from = {LineEnd::kNode, edge.from}, to = {LineEnd::kNode, edge.to};
  while (from_group != to_group) {
    if (groups[from_group].depth >= groups[to_group].depth) {
      piece(from_group, from, {LineEnd::kPortOut, edge.from});
      from = {LineEnd::kGroup, from_group};
      from_group = groups[from_group].parent;
    } else {
      piece(to_group, {LineEnd::kPortIn, edge.from}, to);
      to = {LineEnd::kGroup, to_group};
      to_group = groups[to_group].parent;
    }
  }
  if (from != to || from_group == 0) piece(from_group, from, to);
}

Folding Fold(const Segment& segment, const View& view, int max_drawn) {
  return Folder(segment, view).Run(max_drawn);
}

}  // namespace otium::viz
