// SPDX-License-Identifier: Apache-2.0
//
// Cholesky factors, made where the result is. A row-major matrix is its transpose to
// LAPACK, so "lower" becomes "upper", and nothing is transposed.

#include <algorithm>
#include <memory>

#include "backends/cpu/lapack.h"
#include "backends/cpu/matrix_batch.h"
#include "backends/cpu/prepare.h"
#include "backends/cpu/triangle.h"

namespace otium::cpu {
namespace {

struct CholeskyState {
  PhysicalType operand, result;
  PhysicalType info;      // cholesky_ex only.
  bool has_info = false;  // Failures are a result, not the step's.
  bool upper = false;
  MatrixBatch batch;
};

template <class T>
struct CholeskyLauncher {
  static void Launch(const LaunchArgs& args) {
    const auto& s = *static_cast<const CholeskyState*>(args.state);
    // LAPACK sees the transpose, that is the conjugate of the hermitian A: its factor
    // is the conjugate of ours, transposed, which is where ours belongs.
    const char uplo = s.upper ? 'L' : 'U';
    RunBatch(s.batch, args, [&](Range matrices, char*, StepInfo* info) {
      for (int64_t p = matrices.begin; p < matrices.end; ++p) {
        const auto L = MatrixOf<T>(s.batch, s.result, args.results[0], p);
        CopyTriangle(MatrixOf<const T>(s.batch, s.operand, args.operands[0], p), s.upper, L);
        const auto n = static_cast<lapack_int>(L.rows);
        const lapack_int ld = std::max<lapack_int>(n, 1);
        lapack_int code = 0;
        OTIUM_LAPACK(T, potrf, &uplo, &n, L.data, &ld, &code);
        if (!s.has_info) {
          Report(info, code, p);
          continue;
        }
        args.results[1].as<int32_t>()[BatchOffset(s.batch, s.info, args.results[1], 0, p)] = code;
        if (code != 0) FillNan(L);
      }
    });
  }
};

}  // namespace

Prepared PrepareCholesky(const KernelCall& call) {
  auto s = std::make_shared<CholeskyState>();
  s->operand = call.operands[0];
  s->result = call.results[0];
  s->has_info = call.results.size() > 1;
  if (s->has_info) s->info = call.results[1];
  s->upper = call.attributes.Get<bool>("upper");
  const absl::Span<const int64_t> sizes = s->result.sizes;
  const double n = static_cast<double>(sizes.back());
  s->batch = MatrixBatch(sizes.first(sizes.size() - 2), n * n * n / 3, /*bytes=*/0);
  const int64_t bytes = s->batch.workspace_bytes();
  return {ForBlasDType<CholeskyLauncher>(s->operand.dtype), std::move(s), bytes};
}

}  // namespace otium::cpu
