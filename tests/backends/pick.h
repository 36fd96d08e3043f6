// SPDX-License-Identifier: Apache-2.0
//
// Random choices of the cases of kernels.

#ifndef OTIUM_TESTS_BACKENDS_PICK_H_
#define OTIUM_TESTS_BACKENDS_PICK_H_

#include <cstdint>
#include <random>

namespace otium {

inline int64_t Pick(std::mt19937& random, int64_t low, int64_t high) {
  return std::uniform_int_distribution<int64_t>(low, high)(random);
}

// Mostly small, sometimes empty, sometimes beyond a tile.
inline int64_t PickSize(std::mt19937& random) {
  switch (Pick(random, 0, 9)) {
    case 0: return 0;
    case 1: return 1;
    case 2: return Pick(random, 60, 140);
    default: return Pick(random, 2, 17);
  }
}

}  // namespace otium

#endif  // OTIUM_TESTS_BACKENDS_PICK_H_
