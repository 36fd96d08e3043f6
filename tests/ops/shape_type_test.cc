// SPDX-License-Identifier: Apache-2.0
//
// Types of the shape, indexing and joining ops, with names for sizes; or the
// error, word for word.

#include "gtest/gtest.h"
#include "ops/ops.h"
#include "tests/ops/type_cases.h"

namespace otium {
namespace {

using testing_ops::CheckTypes;
using testing_ops::In;
using testing_ops::TypeOrError;

const Dim b = Dim::Symbol("b"), h = Dim::Symbol("h"), k = Dim::Symbol("k"), m = Dim::Symbol("m"),
          n = Dim::Symbol("n");

TEST(ShapeTypes, Reshape) {
  const Expr x = In({b, n, m});
  CheckTypes({
      {reshape(x, {b, -1}), "f64[b, m*n]"},
      {reshape(x, {-1, m}), "f64[b*n, m]"},
      {reshape(x, {n, b * m}), "f64[n, b*m]"},
      {reshape(In({n, 6}), {-1, 3}), "f64[2*n, 3]"},
      {reshape(In({n, 6}), {2, n, 3}), "f64[2, n, 3]"},
      {reshape(In({n, 6}), {2, n, 2}),
       "f64[2, n, 2]"},  // 6n is not 4n, unless n is 0: checked when bound.
      {reshape(In({2, 3}), {3, 2}), "f64[3, 2]"},
      {reshape(In({2, 3}), {4, 2}), "reshape: x has the shape [2, 3], which does not fill [4, 2]"},
      {reshape(In({2, 3}), {4, -1}),
       "reshape: x has the shape [2, 3], which does not fill [4, -1]"},
      {reshape(In({2, 3}), {-1, -1}), "reshape: only one size may be -1"},
      {reshape(In({2, 3}), {-2, 3}), "reshape: the size -2 is negative"},
      {reshape(In({0, 3}), {0, -1}), "reshape: the size that is -1 could be anything in [0, -1]"},
      {reshape(In({0, 3}), {5, 0, 2}), "f64[5, 0, 2]"},
      {reshape(In({}), {1, 1}), "f64[1, 1]"},
      {reshape(In({1, 1}), Dims{}), "f64[]"},
      {flatten(x), "f64[b*m*n]"},
      {flatten(x, 1), "f64[b, m*n]"},
      {flatten(x, 0, 1), "f64[b*n, m]"},
      {flatten(In({})), "f64[1]"},
      {flatten(x, 2, 1), "flatten: start_dim 2 comes after end_dim 1"},
      {unflatten(In({b, 2 * n}), 1, {2, -1}), "f64[b, 2, n]"},
      {unflatten(In({b, n * h}), -1, {h, n}), "f64[b, h, n]"},
      {unflatten(In({5}), 0, {2, -1}),
       "unflatten: x has the shape [5], which does not fill [2, -1]"},
      {unflatten(In({}), 0, {1}), "unflatten: x is f64[], it must have at least 1 dimension"},
  });
}

TEST(ShapeTypes, Permutations) {
  const Expr x = In({b, n, m});
  CheckTypes({
      {transpose(x, 0, -1), "f64[m, n, b]"},
      {x.T(), "f64[b, m, n]"},
      {In({n}).T(), "transpose: x is f64[n], it must have at least 2 dimensions"},
      {transpose(x, 0, 3), "transpose: dimension 3 is out of range [-3, 2]"},
      {permute(x, {2, 0, 1}), "f64[m, b, n]"},
      {permute(x, {-1, 0, 1}), "f64[m, b, n]"},
      {permute(x, {0, 1}), "permute: dims has 2 entries, x has 3 dimensions"},
      {permute(x, {0, 1, 1}), "permute: dimension 1 appears twice"},
      {permute(In({}), Ints{}), "f64[]"},
      {movedim(x, {0}, {2}), "f64[n, m, b]"},
      {movedim(x, {0, 1}, {-1, 0}), "f64[n, m, b]"},
      {movedim(x, {0, 1}, {1}), "movedim: source has 2 entries and destination 1"},
      {movedim(x, {0, 0}, {1, 2}), "movedim: dimension 0 appears twice"},
      {flip(x, {0, 2}), "f64[b, n, m]"},
      {flip(x, {0, -3}), "flip: dimension -3 appears twice"},
      {roll(x, {1, 2}, Ints{0, 0}), "f64[b, n, m]"},
      {roll(x, {1, 2}, Ints{0}), "roll: there are 2 shifts and 1 dims"},
      {roll(x, {1, 2}), "roll: there are 2 shifts and no dims: give one for each"},
  });
}

TEST(ShapeTypes, OnesAndExpansion) {
  CheckTypes({
      {squeeze(In({1, 3, 1})), "f64[3]"},
      {squeeze(In({1, 3, 1}), Ints{0, 1}), "f64[3, 1]"},
      {squeeze(In({n, 1}), Ints{1}), "f64[n]"},
      {squeeze(In({n, 1})),
       "squeeze: the size n of dimension 0 may be 1 or not, and with it the number of dimensions: "
       "say which dimensions to remove"},
      {unsqueeze(In({n, m}), 1), "f64[n, 1, m]"},
      {unsqueeze(In({n, m}), -1), "f64[n, m, 1]"},
      {unsqueeze(In({}), 0), "f64[1]"},
      {unsqueeze(In({n}), 2), "unsqueeze: dimension 2 is out of range [-2, 1]"},
      {expand(In({n, 1}), {b, -1, m}), "f64[b, n, m]"},
      {expand(In({1}), {0}), "f64[0]"},
      {expand(In({}), {2, n}), "f64[2, n]"},
      {expand(In({n}), {-1, n}), "expand: the size -1 of dimension 0 is negative"},
      {expand(In({n, 2}), {n, 3}), "expand: x is f64[n, 2], it does not broadcast to [n, 3]"},
      {expand(In({n, 2}), {2}), "expand: x is f64[n, 2], it does not broadcast to [2]"},
      {broadcast_to(In({1, m}), {n, m}), "f64[n, m]"},
      {broadcast_to(In({1, m}), {n, -1}), "broadcast_to: the size -1 of dimension 1 is negative"},
  });
}

TEST(ShapeTypes, Slices) {
  const Expr x = In({n, m});
  CheckTypes({
      {slice(x, 0, 1), "f64[n - 1, m]"},
      {slice(x, 0, std::nullopt, -1), "f64[n - 1, m]"},
      {slice(x, 0, 1, 4), "f64[3, m]"},
      {slice(x, 0, k, 2 * k), "f64[k, m]"},
      {slice(x, 0, std::nullopt, n - k), "f64[-k + n, m]"},
      {slice(x, 0, Dim(0) - k), "f64[k, m]"},
      {slice(x, 1, std::nullopt, std::nullopt, -1), "f64[n, m]"},
      {slice(In({10}), 0, std::nullopt, std::nullopt, 3), "f64[4]"},
      {slice(In({2 * n}), 0, std::nullopt, std::nullopt, 2), "f64[n]"},
      {slice(x, 0, 1, 2, 0), "slice: step is 0"},
      {slice(x, 2), "slice: dimension 2 is out of range [-2, 1]"},
      {slice(In({}), 0), "slice: x is f64[], it must have at least 1 dimension"},
      {select(x, 0, 0), "f64[m]"},
      {select(x, 1, n), "f64[n]"},
      {select(In({3}), 0, -3), "f64[]"},
      {select(In({3}), 0, 3), "select: index 3 is out of range for dimension 0 of size 3"},
      {select(In({3}), 0, -4), "select: index -4 is out of range for dimension 0 of size 3"},
      {select(In({n}), 0, n), "select: index n is out of range for dimension 0 of size n"},
      {narrow(x, 0, k, 2), "f64[2, m]"},
      {narrow(In({5}), 0, 3, 2), "f64[2]"},
      {narrow(In({5}), 0, -3, 2), "f64[2]"},
      {narrow(In({5}), 0, 4, 2), "narrow: start 4 and length 2 do not fit into the size 5"},
      {narrow(In({n}), 0, 1, n), "narrow: start 1 and length n do not fit into the size n"},
  });
}

TEST(ShapeTypes, IndexTensorsAndDiagonals) {
  const Expr x = In({n, m});
  const Expr index = In({k}, DType::kI64);
  CheckTypes({
      {index_select(x, 0, index), "f64[k, m]"},
      {index_select(x, 1, In({k}, DType::kI32)), "f64[n, k]"},
      {index_select(x, 0, In({k})), "index_select: index is f64[k], it must be i32 or i64"},
      {index_select(x, 0, In({k, k}, DType::kI64)),
       "index_select: index is i64[k, k], it must have 1 dimension"},
      {gather(x, 1, In({n, k}, DType::kI64)), "f64[n, k]"},
      {gather(x, 1, index), "gather: index is i64[k], it must have 2 dimensions"},
      {gather(In({2, 3}), 1, In({3, 3}, DType::kI64)),
       "gather: x is f64[2, 3] and index is i64[3, 3]: index is larger in dimension 0"},
      {diag(In({n})), "f64[n, n]"},
      {diag(In({n}), -2), "f64[n + 2, n + 2]"},
      {diag(In({n, n})), "f64[n]"},
      {diag(In({n, n}), 1), "f64[n - 1]"},
      {diag(In({3, 4}), 3), "f64[1]"},
      {diag(In({3, 4}), 7), "f64[0]"},
      {diag(In({2, 2, 2})), "diag: x is f64[2, 2, 2], it must have 1 or 2 dimensions"},
      {diagonal(In({b, n, n}), 0, -2, -1), "f64[b, n]"},
      {diagonal(In({n, b, m})), "f64[m, min(b, n)]"},
      {diagonal(x, 0, 1, -1), "diagonal: dim1 and dim2 are the same dimension 1"},
      {tril(In({b, n, m})), "f64[b, n, m]"},
      {triu(In({n})), "triu: x is f64[n], it must have at least 2 dimensions"},
      {tril(x, std::numeric_limits<int64_t>::min()),
       "tril: diagonal -9223372036854775808 is out of range"},
  });
}

TEST(ShapeTypes, Joining) {
  const Expr x = In({n, m});
  CheckTypes({
      {cat({x, In({k, m})}), "f64[k + n, m]"},
      {cat({x, x}, -1), "f64[n, 2*m]"},
      {cat({x, In({1, m}, DType::kI64)}), "f64[n + 1, m]"},
      {cat({In({2}, DType::kF32), In({2}, DType::kC128)}), "c128[4]"},
      {cat({x, In({k, k})}), "cat: tensors[0] is f64[n, m] and tensors[1] is f64[k, k]"},
      {cat({x, In({m})}), "cat: tensors[0] is f64[n, m] and tensors[1] is f64[m]"},
      {cat({In({0}), x, In({0}, DType::kF32), x}, 1), "f64[n, 2*m]"},
      {cat({In({0}), In({0})}), "f64[0]"},
      {cat({In({0}), x, In({k, k})}), "cat: tensors[1] is f64[n, m] and tensors[2] is f64[k, k]"},
      {cat({In({0, 1}), x}), "cat: tensors[0] is f64[0, 1] and tensors[1] is f64[n, m]"},
      {cat({}), "cat: needs at least one tensor"},
      {cat({x, In({})}), "cat: tensors[1] is f64[], it must have at least 1 dimension: use stack"},
      {stack({x, x, x}), "f64[3, n, m]"},
      {stack({x, x}, -1), "f64[n, m, 2]"},
      {stack({In({}), In({})}), "f64[2]"},
      {stack({x, In({n, n})}), "stack: tensors[0] is f64[n, m] and tensors[1] is f64[n, n]"},
      {block_diag({x, In({k}), In({})}), "f64[n + 2, k + m + 1]"},
      {block_diag({In({1, 1, 1})}),
       "block_diag: tensors[0] is f64[1, 1, 1], it must have at most 2 dimensions"},
  });
}

TEST(ShapeTypes, Split) {
  const Pieces pieces = split(In({7, n}), {3});
  EXPECT_EQ(pieces.size(), 3);
  EXPECT_EQ(TypeOrError(pieces[2]), "f64[1, n]");
  EXPECT_EQ(TypeOrError(pieces[3]), "split: there are 3 pieces, piece 3 is not among them");
  EXPECT_EQ(split(In({3 * n}), {n}).size(), 3);
  EXPECT_EQ(TypeOrError(split(In({n}), {1, n - 1})[1]), "f64[n - 1]");
  EXPECT_EQ(split(In({0}), {4}).size(), 1);
  EXPECT_EQ(TypeOrError(split(In({n}), {4})[9]),
            "split: how many pieces of 4 fill dimension 0, which has n, is not known: list their "
            "sizes");
  EXPECT_EQ(TypeOrError(split(In({7}), {3, 3})[0]),
            "split: the sizes [3, 3] add up to 6, dimension 0 has 7");
  EXPECT_EQ(TypeOrError(split(In({7}), {0})[0]),
            "split: pieces of size 0 never fill dimension 0, which has 7");
}

// Views of weak numbers are weak; what is copied settles.
TEST(ShapeTypes, Weakness) {
  const Expr weak = eye(n);
  EXPECT_EQ(TypeOrError(mm(In({n, n}), weak.T())), "f64[n, n]");
  EXPECT_EQ(TypeOrError(mv(In({n, n}), select(weak, 0, 0))), "f64[n]");
  EXPECT_EQ(TypeOrError(cat({weak, weak})), "f32[2*n, n]");
  EXPECT_EQ(TypeOrError(cat({weak, In({n, n})})), "f64[2*n, n]");
}

}  // namespace
}  // namespace otium
