// SPDX-License-Identifier: Apache-2.0
//
// Types of functions of matrices and vectors, and what they refuse, word for word.

#include <limits>

#include "gtest/gtest.h"
#include "ops/ops.h"
#include "tests/ops/evaluate.h"

namespace otium {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

Expr F32(Shape shape, const char* name = "x") { return Typed(DType::kF32, shape, name); }

struct TypeCase {
  Expr expr;
  const char* type;
};

void CheckTypes(const std::vector<TypeCase>& cases) {
  for (size_t i = 0; i < cases.size(); ++i) {
    EXPECT_EQ(TypeOf(cases[i].expr), cases[i].type) << "case " << i;
  }
}

TEST(MatrixFunctionTypes, Results) {
  const Dim n = Dim::Symbol("n");
  const Expr A = F32({2, 5, 3}), C = Typed(DType::kC128, {4, 4}), I = Typed(DType::kI32, {3, 3});
  const auto [U, S, V] = svd_lowrank(Typed(DType::kC64, {7, 9}), 4);
  const auto [W, s, X] = pca_lowrank(Typed(DType::kF64, {n, 4}));
  const auto [w, Y] = lobpcg(Typed(DType::kC64, {2, 9, 9}), 3);
  CheckTypes({
      {pinv(A), "f32[2, 3, 5]"},
      {matrix_rank(A), "i64[2]"},
      {cond(C), "f64[]"},
      {matrix_norm(A, 2, {0, 2}), "f32[5]"},
      {matrix_norm(A, "nuc", {0, 2}, true), "f32[1, 5, 1]"},
      {matrix_norm(I, "fro", {}, false, DType::kF64), "f64[]"},
      {matrix_exp(C), "c128[4, 4]"},
      {matrix_power(I, 3), "i32[3, 3]"},
      {tensorinv(F32({4, 6, 8, 3})), "f32[8, 3, 4, 6]"},
      {tensorsolve(F32({2, 3, 6}), F32({2, 3})), "f32[6]"},
      {multi_dot({F32({3}), F32({3, 4}), F32({4})}), "f32[]"},
      {multi_dot({F32({n, 3}), F32({3, 4})}), "f32[n, 4]"},
      {cross(F32({4, 1, 3}), F32({5, 3})), "f32[4, 5, 3]"},
      {cross(I, Typed(DType::kF64, {3})), "f64[3, 3]"},
      {vecdot(I, I, 0), "i32[3]"},
      {vander(F32({2, 3})), "f32[2, 3, 3]"},
      {vander(I, 5), "i64[3, 3, 5]"},
      {trapezoid(I), "f32[3]"},
      {trapezoid(A, F32({5}), 1, 1), "f32[2, 3]"},
      {U, "c64[7, 4]"},
      {S, "f32[4]"},
      {V, "c64[9, 4]"},
      {W, "f64[n, min(6, min(4, n))]"},
      {w, "f32[2, 3]"},
      {Y, "c64[2, 9, 3]"},
  });
}

TEST(MatrixFunctionTypes, Refusals) {
  const Expr A = F32({5, 3}), S = F32({3, 3}), half = Typed(DType::kF16, {3, 3});
  const std::optional<double> none;
  CheckTypes({
      {pinv(half), "pinv: A is f16[3, 3], it must be f32, f64, c64 or c128"},
      {pinv(A, -1.0), "pinv: atol is -1, it must not be negative"},
      {matrix_rank(A, none, NAN), "matrix_rank: rtol is nan, it must not be negative"},
      {pinv(A, none, none, true), "pinv: A is f32[5, 3], its matrices must be square"},
      {cond(A, "fro"), "cond: A is f32[5, 3], its matrices must be square"},
      {cond(S, 3), "cond: p is 3, it must be 'fro', 'nuc', 1, -1, 2, -2, inf or -inf"},
      {cond(S, "max"), "cond: p is 'max', it must be 'fro', 'nuc', 1, -1, 2, -2, inf or -inf"},
      {matrix_norm(S, 0),
       "matrix_norm: ord is 0, matrices have 'fro', 'nuc', 1, -1, 2, -2, inf and -inf"},
      {matrix_norm(F32({3})), "matrix_norm: A is f32[3], it must have at least 2 dimensions"},
      {matrix_norm(S, 2, {1}), "matrix_norm: dim has 1 dimensions, it must have 2"},
      {matrix_norm(F32({0, 3}), -2),
       "matrix_norm: x is f32[0, 3], the smallest singular value of none"},
      {matrix_norm(F32({0, 3}), -kInf),
       "matrix_norm: x is f32[0, 3], dimension 0 is empty, and of nothing it is not defined"},
      {matrix_exp(A), "matrix_exp: A is f32[5, 3], its matrices must be square"},
      {matrix_power(A, 2), "matrix_power: A is f32[5, 3], its matrices must be square"},
      {matrix_power(Typed(DType::kI64, {3, 3}), -1),
       "matrix_power: A is i64[3, 3], it must be of a floating or complex dtype"},
      {tensorinv(S, 2), "tensorinv: ind is 2, of A is f32[3, 3] it must be 1 to 1"},
      {tensorinv(A, 1),
       "tensorinv: A is f32[5, 3], the first 1 sizes and the others must have the same product"},
      {tensorsolve(A, F32({4})),
       "tensorsolve: A is f32[5, 3], B is f32[4], A must have the sizes of B and then those of X"},
      {multi_dot({S}), "multi_dot: there must be two tensors or more"},
      {multi_dot({S, F32({3}), S}), "multi_dot: tensors[1] is f32[3], it must be 2-D"},
      {multi_dot({F32({1, 3, 3}), S}),
       "multi_dot: tensors[0] is f32[1, 3, 3], it must be 1-D or 2-D"},
      {multi_dot({S, S, A}),
       "multi_dot: tensors[1] is f32[3, 3] and tensors[2] is f32[5, 3]: 3 is not 5"},
      {cross(S, A, 0), "cross: shapes [3, 3] and [5, 3] do not broadcast: 3 is not 5"},
      {cross(F32({3, 1}), F32({3})),
       "cross: x is f32[3, 1], its vectors must have 3 elements along dim"},
      {vander(S, -1), "vander: N is -1, it must not be negative"},
      {trapezoid(A, F32({4})),
       "trapezoid: y is f32[5, 3], x is f32[4], x must have the shape of y, or its size along dim"},
      {svd_lowrank(A, 4).S, "svd_lowrank: q is 4, of A is f32[5, 3] it must be 0 to 3"},
      {svd_lowrank(A, 2, -1).S, "svd_lowrank: niter is -1, it must not be negative"},
      {svd_lowrank(A, 2, 2, F32({7, 5, 3})).S,
       "svd_lowrank: M is f32[7, 5, 3], it must broadcast to A is f32[5, 3]"},
      {lobpcg(S, 2).eigenvalues,
       "lobpcg: the iteration is of 2 vectors and A is f32[3, 3], they must be at most a third of "
       "its rows; eigh gives all"},
      {lobpcg(S, 0).eigenvalues, "lobpcg: k is 0, it must be at least 1"},
      {lobpcg(F32({9, 9}), 3, Expr(), F32({9, 2})).eigenvalues,
       "lobpcg: k is 3, it must be at most the 2 vectors of the iteration"},
      {lobpcg(F32({9, 9}), 1, Expr(), Expr(), 4).eigenvalues,
       "lobpcg: the iteration is of 4 vectors and A is f32[9, 9], they must be at most a third of "
       "its rows; eigh gives all"},
      {lobpcg(S, 1, A).eigenvalues,
       "lobpcg: B is f32[5, 3] and A is f32[3, 3], their shapes must be equal"},
      {lobpcg(S, 1, Expr(), A).eigenvalues,
       "lobpcg: X is f32[5, 3] and A is f32[3, 3], they must have the same batch and rows"},
      {lobpcg(S, 1, Expr(), Expr(), std::nullopt, Expr(), -1).eigenvalues,
       "lobpcg: niter is -1, it must not be negative"},
      {lobpcg(S, 1, Expr(), Expr(), std::nullopt, Expr(), 5, -1).eigenvalues,
       "lobpcg: tol is -1, it must not be negative"},
  });
}

}  // namespace
}  // namespace otium
