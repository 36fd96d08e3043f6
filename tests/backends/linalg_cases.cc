// SPDX-License-Identifier: Apache-2.0
#include "tests/backends/linalg_cases.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <type_traits>

#include "tests/backends/pick.h"

namespace otium {
namespace {

enum class MatrixKind {
  kGeneral,       // a + 4n
  kSymmetric,     // a + a.T + 4n
  kHermitian,     // a + a.H, and -8n or 8n in turn
  kDominant,      // a + a.H + 8n: definite, also within bands
  kDefinite,      // a @ a.H + n
  kFactor,        // a + 4n with a real diagonal: a triangle is well conditioned, of sizes
                  // that do not matter
  kNearIdentity,  // a / (4n) + 1 with a real diagonal: determinants, triangles of 1
  kOrthogonal,    // 1 - 2 v v.H / v.H v with v the first column of a
};

// What a kernel is told of a matrix; elements outside of the bands are zero.
struct MatrixSpec {
  MatrixKind kind = MatrixKind::kGeneral;
  uint32_t flags = 0;
  int64_t lower = kFullBand, upper = kFullBand;
};

template <class T>
T Conjugate(T v) {
  if constexpr (std::is_floating_point_v<T>) return v;
  else return std::conj(v);
}

template <class T>
T ElementOf(MatrixKind kind, const T* p, int64_t m, int64_t n, int64_t i, int64_t j) {
  const T a = p[i * n + j], diagonal = T(i == j ? 1 : 0);
  const T size = T(static_cast<float>(std::max<int64_t>(n, m)));
  const T real = i == j ? T(std::real(a)) : a;
  switch (kind) {
    case MatrixKind::kGeneral: return a + diagonal * T(4) * size;
    case MatrixKind::kSymmetric: return a + p[j * n + i] + diagonal * T(4) * size;
    case MatrixKind::kHermitian:
      return a + Conjugate(p[j * n + i]) + diagonal * T(i % 2 == 0 ? 8 : -8) * size;
    case MatrixKind::kDominant: return a + Conjugate(p[j * n + i]) + diagonal * T(8) * size;
    case MatrixKind::kDefinite: {
      T sum = diagonal * size;
      for (int64_t k = 0; k < n; ++k) sum += p[i * n + k] * Conjugate(p[j * n + k]);
      return sum;
    }
    case MatrixKind::kFactor: return real + diagonal * T(4) * size;
    case MatrixKind::kNearIdentity: return real / (T(4) * size) + diagonal;
    case MatrixKind::kOrthogonal: {
      double square = 0;
      for (int64_t k = 0; k < n; ++k) square += std::norm(p[k * n]);
      const T v = p[i * n] * Conjugate(p[j * n]);
      return diagonal - v * T(2 / static_cast<decltype(std::real(v))>(square));
    }
  }
  __builtin_unreachable();
}

// Replaces `a` by a matrix of that kind, in the same memory.
Tensor Structured(const Tensor& a, const MatrixSpec& spec) {
  const int r = a.rank();
  const int64_t m = a.sizes()[r - 2], n = a.sizes()[r - 1];
  const Tensor dense = a.Contiguous();
  Tensor out = *Tensor::Allocate(a.dtype(), a.sizes());
  DispatchDType(a.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (!std::is_integral_v<T> && !std::is_same_v<T, Float16> &&
                  !std::is_same_v<T, BFloat16>) {
      const T* p = dense.data<T>();
      T* q = out.mutable_data<T>();
      const int64_t batch = m * n == 0 ? 0 : dense.NumElements() / (m * n);
      for (int64_t b = 0; b < batch; ++b, p += m * n, q += m * n) {
        for (int64_t i = 0; i < m; ++i) {
          for (int64_t j = 0; j < n; ++j) {
            const bool in_band = (spec.lower == kFullBand || i - j <= spec.lower) &&
                                 (spec.upper == kFullBand || j - i <= spec.upper);
            q[i * n + j] = in_band ? ElementOf(spec.kind, p, m, n, i, j) : T(0);
          }
        }
      }
    }
  });
  return Overwritten(a, out);
}

// Triangular, of one side or the other.
MatrixSpec TriangleSpec(int64_t n) {
  return n % 2 == 0 ? MatrixSpec{.lower = 0} : MatrixSpec{.upper = 0};
}

// Of the kernels of systems and inverses.
MatrixSpec SystemSpec(const Kernel& kernel, int64_t n) {
  auto is = [&](absl::string_view name) { return kernel.name == name; };
  if (is("cpu.diagonal_solve") || is("cpu.diagonal_inverse")) return {.lower = 0, .upper = 0};
  if (is("cpu.trsm") || is("cpu.trtri")) return TriangleSpec(n);
  if (is("lapack.ptsv")) return {MatrixKind::kDominant, kPd, 1, 1};
  if (is("lapack.gtsv")) return {.lower = 1, .upper = 1};
  if (is("lapack.pbsv")) return {MatrixKind::kDominant, kPd, 2, 2};
  if (is("lapack.gbsv")) return {.lower = 2, .upper = 1};
  if (is("cpu.orthogonal_solve")) return {MatrixKind::kOrthogonal, kOrthogonal};
  if (is("cpu.posv") || is("cpu.potri") || is("cpu.small_cholesky"))
    return {MatrixKind::kDefinite, kPd};
  if (is("cpu.sysv")) return {MatrixKind::kSymmetric, kSymmetric};
  if (is("cpu.hesv")) return {MatrixKind::kHermitian, kHermitian};
  return {};
}

// What a kernel of this op wants operand 0 to be, if anything.
std::optional<MatrixSpec> SpecFor(const Kernel& kernel, int64_t n) {
  switch (kernel.op) {
    case Op::cholesky:
    case Op::cholesky_ex: return MatrixSpec{MatrixKind::kDefinite, kPd};
    case Op::cholesky_inverse: return MatrixSpec{MatrixKind::kFactor};
    case Op::lu_factor:
    case Op::lu_factor_ex:
      // With pivoting any matrix will do.
      if (kernel.name == "cpu.getrf") return std::nullopt;
      return MatrixSpec{};
    case Op::lu_solve:
    case Op::ldl_solve: return MatrixSpec{MatrixKind::kNearIdentity};
    case Op::solve:
    case Op::solve_ex:
    case Op::inv:
    case Op::inv_ex: return SystemSpec(kernel, n);
    case Op::solve_triangular: return MatrixSpec{MatrixKind::kNearIdentity};
    case Op::det:
    case Op::slogdet: {
      MatrixSpec spec = kernel.name == "cpu.diagonal_product" ? TriangleSpec(n) : MatrixSpec{};
      spec.kind = MatrixKind::kNearIdentity;
      return spec;
    }
    default: return std::nullopt;
  }
}

// Pivots [..., n] from the real numbers `t`: rows that row k may have been exchanged with.
// Of LDL, blocks of two where numbers are negative.
Tensor Pivots(const Tensor& t, bool of_ldl) {
  const Tensor dense = t.Contiguous();
  Tensor pivots = *Tensor::Allocate(DType::kI32, t.sizes());
  DispatchDType(t.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (!std::is_integral_v<T> && !std::is_same_v<T, Float16> &&
                  !std::is_same_v<T, BFloat16>) {
      const int64_t n = t.sizes().back();
      const int64_t batch = n == 0 ? 0 : dense.NumElements() / n;
      for (int64_t b = 0; b < batch; ++b) {
        const T* p = dense.data<T>() + b * n;
        int32_t* q = pivots.mutable_data<int32_t>() + b * n;
        for (int64_t k = 0; k < n; ++k) {
          const double x = std::real(p[k]);
          const bool two = of_ldl && x < 0 && k + 1 < n;
          const int64_t from = two ? k + 1 : k;
          const int64_t row = from + static_cast<int64_t>(std::abs(x) * 1000) % (n - from);
          q[k] = static_cast<int32_t>(two ? -(row + 1) : row + 1);
          if (two) q[k + 1] = q[k];
          if (two) ++k;
        }
      }
    }
  });
  return pivots;
}

