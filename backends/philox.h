// SPDX-License-Identifier: Apache-2.0
//
// Philox 4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy
// as 1, 2, 3", SC 2011): four 32-bit words, a pure function of a 128-bit counter
// and a 64-bit key. The key is the run's seed; the counter is (block, stream), so
// element i of stream s is the same number on every device.

#ifndef OTIUM_BACKENDS_PHILOX_H_
#define OTIUM_BACKENDS_PHILOX_H_

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>

#include "engine/base/dtype.h"

namespace otium {

inline std::array<uint32_t, 4> Philox(uint64_t seed, uint64_t stream, uint64_t block) {
  uint32_t c0 = static_cast<uint32_t>(block), c1 = static_cast<uint32_t>(block >> 32);
  uint32_t c2 = static_cast<uint32_t>(stream), c3 = static_cast<uint32_t>(stream >> 32);
  uint32_t k0 = static_cast<uint32_t>(seed), k1 = static_cast<uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53u} * c0;
    const uint64_t p1 = uint64_t{0xCD9E8D57u} * c2;
    c0 = static_cast<uint32_t>(p1 >> 32) ^ c1 ^ k0;
    c1 = static_cast<uint32_t>(p1);
    c2 = static_cast<uint32_t>(p0 >> 32) ^ c3 ^ k1;
    c3 = static_cast<uint32_t>(p0);
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {c0, c1, c2, c3};
}

// Uniform in [0, 1) on a grid of 2^-24 and of 2^-53.
inline float UniformFloat(uint32_t word) { return static_cast<float>(word >> 8) * 0x1p-24f; }
inline double UniformDouble(uint32_t high, uint32_t low) {
  const uint64_t bits = (static_cast<uint64_t>(high) << 32 | low) >> 11;
  return static_cast<double>(bits) * 0x1p-53;
}

// What f16 and bf16 hold exactly of a number of the grid 2^-24: the grid is theirs,
// because rounding would give 1.
inline float UniformGrid(DType dtype) {
  return dtype == DType::kF16 ? 0x1p11f : dtype == DType::kBF16 ? 0x1p8f : 0x1p24f;
}
inline float OnGrid(float number, float grid) {
  return static_cast<float>(static_cast<int32_t>(number * grid)) / grid;
}

// Real number `i` of a stream: f32 (and narrower) take word i % 4 of block i / 4,
// f64 takes two words of block i / 2. A complex element takes two real numbers.
inline float UniformFloatAt(uint64_t seed, uint64_t stream, uint64_t i) {
  return UniformFloat(Philox(seed, stream, i / 4)[i % 4]);
}
inline double UniformDoubleAt(uint64_t seed, uint64_t stream, uint64_t i) {
  const std::array<uint32_t, 4> words = Philox(seed, stream, i / 2);
  return UniformDouble(words[2 * (i % 2)], words[2 * (i % 2) + 1]);
}

// Normal numbers by Box and Muller ("A note on the generation of random normal
// deviates", 1958): two uniform ones give radius and angle of a pair, whose even
// member is the cosine's. The radius takes its number from (0, 1], so it is finite.
inline double NormalOf(double radius_number, double angle_number, bool odd) {
  const double radius = std::sqrt(-2 * std::log(radius_number));
  const double angle = 2 * std::numbers::pi * angle_number;
  return radius * (odd ? std::sin(angle) : std::cos(angle));
}
inline double NormalFloatAt(uint64_t seed, uint64_t stream, uint64_t i) {
  const std::array<uint32_t, 4> words = Philox(seed, stream, i / 4);
  const size_t pair = i % 4 / 2 * 2;
  return NormalOf((words[pair] + 1.0) * 0x1p-32, words[pair + 1] * 0x1p-32, i % 2 == 1);
}
inline double NormalDoubleAt(uint64_t seed, uint64_t stream, uint64_t i) {
  const std::array<uint32_t, 4> words = Philox(seed, stream, i / 2);
  return NormalOf(UniformDouble(words[0], words[1]) + 0x1p-53, UniformDouble(words[2], words[3]),
                  i % 2 == 1);
}

}  // namespace otium

#endif  // OTIUM_BACKENDS_PHILOX_H_
