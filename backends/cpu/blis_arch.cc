// SPDX-License-Identifier: Apache-2.0
//
// Which kernels BLIS runs. It knows processors by their model, and on one that is newer
// than itself it falls back to plain loops, a third to a fifth as fast. What it is linked
// to ask instead (LINKER:--wrap, tools/cmake/dependencies.cmake) goes by the instructions
// that the processor has. BLIS_ARCH_TYPE in the environment is heeded as ever.
//
// Tested by tests/linking/lapack_over_blis.cc.

#include <blis.h>

#include "hwy/targets.h"

extern "C" {

arch_t __real_bli_cpuid_query_id(void);

arch_t __wrap_bli_cpuid_query_id(void) {
  const arch_t known = __real_bli_cpuid_query_id();
  if (known != BLIS_ARCH_GENERIC) return known;
#if HWY_ARCH_X86
  const int64_t targets = hwy::SupportedTargets();
  if ((targets & HWY_AVX3) != 0) return BLIS_ARCH_SKX;
  if ((targets & HWY_AVX2) != 0) return BLIS_ARCH_HASWELL;
#endif
  return known;
}

}  // extern "C"
