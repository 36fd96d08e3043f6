// SPDX-License-Identifier: Apache-2.0
#include "tests/linalg/spectra.h"

#include <cmath>
#include <utility>

#include "backends/reference/qr.h"

namespace otium {
namespace {

// n values, value(i) the i-th.
template <class Value>
Spectrum Make(const char* name, int64_t n, Value&& value) {
  Spectrum s{name, {}};
  for (int64_t i = 0; i < n; ++i) s.values.push_back(value(static_cast<double>(i)));
  return s;
}

}  // namespace

std::vector<Spectrum> Spectra(DType dtype, int64_t n) {
  const double epsilon = Epsilon(dtype);
  const bool is_single = IsSingle(dtype);
  std::vector<Spectrum> spectra;
  auto add = [&](const char* name, auto value) { spectra.push_back(Make(name, n, value)); };
  const auto count = static_cast<double>(n);
  auto even = [&](double i) { return 1 - i / (count + 1); };
  add("even", even);
  add("graded", [&](double i) { return std::pow(epsilon, i / count); });
  add("graded beyond eps", [&](double i) { return std::pow(epsilon, 3 * i / count); });
  add("clustered at 1", [&](double i) { return i + 1 < count ? 1.0 : epsilon; });
  add("clustered near 1", [&](double i) { return 1 - i * epsilon; });
  add("clustered at eps", [&](double i) { return i == 0 ? 1.0 : epsilon; });
  add("deficient", [&](double i) { return i < count / 2 ? even(i) : 0.0; });
  add("zero", [](double) { return 0.0; });
  add("huge", [&](double i) { return even(i) * (is_single ? 1e18 : 1e150); });
  add("tiny", [&](double i) { return even(i) * (is_single ? 1e-18 : 1e-150); });
  add("nearly overflowing", [&](double i) { return even(i) * (is_single ? 1e37 : 1e306); });
  add("subnormal", [&](double i) { return even(i) * (is_single ? 1e-40 : 1e-312); });
  return spectra;
}

std::vector<Spectrum> RegularSpectra(DType dtype, int64_t n) {
  const double epsilon = Epsilon(dtype);
  std::vector<Spectrum> spectra;
  auto add = [&](const char* name, auto value) { spectra.push_back(Make(name, n, value)); };
  const auto count = static_cast<double>(n);
  auto at = [&](double i) { return n == 1 ? 0 : i / (count - 1); };
  add("flat", [&](double i) { return 2 - at(i); });
  add("graded", [&](double i) { return std::pow(100 * epsilon, at(i)); });
  add("clustered", [&](double i) {
    return static_cast<int64_t>(i) < n / 2 ? 1 : 1e-3 * (1 + epsilon * (count - i));
  });
  add("one small", [&](double i) { return i + 1 < count || n == 1 ? 1 : 10 * epsilon; });
  // No less than products of two such numbers take.
  add("tiny", [&](double i) { return (IsSingle(dtype) ? 1e-18 : 1e-150) * (2 - at(i)); });
  add("huge", [&](double i) { return (IsSingle(dtype) ? 1e+18 : 1e+150) * (2 - at(i)); });
  return spectra;
}

Spectrum RankDeficient(int64_t n) {
  return Make("rank deficient", n,
              [&](double i) { return i < static_cast<double>((n + 1) / 2) ? 1.0 : 0.0; });
}

Spectrum Subnormal(DType dtype, int64_t n) {
  return Make("subnormal", n, [&](double) { return IsSingle(dtype) ? 1e-41 : 1e-311; });
}

std::vector<double> Indefinite(std::vector<double> values) {
  for (size_t i = 0; i < values.size(); i += 3) values[i] = -values[i];
  return values;
}

CMatrix RandomMatrix(int64_t m, int64_t n, DType dtype, std::mt19937* random) {
  std::normal_distribution<double> normal;
  CMatrix a(m, n);
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      const double real = normal(*random);
      a(i, j) = {real, IsComplex(dtype) ? normal(*random) : 0};
    }
  }
  return a;
}

CMatrix RandomUnitary(int64_t n, DType dtype, std::mt19937* random) {
  return ColumnsOfQ(reference::FactorQr(RandomMatrix(n, n, dtype, random)), n);
}

CMatrix WithSingularValues(int64_t m, int64_t n, const std::vector<double>& values, DType dtype,
                           std::mt19937* random) {
  CMatrix middle(m, n);
  for (size_t i = 0; i < values.size(); ++i) middle(i, i) = values[i];
  const CMatrix U = RandomUnitary(m, dtype, random);
  return U * middle * RandomUnitary(n, dtype, random);
}

CMatrix WithSingularValues(const std::vector<double>& values, DType dtype, std::mt19937* random) {
  const auto n = static_cast<int64_t>(values.size());
  return WithSingularValues(n, n, values, dtype, random);
}

CMatrix WithEigenvalues(const std::vector<double>& values, DType dtype, std::mt19937* random) {
  const CMatrix V = RandomUnitary(static_cast<int64_t>(values.size()), dtype, random);
  CMatrix a = V * Diagonal(values) * Adjoint(V);
  MirrorLower(&a, /*hermitian=*/true);
  return a;
}

Tensor TensorOf(const std::vector<CMatrix>& batch, DType dtype) {
  const auto count = static_cast<int64_t>(batch.size());
  CMatrix rows(count * batch[0].rows(), batch[0].columns());
  for (int64_t i = 0; i < rows.rows(); ++i) {
    for (int64_t j = 0; j < rows.columns(); ++j) {
      rows(i, j) = batch[i / batch[0].rows()](i % batch[0].rows(), j);
    }
  }
  return Tensor::Copy(TensorOf(rows, dtype).data(), dtype,
                      {count, batch[0].rows(), batch[0].columns()});
}

}  // namespace otium