// A batch before those matrices or vectors, that of one operand broadcast at times.
std::vector<Sizes> BatchedAlike(std::vector<Sizes> shapes, std::mt19937& random) {
  const int64_t b = Pick(random, 0, 5);
  if (b < 2) return shapes;
  const int64_t shared = Pick(random, -1, static_cast<int64_t>(shapes.size()) - 1);
  for (size_t i = 0; i < shapes.size(); ++i) {
    shapes[i].insert(shapes[i].begin(), static_cast<int64_t>(i) == shared ? 1 : b);
  }
  return shapes;
}

// B of a system with matrices of n rows, from the left or from the right.
Sizes RightHandSide(int64_t n, int64_t k, std::mt19937& random) {
  return Toss(random) ? Sizes{n, k} : Sizes{k, n};
}

}  // namespace

std::optional<std::vector<Sizes>> LinalgShapes(Op op, std::mt19937& random) {
  const int64_t n = PickSize(random), k = PickSize(random), b = Pick(random, 0, 5);
  switch (op) {
    case Op::cholesky:
    case Op::cholesky_ex:
    case Op::cholesky_inverse:
    case Op::ldl_factor:
    case Op::ldl_factor_ex:
    case Op::inv:
    case Op::inv_ex:
    case Op::det:
    case Op::slogdet: return Batched({n, n}, b);
    case Op::lu_factor:
    case Op::lu_factor_ex: return Batched({n, k}, b);
    case Op::lu_unpack:
      return std::vector<Sizes>{Batched({n, k}, b)[0], Batched({std::min(n, k)}, b)[0]};
    case Op::lu_solve:
    case Op::ldl_solve: {
      const Sizes B = op == Op::ldl_solve ? Sizes{n, k} : RightHandSide(n, k, random);
      std::vector<Sizes> shapes = BatchedAlike({{n, n}, B}, random);
      // Pivots have the batch of their factors.
      Sizes pivots = shapes[0];
      pivots.pop_back();
      shapes.insert(shapes.begin() + 1, pivots);
      return shapes;
    }
    case Op::solve:
    case Op::solve_ex:
      if (b == 0) return {{{n, n}, {n}}};
      return BatchedAlike({{n, n}, RightHandSide(n, k, random)}, random);
    case Op::solve_triangular: return BatchedAlike({{n, n}, RightHandSide(n, k, random)}, random);
    default: return std::nullopt;
  }
}

