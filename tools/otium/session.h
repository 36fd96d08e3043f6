// SPDX-License-Identifier: Apache-2.0
//
// One invocation: its options, what it has said so far, and whether the user
// has pressed ^C. stdout takes results only and is written through Print;
// everything else goes to stderr, or with --json into the one document that
// stdout is then (see README.md).

#ifndef OTIUM_TOOLS_OTIUM_SESSION_H_
#define OTIUM_TOOLS_OTIUM_SESSION_H_

#include <atomic>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/graph/text/diagnostics.h"
#include "engine/run/observe.h"
#include "nlohmann/json_fwd.hpp"
#include "tools/otium/exit_status.h"
#include "tools/otium/options.h"
#include "tools/otium/terminal.h"

namespace otium::cli {

using Json = nlohmann::ordered_json;

// Set by SIGINT, from the first line of main on.
CancelFlag& Interrupted();
// kInterrupted when it is set.
absl::Status CheckInterrupted();

class Session {
 public:
  explicit Session(Options options);
  ~Session();

  const Options& options() const { return options_; }
  // The document of --json; commands add members to it. Only with --json.
  Json& document() { return *document_; }

  // Results. Nothing with --json.
  void Print(absl::string_view text);
  // Remarks on stderr, one line; nothing with --quiet or --json.
  void Note(absl::string_view line);

  // The text of the graph file, so that errors can show their line.
  void SetSource(std::string text) { source_ = std::move(text); }
  const std::string& source() const { return source_; }

  // Errors and warnings on stderr, or into the document.
  void Report(absl::Span<const Diagnostic> diagnostics);
  // The error that ends the program, if it is one, and the rest of the document;
  // returns the exit code.
  int Finish(const absl::Status& status);

  // Whether to write colours to stderr.
  bool stderr_color() const { return stderr_color_; }
  // How results look.
  const TextStyle& stdout_style() const { return stdout_style_; }

  // Whether a progress bar stands in the last line of stderr; what is written
  // next wipes it.
  std::atomic<bool>& bar_drawn() const { return bar_drawn_; }

 private:
  void WipeBar();

  const Options options_;
  std::unique_ptr<Json> document_;
  std::string source_;
  bool stdout_failed_ = false;
  bool stderr_color_ = false;
  const TextStyle stdout_style_;
  size_t diagnostic_width_ = kDiagnosticWidth;
  mutable std::atomic<bool> bar_drawn_{false};
};

}  // namespace otium::cli

#endif  // OTIUM_TOOLS_OTIUM_SESSION_H_
