// SPDX-License-Identifier: Apache-2.0
//
// Ops that pick elements: by ranges, by position, by index tensors, by diagonals.

#include "ops/indexing.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "engine/base/status.h"
#include "engine/graph/graph.h"
#include "ops/infer.h"
#include "ops/op.h"
#include "ops/shape_rules.h"

namespace otium {
namespace {

absl::StatusOr<int> DimOf(const OpCall& call) {
  OTIUM_RETURN_IF_ERROR(RequireRankAtLeast(call, 0, 1));
  return NormalizeDim(call.attributes.Get<int64_t>("dim"), call.operand(0).rank());
}

void PushWithDim(const OpCall& call, int dim, const Dim& size, ResultTypes* results) {
  Dims dims = DimsOf(call.operand(0).shape);
  dims[dim] = size;
  results->push_back(TensorType(call.operand(0).dtype, ShapeOf(dims)));
}

// ---- slice, narrow, select

constexpr ParamDef kSliceParams[] = {TensorParam("x"), RequiredAttr("dim", ParamKind::kInt),
                                     NoneAttr("start", ParamKind::kDim),
                                     NoneAttr("end", ParamKind::kDim), IntAttr("step", 1)};
constexpr ParamDef kNarrowParams[] = {TensorParam("x"), RequiredAttr("dim", ParamKind::kInt),
                                      RequiredAttr("start", ParamKind::kDim),
                                      RequiredAttr("length", ParamKind::kDim)};

absl::Status InferSlice(const OpCall& call, ResultTypes* results) {
  OTIUM_ASSIGN_OR_RETURN(const int dim, DimOf(call));
  OTIUM_ASSIGN_OR_RETURN(const SliceBounds bounds,
                         ResolveSlice(call.op, call.attributes, call.operand(0).shape[dim]));
  PushWithDim(call, dim, bounds.length, results);
  return absl::OkStatus();
}

// The slice that makes operand 0, when it takes the same rows of a matrix as this
// one takes columns, or the other way around: both give a principal submatrix.
// Returns the structure of the matrix they are taken of, else null.
const Structure* PrincipalOf(const StructureCall& call, int dim, const SliceBounds& bounds) {
  const NodeId n = call.graph.producer(call.values[0]);
  const OpDef& op = call.graph.op(n);
  if (op.id != Op::slice && op.id != Op::narrow) return nullptr;
  const TensorType& x = call.graph.type(call.graph.operands(n)[0]);
  const int rank = x.rank();
  const Attributes& attributes = call.graph.attributes(n);
  const int other = *NormalizeDim(attributes.Get<int64_t>("dim"), rank);
  if (dim + other != 2 * rank - 3 || std::min(dim, other) != rank - 2) return nullptr;
  const SliceBounds theirs = *ResolveSlice(op, attributes, x.shape[other]);
  const bool same =
      theirs.start == bounds.start && theirs.length == bounds.length && theirs.step == bounds.step;
  return same ? &x.structure : nullptr;
}

// Rows s, s + t, ... for t > 0: row i' is row i >= i' + s, so what was zero below
// the band still is, s nearer to the diagonal; the other side moves away, and for
// t > 1 out of sight. Columns likewise with the sides exchanged.
void SliceStructure(const StructureCall& call, ResultTypes* results) {
  const TensorType& x = call.operand(0);
  const int rank = x.rank();
  const int dim = *NormalizeDim(call.attributes.Get<int64_t>("dim"), rank);
  const SliceBounds bounds = *ResolveSlice(call.op, call.attributes, x.shape[dim]);
  Structure& s = (*results)[0].structure;
  if (rank >= 2 && dim < rank - 2) {
    s = x.structure;
    return;
  }
  s = ZeroOnly(x.structure);
  if (rank < 2) return;
  if (const Structure* whole = PrincipalOf(call, dim, bounds)) {
    s.flags |= whole->flags & (kSymmetric | kHermitian | kPsd | kPd | kUnitDiagonal | kIdentity);
    const int64_t t = bounds.step > 0 ? bounds.step : -bounds.step;
    s.lower = bounds.step > 0 ? whole->lower : whole->upper;
    s.upper = bounds.step > 0 ? whole->upper : whole->lower;
    if (s.lower != kFullBand) s.lower /= t;
    if (s.upper != kFullBand) s.upper /= t;
    return;
  }
  const bool columns = dim == rank - 1;
  if (columns) s.flags |= x.structure.flags & (kFullColumnRank | kOrthonormalColumns);
  if (bounds.step < 0 || !bounds.start.IsStatic()) return;
  const int64_t start = bounds.start.value();
  const int64_t nearer = AddBands(columns ? x.structure.upper : x.structure.lower, -start);
  const int64_t farther = bounds.step > 1
                              ? kFullBand
                              : AddBands(columns ? x.structure.lower : x.structure.upper, start);
  s.lower = columns ? farther : nearer;
  s.upper = columns ? nearer : farther;
  if (start == 0 && bounds.step == 1) s.flags |= x.structure.flags & kUnitDiagonal;
}

constexpr ParamDef kSelectParams[] = {TensorParam("x"), RequiredAttr("dim", ParamKind::kInt),
                                      RequiredAttr("index", ParamKind::kDim)};

absl::Status InferSelect(const OpCall& call, ResultTypes* results) {
  OTIUM_ASSIGN_OR_RETURN(const int dim, DimOf(call));
  const TensorType& x = call.operand(0);
  OTIUM_RETURN_IF_ERROR(ResolveIndex(call.attributes, dim, x.shape[dim]).status());
  Dims dims = DimsOf(x.shape);
  dims.erase(dims.begin() + dim);
  results->push_back(TensorType(x.dtype, ShapeOf(dims)));
  return absl::OkStatus();
}

void SelectStructure(const StructureCall& call, ResultTypes* results) {
  const TensorType& x = call.operand(0);
  const int dim = *NormalizeDim(call.attributes.Get<int64_t>("dim"), x.rank());
  const bool batch = dim < x.rank() - 2;
  (*results)[0].structure = batch ? x.structure : ZeroOnly(x.structure);
}

// ---- index_select, gather

constexpr ParamDef kIndexParams[] = {TensorParam("x"), RequiredAttr("dim", ParamKind::kInt),
                                     OwnTypeParam("index")};

absl::Status RequireIndex(const OpCall& call) {
  if (IsInteger(call.operand(1).dtype)) return absl::OkStatus();
  return InvalidArgument(Describe("index", call.operand(1)), ", it must be i32 or i64");
}

absl::Status InferIndexSelect(const OpCall& call, ResultTypes* results) {
  OTIUM_ASSIGN_OR_RETURN(const int dim, DimOf(call));
  OTIUM_RETURN_IF_ERROR(RequireIndex(call));
  OTIUM_RETURN_IF_ERROR(RequireRank(call, 1, 1));
  PushWithDim(call, dim, call.operand(1).shape[0], results);
  return absl::OkStatus();
}

void IndexSelectStructure(const StructureCall& call, ResultTypes* results) {
  const TensorType& x = call.operand(0);
  const int dim = *NormalizeDim(call.attributes.Get<int64_t>("dim"), x.rank());
  const bool batch = dim < x.rank() - 2;
  (*results)[0].structure = batch ? x.structure : ZeroOnly(x.structure);
}

absl::Status InferGather(const OpCall& call, ResultTypes* results) {
  OTIUM_ASSIGN_OR_RETURN(const int dim, DimOf(call));
  OTIUM_RETURN_IF_ERROR(RequireIndex(call));
  const TensorType& x = call.operand(0);
  const TensorType& index = call.operand(1);
  OTIUM_RETURN_IF_ERROR(RequireRank(call, 1, x.rank()));
  for (int d = 0; d < x.rank(); ++d) {
    const Dim room = x.shape[d] - index.shape[d];
    if (d == dim || !room.IsStatic() || room.value() >= 0) continue;
    return InvalidArgument(Describe("x", x), " and ", Describe("index", index),
                           ": index is larger in dimension ", d);
  }
  results->push_back(TensorType(x.dtype, index.shape));
  return absl::OkStatus();
}

void GatherStructure(const StructureCall& call, ResultTypes* results) {
  (*results)[0].structure = ZeroOnly(call.operand(0).structure);
}

// The code is the index found, or one more when it is not negative.
std::string BadIndex(const OpCall& call, int64_t code, int64_t index) {
  const TensorType& x = call.operand(0);
  const int dim = *NormalizeDim(call.attributes.Get<int64_t>("dim"), x.rank());
  return absl::StrCat("element ", index, " of index is ", code > 0 ? code - 1 : code,
                      ", out of range for dimension ", dim, " of size ", x.shape[dim].ToString());
}

// ---- diagonals and triangles

constexpr ParamDef kDiagParams[] = {TensorParam("x"), IntAttr("diagonal", 0)};
constexpr ParamDef kDiagonalParams[] = {TensorParam("x"), IntAttr("offset", 0), IntAttr("dim1", 0),
                                        IntAttr("dim2", 1)};

// Bands and offsets beyond any size are refused, so that sums cannot overflow.
absl::Status RequireSmallOffset(const OpCall& call, absl::string_view attribute) {
  const int64_t offset = call.attributes.Get<int64_t>(attribute);
  if (offset <= kDimLimit && offset >= -kDimLimit) return absl::OkStatus();
  return InvalidArgument(attribute, " ", offset, " is out of range");
}

absl::Status InferDiag(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireSmallOffset(call, "diagonal"));
  const TensorType& x = call.operand(0);
  const int64_t k = call.attributes.Get<int64_t>("diagonal");
  if (x.rank() == 1) {
    const Dim n = x.shape[0] + (k < 0 ? -k : k);
    results->push_back(TensorType(x.dtype, Shape({n, n})));
    return absl::OkStatus();
  }
  if (x.rank() != 2) {
    return InvalidArgument(Describe("x", x), ", it must have 1 or 2 dimensions");
  }
  Dim length = SmallerDim(x.shape[0] - (k < 0 ? -k : 0), x.shape[1] - (k > 0 ? k : 0));
  if (length.IsStatic()) length = std::max<int64_t>(length.value(), 0);
  results->push_back(TensorType(x.dtype, Shape({length})));
  return absl::OkStatus();
}

void DiagStructure(const StructureCall& call, ResultTypes* results) {
  const Structure& x = call.operand(0).structure;
  const int64_t k = call.attributes.Get<int64_t>("diagonal");
  Structure& s = (*results)[0].structure;
  s = ZeroOnly(x);
  if (call.operand(0).rank() == 1) {
    s.lower = k < 0 ? -k : 0;
    s.upper = k > 0 ? k : 0;
  } else if (k > x.upper || -k > x.lower) {
    s.flags |= kZero;
  }
}

absl::Status InferDiagonal(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireRankAtLeast(call, 0, 2));
  OTIUM_RETURN_IF_ERROR(RequireSmallOffset(call, "offset"));
  const TensorType& x = call.operand(0);
  OTIUM_ASSIGN_OR_RETURN(const DiagonalBounds bounds, ResolveDiagonal(call.attributes, x.shape));
  Dims dims;
  for (int d = 0; d < x.rank(); ++d) {
    if (d != bounds.dim1 && d != bounds.dim2) dims.push_back(x.shape[d]);
  }
  dims.push_back(bounds.length);
  results->push_back(TensorType(x.dtype, ShapeOf(dims)));
  return absl::OkStatus();
}

