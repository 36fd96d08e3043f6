// SPDX-License-Identifier: Apache-2.0
//
// What the shape ops' type rules, their structure rules, their kernels and the
// planner's views must read off the attributes in the same way: which element
// goes where. Requires nothing but attributes and sizes.
//
// Sizes may be names. An index into a size that is a name is taken to be in
// range; when the name has become a number, indices clamp as in Python.

#ifndef OTIUM_OPS_SHAPE_RULES_H_
#define OTIUM_OPS_SHAPE_RULES_H_

#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/structure.h"
#include "ops/op.h"

namespace otium {

inline Shape ShapeOf(const Dims& dims) { return Shape(absl::Span<const Dim>(dims)); }
Dims DimsOf(const Shape& shape);
Dim NumElements(absl::Span<const Dim> dims);
// The smaller, by value or because their difference is a number.
Dim SmallerDim(const Dim& a, const Dim& b);

// OpDef::flops of ops that compute nothing.
double NoFlops(const OpCall& call, absl::Span<const TensorType> results);

// transpose, permute, movedim: result dimension i is operand dimension p[i].
absl::StatusOr<std::vector<int>> PermutationOf(const OpDef& op, const Attributes& attributes,
                                               int rank);
// `sizes` with a -1 replaced by what makes the element counts of `from` equal.
absl::StatusOr<Dims> ResolveReshape(absl::Span<const Dim> from, const Dims& sizes);
// The dimensions of `x` that squeeze keeps.
absl::StatusOr<std::vector<int>> SqueezeKeeps(const Attributes& attributes, const Shape& x);
// The shifts of roll by dimension, all dimensions; with `dims` none the tensor is
// rolled as one dimension, which gives an empty list.
absl::StatusOr<std::vector<int64_t>> RollShifts(const Attributes& attributes, int rank);

// Operand index = start + step * result index.
struct SliceBounds {
  Dim start;
  Dim length;
  int64_t step = 1;
};
// slice and narrow, along the dimension whose size is `size`.
absl::StatusOr<SliceBounds> ResolveSlice(const OpDef& op, const Attributes& attributes,
                                         const Dim& size);
// select: the index counted from the front.
absl::StatusOr<Dim> ResolveIndex(const Attributes& attributes, int dim, const Dim& size);
// split: the size of each piece of a dimension of `size`.
absl::StatusOr<Dims> SplitSizes(const Attributes& attributes, int dim, const Dim& size);

// diagonal: element i of it is (row + i, column + i) of dimensions dim1, dim2.
struct DiagonalBounds {
  int dim1 = 0;
  int dim2 = 1;
  int64_t row = 0;
  int64_t column = 0;
  Dim length;
};
absl::StatusOr<DiagonalBounds> ResolveDiagonal(const Attributes& attributes, const Shape& x);

// ---- structure

// What any rearrangement of all elements keeps.
inline Structure ZeroOnly(const Structure& s) { return {kFullBand, kFullBand, s.flags & kZero}; }
// Of the matrices' transposes.
Structure TransposedStructure(const Structure& s);
// What exchanging rows, or columns, among themselves keeps.
Structure ExchangedStructure(const Structure& s);

}  // namespace otium

#endif  // OTIUM_OPS_SHAPE_RULES_H_
