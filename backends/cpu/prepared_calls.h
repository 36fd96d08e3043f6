// SPDX-License-Identifier: Apache-2.0
//
// Calls that were prepared before. A graph repeats itself: a long chain is a few
// kinds of calls, and so are the regions that it is cut into. And where it takes a
// compiled loop to know whether a call is accepted, `accepts` and `prepare` are
// the same work.

#ifndef OTIUM_BACKENDS_CPU_PREPARED_CALLS_H_
#define OTIUM_BACKENDS_CPU_PREPARED_CALLS_H_

#include <mutex>

#include "absl/container/flat_hash_map.h"
#include "backends/backend.h"
#include "engine/base/hash.h"

namespace otium::cpu {

// What one function prepared, by all of a call that it may look at: op, attributes,
// and of operands and results dtype, sizes, strides and conjugation; not structure.
// Thread-safe.
class PreparedCalls {
 public:
  explicit PreparedCalls(Prepared (*prepare)(const KernelCall& call)) : prepare_(prepare) {}

  Prepared Get(const KernelCall& call);

 private:
  static constexpr size_t kMost = 1024;
  Prepared (*const prepare_)(const KernelCall& call);
  std::mutex mutex_;
  absl::flat_hash_map<Hash128, Prepared> prepared_;
};

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_PREPARED_CALLS_H_
