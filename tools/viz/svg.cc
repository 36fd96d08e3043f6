// SPDX-License-Identifier: Apache-2.0
//
// The last stage (the plan, or the graph) as a picture of its own: no script, no
// font, no file beside it; light or dark as the reader's system is. Each box has a
// <title>, which screen readers say and browsers show; the kind of a node is a word
// in it and in the legend, not only a colour.

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/viz/display.h"
#include "tools/viz/outputs.h"
#include "tools/viz/picture.h"
#include "tools/viz/units.h"

namespace otium::viz {
namespace {

constexpr double kMargin = 20;
constexpr double kHeadline = 54;
constexpr double kLegendRow = 22;

// Fill, line and text of each kind, light and dark: text has a contrast of at least
// 7 to 1 with its fill.
struct Colors {
  const char *fill, *line, *dark_fill, *dark_line;
};
constexpr Colors kColors[kNumNodeKinds] = {
    /*input*/ {"#eef2f6", "#6b7c8f", "#26303a", "#8fa3b8"},
    /*constant*/ {"#f3f1ea", "#8a8060", "#2e2b22", "#b3a880"},
    /*product*/ {"#dbe9fb", "#2f6fc0", "#16304f", "#6ea8ee"},
    /*solver*/ {"#e9e0fa", "#7048c0", "#2d2150", "#a98bf0"},
    /*pointwise*/ {"#dff3e4", "#2e8b50", "#17371f", "#6cc98b"},
    /*reduction*/ {"#fdf0d5", "#b07d10", "#3a2d0e", "#e0b252"},
    /*fused*/ {"#d6f2f0", "#14837c", "#0f3634", "#58c5bd"},
    /*view*/ {"#f5f5f5", "#8c8c8c", "#2a2a2a", "#9a9a9a"},
    /*creation*/ {"#f6ecdf", "#96703c", "#35291a", "#c9a070"},
    /*random*/ {"#fbe3ef", "#b03a78", "#43182f", "#e87fb4"},
    /*call*/ {"#e6e9fb", "#4c58b8", "#20264f", "#8e99f0"},
    /*other*/ {"#ececec", "#666666", "#2d2d2d", "#b0b0b0"},
    /*copy*/ {"#ffe9d9", "#c0622a", "#45250f", "#f0a070"},
    /*transfer*/ {"#fddfdc", "#c03028", "#4a1815", "#f4857c"},
};

std::string Num(double v) { return JsonNumber(std::round(v * 10) / 10); }

std::string Style() {
  std::string light, dark;
  for (int k = 0; k < kNumNodeKinds; ++k) {
    const Colors& c = kColors[k];
    absl::StrAppend(&light, ".k", k, "{fill:", c.fill, ";stroke:", c.line, "}\n");
    absl::StrAppend(&dark, ".k", k, "{fill:", c.dark_fill, ";stroke:", c.dark_line, "}\n");
  }
  return absl::StrCat(
      "text{font-family:system-ui,'Segoe UI','DejaVu Sans',Helvetica,Arial,sans-serif;"
      "font-size:10.5px;fill:#3c4650}\n"
      ".h{font-size:17px;font-weight:600;fill:#15202b}\n.t{font-size:12px;font-weight:600;"
      "fill:#15202b}\n.s{font-size:11.5px}\n.page{fill:#ffffff}\n"
      ".b{stroke-width:1.25}\n.out{stroke-width:2.5}\n"
      ".g{fill:#64748b;fill-opacity:.06;stroke:#94a3b8;stroke-width:1;stroke-dasharray:4 3}\n"
      ".c{fill:#f8fafc;stroke:#64748b;stroke-width:1.25}\n"
      ".e{fill:none;stroke:#7b8794;stroke-width:1.2}\n.a{fill:#7b8794}\n"
      ".x{stroke:#c03028}\n.bar{fill:#d9480f}\n",
      light,
      "@media (prefers-color-scheme:dark){\ntext{fill:#c3ccd6}\n.h,.t{fill:#f0f4f8}\n"
      ".page{fill:#14181d}\n.g{fill:#94a3b8;fill-opacity:.07;stroke:#55616e}\n"
      ".c{fill:#222a33;stroke:#8fa3b8}\n.e{stroke:#8b98a5}\n.a{fill:#8b98a5}\n.x{stroke:#f4857c}\n"
      ".bar{fill:#ff922b}\n",
      dark, "}\n");
}

// From pairs of points: straight where they are above or beside each other, else a
// curve that begins and ends downwards.
std::string PathData(const std::vector<Point>& points, Point origin) {
  std::string d = absl::StrCat("M", Num(points[0].x + origin.x), " ", Num(points[0].y + origin.y));
  for (size_t i = 1; i < points.size(); ++i) {
    const Point a{points[i - 1].x + origin.x, points[i - 1].y + origin.y};
    const Point b{points[i].x + origin.x, points[i].y + origin.y};
    if (std::abs(a.x - b.x) < 0.6 || std::abs(a.y - b.y) < 0.6) {
      absl::StrAppend(&d, "L", Num(b.x), " ", Num(b.y));
    } else {
      const double middle = (a.y + b.y) / 2;
      absl::StrAppend(&d, "C", Num(a.x), " ", Num(middle), " ", Num(b.x), " ", Num(middle), " ",
                      Num(b.x), " ", Num(b.y));
    }
  }
  return d;
}

class SvgWriter {
 public:
  explicit SvgWriter(const Document& document) : document_(document) {}

