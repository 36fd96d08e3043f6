// SPDX-License-Identifier: Apache-2.0

#ifndef OTIUM_TOOLS_OTIUM_GRAPH_FILE_H_
#define OTIUM_TOOLS_OTIUM_GRAPH_FILE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/graph/function.h"
#include "tools/otium/session.h"

namespace otium::cli {

// A text file, or stdin for "-"; at most 256 MiB. Exit::kBadInput.
absl::StatusOr<std::string> ReadTextFile(const std::string& path);

// The graphs of the file that the options name; the last one is what runs. Every
// error and warning in it is reported; then the status is Exit::kBadGraph.
absl::StatusOr<std::vector<Function>> LoadGraphs(Session& session);
// The one that runs.
absl::StatusOr<Function> LoadGraph(Session& session);

// "ridge(A: f64[m, n], b: f64[m], lambda: f64[] positive = 0.1) -> (x: f64[n], r: f64[])".
std::string Signature(const Graph& graph);

}  // namespace otium::cli

#endif  // OTIUM_TOOLS_OTIUM_GRAPH_FILE_H_
