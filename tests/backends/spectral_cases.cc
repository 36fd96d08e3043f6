// SPDX-License-Identifier: Apache-2.0
#include "tests/backends/spectral_cases.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <string>
#include <type_traits>

#include "tests/backends/linalg_cases.h"
#include "tests/backends/pick.h"

namespace otium {
namespace {

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
  return Overwritten(t, dense);
}

}  // namespace

std::optional<std::vector<Sizes>> SpectralShapes(Op op, std::mt19937& random) {
  const int64_t n = PickSize(random), k = PickSize(random), b = Pick(random, 0, 5);
  switch (op) {
    case Op::matrix_exp: return Batched({n, n}, b);
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

void AddSpectralAttributes(Op op, std::mt19937& random, std::vector<NamedAttribute>* attributes) {
  const bool coin = Toss(random);
  switch (op) {
    case Op::qr: {
      const char* modes[] = {"reduced", "complete", "r"};
      attributes->push_back({"mode", std::string(modes[Pick(random, 0, 2)])});
      return;
    }
    case Op::ormqr:
      attributes->push_back({"left", coin});
      attributes->push_back({"transpose", Toss(random)});
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

Tensor SpectralOperand(const Kernel& kernel, int i, const Tensor& t) {
  switch (kernel.op) {
    // Vectors of norm 1 or so, and factors so small that the norm of their product stays
    // about 1, as that of reflectors is.
    case Op::householder_product:
    case Op::orgqr:
    case Op::ormqr: {
      if (i > 1) return t;
      const auto size = static_cast<double>(std::max<int64_t>(t.sizes()[1], 1));
      return Divided(t, i == 0 ? 2 * std::sqrt(size) : size);
    }
    // A, B and iK, that is.
    case Op::lobpcg: return i == 2 ? t : MakeDefinite(t);
    // Of norm 1 or so.
    case Op::matrix_exp:
      return Divided(t, static_cast<double>(std::max<int64_t>(t.sizes().back(), 1)));
    default: return t;
  }
}

}  // namespace otium