  std::string Run() {
    std::vector<Picture> pictures;
    double width = 460, y = kMargin;
    for (size_t i = 0; i < document_.segments.size(); ++i) {
      const Segment& s = document_.segments[i];
      pictures.push_back(
          DrawPicture(s, ViewOf(s, s.last_stage()), kMaxDrawnInPicture, Inside::kOpenGroups));
      const GroupPicture& whole = pictures.back().groups[0];
      width = std::max(width, whole.width + 2 * kMargin);
      Headline(s, i, y);
      y += kHeadline;
      Draw(s, pictures.back(), std::max(kMargin, (460 - whole.width) / 2), y);
      y += whole.height + kMargin;
    }
    y = Legend(width, y);
    const std::string title = absl::StrCat(Displayed(document_.name, 80), ", drawn by Otium");
    return absl::StrCat(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"", Num(width), "\" height=\"", Num(y),
        "\" viewBox=\"0 0 ", Num(width), " ", Num(y), "\" role=\"img\" aria-label=\"",
        EscapeXml(title), "\">\n<title>", EscapeXml(title), "</title>\n<style>\n", Style(),
        "</style>\n<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" "
        "markerWidth=\"6\" markerHeight=\"6\" markerUnits=\"userSpaceOnUse\" orient=\"auto\">"
        "<path class=\"a\" d=\"M0 0L8 4L0 8z\"/></marker></defs>\n"
        "<rect class=\"page\" width=\"100%\" height=\"100%\"/>\n",
        out_, "</svg>\n");
  }

 private:
  void Text(const char* css, double x, double y, absl::string_view text, bool middle) {
    absl::StrAppend(&out_, "<text class=\"", css, "\" x=\"", Num(x), "\" y=\"", Num(y), "\"",
                    middle ? " text-anchor=\"middle\"" : "", ">", EscapeXml(text), "</text>\n");
  }

  void Headline(const Segment& s, size_t index, double y) {
    std::string title = Displayed(document_.name, 60);
    if (document_.segments.size() > 1) absl::StrAppend(&title, ", segment ", index);
    Text("h", kMargin, y + 14, title, false);
    Text("s", kMargin, y + 33, Summary(s), false);
  }

