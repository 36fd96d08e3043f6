// SPDX-License-Identifier: Apache-2.0
//
// Graphs and plans to look at: link otium::viz.
//
//   #include <otium/viz.h>
//
//   OTIUM_RETURN_IF_ERROR(DumpGraph(function, "ridge.svg"));
//
//   PassHistory history;                       // to see what each pass did
//   CompileOptions options;
//   options.optimize.observe = history.Observer();
//   absl::StatusOr<Program> program = Compile(function, options);
//   auto plan = program->PlanFor(inputs, {});
//   OTIUM_RETURN_IF_ERROR(DumpPlan(*plan, "ridge.html", {.history = &history}));
//
// The extension says what is written:
//
//   .html  a page that works offline      .svg   a picture, light and dark
//   .dot   for Graphviz                    .json  everything (tools/viz/README.md)
//   .txt   a listing for terminals and diffs
//
// The same file, byte for byte, for the same plan; measured times are in it only
// when a profile is given. Written whole or not at all.

#ifndef OTIUM_TOOLS_VIZ_VIZ_H_
#define OTIUM_TOOLS_VIZ_VIZ_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/engine.h"
#include "engine/graph/function.h"

namespace otium {

// The graphs that the passes made, for each segment that was planned.
class PassHistory {
 public:
  using Graphs = std::vector<std::pair<std::string, GraphPtr>>;

  PassHistory() : segments_(std::make_shared<std::vector<Graphs>>()) {}
  // For OptimizeOptions::observe; planning in several threads at once mixes them up.
  std::function<void(absl::string_view, const GraphPtr&)> Observer() const;
  const std::vector<Graphs>& segments() const { return *segments_; }

 private:
  std::shared_ptr<std::vector<Graphs>> segments_;
};

struct DumpOptions {
  const PassHistory* history = nullptr;
  const Profile* profile = nullptr;
  // The one that was planned for; null: this machine (HostMachine()).
  const Machine* machine = nullptr;
};

// Errors: kInvalidArgument for another extension, and those of writing.
absl::Status DumpGraph(const Graph& graph, absl::string_view path);
absl::Status DumpGraph(const Function& function, absl::string_view path);
// With a profile, the plans of its run are shown and `plan` may be any.
absl::Status DumpPlan(const std::shared_ptr<const Plan>& plan, absl::string_view path,
                      const DumpOptions& options = {});

// kInvalidArgument, with the extensions there are, when `path` has none of them.
absl::Status CheckDumpPath(absl::string_view path);

}  // namespace otium

#endif  // OTIUM_TOOLS_VIZ_VIZ_H_
