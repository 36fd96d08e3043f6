// SPDX-License-Identifier: Apache-2.0
//
// Structure rules are theorems: whatever is inferred of a result holds of its
// numbers, for structured operands of every kind. And they say something: the
// second half lists what must be inferred.

#include <cmath>
#include <functional>
#include <random>

#include "absl/strings/str_cat.h"
#include "engine/graph/function.h"
#include "gtest/gtest.h"
#include "ops/ops.h"
#include "tests/ops/reference_run.h"

namespace otium {
namespace {

using testing_ops::RunByReference;
using C = std::complex<double>;

// A dense matrix for checking, by rows.
struct Matrix {
  int64_t rows, columns;
  std::vector<C> elements;
  C& operator()(int64_t i, int64_t j) { return elements[i * columns + j]; }
  const C& operator()(int64_t i, int64_t j) const { return elements[i * columns + j]; }
};

Matrix Zeros(int64_t m, int64_t n) { return {m, n, std::vector<C>(m * n)}; }

Matrix Random(int64_t m, int64_t n, bool complex, std::mt19937* random) {
  std::normal_distribution<double> normal;
  Matrix a = Zeros(m, n);
  for (C& x : a.elements) x = C(normal(*random), complex ? normal(*random) : 0);
  return a;
}

// A.H B.
Matrix Gram(const Matrix& a, const Matrix& b) {
  Matrix c = Zeros(a.columns, b.columns);
  for (int64_t i = 0; i < a.columns; ++i) {
    for (int64_t j = 0; j < b.columns; ++j) {
      for (int64_t k = 0; k < a.rows; ++k) c(i, j) += std::conj(a(k, i)) * b(k, j);
    }
  }
  return c;
}

// Gram-Schmidt, twice for orthogonality to rounding.
Matrix Orthonormalized(Matrix a) {
  for (int pass = 0; pass < 2; ++pass) {
    for (int64_t j = 0; j < a.columns; ++j) {
      for (int64_t k = 0; k < j; ++k) {
        C dot = 0;
        for (int64_t i = 0; i < a.rows; ++i) dot += std::conj(a(i, k)) * a(i, j);
        for (int64_t i = 0; i < a.rows; ++i) a(i, j) -= dot * a(i, k);
      }
      double norm = 0;
      for (int64_t i = 0; i < a.rows; ++i) norm += std::norm(a(i, j));
      for (int64_t i = 0; i < a.rows; ++i) a(i, j) /= std::sqrt(norm);
    }
  }
  return a;
}

enum Kind {
  kGeneralKind,
  kBanded,
  kUnitLower,
  kUpperKind,
  kSymmetricKind,
  kHermitianKind,
  kPdKind,
  kPsdKind,
  kOrthogonalKind,
  kPermutationKind,
  kIdentityKind,
  kZeroKind,
  kDiagonalKind,
  kNumKinds
};

struct Sample {
  Matrix matrix;
  Structure structure;
};

Sample MakeSample(Kind kind, int64_t m, int64_t n, bool complex, std::mt19937* random) {
  Sample s{Random(m, n, complex, random), {}};
  Matrix& a = s.matrix;
  auto keep_band = [&](int64_t lower, int64_t upper) {
    s.structure.lower = lower;
    s.structure.upper = upper;
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        if (i - j > lower || j - i > upper) a(i, j) = 0;
      }
    }
  };
  if (m != n) {
    switch (kind) {
      case kBanded: keep_band(1, 2); break;
      case kUpperKind: keep_band(0, kFullBand); break;
      case kOrthogonalKind:
        if (m < n) break;
        a = Orthonormalized(a);
        s.structure.flags = kOrthonormalColumns;
        break;
      case kPdKind:
        if (m >= n) s.structure.flags = kFullColumnRank;
        break;
      case kZeroKind:
        a = Zeros(m, n);
        s.structure.flags = kZero;
        break;
      default: break;
    }
    return s;
  }
  switch (kind) {
    case kGeneralKind: break;
    case kBanded: keep_band(1, 2); break;
    case kUnitLower:
      keep_band(kFullBand, 0);
      for (int64_t i = 0; i < n; ++i) a(i, i) = 1;
      s.structure.flags = kUnitDiagonal;
      break;
    case kUpperKind: keep_band(0, kFullBand); break;
    case kSymmetricKind:
      for (int64_t i = 0; i < n; ++i) {
        for (int64_t j = 0; j < i; ++j) a(i, j) = a(j, i);
      }
      s.structure.flags = kSymmetric;
      break;
    case kHermitianKind:
      for (int64_t i = 0; i < n; ++i) {
        a(i, i) = a(i, i).real();
        for (int64_t j = 0; j < i; ++j) a(i, j) = std::conj(a(j, i));
      }
      s.structure.flags = kHermitian;
      break;
    case kPdKind:
      a = Gram(a, a);
      for (int64_t i = 0; i < n; ++i) a(i, i) += 1;
      s.structure.flags = kPd;
      break;
    case kPsdKind: {
      const Matrix thin = Random(1, n, complex, random);
      a = Gram(thin, thin);
      s.structure.flags = kPsd;
      break;
    }
    case kOrthogonalKind:
      a = Orthonormalized(a);
      s.structure.flags = kOrthogonal;
      break;
    case kPermutationKind: {
      std::vector<int64_t> p(n);
      for (int64_t i = 0; i < n; ++i) p[i] = i;
      std::shuffle(p.begin(), p.end(), *random);
      a = Zeros(n, n);
      for (int64_t i = 0; i < n; ++i) a(i, p[i]) = 1;
      s.structure.flags = kPermutation;
      break;
    }
    case kIdentityKind:
      a = Zeros(n, n);
      for (int64_t i = 0; i < n; ++i) a(i, i) = 1;
      s.structure.flags = kIdentity;
      break;
    case kZeroKind:
      a = Zeros(n, n);
      s.structure.flags = kZero;
      break;
    case kDiagonalKind: keep_band(0, 0); break;
    case kNumKinds: break;
  }
  return s;
}

