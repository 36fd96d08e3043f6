// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/prepared_calls.h"

namespace otium::cpu {
namespace {

Hash128 KeyOf(const KernelCall& call) {
  Hasher h;
  h.Add(static_cast<uint64_t>(call.op.id)).Add(call.attributes.hash());
  auto add = [&](const PhysicalType& p) {
    h.Add(uint64_t{p.present} << 1 | uint64_t{p.conjugated});
    h.Add(static_cast<uint64_t>(p.dtype)).Add(uint64_t{p.sizes.size()});
    for (int64_t s : p.sizes) h.Add(static_cast<uint64_t>(s));
    for (int64_t s : p.strides) h.Add(static_cast<uint64_t>(s));
  };
  for (const PhysicalType& p : call.operands) add(p);
  h.Add(uint64_t{call.operands.size()});
  for (const PhysicalType& p : call.results) add(p);
  return h.Finish();
}

}  // namespace

Prepared PreparedCalls::Get(const KernelCall& call) {
  const Hash128 key = KeyOf(call);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    auto it = prepared_.find(key);
    if (it != prepared_.end()) return it->second;
  }
  const Prepared prepared = prepare_(call);
  const std::lock_guard<std::mutex> lock(mutex_);
  if (prepared_.size() >= kMost) prepared_.clear();
  prepared_[key] = prepared;
  return prepared;
}

}  // namespace otium::cpu
