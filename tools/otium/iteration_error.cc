// SPDX-License-Identifier: Apache-2.0
#include "tools/otium/iteration_error.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <optional>
#include <random>
#include <vector>

#include "engine/engine.h"
#include "ops/spectral.h"

namespace otium::cli {
namespace {

// A dense copy.
Tensor CopyOf(const View& view, const PhysicalType& type) {
  return Tensor::Copy(Tensor::Borrow(view.data, type.dtype, type.sizes,
                                     absl::MakeConstSpan(view.strides, type.sizes.size()), nullptr)
                          .Contiguous()
                          .data(),
                      type.dtype, type.sizes);
}

// Adds a hermitian matrix to each n x n one, about tol times as long as its longest
// column.
template <class T>
void AddHermitian(T* a, int64_t n, double tol, std::mt19937_64* random) {
  double longest = 0;
  for (int64_t j = 0; j < n; ++j) {
    double squares = 0;
    for (int64_t i = 0; i < n; ++i) squares += std::norm(std::complex<double>(a[i * n + j]));
    longest = std::max(longest, std::sqrt(squares));
  }
  const double size = tol * longest / std::sqrt(static_cast<double>(n));
  auto draw = [&] { return ((*random)() & 1) != 0 ? size : -size; };
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < i; ++j) {
      if constexpr (std::is_floating_point_v<T>) {
        const T x = static_cast<T>(draw());
        a[i * n + j] += x;
        a[j * n + i] += x;
      } else {
        const T x(static_cast<typename T::value_type>(draw()),
                  static_cast<typename T::value_type>(draw()));
        a[i * n + j] += x;
        a[j * n + i] += std::conj(x);
      }
    }
    a[i * n + i] += T(static_cast<decltype(std::abs(T()))>(draw()));
  }
}

// Writes the elements of a dense tensor to where a value is.
void Write(const Tensor& tensor, const View& view) {
  CopyStrided(tensor.data(), tensor.strides(), view.data,
              absl::MakeConstSpan(view.strides, tensor.sizes().size()), tensor.sizes(),
              ItemSize(tensor.dtype()));
}

// What residuals are left, in norms of A.
double ToleranceOf(const Attributes& attributes, DType dtype) {
  if (attributes.Find<int64_t>("niter") != nullptr) return 1;
  const double* const tol = attributes.Find<double>("tol");
  return std::max(tol == nullptr ? std::sqrt(Epsilon(dtype)) : *tol, Epsilon(dtype));
}

// lobpcg of A that was moved.
absl::StatusOr<std::vector<Tensor>> Solve(const Tensor& A, const Expr& B, int64_t k,
                                          const Attributes& of) {
  CompileOptions options;
  options.reference = true;
  options.optimize.optimize = false;
  const auto [w, X] =
      lobpcg(constant(A), k, B, /*X=*/Expr(), /*n=*/std::nullopt,
             /*iK=*/Expr(), /*niter=*/std::nullopt, /*tol=*/std::nullopt, of.Get<bool>("largest"));
  return Evaluate({w, X}, options);
}

}  // namespace

void MoveByIterationError(const StepValues& values, uint64_t sample) {
  const PlanStep& step = values.step;
  if (step.op->id != Op::lobpcg) return;
  auto arg = [&](int i) { return values.plan.args[step.first_arg + i]; };
  auto copy = [&](int i) { return CopyOf(values.views[i], values.plan.operands[arg(i)].type); };
  const Attributes& attributes = values.plan.graph->attributes(step.node);
  Tensor A = copy(0);
  const int64_t n = A.sizes().back();
  std::mt19937_64 random(uint64_t{step.node} * 8191 + sample);
  DispatchDType(A.dtype(), [&]<class Tag>(Tag) {
    using T = typename Tag::type;
    if constexpr (!std::is_integral_v<T> && sizeof(T) >= 4) {
      T* const a = A.mutable_data<T>();
      const double tol = ToleranceOf(attributes, A.dtype());
      for (int64_t p = 0; p < A.NumElements(); p += n * n) AddHermitian(a + p, n, tol, &random);
    }
  });
  const absl::StatusOr<std::vector<Tensor>> moved =
      Solve(A, arg(1) < 0 ? Expr() : constant(copy(1)),
            values.plan.operands[arg(step.num_operands)].type.sizes.back(), attributes);
  if (!moved.ok()) return;  // As the step itself did.
  for (int i = 0; i < step.num_results; ++i) {
    if (arg(step.num_operands + i) < 0) continue;
    Write((*moved)[i].Contiguous(), values.views[step.num_operands + i]);
  }
}

}  // namespace otium::cli
