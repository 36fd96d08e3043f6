// SPDX-License-Identifier: Apache-2.0

#ifndef OTIUM_BACKENDS_CPU_CPU_H_
#define OTIUM_BACKENDS_CPU_CPU_H_

#include "backends/backend.h"

namespace otium {

// The host processor: kernels.inc lists what it runs. One instance, never
// destroyed.
Backend& CpuBackend();

}  // namespace otium

#endif  // OTIUM_BACKENDS_CPU_CPU_H_