  void Draw(const Segment& s, const Picture& picture, double x, double y) {
    // Frames below lines below boxes; groups from outside in.
    struct Open {
      Index group;
      Point at;
    };
    std::vector<Open> open = {{0, {x, y}}};
    for (size_t i = 0; i < open.size(); ++i) {
      const auto [g, at] = open[i];
      for (const Placed& item : picture.groups[g].items) {
        if (item.type != Placed::kGroup || !picture.folding.groups[item.index].open) continue;
        open.push_back({item.index, {at.x + item.x, at.y + item.y}});
        Frame(picture, item.index, open.back().at);
      }
    }
    for (const auto& [g, at] : open) {
      for (const Route& route : picture.groups[g].routes) Line(s, picture, g, route, at);
    }
    for (const auto& [g, at] : open) {
      for (const Placed& item : picture.groups[g].items) {
        const Point p{at.x + item.x, at.y + item.y};
        if (item.type == Placed::kNode) Box(s, s.nodes[item.index], item, p);
        if (item.type == Placed::kGroup && !picture.folding.groups[item.index].open) {
          Closed(picture.folding.groups[item.index], item, p);
        }
      }
    }
  }

  void Rect(absl::string_view css, double x, double y, double width, double height, double radius) {
    absl::StrAppend(&out_, "<rect class=\"", css, "\" x=\"", Num(x), "\" y=\"", Num(y),
                    "\" width=\"", Num(width), "\" height=\"", Num(height), "\" rx=\"", Num(radius),
                    "\"/>\n");
  }

  void Frame(const Picture& picture, Index g, Point at) {
    const GroupPicture& p = picture.groups[g];
    Rect("g", at.x, at.y, p.width, p.height, 8);
    Text("s", at.x + 8, at.y + 15, Displayed(GroupTitle(picture.folding.groups[g]), 28), false);
  }

  void Closed(const Group& group, const Placed& item, Point at) {
    const std::string title = Displayed(GroupTitle(group), 28);
    absl::StrAppend(&out_, "<g><title>", EscapeXml(title), ": ", group.count, " nodes</title>\n");
    if (group.kind == GroupKind::kRepeat) Rect("c", at.x + 4, at.y + 4, item.width, item.height, 6);
    Rect("c", at.x, at.y, item.width, item.height, 6);
    Text("t", at.x + item.width / 2, at.y + 16, title, true);
    Text("s", at.x + item.width / 2, at.y + 30, absl::StrCat(group.count, " nodes"), true);
    out_ += "</g>\n";
  }

  void Line(const Segment& s, const Picture& picture, Index g, const Route& route, Point at) {
    if (route.points.size() < 2) return;
    const std::vector<Placed>& items = picture.groups[g].items;
    const auto moves = [&](const Placed& item) {
      return item.type == Placed::kNode && s.nodes[item.index].kind == NodeKind::kTransfer;
    };
    const bool transfer = moves(items[route.from]) || moves(items[route.to]);
    // Of a transfer: wider with its bytes, by their logarithm.
    const double width = transfer ? std::clamp(std::log10(route.bytes + 1) - 1, 1.5, 9.0) : 1.2;
    const Placed& to = items[route.to];
    const bool ends = to.type == Placed::kNode ||
                      (to.type == Placed::kGroup && !picture.folding.groups[to.index].open);
    absl::StrAppend(&out_, "<path class=\"e", transfer ? " x" : "", "\" d=\"",
                    PathData(route.points, at), "\"");
    if (transfer) absl::StrAppend(&out_, " stroke-width=\"", Num(width), "\"");
    absl::StrAppend(&out_, ends ? " marker-end=\"url(#arrow)\"" : "", "/>\n");
  }

  void Box(const Segment& s, const Node& node, const Placed& item, Point at) {
    const Label label = LabelOf(s, node);
    used_[static_cast<int>(node.kind)] = true;
    absl::StrAppend(&out_, "<g><title>", EscapeXml(Description(s, node)), "</title>\n");
    const double radius =
        node.kind == NodeKind::kInput || node.kind == NodeKind::kConstant ? kOneLine / 2 : 5;
    Rect(absl::StrCat("b k", static_cast<int>(node.kind), node.outputs.empty() ? "" : " out"), at.x,
         at.y, item.width, item.height, radius);
    const double x = at.x + item.width / 2;
    double y = at.y + 16;
    Text("t", x, y, label.title, true);
    if (!label.subtitle.empty()) Text("s2", x, y += kLine, label.subtitle, true);
    if (!label.detail.empty()) Text("s2", x, y += kLine, label.detail, true);
    // How much of the time of the plan it takes.
    const double share = ShareOf(s, node);
    if (share > 0.02) {
      Rect("bar", at.x + 4, at.y + item.height - 3.5, std::max(2.0, share * (item.width - 8)), 2.5,
           1);
    }
    out_ += "</g>\n";
  }

