// SPDX-License-Identifier: Apache-2.0

#ifndef OTIUM_ENGINE_OPTIMIZE_CONTRACTION_H_
#define OTIUM_ENGINE_OPTIMIZE_CONTRACTION_H_

#include <vector>

#include "absl/types/span.h"
#include "engine/graph/graph_builder.h"

namespace otium {

// A value with a label for each of its dimensions.
struct LabelledValue {
  ValueId value = kNoValue;
  std::vector<int> labels;
};

enum class PairOrder { kLeftToRight, kCheapest };

// The sums of products of `terms` over every label that `result` lacks, with the
// dimensions in the order of `result`: made of diagonal, sum, permute, reshape,
// mul, dot, mv, mm, bmm and, for several batch dimensions, matmul. Sizes of 1 stretch to those of
// the same label. Three and more terms are contracted two by two: from the left, or at each step
// the two whose contraction costs least (sizes must be integers, else from the left). `sizes` are
// those of the labels.
ValueId Contract(std::vector<LabelledValue> terms, absl::Span<const int> result,
                 absl::Span<const Dim> sizes, PairOrder order, GraphBuilder* builder);

// What rewrites that only move dimensions need; each gives `x` itself when there is
// nothing to do. The reshape of a reshape is one of what that reshapes.
ValueId Reshaped(ValueId x, const Dims& shape, GraphBuilder* builder);
ValueId Permuted(ValueId x, absl::Span<const int> dims, GraphBuilder* builder);
ValueId Expanded(ValueId x, const Dims& shape, GraphBuilder* builder);

// Whether merging the leading dimensions of `v` is free, as far as can be seen in
// the graph: not where dimensions were exchanged or expanded just before.
bool MergesFreely(const Graph& graph, ValueId v);

// `value`, with a fact of an older form that the new one does not show assumed.
ValueId WithFacts(ValueId value, const Structure& known, GraphBuilder* builder);

}  // namespace otium

#endif  // OTIUM_ENGINE_OPTIMIZE_CONTRACTION_H_
