// SPDX-License-Identifier: Apache-2.0
//
// Matrices of prescribed singular values and eigenvalues.

#ifndef OTIUM_TESTS_LINALG_SPECTRA_H_
#define OTIUM_TESTS_LINALG_SPECTRA_H_

#include <random>
#include <string>
#include <vector>

#include "tests/linalg/matrix.h"

namespace otium {

// The singular values of a test, descending, or the absolute eigenvalues.
struct Spectrum {
  std::string name;
  std::vector<double> values;
};
// Even, graded, clustered, rank-deficient, zero, huge, tiny and subnormal.
std::vector<Spectrum> Spectra(DType dtype, int64_t n);
// Those of systems that can be solved: no value is below ten eps times the largest, and
// products of two stay normal numbers.
std::vector<Spectrum> RegularSpectra(DType dtype, int64_t n);
Spectrum RankDeficient(int64_t n);
// All of what a matrix has is below the smallest normal number.
Spectrum Subnormal(DType dtype, int64_t n);
// Every third value negative.
std::vector<double> Indefinite(std::vector<double> values);

inline constexpr DType kLinalgDTypes[] = {DType::kF32, DType::kF64, DType::kC64, DType::kC128};
inline bool IsSingle(DType dtype) { return RealDType(dtype) == DType::kF32; }

CMatrix RandomMatrix(int64_t m, int64_t n, DType dtype, std::mt19937* random);
CMatrix RandomUnitary(int64_t n, DType dtype, std::mt19937* random);
// U diag(values) V.H; without sizes, square.
CMatrix WithSingularValues(int64_t m, int64_t n, const std::vector<double>& values, DType dtype,
                           std::mt19937* random);
CMatrix WithSingularValues(const std::vector<double>& values, DType dtype, std::mt19937* random);
// V diag(values) V.H, Hermitian to the last bit.
CMatrix WithEigenvalues(const std::vector<double>& values, DType dtype, std::mt19937* random);

// The batch of those matrices, rounded.
Tensor TensorOf(const std::vector<CMatrix>& batch, DType dtype);

}  // namespace otium

#endif  // OTIUM_TESTS_LINALG_SPECTRA_H_
