// SPDX-License-Identifier: Apache-2.0
#include "backends/backends.h"

#include <thread>

#include "backends/cpu/cpu.h"
#include "backends/cpu/parallel.h"
#include "backends/reference/reference.h"

namespace otium {

std::vector<Backend*> ReferenceBackends() { return {&ReferenceBackend()}; }
std::vector<Backend*> DefaultBackends() { return {&CpuBackend(), &ReferenceBackend()}; }

void SetCpuThreads(int threads) {
  cpu::SetThreads(threads > 0 ? threads : static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace otium
