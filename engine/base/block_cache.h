// SPDX-License-Identifier: Apache-2.0
//
// Memory for tensors and arenas. Small blocks come from the C library. Large
// ones are mapped with huge pages where the kernel gives them, and are kept for
// the next taker when freed: a fresh mapping costs a page fault for every 4 KiB
// (about 60 us a MiB, more than streaming through it), so an expression that is
// evaluated in a loop would otherwise spend most of its time in the kernel.
// What is kept is bounded by kBlockCacheLimit bytes.

#ifndef OTIUM_ENGINE_BASE_BLOCK_CACHE_H_
#define OTIUM_ENGINE_BASE_BLOCK_CACHE_H_

#include <cstdint>

namespace otium {

inline constexpr int64_t kBlockCacheLimit = int64_t{512} << 20;

// 64-byte aligned, not initialized; null when there is not enough memory.
void* AllocateBlock(int64_t bytes);
// `bytes` as it was given to AllocateBlock.
void FreeBlock(void* block, int64_t bytes);

}  // namespace otium

#endif  // OTIUM_ENGINE_BASE_BLOCK_CACHE_H_
