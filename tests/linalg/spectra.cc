// SPDX-License-Identifier: Apache-2.0
#include "tests/linalg/spectra.h"

#include "absl/strings/str_cat.h"
#include "backends/reference/qr.h"
#include "engine/graph/capture.h"
#include "gtest/gtest.h"

namespace otium {

using reference::Adjoint;
using reference::Product;

std::vector<Spectrum> Spectra(DType dtype, int64_t n) {
  const double epsilon = Epsilon(dtype);
  const bool is_single = ItemSize(RealDType(dtype)) == 4;
  std::vector<Spectrum> spectra;
  auto add = [&](const char* name, auto value) {
    Spectrum s{name, {}};
    for (int64_t i = 0; i < n; ++i) s.values.push_back(value(static_cast<double>(i)));
    spectra.push_back(std::move(s));
  };
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
  const CMatrix left = Product(RandomUnitary(m, dtype, random), middle);
  return Product(left, RandomUnitary(n, dtype, random));
}

CMatrix WithEigenvalues(const std::vector<double>& values, DType dtype, std::mt19937* random) {
  const CMatrix V = RandomUnitary(static_cast<int64_t>(values.size()), dtype, random);
  CMatrix w(V.rows(), 1);
  for (size_t i = 0; i < values.size(); ++i) w(i, 0) = values[i];
  return Product(TimesDiagonal(V, w), Adjoint(V));
}

Tensor TensorOf(const CMatrix& m, DType dtype) {
  Tensor t = *Tensor::Allocate(dtype, {m.rows(), m.columns()});
  DispatchDType(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* p = t.mutable_data<T>();
    for (int64_t i = 0; i < m.rows(); ++i) {
      for (int64_t j = 0; j < m.columns(); ++j, ++p) {
        if constexpr (std::is_floating_point_v<T>) *p = static_cast<T>(m(i, j).real());
        else if constexpr (!std::is_integral_v<T> && sizeof(T) >= 8) *p = static_cast<T>(m(i, j));
      }
    }
  });
  return t;
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

absl::StatusOr<std::vector<Tensor>> RunBy(Way way, const std::vector<Expr>& exprs) {
  CompileOptions options;
  options.reference = way == Way::kReference;
  options.optimize.optimize = way != Way::kReference;
  // Not Evaluate, after which the expressions would be their values.
  CaptureRequest request;
  for (size_t i = 0; i < exprs.size(); ++i) {
    request.outputs.emplace_back(absl::StrCat("r", i), exprs[i]);
  }
  absl::StatusOr<Graph> graph = Capture(request);
  if (!graph.ok()) return graph.status();
  const absl::StatusOr<Program> program = Compile(Function(*std::move(graph)), options);
  if (!program.ok()) return program.status();
  const absl::StatusOr<TensorMap> results = program->Run({});
  if (!results.ok()) return results.status();
  std::vector<Tensor> values;
  for (const auto& [name, tensor] : *results) values.push_back(tensor);
  return values;
}

std::vector<Tensor> ValuesBy(Way way, const std::vector<Expr>& exprs) {
  auto values = RunBy(way, exprs);
  EXPECT_TRUE(values.ok()) << values.status();
  return values.ok() ? *std::move(values) : std::vector<Tensor>();
}

std::string FailureBy(Way way, const std::vector<Expr>& exprs) {
  const auto values = RunBy(way, exprs);
  if (values.ok()) return "";
  EXPECT_EQ(values.status().code(), absl::StatusCode::kFailedPrecondition) << values.status();
  return std::string(values.status().message());
}

bool HasNonFinite(const Tensor& t) {
  for (const CMatrix& m : Matrices(t.Contiguous(), t.rank() < 2 ? t.rank() : 2)) {
    if (!AllFinite(m)) return true;
  }
  return false;
}

}  // namespace otium
