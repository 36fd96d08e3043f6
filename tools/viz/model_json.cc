// SPDX-License-Identifier: Apache-2.0
//
// The document as JSON; README.md describes it, member by member.

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "engine/optimize/cost.h"
#include "engine/version.h"
#include "tools/viz/json_writer.h"
#include "tools/viz/outputs.h"
#include "tools/viz/picture.h"

namespace otium::viz {
namespace {

constexpr int kFormat = 2;

// Few things, one a line.
template <class List, class Write>
void WriteList(JsonWriter& w, absl::string_view key, const List& list, Write write) {
  w.NewLine();
  w.Key(key);
  w.Open('[');
  for (const auto& element : list) {
    w.NewLine();
    w.Open('{');
    write(element);
    w.Close('}');
  }
  w.Close(']');
}

absl::string_view StageKindName(Stage::Kind kind) {
  switch (kind) {
    case Stage::kSource: return "source";
    case Stage::kPass: return "pass";
    case Stage::kPlan: return "plan";
  }
  return "pass";
}

absl::string_view ErrorClassName(ErrorClass error) {
  switch (error) {
    case ErrorClass::kExact: return "exact";
    case ErrorClass::kPreserves: return "preserves";
    case ErrorClass::kGrows: return "grows";
  }
  return "grows";
}

absl::string_view BufferKindName(BufferKind kind) {
  switch (kind) {
    case BufferKind::kInput: return "input";
    case BufferKind::kConstant: return "constant";
    case BufferKind::kArena: return "arena";
    case BufferKind::kResult: return "result";
  }
  return "arena";
}

void WriteNodes(JsonWriter& w, TextTable& texts, const std::vector<Node>& nodes) {
  TableWriter t(&w, &texts, "nodes", nodes.size());
  t.Texts("op", [&](size_t i) { return nodes[i].op; });
  t.Texts("kind", [&](size_t i) { return NodeKindName(nodes[i].kind); });
  t.Texts("name", [&](size_t i) { return nodes[i].name; });
  t.Texts("type", [&](size_t i) { return nodes[i].type; });
  t.Texts("text", [&](size_t i) { return nodes[i].text; });
  t.Texts("device", [&](size_t i) { return nodes[i].device; });
  t.Numbers("bytes", [&](size_t i) { return nodes[i].bytes; });
  t.Numbers("first", [&](size_t i) { return nodes[i].first; });
  t.Numbers("last", [&](size_t i) { return nodes[i].last; });
  t.NumberLists(
      "became", [&](size_t i) -> auto& { return nodes[i].became; });
  t.Numbers("scope", [&](size_t i) { return nodes[i].scope; });
  t.Numbers("body", [&](size_t i) { return nodes[i].body; });
  t.NumberLists(
      "sources", [&](size_t i) -> auto& { return nodes[i].sources; });
  t.TextLists(
      "outputs", [&](size_t i) -> auto& { return nodes[i].outputs; });
  t.NumberLists(
      "steps", [&](size_t i) -> auto& { return nodes[i].steps; });
  t.NumberLists(
      "reasons", [&](size_t i) -> auto& { return nodes[i].reasons; });
}

void WriteEdges(JsonWriter& w, TextTable& texts, const std::vector<Edge>& edges) {
  TableWriter t(&w, &texts, "edges", edges.size());
  t.Numbers("from", [&](size_t i) { return edges[i].from; });
  t.Numbers("result", [&](size_t i) { return edges[i].result; });
  t.Numbers("to", [&](size_t i) { return edges[i].to; });
  t.Numbers("operand", [&](size_t i) { return edges[i].operand; });
  t.Numbers("first", [&](size_t i) { return edges[i].first; });
  t.Numbers("last", [&](size_t i) { return edges[i].last; });
  t.Numbers("bytes", [&](size_t i) { return edges[i].bytes; });
}

void WriteSources(JsonWriter& w, TextTable& texts, const std::vector<SourceTable::Entry>& sources) {
  TableWriter t(&w, &texts, "sources", sources.size());
  t.Texts("op", [&](size_t i) { return GetOp(sources[i].op).name; });
  t.Texts("name", [&](size_t i) { return sources[i].name; });
  t.Texts("file", [&](size_t i) { return sources[i].position.file; });
  t.Numbers("line", [&](size_t i) { return sources[i].position.line; });
  t.Numbers("column", [&](size_t i) { return sources[i].position.column; });
  t.Numbers("length", [&](size_t i) { return sources[i].position.length; });
}

void WriteWhatWasDone(JsonWriter& w, TextTable& texts, const Segment& s) {
  {
    TableWriter t(&w, &texts, "scopes", s.scopes.size());
    t.Texts("name", [&](size_t i) { return s.scopes[i].name; });
    t.Numbers("parent", [&](size_t i) { return s.scopes[i].parent; });
    t.Numbers("source", [&](size_t i) { return s.scopes[i].source; });
  }
  WriteSources(w, texts, s.sources);
  {
    TableWriter t(&w, &texts, "reasons", s.reasons.size());
    t.Numbers("stage", [&](size_t i) { return s.reasons[i].stage; });
    t.Numbers("rule", [&](size_t i) { return s.reasons[i].rule; });
    t.Numbers("fired", [&](size_t i) { return s.reasons[i].fired; });
    t.Texts("text", [&](size_t i) { return s.reasons[i].text; });
    t.NumberLists(
        "nodes", [&](size_t i) -> auto& { return s.reasons[i].nodes; });
    t.Numbers("times", [&](size_t i) { return s.reasons[i].times; });
  }
  TableWriter t(&w, &texts, "bodies", s.bodies.size());
  t.Texts("text", [&](size_t i) { return s.bodies[i]; });
}

// What its node says, and the operands' names and types, is not said again.
void WriteSteps(JsonWriter& w, TextTable& texts, const Segment& s) {
  const std::vector<ExplainedStep>& steps = s.plan.steps;
  TableWriter t(&w, &texts, "steps", steps.size());
  t.Texts("kind", [&](size_t i) { return steps[i].kind; });
  t.Texts("kernel", [&](size_t i) { return steps[i].kernel; });
  t.TextLists(
      "alternatives", [&](size_t i) -> auto& { return steps[i].alternatives; });
  t.Texts("device", [&](size_t i) { return steps[i].device; });
  t.Numbers("node", [&](size_t i) { return s.step_node[i]; });
  t.NumberLists(
      "reads", [&](size_t i) -> auto& { return s.step_reads[i]; });
  t.NumberLists(
      "writes", [&](size_t i) -> auto& { return s.step_writes[i]; });
  t.TextLists("layouts", [&](size_t i) {
    // None when all lie dense by rows.
    std::vector<std::string> layouts;
    bool any = false;
    for (const ExplainedOperand& operand : steps[i].operands) {
      layouts.push_back(operand.layout);
      any = any || !operand.layout.empty();
    }
    if (!any) layouts.clear();
    return layouts;
  });
  t.Numbers("flops", [&](size_t i) { return steps[i].flops; });
  t.Numbers("bytes", [&](size_t i) { return steps[i].bytes; });
  t.Numbers("estimated_seconds", [&](size_t i) { return steps[i].seconds; });
  t.Numbers("roofline_seconds", [&](size_t i) { return steps[i].roofline; });
  t.Numbers("workspace_bytes", [&](size_t i) { return steps[i].workspace_bytes; });
  std::vector<bool> critical(steps.size(), false);
  for (Index i : s.critical_path) critical[i] = true;
  t.Numbers("critical", [&](size_t i) { return critical[i]; });
  const bool any = std::any_of(steps.begin(), steps.end(),
                               [](const ExplainedStep& step) { return step.measured.has_value(); });
  if (!any) return;
  const auto measured = [&](absl::string_view key, auto member) {
    t.Numbers(key, [&](size_t i) -> double {
      return steps[i].measured.has_value() ? static_cast<double>((*steps[i].measured).*member) : -1;
    });
  };
  measured("measured_seconds", &Measurement::seconds);
  measured("share", &Measurement::share);
  measured("start", &Measurement::start);
  measured("thread", &Measurement::thread);
  measured("alternative", &Measurement::alternative);
}

void WriteMemory(JsonWriter& w, TextTable& texts, const Segment& s) {
  {
    TableWriter t(&w, &texts, "buffers", s.buffers.size());
    t.Texts("kind", [&](size_t i) { return BufferKindName(s.buffers[i].kind); });
    t.Texts("device", [&](size_t i) { return s.buffers[i].device; });
    t.Numbers("bytes", [&](size_t i) { return s.buffers[i].bytes; });
    t.Numbers("offset", [&](size_t i) { return s.buffers[i].offset; });
    t.Numbers("first", [&](size_t i) { return s.buffers[i].first; });
    t.Numbers("last", [&](size_t i) { return s.buffers[i].last; });
    t.Numbers("node", [&](size_t i) { return s.buffers[i].node; });
  }
  const std::vector<DeviceMemory>& memory = s.plan.memory;
  TableWriter t(&w, &texts, "memory", memory.size());
  t.Texts("device", [&](size_t i) { return memory[i].device; });
  t.Numbers("arena_bytes", [&](size_t i) { return memory[i].arena_bytes; });
  t.Numbers("result_bytes", [&](size_t i) { return memory[i].result_bytes; });
  t.Numbers("peak_bytes", [&](size_t i) { return memory[i].peak_bytes; });
  t.Numbers("peak_step", [&](size_t i) { return memory[i].peak_step; });
  t.NumberLists(
      "live_bytes", [&](size_t i) -> auto& { return memory[i].live_bytes; });
}

void WriteGroups(JsonWriter& w, TextTable& texts, const Picture& picture) {
  const std::vector<Group>& groups = picture.folding.groups;
  TableWriter t(&w, &texts, "groups", groups.size());
  t.Texts("name", [&](size_t g) { return groups[g].name; });
  t.Texts("kind", [&](size_t g) { return GroupKindName(groups[g].kind); });
  t.Numbers("parent", [&](size_t g) { return groups[g].parent; });
  t.Numbers("times", [&](size_t g) { return groups[g].times; });
  t.Numbers("count", [&](size_t g) { return groups[g].count; });
  t.Numbers("drawn", [&](size_t g) { return groups[g].drawn; });
  t.Numbers("first", [&](size_t g) { return groups[g].first; });
  t.Numbers("last", [&](size_t g) { return groups[g].last; });
  t.Numbers("open", [&](size_t g) { return groups[g].open; });
  t.Numbers("closed_width", [&](size_t g) { return picture.groups[g].closed_width; });
  t.Numbers("closed_height", [&](size_t g) { return picture.groups[g].closed_height; });
}

// Of each route the one before that it begins like, and for how many points: a value that
// many read is one line for most of their ways, which would be said again for each of them.
struct Likeness {
  std::vector<Index> like;
  std::vector<size_t> alike;
};
Likeness FindLikeness(const std::vector<GroupPicture>& groups) {
  Likeness result;
  std::vector<const Route*> all;
  for (const GroupPicture& p : groups) {
    absl::flat_hash_map<Index, Index> last;  // By the item that it comes from.
    for (const Route& route : p.routes) {
      const auto at = static_cast<Index>(all.size());
      all.push_back(&route);
      const auto [it, is_first] = last.try_emplace(route.from, at);
      const Index before = std::exchange(it->second, at);
      size_t alike = 0;
      if (!is_first) {
        const std::vector<Point>&a = all[before]->points, &b = route.points;
        while (alike < a.size() && alike < b.size() && a[alike] == b[alike]) ++alike;
      }
      result.like.push_back(alike > 0 ? before : -1);
      result.alike.push_back(alike);
    }
  }
  return result;
}

// Items and routes of all groups, one after the other; each group says how many.
void WriteLayout(JsonWriter& w, TextTable& texts, Index stage,
                 const std::vector<GroupPicture>& groups) {
  std::vector<const Placed*> items;
  std::vector<const Route*> routes;
  for (const GroupPicture& p : groups) {
    for (const Placed& item : p.items) items.push_back(&item);
    for (const Route& route : p.routes) routes.push_back(&route);
  }
  w.NewLine();
  w.Open('{');
  w.Key("stage");
  w.Number(stage);
  {
    TableWriter t(&w, &texts, "insides", groups.size());
    t.Numbers("width", [&](size_t g) { return groups[g].width; });
    t.Numbers("height", [&](size_t g) { return groups[g].height; });
    t.Numbers("items", [&](size_t g) { return groups[g].items.size(); });
    t.Numbers("routes", [&](size_t g) { return groups[g].routes.size(); });
  }
  {
    TableWriter t(&w, &texts, "items", items.size());
    t.Numbers("type", [&](size_t i) { return items[i]->type; });
    t.Numbers("index", [&](size_t i) { return items[i]->index; });
    t.Numbers("x", [&](size_t i) { return items[i]->x; });
    t.Numbers("y", [&](size_t i) { return items[i]->y; });
    t.Numbers("width", [&](size_t i) { return items[i]->width; });
    t.Numbers("height", [&](size_t i) { return items[i]->height; });
  }
  {
    TableWriter t(&w, &texts, "routes", routes.size());
    t.Numbers("from", [&](size_t i) { return routes[i]->from; });
    t.Numbers("to", [&](size_t i) { return routes[i]->to; });
    t.NumberLists(
        "edges", [&](size_t i) -> auto& { return routes[i]->edges; });
    const Likeness likeness = FindLikeness(groups);
    t.Numbers("like", [&](size_t i) { return likeness.like[i]; });
    t.Numbers("alike", [&](size_t i) { return likeness.alike[i]; });
    const auto coordinates = [&](absl::string_view key, double Point::*member) {
      t.NumberLists(key, [&](size_t i) {
        std::vector<double> values;
        const std::vector<Point>& points = routes[i]->points;
        for (size_t k = likeness.alike[i]; k < points.size(); ++k) {
          values.push_back(points[k].*member);
        }
        return values;
      });
    };
    coordinates("x", &Point::x);
    coordinates("y", &Point::y);
  }
  w.Close('}');
}

bool ShowsAll(const View& view) {
  const auto is_in = [](bool is) { return is; };
  return std::all_of(view.nodes.begin(), view.nodes.end(), is_in) &&
         std::all_of(view.edges.begin(), view.edges.end(), is_in);
}

// One layout of all stages, in which nodes keep their places; and of the first and the
// last, which are looked at alone, without room for what is not in them.
void WritePictures(JsonWriter& w, TextTable& texts, const Segment& s) {
  const Picture picture =
      DrawPicture(s, ViewOf(s, kAllStages), kMaxDrawnInPage, Inside::kAllGroups);
  WriteGroups(w, texts, picture);
  w.NewLine();
  w.Key("layouts");
  w.Open('[');
  WriteLayout(w, texts, kAllStages, picture.groups);
  for (const Index stage : {0, s.last_stage()}) {
    const View view = ViewOf(s, stage);
    if (ShowsAll(view)) continue;
    WriteLayout(w, texts, stage, DrawGroups(s, view, picture.folding, Inside::kAllGroups));
  }
  w.Close(']');
}

void WriteSegment(JsonWriter& w, TextTable& texts, const Segment& s) {
  w.NewLine();
  w.Open('{');
  WriteList(w, "stages", s.stages, [&](const Stage& stage) {
    w.Text("name", stage.name);
    w.Text("kind", StageKindName(stage.kind));
    w.Count("made", stage.made);
    w.Count("removed", stage.removed);
  });
  WriteNodes(w, texts, s.nodes);
  WriteEdges(w, texts, s.edges);
  WriteWhatWasDone(w, texts, s);
  if (s.planned) {
    WriteSteps(w, texts, s);
    WriteMemory(w, texts, s);
    w.Count("critical_seconds", s.critical_seconds);
    w.Key("planned_later");
    w.Open('[');
    for (const std::string& op : s.plan.rest) w.String(op);
    w.Close(']');
  }
  WritePictures(w, texts, s);
  w.Close('}');
}

}  // namespace

std::string ToJson(const Document& document, const Machine& machine) {
  JsonWriter w;
  TextTable texts;
  w.Open('{');
  w.Key("format");
  w.Number(kFormat);
  w.Text("otium", Version());
  w.Text("graph", document.name);
  w.Key("kinds");
  w.Open('[');
  for (int k = 0; k < kNumNodeKinds; ++k) w.String(NodeKindName(static_cast<NodeKind>(k)));
  w.Close(']');
  WriteList(w, "rules", document.rules, [&](const Rule* rule) {
    w.Text("name", rule->name);
    w.Text("formula", rule->formula);
    w.Text("condition", rule->condition);
    w.Text("error", ErrorClassName(rule->error));
  });
  if (!document.segments.empty() && document.segments[0].planned) {
    WriteList(w, "devices", machine.devices, [&](const DeviceModel& d) {
      w.Text("device", DeviceToString(d.device));
      w.Text("name", d.name);
      w.Count("f32_flops", d.f32_flops);
      w.Count("f64_flops", d.f64_flops);
      w.Count("memory_bandwidth", d.memory_bandwidth);
    });
  }
  w.Key("segments");
  w.Open('[');
  for (const Segment& s : document.segments) WriteSegment(w, texts, s);
  w.Close(']');
  texts.Write(&w);
  if (document.measured) {
    w.Count("measured_seconds", document.measured_seconds);
    w.Count("unattributed_seconds", document.unattributed_seconds);
  }
  w.Close('}');
  return w.Take() + "\n";
}

}  // namespace otium::viz
