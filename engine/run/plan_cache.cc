// SPDX-License-Identifier: Apache-2.0
#include "engine/run/plan_cache.h"

namespace otium {

std::shared_ptr<Executable> PlanCache::Find(const Hash128& key) {
  const std::lock_guard<std::mutex> lock(mutex_);
  auto it = index_.find(key);
  if (it == index_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, it->second);
  return it->second->second;
}

std::shared_ptr<Executable> PlanCache::Insert(const Hash128& key,
                                              std::shared_ptr<Executable> executable) {
  std::shared_ptr<Executable> evicted;  // Destroyed without the lock.
  const std::lock_guard<std::mutex> lock(mutex_);
  auto it = index_.find(key);
  if (it != index_.end()) return it->second->second;
  entries_.emplace_front(key, std::move(executable));
  index_[key] = entries_.begin();
  if (entries_.size() > kMaxPlans) {
    evicted = std::move(entries_.back().second);
    index_.erase(entries_.back().first);
    entries_.pop_back();
  }
  return entries_.front().second;
}

}  // namespace otium
