// SPDX-License-Identifier: Apache-2.0
//
// Which kernels BLIS runs. It knows processors by their model, and on one that is newer
// than itself it falls back to plain loops, a third to a fifth as fast: those run what the
// last one with AVX2 does. So do those with AVX-512, for which its compiled loops add up in
// an order that depends on where a matrix lies, where the same graph must give the same
// bits. What BLIS is linked to ask instead of itself (LINKER:--wrap, see
// tools/cmake/dependencies.cmake) decides; BLIS_ARCH_TYPE in the environment is heeded as
// ever.
//
// Tested by tests/linking/lapack_over_blis.cc; the bits by tests/linalg, batches as loops.

#include <blis.h>

#include "hwy/targets.h"

extern "C" {

arch_t __real_bli_cpuid_query_id(void);

arch_t __wrap_bli_cpuid_query_id(void) {
  const arch_t known = __real_bli_cpuid_query_id();
#if HWY_ARCH_X86
  const bool is_passed_over =
      known == BLIS_ARCH_GENERIC || known == BLIS_ARCH_SKX || known == BLIS_ARCH_KNL;
  if (is_passed_over && (hwy::SupportedTargets() & HWY_AVX2) != 0) return BLIS_ARCH_ZEN3;
#endif
  return known;
}

}  // extern "C"
