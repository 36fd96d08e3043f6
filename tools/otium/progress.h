// SPDX-License-Identifier: Apache-2.0
//
// A bar on stderr that says what is going on: only on a terminal, only after one
// second, never with --quiet or --json. It is drawn by a thread of its own and
// gone before anything else is written.

#ifndef OTIUM_TOOLS_OTIUM_PROGRESS_H_
#define OTIUM_TOOLS_OTIUM_PROGRESS_H_

#include <atomic>
#include <memory>

#include "engine/run/observe.h"
#include "tools/otium/session.h"

namespace otium::cli {

class ProgressBar {
 public:
  // `phase`, a literal, is shown until the first step of a run begins.
  ProgressBar(const Session& session, const char* phase);
  // Wipes the bar.
  ~ProgressBar();

  void SetPhase(const char* phase);
  // For RunOptions::progress.
  Progress* progress() { return &progress_; }

 private:
  struct Thread;
  std::atomic<const char*> phase_;
  Progress progress_;
  const Session& session_;
  std::unique_ptr<Thread> thread_;  // Null when nothing will be shown.
};

}  // namespace otium::cli

#endif  // OTIUM_TOOLS_OTIUM_PROGRESS_H_