// A diagonal outside the band is zero.
void DiagonalStructure(const StructureCall& call, ResultTypes* results) {
  const TensorType& x = call.operand(0);
  const int64_t offset = call.attributes.Get<int64_t>("offset");
  const DiagonalBounds bounds = *ResolveDiagonal(call.attributes, x.shape);
  Structure& s = (*results)[0].structure;
  s = ZeroOnly(x.structure);
  const int rank = x.rank();
  int64_t above = offset;
  if (bounds.dim1 == rank - 1 && bounds.dim2 == rank - 2) above = -offset;
  else if (bounds.dim1 != rank - 2 || bounds.dim2 != rank - 1) return;
  if (above > x.structure.upper || -above > x.structure.lower) s.flags |= kZero;
}

absl::Status InferTriangle(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireRankAtLeast(call, 0, 2));
  OTIUM_RETURN_IF_ERROR(RequireSmallOffset(call, "diagonal"));
  results->push_back(TensorType(call.operand(0).dtype, call.operand(0).shape));
  return absl::OkStatus();
}

// tril keeps j - i <= k. When the band lies on that side already it is the
// identity; when all of the band lies on the other, nothing is left.
Structure TrilStructure(const Structure& x, int64_t k) {
  if (x.upper <= k) return x;
  Structure s = x;
  s.upper = std::max<int64_t>(k, 0);
  s.flags &= kZero | (k >= 0 ? uint32_t{kUnitDiagonal} : 0u);
  if (x.lower != kFullBand && -k > x.lower) s.flags |= kZero;
  return s;
}

