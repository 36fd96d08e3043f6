// SPDX-License-Identifier: Apache-2.0
//
// Passes, text in and text out. A case is a file tests/golden/<pass>/<name>.otm:
// a graph with static sizes, a line "====", and what the pass makes of it, with
// its reasons. `# passes: a b` in the first line runs others than the folder's;
// `# math: strict` sets the mode. OTIUM_BLESS=1 rewrites the expectations.
//
// Files in a folder <pass>/same_*/ must all give one graph: several ways to write a
// thing get one plan.

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "engine/engine.h"
#include "engine/graph/text/lower.h"
#include "engine/graph/text/printer.h"
#include "engine/optimize/optimize.h"
#include "gtest/gtest.h"

namespace otium {
namespace {

namespace fs = std::filesystem;

constexpr char kSeparator[] = "====\n";
constexpr char kRoot[] = "tests/golden";

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

struct Settings {
  std::vector<std::string> passes;
  MathMode math = MathMode::kStandard;
};

Settings SettingsOf(absl::string_view text, const fs::path& path) {
  Settings s;
  s.passes = {fs::relative(path, kRoot).begin()->string()};
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (absl::ConsumePrefix(&line, "# passes: ")) {
      s.passes.clear();
      for (absl::string_view pass : absl::StrSplit(line, ' ')) s.passes.emplace_back(pass);
    }
    if (line == "# math: strict") s.math = MathMode::kStrict;
    if (line == "# math: fast") s.math = MathMode::kFast;
  }
  return s;
}

// The graph after the passes, and the reasons.
std::pair<std::string, std::string> RunPasses(absl::string_view text, const fs::path& path) {
  const Settings settings = SettingsOf(text, path);
  const ParseResult parsed = ParseGraphFile(text, path.filename().string(), {});
  if (!parsed.ok()) {
    ADD_FAILURE() << path << ": " << FormatDiagnostics(parsed.diagnostics, text);
    return {};
  }
  OptimizeOptions options;
  options.math = settings.math;
  options.verify = true;
  for (absl::string_view pass : PassNames()) {
    if (std::find(settings.passes.begin(), settings.passes.end(), pass) == settings.passes.end()) {
      options.disabled_passes.emplace_back(pass);
    }
  }
  auto evaluate = [](const Graph& graph) -> absl::StatusOr<std::vector<Tensor>> {
    const absl::StatusOr<Program> program =
        Compile(Function(graph), {.optimize = {.optimize = false}});
    if (!program.ok()) return program.status();
    const absl::StatusOr<TensorMap> r = program->Run({});
    if (!r.ok()) return r.status();
    std::vector<Tensor> values;
    for (const auto& [name, value] : *r) values.push_back(value);
    return values;
  };
  // The default machine, so that the expectations are the same everywhere.
  const Machine machine{{DeviceModel()}};
  const absl::StatusOr<OptimizeResult> result =
      Optimize(parsed.graphs.back().graph_ptr(), machine, options, evaluate);
  if (!result.ok()) {
    ADD_FAILURE() << path << ": " << result.status();
    return {};
  }
  std::string reasons;
  for (const Reason& r : result->reasons) {
    absl::StrAppend(&reasons, "# ", ReasonText(r, *result->graph->sources()), "\n");
  }
  return {PrintGraph(*result->graph), reasons};
}

std::vector<fs::path> Cases() {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::recursive_directory_iterator(kRoot)) {
    if (entry.path().extension() == ".otm") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

class Golden : public testing::TestWithParam<fs::path> {};

TEST_P(Golden, PassGivesTheExpectedText) {
  const std::string file = ReadFile(GetParam());
  const size_t cut = file.find(kSeparator);
  const std::string source = file.substr(0, cut);
  const auto [graph, reasons] = RunPasses(source, GetParam());
  const std::string actual = absl::StrCat(graph, reasons);
  if (std::getenv("OTIUM_BLESS") != nullptr) {
    std::ofstream(GetParam()) << source << kSeparator << actual;
    return;
  }
  ASSERT_NE(cut, std::string::npos) << "no expectation: run once with OTIUM_BLESS=1 and look";
  EXPECT_EQ(actual, file.substr(cut + std::strlen(kSeparator)));
}

INSTANTIATE_TEST_SUITE_P(Passes, Golden, testing::ValuesIn(Cases()),
                         [](const testing::TestParamInfo<fs::path>& info) {
                           std::string name = info.param.parent_path().filename().string() + "_" +
                                              info.param.stem().string();
                           std::replace_if(
                               name.begin(), name.end(), [](char c) { return !isalnum(c); }, '_');
                           return name;
                         });

TEST(Golden, WaysToWriteAThingGetOneGraph) {
  int groups = 0;
  for (const auto& entry : fs::recursive_directory_iterator(kRoot)) {
    if (!entry.is_directory() || !absl::StartsWith(entry.path().filename().string(), "same_")) {
      continue;
    }
    ++groups;
    std::string first;
    for (const auto& file : fs::directory_iterator(entry.path())) {
      const std::string text = ReadFile(file.path());
      const std::string graph = RunPasses(text.substr(0, text.find(kSeparator)), file.path()).first;
      if (first.empty()) first = graph;
      EXPECT_EQ(graph, first) << file.path();
    }
  }
  EXPECT_GT(groups, 0);
}

}  // namespace
}  // namespace otium
