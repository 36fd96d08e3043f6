// SPDX-License-Identifier: Apache-2.0
//
// The BLAS that LAPACK calls inside Otium is BLIS: the linker puts a counter in front of
// the function where all of BLIS's matrix products begin, and each routine of LAPACK that
// works by products must reach it. The graphs hold nothing else that would. And BLIS runs
// kernels for this processor, be it newer than BLIS.

#include <atomic>
#include <cstdio>
#include <functional>

#include <blis.h>

#include "engine/otium.h"
#include "hwy/targets.h"

namespace {

std::atomic<int> products{0};

}  // namespace

// Linked with --wrap=bli_gemm_ex. The arguments, objects of BLIS, are passed on.
extern "C" {
void __real_bli_gemm_ex(void* alpha, void* a, void* b, void* beta, void* c, void* cntx, void* rntm);
void __wrap_bli_gemm_ex(void* alpha, void* a, void* b, void* beta, void* c, void* cntx,
                        void* rntm) {
  ++products;
  __real_bli_gemm_ex(alpha, a, b, beta, c, cntx, rntm);
}
}

int main() {
  using namespace otium;
  // Larger than the blocks of any routine.
  constexpr int64_t kSize = 200;
  const absl::StatusOr<Tensor> general = Evaluate(randn({kSize, kSize}, DType::kC128));
  const absl::StatusOr<Tensor> real = Evaluate(randn({kSize, kSize}, DType::kF64));
  if (!general.ok() || !real.ok()) return 1;
  const Expr A = constant(*general);
  const absl::StatusOr<Tensor> definite =
      Evaluate(mm(A, conj(transpose(A, 0, 1))) + eye(kSize, kSize, DType::kC128));
  if (!definite.ok()) return 1;
  const Expr G = constant(*definite), R = constant(*real);

  const struct {
    const char* routine;
    std::function<Expr()> op;
  } cases[] = {
      // With a rank in doubt, else LAPACK is not asked.
      {"zgelsy", [&] { return lstsq(A, G, /*rcond=*/0.5).solution; }},
      {"zgeev", [&] { return eigvals(A); }},
      {"dgeev", [&] { return eigvals(R); }},
  };
  int failures = 0;
#if HWY_ARCH_X86
  if ((hwy::SupportedTargets() & HWY_AVX2) != 0 && bli_arch_query_id() == BLIS_ARCH_GENERIC) {
    std::printf("BLIS runs plain loops\n");
    ++failures;
  }
#endif
  for (const auto& c : cases) {
    products = 0;
    const absl::StatusOr<Tensor> result = Evaluate(c.op());
    const bool ok = result.ok() && products > 0;
    std::printf("%s: %d products of BLIS%s%s\n", c.routine, products.load(),
                result.ok() ? "" : ": ", result.ok() ? "" : result.status().ToString().c_str());
    failures += !ok;
  }
  return failures == 0 ? 0 : 1;
}
