// SPDX-License-Identifier: Apache-2.0
#include "tests/backends/linalg_cases.h"

#include <complex>
#include <type_traits>

#include "tests/backends/pick.h"

namespace otium {
namespace {

enum class MatrixKind { kGeneral, kSymmetric, kDefinite, kSmall };

// Replaces `a` by a well-conditioned matrix of the kind, in the same memory: a @ a.H + n,
// a + a.T + 4n, a + 4n, or a / n.
Tensor Structured(const Tensor& a, MatrixKind kind) {
  const int r = a.rank();
  const int64_t n = a.sizes()[r - 1];
  const Tensor dense = a.Contiguous();
  Tensor out = *Tensor::Allocate(a.dtype(), a.sizes());
  DispatchDType(a.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (!std::is_integral_v<T> && !std::is_same_v<T, Float16> &&
                  !std::is_same_v<T, BFloat16>) {
      auto conj = [](T v) {
        if constexpr (std::is_floating_point_v<T>) return v;
        else return std::conj(v);
      };
      const T* p = dense.data<T>();
      T* q = out.mutable_data<T>();
      const int64_t batch = n == 0 ? 0 : dense.NumElements() / (n * n);
      for (int64_t b = 0; b < batch; ++b, p += n * n, q += n * n) {
        for (int64_t i = 0; i < n; ++i) {
          for (int64_t j = 0; j < n; ++j) {
            T sum = T(0);
            if (kind == MatrixKind::kDefinite) {
              for (int64_t k = 0; k < n; ++k) sum += p[i * n + k] * conj(p[j * n + k]);
              if (i == j) sum += T(static_cast<float>(n));
            } else {
              sum = p[i * n + j];
              if (kind == MatrixKind::kSymmetric) sum += p[j * n + i];
              if (kind == MatrixKind::kSmall) sum /= T(static_cast<float>(n));
              else if (i == j) sum += T(static_cast<float>(4 * n));
            }
            q[i * n + j] = sum;
          }
        }
      }
    }
  });
  CopyStrided(out.data(), out.strides(), const_cast<void*>(a.data()), a.strides(), a.sizes(),
              ItemSize(a.dtype()));
  return a;
}

// What a kernel of this op wants operand 0 to be.
std::optional<MatrixKind> KindFor(const Kernel& kernel) {
  switch (kernel.op) {
    case Op::cholesky:
    case Op::cholesky_ex: return MatrixKind::kDefinite;
    case Op::solve:
      return (kernel.relies_on & kPd) != 0 ? MatrixKind::kDefinite
             : kernel.relies_on != 0       ? MatrixKind::kSymmetric
                                           : MatrixKind::kGeneral;
    case Op::matrix_exp: return MatrixKind::kSmall;
    default: return std::nullopt;
  }
}

}  // namespace

std::optional<std::vector<Sizes>> LinalgShapes(Op op, std::mt19937& random) {
  const int64_t n = PickSize(random), k = PickSize(random), b = Pick(random, 0, 5);
  switch (op) {
    case Op::cholesky:
    case Op::cholesky_ex:
    case Op::matrix_exp:
      return b % 2 == 0 ? std::vector<Sizes>{{n, n}} : std::vector<Sizes>{{b, n, n}};
    case Op::solve:
      switch (b % 3) {
        case 0: return {{{n, n}, {n}}};
        case 1: return {{{n, n}, {n, k}}};
        default: return {{{b, n, n}, {1, n, k}}};
      }
    default: return std::nullopt;
  }
}

Tensor LinalgOperand(const Kernel& kernel, int i, const Tensor& t, Structure* structure) {
  const std::optional<MatrixKind> kind = KindFor(kernel);
  if (i != 0 || !kind.has_value()) return t;
  if (*kind == MatrixKind::kDefinite) structure->flags = kPd;
  if (*kind == MatrixKind::kSymmetric) structure->flags = kSymmetric;
  return Structured(t, *kind);
}

}  // namespace otium
