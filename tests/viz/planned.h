// SPDX-License-Identifier: Apache-2.0
//
// From the text of a graph to its plan, on a machine that is the same everywhere,
// with its passes watched.

#ifndef OTIUM_TESTS_VIZ_PLANNED_H_
#define OTIUM_TESTS_VIZ_PLANNED_H_

#include <memory>
#include <string>

#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "engine/engine.h"
#include "engine/graph/text/lower.h"
#include "gtest/gtest.h"
#include "tools/viz/model.h"
#include "tools/viz/viz.h"

namespace otium::viz {

struct Planned {
  std::shared_ptr<const Machine> machine =
      std::make_shared<const Machine>(Machine{{DeviceModel()}});
  PassHistory history;
  std::shared_ptr<const Plan> plan;

  DumpOptions options() const { return {.history = &history, .machine = machine.get()}; }
  Document Describe() const { return DescribePlans({plan}, options()); }
};

inline Planned PlanFunction(const Function& function, const SizeBindings& sizes) {
  Planned planned;
  CompileOptions options;
  options.machine = planned.machine;
  options.optimize.observe = planned.history.Observer();
  const absl::StatusOr<Program> program = Compile(function, options);
  EXPECT_TRUE(program.ok()) << program.status();
  if (!program.ok()) return planned;
  const auto plan = program->PlanFor(sizes);
  EXPECT_TRUE(plan.ok()) << plan.status();
  if (plan.ok()) planned.plan = *plan;
  return planned;
}

// `# sizes: m=2 n=3` in the text binds them.
inline Planned PlanText(absl::string_view text, absl::string_view name) {
  const ParseResult parsed = ParseGraphFile(text, std::string(name), {});
  EXPECT_TRUE(parsed.ok()) << FormatDiagnostics(parsed.diagnostics, text);
  if (!parsed.ok()) return {};
  SizeBindings sizes;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (!absl::ConsumePrefix(&line, "# sizes: ")) continue;
    for (absl::string_view size : absl::StrSplit(line, ' ')) {
      const std::vector<std::string> parts = absl::StrSplit(size, '=');
      sizes.Set(parts[0], std::stoll(parts[1]));
    }
  }
  return PlanFunction(parsed.graphs.back(), sizes);
}

}  // namespace otium::viz

#endif  // OTIUM_TESTS_VIZ_PLANNED_H_
