// SPDX-License-Identifier: Apache-2.0
//
// otium: the command line. The contract of its streams and exit codes is in
// README.md; each command is a function in the file of its name.

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tools/otium/command_line.h"
#include "tools/otium/commands.h"

namespace otium::cli {
namespace {

constexpr struct {
  absl::string_view name;
  absl::Status (*run)(Session&);
} kCommands[] = {
    {"run", RunCommand},   {"check", CheckCommand},     {"explain", ExplainCommand},
    {"viz", VizCommand},   {"bench", BenchCommand},     {"fmt", FmtCommand},
    {"convert", ConvertCommand}, {"ops", OpsCommand},   {"devices", DevicesCommand},
    {"calibrate", CalibrateCommand},
};

// ^C: the run stops after its step. One that does not end in two seconds, and a
// second ^C, are cut off; files are written under temporary names, so nothing
// half-written is left under a real one.
void OnAlarm(int) { _exit(static_cast<int>(Exit::kInterrupted)); }
void OnInterrupt(int) {
  if (Interrupted().IsCancelled()) _exit(static_cast<int>(Exit::kInterrupted));
  Interrupted().Cancel();
  alarm(2);
}

int Main(int argc, char** argv) {
  Interrupted();  // Made before a handler could be the first to ask for it.
  struct sigaction action = {};
  action.sa_handler = OnInterrupt;
  // No SA_RESTART: a read from a pipe ends, too.
  sigaction(SIGINT, &action, nullptr);
  action.sa_handler = OnAlarm;
  sigaction(SIGALRM, &action, nullptr);

  ParsedCommandLine parsed = ParseCommandLine(argc, argv);
  if (!parsed.options.has_value()) {
    Options options;
    options.command = parsed.command;
    options.json = parsed.json && parsed.text.empty();
    Session session(std::move(options));
    session.Print(parsed.text);
    return session.Finish(parsed.error.empty() ? absl::OkStatus()
                                               : Fail(Exit::kUsage, parsed.error, parsed.help));
  }
  Session session(*std::move(parsed.options));
  for (const auto& command : kCommands) {
    if (command.name == session.options().command) return session.Finish(command.run(session));
  }
  return session.Finish(Fail(Exit::kUsage, "unknown command"));
}

}  // namespace
}  // namespace otium::cli

int main(int argc, char** argv) { return otium::cli::Main(argc, argv); }
