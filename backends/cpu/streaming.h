// SPDX-License-Identifier: Apache-2.0
//
// Stores past the caches (hn::Stream), for results that would not stay there: a line that
// is written whole need not be read first. Other threads see them after FinishStreams on
// the one that wrote.

#ifndef OTIUM_BACKENDS_CPU_STREAMING_H_
#define OTIUM_BACKENDS_CPU_STREAMING_H_

#include <cstdint>

#include "hwy/cache_control.h"

namespace otium::cpu {

// Results of so many bytes do not stay in the caches.
inline constexpr int64_t kStreamedBytes = int64_t{8} << 20;

inline void FinishStreams() { hwy::FlushStream(); }

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_STREAMING_H_
