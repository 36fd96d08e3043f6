// SPDX-License-Identifier: Apache-2.0
#include "tools/otium/graph_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/engine.h"
#include "engine/graph/text/lower.h"
#include "engine/io/print.h"
#include "engine/io/tensor_file.h"

namespace otium::cli {
namespace {

struct CloseFile {
  void operator()(std::FILE* f) const {
    if (f != stdin) std::fclose(f);
  }
};

// The value of a default, when it is a number; it uses no inputs.
std::string DefaultText(const Graph& graph) {
  constexpr char kElided[] = "...";
  if (!graph.IsStatic() || graph.type(graph.outputs()[0].value).rank() > 0) return kElided;
  const absl::StatusOr<Program> program = Compile(Function(graph));
  if (!program.ok()) return kElided;
  const absl::StatusOr<TensorMap> value = program->Run({});
  if (!value.ok()) return kElided;
  const absl::StatusOr<std::string> text = FormatTensor(value->begin()->second);
  return text.ok() ? *text : kElided;
}

}  // namespace

absl::StatusOr<std::string> ReadTextFile(const std::string& path) {
  constexpr size_t kMaxBytes = size_t{256} << 20;
  auto fail = [&](absl::string_view why) {
    return Fail(Exit::kBadInput, absl::StrCat(path, ": ", why));
  };
  if (path.empty()) return Fail(Exit::kUsage, "the name of FILE is empty");
  const std::unique_ptr<std::FILE, CloseFile> file(path == "-" ? stdin
                                                               : std::fopen(path.c_str(), "rb"));
  if (file == nullptr) return fail(absl::StrCat("cannot open: ", std::strerror(errno)));
  std::string text;
  char chunk[1 << 16];
  while (const size_t n = std::fread(chunk, 1, sizeof(chunk), file.get())) {
    text.append(chunk, n);
    if (text.size() > kMaxBytes) return fail("larger than 256 MiB");
    OTIUM_RETURN_IF_ERROR(CheckInterrupted());
  }
  if (std::ferror(file.get()) != 0) {
    return fail(absl::StrCat("cannot read: ", std::strerror(errno)));
  }
  return text;
}

absl::StatusOr<std::vector<Function>> LoadGraphs(Session& session) {
  const Options& options = session.options();
  OTIUM_ASSIGN_OR_RETURN(std::string text, ReadTextFile(options.file));
  session.SetSource(std::move(text));
  ParseOptions parse;
  int64_t failed_loads = 0;
  parse.load = [&](const std::string& path) {
    absl::StatusOr<Tensor> tensor = LoadTensor(path, NpyOptions{.mmap = !options.no_mmap});
    if (!tensor.ok()) ++failed_loads;
    return tensor;
  };
  parse.load_anywhere = options.load_anywhere;
  ParseResult result = ParseGraphFile(session.source(), options.file == "-" ? "<stdin>" : options.file,
                                      parse);
  session.Report(result.diagnostics);
  if (!result.ok()) {
    // When nothing is wrong but files that load() names, it is the data.
    const int64_t errors = std::count_if(
        result.diagnostics.begin(), result.diagnostics.end(),
        [](const Diagnostic& d) { return d.severity == Severity::kError; });
    return FailReported(errors == failed_loads ? Exit::kBadInput : Exit::kBadGraph);
  }
  if (result.graphs.empty()) {
    return Fail(Exit::kBadGraph, absl::StrCat(options.file, ": there is no graph in this file"),
                "a graph file begins with: graph NAME(...) -> ... {");
  }
  return std::move(result.graphs);
}

absl::StatusOr<Function> LoadGraph(Session& session) {
  OTIUM_ASSIGN_OR_RETURN(const std::vector<Function> graphs, LoadGraphs(session));
  return graphs.back();
}

std::string Signature(const Graph& graph) {
  std::string text = absl::StrCat(graph.name(), "(");
  for (const GraphInput& in : graph.inputs()) {
    absl::StrAppend(&text, &in == graph.inputs().data() ? "" : ", ", in.name, ": ",
                    graph.type(in.value).ToString());
    if (in.default_value != nullptr) absl::StrAppend(&text, " = ", DefaultText(*in.default_value));
  }
  absl::StrAppend(&text, ") -> (");
  for (const GraphOutput& out : graph.outputs()) {
    absl::StrAppend(&text, &out == graph.outputs().data() ? "" : ", ", out.name, ": ",
                    graph.type(out.value).ToString());
  }
  return absl::StrCat(text, ")");
}

}  // namespace otium::cli
