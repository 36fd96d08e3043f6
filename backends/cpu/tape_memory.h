// SPDX-License-Identifier: Apache-2.0
//
// Where the values of a tape are while it runs, for the compiler of tapes: slots,
// and the memory that they point to. Elements are in registers, tile-sized buffers
// that are shared by values which are not alive at once; row values and loads have
// memory of their own.

#ifndef OTIUM_BACKENDS_CPU_TAPE_MEMORY_H_
#define OTIUM_BACKENDS_CPU_TAPE_MEMORY_H_

#include <cstdint>
#include <vector>

#include "backends/cpu/tape.h"

namespace otium::cpu {

// The least multiple of `unit` that is not below x.
inline int64_t RoundUp(int64_t x, int64_t unit) { return (x + unit - 1) / unit * unit; }

class TapeMemory {
 public:
  // Requires the tape's mode and shape before the first slot of a row value.
  explicit TapeMemory(Tape* tape) : tape_(*tape) {}

  Slot NewSlot(SlotStart start);
  // One value for the launch.
  Slot NewUniform();
  // A row value, for as many rows as are at work at a time.
  Slot NewRowSlot(int64_t item);
  // A buffer of tile size, for what is gathered.
  Slot NewBuffer();
  // A register, which is chosen when the pass is complete.
  Slot NewRegister();
  // Task memory beside these; its offset.
  int64_t Reserve(int64_t bytes);

  // The slot is read after the last step of the pass.
  void Pin(Slot slot) { pinned_.push_back(slot); }
  // Chooses the registers of a pass whose steps are complete.
  void AssignRegisters(const TapePass& pass);
  // After the last pass: the size of tiles where it is open (kPointwise), and the
  // offset of every slot. `item`: bytes of the widest value.
  void Place(int64_t item);

 private:
  Tape& tape_;
  std::vector<Slot> buffers_;
  std::vector<Slot> virtual_, pinned_;  // Of the pass: registers, and what outlives it.
  std::vector<int> register_of_;        // Per slot; -1 for all others.
  int num_registers_ = 0;
};

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_TAPE_MEMORY_H_
