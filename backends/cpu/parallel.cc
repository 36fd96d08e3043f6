// SPDX-License-Identifier: Apache-2.0

#include "backends/cpu/parallel.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#ifdef OTIUM_STD_THREAD_POOL
#include <condition_variable>
#include <deque>
#include <exception>
#include <thread>
#else
#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/partitioner.h>
#include <oneapi/tbb/task_arena.h>
#endif

namespace otium::cpu {
namespace {

constexpr int kMaxThreads = 1024;

#ifdef OTIUM_STD_THREAD_POOL

// A job is a counter that its caller and the workers draw indices from.
struct Job {
  Job(int64_t n, absl::FunctionRef<void(int64_t)> f) : tasks(n), body(f) {}
  const int64_t tasks;
  const absl::FunctionRef<void(int64_t)> body;
  std::atomic<int64_t> next{0};
  std::atomic<int64_t> done{0};
  // The first exception of a body; written before that body counts as done.
  std::once_flag failed;
  std::exception_ptr failure;
};

class Pool {
 public:
  explicit Pool(int width) : width_(width) {
    for (int i = 1; i < width; ++i) workers_.emplace_back([this] { Work(); });
  }

  ~Pool() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      stop_ = true;
    }
    wake_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }

  int width() const { return width_; }

  // The caller works on its own job until no index is left, so a job ends even
  // when all workers are busy elsewhere, and nested jobs cannot deadlock.
  void Run(int64_t tasks, absl::FunctionRef<void(int64_t)> body) {
    auto job = std::make_shared<Job>(tasks, body);
    {
      std::lock_guard<std::mutex> lock(mutex_);
      jobs_.push_back(job);
    }
    wake_.notify_all();
    Draw(*job);
    std::unique_lock<std::mutex> lock(mutex_);
    jobs_.erase(std::remove(jobs_.begin(), jobs_.end(), job), jobs_.end());
    finished_.wait(lock, [&] { return job->done.load() == tasks; });
    if (job->failure) std::rethrow_exception(job->failure);
  }

 private:
  void Draw(Job& job) {
    for (int64_t i; (i = job.next.fetch_add(1)) < job.tasks;) {
      try {
        job.body(i);
      } catch (...) {
        std::call_once(job.failed, [&] { job.failure = std::current_exception(); });
      }
      if (job.done.fetch_add(1) + 1 == job.tasks) {
        std::lock_guard<std::mutex> lock(mutex_);
        finished_.notify_all();
      }
    }
  }

  void Work() {
    std::unique_lock<std::mutex> lock(mutex_);
    while (true) {
      wake_.wait(lock, [&] { return stop_ || !jobs_.empty(); });
      if (stop_) return;
      const std::shared_ptr<Job> job = jobs_.back();
      if (job->next.load() >= job->tasks) {
        jobs_.pop_back();  // Drawn empty; its caller waits for what still runs.
        continue;
      }
      lock.unlock();
      Draw(*job);
      lock.lock();
    }
  }

  const int width_;
  std::mutex mutex_;
  std::condition_variable wake_, finished_;
  std::deque<std::shared_ptr<Job>> jobs_;
  std::vector<std::thread> workers_;
  bool stop_ = false;
};

// Every pool has its own threads.
struct WorkerLimit {
  void RaiseTo(int) {}
};

int DefaultWidth() { return std::max(1u, std::thread::hardware_concurrency()); }

#else

class Pool {
 public:
  explicit Pool(int width) : width_(width), arena_(width) {}

  int width() const { return width_; }

  void Run(int64_t tasks, absl::FunctionRef<void(int64_t)> body) {
    arena_.execute([&] {
      // One index a task: tasks are coarse, and halves can still be stolen when
      // a thread loses its core.
      tbb::parallel_for(
          tbb::blocked_range<int64_t>(0, tasks, 1),
          [&](const tbb::blocked_range<int64_t>& range) {
            for (int64_t i = range.begin(); i != range.end(); ++i) body(i);
          },
          tbb::simple_partitioner());
    });
  }

 private:
  const int width_;
  tbb::task_arena arena_;
};

// oneTBB creates no more workers than there are cores unless a global_control
// says so, and of several the smallest counts: so there is one, only ever raised.
class WorkerLimit {
 public:
  void RaiseTo(int width) {
    if (width <= limit_) return;
    auto raised = std::make_unique<tbb::global_control>(
        tbb::global_control::max_allowed_parallelism, static_cast<size_t>(width));
    control_ = std::move(raised);
    limit_ = width;
  }

 private:
  int limit_ = tbb::info::default_concurrency();
  std::unique_ptr<tbb::global_control> control_;
};

int DefaultWidth() { return std::max(1, tbb::info::default_concurrency()); }

#endif

// One pool for each width that was ever asked for, never destroyed: a
// ParallelFor that started before SetThreads may still be running on its pool,
// and at exit other threads may.
class Pools {
 public:
  Pools() { Use(DefaultWidth()); }

  Pool& current() { return *current_.load(std::memory_order_acquire); }

  void Use(int width) {
    std::lock_guard<std::mutex> lock(mutex_);
    for (const std::unique_ptr<Pool>& pool : all_) {
      if (pool->width() == width) {
        current_.store(pool.get(), std::memory_order_release);
        return;
      }
    }
    limit_.RaiseTo(width);
    all_.push_back(std::make_unique<Pool>(width));
    current_.store(all_.back().get(), std::memory_order_release);
  }

 private:
  std::mutex mutex_;
  WorkerLimit limit_;
  std::vector<std::unique_ptr<Pool>> all_;
  std::atomic<Pool*> current_{nullptr};
};

Pools& AllPools() {
  static Pools* const pools = new Pools;
  return *pools;
}

}  // namespace

int Threads() { return AllPools().current().width(); }

void SetThreads(int threads) { AllPools().Use(std::clamp(threads, 1, kMaxThreads)); }

void ParallelFor(int64_t tasks, absl::FunctionRef<void(int64_t)> body) {
  if (tasks <= 0) return;
  if (tasks == 1) return body(0);
  Pool& pool = AllPools().current();
  if (pool.width() == 1) {
    for (int64_t i = 0; i < tasks; ++i) body(i);
    return;
  }
  pool.Run(tasks, body);
}

void ParallelForRanges(int64_t size, int64_t grain,
                       absl::FunctionRef<void(int64_t, int64_t)> body) {
  if (size <= 0) return;
  grain = std::max<int64_t>(grain, 1);
  ParallelFor((size + grain - 1) / grain, [&](int64_t i) {
    const int64_t begin = i * grain;
    body(begin, std::min(begin + grain, size));
  });
}

}  // namespace otium::cpu
