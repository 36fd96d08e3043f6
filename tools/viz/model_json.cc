// SPDX-License-Identifier: Apache-2.0
//
// The document as JSON; README.md describes it, member by member. Written straight
// into a string: a tree of values would take longer than everything before it.

#include "absl/strings/str_cat.h"
#include "engine/optimize/cost.h"
#include "engine/version.h"
#include "tools/viz/display.h"
#include "tools/viz/outputs.h"
#include "tools/viz/picture.h"

namespace otium::viz {
namespace {

class JsonWriter {
 public:
  std::string Take() { return std::move(out_); }

  void Open(char bracket) {
    Separate();
    out_ += bracket;
    first_ = true;
  }
  void Close(char bracket) {
    out_ += bracket;
    first_ = false;
  }
  void Key(absl::string_view key) {
    Separate();
    absl::StrAppend(&out_, "\"", key, "\":");
    first_ = true;  // The value follows.
  }
  void Raw(absl::string_view json) {
    Separate();
    absl::StrAppend(&out_, json);
  }
  // Before an element, after the comma that it needs.
  void NewLine() {
    Separate();
    out_ += '\n';
    first_ = true;
  }
  void String(absl::string_view text) { Raw(JsonString(text)); }
  void Number(double value) { Raw(JsonNumber(value)); }

  // Members that say nothing are left out.
  void Text(absl::string_view key, absl::string_view text) {
    if (text.empty()) return;
    Key(key);
    String(text);
  }
  void Count(absl::string_view key, double value) {
    if (value == 0) return;
    Key(key);
    Number(value);
  }
  void Ref(absl::string_view key, Index index) {
    if (index < 0) return;
    Key(key);
    Number(index);
  }
  template <class T>
  void Numbers(absl::string_view key, const std::vector<T>& list) {
    if (list.empty()) return;
    Key(key);
    NumberList(list);
  }
  template <class T>
  void NumberList(const std::vector<T>& list) {
    Open('[');
    for (T v : list) Number(static_cast<double>(v));
    Close(']');
  }
  void Strings(absl::string_view key, const std::vector<std::string>& list) {
    if (list.empty()) return;
    Key(key);
    Open('[');
    for (const std::string& s : list) String(s);
    Close(']');
  }

 private:
  void Separate() {
    if (!first_) out_ += ',';
    first_ = false;
  }

