// SPDX-License-Identifier: Apache-2.0
#include "engine/base/block_cache.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <vector>

#include "engine/base/tensor.h"

namespace otium {
namespace {

constexpr int64_t kLargeBlock = int64_t{1} << 20;
constexpr int64_t kHugePage = int64_t{2} << 20;

// Sizes are rounded up to an eighth of their power of two, so that a block
// serves requests of nearly its size and wastes at most an eighth.
int64_t RoundUp(int64_t bytes) {
  int64_t granule = kLargeBlock / 8;
  while (granule * 16 <= bytes) granule *= 2;
  return (bytes + granule - 1) / granule * granule;
}

// aligned_alloc costs more than a small kernel: malloc, and what it gave is noted
// before the block.
void* AllocateSmall(int64_t bytes) {
  void* const given =
      std::malloc(static_cast<size_t>(std::max<int64_t>(bytes, 1) + kBufferAlignment));
  if (given == nullptr) return nullptr;
  const auto address = reinterpret_cast<uintptr_t>(given);
  constexpr uintptr_t kMask = kBufferAlignment - 1;
  char* const block = static_cast<char*>(given) + (kBufferAlignment - (address & kMask));
  static_assert(alignof(std::max_align_t) >= sizeof(void*));
  std::memcpy(block - sizeof(void*), &given, sizeof(void*));
  return block;
}

void FreeSmall(void* block) {
  void* given;
  std::memcpy(&given, static_cast<char*>(block) - sizeof(void*), sizeof(void*));
  std::free(given);
}

struct Cache {
  struct Block {
    void* data;
    int64_t bytes;
  };
  std::mutex mutex;
  // Oldest first.
  std::vector<Block> blocks;
  int64_t kept_bytes = 0;
};

Cache& TheCache() {
  static auto* cache = new Cache;  // Never destroyed: tensors may outlive statics.
  return *cache;
}

void* TakeBlock(int64_t bytes) {
  Cache& cache = TheCache();
  const std::lock_guard<std::mutex> lock(cache.mutex);
  for (size_t i = cache.blocks.size(); i-- > 0;) {
    if (cache.blocks[i].bytes == bytes) {
      void* data = cache.blocks[i].data;
      cache.blocks.erase(cache.blocks.begin() + i);
      cache.kept_bytes -= bytes;
      return data;
    }
  }
  return nullptr;
}

}  // namespace

void* AllocateBlock(int64_t bytes) {
  if (bytes < kLargeBlock) return AllocateSmall(bytes);
  if (bytes > (int64_t{1} << 60)) return nullptr;
  const int64_t rounded = RoundUp(bytes);
  if (void* block = TakeBlock(rounded)) return block;
  // Not aligned_alloc, which wants a multiple of the alignment (ASan insists).
  void* block = nullptr;
  if (posix_memalign(&block, rounded >= kHugePage ? kHugePage : 4096, rounded) != 0) return nullptr;
  if (rounded >= kHugePage) madvise(block, rounded, MADV_HUGEPAGE);
  return block;
}

void FreeBlock(void* block, int64_t bytes) {
  if (bytes < kLargeBlock) {
    FreeSmall(block);
    return;
  }
  const int64_t rounded = RoundUp(bytes);
  std::vector<void*> evicted;
  {
    Cache& cache = TheCache();
    const std::lock_guard<std::mutex> lock(cache.mutex);
    if (rounded > kBlockCacheLimit) {
      evicted.push_back(block);
    } else {
      while (cache.kept_bytes + rounded > kBlockCacheLimit) {
        evicted.push_back(cache.blocks.front().data);
        cache.kept_bytes -= cache.blocks.front().bytes;
        cache.blocks.erase(cache.blocks.begin());
      }
      cache.blocks.push_back({block, rounded});
      cache.kept_bytes += rounded;
    }
  }
  for (void* data : evicted) std::free(data);
}

}  // namespace otium
