// SPDX-License-Identifier: Apache-2.0
//
// Random choices of the cases of kernels, and what makes operands of them.

#ifndef OTIUM_TESTS_BACKENDS_PICK_H_
#define OTIUM_TESTS_BACKENDS_PICK_H_

#include <cstdint>
#include <random>
#include <vector>

#include "engine/base/tensor.h"

namespace otium {

inline int64_t Pick(std::mt19937& random, int64_t low, int64_t high) {
  return std::uniform_int_distribution<int64_t>(low, high)(random);
}

inline bool Toss(std::mt19937& random) { return Pick(random, 0, 1) == 0; }

// Mostly small, sometimes empty, sometimes beyond a tile.
inline int64_t PickSize(std::mt19937& random) {
  switch (Pick(random, 0, 9)) {
    case 0: return 0;
    case 1: return 1;
    case 2: return Pick(random, 60, 140);
    default: return Pick(random, 2, 17);
  }
}

// One operand of that shape, behind a batch where that number is odd.
inline std::vector<Sizes> Batched(Sizes shape, int64_t batch) {
  if (batch % 2 == 1) shape.insert(shape.begin(), batch);
  return {shape};
}

// Gives `t`, whose memory is the case's own, the elements of `values`, strides and all.
inline Tensor Overwritten(const Tensor& t, const Tensor& values) {
  CopyStrided(values.data(), values.strides(), const_cast<void*>(t.data()), t.strides(), t.sizes(),
              ItemSize(t.dtype()));
  return t;
}

}  // namespace otium

#endif  // OTIUM_TESTS_BACKENDS_PICK_H_
