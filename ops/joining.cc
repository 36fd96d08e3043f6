// SPDX-License-Identifier: Apache-2.0
//
// Ops that put tensors together and take them apart.

#include "ops/joining.h"

#include <algorithm>
#include <utility>

#include "engine/base/status.h"
#include "ops/infer.h"
#include "ops/op.h"
#include "ops/shape_rules.h"

namespace otium {
namespace {

constexpr ParamDef kJoinParams[] = {TensorsParam("tensors"), IntAttr("dim", 0)};
constexpr ParamDef kBlockDiagParams[] = {TensorsParam("tensors")};

absl::Status RequireSome(const OpCall& call) {
  if (call.num_operands() > 0) return absl::OkStatus();
  return InvalidArgument("needs at least one tensor");
}

absl::Status ShapesDiffer(const OpCall& call, int i, int j) {
  return InvalidArgument(Describe(absl::StrCat("tensors[", i, "]"), call.operand(i)), " and ",
                         Describe(absl::StrCat("tensors[", j, "]"), call.operand(j)));
}

// As in PyTorch, a vector of no elements joins tensors of any rank: what a loop begins
// with.
bool IsNothing(const TensorType& type) { return type.rank() == 1 && type.shape[0].Is(0); }

absl::Status InferCat(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireSome(call));
  int i0 = 0;
  while (i0 + 1 < call.num_operands() && IsNothing(call.operand(i0))) ++i0;
  if (IsNothing(call.operand(i0))) i0 = 0;
  const TensorType& first = call.operand(i0);
  for (int i = 0; i < call.num_operands(); ++i) {
    if (call.operand(i).rank() > 0) continue;
    return InvalidArgument(Describe(absl::StrCat("tensors[", i, "]"), call.operand(i)),
                           ", it must have at least 1 dimension: use stack");
  }
  OTIUM_ASSIGN_OR_RETURN(const int dim,
                         NormalizeDim(call.attributes.Get<int64_t>("dim"), first.rank()));
  Dims dims = DimsOf(first.shape);
  for (int i = i0 + 1; i < call.num_operands(); ++i) {
    if (IsNothing(call.operand(i))) continue;
    const Shape& shape = call.operand(i).shape;
    if (shape.rank() != first.rank()) return ShapesDiffer(call, i0, i);
    for (int d = 0; d < first.rank(); ++d) {
      if (d == dim) dims[d] = dims[d] + shape[d];
      else if (!(dims[d] == shape[d])) return ShapesDiffer(call, i0, i);
    }
  }
  results->push_back(TensorType(first.dtype, ShapeOf(dims)));
  return absl::OkStatus();
}

absl::Status InferStack(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireSome(call));
  const TensorType& first = call.operand(0);
  for (int i = 1; i < call.num_operands(); ++i) {
    if (!(call.operand(i).shape == first.shape)) return ShapesDiffer(call, 0, i);
  }
  OTIUM_ASSIGN_OR_RETURN(const int dim,
                         NormalizeDim(call.attributes.Get<int64_t>("dim"), first.rank() + 1));
  Dims dims = DimsOf(first.shape);
  dims.insert(dims.begin() + dim, Dim(call.num_operands()));
  results->push_back(TensorType(first.dtype, ShapeOf(dims)));
  return absl::OkStatus();
}

// Joining along a batch dimension makes a batch of the same matrices: what all of
// them are. Joining within matrices keeps nothing but zeros.
void JoinStructure(const StructureCall& call, ResultTypes* results) {
  const int rank = (*results)[0].rank();
  const int dim = *NormalizeDim(call.attributes.Get<int64_t>("dim"), rank);
  Structure all = call.operand(0).structure;
  for (int i = 1; i < call.num_operands(); ++i) all = Meet(all, call.operand(i).structure);
  (*results)[0].structure = dim < rank - 2 ? all : ZeroOnly(all);
}

// Rows and columns of a block.
Dim BlockRows(const TensorType& block) { return block.rank() < 2 ? Dim(1) : block.shape[0]; }
Dim BlockColumns(const TensorType& block) {
  return block.rank() == 0 ? Dim(1) : block.shape.back(1);
}

absl::Status InferBlockDiag(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireSome(call));
  Dim rows = 0, columns = 0;
  for (int i = 0; i < call.num_operands(); ++i) {
    const TensorType& block = call.operand(i);
    if (block.rank() > 2) {
      return InvalidArgument(Describe(absl::StrCat("tensors[", i, "]"), block),
                             ", it must have at most 2 dimensions");
    }
    rows = rows + BlockRows(block);
    columns = columns + BlockColumns(block);
  }
  results->push_back(TensorType(call.operand(0).dtype, Shape({rows, columns})));
  return absl::OkStatus();
}

