// SPDX-License-Identifier: Apache-2.0
//
// Matrices of prescribed singular values, or eigenvalues, for tests of factorizations.

#ifndef OTIUM_TESTS_LINALG_SQUARE_SPECTRA_H_
#define OTIUM_TESTS_LINALG_SQUARE_SPECTRA_H_

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "engine/base/dtype.h"
#include "tests/dense_matrix.h"

namespace otium {

struct SquareSpectrum {
  std::string name;
  std::vector<double> values;
  double smallest() const { return values.back(); }
};

inline bool IsSingle(DType dtype) { return RealDType(dtype) == DType::kF32; }

// n values each, descending; regular ones, and such as a dtype barely holds: all that
// are not zero are at least `eps` times the largest.
inline std::vector<SquareSpectrum> RegularSpectra(int64_t n, DType dtype) {
  const double eps = Epsilon(dtype);
  std::vector<SquareSpectrum> spectra = {{"flat", {}},      {"graded", {}}, {"clustered", {}},
                                   {"one small", {}}, {"tiny", {}},   {"huge", {}}};
  for (int64_t i = 0; i < n; ++i) {
    const double at = n == 1 ? 0 : static_cast<double>(i) / static_cast<double>(n - 1);
    spectra[0].values.push_back(2 - at);
    spectra[1].values.push_back(std::pow(100 * eps, at));
    spectra[2].values.push_back(i < n / 2 ? 1 : 1e-3 * (1 + eps * static_cast<double>(n - i)));
    spectra[3].values.push_back(i + 1 < n || n == 1 ? 1 : 10 * eps);
    // No less than products of two such numbers take.
    spectra[4].values.push_back((IsSingle(dtype) ? 1e-18 : 1e-150) * (2 - at));
    spectra[5].values.push_back((IsSingle(dtype) ? 1e+18 : 1e+150) * (2 - at));
  }
  return spectra;
}

inline SquareSpectrum RankDeficient(int64_t n) {
  SquareSpectrum s{"rank deficient", {}};
  for (int64_t i = 0; i < n; ++i) s.values.push_back(i < (n + 1) / 2 ? 1 : 0);
  return s;
}
// All of what a matrix has is below the smallest normal number.
inline SquareSpectrum Subnormal(int64_t n, DType dtype) {
  return {"subnormal",
          std::vector<double>(static_cast<size_t>(n), IsSingle(dtype) ? 1e-41 : 1e-311)};
}

// Orthogonal, or unitary: a product of reflections in random directions.
inline DenseMatrix RandomOrthogonal(int64_t n, DType dtype, std::mt19937* random) {
  std::normal_distribution<double> normal;
  DenseMatrix Q = DenseMatrix::Identity(n);
  for (int64_t r = 0; r < std::min<int64_t>(n, 4); ++r) {
    std::vector<std::complex<double>> v(static_cast<size_t>(n));
    double square = 0;
    for (auto& x : v) {
      x = {normal(*random), IsComplex(dtype) ? normal(*random) : 0};
      square += std::norm(x);
    }
    for (int64_t j = 0; j < n; ++j) {
      std::complex<double> dot = 0;
      for (int64_t i = 0; i < n; ++i) dot += std::conj(v[i]) * Q(i, j);
      for (int64_t i = 0; i < n; ++i) Q(i, j) -= 2.0 / square * dot * v[i];
    }
  }
  return Q;
}

inline DenseMatrix Diagonal(const std::vector<double>& values) {
  const auto n = static_cast<int64_t>(values.size());
  DenseMatrix d(n, n);
  for (int64_t i = 0; i < n; ++i) d(i, i) = values[i];
  return d;
}

// U diag(values) V with random U and V; hermitian: V = U.H, and every third value is
// negative when indefinite.
inline DenseMatrix WithSingularValues(const SquareSpectrum& s, DType dtype, std::mt19937* random) {
  const auto n = static_cast<int64_t>(s.values.size());
  return RandomOrthogonal(n, dtype, random) * Diagonal(s.values) *
         RandomOrthogonal(n, dtype, random);
}
inline DenseMatrix WithEigenvalues(const SquareSpectrum& s, DType dtype, bool indefinite,
                                   std::mt19937* random) {
  std::vector<double> values = s.values;
  for (size_t i = 0; i < values.size() && indefinite; i += 3) values[i] = -values[i];
  const auto n = static_cast<int64_t>(values.size());
  const DenseMatrix Q = RandomOrthogonal(n, dtype, random);
  DenseMatrix a = Q * Diagonal(values) * Q.Adjoint();
  for (int64_t i = 0; i < n; ++i) {  // Exactly hermitian.
    a(i, i) = a(i, i).real();
    for (int64_t j = 0; j < i; ++j) a(j, i) = std::conj(a(i, j));
  }
  return a;
}

inline constexpr DType kLinalgDTypes[] = {DType::kF32, DType::kF64, DType::kC64, DType::kC128};

// A matrix rounded to a dtype, as a test then compares with it.
inline DenseMatrix Rounded(const DenseMatrix& a, DType dtype) {
  return DenseMatrix::All(a.ToTensor(dtype))[0];
}

}  // namespace otium

#endif  // OTIUM_TESTS_LINALG_SQUARE_SPECTRA_H_
