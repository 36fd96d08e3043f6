// SPDX-License-Identifier: Apache-2.0

#ifndef OTIUM_BACKENDS_BACKENDS_H_
#define OTIUM_BACKENDS_BACKENDS_H_

#include <vector>

#include "backends/backend.h"
#include "engine/base/export.h"

namespace otium {

// All backends for normal use, in order of preference: CPU, then reference for
// what the CPU backend has no kernel for.
OTIUM_EXPORT std::vector<Backend*> DefaultBackends();
// The reference loops alone.
std::vector<Backend*> ReferenceBackends();

// How many threads CPU kernels may use from now on; 0: one for each core.
void SetCpuThreads(int threads);

}  // namespace otium

#endif  // OTIUM_BACKENDS_BACKENDS_H_
