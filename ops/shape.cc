// SPDX-License-Identifier: Apache-2.0
//
// Ops that give a tensor another shape. The structure of matrices survives when
// the last two dimensions do; each rule says when.

#include "ops/shape.h"

#include <algorithm>
#include <utility>

#include "engine/base/status.h"
#include "ops/infer.h"
#include "ops/op.h"
#include "ops/shape_rules.h"

namespace otium {
namespace {

void PushType(const OpCall& call, Shape shape, ResultTypes* results) {
  results->push_back(TensorType(call.operand(0).dtype, std::move(shape)));
}

// Row-major order is kept: equal matrix sizes mean the same matrices in the same
// order, and a scalar is the same scalar.
void ReshapeStructure(const StructureCall& call, ResultTypes* results) {
  const TensorType& x = call.operand(0);
  TensorType& type = (*results)[0];
  const bool same_matrices = x.rank() >= 2 && type.rank() >= 2 &&
                             x.shape.back(1) == type.shape.back(1) &&
                             x.shape.back(2) == type.shape.back(2);
  const bool scalar = x.rank() == 0 && type.rank() == 0;
  type.structure = same_matrices || scalar ? x.structure : ZeroOnly(x.structure);
}

// ---- reshape, flatten, unflatten

constexpr ParamDef kReshapeParams[] = {TensorParam("x"), RequiredAttr("shape", ParamKind::kDims)};

absl::Status InferReshape(const OpCall& call, ResultTypes* results) {
  OTIUM_ASSIGN_OR_RETURN(const Dims dims, ResolveReshape(call.operand(0).shape.dims(),
                                                         call.attributes.Get<Dims>("shape")));
  PushType(call, ShapeOf(dims), results);
  return absl::OkStatus();
}

constexpr ParamDef kFlattenParams[] = {TensorParam("x"), IntAttr("start_dim", 0),
                                       IntAttr("end_dim", -1)};

absl::Status InferFlatten(const OpCall& call, ResultTypes* results) {
  const Shape& x = call.operand(0).shape;
  OTIUM_ASSIGN_OR_RETURN(const int start,
                         NormalizeDim(call.attributes.Get<int64_t>("start_dim"), x.rank()));
  OTIUM_ASSIGN_OR_RETURN(const int end,
                         NormalizeDim(call.attributes.Get<int64_t>("end_dim"), x.rank()));
  if (start > end) {
    return InvalidArgument("start_dim ", start, " comes after end_dim ", end);
  }
  const absl::Span<const Dim> dims = x.dims();
  Dims result;
  if (x.rank() == 0) {
    result.push_back(1);
  } else {
    result.insert(result.end(), dims.begin(), dims.begin() + start);
    result.push_back(NumElements(dims.subspan(start, end - start + 1)));
    result.insert(result.end(), dims.begin() + end + 1, dims.end());
  }
  PushType(call, ShapeOf(result), results);
  return absl::OkStatus();
}

constexpr ParamDef kUnflattenParams[] = {TensorParam("x"), RequiredAttr("dim", ParamKind::kInt),
                                         RequiredAttr("sizes", ParamKind::kDims)};

absl::Status InferUnflatten(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireRankAtLeast(call, 0, 1));
  const Shape& x = call.operand(0).shape;
  OTIUM_ASSIGN_OR_RETURN(const int dim,
                         NormalizeDim(call.attributes.Get<int64_t>("dim"), x.rank()));
  const Dims& sizes = call.attributes.Get<Dims>("sizes");
  if (sizes.empty()) return InvalidArgument("sizes is empty");
  OTIUM_ASSIGN_OR_RETURN(const Dims pieces, ResolveReshape({x[dim]}, sizes));
  Dims result(x.dims().begin(), x.dims().begin() + dim);
  result.insert(result.end(), pieces.begin(), pieces.end());
  result.insert(result.end(), x.dims().begin() + dim + 1, x.dims().end());
  PushType(call, ShapeOf(result), results);
  return absl::OkStatus();
}

// ---- transpose, permute, movedim

constexpr ParamDef kTransposeParams[] = {TensorParam("x"), RequiredAttr("dim0", ParamKind::kInt),
                                         RequiredAttr("dim1", ParamKind::kInt)};
constexpr ParamDef kPermuteParams[] = {TensorParam("x"), RequiredAttr("dims", ParamKind::kInts)};
constexpr ParamDef kMovedimParams[] = {TensorParam("x"), RequiredAttr("source", ParamKind::kInts),
                                       RequiredAttr("destination", ParamKind::kInts)};

absl::Status InferPermutation(const OpCall& call, ResultTypes* results) {
  const Shape& x = call.operand(0).shape;
  OTIUM_ASSIGN_OR_RETURN(const std::vector<int> p,
                         PermutationOf(call.op, call.attributes, x.rank()));
  Dims dims;
  for (int d : p) dims.push_back(x[d]);
  PushType(call, ShapeOf(dims), results);
  return absl::OkStatus();
}

// x.T of a vector is an error that says so; other dimensions out of range name
// the range.
absl::Status InferTranspose(const OpCall& call, ResultTypes* results) {
  if (call.attributes.Get<int64_t>("dim0") == -2 && call.attributes.Get<int64_t>("dim1") == -1) {
    OTIUM_RETURN_IF_ERROR(RequireRankAtLeast(call, 0, 2));
  }
  return InferPermutation(call, results);
}

void PermutationStructure(const StructureCall& call, ResultTypes* results) {
  const TensorType& x = call.operand(0);
  const int rank = x.rank();
  const std::vector<int> p = *PermutationOf(call.op, call.attributes, rank);
  Structure& s = (*results)[0].structure;
  if (rank < 2 || (p[rank - 2] == rank - 2 && p[rank - 1] == rank - 1)) {
    s = x.structure;
  } else if (p[rank - 2] == rank - 1 && p[rank - 1] == rank - 2) {
    s = TransposedStructure(x.structure);
  } else {
    s = ZeroOnly(x.structure);
  }
}

// ---- squeeze, unsqueeze, expand

constexpr ParamDef kSqueezeParams[] = {TensorParam("x"), NoneAttr("dim", ParamKind::kInts)};

absl::Status InferSqueeze(const OpCall& call, ResultTypes* results) {
  const Shape& x = call.operand(0).shape;
  OTIUM_ASSIGN_OR_RETURN(const std::vector<int> keeps, SqueezeKeeps(call.attributes, x));
  Dims dims;
  for (int d : keeps) dims.push_back(x[d]);
  PushType(call, ShapeOf(dims), results);
  return absl::OkStatus();
}

// Here equal matrix sizes are not enough: [5, 1, 5] squeezes to other matrices
// than [1, 5, 5] does.
void SqueezeStructure(const StructureCall& call, ResultTypes* results) {
  const TensorType& x = call.operand(0);
  const std::vector<int> keeps = *SqueezeKeeps(call.attributes, x.shape);
  const size_t k = keeps.size();
  const int rank = x.rank();
  const bool same_matrices =
      rank >= 2 && k >= 2 && keeps[k - 2] == rank - 2 && keeps[k - 1] == rank - 1;
  (*results)[0].structure = same_matrices || rank == 0 ? x.structure : ZeroOnly(x.structure);
}

constexpr ParamDef kUnsqueezeParams[] = {TensorParam("x"), RequiredAttr("dim", ParamKind::kInt)};

absl::Status InferUnsqueeze(const OpCall& call, ResultTypes* results) {
  const Shape& x = call.operand(0).shape;
  OTIUM_ASSIGN_OR_RETURN(const int dim,
                         NormalizeDim(call.attributes.Get<int64_t>("dim"), x.rank() + 1));
  Dims dims = DimsOf(x);
  dims.insert(dims.begin() + dim, Dim(1));
  PushType(call, ShapeOf(dims), results);
  return absl::OkStatus();
}

void UnsqueezeStructure(const StructureCall& call, ResultTypes* results) {
  const TensorType& x = call.operand(0);
  const int dim = *NormalizeDim(call.attributes.Get<int64_t>("dim"), x.rank() + 1);
  const bool same_matrices = x.rank() >= 2 && dim <= x.rank() - 2;
  (*results)[0].structure = same_matrices ? x.structure : ZeroOnly(x.structure);
}

constexpr ParamDef kExpandParams[] = {TensorParam("x"), RequiredAttr("sizes", ParamKind::kDims)};
constexpr ParamDef kBroadcastToParams[] = {TensorParam("x"),
                                           RequiredAttr("size", ParamKind::kDims)};

// `keep`: what in `sizes` keeps the operand's size; 0 for nothing.
absl::Status InferExpansion(const OpCall& call, const Dims& sizes, int64_t keep,
                            ResultTypes* results) {
  const Shape& x = call.operand(0).shape;
  const int added = static_cast<int>(sizes.size()) - x.rank();
  auto refuse = [&] {
    return InvalidArgument(Describe("x", call.operand(0)), ", it does not broadcast to ",
                           ShapeOf(sizes).ToString());
  };
  if (added < 0) return refuse();
  Dims dims = sizes;
  for (int d = 0; d < static_cast<int>(dims.size()); ++d) {
    if (dims[d].IsStatic() && dims[d].value() < 0) {
      if (!dims[d].Is(keep) || d < added) {
        return InvalidArgument("the size ", dims[d].ToString(), " of dimension ", d,
                               " is negative");
      }
      dims[d] = x[d - added];
    } else if (d >= added && !x[d - added].Is(1) && !(x[d - added] == dims[d])) {
      return refuse();
    }
  }
  PushType(call, ShapeOf(dims), results);
  return absl::OkStatus();
}

absl::Status InferExpand(const OpCall& call, ResultTypes* results) {
  return InferExpansion(call, call.attributes.Get<Dims>("sizes"), /*keep=*/-1, results);
}
absl::Status InferBroadcastTo(const OpCall& call, ResultTypes* results) {
  return InferExpansion(call, call.attributes.Get<Dims>("size"), /*keep=*/0, results);
}

// ---- flip, roll

constexpr ParamDef kFlipParams[] = {TensorParam("x"), RequiredAttr("dims", ParamKind::kInts)};

absl::Status InferFlip(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(
      NormalizeDims(&call.attributes.Get<Ints>("dims"), call.operand(0).rank()).status());
  PushType(call, call.operand(0).shape, results);
  return absl::OkStatus();
}

// Both matrix dimensions reversed is J A J with J the exchange matrix: below the
// diagonal becomes above it. One of them only exchanges rows or columns.
void FlipStructure(const StructureCall& call, ResultTypes* results) {
  const TensorType& x = call.operand(0);
  const std::vector<int> dims = *NormalizeDims(&call.attributes.Get<Ints>("dims"), x.rank());
  auto flipped = [&](int d) { return std::find(dims.begin(), dims.end(), d) != dims.end(); };
  Structure& s = (*results)[0].structure;
  s = x.structure;
  if (x.rank() < 2) return;
  const bool rows = flipped(x.rank() - 2), columns = flipped(x.rank() - 1);
  if (rows != columns) s = ExchangedStructure(x.structure);
  if (!rows || !columns) return;
  if (x.shape.back(1) == x.shape.back(2)) {
    std::swap(s.lower, s.upper);
    return;
  }
  // (i, j) comes from (m-1-i, n-1-j): i - j is m - n minus what it was.
  s = ExchangedStructure(x.structure);
  const Dim shift = x.shape.back(2) - x.shape.back(1);
  if (!shift.IsStatic()) return;
  s.lower = AddBands(x.structure.upper, shift.value());
  s.upper = AddBands(x.structure.lower, -shift.value());
}

constexpr ParamDef kRollParams[] = {TensorParam("x"), RequiredAttr("shifts", ParamKind::kInts),
                                    NoneAttr("dims", ParamKind::kInts)};

absl::Status InferRoll(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RollShifts(call.attributes, call.operand(0).rank()).status());
  PushType(call, call.operand(0).shape, results);
  return absl::OkStatus();
}

