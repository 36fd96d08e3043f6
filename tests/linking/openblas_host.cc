// SPDX-License-Identifier: Apache-2.0
//
// A program that links libotium.so first and OpenBLAS after it, the order in
// which a BLAS exported by libotium would win. The program's BLAS must be
// OpenBLAS all the same. That Otium, too, keeps its own is seen from
// exported_symbols_test.py: libotium.so imports no BLAS name at all.

#include <dlfcn.h>

#include <cstdio>
#include <cstring>

#include "engine/otium.h"

extern "C" {
double ddot_(const int* n, const double* x, const int* incx, const double* y, const int* incy);
void dpotrf_(const char* uplo, const int* n, double* a, const int* lda, int* info);
}

namespace {

// The file that the dynamic linker took `symbol` from.
const char* FileOf(void* symbol) {
  Dl_info info;
  return dladdr(symbol, &info) != 0 ? info.dli_fname : "nowhere";
}

bool IsFromOpenBlas(const char* name) {
  const char* file = FileOf(dlsym(RTLD_DEFAULT, name));
  std::printf("%s: %s\n", name, file);
  return std::strstr(file, "openblas") != nullptr;
}

}  // namespace

int main() {
  bool ok = !otium::Version().empty();
  for (const char* name : {"ddot_", "dgemm_", "dpotrf_", "dgetrf_", "cblas_dgemm"}) {
    ok = IsFromOpenBlas(name) && ok;
  }
  const int n = 2, one = 1;
  double a[] = {4, 2, 2, 5};  // The factor is {2, 1, ., 2}.
  int info = -1;
  dpotrf_("L", &n, a, &n, &info);
  ok = ok && info == 0 && ddot_(&n, a, &one, a, &one) == 5;
  return ok ? 0 : 1;
}
