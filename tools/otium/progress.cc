// SPDX-License-Identifier: Apache-2.0
#include "tools/otium/progress.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "tools/otium/terminal.h"

namespace otium::cli {

struct ProgressBar::Thread {
  std::mutex mutex;
  std::condition_variable stopped;
  bool stop = false;
  std::thread thread;
};

namespace {

std::string BarText(const char* phase, const Progress& progress) {
  constexpr int kWidth = 30;
  const char* op = progress.op.load(std::memory_order_relaxed);
  if (op == nullptr) return absl::StrFormat("%s ...", phase);
  const double share = std::clamp(progress.share.load(std::memory_order_relaxed), 0.0, 1.0);
  const int full = static_cast<int>(share * kWidth);
  return absl::StrFormat("%s [%s%s] %3.0f%% %s", phase, std::string(full, '#'),
                         std::string(kWidth - full, '.'), 100 * share, op);
}

// A bar that wraps could not be wiped.
void Draw(absl::string_view text) {
  text = text.substr(0, TerminalWidth(STDERR_FILENO) - 1);
  std::fputs(absl::StrCat("\r\033[K", text).c_str(), stderr);
}

}  // namespace

ProgressBar::ProgressBar(const Session& session, const char* phase)
    : phase_(phase), session_(session) {
  if (session.options().quiet || session.options().json || isatty(STDERR_FILENO) == 0) return;
  thread_ = std::make_unique<Thread>();
  thread_->thread = std::thread([this] {
    std::unique_lock<std::mutex> lock(thread_->mutex);
    auto wait = std::chrono::milliseconds(1000);
    while (!thread_->stopped.wait_for(lock, wait, [this] { return thread_->stop; })) {
      Draw(BarText(phase_.load(), progress_));
      session_.bar_drawn() = true;
      wait = std::chrono::milliseconds(100);
    }
    if (session_.bar_drawn().exchange(false)) std::fputs("\r\033[K", stderr);
  });
}

ProgressBar::~ProgressBar() {
  if (thread_ == nullptr) return;
  {
    const std::lock_guard<std::mutex> lock(thread_->mutex);
    thread_->stop = true;
  }
  thread_->stopped.notify_one();
  thread_->thread.join();
}

void ProgressBar::SetPhase(const char* phase) {
  progress_.op.store(nullptr, std::memory_order_relaxed);
  phase_.store(phase);
}

}  // namespace otium::cli
