// SPDX-License-Identifier: Apache-2.0
#include "engine/place/view.h"

#include <utility>

#include "ops/infer.h"

namespace otium {

AffineView AffineView::Identity(int rank) {
  AffineView view;
  view.start.assign(rank, 0);
  view.coefficients.assign(rank, Sizes(rank, 0));
  for (int d = 0; d < rank; ++d) view.coefficients[d][d] = 1;
  return view;
}

AffineView::Strided AffineView::Apply(absl::Span<const int64_t> operand_strides) const {
  Strided result;
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
  result.start = inner.start;
  for (size_t m = 0; m < start.size(); ++m) {
    for (size_t k = 0; k < inner.start.size(); ++k) {
      result.start[k] += start[m] * inner.coefficients[m][k];
    }
  }
  for (const Sizes& row : coefficients) {
    Sizes composed(inner.start.size(), 0);
    for (size_t m = 0; m < row.size(); ++m) {
      for (size_t k = 0; k < composed.size(); ++k) composed[k] += row[m] * inner.coefficients[m][k];
    }
    result.coefficients.push_back(std::move(composed));
  }
  return result;
}

std::optional<AffineView> ViewOf(const Graph& graph, NodeId n, int) {
  const int rank = graph.type(graph.operands(n)[0]).rank();
  const Attributes& attributes = graph.attributes(n);
  AffineView view = AffineView::Identity(rank);
  switch (graph.op(n).id) {
    case Op::assume: return view;
    case Op::transpose: {
      const int a = *NormalizeDim(attributes.Get<int64_t>("dim0"), rank);
      const int b = *NormalizeDim(attributes.Get<int64_t>("dim1"), rank);
      if (a != b) std::swap(view.coefficients[a], view.coefficients[b]);
      return view;
    }
    default: return std::nullopt;
  }
}

std::optional<Sizes> ReshapeStrides(absl::Span<const int64_t> sizes,
                                    absl::Span<const int64_t> strides,
                                    absl::Span<const int64_t> new_sizes) {
  for (int64_t s : new_sizes) {
    if (s == 0) return ContiguousStrides(new_sizes);
  }
  Sizes result(new_sizes.size(), 1);
  // Both are cut into groups of equal element counts; within a group of old
  // dimensions the strides must be those of one dense run.
  size_t i = 0, j = 0;
  while (i < sizes.size() || j < new_sizes.size()) {
    size_t i_end = i, j_end = j;
    int64_t old_count = 1, new_count = 1;
    if (i < sizes.size()) old_count = sizes[i_end++];
    if (j < new_sizes.size()) new_count = new_sizes[j_end++];
    while (old_count != new_count) {
      if (old_count < new_count) {
        old_count *= sizes[i_end++];
      } else {
        new_count *= new_sizes[j_end++];
      }
    }
    int64_t stride = 0;  // Of the innermost old dimension longer than 1.
    int64_t expected = 0;
    for (size_t d = i_end; d-- > i;) {
      if (sizes[d] == 1) continue;
      if (expected != 0 && strides[d] != expected) return std::nullopt;
      if (stride == 0) stride = strides[d];
      expected = strides[d] * sizes[d];
      // An expanded dimension merges with nothing but itself.
      if (strides[d] == 0 && old_count != sizes[d]) return std::nullopt;
    }
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
