// SPDX-License-Identifier: Apache-2.0
//
// The plans of this process, by key: the least recently used go when there are
// more than kMaxPlans. A plan in use lives on with its user.

#ifndef OTIUM_ENGINE_RUN_PLAN_CACHE_H_
#define OTIUM_ENGINE_RUN_PLAN_CACHE_H_

#include <list>
#include <memory>
#include <mutex>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "engine/base/hash.h"
#include "engine/run/executor.h"

namespace otium {

class PlanCache {
 public:
  static constexpr size_t kMaxPlans = 256;

  std::shared_ptr<Executable> Find(const Hash128& key);
  // Keeps `executable`, or gives the one that another thread put there first.
  std::shared_ptr<Executable> Insert(const Hash128& key, std::shared_ptr<Executable> executable);

 private:
  using Entry = std::pair<Hash128, std::shared_ptr<Executable>>;
  std::mutex mutex_;
  std::list<Entry> entries_;  // Most recent first.
  absl::flat_hash_map<Hash128, std::list<Entry>::iterator> index_;
};

}  // namespace otium

#endif  // OTIUM_ENGINE_RUN_PLAN_CACHE_H_