// triu is tril of the transpose.
void TriangleStructure(const StructureCall& call, ResultTypes* results) {
  const Structure& x = call.operand(0).structure;
  const int64_t k = call.attributes.Get<int64_t>("diagonal");
  Structure& s = (*results)[0].structure;
  if (call.op.id == Op::tril) {
    s = TrilStructure(x, k);
    return;
  }
  Structure mirrored = x;
  std::swap(mirrored.lower, mirrored.upper);
  s = TrilStructure(mirrored, -k);
  std::swap(s.lower, s.upper);
}

constexpr ParamDef kNonzeroParams[] = {TensorParam("x"),
                                       NoneAttr("count", ParamKind::kDim, /*keyword_only=*/true)};

absl::Status InferNonzero(const OpCall& call, ResultTypes* results) {
  const TensorType& x = call.operand(0);
  results->push_back(
      TensorType(DType::kI64, Shape({call.attributes.Get<Dim>("count"), Dim(x.rank())})));
  return absl::OkStatus();
}

}  // namespace

OTIUM_DEFINE_OP(slice) = {
    .doc =
        "x[start:end:step] along dim, as in Python; none is the end of x in the direction of "
        "step, which may be negative.",
    .params = kSliceParams,
    .traits = kViewOp,
    .infer = InferSlice,
    .structure = SliceStructure,
    .flops = NoFlops,
};
OTIUM_DEFINE_OP(select) = {
    .doc = "x[index] along dim, without that dimension; a negative index counts from the end.",
    .params = kSelectParams,
    .traits = kViewOp,
    .infer = InferSelect,
    .structure = SelectStructure,
    .flops = NoFlops,
};
OTIUM_DEFINE_OP(narrow) = {
    .doc = "length elements from start along dim.",
    .params = kNarrowParams,
    .traits = kViewOp,
    .infer = InferSlice,
    .structure = SliceStructure,
    .flops = NoFlops,
};
OTIUM_DEFINE_OP(index_select) = {
    .doc =
        "The elements of x along dim that the vector index lists. Fails when an index is "
        "negative or out of range.",
    .params = kIndexParams,
    .traits = kFallible,
    .infer = InferIndexSelect,
    .structure = IndexSelectStructure,
    .flops = NoFlops,
    .failure = BadIndex,
};
OTIUM_DEFINE_OP(gather) = {
    .doc =
        "x at index along dim and at the element's own position elsewhere: for dim 0, "
        "result[i, j] = x[index[i, j], j]. Fails when an index is out of range.",
    .params = kIndexParams,
    .traits = kFallible,
    .infer = InferGather,
    .structure = GatherStructure,
    .flops = NoFlops,
    .failure = BadIndex,
};
OTIUM_DEFINE_OP(diag) = {
    .doc = "The square matrix with the vector x on a diagonal, or that diagonal of the matrix x.",
    .params = kDiagParams,
    .infer = InferDiag,
    .structure = DiagStructure,
    .flops = NoFlops,
};
OTIUM_DEFINE_OP(diagonal) = {
    .doc =
        "The diagonal of the dimensions dim1 (rows) and dim2 (columns) as a new last dimension; "
        "above the main one when offset is positive.",
    .params = kDiagonalParams,
    .traits = kViewOp,
    .infer = InferDiagonal,
    .structure = DiagonalStructure,
    .flops = NoFlops,
};
OTIUM_DEFINE_OP(tril) = {
    .doc = "x with zeros above the given diagonal of its matrices.",
    .params = kDiagParams,
    .infer = InferTriangle,
    .structure = TriangleStructure,
    .flops = NoFlops,
};
OTIUM_DEFINE_OP(triu) = {
    .doc = "x with zeros below the given diagonal of its matrices.",
    .params = kDiagParams,
    .infer = InferTriangle,
    .structure = TriangleStructure,
    .flops = NoFlops,
};
OTIUM_DEFINE_OP(nonzero) = {
    .doc =
        "The indices of the elements that are not zero, one row each, in row-major order: "
        "i64[count, rank]. The count is known when it runs.",
    .params = kNonzeroParams,
    .traits = kDataDependent,
    .infer = InferNonzero,
    .failure =
        [](const OpCall& call, int64_t, int64_t count) {
          return absl::StrCat(count, " elements of x are not zero, and count says ",
                              call.attributes.Get<Dim>("count").ToString());
        },
    .max_count = [](const OpCall& call) { return call.operand(0).shape.NumElements(); },
};

