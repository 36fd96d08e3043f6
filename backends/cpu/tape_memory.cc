// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/tape_memory.h"

#include <algorithm>

namespace otium::cpu {
namespace {

// What a tile-sized working set should stay below: half of a common L1 cache.
constexpr int64_t kTileBytes = 16384;

}  // namespace

Slot TapeMemory::NewSlot(SlotStart start) {
  tape_.slots.push_back(start);
  return static_cast<Slot>(tape_.slots.size() - 1);
}

Slot TapeMemory::NewUniform() {
  const Slot slot =
      NewSlot({.area = SlotStart::kUniforms, .repeated = true, .offset = tape_.uniform_bytes});
  tape_.uniform_bytes += kSplatBytes;
  return slot;
}

Slot TapeMemory::NewRowSlot(int64_t item) {
  int64_t count = 0;  // kLong: one value, repeated, or those of kRowsAtOnce rows.
  if (tape_.mode == TapeMode::kPacked) count = tape_.tile / std::max<int64_t>(tape_.reduced, 1);
  if (tape_.mode == TapeMode::kColumns) count = tape_.panel * tape_.rows_a_step;
  const int64_t bytes = count == 0 ? std::max(kSplatBytes, kRowsAtOnce * item) : count * item;
  tape_.row_slots.push_back(NewSlot({.repeated = count == 0, .offset = Reserve(bytes)}));
  return tape_.row_slots.back();
}

Slot TapeMemory::NewBuffer() {
  buffers_.push_back(NewSlot({}));
  return buffers_.back();
}

Slot TapeMemory::NewRegister() {
  virtual_.push_back(NewSlot({}));
  return virtual_.back();
}

int64_t TapeMemory::Reserve(int64_t bytes) {
  const int64_t offset = tape_.memory_bytes;
  tape_.memory_bytes += RoundUp(std::max<int64_t>(bytes, 1), kSplatBytes);
  return offset;
}

// Linear scan: a register is free again after the last step that reads it.
void TapeMemory::AssignRegisters(const TapePass& pass) {
  const size_t steps = pass.steps.size();
  std::vector<size_t> last(tape_.slots.size(), 0);
  for (size_t s = 0; s < steps; ++s) {
    for (Slot in : pass.steps[s].in) {
      if (in != kNoSlot) last[in] = s;
    }
  }
  for (Slot s : pinned_) last[s] = steps;
  std::vector<bool> is_virtual(tape_.slots.size(), false);
  for (Slot s : virtual_) is_virtual[s] = true;
  register_of_.resize(tape_.slots.size(), -1);
  int used = 0;  // The registers of a pass are free in the next one.
  std::vector<int> free;
  for (size_t s = 0; s < steps; ++s) {
    const Slot out = pass.steps[s].out;
    if (out != kNoSlot && is_virtual[out]) {
      if (free.empty()) free.push_back(used++);
      register_of_[out] = free.back();
      free.pop_back();
      // Nobody reads it: free at once.
      if (last[out] <= s && last[out] != steps) free.push_back(register_of_[out]);
    }
    Slot freed[3] = {kNoSlot, kNoSlot, kNoSlot};
    for (int k = 0; k < 3; ++k) {
      const Slot in = pass.steps[s].in[k];
      if (in == kNoSlot || !is_virtual[in] || last[in] != s) continue;
      if (std::find(freed, freed + 3, in) != freed + 3) continue;
      freed[k] = in;
      free.push_back(register_of_[in]);
    }
  }
  pinned_.clear();
  virtual_.clear();
  num_registers_ = std::max(num_registers_, used);
}

void TapeMemory::Place(int64_t item) {
  const int64_t registers = std::max(num_registers_, 1);
  if (tape_.mode == TapeMode::kPointwise) {
    const int64_t fits = kTileBytes / (registers * item);
    // Large tiles read memory in bursts, between which it rests: a result of 40 MB took
    // 1.14 times as long. In the caches small ones do, where a step's start counts: 1.18.
    const int64_t most = tape_.kept * item >= kStreamedBytes ? kBlock : 4 * kBlock;
    tape_.tile = std::clamp<int64_t>(fits / 64 * 64, kBlock / 2, most);
    tape_.tile = std::min(tape_.tile, RoundUp(std::max<int64_t>(tape_.kept, 1), 64));
  }
  // A buffer is at least what one repeated value fills.
  const int64_t bytes = std::max(RoundUp(tape_.tile * item, kSplatBytes), kSplatBytes);
  const int64_t begin = Reserve(bytes * registers);
  for (size_t s = 0; s < register_of_.size(); ++s) {
    if (register_of_[s] >= 0) tape_.slots[s].offset = begin + register_of_[s] * bytes;
  }
  for (Slot s : buffers_) tape_.slots[s].offset = Reserve(bytes);
  for (TapeLoad& l : tape_.loads) l.buffer = tape_.slots[l.slot].offset;
  for (TapeStore& s : tape_.stores) s.buffer = tape_.slots[s.slot].offset;
}

}  // namespace otium::cpu
