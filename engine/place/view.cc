// SPDX-License-Identifier: Apache-2.0
#include "engine/place/view.h"

#include <algorithm>
#include <utility>

#include "ops/infer.h"
#include "ops/shape_rules.h"

namespace otium {
namespace {

// Result dimension i is operand dimension p[i]; the operand's others stay at 0.
AffineView Selecting(absl::Span<const int> p, int operand_rank) {
  AffineView view;
  view.start.assign(operand_rank, 0);
  view.coefficients.assign(p.size(), Sizes(operand_rank, 0));
  for (size_t i = 0; i < p.size(); ++i) {
    if (p[i] >= 0) view.coefficients[i][p[i]] = 1;
  }
  return view;
}

// A reshape that only adds and removes dimensions of size 1 is affine.
std::optional<AffineView> OnesReshaped(const Shape& from, const Shape& to) {
  std::vector<int> p(to.rank(), -1);
  int d = 0;
  for (int i = 0; i < to.rank(); ++i) {
    if (to[i].Is(1)) continue;
    while (d < from.rank() && from[d].Is(1)) ++d;
    if (d == from.rank() || !(from[d] == to[i])) return std::nullopt;
    p[i] = d++;
  }
  while (d < from.rank() && from[d].Is(1)) ++d;
  if (d < from.rank()) return std::nullopt;
  return Selecting(p, from.rank());
}

// Along one dimension: start, start + step, ...
AffineView Strided(int rank, int dim, int64_t start, int64_t step) {
  AffineView view = AffineView::Identity(rank);
  view.start[dim] = start;
  view.coefficients[dim][dim] = step;
  return view;
}

AffineView ViewOfDiagonal(const Attributes& attributes, const Shape& x) {
  const DiagonalBounds bounds = *ResolveDiagonal(attributes, x);
  std::vector<int> p;
  for (int d = 0; d < x.rank(); ++d) {
    if (d != bounds.dim1 && d != bounds.dim2) p.push_back(d);
  }
  p.push_back(bounds.dim1);
  AffineView view = Selecting(p, x.rank());
  view.coefficients.back()[bounds.dim2] = 1;
  view.start[bounds.dim1] = bounds.row;
  view.start[bounds.dim2] = bounds.column;
  return view;
}

}  // namespace

AffineView AffineView::Identity(int rank) {
  AffineView view;
  view.start.assign(rank, 0);
  view.coefficients.assign(rank, Sizes(rank, 0));
  for (int d = 0; d < rank; ++d) view.coefficients[d][d] = 1;
  return view;
}

AffineView::Strided AffineView::Apply(absl::Span<const int64_t> operand_strides) const {
  AffineView::Strided result;
  for (size_t k = 0; k < start.size(); ++k) result.offset += start[k] * operand_strides[k];
  for (const Sizes& row : coefficients) {
    int64_t stride = 0;
    for (size_t k = 0; k < row.size(); ++k) stride += row[k] * operand_strides[k];
    result.strides.push_back(stride);
  }
  return result;
}

AffineView AffineView::After(const AffineView& inner) const {
  AffineView result;
  result.start = inner.Map(start);
  for (const Sizes& row : coefficients) {
    Sizes composed(inner.start.size(), 0);
    for (size_t m = 0; m < row.size(); ++m) {
      for (size_t k = 0; k < composed.size(); ++k) composed[k] += row[m] * inner.coefficients[m][k];
    }
    result.coefficients.push_back(std::move(composed));
  }
  return result;
}

Sizes AffineView::Map(absl::Span<const int64_t> index) const {
  Sizes mapped = start;
  for (size_t i = 0; i < index.size(); ++i) {
    for (size_t k = 0; k < mapped.size(); ++k) mapped[k] += index[i] * coefficients[i][k];
  }
  return mapped;
}

std::optional<AffineView> ViewOf(const Graph& graph, NodeId n, int result) {
  const OpDef& op = graph.op(n);
  if (!op.Is(kViewOp)) return std::nullopt;
  const Shape& x = graph.type(graph.operands(n)[0]).shape;
  const Shape& shape = graph.type(graph.result(n, result)).shape;
  const int rank = x.rank();
  const Attributes& attributes = graph.attributes(n);
  auto dim = [&] { return *NormalizeDim(attributes.Get<int64_t>("dim"), rank); };
  switch (op.id) {
    case Op::assume:
    case Op::on: return AffineView::Identity(rank);
    case Op::reshape:
    case Op::flatten:
    case Op::unflatten:
    case Op::squeeze:
    case Op::unsqueeze: return OnesReshaped(x, shape);
    case Op::transpose:
    case Op::permute:
    case Op::movedim: return Selecting(*PermutationOf(op, attributes, rank), rank);
    case Op::expand:
    case Op::broadcast_to: {
      const int added = shape.rank() - rank;
      std::vector<int> p(shape.rank(), -1);
      for (int d = 0; d < rank; ++d) {
        if (x[d] == shape[added + d]) p[added + d] = d;
      }
      return Selecting(p, rank);
    }
    case Op::flip: {
      AffineView view = AffineView::Identity(rank);
      if (rank == 0) return view;
      const std::vector<int> dims = *NormalizeDims(&attributes.Get<Ints>("dims"), rank);
      for (int d : dims) {
        view.start[d] = std::max<int64_t>(x[d].value() - 1, 0);
        view.coefficients[d][d] = -1;
      }
      return view;
    }
    case Op::slice:
    case Op::narrow: {
      const SliceBounds bounds = *ResolveSlice(op, attributes, x[dim()]);
      return Strided(rank, dim(), bounds.start.value(), bounds.step);
    }
    case Op::select: {
      std::vector<int> p;
      for (int d = 0; d < rank; ++d) {
        if (d != dim()) p.push_back(d);
      }
      AffineView view = Selecting(p, rank);
      view.start[dim()] = ResolveIndex(attributes, dim(), x[dim()])->value();
      return view;
    }
    case Op::split: {
      int64_t start = 0;
      for (int i = 0; i < result; ++i) {
        start += graph.type(graph.result(n, i)).shape[dim()].value();
      }
      return Strided(rank, dim(), start, 1);
    }
    case Op::diagonal: return ViewOfDiagonal(attributes, x);
    default: return std::nullopt;
  }
}

// Both shapes are cut into the smallest groups of equal element counts. Within a
// group the old dimensions must lie like one, each stride the size times the
// stride of the next; the new ones are then cut out of that.
std::optional<Sizes> ReshapeStrides(absl::Span<const int64_t> sizes,
                                    absl::Span<const int64_t> strides,
                                    absl::Span<const int64_t> new_sizes) {
  for (int64_t s : new_sizes) {
    if (s == 0) return ContiguousStrides(new_sizes);
  }
  // Dimensions of size 1 have no say in the old strides.
  Sizes old_sizes, old_strides;
  for (size_t d = 0; d < sizes.size(); ++d) {
    if (sizes[d] == 1) continue;
    old_sizes.push_back(sizes[d]);
    old_strides.push_back(strides[d]);
  }
  Sizes result(new_sizes.size(), 1);
  size_t i = 0, j = 0;
  while (i < old_sizes.size()) {
    size_t i_end = i + 1, j_end = j + 1;
    int64_t old_count = old_sizes[i], new_count = new_sizes[j];
    while (old_count != new_count) {
      if (old_count < new_count) {
        old_count *= old_sizes[i_end++];
      } else {
        new_count *= new_sizes[j_end++];
      }
    }
    for (size_t d = i; d + 1 < i_end; ++d) {
      if (old_strides[d] != old_sizes[d + 1] * old_strides[d + 1]) return std::nullopt;
    }
    int64_t stride = old_strides[i_end - 1];
    for (size_t d = j_end; d-- > j;) {
      result[d] = stride;
      stride *= new_sizes[d];
    }
    i = i_end;
    j = j_end;
  }
  return result;
}

}  // namespace otium
