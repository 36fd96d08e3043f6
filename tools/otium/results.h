// SPDX-License-Identifier: Apache-2.0
//
// Where results go: printed as NumPy prints them, or with -o into files, which
// are whole or absent; -o - writes them to stdout as .npy, one after the other.

#ifndef OTIUM_TOOLS_OTIUM_RESULTS_H_
#define OTIUM_TOOLS_OTIUM_RESULTS_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/graph/graph.h"
#include "engine/run/tensor_map.h"
#include "tools/otium/session.h"

namespace otium::cli {

struct OutputFile {
  std::string path;  // "-": stdout.
  // Which results, and under which names in an .npz.
  std::vector<std::pair<std::string, std::string>> results;
};

// The -o options, checked before anything is computed: names of results and kinds
// of files (Exit::kUsage), folders (kRunFailed).
absl::StatusOr<std::vector<OutputFile>> ParseOutputs(const Options& options, const Graph& graph);

// "x, y".
std::string ResultNames(const Graph& graph);

// Writes the files, or prints the results when there are none; into the document
// with --json. Exit::kRunFailed when something cannot be written.
absl::Status DeliverResults(Session& session, const TensorMap& results,
                            const std::vector<OutputFile>& files);

// Elements that are printed without --full.
inline constexpr int64_t kMaxPrinted = 1000;

}  // namespace otium::cli

#endif  // OTIUM_TOOLS_OTIUM_RESULTS_H_
