// SPDX-License-Identifier: Apache-2.0
//
// One thread's part of a launch: registers, and slots that point at them or at
// the operands. What all ways to walk a space share.

#ifndef OTIUM_BACKENDS_CPU_TAPE_TASK_H_
#define OTIUM_BACKENDS_CPU_TAPE_TASK_H_

#include <cstdint>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "backends/cpu/scratch.h"
#include "backends/cpu/tape.h"
#include "backends/cpu/tape_layout.h"

namespace otium::cpu {

// A tape and what it runs on.
struct TapeLaunch {
  const Tape& tape;
  const TapeLayout& layout;
  const char* uniforms;  // The values of the launch (see ComputeUniforms).
  // Where the arrays of Tape::loads and Tape::stores begin.
  absl::InlinedVector<char*, 6> loads = {};
  absl::InlinedVector<char*, 2> stores = {};
  bool parallel = true;
};

class TapeTask {
 public:
  explicit TapeTask(const TapeLaunch& launch);
  TapeTask(const TapeTask&) = delete;
  TapeTask& operator=(const TapeTask&) = delete;

  MapOperand& slot(Slot s) { return slots_[s]; }
  void* out(Slot s) { return const_cast<void*>(slots_[s].data); }
  char* memory() const { return memory_; }

  // Sees row values where `other` has them.
  void ShareRows(const TapeTask& other);
  // Points the slots of element loads at the tile, gathering what is not dense.
  void Load(absl::Span<const uint16_t> loads, const TileRange& tile);
  // Points the slots of row loads at the row values of the tile.
  void LoadRows(const TileRange& tile);
  // Points slots of stores at the results where the tile is dense there.
  void BindStores(absl::Span<const uint16_t> stores, const TileRange& tile);
  // Writes what BindStores left in registers.
  void Store(absl::Span<const uint16_t> stores, const TileRange& tile);
  void StoreRows(const TileRange& tile);
  // `elements` for kElement steps, `rows` for all others; 0 rows: repeated
  // values, as many as fill kSplatBytes.
  void Run(absl::Span<const TapeStep> steps, int64_t elements, int64_t rows);

 private:
  void Expand(const TapeStep& step, int64_t rows, int64_t columns);

  static constexpr int64_t kSmallBytes = 8192;
  const TapeLaunch& launch_;
  const Tape& tape_;
  const TapeLayout& layout_;
  alignas(kSplatBytes) char small_[kSmallBytes];
  Scratch<char> large_;
  char* const memory_;
  absl::InlinedVector<MapOperand, 24> slots_;
  // What the buffer of a load that is the same in all rows holds.
  struct Held {
    int64_t column = -1;
    int64_t columns = 0;
    int64_t rows = 0;
  };
  absl::InlinedVector<Held, 4> held_;
};

// Loads and computes what is one value for the launch, into `memory` of
// tape.uniform_bytes.
void ComputeUniforms(const Tape& tape, const View* inputs, char* memory);

void RunPointwise(const TapeLaunch& launch);
void RunPacked(const TapeLaunch& launch);
void RunLong(const TapeLaunch& launch);
void RunColumns(const TapeLaunch& launch);

// How many elements are worth a task of their own.
int64_t TaskGrain(const Tape& tape);

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_TAPE_TASK_H_