double Largest(const Matrix& a) {
  double largest = 0;
  for (const C& x : a.elements) largest = std::max(largest, std::abs(x));
  return largest;
}

// The smallest pivot of elimination with complete pivoting; infinity without any.
double SmallestPivot(Matrix a) {
  double smallest = std::numeric_limits<double>::infinity();
  for (int64_t k = 0; k < std::min(a.rows, a.columns); ++k) {
    int64_t row = k, column = k;
    for (int64_t i = k; i < a.rows; ++i) {
      for (int64_t j = k; j < a.columns; ++j) {
        if (std::abs(a(i, j)) > std::abs(a(row, column))) row = i, column = j;
      }
    }
    for (int64_t j = 0; j < a.columns; ++j) std::swap(a(k, j), a(row, j));
    for (int64_t i = 0; i < a.rows; ++i) std::swap(a(i, k), a(i, column));
    smallest = std::min(smallest, std::abs(a(k, k)));
    if (a(k, k) == C(0)) return 0;
    for (int64_t i = k + 1; i < a.rows; ++i) {
      const C factor = a(i, k) / a(k, k);
      for (int64_t j = k; j < a.columns; ++j) a(i, j) -= factor * a(k, j);
    }
  }
  return smallest;
}

// The smallest pivot of A + shift as L D L.H goes.
double SmallestDefinitePivot(Matrix a, double shift) {
  double smallest = std::numeric_limits<double>::infinity();
  for (int64_t k = 0; k < a.rows; ++k) a(k, k) += shift;
  for (int64_t k = 0; k < a.rows; ++k) {
    smallest = std::min(smallest, a(k, k).real());
    for (int64_t i = k + 1; i < a.rows; ++i) {
      const C factor = a(i, k) / a(k, k);
      for (int64_t j = k; j < a.columns; ++j) a(i, j) -= factor * a(k, j);
    }
  }
  return smallest;
}

