// SPDX-License-Identifier: Apache-2.0
//
// Which SIMD targets the kernels are compiled for; include before any Highway
// header. Each target compiles every kernel file once more, so those that gain
// little are left out: AVX-512 beyond its first edition, and x86 before AVX2
// (2013), which gets the portable loops. The scalable vectors cannot be array
// elements, which the register tiles are made of; ARM has NEON.

#ifndef OTIUM_BACKENDS_CPU_SIMD_TARGETS_H_
#define OTIUM_BACKENDS_CPU_SIMD_TARGETS_H_

#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS \
  (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)

#endif  // OTIUM_BACKENDS_CPU_SIMD_TARGETS_H_