void RollStructure(const StructureCall& call, ResultTypes* results) {
  const TensorType& x = call.operand(0);
  const std::vector<int64_t> shifts = *RollShifts(call.attributes, x.rank());
  Structure& s = (*results)[0].structure;
  s = ZeroOnly(x.structure);
  if (x.rank() < 2 || shifts.empty()) return;
  const bool moves = shifts[x.rank() - 2] != 0 || shifts[x.rank() - 1] != 0;
  s = moves ? ExchangedStructure(x.structure) : x.structure;
}

}  // namespace

OTIUM_DEFINE_OP(reshape) = {
    .doc =
        "The elements of x in row-major order in another shape; one size may be -1. A view "
        "where the strides allow it.",
    .params = kReshapeParams,
    .traits = kViewOp,
    .infer = InferReshape,
    .structure = ReshapeStructure,
    .flops = NoFlops,
};
OTIUM_DEFINE_OP(flatten) = {
    .doc = "x with the dimensions start_dim to end_dim (inclusive) made one.",
    .params = kFlattenParams,
    .traits = kViewOp,
    .infer = InferFlatten,
    .structure = ReshapeStructure,
    .flops = NoFlops,
};
OTIUM_DEFINE_OP(unflatten) = {
    .doc = "x with the dimension dim made several of the given sizes; one of them may be -1.",
    .params = kUnflattenParams,
    .traits = kViewOp,
    .infer = InferUnflatten,
    .structure = ReshapeStructure,
    .flops = NoFlops,
};
OTIUM_DEFINE_OP(transpose) = {
    .doc = "x with the dimensions dim0 and dim1 exchanged; x.T exchanges the last two.",
    .params = kTransposeParams,
    .traits = kViewOp,
    .infer = InferTranspose,
    .structure = PermutationStructure,
    .flops = NoFlops,
};
OTIUM_DEFINE_OP(permute) = {
    .doc = "x with its dimensions in another order: dimension i of the result is dims[i] of x.",
    .params = kPermuteParams,
    .traits = kViewOp,
    .infer = InferPermutation,
    .structure = PermutationStructure,
    .flops = NoFlops,
};
OTIUM_DEFINE_OP(movedim) = {
    .doc =
        "x with the dimensions source moved to the positions destination; the others keep "
        "their order.",
    .params = kMovedimParams,
    .traits = kViewOp,
    .infer = InferPermutation,
    .structure = PermutationStructure,
    .flops = NoFlops,
};
OTIUM_DEFINE_OP(squeeze) = {
    .doc = "x without its dimensions of size 1, or those of them that dim lists.",
    .params = kSqueezeParams,
    .traits = kViewOp,
    .infer = InferSqueeze,
    .structure = SqueezeStructure,
    .flops = NoFlops,
};
OTIUM_DEFINE_OP(unsqueeze) = {
    .doc = "x with a new dimension of size 1 at position dim.",
    .params = kUnsqueezeParams,
    .traits = kViewOp,
    .infer = InferUnsqueeze,
    .structure = UnsqueezeStructure,
    .flops = NoFlops,
};
OTIUM_DEFINE_OP(expand) = {
    .doc =
        "x with dimensions of size 1 repeated to the given sizes; -1 keeps a size. Nothing is "
        "copied.",
    .params = kExpandParams,
    .traits = kViewOp,
    .infer = InferExpand,
    .structure = ReshapeStructure,
    .flops = NoFlops,
};
OTIUM_DEFINE_OP(broadcast_to) = {
    .doc = "x broadcast to the given shape. Nothing is copied.",
    .params = kBroadcastToParams,
    .traits = kViewOp,
    .infer = InferBroadcastTo,
    .structure = ReshapeStructure,
    .flops = NoFlops,
};
OTIUM_DEFINE_OP(flip) = {
    .doc = "x reversed along each of dims.",
    .params = kFlipParams,
    .traits = kViewOp,
    .infer = InferFlip,
    .structure = FlipStructure,
    .flops = NoFlops,
};
OTIUM_DEFINE_OP(roll) = {
    .doc =
        "x with its elements shifted along each of dims, around the end; of the flattened "
        "tensor when dims is none.",
    .params = kRollParams,
    .infer = InferRoll,
    .structure = RollStructure,
    .flops = NoFlops,
};

