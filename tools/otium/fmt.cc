// SPDX-License-Identifier: Apache-2.0
//
// otium fmt: a graph file, tidied; --write changes it in place, --check says with
// the exit code whether it would change, --canonical prints what was understood.

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/graph/text/format.h"
#include "engine/graph/text/printer.h"
#include "engine/io/atomic_file.h"
#include "nlohmann/json.hpp"
#include "tools/otium/commands.h"
#include "tools/otium/graph_file.h"

namespace otium::cli {
namespace {

absl::Status PrintResult(Session& session, const std::string& text) {
  if (session.options().json) session.document()["text"] = text;
  session.Print(text);
  return absl::OkStatus();
}

}  // namespace

absl::Status FmtCommand(Session& session) {
  const Options& options = session.options();
  if (options.canonical) {
    OTIUM_ASSIGN_OR_RETURN(const Function function, LoadGraph(session));
    return PrintResult(session, PrintGraph(function.graph()));
  }
  OTIUM_ASSIGN_OR_RETURN(std::string text, ReadTextFile(options.file));
  session.SetSource(std::move(text));
  const FormatResult result =
      FormatGraphFile(session.source(), options.file == "-" ? "<stdin>" : options.file);
  session.Report(result.diagnostics);
  if (!result.diagnostics.empty()) return FailReported(Exit::kBadGraph);
  const bool changed = result.text != session.source();
  if (options.json) session.document()["changed"] = changed;
  if (options.check) {
    if (!changed) return absl::OkStatus();
    return Fail(Exit::kDiffers, absl::StrCat(options.file, ": not tidy"),
                absl::StrCat("otium fmt --write ", options.file, " makes it so"));
  }
  if (options.write) {
    if (options.file == "-") return Fail(Exit::kUsage, "--write needs a file");
    if (!changed) return absl::OkStatus();
    return WithExit(WriteFileAtomically(options.file, result.text), Exit::kRunFailed);
  }
  return PrintResult(session, result.text);
}

}  // namespace otium::cli
