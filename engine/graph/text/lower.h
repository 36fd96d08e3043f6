// SPDX-License-Identifier: Apache-2.0
//
// A graph file, read: text to Functions. Syntax (parser.h) becomes Expr nodes by
// MakeNode, so a graph from a file is checked by the same rules as one from C++,
// and Capture makes Graphs of them. Every node knows its position in the file.
//
//   ParseResult result = ParseGraphFile(text, "ridge.otm", {});
//   if (!result.ok()) Print(FormatDiagnostics(result.diagnostics, text));
//   const Function& main = result.graphs.back();
//
// A file may come from a stranger: it is read within the limits below, reads no
// file but through `load`, and allocates in proportion to its text.

#ifndef OTIUM_ENGINE_GRAPH_TEXT_LOWER_H_
#define OTIUM_ENGINE_GRAPH_TEXT_LOWER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/base/export.h"
#include "engine/base/tensor.h"
#include "engine/graph/function.h"
#include "engine/graph/text/diagnostics.h"

namespace otium {

// Graphs that call graphs that call ...
inline constexpr int kMaxCallDepth = 64;
// Nodes of calls that are written out (see CallableGraph), over a whole file: a
// few lines could ask for any number.
inline constexpr int64_t kMaxWrittenOut = 100'000;

struct OTIUM_EXPORT ParseOptions {
  // Reads the file of `load("w.npy")`. The path is absolute, or relative to the
  // working directory when the file name given to ParseGraphFile is. Without it
  // load is an error.
  std::function<absl::StatusOr<Tensor>(const std::string& path)> load;
  // Whether `load` may leave the folder of the graph file.
  bool load_anywhere = false;
  int max_errors = 20;
  int64_t max_bytes = int64_t{256} << 20;
  // Nodes of a graph, those of the graphs it calls counted at each call.
  int64_t max_nodes = 10'000'000;
};

struct OTIUM_EXPORT ParseResult {
  // Errors and warnings in the order in which they were found.
  std::vector<Diagnostic> diagnostics;
  // In the order of the file, those without errors; the last one is what runs.
  std::vector<Function> graphs;

  // No errors.
  bool ok() const;
};

// `file_name` is what positions say and what load is relative to.
OTIUM_EXPORT ParseResult ParseGraphFile(absl::string_view text, absl::string_view file_name,
                                        const ParseOptions& options = {});

}  // namespace otium

#endif  // OTIUM_ENGINE_GRAPH_TEXT_LOWER_H_
