// SPDX-License-Identifier: Apache-2.0
//
// Arrays in the workspace of a task, one after the other:
//
//   struct Arrays {
//     Arrays(Workspace& memory, int64_t n) : factor(memory.Take<double>(n * n)) {}
//     double* factor;
//   };
//
// Made at launch over the memory of the task, and in `prepare` over none, to count how
// much that must be.

#ifndef OTIUM_BACKENDS_CPU_WORKSPACE_H_
#define OTIUM_BACKENDS_CPU_WORKSPACE_H_

#include <cstdint>

#include "backends/cpu/matrix_batch.h"
#include "engine/base/tensor.h"

namespace otium::cpu {

// Bytes of an array in a workspace, whose next array is then aligned.
constexpr int64_t WorkspaceBytes(int64_t bytes) { return (bytes + 63) / 64 * 64; }

class Workspace {
 public:
  explicit Workspace(char* memory) : memory_(memory) {}

  template <class T>
  T* Take(int64_t count) {
    char* const at = memory_ == nullptr ? nullptr : memory_ + used_;
    used_ += WorkspaceBytes(count * static_cast<int64_t>(sizeof(T)));
    return reinterpret_cast<T*>(at);
  }
  int64_t used() const { return used_; }

 private:
  char* const memory_;
  int64_t used_ = 0;
};

// What Arrays<T>(Workspace&, sizes...) takes, T being the element type f32, f64, c64 or
// c128.
template <template <class> class Arrays, class... Sizes>
int64_t WorkspaceOf(DType dtype, const Sizes&... sizes) {
  int64_t bytes = 0;
  DispatchDType(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (!std::is_integral_v<T> && sizeof(T) >= 4) {
      Workspace memory(nullptr);
      const Arrays<T> arrays(memory, sizes...);
      bytes = memory.used();
    }
  });
  return bytes;
}

// The same for routines that tell in `prepare`, by element type, how much they want: what
// stays in the state is where each array begins.
class WorkspaceLayout {
 public:
  // Where an array begins, in bytes.
  template <class T>
  int64_t Add(int64_t count) {
    const int64_t offset = bytes_;
    bytes_ += WorkspaceBytes(count * static_cast<int64_t>(sizeof(T)));
    return offset;
  }
  int64_t bytes() const { return bytes_; }

 private:
  int64_t bytes_ = 0;
};
template <class T>
T* ArrayAt(char* memory, int64_t offset) {
  return reinterpret_cast<T*>(memory + offset);
}

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_WORKSPACE_H_