// The facts of `s` that do not hold of `a`; empty when all do.
std::string Broken(const Matrix& a, const Structure& s) {
  const double tolerance = 1e-10 * std::max(1.0, Largest(a));
  std::string broken;
  auto require = [&](bool holds, absl::string_view fact) {
    if (!holds) absl::StrAppend(&broken, fact, " ");
  };
  auto all = [&](auto predicate) {
    for (int64_t i = 0; i < a.rows; ++i) {
      for (int64_t j = 0; j < a.columns; ++j) {
        if (!predicate(i, j)) return false;
      }
    }
    return true;
  };
  require(s.lower == kFullBand || all([&](int64_t i, int64_t j) {
            return i - j <= s.lower || std::abs(a(i, j)) <= tolerance;
          }),
          "lower");
  require(s.upper == kFullBand || all([&](int64_t i, int64_t j) {
            return j - i <= s.upper || std::abs(a(i, j)) <= tolerance;
          }),
          "upper");
  if (s.Has(kZero)) require(Largest(a) == 0, "zero");
  if (s.Has(kUnitDiagonal)) {
    require(
        all([&](int64_t i, int64_t j) { return i != j || std::abs(a(i, j) - 1.0) <= tolerance; }),
        "unit_diagonal");
  }
  if (s.Has(kIdentity)) {
    require(all([&](int64_t i, int64_t j) {
              return std::abs(a(i, j) - (i == j ? 1.0 : 0.0)) <= tolerance;
            }),
            "identity");
  }
  if (s.Has(kFullColumnRank)) {
    require(a.rows >= a.columns && SmallestPivot(a) > 1e-7, "full_rank");
  }
  if (s.Has(kOrthonormalColumns)) {
    require(Broken(Gram(a, a), {kFullBand, kFullBand, kIdentity}).empty(), "orthonormal");
  }
  constexpr uint32_t kSquare =
      kSymmetric | kHermitian | kPsd | kPd | kNonsingular | kOrthogonal | kPermutation;
  if ((s.flags & kSquare) == 0) return broken;
  require(a.rows == a.columns, "square");
  if (a.rows != a.columns) return broken;
  if (s.Has(kSymmetric)) {
    require(all([&](int64_t i, int64_t j) { return std::abs(a(i, j) - a(j, i)) <= tolerance; }),
            "symmetric");
  }
  if (s.Has(kHermitian)) {
    require(all([&](int64_t i, int64_t j) {
              return std::abs(a(i, j) - std::conj(a(j, i))) <= tolerance;
            }),
            "hermitian");
  }
  if (s.Has(kPsd)) require(SmallestDefinitePivot(a, 1e3 * tolerance) > 0, "psd");
  if (s.Has(kPd)) require(SmallestDefinitePivot(a, 0) > 1e-9, "pd");
  if (s.Has(kNonsingular)) require(SmallestPivot(a) > 1e-7, "nonsingular");
  if (s.Has(kPermutation)) {
    require(Broken(Gram(a, a), {kFullBand, kFullBand, kIdentity}).empty() &&
                all([&](int64_t i, int64_t j) { return a(i, j) == C(0) || a(i, j) == C(1); }),
            "permutation");
  }
  return broken;
}

Tensor ToTensor(const Matrix& a, bool complex) {
  if (complex) return Tensor::Copy(a.elements.data(), DType::kC128, {a.rows, a.columns});
  std::vector<double> real;
  for (const C& x : a.elements) real.push_back(x.real());
  return Tensor::Copy(real.data(), DType::kF64, {a.rows, a.columns});
}