Expr slice(Arg x, int64_t dim, std::optional<Dim> start, std::optional<Dim> end, int64_t step) {
  std::vector<NamedAttribute> attributes = {{"dim", dim}, {"step", step}};
  if (start.has_value()) attributes.push_back({"start", *std::move(start)});
  if (end.has_value()) attributes.push_back({"end", *std::move(end)});
  return MakeExpr(Op::slice, {x}, std::move(attributes));
}
Expr select(Arg x, int64_t dim, Dim index) {
  return MakeExpr(Op::select, {x}, {{"dim", dim}, {"index", std::move(index)}});
}
Expr narrow(Arg x, int64_t dim, Dim start, Dim length) {
  return MakeExpr(Op::narrow, {x},
                  {{"dim", dim}, {"start", std::move(start)}, {"length", std::move(length)}});
}
Expr index_select(Arg x, int64_t dim, Arg index) {
  return MakeExpr(Op::index_select, {x, index}, {{"dim", dim}});
}
Expr gather(Arg x, int64_t dim, Arg index) {
  return MakeExpr(Op::gather, {x, index}, {{"dim", dim}});
}
Expr diag(Arg x, int64_t diagonal) { return MakeExpr(Op::diag, {x}, {{"diagonal", diagonal}}); }
Expr diagonal(Arg x, int64_t offset, int64_t dim1, int64_t dim2) {
  return MakeExpr(Op::diagonal, {x}, {{"offset", offset}, {"dim1", dim1}, {"dim2", dim2}});
}
Expr tril(Arg x, int64_t diagonal) { return MakeExpr(Op::tril, {x}, {{"diagonal", diagonal}}); }
Expr triu(Arg x, int64_t diagonal) { return MakeExpr(Op::triu, {x}, {{"diagonal", diagonal}}); }
Expr nonzero(Arg x) { return MakeExpr(Op::nonzero, {x}); }

}  // namespace otium