  double ShareOf(const Segment& s, const Node& node) {
    if (shares_of_ != &s) {
      shares_of_ = &s;
      total_ = 0;
      for (const ExplainedStep& step : s.plan.steps) total_ += SecondsOf(step);
    }
    if (total_ <= 0 || s.plan.steps.size() < 2) return 0;
    double own = 0;
    for (Index i : node.steps) own += SecondsOf(s.plan.steps[i]);
    return own / total_;
  }

  static std::string Description(const Segment& s, const Node& node) {
    std::string text = absl::StrCat(Displayed(node.text, 300), "\n", NodeKindName(node.kind));
    if (!node.outputs.empty()) {
      absl::StrAppend(&text, ", result ", Displayed(absl::StrJoin(node.outputs, ", "), 80));
    }
    if (!node.device.empty()) absl::StrAppend(&text, ", on ", node.device);
    for (Index i : node.steps) {
      const ExplainedStep& step = s.plan.steps[i];
      absl::StrAppend(&text, "\nstep ", i, ": ", step.kernel, ", ", ScaledText(step.flops, "FLOP"),
                      ", ", BytesText(step.bytes), ", estimate ", SecondsText(step.seconds));
      if (step.measured.has_value()) {
        absl::StrAppend(&text, ", measured ", SecondsText(step.measured->seconds));
      }
    }
    if (!node.sources.empty()) {
      const std::string position = s.sources[node.sources[0]].position.ToString();
      if (!position.empty()) absl::StrAppend(&text, "\n", Displayed(position, 80));
    }
    return text;
  }

  double Legend(double width, double y) {
    double x = kMargin;
    for (int k = 0; k < kNumNodeKinds; ++k) {
      if (!used_[k]) continue;
      const absl::string_view name = NodeKindName(static_cast<NodeKind>(k));
      const double entry = 30 + 6.4 * static_cast<double>(name.size());
      if (x + entry > width - kMargin && x > kMargin) {
        x = kMargin;
        y += kLegendRow;
      }
      Rect(absl::StrCat("b k", k), x, y, 14, 14, 3);
      Text("s", x + 20, y + 11, name, false);
      x += entry;
    }
    return y + kLegendRow + 8;
  }

  const Document& document_;
  std::string out_;
  bool used_[kNumNodeKinds] = {};  // Kinds that are drawn.
  const Segment* shares_of_ = nullptr;
  double total_ = 0;
};

}  // namespace

std::string Summary(const Segment& s) {
  if (!s.planned) {
    int nodes = 0;
    for (const Node& n : s.nodes) nodes += n.last == s.last_stage();
    return absl::StrCat("graph: ", nodes, nodes == 1 ? " node" : " nodes");
  }
  double flops = 0, bytes = 0, seconds = 0, measured = 0;
  for (const ExplainedStep& step : s.plan.steps) {
    flops += step.flops;
    bytes += step.bytes;
    seconds += step.seconds;
    if (step.measured.has_value()) measured += step.measured->seconds;
  }
  const size_t steps = s.plan.steps.size();
  std::string text =
      absl::StrCat("plan: ", steps, steps == 1 ? " step, " : " steps, ", ScaledText(flops, "FLOP"),
                   ", ", BytesText(bytes), ", estimate ", SecondsText(seconds));
  if (!s.plan.memory.empty()) absl::StrAppend(&text, ", ", PeakText(s.plan));
  if (measured > 0) absl::StrAppend(&text, ", measured ", SecondsText(measured));
  return text;
}

std::string ToSvg(const Document& document) { return SvgWriter(document).Run(); }

}  // namespace otium::viz
