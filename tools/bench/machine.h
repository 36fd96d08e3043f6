// SPDX-License-Identifier: Apache-2.0
//
// What the machine can do at best, by loops that do nothing else: the figures that
// the benchmark gives shares of.

#ifndef OTIUM_TOOLS_BENCH_MACHINE_H_
#define OTIUM_TOOLS_BENCH_MACHINE_H_

#include <cstdint>

namespace otium::bench {

// Fused multiply-adds of f32 in registers, on one thread; returns the flops done.
double MultiplyAdd();
// Reads n floats, several places by turns; what it returns depends on all.
float Read(const float* x, int64_t n);
// out[i] = x[i] + y[i], stored past the caches. All 64-byte aligned, n a multiple
// of 16.
void ReadTwiceWriteOnce(const float* x, const float* y, int64_t n, float* out);

}  // namespace otium::bench

#endif  // OTIUM_TOOLS_BENCH_MACHINE_H_
