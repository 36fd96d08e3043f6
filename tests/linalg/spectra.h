// SPDX-License-Identifier: Apache-2.0
//
// Matrices of prescribed singular values and eigenvalues, and the two ways to run ops
// on them: by LAPACK, and by the loops of the reference, which keep the same promises.

#ifndef OTIUM_TESTS_LINALG_SPECTRA_H_
#define OTIUM_TESTS_LINALG_SPECTRA_H_

#include <random>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/engine.h"
#include "tests/linalg/ratios.h"

namespace otium {

// The singular values of a test, descending, or the absolute eigenvalues.
struct Spectrum {
  std::string name;
  std::vector<double> values;
};
// Even, graded, clustered, rank-deficient, zero, huge, tiny and subnormal.
std::vector<Spectrum> Spectra(DType dtype, int64_t n);

inline constexpr DType kLinalgDTypes[] = {DType::kF32, DType::kF64, DType::kC64, DType::kC128};

CMatrix RandomMatrix(int64_t m, int64_t n, DType dtype, std::mt19937* random);
CMatrix RandomUnitary(int64_t n, DType dtype, std::mt19937* random);
// U diag(values) V.H
CMatrix WithSingularValues(int64_t m, int64_t n, const std::vector<double>& values, DType dtype,
                           std::mt19937* random);
// V diag(values) V.H
CMatrix WithEigenvalues(const std::vector<double>& values, DType dtype, std::mt19937* random);

// Rounded; of real dtypes the real parts. Several are a batch.
Tensor TensorOf(const CMatrix& m, DType dtype);
Tensor TensorOf(const std::vector<CMatrix>& batch, DType dtype);

enum class Way { kLapack, kReference };
inline constexpr Way kWays[] = {Way::kLapack, Way::kReference};

absl::StatusOr<std::vector<Tensor>> RunBy(Way way, const std::vector<Expr>& exprs);
// A test failure when there are no values.
std::vector<Tensor> ValuesBy(Way way, const std::vector<Expr>& exprs);
// What a run that must fail says; "" when it does not fail.
std::string FailureBy(Way way, const std::vector<Expr>& exprs);

// Whether any element is NaN or infinite.
bool HasNonFinite(const Tensor& t);

}  // namespace otium

#endif  // OTIUM_TESTS_LINALG_SPECTRA_H_
