// SPDX-License-Identifier: Apache-2.0
//
// Cutting a range into tasks. What is cut depends on sizes only, never on the
// number of threads: that is what keeps results the same for any of them.

#ifndef OTIUM_BACKENDS_CPU_TASKS_H_
#define OTIUM_BACKENDS_CPU_TASKS_H_

#include <algorithm>
#include <cstdint>

namespace otium::cpu {

constexpr int64_t CeilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

struct Range {
  int64_t begin, end;
  int64_t size() const { return end - begin; }
};

// The part'th of `parts` nearly equal ranges that make up [0, size).
constexpr Range Part(int64_t size, int64_t parts, int64_t part) {
  return {size * part / parts, size * (part + 1) / parts};
}

// The same, cut only at multiples of `grain`.
constexpr Range Part(int64_t size, int64_t grain, int64_t parts, int64_t part) {
  const Range grains = Part(CeilDiv(size, grain), parts, part);
  return {grains.begin * grain, std::min(size, grains.end * grain)};
}

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_TASKS_H_
