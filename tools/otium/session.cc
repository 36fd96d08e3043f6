// SPDX-License-Identifier: Apache-2.0
#include "tools/otium/session.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/graph/expr.h"
#include "engine/graph/status_notes.h"
#include "engine/version.h"
#include "nlohmann/json.hpp"
#include "tools/otium/api_words.h"

namespace otium::cli {
namespace {

// Columns of stderr, so that carets stand under what they point at.
size_t DiagnosticWidth() {
  const size_t width = TerminalWidth(STDERR_FILENO);
  return width == 0 ? kDiagnosticWidth : std::min(width, kDiagnosticWidth);
}

Json PositionToJson(const SourcePosition& position) {
  if (!position.known()) return nullptr;
  return {{"file", position.file},
          {"line", position.line},
          {"column", position.column},
          {"length", position.length}};
}

Json DiagnosticToJson(const Diagnostic& diagnostic) {
  Json notes = Json::array();
  for (const Diagnostic::Note& note : diagnostic.notes) {
    notes.push_back({{"message", note.message}, {"position", PositionToJson(note.position)}});
  }
  return {{"message", diagnostic.message},
          {"position", PositionToJson(diagnostic.position)},
          {"notes", std::move(notes)},
          {"help", diagnostic.help}};
}

absl::string_view ExitName(Exit exit) {
  switch (exit) {
    case Exit::kFine: return "fine";
    case Exit::kRunFailed: return "run failed";
    case Exit::kUsage: return "usage";
    case Exit::kBadGraph: return "graph";
    case Exit::kBadInput: return "input";
    case Exit::kNoDevice: return "device or memory";
    case Exit::kDiffers: return "differs";
    case Exit::kInterrupted: return "interrupted";
  }
  return "run failed";
}

}  // namespace

CancelFlag& Interrupted() {
  static CancelFlag flag;
  return flag;
}

absl::Status CheckInterrupted() {
  return Interrupted().IsCancelled() ? Fail(Exit::kInterrupted, "interrupted") : absl::OkStatus();
}

Session::Session(Options options)
    : options_(std::move(options)),
      stderr_color_(WantsColor(options_.color, STDERR_FILENO)),
      stdout_style_(StyleOf(options_.color, STDOUT_FILENO)),
      diagnostic_width_(DiagnosticWidth()) {
  if (!options_.json) return;
  document_ = std::make_unique<Json>(Json{{"otium", std::string(Version())},
                                          {"format", 1},
                                          {"command", options_.command},
                                          {"exit_code", 0},
                                          {"status", "fine"},
                                          {"errors", Json::array()},
                                          {"warnings", Json::array()}});
}
Session::~Session() = default;

void Session::Print(absl::string_view text) {
  if (document_ != nullptr || stdout_failed_) return;
  stdout_failed_ = std::fwrite(text.data(), 1, text.size(), stdout) != text.size();
}

void Session::WipeBar() {
  if (bar_drawn_.exchange(false)) std::fputs("\r\033[K", stderr);
}

void Session::Note(absl::string_view line) {
  if (options_.quiet || document_ != nullptr) return;
  WipeBar();
  std::fprintf(stderr, "%s\n", std::string(line).c_str());
}

void Session::Report(absl::Span<const Diagnostic> diagnostics) {
  for (Diagnostic d : diagnostics) {
    d.message = InOptions(d.message);
    d.help = InOptions(d.help);
    for (Diagnostic::Note& note : d.notes) note.message = InOptions(note.message);
    const bool is_error = d.severity == Severity::kError;
    if (document_ != nullptr) {
      (*document_)[is_error ? "errors" : "warnings"].push_back(DiagnosticToJson(d));
    } else if (is_error || !options_.quiet) {
      const auto color = stderr_color_ ? DiagnosticColor::kColored : DiagnosticColor::kPlain;
      WipeBar();
      // What is wrong elsewhere than in the graph file is told by the program.
      if (!d.position.known()) std::fputs("otium: ", stderr);
      std::fputs(FormatDiagnostic(d, source_, color, diagnostic_width_).c_str(), stderr);
    }
  }
}

int Session::Finish(const absl::Status& status) {
  absl::Status final = status;
  // A system call that ^C broke off fails in words of its own.
  if (!status.ok() && !IsReported(status) && Interrupted().IsCancelled()) {
    final = Fail(Exit::kInterrupted, "interrupted");
  }
  auto report = [&](const absl::Status& error) {
    Diagnostic d;
    d.message = std::string(error.message());
    d.help = HelpOf(error);
    d.position = PositionOf(error);
    for (StatusNote& note : NotesOf(error)) {
      d.notes.push_back({note.position, std::move(note.message)});
    }
    Report({&d, 1});
  };
  if (!final.ok() && !IsReported(final)) report(final);
  if (document_ != nullptr) {
    const Exit exit = ExitOf(final);
    (*document_)["exit_code"] = static_cast<int>(exit);
    (*document_)["status"] = std::string(ExitName(exit));
    // Names and paths may hold bytes that are no UTF-8.
    const std::string text =
        document_->dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    document_ = nullptr;
    Print(text);
  }
  errno = 0;
  if ((std::fflush(stdout) != 0 || stdout_failed_ || std::ferror(stdout) != 0) && final.ok()) {
    final = Fail(Exit::kRunFailed, absl::StrCat("cannot write to stdout: ",
                                                std::strerror(errno != 0 ? errno : EIO)));
    report(final);
  }
  return static_cast<int>(ExitOf(final));
}

}  // namespace otium::cli
