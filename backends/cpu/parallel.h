// SPDX-License-Identifier: Apache-2.0
//
// The one door to all parallelism of the CPU backend.
//
//   ParallelFor(tiles, [&](int64_t tile) { ... });
//
// runs the body once for each index, on at most Threads() threads of one oneTBB
// arena that is ours, so a host program's own arenas are left alone. Which
// thread runs which index is not fixed: a result that is the same for any number
// of threads comes from a task grid that depends on shapes only, each task
// writing its own output, and partial sums being added up in task order.
//
// Idle threads sleep; nobody spins at a barrier. With a core taken away by
// another process the remaining threads just take more of the tasks.
//
// Entering costs 250-400 ns, so give a task at least some microseconds of work;
// with one task or one thread the body runs inline. Calls nest. A thread that
// waits for its tasks may pick up a task of somebody else's, so a body must not
// hold a lock or rely on a thread-local across a nested ParallelFor. Bodies throw
// nothing but std::bad_alloc, which reaches the caller.
//
// Built with OTIUM_STD_THREAD_POOL the same functions run on a small std::thread
// pool, because ThreadSanitizer reports false races inside oneTBB.
//
// Tested by tests/cpu/parallel_test.cc.

#ifndef OTIUM_BACKENDS_CPU_PARALLEL_H_
#define OTIUM_BACKENDS_CPU_PARALLEL_H_

#include <cstdint>

#include "absl/functional/function_ref.h"

namespace otium::cpu {

// How many threads ParallelFor may use, the caller included. At first the number
// of CPUs that this process may run on.
int Threads();

// Sets it, for ParallelFor calls that start from now on; clamped to 1..1024. May
// exceed the number of cores.
void SetThreads(int threads);

// body(i) for every i in [0, tasks), in no particular order.
void ParallelFor(int64_t tasks, absl::FunctionRef<void(int64_t)> body);

// body(begin, end) over disjoint ranges that cover [0, size), each starting at a
// multiple of `grain` and no longer than it: the cut depends on size and grain
// only.
void ParallelForRanges(int64_t size, int64_t grain, absl::FunctionRef<void(int64_t, int64_t)> body);

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_PARALLEL_H_
