// SPDX-License-Identifier: Apache-2.0
//
// Singular values by the textbook, in f64 or c128. Code -1: an element is not finite.

#include "backends/reference/jacobi.h"
#include "backends/reference/matrix.h"
#include "ops/failure_codes.h"

namespace otium::reference {

void Svd(const LaunchArgs& args) {
  ForEachMatrix(args, BatchOfResult(args), [](const auto& launch) {
    const auto A = launch.Operand(0);
    if (!AllFinite(A)) return launch.Fail(kNotFinite);
    const auto svd = SvdOf(A, launch.attributes().template Get<bool>("full_matrices"));
    if (!svd.has_value()) return launch.Fail(std::min(A.rows(), A.columns()));
    launch.SetResult(0, svd->U);
    launch.SetReals(1, svd->S);
    launch.SetResult(2, svd->Vh);
  });
}

void Svdvals(const LaunchArgs& args) {
  ForEachMatrix(args, BatchOfResult(args, 0, 1), [](const auto& launch) {
    const auto A = launch.Operand(0);
    if (!AllFinite(A)) return launch.Fail(kNotFinite);
    const auto svd = SvdOf(A, /*full=*/false);
    if (!svd.has_value()) return launch.Fail(std::min(A.rows(), A.columns()));
    launch.SetReals(0, svd->S);
  });
}

}  // namespace otium::reference
