// SPDX-License-Identifier: Apache-2.0
#include "engine/optimize/rule.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"

namespace otium {
namespace {

std::string NodeText(const SourceTable& sources, SourceId id) {
  if (id >= sources.entries.size()) return "?";
  const SourceTable::Entry& e = sources.entries[id];
  std::string text(GetOp(e.op).name);
  if (!e.name.empty()) absl::StrAppend(&text, " ", e.name);
  if (e.position.known()) absl::StrAppend(&text, " (", e.position.ToString(), ")");
  return text;
}

// "2", "1.5 M": three digits and a prefix.
std::string NumberText(double value) {
  static constexpr struct {
    double scale;
    const char* suffix;
  } kScales[] = {{1e12, " T"}, {1e9, " G"}, {1e6, " M"}, {1e4, " k"}};
  for (const auto& s : kScales) {
    if (std::abs(value) >= s.scale) {
      return absl::StrFormat("%.3g%s", value / s.scale * (s.scale == 1e4 ? 10 : 1), s.suffix);
    }
  }
  return absl::StrFormat("%.4g", value);
}

// "26.7 ms": three digits and a prefix.
std::string SecondsText(double seconds) {
  static constexpr struct {
    double scale;
    const char* unit;
  } kUnits[] = {{1, "s"}, {1e-3, "ms"}, {1e-6, "us"}};
  for (const auto& u : kUnits) {
    if (std::abs(seconds) >= u.scale) return absl::StrFormat("%.3g %s", seconds / u.scale, u.unit);
  }
  return absl::StrFormat("%.3g ns", seconds * 1e9);
}

}  // namespace

Reason ReasonAt(const Rule& rule, const Graph& graph, NodeId a, std::optional<NodeId> b) {
  const auto origins = graph.origins(a);
  Reason reason{.rule = &rule};
  if (!origins.empty()) reason.nodes[0] = origins[0];
  if (b.has_value() && !graph.origins(*b).empty()) reason.nodes[1] = graph.origins(*b)[0];
  std::copy_if(origins.begin(), origins.end(), std::back_inserter(reason.calls),
               [&](SourceId id) { return graph.sources()->entries[id].op == Op::call; });
  return reason;
}

std::string ReasonText(const Reason& reason, const SourceTable& sources) {
  const Rule& rule = *reason.rule;
  const absl::string_view became = reason.became != nullptr ? reason.became->name : "what it reads";
  return absl::StrCat(rule.name, ": ",
                      absl::StrReplaceAll(rule.outcomes[reason.outcome],
                                          {{"$t0", SecondsText(reason.numbers[0])},
                                           {"$t1", SecondsText(reason.numbers[1])},
                                           {"$0", NumberText(reason.numbers[0])},
                                           {"$1", NumberText(reason.numbers[1])},
                                           {"$op", became},
                                           {"$a", NodeText(sources, reason.nodes[0])},
                                           {"$b", NodeText(sources, reason.nodes[1])}}));
}

}  // namespace otium