void AddLinalgAttributes(const OpDef& op, const std::vector<Sizes>& shapes, std::mt19937& random,
                         std::vector<NamedAttribute>* attributes) {
  switch (op.id) {
    case Op::cholesky:
    case Op::cholesky_ex:
    case Op::lu_factor:
    case Op::lu_factor_ex:
    case Op::lu_unpack:
    case Op::lu_solve:
    case Op::cholesky_inverse:
    case Op::ldl_factor:
    case Op::ldl_factor_ex:
    case Op::ldl_solve:
    case Op::solve:
    case Op::solve_ex:
    case Op::solve_triangular: break;
    default: return;
  }
  for (const ParamDef& p : op.params) {
    if (p.kind != ParamKind::kBool) continue;
    bool value = Toss(random);
    if (p.name == "left") {
      // What the shapes allow; of a vector the left alone.
      const int64_t n = shapes[0].back();
      const Sizes& B = shapes.back();
      const bool may_be_left = B.size() == 1 || B[B.size() - 2] == n;
      const bool may_be_right = B.size() > 1 && B.back() == n;
      value = may_be_left && (value || !may_be_right);
    }
    attributes->push_back({p.name, value});
  }
}

Tensor LinalgOperand(const Kernel& kernel, int i, const Tensor& t, Structure* structure) {
  const bool has_pivots =
      kernel.op == Op::lu_unpack || kernel.op == Op::lu_solve || kernel.op == Op::ldl_solve;
  if (has_pivots && i == 1) return Pivots(t, kernel.op == Op::ldl_solve);
  if (i != 0) return t;
  const std::optional<MatrixSpec> spec = SpecFor(kernel, t.rank() == 0 ? 0 : t.sizes().back());
  if (!spec.has_value()) return t;
  *structure = {spec->lower, spec->upper, spec->flags};
  return Structured(t, *spec);
}

Tensor MakeDefinite(const Tensor& t) { return Structured(t, {MatrixKind::kDefinite, kPd}); }

}  // namespace otium
