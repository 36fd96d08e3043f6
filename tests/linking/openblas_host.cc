// SPDX-License-Identifier: Apache-2.0
//
// A program that links libotium.so first and OpenBLAS after it, the order in
// which a BLAS exported by libotium would win. The program's BLAS must be
// OpenBLAS all the same. That Otium, too, keeps its own is seen from
// exported_symbols_test.py: libotium.so imports no BLAS name at all.

#include <dlfcn.h>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <vector>

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

// Otium's own products and factorizations, in a process with another BLAS.
bool OtiumStillComputes() {
  using namespace otium;
  const Expr A = constant(Tensor::Of<double>({{4, 2}, {2, 5}}));
  const Expr b = constant(Tensor::Of<double>({8, 12}));
  const absl::StatusOr<std::vector<Tensor>> r = Evaluate({mm(A, A), solve(A, b)});
  if (!r.ok()) return false;
  const std::vector<double> square = (*r)[0].ToVector<double>(), x = (*r)[1].ToVector<double>();
  return square == std::vector<double>{20, 18, 18, 29} && std::abs(x[0] - 1) < 1e-14 &&
         std::abs(x[1] - 2) < 1e-14;
}

}  // namespace

int main() {
  bool ok = OtiumStillComputes();
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