// Every matrix of a batch.
std::vector<Matrix> MatricesOf(const Tensor& t) {
  const auto sizes = t.sizes();
  const int64_t m = sizes[sizes.size() - 2], n = sizes.back();
  std::vector<Matrix> matrices;
  testing_ops::ForEach(sizes.subspan(0, sizes.size() - 2), [&](const Sizes& batch) {
    Matrix a = Zeros(m, n);
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        Sizes index = batch;
        index.push_back(i);
        index.push_back(j);
        a(i, j) = testing_ops::At(t, index);
      }
    }
    matrices.push_back(std::move(a));
  });
  return matrices;
}

struct Rule {
  const char* name;
  std::function<Expr(const Expr& a, const Expr& b)> apply;
};

Expr Row(const Expr& a) { return select(a, 0, 0); }
Expr Adjoint(const Expr& a) { return IsComplex(a.dtype()) ? conj(a.T()) : a.T(); }

// A poisoned expression (shapes that do not fit) is skipped.
const std::vector<Rule>& Rules() {
  static const auto* rules = new std::vector<Rule>{
      {"transpose", [](const Expr& a, const Expr&) { return a.T(); }},
      {"permute", [](const Expr& a, const Expr& b) { return permute(stack({a, b}), {0, 2, 1}); }},
      {"batch transpose", [](const Expr& a, const Expr&) {
         return transpose(expand(a, {2, 3, -1, -1}), 0, 1); }},
      {"flip rows", [](const Expr& a, const Expr&) { return flip(a, {0}); }},
      {"flip columns", [](const Expr& a, const Expr&) { return flip(a, {1}); }},
      {"flip both", [](const Expr& a, const Expr&) { return flip(a, {0, 1}); }},
      {"roll", [](const Expr& a, const Expr&) { return roll(a, {1}, Ints{0}); }},
      {"rows from 1", [](const Expr& a, const Expr&) { return slice(a, 0, 1); }},
      {"columns from 1", [](const Expr& a, const Expr&) { return slice(a, 1, 1); }},
      {"two rows", [](const Expr& a, const Expr&) { return narrow(a, 0, 0, 2); }},
      {"even rows", [](const Expr& a, const Expr&) {
         return slice(a, 0, std::nullopt, std::nullopt, 2); }},
      {"odd columns", [](const Expr& a, const Expr&) {
         return slice(a, 1, 1, std::nullopt, 2); }},
      {"columns backwards", [](const Expr& a, const Expr&) {
         return slice(a, 1, std::nullopt, std::nullopt, -1); }},
      {"principal", [](const Expr& a, const Expr&) { return slice(slice(a, 0, 1), 1, 1); }},
      {"principal, every second", [](const Expr& a, const Expr&) {
         return slice(slice(a, -1, 0, std::nullopt, 2), -2, 0, std::nullopt, 2); }},
      {"principal backwards", [](const Expr& a, const Expr&) {
         return slice(slice(a, 0, std::nullopt, std::nullopt, -1), 1, std::nullopt, std::nullopt, -1); }},
      {"not principal", [](const Expr& a, const Expr&) { return slice(slice(a, 0, 1), 1, 0, -1); }},
      {"split columns", [](const Expr& a, const Expr&) { return split(a, {2}, 1)[0]; }},
      {"tril", [](const Expr& a, const Expr&) { return tril(a); }},
      {"tril 1", [](const Expr& a, const Expr&) { return tril(a, 1); }},
      {"tril -1", [](const Expr& a, const Expr&) { return tril(a, -1); }},
      {"triu", [](const Expr& a, const Expr&) { return triu(a); }},
      {"triu 2", [](const Expr& a, const Expr&) { return triu(a, 2); }},
      {"triu -1", [](const Expr& a, const Expr&) { return triu(a, -1); }},
      {"diag of diagonal", [](const Expr& a, const Expr&) { return diag(diagonal(a, 1), -2); }},
      {"block_diag", [](const Expr& a, const Expr& b) { return block_diag({a, b}); }},
      {"block_diag of three", [](const Expr& a, const Expr& b) {
         return block_diag({Row(a), b, select(Row(b), 0, 0)}); }},
      {"cat", [](const Expr& a, const Expr& b) { return cat({a, b}); }},
      {"stack", [](const Expr& a, const Expr& b) { return stack({a, b}); }},
      {"unsqueeze", [](const Expr& a, const Expr&) { return unsqueeze(a, 0); }},
      {"unsqueeze last", [](const Expr& a, const Expr&) { return unsqueeze(a, -1); }},
      {"reshape batch", [](const Expr& a, const Expr&) {
         return reshape(expand(a, {4, -1, -1}), {2, 2, a.shape()[0], a.shape()[1]}); }},
      {"reshape", [](const Expr& a, const Expr&) { return reshape(a, {-1, a.shape()[0]}); }},
      {"kron", [](const Expr& a, const Expr& b) { return kron(a, b); }},
      {"outer self", [](const Expr& a, const Expr&) { return outer(Row(a), Row(a)); }},
      {"outer conj", [](const Expr& a, const Expr&) { return outer(Row(a), conj(Row(a))); }},
      {"mm", [](const Expr& a, const Expr& b) { return mm(a, b); }},
      {"A A.T", [](const Expr& a, const Expr&) { return mm(a, a.T()); }},
      {"A.H A", [](const Expr& a, const Expr&) { return mm(Adjoint(a), a); }},
      {"A A", [](const Expr& a, const Expr&) { return mm(a, a); }},
      {"matmul batch", [](const Expr& a, const Expr& b) {
         return matmul(expand(a, {2, 1, -1, -1}), unsqueeze(b, 0)); }},
      {"bmm adjoint", [](const Expr& a, const Expr&) {
         const Expr batch = expand(a, {2, -1, -1});
         return bmm(Adjoint(batch), batch); }},
      {"addmm", [](const Expr& a, const Expr& b) { return addmm(a, b, b.T(), 2.0, 3.0); }},
      {"addmm negative", [](const Expr& a, const Expr& b) { return addmm(a, Adjoint(b), b, -1.0, 1.0); }},
      {"addmm without beta", [](const Expr& a, const Expr& b) {
         return addmm(a, Adjoint(b), b, std::nullopt, -0.5); }},
      {"addmm row", [](const Expr& a, const Expr& b) { return addmm(Row(a), a, b); }},
      {"baddbmm", [](const Expr& a, const Expr& b) {
         const Expr batch = expand(b, {2, -1, -1});
         return baddbmm(a, batch, Adjoint(batch)); }},
      {"addbmm", [](const Expr& a, const Expr& b) {
         const Expr batch = stack({b, a});
         return addbmm(a, Adjoint(batch), batch); }},
      {"addr", [](const Expr& a, const Expr&) { return addr(a, Row(a), conj(Row(a))); }},
      {"add", [](const Expr& a, const Expr& b) { return a + b; }},
      {"add transpose", [](const Expr& a, const Expr&) { return a + a.T(); }},
      {"add adjoint", [](const Expr& a, const Expr&) { return Adjoint(a) + a; }},
      {"add identity", [](const Expr& a, const Expr&) { return a + 0.5 * eye(a.shape()[0]); }},
      {"add scalar", [](const Expr& a, const Expr&) { return a + 2; }},
      {"add row", [](const Expr& a, const Expr&) { return a + Row(a); }},
      {"sub", [](const Expr& a, const Expr& b) { return a - b; }},
      {"sub itself", [](const Expr& a, const Expr&) { return a - a; }},
      {"neg", [](const Expr& a, const Expr&) { return -a; }},
      {"mul", [](const Expr& a, const Expr& b) { return a * b; }},
      {"mul conj", [](const Expr& a, const Expr&) { return a * conj(a); }},
      {"mul transpose", [](const Expr& a, const Expr& b) { return a * b.T(); }},
      {"mul row", [](const Expr& a, const Expr&) { return a * Row(a); }},
      {"scaled", [](const Expr& a, const Expr&) { return 2.5 * a; }},
      {"scaled negative", [](const Expr& a, const Expr&) { return a * -2; }},
      {"scaled by 0", [](const Expr& a, const Expr&) { return 0 * a; }},
      {"scaled complex", [](const Expr& a, const Expr&) { return a * C(0.5, 2); }},
      {"scaled by an element", [](const Expr& a, const Expr&) { return select(Row(a), 0, 0) * a; }},
      {"scaled by a positive", [](const Expr& a, const Expr&) {
         return exp(real(select(Row(a), 0, 0))) * a; }},
      {"divided", [](const Expr& a, const Expr&) { return a / 3; }},
      {"divided negative", [](const Expr& a, const Expr&) { return a / -3; }},
      {"divisor", [](const Expr& a, const Expr& b) { return a / (abs(b) + 1); }},
      {"pow 2", [](const Expr& a, const Expr&) { return pow(a, 2); }},
      {"pow 3", [](const Expr& a, const Expr&) { return pow(a, 3); }},
      {"pow 0", [](const Expr& a, const Expr&) { return pow(a, 0); }},
      {"maximum", [](const Expr& a, const Expr& b) { return maximum(a, b); }},
      {"minimum", [](const Expr& a, const Expr&) { return minimum(a, a.T()); }},
      {"clamp", [](const Expr& a, const Expr&) { return clamp(a, -0.5, 0.5); }},
      {"clamp above", [](const Expr& a, const Expr&) { return clamp(a, 0.25, std::nullopt); }},
      {"where", [](const Expr& a, const Expr& b) { return where(gt(real(a), 0), a, b); }},
      {"where all", [](const Expr& a, const Expr& b) {
         return where(gt(real(select(Row(a), 0, 0)), 0), a, b); }},
      {"lerp", [](const Expr& a, const Expr& b) { return lerp(a, b, 0.25); }},
      {"addcmul", [](const Expr& a, const Expr& b) { return addcmul(a, a, b, 0.5); }},
      {"conj", [](const Expr& a, const Expr&) { return conj(a); }},
      {"real", [](const Expr& a, const Expr&) { return real(a); }},
      {"imag", [](const Expr& a, const Expr&) { return imag(a); }},
      {"abs", [](const Expr& a, const Expr&) { return abs(a); }},
      {"square", [](const Expr& a, const Expr&) { return square(a); }},
      {"sqrt", [](const Expr& a, const Expr&) { return sqrt(abs(a)); }},
      {"exp", [](const Expr& a, const Expr&) { return exp(a); }},
      {"expm1", [](const Expr& a, const Expr&) { return expm1(a); }},
      {"sin", [](const Expr& a, const Expr&) { return sin(a); }},
      {"cos", [](const Expr& a, const Expr&) { return cos(a); }},
      {"tanh", [](const Expr& a, const Expr&) { return tanh(a); }},
      {"sigmoid", [](const Expr& a, const Expr&) { return sigmoid(a); }},
      {"relu", [](const Expr& a, const Expr&) { return relu(a); }},
      {"gelu", [](const Expr& a, const Expr&) { return gelu(a); }},
      {"sign", [](const Expr& a, const Expr&) { return sign(a); }},
      {"floor", [](const Expr& a, const Expr&) { return floor(a); }},
      {"cast to complex", [](const Expr& a, const Expr&) { return cast(a, DType::kC128); }},
      {"cumsum", [](const Expr& a, const Expr&) { return cumsum(a, 0); }},
      {"softmax", [](const Expr& a, const Expr&) { return softmax(a, -1); }},
      {"zeros_like", [](const Expr& a, const Expr&) { return zeros_like(a); }},
      {"sum of a batch", [](const Expr& a, const Expr& b) { return sum(stack({a, b}), Ints{0}); }},
      {"mean of a batch", [](const Expr& a, const Expr& b) { return mean(stack({a, b}), Ints{0}); }},
      {"largest of a batch", [](const Expr& a, const Expr& b) {
         return amax(stack({a, b}), Ints{0}); }},
      {"index_select", [](const Expr& a, const Expr&) {
         return index_select(a, 0, arange(1, DType::kI64)); }},
  };
  return *rules;
}

