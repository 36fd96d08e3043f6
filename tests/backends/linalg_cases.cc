// SPDX-License-Identifier: Apache-2.0
#include "tests/backends/linalg_cases.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <string>
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

std::vector<Sizes> Batched(Sizes matrix, int64_t batch) {
  if (batch % 2 == 1) matrix.insert(matrix.begin(), batch);
  return {matrix};
}

// Divides the elements, where they are.
Tensor Divided(const Tensor& t, double divisor) {
  const Tensor dense = Tensor::Copy(t.Contiguous().data(), t.dtype(), t.sizes());
  DispatchDType(t.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (!std::is_integral_v<T> && sizeof(T) >= 4) {
      T* p = const_cast<T*>(dense.data<T>());
      for (int64_t i = 0; i < dense.NumElements(); ++i) p[i] /= T(static_cast<float>(divisor));
    }
  });
  CopyStrided(dense.data(), dense.strides(), const_cast<void*>(t.data()), t.strides(), t.sizes(),
              ItemSize(t.dtype()));
  return t;
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
    case Op::qr:
    case Op::geqrf:
    case Op::svd:
    case Op::svdvals: return Batched({n, k}, b);
    case Op::householder_product:
    case Op::orgqr:
      return std::vector<Sizes>{{b, std::max(n, k), std::min(n, k)},
                                {b, Pick(random, 0, std::min(n, k))}};
    case Op::ormqr: {
      // Square at times, so that it fits on both sides.
      const int64_t m = std::max(n, k), other = Pick(random, 0, 2) == 0 ? m : PickSize(random);
      return std::vector<Sizes>{
          {b, m, std::min(n, k)}, {b, Pick(random, 0, std::min(n, k))}, {b, m, other}};
    }
    case Op::eigh:
    case Op::eigvalsh: return Batched({n, n}, b);
    case Op::eig:
    case Op::eigvals: {
      // Its promises take n^4.
      const int64_t small = std::min<int64_t>(n, 30);
      return Batched({small, small}, b);
    }
    case Op::lobpcg: {
      // Its promises are judged by all eigenvalues.
      const int64_t size = Pick(random, 3, 40),
                    block = Pick(random, 1, std::min(size / 3, int64_t{4}));
      const Sizes A = Batched({size, size}, b)[0];
      return std::vector<Sizes>{A, A, Batched({size, block}, b)[0], A};
    }
    case Op::lstsq:
      switch (b) {
        case 0: return {{{n, k}, {n}}};
        case 1: return {{{n, k}, {n, Pick(random, 0, 4)}}};
        case 2: return {{{3, n, k}, {3, n}}};
        case 3: return {{{3, n, k}, {n, 2}}};
        default: return {{{1, n, k}, {Pick(random, 0, 3), n, 2}}};
      }
    default: return std::nullopt;
  }
}

void AddLinalgAttributes(Op op, std::mt19937& random, std::vector<NamedAttribute>* attributes) {
  const bool coin = Pick(random, 0, 1) == 0;
  switch (op) {
    case Op::qr: {
      const char* modes[] = {"reduced", "complete", "r"};
      attributes->push_back({"mode", std::string(modes[Pick(random, 0, 2)])});
      return;
    }
    case Op::ormqr:
      attributes->push_back({"left", coin});
      attributes->push_back({"transpose", Pick(random, 0, 1) == 0});
      return;
    case Op::eigh:
    case Op::eigvalsh: attributes->push_back({"UPLO", std::string(coin ? "L" : "U")}); return;
    case Op::lobpcg: attributes->push_back({"largest", coin}); return;
    case Op::svd: attributes->push_back({"full_matrices", coin}); return;
    case Op::lstsq: {
      const char* drivers[] = {"gels", "gelsy", "gelsd", "gelss"};
      attributes->push_back({"driver", std::string(drivers[Pick(random, 0, 3)])});
      return;
    }
    default: return;
  }
}

Tensor LinalgOperand(const Kernel& kernel, int i, const Tensor& t, Structure* structure) {
  // Vectors of norm 1 or so, and factors so small that the norm of their product stays
  // about 1, as that of reflectors is.
  const bool has_reflectors = kernel.op == Op::householder_product || kernel.op == Op::orgqr ||
                              kernel.op == Op::ormqr;
  if (has_reflectors && i < 2) {
    const auto size = static_cast<double>(std::max<int64_t>(t.sizes()[1], 1));
    return Divided(t, i == 0 ? 2 * std::sqrt(size) : size);
  }
  // A, B and iK, that is.
  if (kernel.op == Op::lobpcg) return i == 2 ? t : Structured(t, MatrixKind::kDefinite);
  const std::optional<MatrixKind> kind = KindFor(kernel);
  if (i != 0 || !kind.has_value()) return t;
  if (*kind == MatrixKind::kDefinite) structure->flags = kPd;
  if (*kind == MatrixKind::kSymmetric) structure->flags = kSymmetric;
  return Structured(t, *kind);
}

}  // namespace otium