  std::string out_;
  bool first_ = true;
};

// Lists of objects stand one a line, so that files can be compared.
template <class List, class Write>
void WriteList(JsonWriter& w, absl::string_view key, const List& list, Write write) {
  if (list.empty()) return;
  w.Key(key);
  w.Open('[');
  for (const auto& element : list) {
    w.NewLine();
    write(element);
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

void WriteNode(JsonWriter& w, const Node& n) {
  w.Open('{');
  w.Text("op", n.op);
  w.Text("kind", NodeKindName(n.kind));
  w.Text("name", n.name);
  w.Text("type", n.type);
  w.Text("text", n.text);
  w.Text("device", n.device);
  w.Count("bytes", n.bytes);
  w.Key("first");
  w.Number(n.first);
  w.Key("last");
  w.Number(n.last);
  w.Numbers("became", n.became);
  w.Ref("scope", n.scope);
  w.Ref("body", n.body);
  w.Numbers("sources", n.sources);
  w.Strings("outputs", n.outputs);
  w.Numbers("steps", n.steps);
  w.Numbers("reasons", n.reasons);
  w.Close('}');
}

void WriteSource(JsonWriter& w, const SourceTable::Entry& entry) {
  w.Open('{');
  w.Text("op", GetOp(entry.op).name);
  w.Text("name", entry.name);
  if (entry.position.known()) {
    w.Text("file", entry.position.file);
    w.Count("line", entry.position.line);
    w.Count("column", entry.position.column);
    w.Count("length", entry.position.length);
  }
  w.Close('}');
}

void WriteGroup(JsonWriter& w, const Group& group, const GroupPicture& picture) {
  w.Open('{');
  w.Text("name", group.name);
  w.Text("kind", GroupKindName(group.kind));
  w.Ref("parent", group.parent);
  w.Count("times", group.times);
  w.Count("count", group.count);
  w.Key("first");
  w.Number(group.first);
  w.Key("last");
  w.Number(group.last);
  if (group.open) {
    w.Key("open");
    w.Raw("true");
  }
  w.Key("closed_size");
  w.NumberList(std::vector<double>{picture.closed_width, picture.closed_height});
  w.Key("size");
  w.NumberList(std::vector<double>{picture.width, picture.height});
  w.Key("items");
  w.Open('[');
  for (const Placed& item : picture.items) {
    w.NumberList(std::vector<double>{static_cast<double>(item.type),
                                     static_cast<double>(item.index), item.x, item.y, item.width,
                                     item.height});
  }
  w.Close(']');
  w.Key("routes");
  w.Open('[');
  for (const Route& route : picture.routes) {
    w.Open('[');
    w.Number(route.from);
    w.Number(route.to);
    w.Number(route.first);
    w.Number(route.last);
    w.Number(route.bytes);
    w.NumberList(route.edges);
    w.Open('[');
    for (const Point& p : route.points) {
      w.Number(p.x);
      w.Number(p.y);
    }
    w.Close(']');
    w.Close(']');
  }
  w.Close(']');
  w.Close('}');
}

// What its node says, and the operands' names and types, is not said again.
void WriteStep(JsonWriter& w, const Segment& s, size_t i) {
  const ExplainedStep& step = s.plan.steps[i];
  w.Open('{');
  w.Text("kind", step.kind);
  w.Text("kernel", step.kernel);
  w.Strings("alternatives", step.alternatives);
  w.Text("device", step.device);
  w.Ref("node", s.step_node[i]);
  w.Numbers("reads", s.step_reads[i]);
  w.Numbers("writes", s.step_writes[i]);
  std::vector<std::string> layouts;
  bool any = false;
  for (const ExplainedOperand& operand : step.operands) {
    layouts.push_back(operand.layout);
    any = any || !operand.layout.empty();
  }
  if (any) w.Strings("layouts", layouts);
  w.Count("flops", step.flops);
  w.Count("bytes", step.bytes);
  w.Count("estimated_seconds", step.seconds);
  w.Count("roofline_seconds", step.roofline);
  w.Count("workspace_bytes", static_cast<double>(step.workspace_bytes));
  if (step.measured.has_value()) {
    w.Key("measured");
    w.Open('{');
    w.Key("seconds");
    w.Number(step.measured->seconds);
    w.Key("share");
    w.Number(step.measured->share);
    w.Count("alternative", step.measured->alternative);
    w.Key("start");
    w.Number(step.measured->start);
    w.Close('}');
  }
  w.Close('}');
}

void WriteSegment(JsonWriter& w, const Segment& s) {
  w.Open('{');
  WriteList(w, "stages", s.stages, [&](const Stage& stage) {
    w.Open('{');
    w.Text("name", stage.name);
    w.Text("kind", StageKindName(stage.kind));
    w.Count("made", stage.made);
    w.Count("removed", stage.removed);
    w.Close('}');
  });
  WriteList(w, "nodes", s.nodes, [&](const Node& n) { WriteNode(w, n); });
  WriteList(w, "edges", s.edges, [&](const Edge& e) {
    w.NumberList(std::vector<double>{static_cast<double>(e.from), static_cast<double>(e.result),
                                     static_cast<double>(e.to), static_cast<double>(e.operand),
                                     static_cast<double>(e.first), static_cast<double>(e.last),
                                     e.bytes});
  });
  WriteList(w, "scopes", s.scopes, [&](const Scope& scope) {
    w.Open('{');
    w.Text("name", scope.name);
    w.Ref("parent", scope.parent);
    w.Ref("source", scope.source);
    w.Close('}');
  });
  WriteList(w, "sources", s.sources, [&](const auto& entry) { WriteSource(w, entry); });
  WriteList(w, "reasons", s.reasons, [&](const SeenReason& reason) {
    w.Open('{');
    w.Ref("stage", reason.stage);
    w.Ref("rule", reason.rule);
    w.Key("fired");
    w.Raw(reason.fired ? "true" : "false");
    w.Text("text", reason.text);
    w.Numbers("nodes", reason.nodes);
    w.Close('}');
  });
  w.Strings("bodies", s.bodies);
  if (s.planned) {
    w.Key("steps");
    w.Open('[');
    for (size_t i = 0; i < s.plan.steps.size(); ++i) {
      w.NewLine();
      WriteStep(w, s, i);
    }
    w.Close(']');
    WriteList(w, "buffers", s.buffers, [&](const SeenBuffer& b) {
      w.Open('{');
      w.Text("kind", BufferKindName(b.kind));
      w.Text("device", b.device);
      w.Count("bytes", static_cast<double>(b.bytes));
      w.Count("offset", static_cast<double>(b.offset));
      w.Key("first");
      w.Number(b.first);
      w.Key("last");
      w.Number(b.last);
      w.Ref("node", b.node);
      w.Close('}');
    });
    WriteList(w, "arenas", s.plan.arenas, [&](const auto& arena) {
      w.Open('{');
      w.Text("device", arena.first);
      w.Count("bytes", static_cast<double>(arena.second));
      w.Close('}');
    });
    w.Count("peak_bytes", static_cast<double>(s.plan.peak_bytes));
    w.Ref("peak_step", s.plan.peak_step);
    w.Numbers("live_bytes", s.plan.live_bytes);
    w.Numbers("critical_path", s.critical_path);
    w.Count("critical_seconds", s.critical_seconds);
    w.Strings("planned_later", s.plan.rest);
  }
  const Picture picture =
      DrawPicture(s, ViewOf(s, kAllStages), kMaxDrawnInPage, Inside::kAllGroups);
  w.Key("picture");
  w.Open('{');
  w.Key("groups");
  w.Open('[');
  for (size_t g = 0; g < picture.groups.size(); ++g) {
    w.NewLine();
    WriteGroup(w, picture.folding.groups[g], picture.groups[g]);
  }
  w.Close(']');
  w.Close('}');
  w.Close('}');
}

}  // namespace

std::string ToJson(const Document& document, const Machine& machine) {
  JsonWriter w;
  w.Open('{');
  w.Key("format");
  w.Number(1);
  w.Text("otium", Version());
  w.Text("graph", document.name);
  w.Key("kinds");
  w.Open('[');
  for (int k = 0; k < kNumNodeKinds; ++k) w.String(NodeKindName(static_cast<NodeKind>(k)));
  w.Close(']');
  WriteList(w, "rules", document.rules, [&](const Rule* rule) {
    w.Open('{');
    w.Text("name", rule->name);
    w.Text("formula", rule->formula);
    w.Text("condition", rule->condition);
    w.Text("error", ErrorClassName(rule->error));
    w.Close('}');
  });
  if (!document.segments.empty() && document.segments[0].planned) {
    WriteList(w, "devices", machine.devices, [&](const DeviceModel& d) {
      w.Open('{');
      w.Text("device", DeviceToString(d.device));
      w.Text("name", d.name);
      w.Count("f32_flops", d.f32_flops);
      w.Count("f64_flops", d.f64_flops);
      w.Count("memory_bandwidth", d.memory_bandwidth);
      w.Close('}');
    });
  }
  w.Key("segments");
  w.Open('[');
  for (const Segment& s : document.segments) WriteSegment(w, s);
  w.Close(']');
  if (document.measured) {
    w.Count("measured_seconds", document.measured_seconds);
    w.Count("unattributed_seconds", document.unattributed_seconds);
  }
  w.Close('}');
  return w.Take() + "\n";
}

}  // namespace otium::viz