TEST(StructureRules, HoldOfTheNumbers) {
  std::mt19937 random(5);
  const int64_t shapes[][2] = {{4, 4}, {3, 5}, {5, 3}, {1, 1}};
  int64_t facts = 0;
  for (bool complex : {false, true}) {
    const DType dtype = complex ? DType::kC128 : DType::kF64;
    for (const auto& sa : shapes) {
      for (const auto& sb : shapes) {
        for (int ka = 0; ka < kNumKinds; ++ka) {
          for (int kb = 0; kb < kNumKinds; ++kb) {
            // All pairs of kinds for squares, a few for the rest.
            if ((sa[0] != 4 || sb[0] != 4) && (ka + 2 * kb) % 5 != 0) continue;
            const Sample a = MakeSample(static_cast<Kind>(ka), sa[0], sa[1], complex, &random);
            const Sample b = MakeSample(static_cast<Kind>(kb), sb[0], sb[1], complex, &random);
            Function::Builder builder("structures");
            const Expr x = builder.Input("a", dtype, {sa[0], sa[1]}, a.structure);
            const Expr y = builder.Input("b", dtype, {sb[0], sb[1]}, b.structure);
            std::vector<const Rule*> applied;
            for (const Rule& rule : Rules()) {
              const Expr z = rule.apply(x, y);
              if (!z.status().ok()) continue;
              builder.Output(absl::StrCat("z", applied.size()), z);
              applied.push_back(&rule);
            }
            const Function f = *builder.Build();
            const auto values = RunByReference(
                f.graph(), {ToTensor(a.matrix, complex), ToTensor(b.matrix, complex)});
            ASSERT_TRUE(values.ok()) << values.status();
            for (size_t i = 0; i < applied.size(); ++i) {
              const TensorType& type = f.graph().type(f.graph().outputs()[i].value);
              if (type.structure.IsGeneral()) continue;
              for (const Matrix& m : MatricesOf((*values)[i])) {
                ++facts;
                EXPECT_EQ(Broken(m, type.structure), "")
                    << applied[i]->name << " of " << x.type().ToString() << " kind " << ka << " "
                    << f.graph().type(0).ToString() << " and " << f.graph().type(1).ToString()
                    << " gives " << type.ToString();
              }
            }
          }
        }
      }
    }
  }
  EXPECT_GT(facts, 10000);
}

