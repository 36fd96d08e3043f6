// SPDX-License-Identifier: Apache-2.0
#include "engine/place/arena.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "engine/base/tensor.h"

namespace otium {
namespace {

int64_t Rounded(int64_t bytes) {
  return std::max<int64_t>((bytes + kBufferAlignment - 1) / kBufferAlignment, 1) * kBufferAlignment;
}

}  // namespace

void ArenaLayout::AddHole(int64_t offset, int64_t bytes) {
  holes_.emplace(offset, bytes);
  holes_by_size_.emplace(bytes, offset);
}

void ArenaLayout::RemoveHole(std::map<int64_t, int64_t>::iterator hole) {
  holes_by_size_.erase({hole->second, hole->first});
  holes_.erase(hole);
}

int64_t ArenaLayout::Allocate(int64_t bytes) {
  bytes = Rounded(bytes);
  auto best = holes_by_size_.lower_bound({bytes, 0});
  if (best != holes_by_size_.end()) {
    const auto [hole_bytes, offset] = *best;
    RemoveHole(holes_.find(offset));
    if (hole_bytes > bytes) AddHole(offset + bytes, hole_bytes - bytes);
    return offset;
  }
  const int64_t offset = end_;
  end_ += bytes;
  size_ = std::max(size_, end_);
  return offset;
}

void ArenaLayout::Free(int64_t offset, int64_t bytes) {
  bytes = Rounded(bytes);
  auto next = holes_.lower_bound(offset);
  if (next != holes_.end() && offset + bytes == next->first) {
    bytes += next->second;
    RemoveHole(next);
  }
  auto previous = holes_.lower_bound(offset);
  if (previous != holes_.begin()) {
    --previous;
    if (previous->first + previous->second == offset) {
      offset = previous->first;
      bytes += previous->second;
      RemoveHole(previous);
    }
  }
  if (offset + bytes == end_) {
    end_ = offset;
  } else {
    AddHole(offset, bytes);
  }
}

int64_t PackLargestFirst(absl::Span<ArenaBlock> blocks) {
  std::vector<uint32_t> by_size(blocks.size());
  std::iota(by_size.begin(), by_size.end(), 0);
  std::stable_sort(by_size.begin(), by_size.end(),
                   [&](uint32_t a, uint32_t b) { return blocks[a].bytes > blocks[b].bytes; });
  int64_t size = 0;
  std::vector<const ArenaBlock*> placed;  // By offset.
  for (uint32_t i : by_size) {
    ArenaBlock& block = blocks[i];
    const int64_t bytes = Rounded(block.bytes);
    int64_t offset = 0;
    for (const ArenaBlock* other : placed) {
      if (other->last < block.first || block.last < other->first) continue;
      if (offset + bytes <= other->offset) break;
      offset = std::max(offset, other->offset + Rounded(other->bytes));
    }
    block.offset = offset;
    size = std::max(size, offset + bytes);
    placed.insert(std::upper_bound(placed.begin(), placed.end(), &block,
                                   [](const ArenaBlock* a, const ArenaBlock* b) {
                                     return a->offset < b->offset;
                                   }),
                  &block);
  }
  return size;
}

}  // namespace otium
