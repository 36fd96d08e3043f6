// SPDX-License-Identifier: Apache-2.0
//
// Types of the products, with names for sizes; or the error, word for word.

#include "gtest/gtest.h"
#include "ops/ops.h"
#include "tests/ops/type_cases.h"

namespace otium {
namespace {

using testing_ops::CheckTypes;
using testing_ops::In;

const Dim b = Dim::Symbol("b"), k = Dim::Symbol("k"), m = Dim::Symbol("m"), n = Dim::Symbol("n"),
          p = Dim::Symbol("p");

TEST(ProductTypes, VectorsAndMatrices) {
  const Expr x = In({n}), A = In({n, m});
  CheckTypes({
      {dot(x, x), "f64[]"},
      {dot(x, In({m})), "dot: x is f64[n] and y is f64[m]: n is not m"},
      {dot(A, x), "dot: x is f64[n, m], it must have 1 dimension"},
      {vdot(In({3}, DType::kC64), In({3}, DType::kC64)), "c64[]"},
      {mv(A, In({m})), "f64[n]"},
      {mv(In({m, n}), In({m})), "mv: A is f64[m, n] and x is f64[m]: n is not m"},
      {mv(A, In({m}, DType::kF32)),
       "mv: A is f64[n, m] and x is f32[m]: the dtypes must be equal, cast one of them"},
      {mv(In({n, m}, DType::kBool), In({m}, DType::kBool)),
       "mv: the operands are bool, which products do not take: cast them"},
      {mm(A, In({m, p})), "f64[n, p]"},
      {mm(A, A), "mm: A is f64[n, m] and B is f64[n, m]: m is not n"},
      {mm(A, In({b, m, p})), "mm: B is f64[b, m, p], it must have 2 dimensions"},
      {mm(In({n, m}, DType::kI32), In({m, p}, DType::kI32)), "i32[n, p]"},
      {mm(In({n, m}, DType::kBF16), In({m, p}, DType::kBF16)), "bf16[n, p]"},
      {bmm(In({b, n, m}), In({b, m, p})), "f64[b, n, p]"},
      {bmm(In({b, n, m}), In({1, m, p})),
       "bmm: A is f64[b, n, m] and B is f64[1, m, p]: b is not 1"},
      {mm(A, eye(m)), "f64[n, m]"},
  });
}

TEST(ProductTypes, FusedForms) {
  const Expr A = In({n, m}), x = In({m});
  CheckTypes({
      {addmv(In({n}), A, x), "f64[n]"},
      {addmv(In({}), A, x), "f64[n]"},
      {addmv(In({n, 1}), A, x), "addmv: input is f64[n, 1], it does not broadcast to [n]"},
      {addmv(In({n}), A, x, 2.5, In({})), "f64[n]"},
      {addmv(In({n}), A, x, In({2})), "addmv: beta is f64[2], it must be 0-D"},
      {addmv(In({n}, DType::kI64), In({n, m}, DType::kI64), In({m}, DType::kI64), 2, 0.5),
       "addmv: alpha is f64[], which i64 operands do not take"},
      {addmv(In({n}), A, x, In({}, DType::kC64)),
       "addmv: beta is c64[], which f64 operands do not take"},
      {addmm(In({p}), A, In({m, p})), "f64[n, p]"},
      {addmm(In({b, n, p}), A, In({m, p})),
       "addmm: input is f64[b, n, p], it does not broadcast to [n, p]"},
      {baddbmm(In({n, 1}), In({b, n, m}), In({b, m, p})), "f64[b, n, p]"},
      {addbmm(In({n, p}), In({b, n, m}), In({b, m, p})), "f64[n, p]"},
      {addbmm(In({b, n, p}), In({b, n, m}), In({b, m, p})),
       "addbmm: input is f64[b, n, p], it does not broadcast to [n, p]"},
      {addr(In({n, m}), In({n}), In({m})), "f64[n, m]"},
      {addr(In({m, n}), In({n}), In({m})),
       "addr: input is f64[m, n], it does not broadcast to [n, m]"},
  });
}

TEST(ProductTypes, Matmul) {
  CheckTypes({
      {matmul(In({n}), In({n})), "f64[]"},
      {matmul(In({n, m}), In({m})), "f64[n]"},
      {matmul(In({n}), In({n, m})), "f64[m]"},
      {matmul(In({b, n, m}), In({m, p})), "f64[b, n, p]"},
      {matmul(In({n, m}), In({b, m, p})), "f64[b, n, p]"},
      {matmul(In({b, n, m}), In({m})), "f64[b, n]"},
      {matmul(In({n}), In({b, n, p})), "f64[b, p]"},
      {matmul(In({k, 1, n, m}), In({b, m, p})), "f64[k, b, n, p]"},
      {matmul(In({k, n, m}), In({b, m, p})),
       "matmul: A is f64[k, n, m] and B is f64[b, m, p]: the batch shapes [k] and [b] do not "
       "broadcast: k is not b"},
      {matmul(In({}), In({n})), "matmul: A is f64[], it must have at least 1 dimension"},
      {matmul(In({n, m}), In({n})), "matmul: A is f64[n, m] and B is f64[n]: m is not n"},
  });
}

TEST(ProductTypes, Contractions) {
  const Expr A = In({n, m}), B = In({m, p});
  CheckTypes({
      {inner(In({b, n}), In({k, m, n})), "f64[b, k, m]"},
      {inner(In({}), A), "f64[n, m]"},
      {inner(A, B), "inner: a is f64[n, m] and b is f64[m, p]: m is not p"},
      {outer(In({n}), In({m}, DType::kI32)), "f64[n, m]"},
      {outer(A, In({m})), "outer: x is f64[n, m], it must have 1 dimension"},
      {kron(A, In({2, 3})), "f64[2*n, 3*m]"},
      {kron(In({n}), In({2, 3})), "f64[2, 3*n]"},
      {tensordot(A, B, 1), "f64[n, p]"},
      {tensordot(A, B, 0), "f64[n, m, m, p]"},
      {tensordot(A, A, {0, 1}, {0, 1}), "f64[]"},
      {tensordot(A, B, {0}, {1}),
       "tensordot: a is f64[n, m] and b is f64[m, p]: dimension 0 of a and dimension 1 of b differ"},
      {tensordot(A, B, {0, 1}, {1}), "tensordot: dims_a has 2 entries and dims_b 1"},
      {tensordot(A, B, {}, {}), "f64[n, m, m, p]"},
      {tensordot(A, B, {2}, {0}), "tensordot: dimension 2 is out of range [-2, 1]"},
      {tensordot(A, B, 3), "tensordot: dims is 3, a has 2 dimensions and b has 2"},
      {einsum("ij,jk->ik", {A, B}), "f64[n, p]"},
      {einsum("ij,jk", {A, B}), "f64[n, p]"},
      {einsum("ba", {A}), "f64[m, n]"},
      {einsum("Ba", {A}), "f64[n, m]"},
      {einsum("ii", {In({n, n})}), "f64[]"},
      {einsum("ii->i", {In({n, n})}), "f64[n]"},
      {einsum("...ij, ...jk -> ...ik", {In({k, 1, n, m}), In({b, m, p})}), "f64[k, b, n, p]"},
      {einsum("i...->...", {In({n, b, k})}), "f64[b, k]"},
      {einsum("i...->i", {In({n, b, k})}), "f64[n]"},
      {einsum("ij,kl->", {A, B}), "f64[]"},
      {einsum("ij,jk", {A}), "einsum: the equation \"ij,jk\" has 2 operands, not 1"},
      {einsum("ij->ik", {A}), "einsum: the result has the letter k, which no operand has"},
      {einsum("ij->ii", {A}), "einsum: the result has the letter i twice"},
      {einsum("ijk->i", {A}),
       "einsum: operands[0] has 2 dimensions, the equation names 3 (\"ijk\")"},
      {einsum("i1->i", {A}),
       "einsum: the equation has the character '1': letters, commas, '->' and '...' are allowed"},
      {einsum("......i", {A}), "einsum: the equation has two ellipses in one operand"},
      {einsum("ii", {A}), "einsum: operands[0] is [n, m]: i is n and m"},
      {einsum("ij,jk", {A, A}), "einsum: operands[1] is [n, m]: j is n there and m before"},
      {einsum("", {}), "einsum: needs at least one operand"},
  });
}

}  // namespace
}  // namespace otium
