// SPDX-License-Identifier: Apache-2.0
//
// --check on factorizations: vectors of other signs, phases and bases are as right, and
// what is made of them must not depend on it; wrong vectors, values and products are
// found.

#include "tools/otium/gauge.h"

#include <cmath>
#include <complex>
#include <functional>

#include "tests/check/judged.h"

namespace otium::cli {
namespace {

using C = std::complex<double>;

// Changes one result of those that were computed.
template <class T>
TensorMap Changed(const Judged&, const std::string& name, const std::function<void(T*)>& change,
                  TensorMap results) {
  Tensor t =
      Tensor::Copy(results[name].Contiguous().data(), results[name].dtype(), results[name].sizes());
  change(t.mutable_data<T>());
  results.Set(name, t);
  return results;
}
template <class T>
TensorMap Changed(const Judged& j, const std::string& name, const std::function<void(T*)>& change) {
  return Changed<T>(j, name, change, j.results);
}

// Multiplies column c of a matrix with n columns and m rows, or of an n x n one; or row.
template <class T>
auto ScaleColumn(int64_t m, int64_t n, int64_t c, T factor) {
  return [=](T* p) {
    for (int64_t i = 0; i < m; ++i) p[i * n + c] *= factor;
  };
}
template <class T>
auto ScaleColumn(int64_t n, int64_t c, T factor) {
  return ScaleColumn(n, n, c, factor);
}
template <class T>
auto ScaleRow(int64_t n, int64_t r, T factor) {
  return [=](T* p) {
    for (int64_t i = 0; i < n; ++i) p[r * n + i] *= factor;
  };
}
template <class T>
auto SwapColumns(int64_t n, int64_t c, int64_t d) {
  return [=](T* p) {
    for (int64_t i = 0; i < n; ++i) std::swap(p[i * n + c], p[i * n + d]);
  };
}
// Turns columns c and d of a matrix with n columns and m rows by an angle.
auto Turn(int64_t m, int64_t n, int64_t c, int64_t d, double angle) {
  return [=](double* p) {
    for (int64_t i = 0; i < m; ++i, p += n) {
      const double x = p[c], y = p[d];
      p[c] = std::cos(angle) * x + std::sin(angle) * y;
      p[d] = std::cos(angle) * y - std::sin(angle) * x;
    }
  };
}

#define EXPECT_RIGHT(verdict)                                       \
  EXPECT_TRUE((verdict).comparison.agrees() && !(verdict).unstable) \
      << (verdict).comparison.difference
#define EXPECT_WRONG(verdict) EXPECT_FALSE((verdict).comparison.agrees())

Tensor Value(const Expr& e) { return *Evaluate(e); }

template <class T>
class GaugeOf : public testing::Test {
 protected:
  // Results w and V, and y of both.
  static Judged Eigh(int64_t n) {
    Function::Builder b("f");
    const DType dtype = DTypeOf<T>();
    const Expr A = b.Input("A", dtype, {n, n});
    const auto [w, V] = eigh(A + A.H());
    b.Output("w", w);
    b.Output("V", V);
    b.Output("y", mm(V * w, V.H()));
    return Computed(b, {{"A", Random(dtype, {n, n}, 3)}});
  }
  static T Unit() {
    if constexpr (std::is_same_v<T, C>) return std::polar(1.0, 2.0);
    else return -1;
  }
};
using Types = testing::Types<double, C>;
TYPED_TEST_SUITE(GaugeOf, Types);

TYPED_TEST(GaugeOf, Eigh) {
  using T = TypeParam;
  constexpr int64_t n = 20;
  const Judged j = TestFixture::Eigh(n);
  for (const char* name : {"w", "V", "y"}) EXPECT_RIGHT(j.Judge(j.results, name));
  // Other signs and phases.
  TensorMap other = j.results;
  for (int64_t c = 0; c < n; c += 2) {
    other = Changed<T>(j, "V", ScaleColumn<T>(n, c, TestFixture::Unit()), other);
  }
  EXPECT_RIGHT(j.Judge(other, "V"));
  // Other vectors, lengths, elements; other values; another product.
  EXPECT_WRONG(j.Judge(Changed<T>(j, "V", SwapColumns<T>(n, 3, 4)), "V"));
  EXPECT_WRONG(j.Judge(Changed<T>(j, "V", ScaleColumn<T>(n, 3, T(1 + 1e-9))), "V"));
  EXPECT_WRONG(j.Judge(Changed<T>(j, "V", [](T* p) { p[33] += T(1e-8); }), "V"));
  EXPECT_WRONG(j.Judge(Changed<T>(j, "V", [](T* p) { p[33] = T(NAN); }), "V"));
  EXPECT_WRONG(j.Judge(Changed<double>(j, "w", [](double* p) { p[2] += 1e-8; }), "w"));
  EXPECT_WRONG(j.Judge(Changed<T>(j, "y", [](T* p) { p[2] += T(1e-8); }), "y"));
}

TYPED_TEST(GaugeOf, Svd) {
  using T = TypeParam;
  constexpr int64_t n = 15;
  Function::Builder b("f");
  const auto [U, S, Vh] = svd(b.Input("A", DTypeOf<T>(), {n, n}));
  b.Output("U", U);
  b.Output("S", S);
  b.Output("Vh", Vh);
  b.Output("y", mm(U * S, Vh));
  const Judged j = Computed(b, {{"A", Random(DTypeOf<T>(), {n, n}, 4)}});
  for (const char* name : {"U", "S", "Vh", "y"}) EXPECT_RIGHT(j.Judge(j.results, name));
  // A factor in U and its inverse in Vh.
  const T unit = TestFixture::Unit();
  const TensorMap half = Changed<T>(j, "U", ScaleColumn<T>(n, 2, unit));
  const TensorMap other = Changed<T>(j, "Vh", ScaleRow<T>(n, 2, T(1) / unit), half);
  for (const char* name : {"U", "Vh"}) EXPECT_RIGHT(j.Judge(other, name));
  // In one of them only.
  EXPECT_WRONG(j.Judge(half, "Vh"));
  EXPECT_WRONG(j.Judge(Changed<T>(j, "U", SwapColumns<T>(n, 3, 4)), "U"));
  EXPECT_WRONG(j.Judge(Changed<T>(j, "Vh", [](T* p) { p[20] += T(1e-8); }), "Vh"));
  EXPECT_WRONG(j.Judge(Changed<double>(j, "S", [](double* p) { p[14] += 1e-8; }), "S"));
  EXPECT_WRONG(j.Judge(Changed<T>(j, "y", [](T* p) { p[20] += T(1e-8); }), "y"));
}

// V, not its adjoint: it takes the factors of U.
TYPED_TEST(GaugeOf, Lowrank) {
  using T = TypeParam;
  constexpr int64_t n = 15, q = 4;
  for (const bool pca : {false, true}) {
    Function::Builder b("f");
    const Expr A = b.Input("A", DTypeOf<T>(), {n, n});
    const auto [U, S, V] = pca ? pca_lowrank(A, q) : svd_lowrank(A, q);
    b.Output("U", U);
    b.Output("S", S);
    b.Output("V", V);
    b.Output("y", mm(U * S, V.H()));
    const Judged j = Computed(b, {{"A", Random(DTypeOf<T>(), {n, n}, 4)}});
    for (const char* name : {"U", "S", "V", "y"}) EXPECT_RIGHT(j.Judge(j.results, name));
    const T unit = TestFixture::Unit();
    auto scale = [&](T factor) { return ScaleColumn<T>(n, q, 2, factor); };
    const TensorMap half = Changed<T>(j, "U", scale(unit));
    const TensorMap other = Changed<T>(j, "V", scale(unit), half);
    for (const char* name : {"U", "V"}) EXPECT_RIGHT(j.Judge(other, name));
    // In one of them only, or the inverse.
    EXPECT_WRONG(j.Judge(half, "V"));
    if (std::is_same_v<T, C>) {
      EXPECT_WRONG(j.Judge(Changed<T>(j, "V", scale(T(1) / unit), half), "V"));
    }
    for (const char* name : {"U", "V"}) {
      EXPECT_WRONG(j.Judge(Changed<T>(j, name, [](T* p) { std::swap(p[0], p[1]); }), name));
      EXPECT_WRONG(j.Judge(Changed<T>(j, name, scale(T(1 + 1e-8))), name));
    }
    EXPECT_WRONG(j.Judge(Changed<double>(j, "S", [](double* p) { p[3] += 1e-8; }), "S"));
    EXPECT_WRONG(j.Judge(Changed<T>(j, "y", [](T* p) { p[20] += T(1e-8); }), "y"));
  }
}

// All of the components of few points: the last value is noise, and so are its vectors.
TEST(Gauge, LowrankOfCenteredPoints) {
  Function::Builder b("f");
  const auto [U, S, V] = pca_lowrank(b.Input("A", DType::kF64, {5, 8}));
  b.Output("U", U);
  b.Output("V", V);
  b.Output("y", mm(U * S, V.T()));
  const Judged j = Computed(b, {{"A", Random(DType::kF64, {5, 8}, 4)}});
  for (const char* name : {"U", "V", "y"}) EXPECT_RIGHT(j.Judge(j.results, name));
  EXPECT_WRONG(j.Judge(Changed<double>(j, "y", [](double* p) { p[7] += 1e-9; }), "y"));
}

// Vectors are as exact as the tolerance, and of other signs; with B not of length 1.
TYPED_TEST(GaugeOf, Lobpcg) {
  using T = TypeParam;
  constexpr int64_t n = 30, k = 3;
  for (const bool with_B : {false, true}) {
    Function::Builder b("f");
    const DType dtype = DTypeOf<T>();
    const Expr A = b.Input("A", dtype, {n, n}), M = b.Input("M", dtype, {n, n});
    const Expr B = mm(M, M.H()) + eye(n, std::nullopt, dtype) * 10;
    const auto [w, X] = lobpcg(A + A.H(), k, with_B ? B : Expr());
    b.Output("w", w);
    b.Output("X", X);
    b.Output("y", mm(X * w, X.H()));
    const Judged j =
        Computed(b, {{"A", Random(dtype, {n, n}, 3)}, {"M", Random(dtype, {n, n}, 4)}});
    for (const char* name : {"w", "X", "y"}) EXPECT_RIGHT(j.Judge(j.results, name));
    auto scale = [&](T factor) { return ScaleColumn<T>(n, k, 1, factor); };
    EXPECT_RIGHT(j.Judge(Changed<T>(j, "X", scale(TestFixture::Unit())), "X"));
    EXPECT_WRONG(j.Judge(Changed<T>(j, "X", scale(T(1.01))), "X"));
    EXPECT_WRONG(j.Judge(Changed<T>(j, "X", [](T* p) { p[4] += T(1e-2); }), "X"));
    EXPECT_WRONG(j.Judge(Changed<double>(j, "w", [](double* p) { p[2] += 1e-2; }), "w"));
    EXPECT_WRONG(j.Judge(Changed<T>(j, "y", [](T* p) { p[2] += T(1e-2); }), "y"));
  }
}

// Fewer iterations than it takes: any vectors may come of that.
TEST(Gauge, LobpcgThatIsStopped) {
  Function::Builder b("f");
  const Expr A = b.Input("A", DType::kF64, {30, 30});
  const auto [w, X] = lobpcg(A + A.T(), 2, Expr(), Expr(), std::nullopt, Expr(), 2);
  b.Output("w", w);
  b.Output("X", X);
  b.Output("y", sum(A));
  const Judged j = Computed(b, {{"A", Random(DType::kF64, {30, 30}, 3)}});
  for (const char* name : {"w", "X", "y"}) EXPECT_RIGHT(j.Judge(j.results, name));
  EXPECT_WRONG(j.JudgeWith(0, 1e3));
}

// Eigenvalues in any order, with their vectors.
TYPED_TEST(GaugeOf, Eig) {
  using T = TypeParam;
  constexpr int64_t n = 12;
  Function::Builder b("f");
  const Expr A = b.Input("A", DTypeOf<T>(), {n, n});
  const auto [w, V] = eig(A);
  b.Output("w", w);
  b.Output("V", V);
  b.Output("v", eigvals(A));
  b.Output("y", sum(w * w));
  const Judged j = Computed(b, {{"A", Random(DTypeOf<T>(), {n, n}, 5)}});
  for (const char* name : {"w", "V", "v", "y"}) EXPECT_RIGHT(j.Judge(j.results, name));
  TensorMap other = Changed<C>(j, "w", [](C* p) { std::swap(p[1], p[7]); });
  other = Changed<C>(j, "V", SwapColumns<C>(n, 1, 7), other);
  other = Changed<C>(j, "V", ScaleColumn<C>(n, 5, C(0, 1)), other);
  for (const char* name : {"w", "V"}) EXPECT_RIGHT(j.Judge(other, name));
  EXPECT_WRONG(j.Judge(Changed<C>(j, "w", [](C* p) { p[1] = p[2]; }), "w"));
  EXPECT_WRONG(j.Judge(Changed<C>(j, "v", [](C* p) { p[1] += 1e-8; }), "v"));
  EXPECT_WRONG(j.Judge(Changed<C>(j, "V", [](C* p) { p[1] += 1e-7; }), "V"));
  EXPECT_WRONG(j.Judge(Changed<C>(j, "V", ScaleColumn<C>(n, 5, 2)), "V"));
}

// Vectors of equal values are a basis, and so are those that make a matrix square.
TEST(Gauge, Bases) {
  Function::Builder b("f");
  const Expr A = b.Input("A", DType::kF64, {5, 5}), T = b.Input("T", DType::kF64, {5, 2});
  const auto [w, V] = eigh(A);
  b.Output("V", V);
  b.Output("y", mm(V * w, V.T()));
  const auto [U, S, Vh] = svd(T);
  b.Output("U", U);
  b.Output("Vh", Vh);
  b.Output("z", mm(slice(U, 1, 0, 2) * S, Vh));
  const auto [Q, R] = qr(T, "complete");
  b.Output("Q", Q);
  b.Output("p", mm(Q, R));
  const Judged j = Computed(b, {{"A", Value(diag(constant(Tensor::Of<double>({2, 1, 2, 3, 2}))))},
                                {"T", Random(DType::kF64, {5, 2}, 6)}});
  for (const char* name : {"V", "y", "U", "Vh", "z", "Q", "p"}) {
    EXPECT_RIGHT(j.Judge(j.results, name));
  }
  // 1, 2, 2, 2, 3.
  EXPECT_RIGHT(j.Judge(Changed<double>(j, "V", Turn(5, 5, 1, 3, 0.7)), "V"));
  for (const char* name : {"U", "Q"}) {
    EXPECT_RIGHT(j.Judge(Changed<double>(j, name, Turn(5, 5, 2, 4, 0.7)), name));
    // Out of the space, or no basis.
    EXPECT_WRONG(j.Judge(Changed<double>(j, name, Turn(5, 5, 1, 4, 1e-7)), name));
    EXPECT_WRONG(j.Judge(Changed<double>(j, name, ScaleColumn<double>(5, 3, 1 + 1e-9)), name));
  }
  EXPECT_WRONG(j.Judge(Changed<double>(j, "y", [](double* p) { p[7] += 1e-9; }), "y"));
  EXPECT_WRONG(j.Judge(Changed<double>(j, "z", [](double* p) { p[7] += 1e-9; }), "z"));
  EXPECT_WRONG(j.Judge(Changed<double>(j, "p", [](double* p) { p[7] += 1e-9; }), "p"));
}

// Of zeros every basis is one; of a rank of 1 all but one vector are free.
TEST(Gauge, NothingButTheNullSpace) {
  Function::Builder b("f");
  const Expr A = b.Input("A", DType::kF64, {4, 4});
  const auto [U, S, Vh] = svd(A);
  b.Output("U", U);
  b.Output("Vh", Vh);
  b.Output("y", mm(U * S, Vh));
  for (const double x : {0.0, 1.0}) {
    const Judged j = Computed(b, {{"A", Value(diag(constant(Tensor::Of<double>({x, 0, 0, 0}))))}});
    for (const char* name : {"U", "Vh", "y"}) EXPECT_RIGHT(j.Judge(j.results, name));
    EXPECT_RIGHT(j.Judge(Changed<double>(j, "U", Turn(4, 4, 1, 3, 0.7)), "U"));
    EXPECT_WRONG(j.Judge(Changed<double>(j, "y", [](double* p) { p[0] += 1e-9; }), "y"));
  }
}

// What depends on signs cannot be judged, and what does not must be right.
TEST(Gauge, WhatIsMadeOfVectors) {
  Function::Builder b("f");
  const Expr A = b.Input("A", DType::kF64, {9, 9});
  const Expr V = eigh(A + A.T()).eigenvectors;
  b.Output("y", mv(V, b.Input("x", DType::kF64, {9})));
  b.Output("z", square(mv(V.T(), b.Input("u", DType::kF64, {9}))));
  b.Output("s", select(select(V, 0, 2), 0, 3));
  const Judged j = Computed(b, {{"A", Random(DType::kF64, {9, 9}, 1)},
                                {"x", Random(DType::kF64, {9}, 2)},
                                {"u", Random(DType::kF64, {9}, 3)}});
  for (const char* name : {"y", "z", "s"}) EXPECT_RIGHT(j.Judge(j.results, name));
  EXPECT_RIGHT(j.Judge(Changed<double>(j, "s", [](double* p) { p[0] = -p[0]; }), "s"));
  EXPECT_WRONG(j.Judge(Changed<double>(j, "z", [](double* p) { p[3] += 1e-8; }), "z"));
}

// Batches, f32, sizes of 0, and singular values of which the small ones are noise.
TEST(Gauge, Batches) {
  Function::Builder b("f");
  const Expr A = b.Input("A", DType::kF32, {3, 6, 4}), E = b.Input("E", DType::kF32, {2, 0, 3});
  const auto [U, S, Vh] = svd(A);
  b.Output("U", U);
  b.Output("Vh", Vh);
  b.Output("y", matmul(slice(U, 2, 0, 4) * unsqueeze(S, 1), Vh));
  b.Output("h", eigh(matmul(A, A.T())).eigenvectors);
  b.Output("e", svd(E).Vh);
  const Judged j = Computed(
      b, {{"A", Random(DType::kF32, {3, 6, 4}, 1)}, {"E", Random(DType::kF32, {2, 0, 3}, 1)}});
  for (const char* name : {"U", "Vh", "y", "h", "e"}) EXPECT_RIGHT(j.Judge(j.results, name));
  EXPECT_WRONG(j.Judge(Changed<float>(j, "y", [](float* p) { p[40] += 0.1f; }), "y"));
  EXPECT_WRONG(j.Judge(Changed<float>(j, "U", [](float* p) { p[36 + 2] += 0.1f; }), "U"));
}

}  // namespace
}  // namespace otium::cli