// What must be inferred, in the words of graph files.
std::string Inferred(const std::function<Expr(const Expr&, const Expr&)>& f, const char* a,
                     const char* b, Shape shape_a, Shape shape_b) {
  auto declared = [](const char* word) {
    Structure s;
    if (absl::string_view(word) == "banded(1, 2)") return Structure{1, 2, 0};
    EXPECT_TRUE(*word == 0 || AddStructureWord(word, &s)) << word;
    return s;
  };
  Function::Builder builder("inferred");
  const Expr x = builder.Input("a", DType::kF64, std::move(shape_a), declared(a));
  const Expr y = builder.Input("b", DType::kF64, std::move(shape_b), declared(b));
  builder.Output("z", f(x, y));
  const absl::StatusOr<Function> function = builder.Build();
  if (!function.ok()) return std::string(function.status().message());
  const Graph& graph = function->graph();
  return StructureToString(graph.type(graph.outputs()[0].value).structure);
}

TEST(StructureRules, SayWhatTheyShould) {
  const Dim n = Dim::Symbol("n"), m = Dim::Symbol("m");
  const Shape square({n, n}), wide({n, m}), nine({9, 9});
  auto rule = [](absl::string_view name) {
    for (const Rule& r : Rules()) {
      if (r.name == name) return r.apply;
    }
    return Rules().front().apply;
  };
  const struct {
    const char* rule;
    const char* a;
    const char* b;
    Shape shape_a, shape_b;
    const char* want;
  } cases[] = {
      {"mm", "banded(1, 2)", "banded(1, 2)", nine, nine, "banded(2, 4)"},
      {"mm", "lower", "lower", square, square, "lower"},
      {"mm", "unit_lower", "unit_lower", square, square, "unit_lower"},
      {"mm", "identity", "spd", square, square, "spd"},
      {"mm", "orthogonal", "permutation", square, square, "orthogonal"},
      {"mm", "zero", "", square, wide, "zero"},
      {"matmul batch", "lower", "lower", square, square, "lower"},
      {"A A.T", "", "", wide, square, "psd"},
      {"A.H A", "full_rank", "", wide, square, "spd"},
      {"A.H A", "", "", wide, square, "psd"},
      {"bmm adjoint", "full_rank", "", wide, square, "spd"},
      {"addmm", "spd", "", square, wide, "spd"},
      {"addmm", "symmetric", "", square, wide, "symmetric"},
      {"addmm negative", "spd", "", square, square, "symmetric"},
      {"addmm row", "spd", "identity", square, square, ""},
      {"baddbmm", "psd", "", square, wide, "psd"},
      {"addbmm", "spd", "symmetric", square, square, "spd"},
      {"kron", "spd", "spd", nine, nine, "spd"},
      {"kron", "lower", "lower", square, square, "lower"},
      {"kron", "diagonal", "banded(1, 2)", nine, nine, "banded(1, 2)"},
      {"kron", "banded(1, 2)", "diagonal", nine, nine, "banded(9, 18)"},
      {"outer self", "", "", square, square, "psd"},
      {"transpose", "lower", "", square, square, "upper"},
      {"flip both", "lower", "", square, square, "upper"},
      {"flip both", "spd", "", square, square, "spd"},
      {"flip rows", "orthogonal", "", square, square, "orthogonal"},
      {"principal", "spd", "", square, square, "spd"},
      {"principal, every second", "banded(1, 2)", "", nine, nine, "upper tridiagonal"},
      {"not principal", "spd", "", square, square, ""},
      {"rows from 1", "upper", "", square, square, "upper"},
      {"columns from 1", "orthonormal", "", wide, square, "orthonormal"},
      {"two rows", "unit_lower", "", square, square, "unit_lower"},
      {"tril", "", "", square, square, "lower"},
      {"tril 1", "lower", "", square, square, "lower"},
      {"tril", "banded(1, 2)", "", nine, nine, "lower tridiagonal"},
      {"triu -1", "", "", square, square, "banded(1, inf)"},
      {"triu 2", "lower", "", square, square, "zero"},
      {"block_diag", "spd", "spd", square, square, "spd"},
      {"block_diag", "lower", "unit_lower", square, square, "lower"},
      {"block_diag", "", "", Shape({2, 2}), Shape({3, 3}), "banded(2, 2)"},
      {"block_diag", "orthogonal", "permutation", square, square, "orthogonal"},
      {"stack", "spd", "psd", square, square, "psd"},
      {"cat", "spd", "spd", square, square, ""},
      {"reshape batch", "spd", "", square, square, "spd"},
      {"unsqueeze", "lower", "", square, square, "lower"},
      {"unsqueeze last", "lower", "", square, square, ""},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(Inferred(rule(c.rule), c.a, c.b, c.shape_a, c.shape_b), c.want)
        << c.rule << " of " << c.a << " and " << c.b;
  }
}

}  // namespace
}  // namespace otium