// Element (i, j) of a block that begins at (r, c) lies at (r + i, c + j): its band
// moves by r - c, which is 0 after square blocks.
void BlockDiagStructure(const StructureCall& call, ResultTypes* results) {
  Structure& s = (*results)[0].structure;
  s.lower = s.upper = 0;
  s.flags = kFullColumnRank | kOrthonormalColumns | kZero;
  const uint32_t of_squares = kSymmetric | kHermitian | kPsd | kPd | kNonsingular | kOrthogonal |
                              kUnitDiagonal | kIdentity | kPermutation;
  s.flags |= of_squares;
  Dim offset = 0;  // r - c.
  for (int i = 0; i < call.num_operands(); ++i) {
    const TensorType& block = call.operand(i);
    const Dim rows = BlockRows(block), columns = BlockColumns(block);
    Structure b = block.structure;
    if (block.rank() < 2) b = ZeroOnly(b);
    if (block.rank() == 0) b.flags |= kSymmetric;
    if (block.rank() == 0 && block.structure.Has(kPositive)) b.flags |= kPd | kPsd | kNonsingular;
    s.flags &= b.flags;
    if (!(rows == columns)) s.flags &= ~of_squares;
    // A block of known size has a band that is no wider than it.
    auto band = [&](int64_t known, const Dim& size, const Dim& shift) -> int64_t {
      if (known == kFullBand && size.IsStatic()) known = std::max<int64_t>(size.value() - 1, 0);
      return shift.IsStatic() ? AddBands(known, shift.value()) : kFullBand;
    };
    s.lower = std::max(s.lower, band(b.lower, rows, offset));
    s.upper = std::max(s.upper, band(b.upper, columns, Dim(0) - offset));
    offset = offset + rows - columns;
  }
}

constexpr ParamDef kSplitParams[] = {TensorParam("x"), RequiredAttr("sizes", ParamKind::kDims),
                                     IntAttr("dim", 0)};

absl::Status InferSplit(const OpCall& call, ResultTypes* results) {
  OTIUM_RETURN_IF_ERROR(RequireRankAtLeast(call, 0, 1));
  const TensorType& x = call.operand(0);
  OTIUM_ASSIGN_OR_RETURN(const int dim,
                         NormalizeDim(call.attributes.Get<int64_t>("dim"), x.rank()));
  OTIUM_ASSIGN_OR_RETURN(const Dims sizes, SplitSizes(call.attributes, dim, x.shape[dim]));
  Dims dims = DimsOf(x.shape);
  for (const Dim& size : sizes) {
    dims[dim] = size;
    results->push_back(TensorType(x.dtype, ShapeOf(dims)));
  }
  return absl::OkStatus();
}

void SplitStructure(const StructureCall& call, ResultTypes* results) {
  const TensorType& x = call.operand(0);
  const int dim = *NormalizeDim(call.attributes.Get<int64_t>("dim"), x.rank());
  const bool batch = dim < x.rank() - 2;
  const uint32_t of_columns =
      dim == x.rank() - 1 && x.rank() >= 2 ? kFullColumnRank | kOrthonormalColumns : 0u;
  for (TensorType& piece : *results) {
    piece.structure = batch ? x.structure : ZeroOnly(x.structure);
    if (!batch) piece.structure.flags |= x.structure.flags & of_columns;
  }
}

Expr Join(Op op, absl::Span<const Expr> tensors, std::vector<NamedAttribute> attributes,
          std::source_location location) {
  return MakeExpr(op, Operands(tensors.begin(), tensors.end()), std::move(attributes),
                  SourcePosition::From(location));
}

}  // namespace

OTIUM_DEFINE_OP(cat) = {
    .doc =
        "The tensors one after the other along dim; their other sizes are equal. Vectors of no "
        "elements may stand among tensors of any rank.",
    .params = kJoinParams,
    .promotion = Promotion::kPointwise,
    .infer = InferCat,
    .structure = JoinStructure,
    .flops = NoFlops,
};
OTIUM_DEFINE_OP(stack) = {
    .doc = "The tensors, all of one shape, along a new dimension dim.",
    .params = kJoinParams,
    .promotion = Promotion::kPointwise,
    .infer = InferStack,
    .structure = JoinStructure,
    .flops = NoFlops,
};
OTIUM_DEFINE_OP(block_diag) = {
    .doc = "The matrices along the diagonal of a matrix that is zero elsewhere.",
    .params = kBlockDiagParams,
    .promotion = Promotion::kPointwise,
    .infer = InferBlockDiag,
    .structure = BlockDiagStructure,
    .flops = NoFlops,
};
OTIUM_DEFINE_OP(split) = {
    .doc =
        "Consecutive pieces of x along dim: of the given sizes, or of one size with a smaller "
        "last piece. As many results as pieces.",
    .params = kSplitParams,
    .num_results = 0,
    .traits = kViewOp,
    .infer = InferSplit,
    .structure = SplitStructure,
    .flops = NoFlops,
};

Expr cat(absl::Span<const Expr> tensors, int64_t dim, std::source_location location) {
  return Join(Op::cat, tensors, {{"dim", dim}}, location);
}
Expr stack(absl::Span<const Expr> tensors, int64_t dim, std::source_location location) {
  return Join(Op::stack, tensors, {{"dim", dim}}, location);
}
Expr block_diag(absl::Span<const Expr> tensors, std::source_location location) {
  return Join(Op::block_diag, tensors, {}, location);
}

int64_t Pieces::size() const { return static_cast<int64_t>(first_.node().types().size()); }

Expr Pieces::operator[](int64_t i) const {
  if (first_.node().error() != nullptr) return first_;
  if (i >= 0 && i < size()) return Expr(first_.node_ptr(), static_cast<uint32_t>(i));
  return PoisonedExpr(
      InvalidArgument("split: there are ", size(), " pieces, piece ", i, " is not among them"),
      first_.node().position());
}

Pieces split(Arg x, Dims sizes, int64_t dim) {
  const IntrusivePtr<const Node> node =
      MakeNode(GetOp(Op::split), Operands{x.expr()}, {{"sizes", std::move(sizes)}, {"dim", dim}},
               x.position());
  // A poisoned node has as many results as its op always has: here none.
  if (node->error() != nullptr) return Pieces(PoisonedExpr(*node->error(), x.position()));
  return Pieces(Expr(node, 0));
}

}  // namespace otium
