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
inline constexpr uint32_t kRealBlasDTypes = DTypeBit(DType::kF32) | DTypeBit(DType::kF64);
inline constexpr uint32_t kComplexDTypes = DTypeBit(DType::kC64) | DTypeBit(DType::kC128);

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

// lu.cc, ldl.cc
bool Pivots(const KernelCall& call);
bool DoesNotPivot(const KernelCall& call);
Prepared PrepareLuFactor(const KernelCall& call);
Prepared PrepareLuUnpack(const KernelCall& call);
Prepared PrepareLuSolve(const KernelCall& call);
Prepared PrepareLdlFactor(const KernelCall& call);
Prepared PrepareLdlSolve(const KernelCall& call);

// solve.cc: by what is known of operand 0.
bool IsDefinite(const KernelCall& call);
bool IsSymmetric(const KernelCall& call);
bool IsHermitian(const KernelCall& call);
bool IsTridiagonal(const KernelCall& call);
bool IsDefiniteTridiagonal(const KernelCall& call);
bool IsNarrow(const KernelCall& call);
bool IsNarrowDefinite(const KernelCall& call);
Prepared PreparePtsv(const KernelCall& call);
Prepared PrepareGtsv(const KernelCall& call);
Prepared PreparePbsv(const KernelCall& call);
Prepared PrepareGbsv(const KernelCall& call);
Prepared PreparePosv(const KernelCall& call);
Prepared PrepareSysv(const KernelCall& call);
Prepared PrepareHesv(const KernelCall& call);
Prepared PrepareGesv(const KernelCall& call);

// solve_structured.cc, solve_triangular.cc
bool IsDiagonal(const KernelCall& call);
bool IsTriangular(const KernelCall& call);
bool IsOrthogonal(const KernelCall& call);
Prepared PrepareDiagonalSolve(const KernelCall& call);
Prepared PrepareTriangularSolve(const KernelCall& call);
Prepared PrepareOrthogonalSolve(const KernelCall& call);
Prepared PrepareSolveTriangular(const KernelCall& call);

// inverse.cc, determinant.cc
Prepared PrepareDiagonalInverse(const KernelCall& call);
Prepared PrepareTrtri(const KernelCall& call);
Prepared PreparePotri(const KernelCall& call);
Prepared PrepareGetri(const KernelCall& call);
Prepared PrepareTriangularDeterminant(const KernelCall& call);
Prepared PrepareDeterminant(const KernelCall& call);

// small_kernels.cc
bool IsSmall(const KernelCall& call);
bool IsSmallPivoted(const KernelCall& call);
Prepared PrepareSmallCholesky(const KernelCall& call);
Prepared PrepareSmallLu(const KernelCall& call);
Prepared PrepareSmallInverse(const KernelCall& call);
Prepared PrepareSmallDeterminant(const KernelCall& call);

// small_systems.cc
bool IsSmallSystem(const KernelCall& call);
bool IsSmallDefiniteSystem(const KernelCall& call);
bool IsSmallFactored(const KernelCall& call);
Prepared PrepareSmallSolve(const KernelCall& call);
Prepared PrepareSmallDefiniteSolve(const KernelCall& call);
Prepared PrepareSmallTriangle(const KernelCall& call);
Prepared PrepareSmallLuSolve(const KernelCall& call);

// small_orthogonal.cc
bool IsSmallRectangle(const KernelCall& call);
Prepared PrepareSmallQr(const KernelCall& call);
Prepared PrepareSmallGeqrf(const KernelCall& call);

// small_symmetric.cc
Prepared PrepareSmallEigh(const KernelCall& call);

// orthogonal.cc, least_squares.cc
Prepared PrepareQr(const KernelCall& call);
Prepared PrepareGeqrf(const KernelCall& call);
Prepared PrepareHouseholderProduct(const KernelCall& call);
Prepared PrepareOrmqr(const KernelCall& call);
bool IsSmallLstsq(const KernelCall& call);
Prepared PrepareSmallLstsq(const KernelCall& call);
Prepared PrepareLstsq(const KernelCall& call);

// eigen.cc, symmetric_eigen.cc, svd.cc
Prepared PrepareEig(const KernelCall& call);
Prepared PrepareSyevd(const KernelCall& call);
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

// structure.cc
bool IsCheckedByRows(const KernelCall& call);
Prepared PrepareStructure(const KernelCall& call);

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
