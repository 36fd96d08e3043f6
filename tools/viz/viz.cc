// SPDX-License-Identifier: Apache-2.0
#include "tools/viz/viz.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/io/atomic_file.h"
#include "engine/optimize/cost.h"
#include "tools/viz/outputs.h"

namespace otium {
namespace {

using viz::Document;

struct Format {
  absl::string_view extension;
  std::string (*write)(const Document& document, const Machine& machine);
};

constexpr Format kFormats[] = {
    {".html", [](const Document& d, const Machine& m) { return viz::ToHtml(d, m); }},
    {".svg", [](const Document& d, const Machine&) { return viz::ToSvg(d); }},
    {".dot", [](const Document& d, const Machine&) { return viz::ToDot(d); }},
    {".json", [](const Document& d, const Machine& m) { return viz::ToJson(d, m); }},
    {".txt", [](const Document& d, const Machine&) { return viz::ToListing(d); }},
};

const Format* FormatOf(absl::string_view path) {
  for (const Format& f : kFormats) {
    if (absl::EndsWithIgnoreCase(path, f.extension)) return &f;
  }
  return nullptr;
}

absl::Status Write(const Document& document, const Machine& machine, absl::string_view path) {
  return WriteFileAtomically(path, FormatOf(path)->write(document, machine));
}

}  // namespace

std::function<void(absl::string_view, const GraphPtr&)> PassHistory::Observer() const {
  return [segments = segments_](absl::string_view pass, const GraphPtr& graph) {
    if (pass == "source") segments->emplace_back();
    segments->back().emplace_back(std::string(pass), graph);
  };
}

absl::Status CheckDumpPath(absl::string_view path) {
  if (FormatOf(path) != nullptr) return absl::OkStatus();
  std::string extensions;
  for (const Format& f : kFormats) absl::StrAppend(&extensions, " ", f.extension);
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": the extension says what to write, one of", extensions));
}

absl::Status DumpGraph(const Graph& graph, absl::string_view path) {
  OTIUM_RETURN_IF_ERROR(CheckDumpPath(path));
  return Write(viz::DescribeGraph(graph), HostMachine(), path);
}

absl::Status DumpGraph(const Function& function, absl::string_view path) {
  return DumpGraph(function.graph(), path);
}

absl::Status DumpPlan(const std::shared_ptr<const Plan>& plan, absl::string_view path,
                      const DumpOptions& options) {
  OTIUM_RETURN_IF_ERROR(CheckDumpPath(path));
  return Write(viz::DescribePlans({plan}, options),
               options.machine != nullptr ? *options.machine : HostMachine(), path);
}

}  // namespace otium
