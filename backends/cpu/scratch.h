// SPDX-License-Identifier: Apache-2.0
//
// Working memory of a kernel, returned when the scope ends. 64-byte aligned, not
// initialized. Large blocks are recycled, so a kernel that is called in a loop
// does not fault in fresh pages each time.

#ifndef OTIUM_BACKENDS_CPU_SCRATCH_H_
#define OTIUM_BACKENDS_CPU_SCRATCH_H_

#include <algorithm>
#include <cstdint>
#include <new>

#include "engine/base/block_cache.h"

namespace otium::cpu {

// `count` elements of T, which needs no construction. 0 elements: no memory. Throws
// std::bad_alloc, which the executor turns into a status.
template <class T>
class Scratch {
 public:
  explicit Scratch(int64_t count)
      : bytes_(count * static_cast<int64_t>(sizeof(T))),
        data_(count > 0 ? static_cast<T*>(AllocateBlock(bytes_)) : nullptr) {
    if (count > 0 && data_ == nullptr) throw std::bad_alloc();
  }
  ~Scratch() {
    if (data_ != nullptr) FreeBlock(data_, bytes_);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  T* data() const { return data_; }

 private:
  const int64_t bytes_;
  T* const data_;
};

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_SCRATCH_H_
