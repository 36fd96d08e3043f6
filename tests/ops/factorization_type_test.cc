// SPDX-License-Identifier: Apache-2.0
//
// Types of factorizations, systems, inverses and determinants; or the error, word for word.

#include "gtest/gtest.h"
#include "ops/ops.h"
#include "tests/ops/type_cases.h"

namespace otium {
namespace {

using testing_ops::CheckTypes;
using testing_ops::In;

const Dim b = Dim::Symbol("b"), k = Dim::Symbol("k"), m = Dim::Symbol("m"), n = Dim::Symbol("n");

TEST(FactorizationTypes, Cholesky) {
  const Expr A = In({b, n, n});
  CheckTypes({
      {cholesky(A), "f64[b, n, n]"},
      {cholesky_ex(A).info, "i32[b]"},
      {cholesky_solve(In({n, k}), A), "f64[b, n, k]"},
      {cholesky_solve(In({b, n, k}), In({n, n}, DType::kC64)),
       "cholesky_solve: B is f64[b, n, k] and L is c64[n, n]: the dtypes must be "
       "equal, cast one of them"},
      {cholesky_solve(In({n}), In({n, n})),
       "cholesky_solve: B is f64[n], it must have at least 2 dimensions"},
      {cholesky_solve(In({m, k}), In({n, n})),
       "cholesky_solve: L is f64[n, n] and B is f64[m, k]: n is not m"},
      {cholesky_inverse(In({n, m})),
       "cholesky_inverse: L is f64[n, m], its matrices must be square"},
      {cholesky_inverse(In({n, n}, DType::kF16)),
       "cholesky_inverse: L is f16[n, n], it must be f32, f64, c64 or c128"},
      {cholesky(In({n, n}, DType::kI32)),
       "cholesky: A is i32[n, n], it must be of a floating or complex dtype"},
      {cholesky(In({3000000000, 3000000000})),
       "cholesky: A is f64[3000000000, 3000000000], its matrices have more than 2147483647 "
       "rows or columns, which LAPACK's 32-bit integers cannot count"},
  });
}

TEST(FactorizationTypes, Lu) {
  const Expr A = In({b, m, n});
  const Expr pivots = In({3}, DType::kI32);
  CheckTypes({
      {lu_factor(A).LU, "f64[b, m, n]"},
      {lu_factor(In({b, 4, 3})).pivots, "i32[b, 3]"},
      {lu_factor_ex(In({b, 4, 3})).info, "i32[b]"},
      {lu_factor(In({3})).LU, "lu_factor: A is f64[3], it must have at least 2 dimensions"},
      {lu(In({b, 4, 3}, DType::kC64)).P, "c64[b, 4, 4]"},
      {lu(In({b, 4, 3}), /*pivot=*/false).P, "f64[0]"},
      {lu(In({b, 4, 3})).L, "f64[b, 4, 3]"},
      {lu(In({b, 4, 3})).U, "f64[b, 3, 3]"},
      {lu_unpack(In({4, 3}), pivots).P, "f64[4, 4]"},
      {lu_unpack(In({4, 3}), pivots, false).L, "f64[0]"},
      {lu_unpack(In({4, 3}), pivots, true, false).P, "f64[0]"},
      {lu_unpack(In({4, 4}), pivots).P,
       "lu_unpack: pivots is i32[3] and LU is f64[4, 4], whose pivots are i32[4]"},
      {lu_unpack(In({4, 3}), In({3}, DType::kI64)).P,
       "lu_unpack: pivots is i64[3], they must be i32"},
      {lu_solve(In({3, 3}), pivots, In({b, 3, k})), "f64[b, 3, k]"},
      {lu_solve(In({3, 3}), pivots, In({k, 3}), /*left=*/false), "f64[k, 3]"},
      {lu_solve(In({3, 3}), pivots, In({4, 3})),
       "lu_solve: LU is f64[3, 3] and B is f64[4, 3]: 3 is not 4"},
      {lu_solve(In({3, 3}), pivots, In({3})),
       "lu_solve: B is f64[3], it must have at least 2 dimensions"},
      {lu_solve(In({3, 3}), pivots, In({3, 1}, DType::kF32)),
       "lu_solve: LU is f64[3, 3] and B is f32[3, 1]: the dtypes must be equal, cast one of them"},
      {lu_solve(In({4, 3}), pivots, In({3, 1})),
       "lu_solve: LU is f64[4, 3], its matrices must be square"},
  });
}

TEST(FactorizationTypes, Ldl) {
  const Expr pivots = In({3}, DType::kI32);
  CheckTypes({
      {ldl_factor(In({b, n, n})).LD, "f64[b, n, n]"},
      {ldl_factor(In({b, n, n})).pivots, "i32[b, n]"},
      {ldl_factor_ex(In({b, n, n})).info, "i32[b]"},
      {ldl_factor(In({m, n})).LD, "ldl_factor: A is f64[m, n], its matrices must be square"},
      {ldl_solve(In({3, 3}), pivots, In({b, 3, k})), "f64[b, 3, k]"},
      {ldl_solve(In({3, 3}), pivots, In({k, 4, 3})),
       "ldl_solve: LD is f64[3, 3] and B is f64[k, 4, 3]: 3 is not 4"},
      {ldl_solve(In({2, 3, 3}), pivots, In({3, 1})),
       "ldl_solve: pivots is i32[3] and LD is f64[2, 3, 3], whose pivots are i32[2, 3]"},
  });
}

TEST(FactorizationTypes, Systems) {
  const Expr A = In({b, n, n});
  CheckTypes({
      {solve(A, In({n})), "f64[b, n]"},
      {solve(A, In({b, n})), "f64[b, n]"},
      {solve(A, In({b, n, k})), "f64[b, n, k]"},
      {solve(A, In({n, k})), "f64[b, n, k]"},
      {solve(A, In({k, n}), /*left=*/false), "f64[b, k, n]"},
      {solve(A, In({n}), /*left=*/false),
       "solve: B is f64[n], a vector, which with left = false it must not be"},
      {solve(A, In({b, n}), /*left=*/false),
       "solve: B is f64[b, n], a vector, which with left = false it must not be"},
      {solve(A, In({m, k})), "solve: A is f64[b, n, n] and B is f64[m, k]: n is not m"},
      {solve(A, In({n}, DType::kF32)),
       "solve: A is f64[b, n, n] and B is f32[n]: the dtypes must be equal, cast one of them"},
      {solve(In({m, n}), In({n})), "solve: A is f64[m, n], its matrices must be square"},
      {solve(In({n}), In({n})), "solve: A is f64[n], it must have at least 2 dimensions"},
      {solve(In({2, n, n}), In({3, n, k})),
       "solve: shapes [2] and [3] do not broadcast: 2 is not 3"},
      {solve(A, In({})), "solve: B is f64[], it must have at least 1 dimension"},
      {solve_ex(A, In({m, b, n, k})).result, "f64[m, b, n, k]"},
      {solve_ex(A, In({m, b, n, k})).info, "i32[b]"},
      {solve_triangular(A, In({n, k}), true), "f64[b, n, k]"},
      {solve_triangular(A, In({n}), true),
       "solve_triangular: B is f64[n], it must have at least 2 dimensions"},
      {solve_triangular(A, In({k, n}), true, /*left=*/false), "f64[b, k, n]"},
      {solve_triangular(A, In({n, k}), true, /*left=*/false),
       "solve_triangular: A is f64[b, n, n] and B is f64[n, k]: n is not k"},
  });
}

TEST(FactorizationTypes, InversesAndDeterminants) {
  const Expr A = In({b, n, n}, DType::kC64);
  CheckTypes({
      {inv(A), "c64[b, n, n]"},
      {inv(In({m, n})), "inv: A is f64[m, n], its matrices must be square"},
      {inv_ex(A).info, "i32[b]"},
      {det(A), "c64[b]"},
      {det(In({n, n}, DType::kBF16)), "det: A is bf16[n, n], it must be f32, f64, c64 or c128"},
      {slogdet(A).sign, "c64[b]"},
      {slogdet(A).logabsdet, "f32[b]"},
      {logdet(A), "c64[b]"},
      {logdet(In({n})), "logdet: A is f64[n], it must have at least 2 dimensions"},
  });
}

}  // namespace
}  // namespace otium