Expr reshape(Arg x, Dims shape) {
  return MakeExpr(Op::reshape, {x}, {{"shape", std::move(shape)}});
}
Expr flatten(Arg x, int64_t start_dim, int64_t end_dim) {
  return MakeExpr(Op::flatten, {x}, {{"start_dim", start_dim}, {"end_dim", end_dim}});
}
Expr unflatten(Arg x, int64_t dim, Dims sizes) {
  return MakeExpr(Op::unflatten, {x}, {{"dim", dim}, {"sizes", std::move(sizes)}});
}
Expr transpose(Arg x, int64_t dim0, int64_t dim1) {
  return MakeExpr(Op::transpose, {x}, {{"dim0", dim0}, {"dim1", dim1}});
}
Expr permute(Arg x, Ints dims) { return MakeExpr(Op::permute, {x}, {{"dims", std::move(dims)}}); }
Expr movedim(Arg x, Ints source, Ints destination) {
  return MakeExpr(Op::movedim, {x},
                  {{"source", std::move(source)}, {"destination", std::move(destination)}});
}
Expr squeeze(Arg x, DimsArg dim) {
  std::vector<NamedAttribute> attributes;
  if (dim.has_value()) attributes.push_back({"dim", *std::move(dim)});
  return MakeExpr(Op::squeeze, {x}, std::move(attributes));
}
Expr unsqueeze(Arg x, int64_t dim) { return MakeExpr(Op::unsqueeze, {x}, {{"dim", dim}}); }
Expr expand(Arg x, Dims sizes) { return MakeExpr(Op::expand, {x}, {{"sizes", std::move(sizes)}}); }
Expr broadcast_to(Arg x, Dims size) {
  return MakeExpr(Op::broadcast_to, {x}, {{"size", std::move(size)}});
}
Expr flip(Arg x, Ints dims) { return MakeExpr(Op::flip, {x}, {{"dims", std::move(dims)}}); }
Expr roll(Arg x, Ints shifts, DimsArg dims) {
  std::vector<NamedAttribute> attributes = {{"shifts", std::move(shifts)}};
  if (dims.has_value()) attributes.push_back({"dims", *std::move(dims)});
  return MakeExpr(Op::roll, {x}, std::move(attributes));
}

}  // namespace otium
