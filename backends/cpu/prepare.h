// SPDX-License-Identifier: Apache-2.0
//
// What the files of the CPU backend give to the kernel table: one `prepare`, and
// where needed one `accepts`, a line.

#ifndef OTIUM_BACKENDS_CPU_PREPARE_H_
#define OTIUM_BACKENDS_CPU_PREPARE_H_

#include "backends/backend.h"

namespace otium::cpu {

// All but bool.
inline constexpr uint32_t kNumberDTypes = kAllDTypes & ~DTypeBit(DType::kBool);

// product_kernels.cc
Prepared PrepareGemv(const KernelCall& call);
Prepared PrepareGemm(const KernelCall& call);
Prepared PrepareDot(const KernelCall& call);
Prepared PrepareGer(const KernelCall& call);
// Fused regions that begin with a product.
bool IsProductRegion(const KernelCall& call);
Prepared PrepareProductRegion(const KernelCall& call);
// Both operands have matrices in their last two dimensions.
bool IsMatrixProduct(const KernelCall& call);

// cholesky.cc
Prepared PrepareCholesky(const KernelCall& call);

// solve.cc
bool IsDefinite(const KernelCall& call);
bool IsSymmetric(const KernelCall& call);
Prepared PreparePosv(const KernelCall& call);
Prepared PrepareSysv(const KernelCall& call);
Prepared PrepareGesv(const KernelCall& call);

// orthogonal.cc, least_squares.cc
Prepared PrepareQr(const KernelCall& call);
Prepared PrepareGeqrf(const KernelCall& call);
Prepared PrepareHouseholderProduct(const KernelCall& call);
Prepared PrepareOrmqr(const KernelCall& call);
Prepared PrepareLstsq(const KernelCall& call);

// eigen.cc, svd.cc
Prepared PrepareEig(const KernelCall& call);
Prepared PrepareEigh(const KernelCall& call);
Prepared PrepareSvd(const KernelCall& call);

// matrix_exp.cc, lobpcg.cc
Prepared PrepareMatrixExp(const KernelCall& call);
Prepared PrepareLobpcg(const KernelCall& call);

// tape.cc
bool AcceptsTape(const KernelCall& call);
Prepared PrepareTape(const KernelCall& call);

// scan.cc, join.cc
Prepared PrepareScan(const KernelCall& call);
Prepared PrepareJoin(const KernelCall& call);

// ranges.cc, random.cc
Prepared PrepareRange(const KernelCall& call);
Prepared PrepareRandom(const KernelCall& call);

// movement.cc, indexing.cc, nonzero.cc
Prepared PrepareEye(const KernelCall& call);
Prepared PrepareTriangle(const KernelCall& call);
Prepared PrepareDiag(const KernelCall& call);
Prepared PrepareBlockDiag(const KernelCall& call);
Prepared PrepareRoll(const KernelCall& call);
Prepared PreparePick(const KernelCall& call);
Prepared PrepareNonzero(const KernelCall& call);

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_PREPARE_H_
