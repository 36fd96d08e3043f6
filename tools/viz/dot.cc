// SPDX-License-Identifier: Apache-2.0
//
// The last stage for Graphviz: groups are clusters, folded ones one node.

#include <algorithm>
#include <tuple>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "tools/viz/display.h"
#include "tools/viz/fold.h"
#include "tools/viz/outputs.h"
#include "tools/viz/picture.h"

namespace otium::viz {
namespace {

// Of DOT's strings: only quotes are special, but labels read backslashes.
std::string Quoted(absl::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

const char* ShapeOf(NodeKind kind) {
  switch (kind) {
    case NodeKind::kInput:
    case NodeKind::kConstant: return "oval";
    case NodeKind::kTransfer:
    case NodeKind::kCopy: return "cds";
    case NodeKind::kSolver: return "hexagon";
    default: return "box";
  }
}

class DotWriter {
 public:
  DotWriter(const Segment& segment, size_t index) : s_(segment), index_(index) {}

  std::string Run() {
    const View view = ViewOf(s_, s_.last_stage());
    folding_ = Fold(s_, view, kMaxDrawnInPicture);
    Groups();
    absl::flat_hash_set<std::pair<std::string, std::string>> drawn;
    for (size_t e = 0; e < s_.edges.size(); ++e) {
      if (!view.edges[e]) continue;
      std::string from = Shown(s_.edges[e].from), to = Shown(s_.edges[e].to);
      if (from.empty() || to.empty() || from == to) continue;
      if (!drawn.insert({from, to}).second) continue;
      absl::StrAppend(&out_, "  ", from, " -> ", to, ";\n");
    }
    return std::move(out_);
  }

 private:
  std::string NodeId(Index n) const { return absl::StrCat("s", index_, "n", n); }
  std::string GroupId(Index g) const { return absl::StrCat("s", index_, "g", g); }

  // The node, or the outermost closed group around it.
  std::string Shown(Index n) const {
    std::string shown = NodeId(n);
    if (folding_.group_of[n] < 0) return "";
    for (Index g = folding_.group_of[n]; g >= 0; g = folding_.groups[g].parent) {
      if (!folding_.groups[g].open) shown = GroupId(g);
    }
    return shown;
  }

  void Groups() {
    struct Frame {
      Index group;
      size_t next = 0;
    };
    std::vector<Frame> stack = {{0}};
    while (!stack.empty()) {
      Frame& frame = stack.back();
      const Group& group = folding_.groups[frame.group];
      const std::string indent(2 * stack.size(), ' ');
      if (frame.next == group.items.size()) {
        stack.pop_back();
        if (!stack.empty()) absl::StrAppend(&out_, indent.substr(2), "}\n");
        continue;
      }
      const Item item = group.items[frame.next++];
      if (!item.is_group) {
        AddNode(item.index, indent);
        continue;
      }
      const Group& inner = folding_.groups[item.index];
      const std::string title = Displayed(GroupTitle(inner), 60);
      if (inner.open) {
        absl::StrAppend(&out_, indent, "subgraph cluster_", GroupId(item.index), " {\n", indent,
                        "  label=", Quoted(title), ";\n");
        stack.push_back({item.index});
      } else {
        absl::StrAppend(&out_, indent, GroupId(item.index), " [shape=box3d, label=",
                        Quoted(absl::StrCat(title, ", ", inner.count, " nodes")), "];\n");
      }
    }
  }

  void AddNode(Index n, const std::string& indent) {
    const Node& node = s_.nodes[n];
    const Label label = LabelOf(s_, node);
    std::string text = Quoted(label.title);
    text.pop_back();
    for (const std::string& line : {label.subtitle, label.detail}) {
      if (line.empty()) continue;
      const std::string quoted = Quoted(line);
      absl::StrAppend(&text, "\\n", quoted.substr(1, quoted.size() - 2));
    }
    absl::StrAppend(&out_, indent, NodeId(n), " [shape=", ShapeOf(node.kind), ", label=", text,
                    "\"", node.outputs.empty() ? "" : ", penwidth=2.5",
                    ", tooltip=", Quoted(Displayed(node.text, 300)), "];\n");
  }

  const Segment& s_;
  const size_t index_;
  Folding folding_;
  std::string out_;
};

}  // namespace

std::string ToDot(const Document& document) {
  std::string out = absl::StrCat("digraph ", Quoted(Displayed(document.name, 80)), " {\n",
                                 "  node [fontname=\"Helvetica\", fontsize=11];\n",
                                 "  edge [color=\"#7b8794\", arrowsize=0.6];\n");
  for (size_t i = 0; i < document.segments.size(); ++i) {
    absl::StrAppend(&out, DotWriter(document.segments[i], i).Run());
  }
  return out + "}\n";
}

}  // namespace otium::viz
