// SPDX-License-Identifier: Apache-2.0
//
// Any text: refused with positions inside it, or a graph whose canonical text
// reads back as the same graph and prints the same; and a formatted file says
// the same as before.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/string_view.h"
#include "engine/graph/text/format.h"
#include "engine/graph/text/lower.h"
#include "engine/graph/text/printer.h"
#include "engine/graph/verify.h"

namespace {

void Require(bool condition) {
  if (!condition) abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace otium;
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  ParseOptions options;
  options.max_nodes = 10'000;
  const ParseResult parsed = ParseGraphFile(text, "fuzz.otm", options);
  FormatDiagnostics(parsed.diagnostics, text);
  const FormatResult formatted = FormatGraphFile(text, "fuzz.otm");
  if (formatted.diagnostics.empty()) {
    Require(FormatGraphFile(formatted.text, "fuzz.otm").text == formatted.text);
  }
  if (!parsed.ok()) return 0;
  const Graph& graph = parsed.graphs.back().graph();
  Require(VerifyGraph(graph).ok());
  const ParseResult tidied = ParseGraphFile(formatted.text, "fuzz.otm", options);
  Require(tidied.ok() && tidied.graphs.back().graph().fingerprint() == graph.fingerprint());
  const std::string canonical = PrintGraph(graph);
  const ParseResult again = ParseGraphFile(canonical, "fuzz.otm");
  Require(again.ok() && again.graphs.back().graph().fingerprint() == graph.fingerprint());
  Require(PrintGraph(again.graphs.back().graph()) == canonical);
  return 0;
}
